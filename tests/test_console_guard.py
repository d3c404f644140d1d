"""The console's gate and door: who gets in, how often, from where."""

import asyncio
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st

from sipbot import console_wire as wire
from sipbot.accounts import Account, Accounts
from sipbot.console.doors import GUESSES, GUESSES_OF_NAME, Closed, Doors
from sipbot.console.gate import BODY_MAX_BYTES, BURST, PER_S, Gate
from sipbot.console.limits import KEYS_MAX, Buckets, Locks
from sipbot.console.places import address_of, hosts, neighbourhood_of, origins, safe_next
from sipbot.console.sessions import IDLE_S, LONGEST_S, OF_ONE_MAX, Sessions
from sipbot.console.web import AWAY, guarded
from tests.console_app import URL, a_desk
from tests.consoles import memo_for

HANAKO = Account(name="hanako", role="operator", clients=("yamato",))
ACCOUNTS = Accounts([HANAKO], passwords={"hanako": "hash"})
OTHER_PASSWORD = Accounts([HANAKO], passwords={"hanako": "another"})


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now_s = 1_000_000.0

    def __call__(self) -> float:
        return self.now_s


# -- how often ------------------------------------------------------------------------------------


def test_burst_is_free_and_then_one_waits_for_the_next() -> None:
    buckets = Buckets(per_s=2, burst=3)
    assert [0, 0, 0, 0.5, 0] == [buckets.take("a", at) for at in (0.0, 0.0, 0.0, 0.0, 0.5)]


def test_one_who_asks_too_often_stops_nobody_else() -> None:
    buckets = Buckets(per_s=1, burst=1)
    assert [0, 1, 0] == [buckets.take(key, 0.0) for key in "aab"]


def test_strangers_do_not_fill_the_memory() -> None:
    buckets, locks = Buckets(1, 1), Locks(1, 1, 1)
    for number in range(KEYS_MAX + 10):
        buckets.take(str(number), 0.0)
        locks.failed(str(number), 0.0)
    assert (KEYS_MAX, KEYS_MAX) == (len(buckets._left), len(locks._failed))


def test_lock_doubles_with_each_failure_up_to_its_longest() -> None:
    locks, waits = Locks(after=2, first_s=60, longest_s=200), list[float]()
    for _ in range(5):
        locks.failed("a", 0.0)
        waits.append(locks.wait_s("a", 0.0))
    assert [0, 60, 120, 200, 200] == waits


def test_failures_long_ago_are_forgotten() -> None:
    locks = Locks(after=2, first_s=60, longest_s=200)
    locks.failed("a", 0.0)
    locks.failed("a", 500.0)
    assert 0 == locks.wait_s("a", 500.0)


# -- where ----------------------------------------------------------------------------------------


def settings(**changes: object) -> wire.ConsoleSettings:
    usual: dict[str, object] = dict.fromkeys(
        ("site", "region", "ledger", "var", "spool", "dialplans", "accounts", "url"), ""
    )
    return wire.ConsoleSettings(**{**usual, "address": "127.0.0.1", "port": 8470, **changes})  # type: ignore[arg-type]  # by name


def test_origin_is_the_public_address_alone_where_there_is_one() -> None:
    one = settings(url="https://Console.Example:443")
    assert {"https://console.example"} == origins(one)
    assert {"console.example", "127.0.0.1:8470", "localhost:8470", "[::1]:8470"} == hosts(one)


def test_host_with_ipv6_is_known_as_browsers_write_it() -> None:
    assert {"[2001:db8::5]:8470"} == hosts(settings(address="2001:DB8:0:0::5"))


def test_console_on_every_address_is_reached_at_its_own_url_and_on_this_machine() -> None:
    one = settings(address="::", url="http://console.example:8470")
    assert {"console.example:8470", "127.0.0.1:8470", "[::1]:8470"} <= hosts(one)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:0:1:aaaa:bbbb:cccc:dddd", "2001:db8:0:1::/64"),
        ("2001:db8:0:1::7", "2001:db8:0:1::/64"),
        ("2001:db8:0:2::7", "2001:db8:0:2::/64"),
        ("somebody", "somebody"),
    ],
)
def test_limits_count_for_a_subscriber(address: str, expected: str) -> None:
    assert expected == neighbourhood_of(address)


