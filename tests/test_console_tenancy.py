"""Nobody sees another client's memos: whatever is asked for, by whatever trick.

Each attempt goes through the whole application, gate included, against a real ledger.  An answer
that holds one word of a foreign memo, or one sample of its recording, fails.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
import msgspec
import pytest

from sipbot import console_wire as wire
from sipbot.client_card import ClientCard
from sipbot.command import VERBS
from sipbot.console.cards import VIEWS
from sipbot.console.gate import Gate
from sipbot.console.sessions import csrf_of
from sipbot.console.web import build
from sipbot.console_plans import files_of
from sipbot.memo import Memo
from sipbot.memo_answers import Callback
from sipbot.status import Alerts, AlertStatus, DialplanStatus, Status
from sipbot.topics import LivePayload
from tests.console_app import URL, Desk, a_desk
from tests.console_news import heard_of, news
from tests.consoles import a_status, memo_for, said
from tests.test_last_good import Site

FOREIGN_WORD, OWN_WORD = "xerxes-of-wakaba", "daisy-of-yamato"
FOREIGN_NUMBER = "+81399990001"
FOREIGN_CARD, OWN_CARD = "knows-of-wakaba", "knows-of-yamato"

ACCOUNTS = (
    'name = "hanako"\nrole = "operator"\nclients = ["yamato"]',
    'name = "masako"\nrole = "viewer"\nclients = ["yamato"]\nmasked = true',
    'name = "ichiro"\nrole = "operator"\nclients = ["wakaba-law"]',
    'name = "boss"\nrole = "admin"\nclients = []',
    'name = "leader"\nrole = "lead"\nclients = ["yamato"]',
)


def theirs() -> Memo:
    memo = memo_for(
        "wakaba-law",
        answers={"name": FOREIGN_WORD},
        category=FOREIGN_WORD,
        callback=Callback(number=FOREIGN_NUMBER, shown=FOREIGN_WORD),
    )
    return said(memo, [FOREIGN_WORD, "calls"], apart=" ")


def ours() -> Memo:
    return said(memo_for("yamato"), [OWN_WORD, "calls"], apart=" ")


@dataclass(frozen=True)
class Try:
    """One attempt."""

    path: str
    method: str = "GET"
    headers: dict[str, str] = field(default_factory=dict)
    cookie: str | None = None
    """None: of the one who may see something."""
    form: dict[str, str] | None = None
    json: dict[str, object] | None = None


@dataclass(frozen=True)
class House:
    """A console with memos of two clients."""

    desk: Desk
    foreign: Memo
    own: Memo
    tokens: dict[str, str]

    async def ask(self, one: Try) -> httpx.Response:
        # A clock that leaps: how often one may ask is another test's matter.
        clock = iter(range(0, 10**9, 10))
        gate = Gate(build(self.desk.parts), self.desk.parts.settings, lambda: float(next(clock)))
        token = self.tokens["hanako"] if one.cookie is None else one.cookie
        headers = {"Origin": URL, **one.headers}
        if token:
            headers["Cookie"] = f"sipbot={token}"
        transport = httpx.ASGITransport(gate, client=("127.0.0.1", 40_000))
        async with httpx.AsyncClient(transport=transport, base_url=URL) as client:
            request = client.build_request(
                one.method, URL, headers=headers, data=one.form, json=one.json
            )
            # As written: httpx would tidy up the dots of a path.
            path, _, query = one.path.partition("?")
            request.url = request.url.copy_with(raw_path=f"{path}?{query}".rstrip("?").encode())
            return await client.send(request)


@asynccontextmanager
async def a_house(folder: Path) -> AsyncIterator[House]:
    foreign, own = theirs(), ours()
    async with a_desk(folder, ACCOUNTS, [foreign, own]) as desk:
        recording(desk, foreign).write_bytes(
            recording(desk, foreign).read_bytes() + FOREIGN_WORD.encode()
        )
        for client, about in (("wakaba-law", FOREIGN_CARD), ("yamato", OWN_CARD)):
            desk.main.cards[client] = ClientCard(language="ja", about=about)
        accounts = desk.parts.accounts.now()
        hub = desk.parts.hub
        for client, word in (("wakaba-law", FOREIGN_WORD), ("yamato", OWN_WORD)):
            hub.tell(said_now(client, word))
        hub.tell(wire.Site(status=msgspec.Raw(msgspec.json.encode(await a_foreign_trouble()))))
        files = (a_foreign_file(), *clashing(folder / "agency"))
        hub.learn_files(wire.Behind(first=True, last=True, files=files, untold=0))
        tokens = {one.name: desk.parts.sessions.begin(one, accounts) for one in accounts}
        old = desk.parts.sessions.begin(next(iter(accounts)), accounts)
        desk.parts.sessions.end(old)
        yield House(desk=desk, foreign=foreign, own=own, tokens={**tokens, "old": old})


def said_now(client: str, words: str) -> wire.Live:
    """Return that somebody says this on the line of a client."""
    at = datetime.now(UTC)
    caller = FOREIGN_NUMBER if client == "wakaba-law" else None
    payload = LivePayload(type="partial", ts=at, text=words, caller=caller)
    return wire.Live(client=client, call=f"call-for-{client}", payload=payload)


def a_foreign_file() -> wire.File:
    return wire.File(
        name="wakaba-law",
        since=datetime.now(UTC),
        sha256="",
        words=FOREIGN_WORD,
        mistakes=(wire.FileMistake(words=FOREIGN_WORD),),
        others=0,
    )


def clashing(home: Path) -> Iterator[wire.File]:
    """Our file, which is not in force, for it claims a number of the other client's."""
    site = Site(home)
    site.write("wakaba-law", FOREIGN_NUMBER)
    site.begin()
    site.write("yamato", FOREIGN_NUMBER[:-4] + "XXXX")
    return files_of(site.begin())


