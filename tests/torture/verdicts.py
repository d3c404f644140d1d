"""Callers' journal and subscriber's list against the bot's ledger and recordings."""

import hashlib
import json
import wave
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sipbot.ledger_queries import CallEntry
from sipbot.memo import Memo
from sipbot.records import Party
from tests import ulaw
from tests.torture.callers import Message
from tests.torture.journal import SPEECH_S, Called, Journal
from tests.torture.packets import Arrivals
from tests.torture.promise import Promise

FRAME_S = 0.02
MISSING_LIMIT_S = 0.5
"""The promise: at most so much of the received audio is missing after a kill."""


@dataclass(kw_only=True)
class Subscribed:
    """A subscriber that drops what it knows: each (id, rev) is shown once."""

    memos: dict[str, int] = field(default_factory=dict)
    """Memo id → highest revision shown."""
    callers: dict[str, str] = field(default_factory=dict)
    """Memo id → who called."""
    revisions: int = 0
    """Shown."""
    again: int = 0
    """Known already, with the same payload: dropped."""
    changed: int = 0
    """Known already, with another payload: shown twice, as it were."""
    fell: int = 0
    """New, but older than what was shown before."""
    _known: dict[tuple[str, int], bytes] = field(default_factory=dict)

    def hear(self, payload: bytes) -> None:
        """Take one message of a memo's topic; an empty payload clears it."""
        if not payload.strip():
            return
        memo = json.loads(payload)
        key, digest = (memo["id"], memo["rev"]), hashlib.sha256(payload).digest()
        if key in self._known:
            self.again += self._known[key] == digest
            self.changed += self._known[key] != digest
            return
        self._known[key] = digest
        self.revisions += 1
        self.fell += memo["rev"] < self.memos.get(memo["id"], 0)
        self.memos[memo["id"]] = max(memo["rev"], self.memos.get(memo["id"], 0))
        self.callers[memo["id"]] = user(memo["call"]["from"])


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Both sides, after the run."""

    journal: Journal
    said: Mapping[str, Message]
    rows: Sequence[CallEntry]
    memos: Sequence[Memo]
    subscribed: Subscribed
    spool: Path
    arrivals: Arrivals
    """Of voice, on the machine where the bot is."""


def user(uri: str) -> str:
    """Return the user part, which names the INVITE."""
    return Party(uri=uri).user


def promises(evidence: Evidence, harm: str) -> list[Promise]:
    """Judge everything that is promised of calls, memos and recordings."""
    accepted = [
        call.call
        for call in evidence.journal.calls.values()
        if call.said and call.is_accepted(evidence.said[call.said].length_s)
    ]
    thanked = sum(evidence.journal.calls[call].thanked for call in accepted)
    by_key = f"{thanked} heard the closing prompt, {len(accepted) - thanked} hung up"
    told = evidence.subscribed
    return [
        each_once(
            harm,
            "accepted message is one memo in the ledger",
            accepted,
            [user(memo.call.from_) for memo in evidence.memos],
            by_key,
        ),
        each_once(
            harm,
            "accepted message is one memo for the subscriber",
            accepted,
            list(told.callers.values()),
            f"{told.again} known revisions came again and were dropped",
        ),
        Promise(
            harm=harm,
            promise="revisions rise, and never change once told",
            tries=told.revisions,
            lost=told.fell,
            duplicated=told.changed,
        ),
        _cut_off(evidence, harm),
        mixed_up(evidence, harm),
        *_audio(evidence, harm),
        *_files(evidence, harm),
        _sum(evidence, harm),
    ]


def _cut_off(evidence: Evidence, harm: str) -> Promise:
    """Tell how many who spoke were hung up on without thanks, though their agent lived.

    No promise: a message that may not be whole is not thanked for.  It must be few all the same.
    """
    spoke = [
        call
        for call in evidence.journal.calls.values()
        if call.said
        and call.killed_at is None
        and call.spoken_s(evidence.said[call.said].length_s) >= SPEECH_S
    ]
    cut = [call for call in spoke if call.bye_at is None and not call.thanked]
    return Promise(
        harm=harm,
        promise="who spoke is thanked, or hangs up (reported)",
        tries=len(spoke),
        worst=len(cut),
        unit="hung up on",
        note=_named("by sipbot", [call.call for call in cut]),
    )


def each_once(
    harm: str, promise: str, wanted: Iterable[str], found: Sequence[str], note: str
) -> Promise:
    """Everything that is wanted was found once, and nothing at all was found twice."""
    counted, names = Counter(found), list(wanted)
    lost = [name for name in names if not counted[name]]
    twice = [name for name, number in counted.items() if number > 1]
    return Promise(
        harm=harm,
        promise=promise,
        tries=len(names),
        lost=len(lost),
        duplicated=sum(counted[name] - 1 for name in twice),
        note="; ".join(
            part for part in (note, _named("lost", lost), _named("twice", twice)) if part
        ),
    )


def _named(what: str, names: Sequence[str]) -> str:
    return f"{what}: {', '.join(names[:5])}" if names else ""


# -- INVITEs and rows ------------------------------------------------------------------------------


def _sum(evidence: Evidence, harm: str) -> Promise:
    ended = [row.offer.from_.user for row in evidence.rows if row.state is not None]
    return one_row_each(evidence.journal.calls, ended, len(evidence.rows) - len(ended), harm)


def one_row_each(
    calls: Mapping[str, Called], ended: Sequence[str], endless: int, harm: str
) -> Promise:
    """Every INVITE with a final response has one row; any other has one at most.

    Args:
        calls: what the callers wrote down.
        ended: callers of the rows with an end state.
        endless: how many rows have none.
        harm: what was done.
    """
    rows = Counter(ended)
    final = [name for name, call in calls.items() if call.final]
    others = [name for name, call in calls.items() if not call.final]
    heard = sum(bool(calls[name].codes) for name in others)
    lost = [name for name in final if not rows[name]]
    twice = [name for name, number in rows.items() if number > 1]
    strangers = [name for name in rows if name not in calls]
    note = (
        f"{sum(rows.values())} rows; {len(others)} INVITEs met a closed port or an agent that died "
        f"with them: {heard} of them got a provisional response, "
        f"{sum(rows[name] > 0 for name in others)} have a row"
    )
    parts = (note, _named("no row", lost), _named("twice", twice), _named("nobody's", strangers))
    return Promise(
        harm=harm,
        promise="every INVITE that was answered has one end state",
        tries=len(final),
        lost=len(lost) + endless,
        duplicated=sum(rows[name] - 1 for name in twice) + len(strangers),
        note="; ".join(part for part in parts if part),
    )


# -- audio -----------------------------------------------------------------------------------------


def mixed_up(evidence: Evidence, harm: str) -> Promise:
    """Nobody's recording holds what another caller said; each message has frames of its own."""
    marks = {name: _marks(message.codes) for name, message in evidence.said.items()}
    paths = {row.offer.from_.user: _path(evidence.spool, row) for row in evidence.rows}
    tried, wrong = 0, []
    for call in evidence.journal.calls.values():
        path = paths.get(call.call)
        if not call.said or path is None or not path.exists():
            continue
        tried += 1
        heard = _heard(path).tobytes()
        others = (m for name, each in marks.items() if name != call.said for m in each)
        if any(mark in heard for mark in others):
            wrong.append(call.call)
    return Promise(
        harm=harm,
        promise="a recording holds its own caller's words alone",
        tries=tried,
        lost=len(wrong),
        note=_named("another's", wrong) if wrong else "",
    )


