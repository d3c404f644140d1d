"""The SIP endpoint of a child program: its accounts, its calls and the loop that drives them.

pjsua2 is imported by this file and its parts only: `pjsua_config` (settings), `pjsua_names` (whose
address a name is), `pjsua_call` (one call), `pjsua_media` (its sockets), `pjsua_players` (prompts),
`pjsua_recorder` (messages) and `pjsua_closing` (their headers); `pjsua_wait` knows when there is
something to do, `pjsua_step` does a piece of it, `pjsua_intake` drops calls without room.
Everything runs on the one thread of a child program that calls `Stack.poll` (``threadCnt`` 0,
``mainThreadOnly``): pjsua2's callbacks arrive inside `poll`, on that thread.  Audio never enters
Python: pjmedia's own clock thread moves it between C players, calls and C recorders.

Why the odd rules (measured with the 2.15.1 wheel, docs/decisions/0001): calls are compiled to 4;
players are kept and reused because destroying one that has just ended can crash (pjproject #4812);
strong references live here because a collected Call sends 603 by itself.
"""

import ctypes
import math
import time
from collections.abc import Callable
from ipaddress import IPv4Network
from typing import Any, Protocol

import pjsua2 as pj
from pjsua2 import _pjsua2

from sipbot.errors import CallError, ChildStartError
from sipbot.sip.crowd import Crowd
from sipbot.sip.pjsua_call import Line, Listener, clean
from sipbot.sip.pjsua_closing import Closing
from sipbot.sip.pjsua_config import account_config, account_with_digest, endpoint_config
from sipbot.sip.pjsua_intake import drop_invites_while
from sipbot.sip.pjsua_media import open_calls
from sipbot.sip.pjsua_names import Names
from sipbot.sip.pjsua_players import Prompts
from sipbot.sip.pjsua_recorder import FLUSH_EVERY_S, Recorder, flush
from sipbot.sip.pjsua_step import Step
from sipbot.sip.pjsua_wait import Wait
from sipbot.sip.stack import StackSettings
from sipbot.stdout import muted_stdout

LEAVE_LIMIT_S = 1.0
"""A registrar on a working trunk answers well within it; a parent waits 2 s for an agent's end."""

STEPS = 10
"""Reads, as many as ``libHandleEvents`` does (``PJSIP_MAX_NET_EVENTS``), before what is due."""

SOON_S = 0.01
"""Between two looks at what pjmedia's clock thread is about to do and tells nobody: half a tick."""

TIMERS_MS = (200, 800, 5000, 3700)
"""T1, T2, T4, TD of RFC 3261 section 17.  An answer that gets no ACK, and then the BYE that gets no
answer, are given up after TD each; with the RFC's 32 s four such callers would block an agent for a
minute.  In 3.7 s a message is sent six times (at 0, 0.2, 0.6, 1.4, 2.2 and 3 s): where every tenth
packet is lost each way, one call in twenty thousand finds no ACK."""


class StackListener(Listener, Protocol):
    """What the owner of a stack hears, of callers too; all of it inside `Stack.poll`."""

    def invited(self, line_id: int, account: str, raw: str, source: str) -> None:
        """An INVITE arrived; `Stack.take` must be called for `line_id` at once."""

    def rejected(self, raw: str, source: str, code: int) -> None:
        """The library refused an INVITE before our code saw it."""

    def registered(self, account: str, code: int, reason: str, expires_s: int) -> None:
        """A registration changed."""

    def fault(self, call: str, problem: str) -> None:
        """An exception inside a callback: the call it belongs to may be in an unknown state."""


class _Account(pj.Account):  # type: ignore[misc]  # the wheel ships no types
    def __init__(self, stack: "Stack", name: str) -> None:
        super().__init__()
        self._stack = stack
        self._name = name
        self.is_bound = False
        """Whether a registrar sends us calls."""

    # Stack thread, inside Stack.poll.
    def onIncomingCall(self, prm: Any) -> None:
        with self._stack.guard(""):
            raw, source = clean(prm.rdata.wholeMsg), prm.rdata.srcAddress
            self._stack.listener.invited(prm.callId, self._name, raw, source)

    # Stack thread, inside Stack.poll.
    def onRegState(self, prm: Any) -> None:
        expires_s = max(prm.expiration, 0)
        self.is_bound = prm.code // 100 == 2 and expires_s > 0
        with self._stack.guard(""):
            self._stack.listener.registered(self._name, prm.code, clean(prm.reason), expires_s)


class _Endpoint(pj.Endpoint):  # type: ignore[misc]  # the wheel ships no types
    stack: "Stack"

    # Stack thread, inside Stack.poll.
    def onRejectedIncomingCall(self, prm: Any) -> None:
        if (
            prm.statusCode != pj.PJSIP_SC_BUSY_HERE
        ):  # with no place for a call, the library makes no sockets for it
            self.stack.crowd.left()
        with self.stack.guard(""):
            self.stack.listener.rejected(
                clean(prm.rdata.wholeMsg), prm.rdata.srcAddress, prm.statusCode
            )