async def a_foreign_trouble() -> Status:
    """Return how a site is where another client's file is wrong."""
    status = await a_status()
    file = DialplanStatus(
        name="wakaba-law",
        sha256=None,
        since=status.at,
        problem=FOREIGN_WORD,
        mistakes=1,
        words=FOREIGN_WORD,
    )
    alert = AlertStatus(id="quota", since=status.at, problem=FOREIGN_WORD, remedy=FOREIGN_WORD)
    return msgspec.structs.replace(status, dialplans=(file,), alerts=Alerts(some=(alert,)))


def recording(desk: Desk, memo: Memo) -> Path:
    return desk.spool / memo.call.id / "audio.wav"


def attempts(house: House) -> Iterator[Try]:
    """Everything that somebody may try who knows the ids."""
    yield from by_path(house)
    yield from by_lists(house)
    yield from by_pages_beside_memos(house)
    yield from by_commands(house)
    yield from by_cookies(house)
    yield from by_forgery(house)


def pages(memo: str) -> list[str]:
    return [
        f"/memos/{memo}",
        f"/memos/{memo}/audio",
        f"/memos/{memo}/audio?part=1",
        f"/memos/{memo}/masked-audio",
        f"/api/memos/{memo}",
    ]


def by_path(house: House) -> Iterator[Try]:
    memo, call = house.foreign.id, house.foreign.call.id
    for page in pages(memo):
        yield Try(page)
        yield Try(page, method="HEAD")
        for bytes_ in ("bytes=0-", "bytes=-500", "bytes=44-45,46-47", "bytes=0-0"):
            yield Try(page, headers={"Range": bytes_})
        yield Try(page, cookie=house.tokens["masako"])
        yield Try(page, cookie=house.tokens["boss"])
    own = house.own.id
    forms = (
        memo.upper(),
        memo[:8],
        memo[-12:],
        f"{memo}%00",
        f"{memo}%0a",
        f"%20{memo}",
        f"{own},{memo}",
        f"{own}/../{memo}",
        f"{own}%2f..%2f{memo}",
        f"%2e%2e/memos/{memo}",
        call,
        "*",
        "%25",
        "_" * 36,
        f"{memo}'--",
        f"' OR '1'='1' --{memo}",
    )
    for form in forms:
        yield from (Try(page.replace(" ", "%20")) for page in pages(form))
    inside = f"spool/{call}/audio.wav"
    for up in ("..", "%2e%2e", "..%2f..", "....//", "..%5c", "/"):
        yield Try(f"/static/{up}/{inside}")
        yield Try(f"/static/{up}/sipbot.sqlite3")
        yield Try(f"/static/{up}/accounts.toml")
    for path in (f"/{inside}", f"/static//{house.desk.spool}/{call}/audio.wav", "/sipbot.sqlite3"):
        yield Try(path)