@pytest.mark.parametrize(
    "path", ["//evil.example", "/\\evil.example", "https://evil.example", "", "/a\n", "/a\\b"]
)
def test_login_leads_to_no_other_site(path: str) -> None:
    assert "/" == safe_next(path)


def test_login_leads_back_to_where_one_was() -> None:
    assert "/memos/1?view=mine" == safe_next("/memos/1?view=mine")


def test_address_is_the_first_that_no_proxy_of_ours_has() -> None:
    heard = ["6.6.6.6, 203.0.113.7", "10.0.0.2"]
    assert "203.0.113.7" == address_of("10.0.0.1", heard, ["10.0.0.0/8"])


def test_address_that_a_stranger_claims_to_speak_for_is_not_believed() -> None:
    assert "203.0.113.9" == address_of("203.0.113.9", ["127.0.0.1"], ["10.0.0.0/8"])


@given(st.lists(st.text(max_size=40), max_size=4))
def test_address_is_one_whatever_a_header_says(heard: list[str]) -> None:
    assert address_of("127.0.0.1", heard, ["127.0.0.0/8"]).strip()


# -- sessions -------------------------------------------------------------------------------------


def test_session_survives_a_restart(tmp_path: Path) -> None:
    clock, path = Clock(), tmp_path / "sessions.json"
    token = Sessions(path, clock).begin(HANAKO, ACCOUNTS)
    assert HANAKO == Sessions(path, clock).find(token, ACCOUNTS)


def test_file_of_sessions_lets_nobody_in_and_is_nobody_elses(tmp_path: Path) -> None:
    path = tmp_path / "sessions.json"
    token = Sessions(path, Clock()).begin(HANAKO, ACCOUNTS)
    assert token not in path.read_text()
    assert 0o600 == stat.S_IMODE(path.stat().st_mode)


def test_damaged_file_of_sessions_is_as_if_there_were_none(tmp_path: Path) -> None:
    path = tmp_path / "sessions.json"
    path.write_text('{"sessions": 5')
    assert Sessions(path, Clock()).find("x", ACCOUNTS) is None


def test_session_ends_without_use(tmp_path: Path) -> None:
    clock = Clock()
    sessions = Sessions(tmp_path / "s.json", clock)
    token = sessions.begin(HANAKO, ACCOUNTS)
    clock.now_s += IDLE_S
    assert sessions.find(token, ACCOUNTS) is None


