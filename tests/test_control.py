"""The control socket: who may ask, what a request that is not one gets, and who answers."""

import asyncio
import stat
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from sipbot import control
from sipbot import control_wire as wire
from sipbot.control import Control, Handler, ask
from sipbot.errors import ControlError, LedgerError, NotRunningError

PATIENCE_S = 30.0

Open = Callable[[Mapping[type[wire.Request], Handler]], AbstractAsyncContextManager[Path]]


@pytest.fixture
def answering(tmp_path: Path) -> Open:
    @asynccontextmanager
    async def opened(handlers: Mapping[type[wire.Request], Handler]) -> AsyncIterator[Path]:
        path = control.socket_path(tmp_path)
        served = Control(path, handlers)
        async with asyncio.TaskGroup() as group, asyncio.timeout(PATIENCE_S):
            task = group.create_task(served.run())
            await served.ready.wait()
            yield path
            task.cancel()

    return opened


def test_folder_that_was_open_to_others_is_closed_and_that_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    var = tmp_path / "var"
    var.mkdir()
    var.chmod(0o755)
    control.own_folder(var)
    assert 0o700 == stat.S_IMODE(var.stat().st_mode)
    assert "mode=755" in "".join(capsys.readouterr())


def test_folder_that_cannot_be_made_names_its_key(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ControlError, match=r"var in config\.toml"):
        control.own_folder(tmp_path / "file" / "var")


async def retried(request: wire.RetryOutbox) -> wire.Reply:
    return wire.Retried(retried=request.deliveries)


async def status(_: wire.GetStatus) -> wire.Reply:
    return wire.StatusReply(msgspec.Raw(b'{"state":"ready"}'))


async def say(path: Path, line: bytes) -> bytes:
    """Send bytes and return everything that comes back until the other side closes."""
    reader, writer = await asyncio.open_unix_connection(str(path))
    writer.write(line)
    writer.write_eof()
    try:
        return await reader.read()
    finally:
        writer.close()


async def test_request_is_answered_by_its_handler(answering: Open) -> None:
    async with answering({wire.RetryOutbox: retried, wire.GetStatus: status}) as path:
        reply = await ask(path, wire.RetryOutbox(deliveries=(3, 7)))

    assert wire.Retried(retried=(3, 7)) == reply


async def test_status_travels_as_it_was_encoded(answering: Open) -> None:
    async with answering({wire.GetStatus: status}) as path:
        reply = await ask(path, wire.GetStatus())

    assert isinstance(reply, wire.StatusReply)
    assert b'{"state":"ready"}' == bytes(reply.status)


async def test_socket_is_its_owners_only(answering: Open) -> None:
    async with answering({}) as path:
        assert 0o600 == stat.S_IMODE(path.stat().st_mode)
        assert 0o700 == stat.S_IMODE(path.parent.stat().st_mode)


async def test_several_clients_are_answered_while_one_says_nothing(answering: Open) -> None:
    async with answering({wire.RetryOutbox: retried}) as path:
        _, silent = await asyncio.open_unix_connection(str(path))
        replies = await asyncio.gather(
            *(ask(path, wire.RetryOutbox(deliveries=(n,))) for n in range(5))
        )
        silent.close()

    assert [wire.Retried(retried=(n,)) for n in range(5)] == replies


async def test_one_connection_carries_several_requests(answering: Open) -> None:
    async with answering({wire.RetryOutbox: retried}) as path:
        line = b'{"type":"retryoutbox","deliveries":[1]}\n'
        heard = await say(path, line + line)

    assert [[1], [1]] == [msgspec.json.decode(one)["retried"] for one in heard.splitlines()]


@pytest.mark.parametrize(
    ("line", "word"),
    [
        (b"hello\n", "not a message"),
        (b'{"type":"shutdown"}\n', "not a message"),
        (b'{"type":"retryoutbox","deliveries":["x"]}\n', "not a message"),
        (b'{"type":"getstatus"}', "newline"),
        (b" " * (control.REQUEST_BYTES + 1) + b"\n", "longer than"),
    ],
)
async def test_line_that_is_no_request_gets_an_error_and_the_connection_ends(
    answering: Open, line: bytes, word: str
) -> None:
    async with answering({wire.RetryOutbox: retried, wire.GetStatus: status}) as path:
        heard = await say(path, line + b'{"type":"getstatus"}\n' * line.endswith(b"\n"))
        still = await ask(path, wire.GetStatus())

    assert 1 == len(heard.splitlines())
    assert word in wire.replies.decode(heard).problem
    assert isinstance(still, wire.StatusReply)


async def test_request_without_handler_is_refused_by_name(answering: Open) -> None:
    async with answering({}) as path:
        with pytest.raises(ControlError, match="GetStatus"):
            await ask(path, wire.GetStatus())


@pytest.mark.parametrize(
    ("error", "word"), [(LedgerError("disk full"), "disk full"), (KeyError("x"), "KeyError")]
)
async def test_failure_of_a_handler_is_told_and_ends_nothing(
    answering: Open, error: Exception, word: str
) -> None:
    async def failing(_: wire.RetryOutbox) -> wire.Reply:
        raise error

    async with answering({wire.RetryOutbox: failing, wire.GetStatus: status}) as path:
        with pytest.raises(ControlError, match=word):
            await ask(path, wire.RetryOutbox())

        assert isinstance(await ask(path, wire.GetStatus()), wire.StatusReply)


async def test_asking_where_nobody_runs_says_so(tmp_path: Path) -> None:
    with pytest.raises(NotRunningError, match="sipbot run"):
        await ask(control.socket_path(tmp_path), wire.GetStatus())


async def test_socket_of_a_dead_sipbot_is_taken_over(tmp_path: Path, answering: Open) -> None:
    path = control.socket_path(tmp_path)
    path.parent.mkdir(mode=0o700)
    control._listen(path).close()
    assert not await control.is_running(path)

    async with answering({wire.GetStatus: status}):
        assert isinstance(await ask(path, wire.GetStatus()), wire.StatusReply)


async def test_second_sipbot_in_the_same_folder_is_refused(answering: Open) -> None:
    async with answering({wire.GetStatus: status}) as path:
        with pytest.raises(ControlError, match="already runs"):
            await Control(path, {}).run()

        assert isinstance(await ask(path, wire.GetStatus()), wire.StatusReply)


async def test_socket_is_gone_after_an_orderly_end(answering: Open) -> None:
    async with answering({}) as path:
        assert path.is_socket()

    assert not path.exists()


async def test_path_too_long_for_a_socket_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ControlError, match="shorter"):
        await Control(tmp_path / ("x" * 120) / "control.sock", {}).run()
