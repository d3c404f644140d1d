"""A child program is started, watched, killed and started again."""

import asyncio
import os
import signal
import sys
import textwrap
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipbot.child import CRASH_LOOP, SLOWEST_RESTART_S, Child, Limits, restart_delay_s
from sipbot.errors import ChildGoneError, ChildStartError
from sipbot.lines import Decoder


class Said(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="said"):
    text: str


class Ping(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="ping"):
    n: int


DECODER = Decoder(Said)
QUICK = Limits(ready_s=20.0, ping_s=0.05, missed_pings=4, stop_s=20.0)

ECHO = """
    import json, sys
    def say(text):
        print(json.dumps({"type": "said", "text": text}), flush=True)
    say("ready")
    for line in sys.stdin:
        message = json.loads(line)
        say(message.get("text", "pong"))
"""


class Watched:
    """A child under test and what it reported."""

    def __init__(self, program: str, **options: Any) -> None:
        self.messages: asyncio.Queue[str] = asyncio.Queue()
        self.gone: asyncio.Queue[str] = asyncio.Queue()
        self.crash_loops: asyncio.Queue[int] = asyncio.Queue()
        self.child = Child(
            [sys.executable, "-c", textwrap.dedent(program)],
            name="test child",
            decoder=DECODER,
            on_message=lambda message: self.messages.put_nowait(message.text),
            is_ready=lambda message: message.text == "ready",
            on_gone=self.gone.put_nowait,
            on_crash_loop=self.crash_loops.put_nowait,
            **options,
        )


@asynccontextmanager
async def running(child: Child) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(child.run())
        yield
        task.cancel()


async def test_a_child_that_says_ready_answers_what_it_is_sent() -> None:
    watched = Watched(ECHO)
    async with running(watched.child):
        await watched.child.ready.wait()
        watched.child.send(Said(text="hello"))
        assert "ready" == await watched.messages.get()
        assert "hello" == await watched.messages.get()


async def test_a_killed_child_is_replaced_by_another() -> None:
    watched = Watched(ECHO)
    async with running(watched.child):
        await watched.child.ready.wait()
        first = watched.child.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        assert "signal 9" == await watched.gone.get()
        await watched.child.ready.wait()
        assert watched.child.pid not in {None, first}


async def test_a_stopped_child_is_killed_for_its_silence() -> None:
    watched = Watched(ECHO, ping=lambda n: Ping(n=n), limits=QUICK)
    async with running(watched.child):
        await watched.child.ready.wait()
        assert watched.child.pid is not None
        os.kill(watched.child.pid, signal.SIGSTOP)
        assert "silent for 4 pings of 0.05 s" == await watched.gone.get()


async def test_a_child_that_answers_pings_is_left_alone() -> None:
    watched = Watched(ECHO, ping=lambda n: Ping(n=n), limits=QUICK)
    async with running(watched.child):
        heard = [await watched.messages.get() for _ in range(12)]
        assert ["ready"] + ["pong"] * 11 == heard
        assert watched.gone.empty()


@pytest.mark.parametrize(
    "line", ["'not json'", '\'{"type":"unknown"}\'', '\'{"type":"said"}\'', "'x' * 3_000_000"]
)
async def test_a_malformed_line_ends_the_child(line: str) -> None:
    program = f"""
        import sys
        print('{{"type":"said","text":"ready"}}')
        print({line}, flush=True)
        sys.stdin.read()
    """
    watched = Watched(program)
    async with running(watched.child):
        assert (await watched.gone.get()).startswith("malformed line")


async def test_a_message_before_ready_ends_the_child() -> None:
    watched = Watched('print(\'{"type":"said","text":"too early"}\', flush=True)\ninput()')
    async with running(watched.child):
        assert "malformed line: Said before READY" == await watched.gone.get()


async def test_a_child_that_never_says_ready_is_killed() -> None:
    watched = Watched("input()", limits=Limits(ready_s=0.1))
    async with running(watched.child):
        assert "not ready within 0.1 s" == await watched.gone.get()


async def test_a_child_that_dies_young_again_and_again_is_reported_once() -> None:
    watched = Watched("raise SystemExit(3)")
    async with running(watched.child):
        reasons = [await watched.gone.get() for _ in range(CRASH_LOOP)]
        assert ["exit code 3"] * CRASH_LOOP == reasons
        assert CRASH_LOOP == await watched.crash_loops.get()