def test_session_ends_after_its_longest_time_though_it_is_used(tmp_path: Path) -> None:
    clock = Clock()
    sessions = Sessions(tmp_path / "s.json", clock)
    token, hours = sessions.begin(HANAKO, ACCOUNTS), int(LONGEST_S // 3600)
    found = []
    for _ in range(hours):
        clock.now_s += 3600
        found.append(sessions.find(token, ACCOUNTS) is not None)
    assert [True] * (hours - 1) + [False] == found


def test_session_ends_when_the_password_changes(tmp_path: Path) -> None:
    sessions = Sessions(tmp_path / "s.json", Clock())
    token = sessions.begin(HANAKO, ACCOUNTS)
    assert sessions.find(token, OTHER_PASSWORD) is None
    assert sessions.find(token, ACCOUNTS) is None


def test_one_account_has_so_many_sessions_and_the_oldest_goes(tmp_path: Path) -> None:
    clock = Clock()
    sessions, tokens = Sessions(tmp_path / "s.json", clock), list[str]()
    for _ in range(OF_ONE_MAX + 1):
        clock.now_s += 1
        tokens.append(sessions.begin(HANAKO, ACCOUNTS))
    assert [False] + [True] * OF_ONE_MAX == [
        sessions.find(token, ACCOUNTS) is not None for token in tokens
    ]


# -- the door -------------------------------------------------------------------------------------


def doors(clock: Clock) -> Doors:
    return Doors(lambda known, typed: known == "hash" and typed == "right", "dummy", clock)


async def test_door_closes_after_wrong_passwords_also_for_the_right_one() -> None:
    door = doors(Clock())
    for _ in range(GUESSES):
        assert await door.knock(ACCOUNTS, "hanako", "wrong", "a") is None
    assert Closed(60.0, locked=True) == await door.knock(ACCOUNTS, "hanako", "right", "a")


async def test_name_that_nobody_has_closes_in_the_same_way() -> None:
    door = doors(Clock())
    answers = [await door.knock(ACCOUNTS, "nobody", "wrong", "a") for _ in range(GUESSES + 1)]
    assert [None] * GUESSES + [Closed(60.0, locked=True)] == answers


async def test_guesses_at_the_same_time_are_no_more_than_one_after_the_other() -> None:
    door = doors(Clock())
    answers = await asyncio.gather(
        *(door.knock(ACCOUNTS, "hanako", "wrong", "a") for _ in range(GUESSES + 7))
    )
    assert GUESSES == answers.count(None)


async def test_stranger_elsewhere_closes_ones_door_only_with_many_guesses() -> None:
    door = doors(Clock())
    for number in range(GUESSES_OF_NAME - 1):
        await door.knock(ACCOUNTS, "hanako", "wrong", f"198.51.100.{number}")
    assert HANAKO == await door.knock(ACCOUNTS, "hanako", "right", "a")


async def test_new_address_of_the_same_network_opens_no_door() -> None:
    door, answers = doors(Clock()), list[object]()
    for number in range(GUESSES + 1):
        answers.append(await door.knock(ACCOUNTS, "hanako", "wrong", f"2001:db8::{number:x}"))
    assert [None] * GUESSES + [Closed(60.0, locked=True)] == answers


async def test_door_opens_again_after_a_while() -> None:
    clock = Clock()
    door = doors(clock)
    for _ in range(GUESSES):
        await door.knock(ACCOUNTS, "hanako", "wrong", "a")
    clock.now_s += 60
    assert HANAKO == await door.knock(ACCOUNTS, "hanako", "right", "a")


# -- the gate -------------------------------------------------------------------------------------


@pytest.mark.parametrize("told", [True, False], ids=["told", "streamed"])
async def test_body_that_is_too_long_is_refused(tmp_path: Path, told: bool) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(BODY_MAX_BYTES // 1000 + 1):
            yield b"x" * 1000

    async with a_desk(tmp_path, [HANAKO_TABLE]) as desk, client(guarded(desk.parts)) as http:
        body = b"x" * (BODY_MAX_BYTES + 1) if told else pieces()
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = await http.post("/login", content=body, headers=form)
    assert 413 == answer.status_code


def test_fifty_operators_with_two_pages_each_load_at_once_behind_one_address() -> None:
    buckets = Buckets(PER_S, BURST)
    assert {0.0} == {buckets.take("office", 0.0) for _ in range(50 * 2 * 5)}


async def test_too_many_requests_are_told_when_to_come_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sipbot.console.gate.BURST", 20.0)
    async with a_desk(tmp_path, [HANAKO_TABLE]) as desk:
        gate = Gate(guarded(desk.parts), desk.parts.settings, lambda: 0.0)
        async with client(gate) as http:
            answers = [await http.get("/none") for _ in range(21)]
    assert {404, 429} == {one.status_code for one in answers}
    assert "1" == answers[-1].headers["retry-after"]


async def test_new_address_of_the_same_network_is_no_new_patience(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sipbot.console.gate.BURST", 20.0)
    async with a_desk(tmp_path, [HANAKO_TABLE]) as desk:
        gate = Gate(guarded(desk.parts), desk.parts.settings, lambda: 0.0)
        codes = set[int]()
        for number in range(21):
            async with client(gate, f"2001:db8::{number:x}") as http:
                codes.add((await http.get("/none")).status_code)
    assert {404, 429} == codes


async def test_fault_of_ours_is_logged_without_its_words(
    capsys: pytest.CaptureFixture[str],
) -> None:
    web = FastAPI()

    @web.get("/fault")
    def fault() -> None:
        raise ValueError("what a caller said")

    gate = Gate(web, settings())
    transport = httpx.ASGITransport(gate, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=URL) as http:
        answer = await http.get("/fault")
    logged = "".join(capsys.readouterr())
    assert 500 == answer.status_code
    assert "ValueError in test_console_guard.py, fault" in logged
    assert "what a caller said" not in logged + answer.text


async def test_name_of_a_trusted_proxy_lets_in_and_others_do_not(tmp_path: Path) -> None:
    async with a_desk(tmp_path, [HANAKO_TABLE]) as desk:
        object.__setattr__(desk.parts, "settings", _by_proxy(desk.parts.settings))
        codes = []
        for peer, name in (("10.0.0.1", "hanako"), ("10.0.0.1", "no"), ("9.9.9.9", "hanako")):
            async with client(guarded(desk.parts), peer) as http:
                await http.get("/login", headers={"X-User": name})
                answer = await http.get("/api/session", headers={"X-User": name})
                codes.append(answer.status_code)
    assert [200, 401, 401] == codes


async def test_session_of_one_whom_the_proxy_no_longer_names_is_over(tmp_path: Path) -> None:
    async with a_desk(tmp_path, [HANAKO_TABLE]) as desk:
        object.__setattr__(desk.parts, "settings", _by_proxy(desk.parts.settings))
        async with client(guarded(desk.parts), "10.0.0.1") as http:
            await http.get("/login", headers={"X-User": "hanako"})
            answer = await http.get("/api/session")
    assert 401 == answer.status_code


async def test_what_an_account_may_not_do_is_written_down_and_not_for_ever(tmp_path: Path) -> None:
    async with a_desk(tmp_path, [HANAKO_TABLE]) as desk, desk.browser("hanako") as browser:
        object.__setattr__(desk.parts, "refusals", Buckets(per_s=1e-9, burst=2))
        codes = {(await browser.get("/system")).status_code for _ in range(5)}
        written = [(one.action, one.account, one.detail) for one in desk.main.audit]
    assert {403} == codes
    assert [("refused", "hanako", "GET /system")] * 2 == written


async def test_refused_command_is_written_down_with_its_memo(tmp_path: Path) -> None:
    viewer, memo = HANAKO_TABLE.replace("operator", "viewer"), memo_for("yamato")
    async with a_desk(tmp_path, [viewer], [memo]) as desk, desk.browser("hanako") as browser:
        await browser.post(f"/memos/{memo.id}/claim")
        headers = {"X-CSRF-Token": browser.csrf}
        await browser.http.post(f"/api/memos/{memo.id}/claim", json={}, headers=headers)
        written = [(one.action, one.memo, one.detail) for one in desk.main.audit]
    pages = ("POST /memos/{identifier}/{verb}", "POST /api/memos/{memo}/{verb}")
    assert [("refused", memo.id, page) for page in pages] == written


@pytest.mark.parametrize("path", ["/", "/api/memos"])
async def test_trouble_of_the_ledger_is_told_without_paths_of_the_server(
    tmp_path: Path, path: str
) -> None:
    async with a_desk(tmp_path, [HANAKO_TABLE]) as desk, desk.browser("hanako") as browser:
        ledger = tmp_path / "sipbot.sqlite3"
        sound = ledger.read_bytes()
        ledger.write_bytes(b"?" * len(sound))
        answer = await browser.get(path)
        ledger.write_bytes(sound)
    assert (503, True) == (answer.status_code, AWAY in answer.text)
    assert str(tmp_path) not in answer.text


HANAKO_TABLE = 'name = "hanako"\nrole = "operator"\nclients = ["yamato"]'


def _by_proxy(one: wire.ConsoleSettings) -> wire.ConsoleSettings:
    return settings(accounts=one.accounts, proxy_user_header="X-User", proxy_from=("10.0.0.0/8",))


def client(gate: Gate, peer: str = "127.0.0.1") -> httpx.AsyncClient:
    transport = httpx.ASGITransport(gate, client=(peer, 40_000))
    return httpx.AsyncClient(transport=transport, base_url=URL, headers={"Origin": URL})