def by_lists(house: House) -> Iterator[Try]:
    for path in ("/", "/rows", "/api/memos"):
        for view in (*VIEWS, "all", ""):
            yield Try(f"{path}?view={view}")
            yield Try(f"{path}?view={view}&client=wakaba-law")
        for client in (
            "*",
            "yamato,wakaba-law",
            "yamato&client=wakaba-law",
            "%25",
            "wakaba-law%00",
        ):
            yield Try(f"{path}?client={client}")
        for after in ("0", "0-0-0000000000000-0", house.foreign.id, "z" * 63, "%00"):
            yield Try(f"{path}?after={after}")
            yield Try(f"{path}?view=done&after={after}")
        yield Try(f"{path}?category=leak", headers={"X-Forwarded-User": "ichiro"})
    yield from by_searches(house)


def by_searches(house: House) -> Iterator[Try]:
    """Words of foreign memos, and words that all memos have."""
    number = FOREIGN_NUMBER.removeprefix("+")
    for path in ("/search", "/api/search"):
        for word in (FOREIGN_WORD, number, "0001", "calls", "%25", "xerxes+OR+daisy"):
            yield Try(f"{path}?q={word}")
            yield Try(f"{path}?q={word}&client=wakaba-law")
            yield Try(f"{path}?q={word}&after={house.foreign.id}")
        for name in ("masako", "boss"):
            yield Try(f"{path}?q=calls", cookie=house.tokens[name])
        yield Try(f"{path}?q=calls", cookie="", headers={"X-Forwarded-User": "ichiro"})


def by_pages_beside_memos(house: House) -> Iterator[Try]:
    """Calls, calls that go on, dialplans, the site: for those who may see no or other clients."""
    call = house.foreign.call.id
    for name in ("hanako", "masako", "leader"):
        token = house.tokens[name]
        for path in (
            "/calls",
            "/calls?client=wakaba-law",
            "/calls?end=memo&client=wakaba-law",
            f"/calls?after={call}",
            f"/calls?client=yamato&client=wakaba-law&after={call}",
            "/system",
            "/dialplans",
            "/dialplans?q=wakaba",
            "/dialplans?q=0399990001",
            "/dialplans?before=a&after=a",
            "/dialplans/yamato",
            "/dialplans/wakaba-law",
            "/dialplans/wakaba-law?month=2026-12",
            "/dialplans/WAKABA-LAW",
            "/dialplans/%2e%2e/wakaba-law",
            "/api/site",
            "/api/openapi.json",
            f"/live?call=call-for-wakaba-law&client=wakaba-law&after={call}",
        ):
            yield Try(path, cookie=token)
    for path in ("/calls", "/live", "/dialplans", "/dialplans/wakaba-law", "/live/events"):
        yield Try(path, cookie="")
        yield Try(path, cookie=house.tokens["old"])
    for path in ("/calls", "/live", "/dialplans", "/dialplans/wakaba-law"):
        yield Try(path, cookie=house.tokens["boss"])


