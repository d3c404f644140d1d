"""The only importer of pjsua2: one endpoint, its calls, its players and recorders.

Everything here runs on the one thread of a child program that calls `Stack.poll` (``threadCnt``
0, ``mainThreadOnly``): pjsua2's callbacks arrive inside `poll`, on that thread.  Audio never enters
Python: pjmedia's own clock thread moves it between C players, the call and the C recorder.

Why the odd rules (measured with the 2.15.1 wheel, docs/decisions/0001): calls are compiled to 4;
players are kept and reused because destroying one that has just ended can crash (pjproject #4812);
strong references live here because a collected Call sends 603 by itself.
"""

import ctypes
import json
import time
import wave
from collections import OrderedDict
from pathlib import Path
from typing import Any, Protocol

import pjsua2 as pj
from pjsua2 import _pjsua2

from sipbot.child import muted_stdout
from sipbot.errors import ChildStartError
from sipbot.sip.stack import LINES, Account, StackSettings
from sipbot.wav import HEADER_BYTES, named_bytes

CLOCK_HZ = 8000
"""G.711's own rate, so that nothing is resampled (pjproject performance guide)."""

FRAME_MS = 20
"""RFC 3551 section 4.2: the default packetisation of PCMU and PCMA."""

JITTER_MAX_MS = 1000
"""Room of the jitter buffer: a burst that long is delayed, not dropped; nobody minds the delay."""

JITTER_AHEAD_MS = (60, 200)
"""What the jitter buffer holds back, least and most: three packets bridge a busy machine, and what
is held back when the caller hangs up is lost.  Measured with SIPp on two busy cores: without it
1.5 % of the frames came too late and were replaced."""

PLAYERS_MAX = 24
"""Players kept open, of the wheel's 32 (measured); the least recently used goes first."""

PROMPT_MARGIN_S = 0.06
"""Three frames: bridge connection, the frame being built, and the packet on its way."""

CLOSE_LIMIT_S = 1.0
"""A recorder writes its header on the next clock tick (20 ms); later the file counts as it is."""

MEDIA_LIMIT_S = 2.0
"""Audio starts within milliseconds of the ACK or not at all; callers wait no longer for a voice."""

TIMERS_MS = (500, 2000, 5000, 8000)
"""T1, T2, T4, TD of RFC 3261 section 17; the last two shortened so that a caller whose ACK or BYE
answer never comes frees a line after 16 s and not after 64 s (T1 x 64 stays the RFC's rule for the
sum: pjsip derives it from TD).  Measured: 16.0 s; by default four such INVITEs block an agent for
64 s."""


class Listener(Protocol):
    """What the owner of a stack hears; all of it inside `Stack.poll`, on the stack's thread."""

    def invited(self, line_id: int, account: str, raw: str, source: str) -> None:
        """An INVITE arrived; `Stack.take` must be called for `line_id` at once."""

    def rejected(self, raw: str, source: str, code: int) -> None:
        """The library refused an INVITE before our code saw it."""

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
        """A REFER or an INVITE with Replaces was answered 603."""

    def ended(self, line: "Line", code: int, reason: str) -> None:
        """The dialog is over and its recording is closed."""

    def registered(self, account: str, code: int, reason: str, expires_s: int) -> None:
        """A registration changed."""

    def fault(self, call: str, problem: str) -> None:
        """An exception inside a callback: the call it belongs to may be in an unknown state."""


def _clean(raw: str) -> str:
    """Make text from the wire safe to encode again: undecodable bytes become U+FFFD."""
    return raw.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


class _Account(pj.Account):  # type: ignore[misc]  # the wheel ships no types
    def __init__(self, stack: "Stack", name: str) -> None:
        super().__init__()
        self._stack = stack
        self._name = name

    # Stack thread, inside libHandleEvents.
    def onIncomingCall(self, prm: Any) -> None:
        with self._stack.guard(""):
            raw, source = _clean(prm.rdata.wholeMsg), prm.rdata.srcAddress
            self._stack.listener.invited(prm.callId, self._name, raw, source)

    # Stack thread, inside libHandleEvents.
    def onRegState(self, prm: Any) -> None:
        with self._stack.guard(""):
            self._stack.listener.registered(
                self._name, prm.code, _clean(prm.reason), max(prm.expiration, 0)
            )


