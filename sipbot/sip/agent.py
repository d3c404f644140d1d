"""The agent: a child program that answers up to four calls and does as its parent says.

One thread, one loop: poll pjsua2, read commands from a Unix socket, look at the clock.  The socket
outlives the parent on purpose.  When the parent dies the agent lets the callers on the line finish
by itself (`LoneCall`) and exits; a new parent that comes while it still has callers connects to the
same socket, is told which calls those are, and may offer new ones at once.

Started as ``python -m sipbot.sip.agent SOCKET`` with `AgentSettings` as one JSON line on standard
input: passwords must not be seen in a process list.
"""

import contextlib
import gc
import ipaddress
import os
import signal
import socket
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import uuid6

from sipbot.errors import ChildStartError, SipbotError, WireError
from sipbot.lines import encode
from sipbot.records import CallOffer, EndedBy
from sipbot.sip import wire
from sipbot.sip.headers import content_type, read_offer
from sipbot.sip.lone import LoneCall
from sipbot.sip.pjsua import Stack
from sipbot.sip.pjsua_call import Line
from sipbot.sip.stack import LINES, AgentSettings, untold_file
from sipbot.sip.untold import Untold

POLL_MS = 10
"""Longest wait for a SIP event, and thus for a command.  Measured: below 2 % of a core."""

PARENT_LIMIT_S = 30.0
"""An agent whose parent never comes must not keep the port; a parent gives up after 10 s."""

BACKLOG_BYTES = 1 << 20
"""Events a parent may leave unread (a stopped parent) before it counts as dead."""

_REJECTED_AS = {486: "capacity", 503: "capacity", 415: "body", 603: "replaces", 481: "replaces"}
"""The library's final response → `wire.Refused.why`: 486 is its word for "all lines busy", 603 is
ours for a takeover and 481 says that there was nothing to take over (RFC 3891 section 3)."""


