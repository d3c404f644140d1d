"""A client's telephone system overflows to sipbot: what docs/interoperability.md says was tried.

The telephone system is a Kamailio (tests/peers/overflow.cfg) with one extension.  All calls go to
one number of the agency, which no client has; the Diversion alone tells whose call it is.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests import brokers
from tests.bot import Bot, running, until
from tests.free_ports import free_ports
from tests.sipp import sipp
from tests.torture.telephone import microphone, port_of, say, telephone

pytestmark = [
    pytest.mark.sip,
    pytest.mark.asr,
    pytest.mark.broker,
    pytest.mark.peer,
    pytest.mark.asyncio(loop_scope="module"),
]

PEERS = Path(__file__).parent / "peers"

RING_MS = 300


def codes(path: Path) -> bytes:
    return path.read_bytes()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bot(tmp_path_factory: pytest.TempPathFactory, vosk_models: Path) -> AsyncIterator[Bot]:
    """One sipbot for all telephone systems."""
    async with brokers.running("mosquitto") as broker:
        fresh = Bot(tmp_path_factory.mktemp("bot"), broker.port, vosk_models)
        async with running(fresh):
            yield fresh


@contextlib.asynccontextmanager
async def telephone_system(
    folder: Path, bot: Bot, extension: int, *, always: bool = False
) -> AsyncIterator[int]:
    """Run Kamailio in front of an extension, and yield the port that callers call."""
    port = free_ports()
    text = (PEERS / "overflow.cfg").read_text(encoding="utf-8")
    for word, value in {
        "PORT": port,
        "RING_MS": RING_MS,
        "ALWAYS": "1 == 1" if always else "1 == 2",
        "EXTENSION": extension,
        "CLIENT": "desk",
        "AGENCY": "overflow",
        "SIPBOT": bot.port,
    }.items():
        text = text.replace(f"@{word}@", str(value))
    (folder / "overflow.cfg").write_text(text, encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        *("/usr/sbin/kamailio", "-DD", "-E", "-f", "overflow.cfg", "-Y", str(folder)),
        *("-P", str(folder / "pid"), "-w", str(folder)),
        cwd=folder,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await until(lambda: f"0100007F:{port:04X} " in Path("/proc/net/udp").read_text())
        yield port
    finally:
        process.terminate()
        await process.wait()


@pytest.mark.parametrize(
    ("reason", "scenario", "filled_in"),
    [
        ("user-busy", "person_refuses", {"code": 486, "headers": ""}),
        ("no-answer", "person_rings", {}),
        ("unconditional", "person_rings", {}),
    ],
)
async def test_call_that_a_telephone_system_sends_on_becomes_a_memo_of_its_client(
    bot: Bot, tmp_path: Path, message: Path, reason: str, scenario: str, filled_in: dict[str, str]
) -> None:
    caller = reason
    async with (
        sipp(scenario, **filled_in) as extension,  # type: ignore[arg-type]  # words of the scenario
        telephone_system(tmp_path, bot, extension.port, always=reason == "unconditional") as system,
        telephone(caller, ("127.0.0.1", system), "201") as one,
        microphone() as mouth,
    ):
        answer = await one.call(port_of(mouth))
        await bot.recording(caller, at_least_s=0.0)
        await say(mouth, ("127.0.0.1", answer.rtp_port), codes(message))
        assert await one.hang_up()
        memo = await bot.memo(caller)
    row = await bot.row(caller)
    assert ("desk", "diversion[0]", reason) == (
        memo.client,
        row.rule,
        row.offer.diversions[0].reason,
    )