class _Endpoint(pj.Endpoint):  # type: ignore[misc]  # the wheel ships no types
    stack: "Stack"

    # Stack thread, inside libHandleEvents.
    def onRejectedIncomingCall(self, prm: Any) -> None:
        with self.stack.guard(""):
            self.stack.listener.rejected(
                _clean(prm.rdata.wholeMsg), prm.rdata.srcAddress, prm.statusCode
            )


class Line(pj.Call):  # type: ignore[misc]  # the wheel ships no types
    """One call: its dialog, the prompt being played to it and the recording being made of it."""

    def __init__(self, stack: "Stack", account: _Account, call: str, pj_id: int) -> None:
        super().__init__(account, pj_id)
        self.call = call
        self.confirmed = False
        self.hung_up_here = False
        self.playing: Prompt | None = None
        self.recording_path = ""
        self.recorded_s = 0.0
        """How long the last recorder was open."""
        self.closing = False
        """Whether the recorder's last words are on their way to the disk."""
        self._recording_since = 0.0
        self._recorder: Any = None
        self._media: Any = None
        self._gone: tuple[int, str] | None = None
        self._told = False
        self._media_until = 0.0
        self._stack = stack

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
        """Play `wav` from its beginning, instead of what is being played."""
        self.stop_playing()
        prompt = self._stack.prompts.take(wav)
        self.playing = prompt
        prompt.ends_at = time.monotonic() + prompt.duration_s + PROMPT_MARGIN_S
        if self._media is not None:
            prompt.player.startTransmit(self._media)

    def stop_playing(self) -> None:
        """Stop the prompt, if one is being played."""
        prompt, self.playing = self.playing, None
        if prompt is None:
            return
        if self._media is not None:
            prompt.player.stopTransmit(self._media)
        self._stack.prompts.give_back(prompt)

    def record(self, path: str) -> None:
        """Write the caller's audio to a new WAV at `path`; the C recorder does the writing."""
        recorder = pj.AudioMediaRecorder()
        recorder.createRecorder(path)
        self._recorder, self.recording_path = recorder, path
        self._recording_since = time.monotonic()
        if self._media is not None:
            self._media.startTransmit(recorder)

    def stop_recording(self) -> None:
        """Let the recorder write its header; `Listener.recording_closed` follows."""
        if self._recorder is None:
            return
        self.recorded_s = time.monotonic() - self._recording_since
        if self._media is not None:
            self._media.stopTransmit(self._recorder)
        self.closing = True
        self._recorder = None  # the last reference: pjsua closes the file on its next clock tick
        self._stack.closing(self, self.recording_path)

    @property
    def recording(self) -> bool:
        """Whether a recorder is open."""
        return self._recorder is not None

    def packets(self) -> dict[str, int]:
        """RTP packets as the stream counted them; only while media is active (pjproject #3124)."""
        if self._media is None:
            return {}
        stat = self.getStreamStat(self._audio_index)
        rtcp = stat.rtcp
        return {
            "received": rtcp.rxStat.pkt,
            "lost": rtcp.rxStat.loss,
            "discarded": rtcp.rxStat.discard,
            "sent": rtcp.txStat.pkt,
        }

    # -- pjsua2 callbacks: stack thread, inside libHandleEvents ---------------------------------

    # Stack thread, inside libHandleEvents.
    def onCallState(self, prm: Any) -> None:
        with self._stack.guard(self.call):
            info = self.getInfo()
            if info.state == pj.PJSIP_INV_STATE_EARLY and info.role == pj.PJSIP_ROLE_UAC:
                self._stack.listener.progressed(self, info.lastStatusCode, _clean(info.lastReason))
            elif info.state == pj.PJSIP_INV_STATE_CONFIRMED:
                self.confirmed = True
                self._media_until = time.monotonic() + MEDIA_LIMIT_S
                self._tell_answered()
            elif info.state == pj.PJSIP_INV_STATE_DISCONNECTED:
                self._leave(info.lastStatusCode, _clean(info.lastReason))

    # Stack thread, inside libHandleEvents.
    def onCallMediaState(self, prm: Any) -> None:
        with self._stack.guard(self.call):
            self._media = None
            info = self.getInfo()  # its media list lives only as long as the info itself
            for index, media in enumerate(info.media):
                if (
                    media.type == pj.PJMEDIA_TYPE_AUDIO
                    and media.status == pj.PJSUA_CALL_MEDIA_ACTIVE
                ):
                    self._media, self._audio_index = self.getAudioMedia(index), index
                    break
            # A re-INVITE replaces the stream, and with it every connection of the bridge.
            if self._media is not None and self._recorder is not None:
                self._media.startTransmit(self._recorder)
            if self._media is not None and self.playing is not None:
                self.playing.player.startTransmit(self._media)
            self._tell_answered()

    # Stack thread, inside libHandleEvents. RFC 4733 events and INFO both arrive here, once a key.
    def onDtmfDigit(self, prm: Any) -> None:
        with self._stack.guard(self.call):
            method = "info" if prm.method == pj.PJSUA_DTMF_METHOD_SIP_INFO else "rfc4733"
            self._stack.listener.key(self, _clean(prm.digit), method)

    # Stack thread, inside libHandleEvents. Accepted by default: toll fraud (measured).
    def onCallTransferRequest(self, prm: Any) -> None:
        prm.statusCode = pj.PJSIP_SC_DECLINE
        with self._stack.guard(self.call):
            self._stack.listener.refused_takeover(self, "REFER", "", "")

    # Stack thread, inside libHandleEvents. Accepted by default: hands the caller to a stranger.
    def onCallReplaceRequest(self, prm: Any) -> None:
        prm.statusCode = pj.PJSIP_SC_DECLINE
        with self._stack.guard(self.call):
            raw, source = _clean(prm.rdata.wholeMsg), prm.rdata.srcAddress
            self._stack.listener.refused_takeover(self, "INVITE", raw, source)

    # -- for the stack --------------------------------------------------------------------------

    def _leave(self, code: int, reason: str) -> None:
        """The dialog is over; what was played and recorded ends with it."""
        if self._gone is not None:
            return
        self._gone = (code, reason)
        # First: the bridge lets go of the call by itself, and asking it to can fail.
        self._media = None
        self.stop_playing()
        self.stop_recording()
        self._stack.leaving(self)

    def _tell_answered(self) -> None:
        """ACK and audio come in either order; the caller hears us once both are there."""
        if self.confirmed and self._media is not None and not self._told:
            self._told = True
            self._stack.listener.answered(self)

    def check_media(self, now: float) -> None:
        """Give up on a confirmed call whose audio does not come."""
        if self.confirmed and not self._told and now >= self._media_until:
            self._told = True
            self._stack.listener.media_failed(self, "no audio stream was agreed on")

    @property
    def gone(self) -> tuple[int, str] | None:
        """Final code and reason once the dialog is over."""
        return self._gone


