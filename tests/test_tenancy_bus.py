"""Nobody gets another client's memo over the bus, whatever they ask for: more than a hundred tries.

The same tries against Mosquitto with each form that `sipbot mqtt acl` writes, and against the
embedded broker.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import pytest

from sipbot.accounts import EVERY, Account, Accounts
from sipbot.accounts_file import read_accounts
from sipbot.broker_wire import Ping
from sipbot.bus_password import new_hash
from sipbot.desk import CommandDesk
from sipbot.errors import FeedError
from sipbot.ledger import Ledger
from sipbot.lines import encode
from sipbot.link import Broker, Link, open_link
from sipbot.mqtt_acl import BusUsers
from sipbot.topics import Topics
from tests.brokers import PATIENCE_S, RunningBroker, publish, running, subscribed
from tests.bus_fight import running_desk
from tests.commands import now, payload
from tests.free_ports import free_ports
from tests.test_ledger_commands import a_memo_in

pytestmark = [pytest.mark.broker, pytest.mark.peer]

TOPICS = Topics("main")
OWN_PASSWORD = "sipbot's own"
PEOPLE = [
    Account(name="hanako", role="operator", clients=("yamato",)),
    Account(name="ichiro", role="operator", clients=("sato-law",)),
    Account(name="wall", role="viewer", clients=("yamato",), masked=True),
    Account(name="boss", role="admin", clients=EVERY),
]
AT_ONCE = 20
"""Connections at once; the embedded broker takes 50."""
FOREIGN, OWN, LAST = b"foreign", b"own", b"last"
ROOT = "sipbot/1/main"

FOREIGN_TOPICS = [
    *(f"{ROOT}/client/sato-law/{rest}" for rest in ("memo/m1", "masked/memo/m1")),
    *(f"{ROOT}/client/sato-law/{rest}" for rest in ("feed", "masked/feed", "live/c1", "ack/r1")),
    f"{ROOT}/client/sato-law/cmd/note/ichiro",
    f"{ROOT}/client/yamato-2/memo/m1",
    f"{ROOT}/alert/quota-sato-law",
    f"{ROOT}/info",
    "sipbot/1/other/client/yamato/memo/m1",
]

FILTERS = [
    *("#", "+", "+/#", "+/+/#", "+/+/+/#", "+/+/+/+/#", "+/+/+/+/+/#", "/#", "$SYS/#"),
    *("sipbot/#", "sipbot/+/#", "sipbot/1/#", "sipbot/1/+/#", "sipbot/+/main/#", "sipbot/1/main/+"),
    *(f"{ROOT}/#", f"{ROOT}/+/#", f"{ROOT}/client/#", f"{ROOT}/client/+/#", f"{ROOT}/client/+/+"),
    *(f"{ROOT}/client/+/{rest}" for rest in ("memo/+", "feed", "live/+", "ack/+", "cmd/+")),
    *(f"{ROOT}/client/+/{rest}" for rest in ("cmd/+/+", "masked/#", "masked/memo/+", "memo/m1")),
    *(f"{ROOT}/+/sato-law/{rest}" for rest in ("memo/+", "feed", "#", "+/m1", "+/+/+")),
    *(f"{ROOT}/client/sato-law{rest}" for rest in ("/#", "/+", "/+/+", "/+/+/+", "/memo/#", "")),
    *(f"+/+/+/client/sato-law/{rest}" for rest in ("memo/+", "feed", "#")),
    *(f"sipbot/1/+/+/+/{rest}" for rest in ("memo/m1", "memo/+", "feed", "+/+")),
    *(f"$share/all/{rest}" for rest in ("#", f"{ROOT}/#", f"{ROOT}/client/sato-law/#")),
    *(f"$queue/{rest}" for rest in ("#", f"{ROOT}/client/sato-law/#")),
    *(f"{ROOT}/client/yamato/../sato-law/#", f"{ROOT}/client/yamato%2f..%2fsato-law/#"),
    *(f"{ROOT}/client/Sato-law/#", f"{ROOT}/client//#", f"{ROOT}//#"),
    *(f"{ROOT}/alert/+", f"{ROOT}/alert/#", f"{ROOT}/+", "sipbot/1/other/#", "sipbot/1/+/info"),
    *FOREIGN_TOPICS,
    f"{ROOT}/client/yamato/memo/+",
]
"""The last one is allowed, to an operator."""

WRITES = [
    *(f"{ROOT}/client/sato-law/cmd/claim{rest}" for rest in ("", "/hanako", "/ichiro", "/x/y")),
    *(f"{ROOT}/client/yamato/cmd/claim{rest}" for rest in ("", "/ichiro", "/sipbot", "/hanako/x")),
    *(f"{ROOT}/client/{client}/memo/m1" for client in ("yamato", "sato-law")),
    *(f"{ROOT}/client/{client}/feed" for client in ("yamato", "sato-law")),
    *(f"{ROOT}/client/{client}/ack/r1" for client in ("yamato", "sato-law")),
    *(f"{ROOT}/client/yamato/live/c1", f"{ROOT}/client/yamato/masked/memo/m1", f"{ROOT}/state"),
    *(f"{ROOT}/info", f"{ROOT}/alert/a", f"{ROOT}/client/yamato-2/cmd/claim/hanako"),
]

STRANGERS = [
    (None, None),
    ("hanako", None),
    ("hanako", ""),
    ("hanako", "ichiro's word"),
    ("ichiro", "hanako's word"),
    ("sipbot", "hanako's word"),
    ("sipbot", ""),
    ("nobody", "hanako's word"),
    ("Hanako", "hanako's word"),
    ("", ""),
    ("#", "#"),
]

NAMES = ["sipbot-main", "ichiro-pc", "ichiro/ichiro-pc", "sipbot/sipbot-main", "#", "+", "boss"]
"""Of other people's sessions, or meant as such."""