async def test_a_child_that_is_never_ready_has_had_no_life_however_long_it_tried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is given longer each time, up to four times its limit, and somebody is told."""
    monkeypatch.setattr("sipbot.child.YOUNG_S", 0.01)
    watched = Watched("input()", limits=Limits(ready_s=0.05))
    async with running(watched.child):
        reasons = [await watched.gone.get() for _ in range(CRASH_LOOP)]
        assert [f"not ready within {0.05 * n:g} s" for n in (1, 2, 3, 4, 4)] == reasons
        assert CRASH_LOOP == await watched.crash_loops.get()


async def test_a_life_that_is_long_enough_is_told_after_a_crash_loop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever was told of the loop need not look any more."""
    watched = Watched('print(\'{"type":"said","text":"ready"}\', flush=True)\nraise SystemExit(3)')
    async with running(watched.child):
        assert CRASH_LOOP == await watched.crash_loops.get()
        monkeypatch.setattr("sipbot.child.YOUNG_S", 0.0)

        assert 0 == await watched.crash_loops.get()


async def test_speaking_to_a_child_between_two_lives_raises() -> None:
    watched = Watched(ECHO)
    with pytest.raises(ChildGoneError, match="not running"):
        watched.child.send(Said(text="hello"))


async def test_a_program_that_does_not_exist_raises_with_its_name(tmp_path: Path) -> None:
    child = Child([str(tmp_path / "missing")], name="nothing")
    with pytest.raises(ChildStartError, match="missing cannot be started: No such file"):
        await child.run()


async def test_cancelling_run_lets_the_child_end_by_itself(tmp_path: Path) -> None:
    trace = tmp_path / "ended"
    program = textwrap.dedent(ECHO) + f"\nopen({str(trace)!r}, 'w').write('EOF')"
    watched = Watched(program)
    async with running(watched.child):
        await watched.child.ready.wait()
    assert "EOF" == trace.read_text()
    assert watched.child.pid is None


async def test_a_child_without_a_protocol_is_ready_at_once_and_replaced(
    capfd: pytest.CaptureFixture[str],
) -> None:
    gone: asyncio.Queue[str] = asyncio.Queue()
    child = Child([sys.executable, "-c", "print('noise')"], name="plain", on_gone=gone.put_nowait)
    async with running(child):
        assert "exit code 0" == await gone.get()
    assert "noise" not in capfd.readouterr().out


async def test_what_c_libraries_print_never_reaches_the_protocol() -> None:
    program = """
        import os, sys
        from sipbot.stdout import claim_stdout
        protocol = claim_stdout()
        os.write(1, b"a C library prints this\\n")
        protocol.write(b'{"type":"said","text":"ready"}\\n')
        protocol.flush()
        sys.stdin.read()
    """
    watched = Watched(program)
    async with running(watched.child):
        assert "ready" == await watched.messages.get()


async def test_an_error_in_the_parents_callback_ends_the_child_and_surfaces() -> None:
    pids: list[int | None] = []

    def broken(_: Any) -> None:
        pids.append(child.pid)
        raise LookupError("a mistake of the parent")

    child = Child(
        [sys.executable, "-c", textwrap.dedent(ECHO)], name="c", decoder=DECODER, on_message=broken
    )
    with pytest.raises(LookupError):
        await child.run()
    assert pids[0] is not None
    with suppress(ProcessLookupError):
        os.kill(pids[0], 0)
        pytest.fail("the child outlived its parent's error")


@given(lives=st.integers(0, 10_000), jitter=st.floats(0, 1))
def test_a_restart_waits_less_than_a_second_until_the_crash_loop(lives: int, jitter: float) -> None:
    delay_s = restart_delay_s(lives, jitter)
    assert 0 < delay_s <= (1.0 if lives <= CRASH_LOOP else SLOWEST_RESTART_S)


@given(lives=st.integers(CRASH_LOOP, 100), jitter=st.floats(0, 1))
def test_back_off_never_shrinks_while_the_loop_lasts(lives: int, jitter: float) -> None:
    delay: Callable[[int], float] = lambda n: restart_delay_s(n, jitter)  # noqa: E731
    assert delay(lives) <= delay(lives + 1)
