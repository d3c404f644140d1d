"""The agent: a child program that answers up to four calls and does as its parent says.

One thread, one loop: wait for SIP or a command on a Unix socket, look at the clock.  The socket
outlives the parent on purpose.  When the parent dies the agent lets the callers on the line finish
by itself (`LoneCall`) and exits; a new parent that comes while it still has callers connects to the
same socket, is told which calls those are, and may offer new ones at once.

Started as ``python -m sipbot.sip.agent SOCKET`` with `AgentSettings` as one JSON line on standard
input: passwords must not be seen in a process list.
"""

import contextlib
import gc
import os
import signal
import socket
import sys
import time
from pathlib import Path

import msgspec

from sipbot.errors import SipbotError, WireError
from sipbot.lines import encode
from sipbot.records import CallOffer
from sipbot.sip import door, stderr, telling, wire
from sipbot.sip.asked import BUSY, Asked
from sipbot.sip.call_back import CallBack, CallsBack
from sipbot.sip.gate import Gate
from sipbot.sip.lone import LoneCall
from sipbot.sip.memory import rss_bytes
from sipbot.sip.on_call import OnCall
from sipbot.sip.on_call_wire import CallOnCall
from sipbot.sip.pjsua import Stack
from sipbot.sip.pjsua_call import Line
from sipbot.sip.rtp_ports import FreshPorts
from sipbot.sip.sequels import Sequels
from sipbot.sip.stack import AgentSettings, asked_file, untold_file
from sipbot.sip.transfer import Transfer, Transfers
from sipbot.sip.untold import Kept, Untold

POLL_MS = 60
"""Longest wait while nothing is to be done: a key that came as audio is told so late at most."""

TICK_MS = 10
"""The same while the agent itself leads a call, or has something to tell that did not go out."""

BACKLOG_BYTES = 1 << 20
"""Events a parent may leave unread (a stopped parent) before it counts as dead."""


