"""One call as pjsua2 sees it: dialog, prompt, recorder, bridge to another call.

Everything here runs on the one thread of a child program that calls `Stack.poll`; pjsua2's
callbacks arrive inside it.
"""

import time
from contextlib import AbstractContextManager
from ipaddress import IPv4Network
from typing import Any, Protocol

import pjsua2 as pj

from sipbot.errors import CallError
from sipbot.sip import stderr
from sipbot.sip.headers import names_media
from sipbot.sip.pjsua_media import networks_of, only_from
from sipbot.sip.pjsua_players import Prompt, Prompts
from sipbot.sip.pjsua_recorder import Recorder

PROMPT_MARGIN_S = 0.06
"""Three frames: bridge connection, the frame being built, and the packet on its way."""

SENT_MARGIN_S = 0.04
"""Two frames of that: a prompt's first sample is sent so much later than it was told to."""

PROMPT_LATE_S = 5.0
"""How long a prompt whose time is over is waited for until all of it has been sent: pjmedia leaves
out the ticks of a clock that had no core for more than 0.5 s, and then the prompt ends later."""

SENT_BYTES_PER_S = 8000
"""G.711 (RFC 3551 section 4.5.14): the only codecs there are."""

MEDIA_LIMIT_S = 2.0
"""Audio starts within milliseconds of the ACK or not at all; callers wait no longer for a voice."""


class Listener(Protocol):
    """What the owner of a call hears; all of it inside `Stack.poll`, on the stack's thread."""

    def progressed(self, line: "Line", code: int, reason: str) -> None:
        """An outgoing call got a provisional response."""

    def answered(self, line: "Line") -> None:
        """The dialog is confirmed (ACK) and audio flows both ways."""

    def media_failed(self, line: "Line", problem: str) -> None:
        """The dialog is confirmed but there is no audio."""

    def prompt_ended(self, line: "Line", wav: str) -> None:
        """The prompt's last sample has been sent."""

    def key(self, line: "Line", key: str, method: str) -> None:
        """A DTMF key arrived."""

    def recording_closed(self, line: "Line", path: str, audio_bytes: int) -> None:
        """The recorder has closed its file."""

    def refused_takeover(self, line: "Line", method: str, raw: str, source: str) -> None:
        """A REFER or an INVITE with Replaces was answered 603, or a redirection not followed."""

    def ended(self, line: "Line", code: int, reason: str) -> None:
        """The dialog is over and its recording is closed."""


class Host(Protocol):
    """What a call needs of its stack."""

    prompts: Prompts
    media_allow: tuple[IPv4Network, ...]
    """Whose audio every call takes, beside that from where the call itself comes."""

    def guard(self, call: str) -> AbstractContextManager[None]:
        """Return a context that reports an exception as a fault of `call`."""

    def closing(self, line: "Line", path: str, recorder: Recorder) -> None:
        """Remember a recording whose header is about to be written."""

    def leaving(self, line: "Line") -> None:
        """Remember a call that is over."""


def clean(raw: str) -> str:
    """Make text from the wire safe to encode again: undecodable bytes become U+FFFD."""
    return raw.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


