"""The door through which commands reach the running sipbot: ``var/run/control.sock``.

The main process is the only writer of the ledger, so a command that changes something asks it.
Only the owner of the socket may (mode 0600); requests are JSON lines (sipbot/control_wire.py).
Whether somebody answers here is also how a second sipbot in the same folder is noticed.
"""

import asyncio
import contextlib
import os
import socket
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import structlog

from sipbot import control_wire as wire
from sipbot.errors import ControlError, NotRunningError, SipbotError, WireError
from sipbot.lines import LIMIT_BYTES, encode

REQUEST_BYTES = 1 << 16
"""Longest request accepted: some 8 000 delivery ids, more than anybody types."""

REPLY_S = 30.0
"""How long a command that is not patient waits for its answer.  The slowest is one transaction of
the ledger, which waits at most ledger_schema.BUSY_MS (5 s) for each lock; six times that."""

_REMEDY = "Set var in config.toml to a folder of its owner whose path is shorter than 90 characters"
"""Linux gives the name of a socket 107 bytes (unix(7)); ours ends in ``/run/control.sock``."""

Handler = Callable[[Any], Awaitable[wire.Reply]]

_log = structlog.get_logger()


def socket_path(var: Path) -> Path:
    """Return where the control socket of a folder `var` is."""
    return var.absolute() / "run" / "control.sock"


def own_folder(var: Path) -> None:
    """Make the folder `var`, and close it to other users: what callers said is in it.

    Raises:
        ControlError: it cannot be made, or is another user's.
    """
    try:
        var.mkdir(parents=True, exist_ok=True, mode=0o700)
        mode = var.stat().st_mode & 0o777
        if mode & 0o077:
            var.chmod(0o700)
            _log.warning("folder was open to other users; closed", var=str(var), mode=f"{mode:o}")
    except OSError as error:
        problem = f"{var}: cannot be closed to other users: {error.strerror or error}"
        remedy = "Set var in config.toml to a folder of the user who runs sipbot"
        raise ControlError(f"{problem}. {remedy}") from error


