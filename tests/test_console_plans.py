"""Pages about dialplans: what is in force and nothing else, for those who may read it."""

import re
import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio

from sipbot import console_wire as wire
from sipbot.console import plan_values
from sipbot.console.parts import HERE
from sipbot.console.plans import Plans
from sipbot.console_plans import BEHIND_MAX, PART_BYTES, clients_told, files_of, files_told
from sipbot.dialplan_picture import _INKS, _KINDS
from sipbot.errors import Mistake
from sipbot.in_force import InForce, Refusal
from sipbot.last_good import APPLIED_FOLDER
from sipbot.lines import LIMIT_BYTES, encode
from tests.console_app import Desk, a_desk
from tests.consoles import CLIENTS, DIALPLANS, IN_FORCE, memo_for
from tests.test_last_good import Site

ACCOUNTS = (
    'name = "boss"\nrole = "admin"\nclients = ["*"]',
    'name = "leader"\nrole = "lead"\nclients = ["yamato"]',
    'name = "veiled"\nrole = "admin"\nclients = ["*"]\nmasked = true',
    'name = "hanako"\nrole = "operator"\nclients = ["*"]',
)
SINCE = datetime(2026, 11, 20, 3, 4, 5, tzinfo=UTC)


@pytest_asyncio.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with a_desk(tmp_path, ACCOUNTS) as desk:
        yield desk


def a_file(name: str = "yamato", **fields: object) -> wire.File:
    file = wire.File(
        name=name,
        since=SINCE,
        sha256="",
        words="The last good form stays in force",
        mistakes=(wire.FileMistake(words=f"{name}.toml:3:1: <b>greeting</b>: is not a phrase."),),
        others=4,
    )
    return msgspec.structs.replace(file, **fields)


def told(desk: Desk, *files: wire.File) -> None:
    desk.parts.hub.learn_files(wire.Behind(first=True, last=True, files=files, untold=0))


async def test_list_has_every_client_with_numbers_and_form(desk: Desk) -> None:
    async with desk.browser("boss") as browser:
        text = (await browser.get("/dialplans")).text
    expected = [one for client in CLIENTS for one in (client.name, client.sha256[:8])]
    assert expected == [one for one in expected if one in text]
    assert "+44 20 7946 01XX" in text


@pytest.mark.parametrize(
    "asked", ["northgate", "NORTH", "0808 157", "08081570123", "+44 808-157-0123", "0207946 0144"]
)
async def test_client_is_found_by_name_or_number(desk: Desk, asked: str) -> None:
    async with desk.browser("boss") as browser:
        page = await browser.http.get("/dialplans", params={"q": asked})
    assert ["northgate"] == re.findall(r'href="/dialplans/([a-z-]+)"', page.text)


async def test_ten_thousand_clients_come_in_pages_that_have_each_once(desk: Desk) -> None:
    many = [
        msgspec.structs.replace(CLIENTS[0], client=f"c-{n:05}", sha256="0") for n in range(10_000)
    ]
    desk.parts.hub.learn(wire.Clients(first=True, last=True, clients=tuple(many)))
    found = list[str]()
    path = "/dialplans?q=c-090"
    async with desk.browser("boss") as browser:
        while path:
            text = (await browser.get(path)).text
            found += re.findall(r'href="/dialplans/(c-[0-9]+)"', text)
            more = re.search(r'class="button" href="(/dialplans\?[^"]+)"', text)
            path = more[1].replace("&amp;", "&") if more else ""
    assert [f"c-{n:05}" for n in range(9_000, 9_100)] == found


async def test_lead_reads_the_own_clients_only(desk: Desk) -> None:
    told(desk, a_file("wakaba-law"), a_file("_defaults"))
    async with desk.browser("leader") as browser:
        page = await browser.get("/dialplans")
        others = [await browser.get(f"/dialplans/{one}") for one in ("wakaba-law", "none")]
    assert "/dialplans/yamato" in page.text
    assert [False, False, False] == [
        one in page.text for one in ("wakaba-law", "northgate", "_defaults")
    ]
    assert [403, 403] == [one.status_code for one in others]