def _marks(codes: bytes) -> list[bytes]:
    """Return one frame of each second, as a recording would hold it."""
    starts = range(ulaw.RATE_HZ, len(codes) - ulaw.FRAME, ulaw.RATE_HZ)
    return [ulaw.decode(codes[at : at + ulaw.FRAME]).tobytes() for at in starts]


def _audio(evidence: Evidence, harm: str) -> list[Promise]:
    paths = {row.offer.from_.user: _path(evidence.spool, row) for row in evidence.rows}
    cut, received, beside, whole = [], [], [], []
    frames = missing = 0
    for call in evidence.journal.calls.values():
        path = paths.get(call.call)
        if not call.said or path is None:
            continue
        said = evidence.said[call.said]
        sent = int(call.spoken_s(said.length_s) / FRAME_S)
        found, last = found_frames(said.codes[: sent * ulaw.FRAME], _heard(path))
        if call.killed_at is not None:
            cut.append(((sent - last - 1) * FRAME_S, call))
            came = evidence.arrivals.frames_by(call.call, said.codes, call.killed_at)
            if came is not None:
                received.append(((min(came, sent) - last - 1) * FRAME_S, call))
        elif call.answered_at is not None and sent:
            whole.append(((sent - found) * FRAME_S, call))
            if call.beside:
                beside.append(((sent - last - 1) * FRAME_S, call))
            frames, missing = frames + sent, missing + sent - found
    share = 1 - missing / frames if frames else 0.0
    clock = "the end of what was said to a killed agent is there"
    if evidence.arrivals.of:
        promise = "the end of what a killed agent had been sent is there"
        ends = [
            _worst(harm, promise, received, MISSING_LIMIT_S, f"{len(received)} of {len(cut)} seen"),
            _worst(harm, clock, cut, None, "by the caller's clock; reported only"),
        ]
    else:
        ends = [_worst(harm, clock, cut, MISSING_LIMIT_S, "packets are for root to see")]
    promise = "the end of what was said is there when another process was killed meanwhile"
    return [
        *ends,
        *([_worst(harm, promise, beside, MISSING_LIMIT_S)] if beside else ()),
        _worst(
            harm,
            "what was said to the others is there",
            whole,
            None,
            f"{share:.2%} of {frames:,} frames exactly; reported only",
        ),
    ]