class Agent:
    """Ties the stack to the parent; every method runs on the one thread of this program."""

    def __init__(self, settings: AgentSettings, socket_path: Path) -> None:
        self._allow = [ipaddress.ip_network(network) for network in settings.allow]
        self._fingerprint = settings.fingerprint
        self._socket_path = socket_path
        self._parent: socket.socket | None = None
        self._unread = b""
        self._unsent = b""
        self._plans: dict[str, wire.Alone] = {}
        self._recorded: set[str] = set()
        self._finished: set[str] = set()
        """Their callers pressed the finish key; a parent that hangs may die without knowing."""
        self._alone: dict[str, LoneCall] = {}
        self._registered: dict[str, wire.Registered] = {}
        self._offers: dict[str, CallOffer] = {}
        """Offered, and not yet answered."""
        self._untold = Untold(untold_file(socket_path))
        self._backlog_bytes = BACKLOG_BYTES
        self._draining = False
        self._door = _listen(socket_path)
        # Only then the SIP port: an INVITE that comes before the parent would have to be refused.
        parent = _first_parent(self._door)
        self.stack = Stack(settings.stack, self)
        self._greet(parent)

    def run(self) -> None:
        """Serve until the parent is gone, or has sent `Drain`, and the last caller has hung up."""
        while not self._done():
            self.stack.poll(POLL_MS)
            self._meet_parent()
            self._read_commands()
            self._send_events()
            self._tick()
        self._untold.leave()
        self._socket_path.unlink(missing_ok=True)
        self.stack.close()

    def _tick(self) -> None:
        """Give the lone calls the time.

        Not in `run`, whose variables live on: a line that ended is freed when its last name goes,
        pjsua2 then hangs up whatever call has its number, and that is another caller's by then.
        """
        now = time.monotonic()
        for one in list(self._alone.values()):
            with self.stack.guard(one.call):
                one.tick(now)

    def _done(self) -> bool:
        return (self._draining or self._parent is None) and not self.stack.lines

    # -- what the stack says (Listener): inside Stack.poll --------------------------------------

    def invited(self, line_id: int, account: str, raw: str, source: str) -> None:
        """Offer the call to the parent, or refuse what needs no decision."""
        offer = _offer(raw, source)
        line = self.stack.take(line_id, account, offer.call)
        why, code = self._refusal(offer, content_type(raw))
        if why:
            line.end(code, retry_after_s=5 if code == 503 else 0)
            self._emit(wire.Refused(offer=offer, code=code, why=why), keep=True)
        else:
            self._offers[offer.call] = offer
            self._emit(wire.Offered(offer=offer))

    def rejected(self, raw: str, source: str, code: int) -> None:
        """Report what the library refused by itself, or because we declined a takeover."""
        why = _REJECTED_AS.get(code, "media")
        if not self._allowed(source):
            why = "source"
        self._emit(wire.Refused(offer=_offer(raw, source), code=code, why=why), keep=True)

    def refused_takeover(self, line: Line, method: str, raw: str, source: str) -> None:
        """Report a refused transfer or takeover; of the INVITE itself `rejected` is told."""
        self._emit(wire.Refer(call=line.call, method=method))

    def progressed(self, line: Line, code: int, reason: str) -> None:
        """Agents place no calls."""

    def answered(self, line: Line) -> None:
        """Tell the parent that the caller can hear us."""
        self._emit(wire.Answered(call=line.call))

    def media_failed(self, line: Line, problem: str) -> None:
        """Tell the parent that the caller cannot hear us."""
        self._emit(wire.MediaFailed(call=line.call, problem=problem))

    def prompt_ended(self, line: Line, wav: str) -> None:
        """Tell the parent, or go on alone."""
        if line.call in self._alone:
            self._alone[line.call].prompt_ended(wav)
        else:
            self._emit(wire.PromptEnded(call=line.call, wav=wav))

    def key(self, line: Line, key: str, method: str) -> None:
        """Tell the parent, or go on alone."""
        if line.call in self._alone:
            self._alone[line.call].key(key)
        else:
            self._emit(wire.Key(call=line.call, key=key, method=method))
            plan = self._plans.get(line.call)
            if plan is not None and key == plan.finish_key and line.recording:
                self._finished.add(line.call)

    def recording_closed(self, line: Line, path: str, audio_bytes: int) -> None:
        """Tell the parent; alone, thank the caller."""
        self._recorded.add(line.call)
        self._emit(
            wire.RecordingClosed(
                call=line.call, path=path, audio_bytes=audio_bytes, recorded_s=line.recorded_s
            )
        )
        if line.call in self._alone:
            self._alone[line.call].recording_closed(audio_bytes)

    def ended(self, line: Line, code: int, reason: str) -> None:
        """Tell the parent and forget the call."""
        by = EndedBy.SIPBOT if line.hung_up_here else EndedBy.CALLER
        self._alone.pop(line.call, None)
        offer = self._offers.pop(line.call, None)
        was_answered = self._plans.pop(line.call, None) is not None
        self._recorded.discard(line.call)
        self._finished.discard(line.call)
        final = 200 if line.confirmed else code  # the INVITE's final response, not the BYE's cause
        event = wire.Ended(
            call=line.call, by=by, code=final, reason=reason, answered=line.confirmed
        )
        self._emit(event, keep=was_answered)
        if offer is not None:  # its parent was offered it, and may die before it has a row
            self._untold.told(wire.Refused(offer=offer, code=final, why="draining"))

    def registered(self, account: str, code: int, reason: str, expires_s: int) -> None:
        """Tell the parent, and keep it for one that comes later: a registrar may be faster."""
        event = wire.Registered(account=account, code=code, reason=reason, expires_s=expires_s)
        self._registered[account] = event
        self._emit(event)

    def fault(self, call: str, problem: str) -> None:
        """Tell the parent and end the call: its state is not known any more."""
        if self._parent is None:
            sys.stderr.write(f"call {call}: {problem}\n")
        self._emit(wire.Fault(call=call, problem=problem))
        line = self.stack.lines.get(call)
        if line is not None:
            line.end(500)

    # -- the parent -----------------------------------------------------------------------------

    def _meet_parent(self) -> None:
        with contextlib.suppress(BlockingIOError):
            parent, _ = self._door.accept()
            self._lose_parent()
            self._greet(parent)

    def _greet(self, parent: socket.socket) -> None:
        """Tell a parent who we are, and what happened while nobody listened."""
        parent.setblocking(False)  # noqa: FBT003 - the library's signature
        self._parent = parent
        self._draining = False  # that was the earlier parent's wish
        hello = wire.Hello(
            pid=os.getpid(),
            pjsip=self.stack.version,
            address=self.stack.address,
            lines=LINES,
            fingerprint=self._fingerprint,
            calls=(*self._alone, *self._untold.ended),
        )
        told = (hello, *self._registered.values(), *self._untold.take())
        self._unsent = b"".join(map(encode, told))
        self._backlog_bytes = len(self._unsent) + BACKLOG_BYTES

    def _lose_parent(self) -> None:
        """Go on alone with the callers who are being served; refuse those who only hear ringing."""
        if self._parent is None:
            return
        self._parent.close()
        self._parent, self._unread, self._unsent = None, b"", b""
        self._untold.parent_died()
        for call, line in list(self.stack.lines.items()):
            plan, offer = self._plans.get(call), self._offers.pop(call, None)
            if plan is None:
                code, _ = line.gone or (503, "")
                # a trunk tries again well within a caller's patience
                line.end(503, retry_after_s=5)
                if offer is not None:  # the parent may have died before it had a row
                    self._emit(wire.Refused(offer=offer, code=code, why="draining"), keep=True)
            elif call not in self._alone and line.gone is None:
                one = self._alone[call] = LoneCall(line, plan, recorded=call in self._recorded)
                with self.stack.guard(call):
                    one.begin()
                    if call in self._finished:
                        one.key(plan.finish_key)

    def _read_commands(self) -> None:
        if self._parent is None:
            return
        with contextlib.suppress(BlockingIOError, InterruptedError):
            try:
                data = self._parent.recv(1 << 16)
            except ConnectionError:
                data = b""
            if not data:
                self._lose_parent()
                return
            *lines, self._unread = (self._unread + data).split(b"\n")
            for line in lines:
                self._obey(line)

    def _obey(self, line: bytes) -> None:
        try:
            command = wire.commands.decode(line)
        except WireError as error:
            self._emit(wire.Fault(problem=str(error)))
            self._lose_parent()  # a parent that cannot be understood is no parent
            return
        match command:
            case wire.Ping(n=n):
                self._emit(wire.Pong(n=n, calls=len(self.stack.lines), rss_bytes=_rss_bytes()))
            case wire.Drain():
                self._draining = True
            case wire.Written(call=call):
                self._untold.written(call)
            case _:
                self._obey_for_call(command)

    def _obey_for_call(self, command: wire.Command) -> None:
        call = getattr(command, "call", "")
        target = self.stack.lines.get(call)
        if target is None or target.gone is not None or call in self._alone:
            return  # the caller hung up while the command was on its way
        with self.stack.guard(call):
            match command:
                case wire.Ring():
                    target.respond(180)
                case wire.Answer(alone=plan):
                    self._plans[call] = plan
                    self._offers.pop(call, None)
                    target.respond(200)
                case wire.Play(wav=wav):
                    target.play(wav)
                case wire.StopPlaying():
                    target.stop_playing()
                case wire.Record(path=path):
                    target.record(path)
                case wire.StopRecording():
                    target.stop_recording()
                case wire.Transfer():
                    # RFC 3261 section 21.5.2: this agent places no calls; the script goes on
                    reason = "this agent places no calls"
                    self._emit(wire.TransferFailed(call=call, code=501, reason=reason))
                case wire.HangUp(code=code):
                    target.end(code)
                case wire.Refuse(code=code, reason=reason, retry_after_s=retry_after_s):
                    target.end(code, reason, retry_after_s)

    def _emit(self, event: wire.Event, *, keep: bool = False) -> None:
        """Tell the parent; what is to be kept is told to the next one too."""
        if keep:
            assert isinstance(event, wire.Refused | wire.Ended)
            (self._untold.add if self._parent is None else self._untold.told)(event)
        if self._parent is not None:
            self._unsent += encode(event)
            self._send_events()

    def _send_events(self) -> None:
        if self._parent is None or not self._unsent:
            return
        try:
            self._unsent = self._unsent[self._parent.send(self._unsent) :]
        except BlockingIOError:
            if len(self._unsent) > self._backlog_bytes:
                self._lose_parent()
        except ConnectionError:
            self._lose_parent()

    # -- decisions that need no dialplan --------------------------------------------------------

    def _refusal(self, offer: CallOffer, body: str) -> tuple[str, int]:
        if not self._allowed(offer.source):
            return "source", 403
        if body not in {"", "application/sdp"}:
            return "body", 415
        if self._parent is None or self._draining:
            return "draining", 503
        return "", 0

    def _allowed(self, source: str) -> bool:
        host = source.rpartition(":")[0].strip("[]")
        address = ipaddress.ip_address(host)
        return any(address in network for network in self._allow)