def accounts_in(folder: Path) -> Accounts:
    """Write the file, with a bus password `<name>'s word` for each."""
    path = folder / "accounts.toml"
    tables = []
    for one in PEOPLE:
        clients = json.dumps(["*"] if one.clients == EVERY else list(one.clients))
        tables.append(
            f'[[account]]\nname = "{one.name}"\nrole = "{one.role}"\nclients = {clients}\n'
            f"masked = {json.dumps(one.masked)}\nbus_password = '{new_hash(word(one.name))}'\n"
        )
    path.write_text("\n".join(tables), encoding="utf-8")
    return read_accounts(path)


def first_hash(text: str) -> str:
    return text.partition("bus_password = '")[2].partition("'")[0]


def word(name: str) -> str:
    return OWN_PASSWORD if name == "sipbot" else f"{name}'s word"


def mosquitto_options(kind: str, folder: Path, port: int) -> list[str]:
    users = BusUsers(accounts_in(folder), TOPICS, own_name="sipbot", own_password=word("sipbot"))
    # As root it would become a user who cannot read this folder; others keep theirs.
    # Where no listener is named, Mosquitto lets everybody in from this machine.
    lines = ["user root", f"listener {port} 127.0.0.1", "allow_anonymous false"]
    if kind == "acl_file":
        for name, text in (("acl", users.acl_file()), ("passwords", users.password_file())):
            (folder / name).write_text(text, encoding="utf-8")
            (folder / name).chmod(0o600)
        lines += [f"acl_file {folder / 'acl'}", f"password_file {folder / 'passwords'}"]
    else:
        file = folder / "dynamic-security.json"
        file.write_text(json.dumps(users.dynamic_security()), encoding="utf-8")
        plugin = next(Path("/usr/lib").glob("*/mosquitto_dynamic_security.so"))
        lines += [f"plugin {plugin}", f"plugin_opt_config_file {file}"]
    (folder / "mosquitto.conf").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return ["-c", str(folder / "mosquitto.conf")]


def embedded_options(folder: Path) -> list[str]:
    accounts_in(folder)
    (folder / "key").write_text(word("sipbot"), encoding="ascii")
    return ["--accounts", str(folder / "accounts.toml"), "--key", str(folder / "key")]


