"""The files of a simulated agency: its settings and its clients, of three kinds in turn."""

from pathlib import Path

KINDS = ("plain", "menu", "asks")
ZONES = ("Asia/Tokyo", "Asia/Tokyo", "Asia/Tokyo", "Europe/London", "America/New_York")
"""London and New York set their clocks within the time that is simulated, or just after it."""

RING_S = (0, 3, 6, 12)
TRANSFER = "sip:100@desk.example"

_CLIENT = """schema = 1
client = "{client}"
say_name = "{client}"
numbers = ["+8131234{place:04}"]
language = "ja"

[answer]
after_s = {ring_s}
greeting = "builtin:ja/greeting"
after_hours = "builtin:ja/after_hours"
thanks = "builtin:ja/thanks"
start = "{start}"

[hours]
tz = "{tz}"
open = "Mo-Fr 09:00-18:00; Sa 09:00-12:00"
holidays = "JP"

[callers]
block = ["+819099XXXXXX"]

[[category]]
name = "complaint"
words = ["苦情"]

[[category]]
name = "repair"
words = ["修理"]
urgent = true

[[category]]
name = "sales"
words = ["営業"]

[step.take]
do = "record"
then = "rate"

[step.rate]
do = "survey"
kind = "{survey}"
"""

_MENU = """
[step.main]
do = "menu"
prompt = "builtin:ja/welcome"
keys = { 1 = "take", 2 = "person" }
otherwise = "take"

[step.person]
do = "transfer"
to = "TRANSFER"
otherwise = "take"
""".replace("TRANSFER", TRANSFER)

_ASKS = """
[step.name]
do = "ask"
item = "name"
then = "take"
"""

_TARGETS = """
[targets]
within_s = {within_s}
answer_rate = 97
service_level = 90
missed_rate = 15
claim_min = 60
call_back_min = 120
fcr = 80
csat = 3.5
nps = 0
"""


def write_site(folder: Path, clients: int) -> None:
    """Write config.toml and the clients' files below a folder."""
    dialplans = folder / "dialplans"
    dialplans.mkdir(parents=True)
    (folder / "config.toml").write_text('site = "agency"\nregion = "JP"\n', encoding="utf-8")
    for place in range(clients):
        name = f"client-{place + 1:02}"
        (dialplans / f"{name}.toml").write_text(_file(name, place), encoding="utf-8")


def promise_more(folder: Path) -> None:
    """Write into the third client's file what it is promised from now on."""
    file = folder / "dialplans" / "client-03.toml"
    text = file.read_text(encoding="utf-8").replace("within_s = 5\n", "within_s = 7\n")
    text = text.replace("calls_per_month = 60\n", "calls_per_month = 45\n")
    file.write_text(text.replace('over = "180"', 'over = "210"'), encoding="utf-8")


def _file(name: str, place: int) -> str:
    kind = KINDS[place % len(KINDS)]
    text = _CLIENT.format(
        client=name,
        place=place,
        ring_s=RING_S[place % len(RING_S)],
        start={"plain": "take", "menu": "main", "asks": "name"}[kind],
        tz=ZONES[place % len(ZONES)],
        survey="nps" if kind == "asks" else "csat",
    )
    text += {"plain": "", "menu": _MENU, "asks": _ASKS}[kind]
    if place % 4 != 3:
        text += _TARGETS.format(within_s=(20, 10, 5)[place % 3])
    if place % 5 != 4:
        text += f'\n[quota]\ncalls_per_month = {(400, 120, 60)[place % 3]}\nexclude = ["sales"]\n'
        text += '\n[price]\ncurrency = "JPY"\nmonthly = "15000"\nover = "180"\ntax = "10"\n'
    return text
