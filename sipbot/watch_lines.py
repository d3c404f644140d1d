"""What is seen on the bus, as lines: a memo once, then who did what with it, and the calls.  Pure.

Who closed a memo stands in the answer to the command alone, for a closed memo's topic is empty; a
reader who may not read answers is told that it is closed, not by whom.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from sipbot.decision import Answer
from sipbot.memo import Memo
from sipbot.memo_page import text
from sipbot.memo_state import Labels, due, number, people_did, state, step, who
from sipbot.memo_table import SHORT, marks, short
from sipbot.terminal import printable
from sipbot.topics import FeedPayload, LivePayload, Place
from sipbot.watched import Watched

CALL_AT_MOST = timedelta(hours=3)
"""After its last event a call is not up any more: the word that it has ended may be lost (QoS 0),
and callers are parted after two hours."""


class Known(msgspec.Struct):
    """What is known of a memo."""

    rev: int
    memo: Memo | None
    """None once it is closed."""
    here: bool = True
    """Whether this connection has shown it; if not, it may have been closed meanwhile."""


class Call(msgspec.Struct):
    """A call that is up."""

    client: str
    caller: str
    """``-`` when the number is withheld, or nobody saw it ring."""
    event: LivePayload
    """The latest."""


class Lines:
    """Turns messages into lines, each revision of a memo once.

    Args:
        labels: of the reader's language.
        now: the clock, of the reader's zone.
    """

    def __init__(self, labels: Labels, now: Callable[[], datetime]) -> None:
        self.names_closers = True
        """Whether the answers to commands can be read."""
        self.known: dict[str, Known] = {}
        self.calls: dict[str, Call] = {}
        self._labels = labels
        self._now = now

    def away(self) -> None:
        """Believe nothing until it is shown again: memos may be closed while nobody listens."""
        self.calls.clear()
        for known in self.known.values():
            known.here = False

    def take(self, seen: Watched) -> list[str]:
        """Return the lines of a message, none for what says nothing new.

        Raises:
            ValueError, msgspec.MsgspecError, RecursionError: the payload is not one of sipbot's.
        """
        match seen.place.kind:
            case "memo" if seen.payload:
                return self._memo(Memo.model_validate_json(seen.payload))
            case "feed":
                return self._closed(msgspec.json.decode(seen.payload, type=FeedPayload), seen.place)
            case "ack":
                return self._answered(msgspec.json.decode(seen.payload, type=Answer), seen.place)
            case "live":
                return self._live(msgspec.json.decode(seen.payload, type=LivePayload), seen.place)
        return []

    def _memo(self, memo: Memo) -> list[str]:
        before = self.known.get(memo.id)
        if before is not None and memo.rev <= before.rev:
            before.here = True
            return []
        self.known[memo.id] = Known(memo.rev, memo)
        if before is None:
            return [self._whole(memo)]
        steps = people_did(memo, before.rev)
        lines = [
            self._line(memo.id, one.at, memo.client, step(one, self._now(), self._labels))
            for one in steps
        ]
        # What a machine did changes the text: the memo is worth reading again.
        return lines if memo.rev - before.rev == len(steps) else [*lines, self._whole(memo)]

    def _whole(self, memo: Memo) -> str:
        labels, now = self._labels, self._now()
        parts = [number(memo, labels), who(memo, labels), state(memo, now, labels)]
        parts += [due(memo, now, labels), *marks(memo, labels), text(memo, labels)]
        return self._line(memo.id, memo.call.started_at, memo.client, *parts)

    def _closed(self, event: FeedPayload, place: Place) -> list[str]:
        known = self.known.get(event.memo)
        if event.type != "end" or known is None or known.rev >= event.rev:
            return []
        was_open = known.memo is not None
        self.known[event.memo] = Known(event.rev, None)
        if self.names_closers or not was_open:
            return []
        return [self._line(event.memo, self._now(), place.client, self._labels["closed"])]

    def _answered(self, answer: Answer, place: Place) -> list[str]:
        """Tell what was done with a closed memo; an open one tells it itself."""
        known = self.known.get(answer.memo or "")
        did = {"done": "step_done", "note": "step_note"}.get(answer.verb)
        if answer.status != "accepted" or known is None or known.memo is not None or did is None:
            return []
        words = self._labels[did].format(by=answer.by)
        return [self._line(str(answer.memo), answer.ts, place.client, words)]

    def _live(self, event: LivePayload, place: Place) -> list[str]:
        call = self.calls.get(place.id) or Call(place.client, "-", event)
        call.event, call.caller = event, event.caller or call.caller
        self.calls[place.id] = call
        over = self._now() - CALL_AT_MOST
        for identifier, one in list(self.calls.items()):
            if one.event.type == "hung_up" or one.event.ts < over:
                del self.calls[identifier]
        labels = self._labels
        what = f"{labels['call']} {labels.get(event.type, event.type)}"
        return [self._line(place.id, event.ts, place.client, call.caller, what, event.text or "")]

    def _line(self, identifier: str, at: datetime, client: str, *parts: str) -> str:
        head = (identifier[-SHORT:], short(at, self._now()), client)
        return printable("  ".join(filter(None, (*head, *parts))))