@pytest.mark.parametrize("name", ["veiled", "hanako"])
async def test_masked_accounts_and_operators_read_no_dialplan(desk: Desk, name: str) -> None:
    async with desk.browser(name) as browser:
        pages = [await browser.get(path) for path in ("/dialplans", "/dialplans/yamato")]
        home = await browser.get("/")
    assert [403, 403] == [page.status_code for page in pages]
    assert 'href="/dialplans"' not in home.text


async def test_file_that_is_not_in_force_is_shown_with_its_mistakes_as_text(desk: Desk) -> None:
    told(desk, a_file())
    async with desk.browser("boss") as browser:
        texts = [(await browser.get(path)).text for path in ("/dialplans", "/dialplans/yamato")]
    words = ("yamato.toml:3:1: &lt;b&gt;greeting&lt;/b&gt;: is not a phrase.", "and 4 more")
    assert [True, True, True, True] == [one in text for text in texts for one in words]


@pytest.mark.parametrize(("name", "named"), [("leader", False), ("boss", True)])
async def test_number_of_another_client_is_told_without_it_to_those_who_may_not_read_of_it(
    desk: Desk, tmp_path: Path, name: str, named: bool
) -> None:
    site = Site(tmp_path / "agency")
    site.write("wakaba-law", "0355500001")
    site.begin()
    site.write("yamato", "03555XXXXX", "0355500001")
    (file,) = files_of(site.begin())
    told(desk, file)
    async with desk.browser(name) as browser:
        texts = [(await browser.get(path)).text for path in ("/dialplans", "/dialplans/yamato")]
    clash = f"claimed by {'wakaba-law.toml:4' if named else 'another client&#39;s file'} as well"
    assert [True, True] == [clash in text for text in texts]
    assert [named, named] == [bool(re.search("wakaba|[+]81355500001", text)) for text in texts]
    assert [False, False] == [str(tmp_path) in text for text in texts]


async def test_client_that_was_never_in_force_is_shown_with_its_mistakes_alone(desk: Desk) -> None:
    told(desk, a_file("new-one"))
    async with desk.browser("boss") as browser:
        page = await browser.get("/dialplans/new-one")
        nobody = await browser.get("/dialplans/nobody")
    assert (200, 404) == (page.status_code, nobody.status_code)
    assert "new-one.toml:3:1" in page.text


@pytest.mark.parametrize("client", [one.client for one in CLIENTS])
async def test_page_shows_calendar_hours_script_picture_and_who_is_told(
    desk: Desk, client: str
) -> None:
    async with desk.browser("boss", "ja") as browser:
        page = await browser.get(f"/dialplans/{client}?month=2026-12")
    assert 200 == page.status_code
    expected = ("2026年12月", 'class="calendar"', "<svg", "営業時間", "otherwise", "通話の流れ")
    assert list(expected) == [one for one in expected if one in page.text]
    assert "<style" not in page.text


@pytest.mark.parametrize("month", ["2026-13", "9999-01", "x", "2026-1"])
async def test_month_that_is_none_shows_this_one(desk: Desk, month: str) -> None:
    async with desk.browser("boss") as browser:
        page = await browser.get(f"/dialplans/yamato?month={month}")
    assert "is-today" in page.text


async def test_memo_leads_to_the_dialplan_of_its_client(desk: Desk) -> None:
    memo = await desk.leave(memo_for("yamato"))
    found = []
    for name in ("boss", "hanako"):
        async with desk.browser(name) as browser:
            text = (await browser.get(f"/memos/{memo.id}")).text
            found.append('href="/dialplans/yamato"' in text)
    assert [True, False] == found


def plans_of(folder: Path, var: Path) -> Plans:
    clients = {one.client: one for one in CLIENTS}
    return Plans(folder, var, var / "sipbot.sqlite3", "JP", lambda: clients)