class Agent:
    """Ties the stack to the parent; every method runs on the one thread of this program."""

    def __init__(self, settings: AgentSettings, socket_path: Path) -> None:
        self._gate = Gate(settings.allow, settings.stack.edge)
        self._settings = settings
        self._socket_path = socket_path
        self._parent: socket.socket | None = None
        self._unread, self._unsent = b"", b""
        self._plans: dict[str, wire.Alone] = {}
        self._recorded: set[str] = set()
        self._finished: set[str] = set()
        """Their callers pressed the finish key, and no command has come since: a parent that hangs
        may die without knowing."""
        self._alone: dict[str, LoneCall] = {}
        self._transfers = Transfers()
        self._sequels = Sequels()
        self._registered: dict[str, wire.Registered] = {}
        self._offers: dict[str, CallOffer] = {}
        """Offered, and not yet answered."""
        self._untold = Untold(untold_file(socket_path))
        self._asked = Asked(asked_file(socket_path), self._gate, time.monotonic())
        self._backlog_bytes, self._draining = BACKLOG_BYTES, False
        self._door = door.listen(socket_path)
        # Only then the SIP port: an INVITE that comes before the parent would have to be refused.
        parent = door.first_parent(self._door)
        self._ports = FreshPorts(settings.stack, socket_path)
        self.stack = Stack(self._ports.stack, self)
        self.stack.on_queued = None if self._gate.is_left_to_edge(BUSY) else self._asked.queued
        self.stack.waiting.add(self._door.fileno())
        # The end of each is kept: it may be told to a parent that dies.
        self._calls_back = CallsBack(
            self.stack,
            settings.stack,
            lambda event: self._emit(event, keep=isinstance(event, Kept)),
        )
        self._greet(parent)

    def run(self) -> None:
        """Serve until the parent is gone, or has sent `Drain`, and the last caller has hung up."""
        while not self._done():
            ready = self.stack.poll(TICK_MS if self._led() or self._unsent else POLL_MS)
            self._read_commands(ready)
            self._meet_parent(ready)
            self._send_events()
            self._tick()
        self._socket_path.unlink(missing_ok=True)
        self.stack.close()
        self._untold.leave()  # last: while it unregisters, calls may come and are refused

    def _led(self) -> tuple[tuple[str, LoneCall | Transfer | CallBack | OnCall], ...]:
        return (*self._alone.items(), *self._transfers.all(), *self._calls_back.all())

    def _tick(self) -> None:
        """Give the lone calls, the transfers and the calls back the time.

        Not in `run`, whose variables live on: a line that ended is freed when its last name goes,
        pjsua2 then hangs up whatever call has its number, and that is another caller's by then.
        """
        now = time.monotonic()
        for call, one in self._led():
            with self.stack.guard(call):
                one.tick(now)
        for refused in self._asked.due(now):
            self._emit(refused, keep=True)
        if self._parent is not None and not self._unsent:
            self._asked.told()

    def _done(self) -> bool:
        left = self.stack.lines or self._calls_back.going()  # one that is looked up has no line yet
        return (self._draining or self._parent is None) and not left

    # -- what the stack says (Listener): inside Stack.poll --------------------------------------

    def invited(self, line_id: int, account: str, raw: str, source: str) -> None:
        """Offer the call to the parent, or refuse what needs no decision."""
        offer, why, code = self._gate.look(raw, source)
        line = self.stack.take(line_id, account, offer.call, offer.source)
        with self.stack.guard(line.call):  # a fault from here on ends the call, and is told as its
            self._look_at(line, offer, raw, why, code)

    def _look_at(self, line: Line, offer: CallOffer, raw: str, why: str, code: int) -> None:
        self._ports.used()
        if self._asked.was_refused(raw):  # a copy, and a line is free by now: it has its row
            self.stack.refuse(line, BUSY)
            return
        self._asked.offered(raw)
        if not why and (self._parent is None or self._draining):
            why, code = "draining", self._gate.busy
        if why:
            self.stack.refuse(line, code, retry_after_s=5 if code == 503 else 0)
            if not self._gate.is_left_to_edge(code):
                self._emit(wire.Refused(offer=offer, code=code, why=why), keep=True)
        else:
            self._offers[offer.call] = offer
            self._emit(wire.Offered(offer=offer))

    def rejected(self, raw: str, source: str, code: int) -> None:
        """Report what the library refused by itself, or because we declined a takeover."""
        if (refused := self._asked.refused(raw, source, code)) is not None:
            self._emit(refused, keep=True)

    def refused_takeover(self, line: Line, method: str, raw: str, source: str) -> None:
        """Report a refused transfer or takeover; of the INVITE itself `rejected` is told."""
        self._emit(wire.Refer(call=line.call, method=method))

    def progressed(self, line: Line, code: int, reason: str) -> None:
        """Of a caller nothing progresses; the calls to persons are heard by `Transfer`."""

    def answered(self, line: Line) -> None:
        """Begin what comes with the answer, and tell the parent that the caller can hear us."""
        self._emit(wire.Answered(call=line.call, begun=self._sequels.go_on(line)))

    def media_failed(self, line: Line, problem: str) -> None:
        """Tell the parent that the caller cannot hear us."""
        self._emit(wire.MediaFailed(call=line.call, problem=problem))

    def prompt_ended(self, line: Line, wav: str) -> None:
        """Tell the parent, go on alone, or let the caller hear another ringing tone."""
        transfer = self._transfers.waiting(line.call)
        if transfer is not None:
            transfer.ring_again()
        elif line.call in self._alone:
            self._alone[line.call].prompt_ended(wav)
        else:
            self._emit(wire.PromptEnded(call=line.call, wav=wav, begun=self._sequels.go_on(line)))

    def key(self, line: Line, key: str, method: str) -> None:
        """Tell the parent, or go on alone."""
        if line.call in self._alone:
            self._alone[line.call].key(key)
        else:
            self._sequels.forget(line.call)  # the parent knows what the key means
            plan = self._plans.get(line.call)
            if plan is not None and key == plan.finish_key and line.recording:
                self._finished.add(line.call)  # first: the parent may be found dead by telling it
            self._emit(wire.Key(call=line.call, key=key, method=method))

    def recording_closed(self, line: Line, path: str, audio_bytes: int) -> None:
        """Tell the parent; alone, thank the caller."""
        self._recorded.add(line.call)
        self._emit(telling.closed(line, path, audio_bytes))
        if line.call in self._alone:
            self._alone[line.call].recording_closed(audio_bytes)

    def ended(self, line: Line, code: int, reason: str) -> None:
        """Tell the parent and forget the call."""
        self._alone.pop(line.call, None)
        self._sequels.forget(line.call)
        transfer = self._transfers.cancel(line.call)
        offer = self._offers.pop(line.call, None)
        was_answered = self._plans.pop(line.call, None) is not None
        self._recorded.discard(line.call)
        self._finished.discard(line.call)
        transferred = transfer is not None and transfer.connected
        event = telling.over(line, code, reason, transferred=transferred)
        if offer is not None:  # its parent was offered it, and may die before it has a row
            self._untold.told(wire.Refused(offer=offer, code=event.code, why="draining"))
        self._emit(event, keep=was_answered)

    def registered(self, account: str, code: int, reason: str, expires_s: int) -> None:
        """Tell the parent, and keep it for one that comes later: a registrar may be faster."""
        event = wire.Registered(account=account, code=code, reason=reason, expires_s=expires_s)
        self._registered[account] = event
        self._emit(event)

    def fault(self, call: str, problem: str) -> None:
        """Tell the parent and end the call: its state is not known any more."""
        if self._parent is None:
            stderr.say(f"call {call}: {problem}")
        self._emit(wire.Fault(call=call, problem=problem))
        self._calls_back.fail(call, problem)
        line = self.stack.lines.get(call)
        if line is not None:
            self.stack.refuse(line, 500)  # its INVITE may still be in the library's hands

    # -- the parent -----------------------------------------------------------------------------

    def _meet_parent(self, ready: frozenset[int]) -> None:
        if self._door.fileno() in ready:
            with contextlib.suppress(BlockingIOError):
                parent = door.next_parent(self._door)
                self._lose_parent()
                self._greet(parent)

    def _greet(self, parent: socket.socket) -> None:
        """Tell a parent who we are, and what happened while nobody listened."""
        self._parent = parent
        self.stack.waiting.add(parent.fileno())
        self._draining = False  # that was the earlier parent's wish
        hello = wire.Hello(
            pid=os.getpid(),
            pjsip=self.stack.version,
            address=self.stack.address,
            lines=self._settings.stack.lines,
            fingerprint=self._settings.fingerprint,
            calls=(*self._plans, *self._untold.ended),  # one whose recording is closing too
            calls_back=(*self._calls_back.going(), *self._untold.calls_back),
        )
        told = (*self._registered.values(), *self._untold.take())
        self._unsent = b"".join(map(encode, (hello, *told)))
        self._backlog_bytes = len(self._unsent) + BACKLOG_BYTES

    def _lose_parent(self) -> None:
        """Go on alone with the callers who are being served; refuse those who only hear ringing.

        Callers who speak with a person are left to speak; those who wait for one leave a message.
        """
        if self._parent is None:
            return
        self.stack.waiting.remove(self._parent.fileno())
        self._parent.close()
        self._parent, self._unread, self._unsent = None, b"", b""
        self._untold.parent_died()
        self._sequels.forget_all()
        for call, line in list(self.stack.lines.items()):
            if line.listener is not self or call in self._transfers.connected():
                continue
            plan, offer = self._plans.get(call), self._offers.pop(call, None)
            if plan is None:
                code, _ = line.gone or (503, "")
                # Not at once: it may be the INVITE by whose offer we found the parent dead.
                self.stack.refuse(line, 503, retry_after_s=5)  # trunks try again: callers wait
                if offer is not None:  # the parent may have died before it had a row
                    self._emit(wire.Refused(offer=offer, code=code, why="draining"), keep=True)
            elif call not in self._alone and line.gone is None:
                self._transfers.cancel(call)
                one = self._alone[call] = LoneCall(line, plan, recorded=call in self._recorded)
                with self.stack.guard(call):
                    one.begin()
                    if call in self._finished:
                        one.key(plan.finish_key)

    def _read_commands(self, ready: frozenset[int]) -> None:
        if self._parent is None or self._parent.fileno() not in ready:
            return
        try:
            data = door.heard(self._parent)
        except BlockingIOError:
            return
        if not data:
            self._lose_parent()
            return
        *lines, self._unread = (self._unread + data).split(b"\n")
        parent = self._parent
        for line in lines:
            if self._parent is not parent:  # lost by the line before: what it says is nobody's
                return
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
                self._emit(wire.Pong(n=n, calls=len(self.stack.lines), rss_bytes=rss_bytes()))
            case wire.Drain():
                self._draining = True
            case wire.Written(call=call):
                self._untold.written(call)
            case wire.CallBack() | CallOnCall():
                self._calls_back.begin(command)
            case wire.HangUp(call=call) if self._calls_back.leave(call):
                pass
            case _:
                self._obey_for_call(command)

    def _obey_for_call(self, command: wire.Command) -> None:
        call = getattr(command, "call", "")
        target = self.stack.lines.get(call)
        if target is None or target.gone is not None or call in self._alone:
            return  # the caller hung up while the command was on its way
        self._finished.discard(call)
        self._sequels.forget(call)
        with self.stack.guard(call):
            match command:
                case wire.Ring():
                    target.respond(180)
                case wire.Answer(alone=plan, then=then):
                    self._sequels.plan(call, then)
                    self._plans[call] = plan
                    self._offers.pop(call, None)
                    target.respond(200)
                case wire.Play() | wire.Record() if self._transfers.stays(call):
                    pass
                case wire.Play(wav=wav, then=then):
                    self._sequels.plan(call, then)
                    self._sequels.play(target, wav, self._emit)
                case wire.StopPlaying():
                    target.stop_playing()
                case wire.Record(path=path):
                    self._sequels.record(target, path, self._emit)
                case wire.StopRecording():
                    self._sequels.stop_recording(target, self._emit)
                case wire.Transfer():
                    one = Transfer(self.stack, self._settings.stack, target, command, self._emit)
                    self._transfers.begin(call, one)
                case wire.HangUp(code=code):
                    target.end(code)
                case wire.Refuse(code=code, reason=reason, retry_after_s=retry_after_s):
                    target.end(code, reason, retry_after_s)

    def _emit(self, event: wire.Event, *, keep: bool = False) -> None:
        """Tell the parent; what is to be kept is told to the next one too."""
        if keep:
            assert isinstance(event, Kept)
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


def main() -> None:
    """Run an agent; see the module's docstring."""
    settings = msgspec.json.decode(sys.stdin.buffer.readline(), type=AgentSettings)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, who then says Drain
    gc.disable()  # a collected pjsua2 object may die at a bad moment (pjproject, general concepts)
    try:
        agent = Agent(settings, Path(sys.argv[1]))
    except SipbotError as error:
        stderr.say(str(error))
        os._exit(1)
    agent.run()
    os._exit(0)  # pjsua2's destructors after the library is gone abort the process (measured)


if __name__ == "__main__":
    main()