def by_commands(house: House) -> Iterator[Try]:
    memo, token = house.foreign.id, csrf_of(house.tokens["hanako"])
    fields = {"text": "x", "outcome": "reached", "for": "1h", "csrf": token}
    for verb in (*VERBS, "delete", "audio"):
        yield Try(f"/memos/{memo}/{verb}", method="POST", form=fields)
        wish: dict[str, object] = {"text": "x"} if verb == "note" else {}
        headers = {"X-CSRF-Token": token}
        yield Try(f"/api/memos/{memo}/{verb}", method="POST", json=wish, headers=headers)
        yield Try(f"/api/memos/{memo}/{verb}", method="PUT", json=wish, headers=headers)


def by_cookies(house: House) -> Iterator[Try]:
    """Its owner could see it; these are not its owner's cookies."""
    real = house.tokens["ichiro"]
    for page in pages(house.foreign.id):
        for cookie in ("", house.tokens["old"], real[:-1], real.swapcase(), f"{real}x", "../x"):
            yield Try(page, cookie=cookie)
        yield Try(page, cookie="", headers={"Authorization": f"Bearer {real}"})
        yield Try(page, cookie="", headers={"X-Forwarded-User": "ichiro"})
        yield Try(f"{page}{'&' if '?' in page else '?'}sipbot={real}", cookie="")


def by_forgery(house: House) -> Iterator[Try]:
    """The owner's own cookie, sent by a page that is not ours: nothing may be done by it."""
    memo, real = house.foreign.id, house.tokens["ichiro"]
    token = csrf_of(real)
    strangers = (
        "http://evil.example",
        "null",
        "",
        f"{URL}.evil.example",
        URL.replace("http", "ws"),
    )
    for stranger in (*strangers, URL.replace("8470", "8471"), URL.upper() + "/"):
        forged = {"Origin": stranger}
        yield Try(
            f"/memos/{memo}/done", method="POST", headers=forged, cookie=real, form={"csrf": token}
        )
    for sent in ("", "0", token[:-1], csrf_of(house.tokens["hanako"]), csrf_of("")):
        form = {"csrf": sent}
        yield Try(f"/memos/{memo}/done", method="POST", cookie=real, form=form)
        yield Try(f"/memos/{memo}/done?csrf={token}", method="POST", cookie=real, form=form)
        headers = {"X-CSRF-Token": sent}
        path = f"/api/memos/{memo}/done"
        yield Try(path, method="POST", cookie=real, json={}, headers=headers)
    for host in ("evil.example", "127.0.0.1:8471", "127.0.0.1.evil.example:8470", ""):
        yield Try(f"/memos/{memo}", cookie=real, headers={"Host": host})
    site = {"Sec-Fetch-Site": "cross-site"}
    yield Try(f"/memos/{memo}/done", method="POST", cookie=real, headers=site, form={"csrf": token})


async def test_two_hundred_attempts_show_no_foreign_memo_and_no_foreign_audio(
    tmp_path: Path,
) -> None:
    async with a_house(tmp_path) as house:
        sound = recording(house.desk, house.foreign).read_bytes()[1000:1100]
        name = "若葉法律事務所".encode()
        secrets = [FOREIGN_WORD.encode(), FOREIGN_NUMBER.encode(), name, sound]
        secrets += [FOREIGN_CARD.encode(), b"wakaba-law", str(tmp_path).encode()]
        tries, leaks, errors = list(attempts(house)), list[Try](), list[Try]()

        for one in tries:
            answer = await house.ask(one)
            asked = f"{one}".encode()
            shown = [one_secret for one_secret in secrets if one_secret not in asked]
            if any(secret in answer.content for secret in shown):
                leaks.append(one)
            if answer.status_code >= 500:
                errors.append(one)

        after = await house.desk.ledger.memo(house.foreign.id)
    assert 200 <= len(tries)
    assert ([], []) == (leaks, errors)
    assert after is not None
    assert house.foreign.rev == after.rev