def _offer(raw: str, source: str) -> CallOffer:
    call = str(uuid6.uuid7())
    return read_offer(raw, call=call, received_at=datetime.now(UTC), source=source)


def _listen(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)
    door = socket.socket(socket.AF_UNIX)
    door.bind(str(path))
    path.chmod(0o600)
    door.listen(16)  # parents that died while this agent hung wait in the same queue
    return door


def _first_parent(door: socket.socket) -> socket.socket:
    """Wait for the parent that started us.

    Raises:
        ChildStartError: none came.
    """
    door.settimeout(PARENT_LIMIT_S)
    try:
        parent, _ = door.accept()
    except TimeoutError as error:
        raise ChildStartError(
            f"no parent came within {PARENT_LIMIT_S:g} s; agents are started by sipbot run"
        ) from error
    door.setblocking(False)  # noqa: FBT003 - the library's signature
    return parent


def _rss_bytes() -> int:
    fields = Path("/proc/self/statm").read_text(encoding="ascii").split()
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    """Run an agent; see the module's docstring."""
    settings = msgspec.json.decode(sys.stdin.buffer.readline(), type=AgentSettings)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, who then says Drain
    gc.disable()  # a collected pjsua2 object may die at a bad moment (pjproject, general concepts)
    try:
        agent = Agent(settings, Path(sys.argv[1]))
    except SipbotError as error:
        sys.stderr.write(f"{error}\n")
        os._exit(1)
    agent.run()
    os._exit(0)  # pjsua2's destructors after the library is gone abort the process (measured)


if __name__ == "__main__":
    main()
