"""Follows the notice of recording in one call, and has it written down when it is over.

Data path: calls -> [notice_log] -> ledger
"""

import asyncio
import hashlib
import time
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Protocol

import structlog

from sipbot.call_tools import Gone
from sipbot.errors import SpoolError
from sipbot.recording_notice import RecordingNotice
from sipbot.sip import wire
from sipbot.steps import Course, Prompt
from sipbot.wav import read_facts


class Rows(Protocol):
    """Where it is written down."""

    async def keep(self, call: str, notice: RecordingNotice) -> None:
        """Store the notice of a call; the first one counts."""


class NoticeLog:
    """The notice of one call; belongs to the call's task.

    Args:
        call: the call's id.
        rows: the ledger's.
        beside: does work that the call need not wait for, and tries again until it is done.
    """

    def __init__(
        self,
        call: str,
        rows: Rows,
        beside: Callable[[Callable[[], Coroutine[None, None, object]]], None],
    ) -> None:
        self._call = call
        self._rows = rows
        self._beside = beside
        self._notice: Prompt | None = None
        self._began: tuple[datetime, float] | None = None
        """When it began: UTC, and seconds by the clock that only rises."""
        self._over = False

    def heed(self, happening: object, course: Course, answered_at: datetime | None) -> None:
        """Take what has happened to the call.

        Args:
            happening: whatever came from the agent.
            course: what the call is led by.
            answered_at: UTC-aware; None before the answer, and for a call of an earlier run.
        """
        if answered_at is None or self._over:
            return
        match happening:
            case wire.Answered(begun=begun):
                self._begin(course, answered_at, _at_s(begun))
            case wire.PromptEnded(wav=wav, begun=begun) if self._notice and wav == self._notice.wav:
                self._end(_at_s(begun), whole=True)
            case wire.Ended(at=at):
                late = datetime.now(UTC) - at if at is not None else timedelta()
                self._end(time.monotonic() - late.total_seconds(), whole=False)
            case Gone():
                self._end(time.monotonic(), whole=False)

    def _begin(self, course: Course, at: datetime, at_s: float) -> None:
        """With the answer it begins: by the agent alone, or by our order, which is sent at once."""
        self._notice = None if course.refuse else course.notice
        if self._notice is not None:
            self._began = at, at_s
        else:
            self._over = True
            self._beside(partial(self._rows.keep, self._call, RecordingNotice(prompt=None)))

    def _end(self, at_s: float, *, whole: bool) -> None:
        if self._began is None or self._notice is None or self._over:
            return
        self._over = True
        began_at, began_s = self._began
        for_s = max(0.0, at_s - began_s)
        self._beside(partial(self._keep, self._notice, began_at, for_s, whole))

    async def _keep(self, prompt: Prompt, began_at: datetime, for_s: float, whole: bool) -> None:
        sha256, length_s = await asyncio.to_thread(_facts, Path(prompt.wav))
        # A caller cannot hear more of it than there is, however late we learned that it was over.
        for_s = for_s if length_s is None else min(for_s, length_s)
        notice = RecordingNotice(
            prompt=prompt.name,
            sha256=sha256,
            text=prompt.text,
            began_at=began_at,
            ended_at=began_at + timedelta(seconds=for_s),
            length_s=length_s,
            whole=whole,
        )
        await self._rows.keep(self._call, notice)


def _at_s(begun: wire.Begun | None) -> float:
    """When it happened: as the agent says, for we may hear of it late, or now."""
    return begun.at_s if begun is not None else time.monotonic()


def _facts(path: Path) -> tuple[str | None, float | None]:
    """Return SHA-256 and length of what was played."""
    try:
        facts = read_facts(path)
        return hashlib.sha256(path.read_bytes()).hexdigest(), facts.frames / facts.rate_hz
    except (OSError, SpoolError) as error:
        structlog.get_logger().warning("the notice that was played is gone", problem=str(error))
        return None, None