class Control:
    """Answers requests until cancelled.

    Args:
        path: of the socket; its folder is made when missing.
        handlers: what to do for each type of request.  Called in the event loop; a SipbotError is
            told to the one who asked.
    """

    def __init__(self, path: Path, handlers: Mapping[type[wire.Request], Handler]) -> None:
        self.ready = asyncio.Event()
        """Set once requests are answered."""
        self._path = path
        self._handlers = handlers

    async def run(self) -> None:
        """Serve.

        Raises:
            ControlError: the socket cannot be made, or another sipbot answers on it.
        """
        await refuse_if_running(self._path)
        door = _listen(self._path)
        async with asyncio.TaskGroup() as group:
            # Called in the event loop for each client.
            server = await asyncio.start_unix_server(
                lambda reader, writer: self._welcome(group, reader, writer),
                sock=door,
                limit=REQUEST_BYTES,
            )
            self.ready.set()
            try:
                # Not serve_forever: when cancelled it waits for clients who may be in no hurry
                # (Python 3.12), and only the end of this group ends them.
                await asyncio.Event().wait()
            finally:
                server.close()
                self._path.unlink(missing_ok=True)

    def _welcome(
        self,
        group: asyncio.TaskGroup,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        group.create_task(self._serve(reader, writer), name="control client")

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._serve_one(reader, writer):
                pass
        except ConnectionError as error:
            _log.info("control client went away", error=str(error))
        finally:
            writer.close()

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; False when there is nothing more to say to this client."""
        try:
            line = await reader.readuntil(b"\n")
        except asyncio.IncompleteReadError as error:
            if not error.partial:
                return False
            return await _refuse(writer, "a request ends with a newline")
        except asyncio.LimitOverrunError:
            return await _refuse(writer, f"a request is longer than {REQUEST_BYTES} bytes")
        try:
            request = wire.requests.decode(line)
        except WireError as error:
            return await _refuse(writer, str(error))
        await _send(writer, await self._answer(request))
        return True

    async def _answer(self, request: wire.Request) -> wire.Reply:
        name = type(request).__name__
        handler = self._handlers.get(type(request))
        if handler is None:
            return wire.Failed(f"this sipbot does not answer {name}: use a command of its release")
        try:
            reply = await handler(request)
        except SipbotError as error:
            _log.warning("control request failed", request=name, error=str(error))
            return wire.Failed(str(error))
        except Exception as error:  # noqa: BLE001 - a mistake of ours must not end the calls; logged
            _log.error("control request failed", request=name, exc_info=error)
            return wire.Failed(f"{name}: {type(error).__name__}: see sipbot's log")
        _log.info("control request", request=name)
        return reply


async def ask(path: Path, request: wire.Request, *, patient: bool = False) -> wire.Reply:
    """Ask the running sipbot.

    Args:
        path: of its socket.
        request: what is asked.
        patient: wait for as long as it lives: it may have a whole client to write.  One that hangs
            is ended by those who look after it (sipbot/supervisor.py), and with it the wait.

    Raises:
        NotRunningError: nobody answers at this path.
        ControlError: it refused, went away or does not answer.
    """
    reader, writer = await _connect(path)
    try:
        async with asyncio.timeout(None if patient else REPLY_S):
            await _send(writer, request)
            reply: wire.Reply = wire.replies.decode(await reader.readuntil(b"\n"))
    except TimeoutError as error:
        raise ControlError(
            f"{path}: no answer within {REPLY_S:g} s: sipbot runs but hangs; see its log"
        ) from error
    except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
        raise ControlError(f"{path}: sipbot went away before it answered; try again") from error
    except WireError as error:
        raise ControlError(f"{path}: sipbot is of another release: {error}") from error
    finally:
        writer.close()
    if isinstance(reply, wire.Failed):
        raise ControlError(reply.problem)
    return reply


async def is_running(path: Path) -> bool:
    """Whether a sipbot answers at this path; a socket that a dead one left does not count.

    Raises:
        ControlError: it cannot be told.
    """
    try:
        _, writer = await _connect(path)
    except NotRunningError:
        return False
    writer.close()
    return True


async def refuse_if_running(path: Path) -> None:
    """Make sure that no other sipbot works in this folder.

    Raises:
        ControlError: one does.
    """
    if await is_running(path):
        raise already_runs(path)


def already_runs(path: Path) -> ControlError:
    """Return the error that another sipbot has this socket or lock."""
    return ControlError(
        f"{path}: a sipbot already runs in this folder: stop it first, or give this one a "
        "folder of its own (var in config.toml)"
    )


async def _connect(path: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    try:
        return await asyncio.open_unix_connection(str(path), limit=LIMIT_BYTES)
    except (FileNotFoundError, ConnectionRefusedError) as error:
        raise NotRunningError(
            f"{path}: no sipbot runs in this folder: start it with sipbot run, or name its "
            "settings with --config"
        ) from error
    except OSError as error:
        problem = f"{path}: cannot be asked: {error.strerror or error}"
        raise ControlError(f"{problem}. {_REMEDY}") from error


def _listen(path: Path) -> socket.socket:
    door = socket.socket(socket.AF_UNIX)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.unlink(missing_ok=True)  # a dead sipbot's: nobody answered there
        # Linux gives the name the mode of the socket, so nobody can connect in between.
        os.fchmod(door.fileno(), 0o600)
        door.bind(str(path))
    except OSError as error:
        door.close()
        problem = f"{path}: cannot listen: {error.strerror or error}"
        raise ControlError(f"{problem}. {_REMEDY}") from error
    return door


async def _refuse(writer: asyncio.StreamWriter, problem: str) -> bool:
    _log.warning("control request refused", problem=problem)
    await _send(writer, wire.Failed(problem))
    return False


async def _send(writer: asyncio.StreamWriter, message: wire.Request | wire.Reply) -> None:
    writer.write(encode(message))
    with contextlib.suppress(ConnectionError):  # told by the next read
        await writer.drain()
