"""Recordings whose header is about to be written, on a disk that fails."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sipbot.sip import pjsua_closing


class Call:
    """A line, its listener and its recorder in one: what they are told is kept."""

    def __init__(self) -> None:
        self.call, self.closing, self.listener = "call", True, self
        self.told = list[int]()

    def recording_closed(self, _line: "Call", _path: str, audio_bytes: int) -> None:
        self.told.append(audio_bytes)

    def forget(self) -> None:
        """The library's memory."""


def closing_of(call: Any, problems: list[BaseException]) -> pjsua_closing.Closing:
    @contextlib.contextmanager
    def guard(_call: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            problems.append(error)

    closing = pjsua_closing.Closing(guard)
    closing.add(call, "/nowhere/a.wav", call)
    return closing


def failing(times: int, monkeypatch: pytest.MonkeyPatch) -> None:
    left = [OSError("EIO")] * times

    def named_bytes(_path: Path) -> int:
        if left:
            raise left.pop()
        return 1600

    monkeypatch.setattr(pjsua_closing, "named_bytes", named_bytes)


def test_disk_that_fails_once_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    failing(1, monkeypatch)
    call, problems = Call(), list[BaseException]()
    closing = closing_of(call, problems)
    closing.finish(time.monotonic())
    closing.finish(time.monotonic())
    assert ([1600], []) == (call.told, problems)


def test_disk_that_fails_to_the_end_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    failing(9, monkeypatch)
    call, problems = Call(), list[BaseException]()
    closing_of(call, problems).finish(time.monotonic() + 2 * pjsua_closing.CLOSE_LIMIT_S)
    assert ([0], 1) == (call.told, len(problems))