def _worst(
    harm: str,
    promise: str,
    missing: list[tuple[float, Called]],
    limit: float | None,
    note: str = "",
) -> Promise:
    worst = max(missing, key=lambda one: one[0], default=None)
    over = sum(seconds > MISSING_LIMIT_S for seconds, _ in missing)
    name = f"worst: {worst[1].call}; above {MISSING_LIMIT_S:g} s: {over}" if worst else ""
    return Promise(
        harm=harm,
        promise=promise,
        tries=len(missing),
        worst=round(worst[0], 2) if worst else None,
        limit=limit,
        note="; ".join(part for part in (note, name) if part),
    )


def found_frames(said: bytes, heard: ulaw.Samples) -> tuple[int, int]:
    """Return how many sent frames are in a recording, in order, and the number of the last one.

    The first frame has number 0; without any, the last is -1.
    """
    recording, at, found, last = heard.tobytes(), 0, 0, -1
    for number in range(len(said) // ulaw.FRAME):
        frame = ulaw.decode(said[number * ulaw.FRAME : (number + 1) * ulaw.FRAME]).tobytes()
        where = recording.find(frame, at)
        if where >= 0:
            found, last, at = found + 1, number, where + len(frame)
    return found, last


def _path(spool: Path, row: CallEntry) -> Path:
    return spool / row.offer.call / "audio.wav"


def _heard(path: Path) -> ulaw.Samples:
    if not path.exists():
        return ulaw.decode(b"")
    return ulaw.read(path)


def _files(evidence: Evidence, harm: str) -> list[Promise]:
    silent, altered = [], []
    for memo in evidence.memos:
        path = evidence.spool / memo.call.id / "audio.wav"
        if not plays(path):
            silent.append(memo.id)
        if not path.exists() or hashlib.sha256(path.read_bytes()).hexdigest() != memo.audio.sha256:
            altered.append(memo.id)
    return [
        Promise(
            harm=harm,
            promise="every memo's audio plays",
            tries=len(evidence.memos),
            lost=len(silent),
            note=_named("does not", silent),
        ),
        Promise(
            harm=harm,
            promise="SHA-256 of the memo is its file's",
            tries=len(evidence.memos),
            lost=len(altered),
            note=_named("another", altered),
        ),
    ]


def plays(path: Path) -> bool:
    """Whether a standard reader opens the file and its header names all of its bytes."""
    try:
        with wave.open(str(path), "rb") as audio:
            named = audio.getnframes() * audio.getsampwidth() * audio.getnchannels()
            read = len(audio.readframes(audio.getnframes()))
    except (OSError, EOFError, wave.Error):
        return False
    return 0 < named == read == path.stat().st_size - 44