class Prompt:
    """A C player for one WAV; belongs to one call at a time."""

    def __init__(self, wav: str) -> None:
        with wave.open(wav, "rb") as audio:
            self.duration_s = audio.getnframes() / audio.getframerate()
        self.wav = wav
        self.ends_at = 0.0
        self.player = pj.AudioMediaPlayer()
        self.player.createPlayer(wav, pj.PJMEDIA_FILE_NO_LOOP)


class Prompts:
    """The players, kept for reuse: one per WAV and call that plays it at the same time."""

    def __init__(self) -> None:
        self._idle: OrderedDict[int, tuple[tuple[str, int], Prompt]] = OrderedDict()
        self._keys: dict[int, tuple[str, int]] = {}

    def take(self, wav: str) -> Prompt:
        """Return a player for `wav`, rewound.

        Raises:
            FileNotFoundError, wave.Error: the prompt vanished or was damaged after it was checked.
        """
        key = (wav, Path(wav).stat().st_mtime_ns)
        for number, (idle_key, prompt) in self._idle.items():
            if idle_key == key:
                del self._idle[number]
                prompt.player.setPos(0)
                return prompt
        while len(self._keys) >= PLAYERS_MAX and self._idle:
            number, _ = self._idle.popitem(last=False)
            del self._keys[number]
        prompt = Prompt(wav)
        self._keys[id(prompt)] = key
        return prompt

    def give_back(self, prompt: Prompt) -> None:
        """Put a player away for its next use."""
        self._idle[id(prompt)] = (self._keys[id(prompt)], prompt)


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

    def __init__(self, settings: StackSettings, listener: Listener) -> None:
        self.listener = listener
        self.prompts = Prompts()
        self.lines: dict[str, Line] = {}
        self._accounts: dict[str, _Account] = {}
        self._closing: list[tuple[Line, str, float]] = []
        self._leaving: list[Line] = []
        self._left: list[Line] = []
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

    def take(self, line_id: int, account: str, call: str) -> Line:
        """Give an offered INVITE its call id and keep it alive."""
        line = Line(self, self._accounts[account], call, line_id)
        self.lines[call] = line
        return line

    def place(self, call: str, uri: str, headers: dict[str, str], *, account: str = "") -> Line:
        """Send an INVITE to `uri`."""
        line = Line(self, self._accounts[account], call, pj.PJSUA_INVALID_ID)
        self.lines[call] = line
        op = pj.CallOpParam(True)
        op.opt.audioCount, op.opt.videoCount = 1, 0
        for name, value in headers.items():
            header = pj.SipHeader()
            header.hName, header.hValue = name, value
            op.txOption.headers.append(header)
        line.makeCall(uri, op)
        return line

    def poll(self, limit_ms: int) -> None:
        """Handle SIP events for at most `limit_ms`, then what is due by the clock."""
        self._endpoint.libHandleEvents(limit_ms)
        now = time.monotonic()
        for line in list(self.lines.values()):
            with self.guard(line.call):
                self._tick(line, now)
        self._finish_recordings(now)
        still_closing = {id(line) for line, _, _ in self._closing}
        for line in [one for one in self._leaving if id(one) not in still_closing]:
            self._leaving.remove(line)
            self.lines.pop(line.call, None)
            assert line.gone is not None
            self.listener.ended(line, *line.gone)
            self._left.append(line)
        # A Call that is freed hangs up whatever call has its place in the library by then
        # (measured: 603 to the next caller), so it is kept until that place is empty.
        self._left = [line for line in self._left if line.isActive()]

    def _tick(self, line: Line, now: float) -> None:
        line.check_media(now)
        prompt = line.playing
        if prompt is not None and now >= prompt.ends_at:
            line.stop_playing()
            self.listener.prompt_ended(line, prompt.wav)

    def closing(self, line: Line, path: str) -> None:
        """Remember a recording whose header is about to be written."""
        self._closing.append((line, path, time.monotonic() + CLOSE_LIMIT_S))

    def leaving(self, line: Line) -> None:
        """Remember a call that is over; `ended` is told after its recording is closed."""
        self._leaving.append(line)

    def close(self) -> None:
        """Unregister and hang up, so that nobody rings a number that is not there."""
        self._endpoint.hangupAllCalls()
        for account in self._accounts.values():
            account.shutdown()
        until = time.monotonic() + 1.0  # a registrar on a working trunk answers well within 1 s
        while self.lines and time.monotonic() < until:
            self.poll(20)

    # -- set-up ---------------------------------------------------------------------------------

    def _start(self) -> None:
        settings = self._settings
        with muted_stdout():
            self._endpoint.libCreate()
            self._endpoint.libInit(_endpoint_config(settings))
        self._endpoint.audDevManager().setNullDev()
        transport = pj.TransportConfig()
        transport.boundAddress, transport.port = settings.address, settings.port
        transport.publicAddress = settings.public_address
        try:
            self._transport = self._endpoint.transportCreate(pj.PJSIP_TRANSPORT_UDP, transport)
        except pj.Error as error:
            raise ChildStartError(
                f"cannot listen on {settings.address}:{settings.port}/udp: {error.reason}. Is "
                "another program there, and is it an address of this machine? See sip.address and "
                "sip.port in config.toml"
            ) from error
        set_timers = ctypes.CDLL(_pjsua2.__file__).pjsip_tsx_set_timers
        set_timers(*(ctypes.c_uint(value) for value in TIMERS_MS))
        self._endpoint.libStart()
        self._allow_only_g711()
        self._accounts[""] = self._local_account()
        for account in settings.accounts:
            self._accounts[account.name] = self._registered_account(account)

    def _allow_only_g711(self) -> None:
        """Speex, iLBC and the rest have known memory errors in 2.15.1 and no use on a trunk."""
        for codec in self._endpoint.codecEnum2():
            wanted = codec.codecId.startswith(("PCMU/", "PCMA/"))
            self._endpoint.codecSetPriority(codec.codecId, 128 if wanted else 0)

    def _account_config(self, aor: str) -> Any:
        config = pj.AccountConfig()
        config.idUri = aor
        rtp = config.mediaConfig.transportConfig
        rtp.boundAddress = self._settings.address
        rtp.publicAddress = self._settings.public_address
        rtp.port, rtp.portRange = self._settings.rtp_port, self._settings.rtp_ports
        config.natConfig.iceEnabled = False
        config.natConfig.contactRewriteUse = 0
        config.natConfig.viaRewriteUse = 0
        config.natConfig.sdpNatRewriteUse = 0
        return config

    def _local_account(self) -> _Account:
        account = _Account(self, "")
        identity = self._settings.identity or f"sip:sipbot@{self.address}"
        account.create(self._account_config(identity), True)
        return account

    def _registered_account(self, wanted: Account) -> _Account:
        config = self._account_config(wanted.aor)
        config.regConfig.registrarUri = wanted.registrar
        config.regConfig.timeoutSec = wanted.expires_s
        config.regConfig.retryIntervalSec = 30  # RFC 5626 section 4.5: the least base back-off
        config.regConfig.firstRetryIntervalSec = 5
        credentials = pj.AuthCredInfo("digest", wanted.realm, wanted.user, 0, wanted.password)
        config.sipConfig.authCreds.append(credentials)
        account = _Account(self, wanted.name)
        account.create(config)
        return account

    def _finish_recordings(self, now: float) -> None:
        for entry in list(self._closing):
            line, path, until = entry
            audio_bytes: int | None = 0  # for the listener, when the disk cannot be read
            with self.guard(line.call):
                audio_bytes = _closed_bytes(Path(path), final=now >= until)
            if audio_bytes is None:
                continue
            self._closing.remove(entry)
            line.closing = False
            with self.guard(line.call):
                self.listener.recording_closed(line, path, audio_bytes)