@pytest.mark.parametrize("page", [0, 1, 4], ids=["page", "audio", "api"])
async def test_owner_is_shown_what_was_looked_for(tmp_path: Path, page: int) -> None:
    """The attempts above would see what there is to be seen."""
    async with a_house(tmp_path) as house:
        path = pages(house.foreign.id)[page]
        answer = await house.ask(Try(path, cookie=house.tokens["ichiro"]))
    assert 200 == answer.status_code
    assert FOREIGN_WORD.encode() in answer.content
    assert (page == 0) == (FOREIGN_CARD.encode() in answer.content)


async def test_lead_is_shown_its_own_file_with_what_is_wrong(tmp_path: Path) -> None:
    """The attempts above read the page on which the other client might be named."""
    async with a_house(tmp_path) as house:
        answer = await house.ask(Try("/dialplans", cookie=house.tokens["leader"]))
    assert "claimed by another client" in answer.text


async def test_what_the_owner_does_with_its_token_is_done(tmp_path: Path) -> None:
    """The forgeries above failed by what was forged."""
    async with a_house(tmp_path) as house:
        real = house.tokens["ichiro"]
        path = f"/api/memos/{house.foreign.id}/claim"
        headers = {"X-CSRF-Token": csrf_of(real)}
        answer = await house.ask(Try(path, method="POST", cookie=real, json={}, headers=headers))
    assert (200, "accepted") == (answer.status_code, answer.json()["status"])


async def test_streams_tell_of_ones_own_clients_alone(tmp_path: Path) -> None:
    async with a_house(tmp_path) as house:
        desk, told = house.desk, list[str]()
        async with news(desk, "/live/events?client=wakaba-law") as calls:
            told.append(await calls.get())
            desk.parts.hub.tell(said_now("wakaba-law", f"{FOREIGN_WORD} again"))
            desk.parts.hub.tell(said_now("yamato", f"{OWN_WORD} again"))
            while f"{OWN_WORD} again" not in told[-1]:
                told.append(await calls.get())
        async with news(desk, "/events?view=all&client=wakaba-law") as memos:
            await desk.leave(theirs())
            own = await desk.leave(ours())
            while own.id not in told[-1]:
                told.append(await memos.get())
            told.append(await heard_of(memos, "counts"))
    text = "".join(told)
    assert [False, False] == [one in text for one in (FOREIGN_WORD, "若葉法律事務所")]
    assert '"todo":0' in told[-1]  # of a client that is not theirs


async def test_account_that_loses_a_client_is_shown_nothing_of_it_anywhere(tmp_path: Path) -> None:
    async with a_house(tmp_path) as house:
        path = tmp_path / "accounts.toml"
        less = ACCOUNTS[2].replace("wakaba-law", "yamato")
        path.write_text(f"[[account]]\n{less}\n", encoding="utf-8")
        ways = ("/", "/calls", "/live", "/api/memos", "/dialplans", *pages(house.foreign.id))
        answers = [await house.ask(Try(one, cookie=house.tokens["ichiro"])) for one in ways]
    assert [] == [one.url.path for one in answers if FOREIGN_WORD.encode() in one.content]


async def test_session_ends_when_its_account_goes(tmp_path: Path) -> None:
    async with a_house(tmp_path) as house:
        path = tmp_path / "accounts.toml"
        path.write_text(f"[[account]]\n{ACCOUNTS[0]}\n", encoding="utf-8")
        answer = await house.ask(Try("/api/session", cookie=house.tokens["ichiro"]))
    assert 401 == answer.status_code


async def test_every_answer_forbids_foreign_scripts(tmp_path: Path) -> None:
    async with a_house(tmp_path) as house:
        tries = [Try("/"), Try("/login", cookie=""), Try("/none"), Try("/", headers={"Host": "x"})]
        answers = await asyncio.gather(*(house.ask(one) for one in tries))
    assert all("script-src 'self'" in one.headers["content-security-policy"] for one in answers)
    assert {"nosniff"} == {one.headers["x-content-type-options"] for one in answers}
