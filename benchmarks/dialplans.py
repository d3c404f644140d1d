"""Ten thousand clients: the start, a call that finds its client, and a file that changes.

The change is made as an editor makes it, in the folder that a running sipbot watches, and is over
when the next call would meet it; meanwhile it is measured how long the event loop, which leads the
live calls, is kept waiting.

Half of the clients have a wildcard beside their number; every file has hours, closures, a route,
steps, a test and numbers of its own, as the files of a busy agency have.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.figures import Figure, Wanted
from sipbot.caller import WITHHELD
from sipbot.dialplan import Dialplans
from sipbot.in_force import InForce
from sipbot.records import CallOffer, Party
from sipbot.reload import Reload, Start, start
from sipbot.routes import choose

CLIENTS = 10_000
CHOICES = 1_000
RELOADS = 20
TICK_S = 0.01
"""A live call asks for the event loop as often."""

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
says = ["山田です"]
expect = {{ state = "holiday", outcome = "memo" }}
"""


async def dialplans(folder: Path) -> list[Figure]:
    """Measure in `folder`, which is filled with files."""
    for n in range(CLIENTS):
        second = f"0331{n:04}XX" if n % 2 else f"c{n:05}"
        text = _FILE.format(n=n, second=second, hour=n % 9)
        (folder / f"c{n:05}.toml").write_text(text, encoding="utf-8")
    first_s, _ = _started(folder)
    kept_s, found = _started(folder)
    watched = await _watched(folder, found)
    return [
        Figure(
            name=f"first start with {CLIENTS} dialplans: load them, run their tests",
            unit="s",
            samples=(first_s,),
            wanted=LOADED,
        ),
        Figure(
            name=f"start with {CLIENTS} dialplans: load them, compare with the kept forms",
            unit="s",
            samples=(kept_s,),
            wanted=LOADED,
        ),
        Figure(
            name=f"choice of the client and its course among {CLIENTS}",
            unit="ms",
            samples=_choices(found.in_force.plans),
            wanted=CHOSEN,
        ),
        Figure(
            name=f"one dialplan among {CLIENTS}: from rename to the next call",
            unit="ms",
            samples=tuple(watched.reloads_ms),
            wanted=RELOADED,
        ),
        Figure(
            name=f"event loop kept waiting while one dialplan among {CLIENTS} changes",
            unit="ms",
            samples=tuple(watched.waits_ms),
        ),
    ]


def _started(folder: Path) -> tuple[float, Start]:
    began = time.monotonic()
    found = start(folder, "JP", folder / "var")
    took_s = round(time.monotonic() - began, 2)
    assert found.in_force.refused == {}, next(iter(found.in_force.refused.values()))
    found.kept.keep({name: text for name, text in found.in_force.unkept.items() if text})
    return took_s, found


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


@dataclass
class _Watched:
    """A sipbot's eyes on the folder, and what came of it."""

    now: InForce
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    reloads_ms: list[float] = field(default_factory=list)
    waits_ms: list[float] = field(default_factory=list)

    # Event loop, from the reload.
    def put(self, in_force: InForce) -> None:
        self.now = in_force
        self.changed.set()

    async def publish(self, _: Mapping[str, str]) -> None:
        """Nobody listens."""

    async def tick(self) -> None:
        """Ask for the event loop again and again, and note how late it came."""
        while True:
            wanted = time.monotonic() + TICK_S
            await asyncio.sleep(TICK_S)
            self.waits_ms.append(round(1000 * (time.monotonic() - wanted), 2))


async def _watched(folder: Path, found: Start) -> _Watched:
    """Change one file after the other by renaming, and wait for the plan that calls would get."""
    watched = _Watched(found.in_force)
    reload = Reload(found, put=watched.put, publish=watched.publish, trouble=_trouble)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(reload.run())
        await asyncio.sleep(1)  # the forms of the start are being compared with the kept ones
        ticking = group.create_task(watched.tick())
        for n in range(RELOADS):
            path = folder / f"c{n:05}.toml"
            beside = folder / f".{path.name}"
            beside.write_text(path.read_text("utf-8") + f"# {n}\n", encoding="utf-8")
            before, began = watched.now.plans.find(f"0801{n:07}"), time.monotonic()
            beside.replace(path)
            while watched.now.plans.find(f"0801{n:07}") is before:
                await watched.changed.wait()
                watched.changed.clear()
            watched.reloads_ms.append(round(1000 * (time.monotonic() - began), 1))
        running.cancel()
        ticking.cancel()
    return watched


def _trouble(alert: str, problem: str | None, _: str) -> None:
    assert problem is None, f"{alert}: {problem}"