def _closed_bytes(path: Path, *, final: bool) -> int | None:
    """Return a recording's audio bytes; None while its header is not written, unless `final`."""
    audio_bytes = named_bytes(path)
    if audio_bytes is not None or not final:
        return audio_bytes
    return max(path.stat().st_size - HEADER_BYTES, 0) if path.exists() else 0


def _endpoint_config(settings: StackSettings) -> Any:
    config = pj.EpConfig()
    log = config.logConfig
    log.level = log.consoleLevel = settings.log_level
    ua = config.uaConfig
    ua.threadCnt, ua.mainThreadOnly, ua.maxCalls = 0, True, LINES
    ua.userAgent = settings.user_agent
    ua.natTypeInSdp, ua.mwiUnsolicitedEnabled = 0, False
    media = config.medConfig
    media.clockRate = media.sndClockRate = CLOCK_HZ
    media.audioFramePtime = media.ptime = FRAME_MS
    media.ecTailLen, media.noVad = 0, True
    media.sndAutoCloseTime = -1  # the clock must already run when the first call comes
    media.jbMax = JITTER_MAX_MS
    media.jbInit = media.jbMinPre = JITTER_AHEAD_MS[0]
    media.jbMaxPre = JITTER_AHEAD_MS[1]
    return _never_discarding(config)


def _never_discarding(config: Any) -> Any:
    """Return the same settings with PJMEDIA_JB_DISCARD_NONE (0).

    A recording may lag behind, but the jitter buffer must not drop speech to catch up.  The wheel's
    setter takes a C enum that Python cannot make, so the value goes in by pjsua2's own JSON form.
    """
    written, read = pj.JsonDocument(), pj.JsonDocument()
    written.writeObject(config)
    tree = json.loads(written.saveString())
    tree["EpConfig"]["MediaConfig"]["jbDiscardAlgo"] = 0
    read.loadString(json.dumps(tree))
    read.readObject(config)
    return config