class Line(pj.Call):  # type: ignore[misc]  # the wheel ships no types
    """One call: its dialog, the prompt being played to it and the recording being made of it."""

    def __init__(
        self, host: Host, listener: Listener, account: pj.Account, call: str, pj_id: int
    ) -> None:
        super().__init__(account, pj_id)
        self.call = call
        self.listener = listener
        self.source = ""
        """``address:port`` its SIP came from; empty for a call that we place."""
        self.confirmed = False
        self.hung_up_here = False
        self.playing: Prompt | None = None
        self.begun: set[str] = set()
        """Every prompt that was to be played until now."""
        self._sent_before_s: float | None = None
        self.recording_path = ""
        self.recorded_s = 0.0
        """How long the last recorder was open."""
        self.whole = True
        """Whether the disk took all that was to be written of the last recording."""
        self.closing = False
        """Whether the recorder's last words are on their way to the disk."""
        self._recording_since = 0.0
        self._recorder: Recorder | None = None
        self._key_method = ""
        """How its first key came: some telephones send each key both ways, and mean one."""
        self.media: Any = None
        self._gone: tuple[int, str] | None = None
        self._told = False
        self._media_until = 0.0
        self.peer: Line | None = None
        self._host = host

    # -- what the owner asks for ---------------------------------------------------------------

    def respond(self, code: int) -> None:
        """Send a provisional response or the 200 that answers the call."""
        op = pj.CallOpParam(True)
        op.statusCode = code
        self.answer(op)

    def end(self, code: int, reason: str = "", retry_after_s: int = 0) -> None:
        """Send BYE, or `code` when the call was never answered."""
        if self._gone is not None:
            return
        self.hung_up_here = True
        op = pj.CallOpParam()
        op.statusCode = code
        op.reason = reason
        if retry_after_s:
            header = pj.SipHeader()
            header.hName, header.hValue = "Retry-After", str(retry_after_s)
            op.txOption.headers.append(header)
        try:
            self.hangup(op)
        except pj.Error as error:
            # Nothing is left to hang up (PJSIP_ESESSIONTERMINATED), and nobody may tell us so.
            self._leave(code, f"could not be hung up: {error.reason}")

    def play(self, wav: str) -> None:
        """Play `wav` from its beginning, instead of what is being played.

        Raises:
            PromptError: it cannot be played; now nothing is.
        """
        self.stop_playing()
        self.begun.add(wav)
        prompt = self._host.prompts.take(wav)
        self.playing = prompt
        prompt.ends_at = time.monotonic() + prompt.duration_s + PROMPT_MARGIN_S
        self._sent_before_s = self._sent_s()
        if self.media is not None:
            prompt.player.startTransmit(self.media)

    def stop_playing(self) -> None:
        """Stop the prompt, if one is being played."""
        prompt, self.playing = self.playing, None
        if prompt is None:
            return
        if self.media is not None:
            prompt.player.stopTransmit(self.media)
        self._host.prompts.give_back(prompt)

    def prompt_is_over(self, now: float) -> bool:
        """Whether the prompt's last sample has been sent, by the clock and by what was sent.

        Args:
            now: of the monotonic clock, in seconds.
        """
        prompt = self.playing
        if prompt is None or now < prompt.ends_at:
            return False
        before_s, sent_s = self._sent_before_s, self._sent_s()
        if before_s is None or sent_s is None or now >= prompt.ends_at + PROMPT_LATE_S:
            return True
        return not 0.0 <= sent_s - before_s < prompt.duration_s + SENT_MARGIN_S

    def record(self, path: str) -> None:
        """Write the caller's audio to a new WAV at `path`; the C recorder does the writing.

        Raises:
            CallError: the file cannot be made; nothing is recorded.
        """
        self._recorder, self.recording_path, self.whole = Recorder(path), path, True
        self._recording_since = time.monotonic()
        self._recorder.hear(self.media)

    def stop_recording(self) -> None:
        """Let the recorder write its header; `Listener.recording_closed` follows."""
        recorder, self._recorder = self._recorder, None
        if recorder is None:
            return
        self.recorded_s = time.monotonic() - self._recording_since
        self.closing = True
        self._host.closing(self, self.recording_path, recorder)  # first: closing it can fail
        recorder.close()

    def connect(self, other: "Line") -> None:
        """Let both sides hear each other, until one of them leaves."""
        self.peer, other.peer = other, self
        self._join()

    @property
    def recording(self) -> bool:
        """Whether a recorder is open."""
        return self._recorder is not None

    def packets(self) -> dict[str, int]:
        """RTP packets as the stream counted them; only while media is active (pjproject #3124)."""
        if self.media is None:
            return {}
        stat = self.getStreamStat(self._audio_index)
        rtcp = stat.rtcp
        return {
            "received": rtcp.rxStat.pkt,
            "lost": rtcp.rxStat.loss,
            "discarded": rtcp.rxStat.discard,
            "sent": rtcp.txStat.pkt,
        }

    def _sent_s(self) -> float | None:
        """Return how much audio the present stream has sent; None while there is no stream."""
        if self.media is None:
            return None
        try:
            sent_bytes = self.getStreamStat(self._audio_index).rtcp.txStat.bytes
        except pj.Error:  # the stream has just gone, and its call is about to
            return None
        return float(sent_bytes) / SENT_BYTES_PER_S

    # -- pjsua2 callbacks: stack thread, inside Stack.poll ---------------------------------

    # Stack thread, inside Stack.poll.
    def onCallState(self, prm: Any) -> None:
        with self._host.guard(self.call):
            info = self.getInfo()
            if info.state == pj.PJSIP_INV_STATE_EARLY and info.role == pj.PJSIP_ROLE_UAC:
                self.listener.progressed(self, info.lastStatusCode, clean(info.lastReason))
            elif info.state == pj.PJSIP_INV_STATE_CONFIRMED:
                self.confirmed = True
                self._media_until = time.monotonic() + MEDIA_LIMIT_S
                self._tell_answered()
            elif info.state == pj.PJSIP_INV_STATE_DISCONNECTED:
                self._leave(info.lastStatusCode, clean(info.lastReason))

    # Stack thread, inside Stack.poll.
    def onCallMediaState(self, prm: Any) -> None:
        with self._host.guard(self.call):
            self.media = None
            info = self.getInfo()  # its media list lives only as long as the info itself
            for index, media in enumerate(info.media):
                if (
                    media.type == pj.PJMEDIA_TYPE_AUDIO
                    and media.status == pj.PJSUA_CALL_MEDIA_ACTIVE
                ):
                    self.media, self._audio_index = self.getAudioMedia(index), index
                    self._keep_strangers_out(index)
                    break
            # A re-INVITE replaces the stream, and with it every connection of the bridge and the
            # count of what was sent: the end of this prompt is the clock's alone.
            self._sent_before_s = None
            if self._recorder is not None:
                self._recorder.hear(self.media)
            if self.media is not None and self.playing is not None:
                self.playing.player.startTransmit(self.media)
            self._join()
            self._tell_answered()

    # Stack thread, inside Stack.poll. RFC 4733 events and INFO both arrive here, once a key.
    def onDtmfDigit(self, prm: Any) -> None:
        with self._host.guard(self.call):
            method = "info" if prm.method == pj.PJSUA_DTMF_METHOD_SIP_INFO else "rfc4733"
            self._key_method = self._key_method or method
            if method == self._key_method:
                self.listener.key(self, clean(prm.digit), method)

    # Stack thread, inside Stack.poll.
    def onCallRxReinvite(self, prm: Any) -> None:
        with self._host.guard(self.call):
            if names_media(prm.offer.wholeSdp):
                prm.statusCode = pj.PJSIP_SC_NOT_ACCEPTABLE_HERE

    # Stack thread, inside Stack.poll: of an UPDATE (RFC 3311).
    def onCallRxOffer(self, prm: Any) -> None:
        with self._host.guard(self.call):
            if names_media(prm.offer.wholeSdp):
                prm.statusCode = pj.PJSIP_SC_NOT_ACCEPTABLE_HERE

    # Stack thread, inside Stack.poll. Whom we call is the dialplan's choice, nobody else's.
    def onCallRedirected(self, prm: Any) -> int:
        with self._host.guard(self.call):
            self.listener.refused_takeover(self, "redirection", "", "")
        return int(pj.PJSIP_REDIRECT_REJECT)  # each target; STOP would hide the 3xx as 487

    # Stack thread, inside Stack.poll. Accepted by default: toll fraud (measured).
    def onCallTransferRequest(self, prm: Any) -> None:
        prm.statusCode = pj.PJSIP_SC_DECLINE
        with self._host.guard(self.call):
            self.listener.refused_takeover(self, "REFER", "", "")

    # Stack thread, inside Stack.poll. Accepted by default: hands the caller to a stranger.
    def onCallReplaceRequest(self, prm: Any) -> None:
        prm.statusCode = pj.PJSIP_SC_DECLINE
        with self._host.guard(self.call):
            raw, source = clean(prm.rdata.wholeMsg), prm.rdata.srcAddress
            self.listener.refused_takeover(self, "INVITE", raw, source)

    # -- for the stack --------------------------------------------------------------------------

    def _leave(self, code: int, reason: str) -> None:
        """The dialog is over; what was played and recorded ends with it."""
        if self._gone is not None:
            return
        self._gone = (code, reason)
        # First: the bridge lets go of the call by itself, and asking it to can fail.
        self.media = None
        peer, self.peer = self.peer, None
        if peer is not None:
            peer.peer = None
        self._host.leaving(self)  # before what may fail: a call that is over must be told of
        self.stop_playing()
        self.stop_recording()

    def _keep_strangers_out(self, index: int) -> None:
        """Take audio only from where this call's SDP and SIP say that it comes."""
        says = self.getStreamInfo(index).remoteRtpAddress
        try:
            hosts = networks_of((says, self.source))
            only_from(self.getId(), index, (*hosts, *self._host.media_allow))
        except CallError as error:  # the caller is to be heard all the same
            stderr.say(f"call {self.call}: {error}")

    def _join(self) -> None:
        """Connect the present streams; the bridge takes a connection that is there already."""
        other = self.peer
        if other is not None and self.media is not None and other.media is not None:
            self.media.startTransmit(other.media)
            other.media.startTransmit(self.media)

    def _tell_answered(self) -> None:
        """ACK and audio come in either order; the caller hears us once both are there."""
        if self.confirmed and self.media is not None and not self._told:
            self._told = True
            self.listener.answered(self)

    def check_media(self, now: float) -> None:
        """Give up on a confirmed call whose audio does not come."""
        if self.confirmed and not self._told and now >= self._media_until:
            self._told = True
            self.listener.media_failed(self, "no audio stream was agreed on")

    @property
    def gone(self) -> tuple[int, str] | None:
        """Final code and reason once the dialog is over."""
        return self._gone