class _Guard:
    """Carries an exception out of a C callback, where SWIG would print and forget it."""

    def __init__(self, stack: "Stack", call: str) -> None:
        self._stack, self._call = stack, call

    def __enter__(self) -> None:
        return None

    def __exit__(self, _type: object, error: BaseException | None, _trace: object) -> bool:
        if isinstance(error, Exception):
            # pjsua2's own errors are empty as text
            words = error.info() if isinstance(error, pj.Error) else str(error)
            self._stack.listener.fault(self._call, f"{type(error).__name__}: {words}")
            return True
        return False


class Stack:
    """The SIP endpoint of this process."""

    def __init__(self, settings: StackSettings, listener: StackListener) -> None:
        self.listener = listener
        self.on_queued: Callable[[list[tuple[str, str]], int], None] | None = None
        """Called with INVITEs before the library sees them, text and source, and with `free`."""
        self.prompts = Prompts()
        self.media_allow = tuple(map(IPv4Network, settings.media_allow))
        self.lines: dict[str, Line] = {}
        self.crowd = Crowd(lambda: open_calls(settings))
        self._accounts: dict[str, _Account] = {}
        self._closing = Closing(self.guard)
        self._flush_at = 0.0
        self._leaving: list[Line] = []
        self._left: list[Line] = []
        self._refused: list[tuple[Line, int, int]] = []
        self._settings = settings
        self._endpoint = _Endpoint()
        self._endpoint.stack = self
        self._start()

    def guard(self, call: str) -> _Guard:
        """Return a context that reports an exception as a fault of `call`."""
        return _Guard(self, call)

    @property
    def version(self) -> str:
        """The version of pjsip that is linked into the wheel."""
        return str(self._endpoint.libVersion().full)

    @property
    def address(self) -> str:
        """``host:port`` the transport is bound to."""
        return str(self._endpoint.transportGetInfo(self._transport).localName)

    def take(self, line_id: int, account: str, call: str, source: str) -> Line:
        """Give an INVITE from `source` (``address:port``) its call id and keep it alive."""
        line = Line(self, self.listener, self._accounts[account], call, line_id)
        line.source = source
        self.lines[call] = line
        return line

    @property
    def free(self) -> int:
        """How many more calls the library has a place for."""
        lines = (*self.lines.values(), *self._left)
        return self._settings.lines - sum(bool(line.isActive()) for line in lines)

    def place(
        self,
        call: str,
        uri: str,
        headers: dict[str, str],
        *,
        account: str = "",
        from_: str = "",
        listener: Listener | None = None,
    ) -> Line:
        """Send an INVITE to `uri`.

        Args:
            call: names the call; not one of `lines`.
            uri: whom to call; checked, for it ends up in a header.
            headers: further headers of the INVITE; checked likewise.
            account: whose digest and address are used; empty for the agent's own.
            from_: name-addr of From; empty for the account's.
            listener: who hears of this call; the stack's own when None.

        Raises:
            CallError: the library cannot make the call.
        """
        line = Line(
            self, listener or self.listener, self._accounts[account], call, pj.PJSUA_INVALID_ID
        )
        op = pj.CallOpParam(True)
        op.opt.audioCount, op.opt.videoCount = 1, 0
        op.txOption.localUri = from_
        for name, value in headers.items():
            header = pj.SipHeader()
            header.hName, header.hValue = name, value
            op.txOption.headers.append(header)
        self.lines[call] = line  # first: `makeCall` may tell of the call's end already
        try:
            line.makeCall(uri, op)
        except pj.Error as error:
            del self.lines[call]
            raise CallError(f"cannot call {uri}: {error.reason}") from error
        return line

    def poll(self, limit_ms: int) -> frozenset[int]:
        """Wait for `limit_ms` at most, then handle SIP events and what is due by the clock.

        Timers of pjsip and keys that came as audio are late by `limit_ms` at most; SIP is not.

        Returns:
            Which descriptors of `waiting` there is something to read from.
        """
        ready = self.waiting.until(min(limit_ms / 1000, self._due_in_s(time.monotonic())))
        self._look(ready)
        self._names.tell()
        self._handle_events()
        refused, self._refused = self._refused, []
        for line, code, retry_after_s in refused:
            with self.guard(line.call):
                line.end(code, retry_after_s=retry_after_s)
        now = time.monotonic()
        self._flush(now)
        for line in list(self.lines.values()):
            with self.guard(line.call):
                self._tick(line, now)
        self._closing.finish(now)
        for line in [one for one in self._leaving if one not in self._closing]:
            self._leaving.remove(line)
            self.lines.pop(line.call, None)
            self._left.append(line)
            assert line.gone is not None
            with self.guard(line.call):
                line.listener.ended(line, *line.gone)
        # A Call that is freed hangs up whatever call has its place in the library by then
        # (measured: 603 to the next caller), so it is kept until that place is empty.
        self._left = [line for line in self._left if line.isActive()]
        return ready

    def _handle_events(self) -> None:
        """Let the library work, a step at a time, while it has room for who may come."""
        for step in range(STEPS):
            if self.crowd.is_full(self._inside, time.monotonic()):
                if step == 0:  # no timers: they would repeat answers whose ACK we do not read
                    time.sleep(SOON_S)  # audio goes on; `until` would return at once
                    return
                break
            if not self._step.read():
                break
        self._step.do_due()

    @property
    def _inside(self) -> int:
        return sum(line.gone is None for line in self.lines.values())

    def _look(self, ready: frozenset[int]) -> None:
        """Tell what waits to be answered; with a place for each the library refuses none."""
        if self.on_queued is None:
            return
        with self.guard(""):
            packets = [
                (clean(packet.decode(errors="surrogateescape")), source)
                for packet, source in self.waiting.queued(ready)
                if packet.startswith(b"INVITE ")
            ]
            if packets:
                self.on_queued(packets, self.free)

    def _due_in_s(self, now: float) -> float:
        """Return how long nothing has to be done by the clock; below 0 when it is late."""
        if self._closing or self._leaving or self._refused or self._names.waiting:
            return SOON_S
        due_at = math.inf
        for line in self.lines.values():
            if line.recording:
                due_at = min(due_at, self._flush_at)
            if line.playing is not None:
                due_at = min(due_at, max(line.playing.ends_at, now + SOON_S))
        return due_at - now

    def _flush(self, now: float) -> None:
        """Which file was refused is not told, so none that is open counts as whole."""
        open_ones = [line for line in self.lines.values() if line.recording or line.closing]
        if not open_ones or now < self._flush_at:
            return
        self._flush_at = now + FLUSH_EVERY_S
        if not flush():
            for line in open_ones:
                line.whole = False

    def _tick(self, line: Line, now: float) -> None:
        line.check_media(now)
        prompt = line.playing
        if prompt is not None and line.prompt_is_over(now):
            line.stop_playing()
            line.listener.prompt_ended(line, prompt.wav)

    def refuse(self, line: Line, code: int, retry_after_s: int = 0) -> None:
        """End a call whose INVITE has just arrived, or may have, once its callback is over.

        Inside it, one that carries no SDP ends the process: the library frees the message twice
        (`pjsip_rx_data_free_cloned: Assertion 'rdata' failed`, measured with 2.15.1).
        """
        self._refused.append((line, code, retry_after_s))

    def closing(self, line: Line, path: str, recorder: Recorder) -> None:
        """Remember a recording whose header is about to be written."""
        self._closing.add(line, path, recorder)

    def leaving(self, line: Line) -> None:
        """Remember a call that is over; `ended` is told after its recording is closed."""
        self._leaving.append(line)
        self.crowd.left()

    def close(self) -> None:
        """Unregister and hang up, so that nobody rings a number that is not there."""
        self._endpoint.hangupAllCalls()
        bound = [one for one in self._accounts.values() if one.is_bound]
        for account in bound:
            with self.guard(""):
                account.setRegistration(False)
        until = time.monotonic() + LEAVE_LIMIT_S
        while (self.lines or any(one.is_bound for one in bound)) and time.monotonic() < until:
            self.poll(20)
        for account in self._accounts.values():
            account.shutdown()

    # -- set-up ---------------------------------------------------------------------------------

    def _start(self) -> None:
        settings = self._settings
        with muted_stdout():
            self._endpoint.libCreate()
            self._endpoint.libInit(endpoint_config(settings))
        self._names = Names(self.guard)
        self._endpoint.audDevManager().setNullDev()
        transport = pj.TransportConfig()
        transport.boundAddress, transport.port = settings.address, settings.port
        # the edge reaches us where we are; only audio comes from elsewhere
        transport.publicAddress = "" if settings.edge else settings.public_address
        try:
            self._transport = self._endpoint.transportCreate(pj.PJSIP_TRANSPORT_UDP, transport)
        except pj.Error as error:
            raise ChildStartError(
                f"cannot listen on {settings.address}:{settings.port}/udp: {error.reason}. Is "
                "another program there, and is it an address of this machine? See sip.address and "
                "sip.port in config.toml"
            ) from error
        self.waiting = Wait(int(self.address.rpartition(":")[2]))
        set_timers = ctypes.CDLL(_pjsua2.__file__).pjsip_tsx_set_timers
        set_timers(*(ctypes.c_uint(value) for value in TIMERS_MS))
        self._endpoint.libStart()
        self._step = Step()
        drop_invites_while(lambda: self.crowd.has_no_room(self._inside, time.monotonic()))
        self._allow_only_g711()
        self._accounts[""] = self._local_account()
        for account in settings.accounts:
            config = account_with_digest(settings, account)
            self._accounts[account.name] = _Account(self, account.name)
            self._accounts[account.name].create(config)

    def _allow_only_g711(self) -> None:
        """Speex, iLBC and the rest have known memory errors in 2.15.1 and no use on a trunk."""
        for codec in self._endpoint.codecEnum2():
            wanted = codec.codecId.startswith(("PCMU/", "PCMA/"))
            self._endpoint.codecSetPriority(codec.codecId, 128 if wanted else 0)

    def _local_account(self) -> _Account:
        account = _Account(self, "")
        identity = self._settings.identity or f"sip:sipbot@{self.address}"
        account.create(account_config(self._settings, identity), True)
        return account