@pytest.fixture(params=["acl_file", "dynamic_security", "embedded"])
async def broker(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[RunningBroker]:
    port = 0
    if request.param == "embedded":
        started = running("embedded", *embedded_options(tmp_path))
    else:
        port = free_ports()
        started = running("mosquitto", *mosquitto_options(request.param, tmp_path, port))
    async with started as found:
        found.port = port or found.port
        yield found


def address(broker: RunningBroker, user: str | None, password: str | None) -> Broker:
    return Broker(host="127.0.0.1", port=broker.port, username=user, password=password)


@asynccontextmanager
async def logged_in(
    broker: RunningBroker, user: str, name: str | None = None, *, keep: bool = False
) -> AsyncIterator[Link]:
    async with open_link(address(broker, user, word(user)), None, name=name, keep=keep) as link:
        yield link


async def heard_until_last(link: Link) -> list[bytes]:
    """Return what came before the last message, or before the broker closed the connection."""
    found = list[bytes]()
    with suppress(FeedError):
        async with asyncio.timeout(PATIENCE_S):
            async for heard in link.messages():
                heard.acknowledge()
                if heard.payload == LAST:
                    break
                found.append(heard.payload)
    return found


async def say_all(sipbot: Link, *, retain: bool = False) -> None:
    for topic in FOREIGN_TOPICS:
        await sipbot.publish(topic, FOREIGN, qos=1, retain=retain)
    await sipbot.publish(f"{ROOT}/client/yamato/memo/m1", OWN, qos=1, retain=retain)


async def say_last(sipbot: Link) -> None:
    for client in ("yamato", "yamato/masked"):
        await sipbot.publish(f"{ROOT}/client/{client}/feed", LAST, qos=1, retain=False)


async def brought(
    broker: RunningBroker, sipbot: Link, user: str, filters: list[str]
) -> list[bytes]:
    """Return what these filters bring to connections of their own, retained and new."""
    last = f"{ROOT}/client/yamato/{'masked/' if user == 'wall' else ''}feed"
    async with AsyncExitStack() as stack:
        links = [await stack.enter_async_context(logged_in(broker, user)) for _ in filters]
        for link, wanted in zip(links, filters, strict=True):
            # A filter of a wrong form, or that is not allowed, may end the connection.
            with suppress(FeedError):
                await link.subscribe(wanted, qos=1)
            with suppress(FeedError):
                await link.subscribe(last, qos=1)
        await say_all(sipbot)
        await say_last(sipbot)
        with suppress(FeedError):
            return [payload for link in links for payload in await heard_until_last(link)]
    raise AssertionError("the connections could not be closed")


@pytest.mark.parametrize("user", ["hanako", "wall"])
async def test_no_filter_brings_a_foreign_message(broker: RunningBroker, user: str) -> None:
    """For an operator of another client, and for a reader of masked memos."""
    async with logged_in(broker, "sipbot") as sipbot:
        await say_all(sipbot, retain=True)
        came = list[bytes]()
        for start in range(0, len(FILTERS), AT_ONCE):
            came += await brought(broker, sipbot, user, FILTERS[start : start + AT_ONCE])

    assert (0, user == "hanako") == (came.count(FOREIGN), OWN in came)


async def test_filter_of_somebody_who_works_for_all_brings_them(broker: RunningBroker) -> None:
    """The other tests would see a foreign message."""
    async with logged_in(broker, "sipbot") as sipbot:
        came = await brought(broker, sipbot, "boss", [f"{ROOT}/client/+/#"])

    expected = [topic for topic in FOREIGN_TOPICS if topic.startswith(f"{ROOT}/client/")]
    assert len(expected) == came.count(FOREIGN)


async def test_nothing_is_published_where_its_sender_may_not(broker: RunningBroker) -> None:
    """Neither by PUBLISH nor by a last will; the own command arrives."""
    own = f"{ROOT}/client/yamato/cmd/claim/hanako"
    async with logged_in(broker, "sipbot") as sipbot:
        await sipbot.subscribe(f"{ROOT}/#", qos=1)
        for topic in WRITES:
            # Brokers answer what is not allowed with a PUBACK, or by closing the connection.
            with suppress(FeedError):
                async with logged_in(broker, "hanako") as link:
                    await link.publish(topic, FOREIGN, qos=1, retain=True)
            await die(broker.port, "hanako", topic)
        async with logged_in(broker, "hanako") as link:
            await link.publish(own, OWN, qos=1, retain=False)
            await link.publish(own, LAST, qos=1, retain=False)
        came = await heard_until_last(sipbot)

    assert [OWN] == came


def text(value: bytes) -> bytes:
    return len(value).to_bytes(2) + value


async def die(port: int, user: str, topic: str) -> None:
    """Connect with a retained last will for this topic, and end without a word."""
    words = (b"dying", topic.encode(), FOREIGN, user.encode(), word(user).encode())
    # Flags: user name, password, will retained with QoS 1, clean session (MQTT 3.1.1, 3.1.2.3).
    body = text(b"MQTT") + b"\x04\xee\x00\x00" + b"".join(map(text, words))
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"\x10" + bytes([len(body) % 128 | 128, len(body) // 128]) + body)
    async with asyncio.timeout(PATIENCE_S):
        await reader.read(4)
    writer.transport.abort()


async def test_nobody_comes_in_without_the_own_password(broker: RunningBroker) -> None:
    inside = list[tuple[str | None, str | None]]()
    for user, password in STRANGERS:
        with suppress(FeedError):
            async with open_link(address(broker, user, password), None, name="ichiro-pc"):
                inside.append((user, password))

    assert [] == inside


async def test_session_of_another_is_not_to_be_had(broker: RunningBroker) -> None:
    """Messages wait for ichiro and for sipbot, who are away; hanako comes under their names."""
    for user, name, wanted in (
        ("ichiro", "ichiro-pc", f"{ROOT}/client/sato-law/#"),
        ("sipbot", "sipbot-main", f"{ROOT}/client/+/cmd/+/+"),
    ):
        async with logged_in(broker, user, name, keep=True) as link:
            await link.subscribe(wanted, qos=1)
    came = list[bytes]()
    async with logged_in(broker, "sipbot") as sipbot:
        await say_all(sipbot)
        for name in NAMES:
            async with logged_in(broker, "hanako", name, keep=True) as link:
                await link.subscribe(f"{ROOT}/client/yamato/feed", qos=1)
                await say_all(sipbot)
                await say_last(sipbot)
                came += await heard_until_last(link)

    assert 0 == came.count(FOREIGN)


@pytest.mark.parametrize("change", ["password", "account", "file"])
async def test_who_loses_the_account_loses_the_connection(tmp_path: Path, change: str) -> None:
    """A running embedded broker sees the change at its parent's next ping."""
    options = embedded_options(tmp_path)
    path = tmp_path / "accounts.toml"
    before = path.read_text(encoding="utf-8")
    if change == "file":
        path.unlink()
    async with running("embedded", *options) as broker, logged_in(broker, "hanako") as link:
        if change == "account":
            path.write_text(before.replace("hanako", "hanae"), encoding="utf-8")
        elif change == "password":
            path.write_text(before.replace(first_hash(before), new_hash("new")), encoding="utf-8")
        else:
            path.write_text(before, encoding="utf-8")
        process = broker.process
        assert process is not None
        assert process.stdin is not None
        process.stdin.write(encode(Ping(n=1)))
        with pytest.raises(FeedError):
            async with asyncio.timeout(PATIENCE_S):
                await anext(link.messages())


@pytest.mark.parametrize(
    ("by", "sender", "expected"),
    [
        ("hanako", "hanako", ("accepted", None)),
        ("ichiro", "hanako", ("rejected", "forbidden")),
        ("ichiro", "", ("rejected", "forbidden")),
        ("nobody", "", ("rejected", "forbidden")),
    ],
)
async def test_desk_obeys_whoever_may_act_and_whom_the_topic_names(
    tmp_path: Path, by: str, sender: str, expected: tuple[str, str | None]
) -> None:
    """On a broker that lets anybody write anywhere: what sipbot itself can check."""
    found = accounts_in(tmp_path)
    async with (
        Ledger.open(tmp_path / "sipbot.sqlite3") as ledger,
        running("mosquitto") as broker,
    ):
        memo = await a_memo_in(ledger)
        desk = CommandDesk(TOPICS, ledger.commands, accounts=lambda: found)
        async with (
            running_desk(broker.address, ledger, desk),
            subscribed(broker.port, TOPICS.answer("yamato", "r1")) as operator,
        ):
            words = payload(memo=memo.id, by=by, ts=now()).decode()
            await publish(broker.port, TOPICS.command("yamato", "claim", sender), words)
            answer = (await operator.next()).json

    assert expected == (answer["status"], answer["code"])
