"""What the service manager hears, on a real datagram socket."""

import asyncio
import socket
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from sipbot.notify import Notifier


def listen(address: str) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.bind(f"\0{address[1:]}" if address.startswith("@") else address)
    listener.setblocking(False)
    return listener


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, socket.socket]]:
    address = str(tmp_path / "notify") if request.param == "path" else f"@{uuid.uuid4()}"
    with listen(address) as listener:
        yield address, listener


def test_ready_status_and_stopping_are_one_datagram_each(
    manager: tuple[str, socket.socket],
) -> None:
    address, listener = manager
    notifier = Notifier(address)
    notifier.ready()
    notifier.status("degraded: agent 0\nis not running")
    notifier.stopping()
    assert ["READY=1", "STATUS=degraded: agent 0 is not running", "STOPPING=1"] == [
        listener.recv(200).decode() for _ in range(3)
    ]


def test_without_a_service_manager_nothing_is_sent() -> None:
    notifier = Notifier.from_environment({}, 1)
    assert (True, None) == (notifier.ready(), notifier.watchdog_s)


def test_ready_that_was_not_heard_is_known_to_be_said_again(tmp_path: Path) -> None:
    notifier = Notifier(str(tmp_path / "notify"))
    early = notifier.ready()
    with listen(str(tmp_path / "notify")):
        late = notifier.ready()
    assert (False, True) == (early, late)


def test_service_manager_that_reads_nothing_does_not_make_us_wait(
    manager: tuple[str, socket.socket],
) -> None:
    address, listener = manager
    notifier = Notifier(address)
    for _ in range(1000):  # the system queues ten (net.unix.max_dgram_qlen) to some hundred
        notifier.ready()
    assert b"READY=1" == listener.recv(200)


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "7"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "8"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({}, None),
    ],
)
def test_watchdog_is_ours_only_when_it_is_meant_for_this_process(
    variables: dict[str, str], expected: float | None
) -> None:
    assert expected == Notifier.from_environment(variables, 7).watchdog_s


async def test_sign_of_life_is_given_only_after_everybody_has_answered(
    manager: tuple[str, socket.socket],
) -> None:
    address, listener = manager
    asked, answer = asyncio.Event(), asyncio.Event()

    async def alive() -> None:
        asked.set()
        await answer.wait()

    async with asyncio.TaskGroup() as group:
        task = group.create_task(Notifier(address, watchdog_s=0.01).watch(alive))
        await asked.wait()
        with pytest.raises(BlockingIOError):
            listener.recv(200)
        answer.set()
        said = [await asyncio.get_running_loop().sock_recv(listener, 200) for _ in range(2)]
        task.cancel()
    assert [b"WATCHDOG=1"] * 2 == said


async def test_without_a_watchdog_nobody_is_asked() -> None:
    async def alive() -> None:
        pytest.fail("asked")

    await Notifier("@nobody").watch(alive)