async def test_form_that_is_in_force_is_shown_and_not_the_file_that_was_changed(
    tmp_path: Path,
) -> None:
    folder, kept = tmp_path / "dialplans", tmp_path / "var" / APPLIED_FOLDER
    for one in (folder, kept):
        one.mkdir(parents=True)
    form = (DIALPLANS / "northgate.toml").read_bytes()
    (kept / "northgate.toml").write_bytes(form)
    (folder / "northgate.toml").write_bytes(form.replace(b"Northgate", b"Southgate"))
    shutil.copytree(DIALPLANS / "prompts", folder / "prompts")
    found = await plans_of(folder, tmp_path / "var").one("northgate")
    assert found is not None
    assert "Northgate Support" == found.plan.say_name
    assert found.since is not None


async def test_form_that_is_found_nowhere_is_not_shown(tmp_path: Path) -> None:
    (tmp_path / "northgate.toml").write_bytes(b"client = 'northgate'")
    plans = plans_of(tmp_path, tmp_path / "var")
    assert (None, {}) == (await plans.one("northgate"), await plans.some(["northgate"]))


def test_lists_of_ten_thousand_clients_and_of_wrong_files_come_in_lines_of_bounded_length() -> None:
    mistake = Mistake(
        file=Path("/agency/dialplans/a.toml"), key="k", problem="漢" * 5_000, remedy="r"
    )
    refused = {
        f"c-{n:05}": Refusal(path=mistake.file, mistakes=(mistake,) * 30, since=SINCE)
        for n in range(BEHIND_MAX + 7)
    }
    in_force = InForce(
        folder=DIALPLANS, plans=IN_FORCE.plans, defaults=IN_FORCE.defaults, refused=refused
    )
    clients = [
        msgspec.structs.replace(CLIENTS[0], client=f"c-{n}", numbers=("+81355500000",) * 20)
        for n in range(10_000)
    ]
    lines = [encode(part) for part in (*clients_told(clients), *files_told(in_force))]
    assert max(map(len, lines)) < PART_BYTES + 100_000 < LIMIT_BYTES
    parts = [wire.to_console.decode(line) for line in lines]
    ends = [one for one in parts if one.last]
    assert [10_000, BEHIND_MAX] == [
        sum(len(one.clients) for one in parts if isinstance(one, wire.Clients)),
        sum(len(one.files) for one in parts if isinstance(one, wire.Behind)),
    ]
    assert (2, 7) == (len(ends), ends[1].untold)
    assert "/agency" not in lines[-1].decode()


def test_everything_that_the_picture_paints_has_a_colour_of_the_console() -> None:
    css = (HERE / "static" / "plans.css").read_text(encoding="utf-8")
    classes = {name for where, *_ in _INKS for name in re.findall(r"\.(\w+)", where)} | {*_KINDS}
    assert [] == [one for one in sorted(classes) if f".plan-picture .{one}" not in css]


def test_number_that_a_pattern_stands_for_is_found() -> None:
    client = msgspec.structs.replace(CLIENTS[0], numbers=("+8131234N6XX",))
    asked = ("03-1234-5678", "(03) 1234", "+81 3-1234", "03-1234-1678", "1")
    assert [True, True, True, False, False] == [
        [client] == plan_values.fitting([client], one) for one in asked
    ]


def test_digits_beside_other_words_are_no_number_to_look_for() -> None:
    client = msgspec.structs.replace(CLIENTS[0], numbers=("+81312342472",))
    assert [[], [client]] == [
        plan_values.fitting([client], one) for one in ("clinic 24/7", "24-72")
    ]


@pytest.mark.parametrize(
    ("at", "language", "expected"),
    [
        ("2026-11-20T15:00+00:00", "en", (True, "18:30")),
        ("2026-11-20T19:00+00:00", "en", (False, "21 Nov 22:00")),
        ("2026-11-20T19:00+00:00", "ja", (False, "11月21日 22:00")),
    ],
)
def test_doors_are_told_by_the_clock_of_the_client(
    at: str, language: str, expected: tuple[bool, str]
) -> None:
    northgate = IN_FORCE.plans.of("northgate")
    assert northgate is not None
    now = plan_values.now_of(northgate, datetime.fromisoformat(at), language)
    assert expected == (now.open, now.until)
