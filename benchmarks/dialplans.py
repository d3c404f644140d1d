"""Ten thousand clients: how long their files take to load, and a call to find its client.

Half of the clients have a wildcard beside their number; every file has hours, closures, a route,
steps, a test and numbers of its own, as the files of a busy agency have.
"""

import time
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.figures import Figure, Wanted
from sipbot.caller import WITHHELD
from sipbot.dialplan import Dialplans, claimed_twice, load_all, load_file
from sipbot.records import CallOffer, Party
from sipbot.routes import choose

CLIENTS = 10_000
CHOICES = 1_000
RELOADS = 20

LOADED = Wanted(statistic="maximum", at_most=10.0)
CHOSEN = Wanted(statistic="p99", at_most=1.0)
RELOADED = Wanted(statistic="p99", at_most=1000.0)

_NOW = datetime(2026, 9, 22, 1, 0, tzinfo=UTC)
_FILE = """schema = 1
client = "c{n:05}"
say_name = "佐藤法律事務所 {n}"
numbers = ["+81801{n:07}", "{second}"]
language = "ja"

[answer]
greeting = "builtin:ja/greeting"
thanks = "builtin:ja/thanks"
start = "main"

[hours]
open = "Mo-Fr 09:00-12:00,13:00-18:00; Sa 09:00-1{hour}:00"
[[closure]]
name = "nenmatsu"
[[day]]
on = 2026-12-28
open = "09:00-15:00"

[callers]
block = ["+81312340000", "0120XXXXXX"]
known = ["+81901{n:07}"]

[[route]]
name = "night"
hours = ["closed", "holiday"]
caller = ["known"]
step = "wish"
urgent = true

[step.main]
do = "say"
prompt = "builtin:ja/greeting"
then = "wish"
[step.wish]
do = "ask"
item = "wish"
prompt = "builtin:ja/thanks"
no_input = "builtin:ja/thanks"

[quota]
calls_per_month = 300

[[test]]
at = 2026-09-22T10:00:00
from = "09012345678"
expect = {{ outcome = "memo" }}
"""


def dialplans(folder: Path) -> list[Figure]:
    """Measure in `folder`, which is filled with files."""
    for n in range(CLIENTS):
        second = f"0331{n:04}XX" if n % 2 else f"c{n:05}"
        text = _FILE.format(n=n, second=second, hour=n % 9)
        (folder / f"c{n:05}.toml").write_text(text, encoding="utf-8")
    began = time.monotonic()
    plans = load_all(folder, "JP")
    loaded_s = time.monotonic() - began
    return [
        Figure(
            name=f"load {CLIENTS} dialplans",
            unit="s",
            samples=(round(loaded_s, 2),),
            wanted=LOADED,
        ),
        Figure(
            name=f"choice of the client and its course among {CLIENTS}",
            unit="ms",
            samples=_choices(plans),
            wanted=CHOSEN,
        ),
        Figure(
            name=f"reload of one dialplan among {CLIENTS}",
            unit="ms",
            samples=_reloads(folder, plans),
            wanted=RELOADED,
        ),
    ]


def _choices(plans: Dialplans) -> tuple[float, ...]:
    samples = []
    for n in range(0, CLIENTS, CLIENTS // CHOICES):
        dialled = f"0331{n + 1:04}55" if n % 20 == 0 else f"0801{n:07}"
        offer = CallOffer(
            call="c",
            received_at=_NOW,
            source="127.0.0.1:5060",
            sip_call_id="i",
            request_uri=f"sip:{dialled}@127.0.0.1",
            to=Party(uri=f"sip:{dialled}@127.0.0.1"),
            from_=Party(uri="sip:anonymous@anonymous.invalid"),
        )
        began = time.monotonic()
        choice = plans.choose(offer)
        if choice.dialplan is not None:
            choose(choice.dialplan, WITHHELD, choice.number, _NOW, "JP")
        samples.append(round(1000 * (time.monotonic() - began), 3))
    return tuple(samples)


def _reloads(folder: Path, plans: Dialplans) -> tuple[float, ...]:
    """Read one file, compare its numbers with everybody's, and build the choice anew."""
    samples = []
    for plan in plans.all[:RELOADS]:
        began = time.monotonic()
        fresh = load_file(folder / plan.path.name, "JP")
        others = tuple(each for each in plans.all if each.client != fresh.client)
        assert claimed_twice((*others, fresh)) == []
        Dialplans((*others, fresh), "JP")
        samples.append(round(1000 * (time.monotonic() - began), 1))
    return tuple(samples)
