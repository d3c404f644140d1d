"""Commands in the ledger: obeyed once, answered once, whatever comes twice or is interrupted."""

import asyncio
import contextlib
import json
import os
import sqlite3
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sipbot.command import LEASE_S, VERBS, Refused, Request, read
from sipbot.ledger import Delivery, Ledger
from sipbot.ledger_invariants import examine
from sipbot.memo import Memo, Status
from sipbot.outbox import Outbox
from sipbot.records import EndedBy, EndState
from tests.commands import a_request, payload
from tests.memo_samples import AT, a_memo_of, an_offer
from tests.test_outbox import Clock, Notebook

LATER = AT + timedelta(days=9999)
ENDS = AT + timedelta(seconds=LEASE_S)


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    async with Ledger.open(tmp_path / "sipbot.sqlite3") as opened:
        yield opened


async def a_memo_in(ledger: Ledger, client: str = "yamato") -> Memo:
    memo = a_memo_of(an_offer(), client)
    await ledger.add_call(an_offer(memo.call.id), client, "request-uri", client)
    await ledger.end_call(memo.call.id, EndState.MEMO, AT, EndedBy.CALLER, 200, memo)
    return memo


async def answers(ledger: Ledger) -> list[dict[str, Any]]:
    due = await ledger.due_deliveries(LATER, 10_000)
    return [json.loads(one.payload) for one in due if one.req is not None]


async def stored(ledger: Ledger, memo: Memo) -> Memo:
    found = await ledger.memo(memo.id)
    assert found is not None
    return found


async def test_claim_stores_memo_delivery_and_answer_in_this_order(ledger: Ledger) -> None:
    memo = await a_memo_in(ledger)

    await ledger.commands.obey(a_request("claim", memo=memo.id), AT)

    def facts(one: Delivery) -> tuple[str | None, int | None, int | None, str | None]:
        return one.memo, one.rev, one.seq, one.req

    assert [(memo.id, 1, 1, None), (memo.id, 2, 2, None), (None, None, None, "r1")] == [
        facts(one) for one in await ledger.due_deliveries(LATER, 10)
    ]
    assert ("hanako", Status.CLAIMED) == (
        (await stored(ledger, memo)).holder,
        (await stored(ledger, memo)).status,
    )


async def test_same_command_again_changes_nothing_and_is_not_answered_again(
    ledger: Ledger,
) -> None:
    memo = await a_memo_in(ledger)
    await ledger.commands.obey(a_request("claim", memo=memo.id), AT)
    again = a_request("claim", memo=memo.id, ts=AT + timedelta(seconds=5))

    assert None is await ledger.commands.obey(again, AT + timedelta(seconds=5))

    assert 1 == len(await answers(ledger))
    assert 2 == (await stored(ledger, memo)).rev


async def test_other_command_under_a_used_name_is_rejected_once(ledger: Ledger) -> None:
    """Two programs that count 1, 2, 3 would otherwise wait for each other's answers."""
    memo = await a_memo_in(ledger)
    await ledger.commands.obey(a_request("claim", memo=memo.id), AT)
    for _ in range(2):
        await ledger.commands.obey(a_request("claim", memo=memo.id, by="taro"), AT)

    assert [("accepted", None, "hanako"), ("rejected", "req_reused", "taro")] == [
        (one["status"], one["code"], one["by"]) for one in await answers(ledger)
    ]


async def test_refused_command_is_answered_once(ledger: Ledger) -> None:
    wrong = read("yamato", "claim", payload(by="Hanako"))
    assert isinstance(wrong, Refused)
    for _ in range(2):
        await ledger.commands.obey(wrong, AT)

    assert [("rejected", "bad_field")] == [
        (one["status"], one["code"]) for one in await answers(ledger)
    ]


async def test_claim_that_is_over_does_not_stop_the_next_one(ledger: Ledger) -> None:
    """Nobody has to wait until somebody has looked for what is over."""
    memo = await a_memo_in(ledger)
    await ledger.commands.obey(a_request("claim", memo=memo.id), AT)
    answer = await ledger.commands.obey(
        a_request("claim", req="r2", by="taro", memo=memo.id, ts=ENDS), ENDS
    )

    assert answer is not None
    assert ("accepted", 4, "taro") == (answer.status, answer.rev, answer.holder)
    assert ["recorded", "claimed", "lease_over", "claimed"] == [
        entry.what for entry in (await stored(ledger, memo)).history
    ]


async def test_claims_end_at_their_time_and_the_next_end_is_told(ledger: Ledger) -> None:
    first, second = await a_memo_in(ledger), await a_memo_in(ledger)
    await ledger.commands.obey(a_request("claim", memo=first.id), AT)
    await ledger.commands.obey(a_request("claim", req="r2", memo=second.id, lease_s=1800), AT)

    assert ENDS == await ledger.commands.end_leases(ENDS - timedelta(microseconds=1))
    assert AT + timedelta(seconds=1800) == await ledger.commands.end_leases(ENDS)
    assert None is await ledger.commands.end_leases(LATER)

    assert [Status.OPEN, Status.OPEN] == [
        (await stored(ledger, memo)).status for memo in (first, second)
    ]


async def test_claim_of_a_memo_that_cannot_be_read_is_forgotten(
    ledger: Ledger, tmp_path: Path
) -> None:
    """The others' claims have to end; a command about it is answered."""
    memo, other = await a_memo_in(ledger), await a_memo_in(ledger)
    for one in (memo, other):
        await ledger.commands.obey(a_request("claim", req=one.id, memo=one.id), AT)
    with contextlib.closing(sqlite3.connect(tmp_path / "sipbot.sqlite3")) as raw, raw:
        raw.execute("UPDATE memos SET body = '{}' WHERE id = ?", (memo.id,))

    assert None is await ledger.commands.end_leases(ENDS)
    answer = await ledger.commands.obey(a_request("claim", memo=memo.id), AT)
    stranger = await ledger.commands.obey(a_request("claim", "chuo", memo=memo.id), AT)

    assert Status.OPEN == (await stored(ledger, other)).status
    assert answer is not None
    assert stranger is not None
    assert ("unreadable_memo", "unknown_memo") == (answer.code, stranger.code)


async def test_old_commands_are_forgotten_with_the_answers_that_are_out(
    ledger: Ledger, tmp_path: Path
) -> None:
    await ledger.commands.obey(a_request("claim", memo="nobody"), AT)
    late = AT + timedelta(days=8)
    await ledger.commands.obey(a_request("claim", req="r2", memo="nobody", ts=late), late)
    outbox = Outbox(ledger, {"mqtt": Notebook()}, now=lambda: late)
    await outbox.run_once()

    assert 1 == await ledger.commands.sweep(AT + timedelta(days=1))

    with contextlib.closing(sqlite3.connect(tmp_path / "sipbot.sqlite3")) as raw:
        assert [("r2",)] == raw.execute("SELECT req FROM commands").fetchall()
        left = raw.execute("SELECT req FROM deliveries WHERE delivered_at IS NULL").fetchall()
        assert [] == left
    assert () == examine(tmp_path / "sipbot.sqlite3", None).problems


async def test_ledger_stays_sound_when_the_clock_is_set_back_after_a_command(
    ledger: Ledger, tmp_path: Path
) -> None:
    """The answer is out a day "before" its command, which is still remembered."""
    day = timedelta(days=1)
    await ledger.commands.obey(a_request("claim", memo="nobody", ts=AT + day), AT + day)
    await Outbox(ledger, {"mqtt": Notebook()}, now=lambda: AT).run_once()

    assert 0 == await ledger.commands.sweep(AT + timedelta(hours=1))

    assert () == examine(tmp_path / "sipbot.sqlite3", None).problems


async def test_outbox_publishes_answers_and_open_memos_wait_for_none_of_them(
    ledger: Ledger,
) -> None:
    notebook = Notebook()
    outbox = Outbox(ledger, {"mqtt": notebook}, now=Clock())
    memo = await a_memo_in(ledger)
    await outbox.run_once()
    await ledger.commands.obey(a_request("claim", memo="nobody"), AT)
    notebook.memos.clear()
    notebook.session = 2

    await outbox.run_once()

    assert ([("yamato", "r1")], [("yamato", memo.id)]) == (notebook.answers, notebook.memos)


async def test_answer_that_waits_is_as_old_as_the_answer(ledger: Ledger) -> None:
    await ledger.commands.obey(a_request("claim", memo="nobody"), AT)

    waiting = await ledger.waiting()

    assert (1, AT) == (waiting.deliveries, waiting.since)


_OBEYER = """
import asyncio, sys
from pathlib import Path
from sipbot.ledger import Ledger
from tests.commands import a_request
from tests.memo_samples import AT

async def main() -> None:
    async with Ledger.open(Path(sys.argv[1])) as ledger:
        for n in range(100_000):
            note = a_request("note", req=f"n{n}", memo=sys.argv[2], text="x")
            await ledger.commands.obey(note, AT)
            print(n, flush=True)

asyncio.run(main())
"""


async def test_killed_ledger_has_obeyed_and_answered_each_command_or_neither(
    tmp_path: Path,
) -> None:
    """After SIGKILL the rest is asked again, and nothing is there twice."""
    path = tmp_path / "sipbot.sqlite3"
    async with Ledger.open(path) as ledger:
        memo = await a_memo_in(ledger)
    root = Path(__file__).parent.parent
    process = await asyncio.create_subprocess_exec(
        *[sys.executable, "-c", _OBEYER, str(path), memo.id],
        cwd=root,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    assert process.stdout is not None
    for _ in range(20):
        await process.stdout.readline()
    process.kill()
    await process.communicate()
    async with Ledger.open(path) as ledger:
        for n in range(60):
            await ledger.commands.obey(a_request("note", req=f"n{n}", memo=memo.id, text="x"), AT)
        noted = (await stored(ledger, memo)).history
        reqs = [one["req"] for one in await answers(ledger)]

    assert {1} == set(Counter(reqs).values())
    assert min(len(reqs), 100) == len(noted) - 1
    assert () == examine(path, None).problems


# -- any order, any number of times ----------------------------------------------------------------

NEEDED: dict[str, dict[str, Any]] = {
    "note": {"text": "x"},
    "snooze": {"until": (AT + timedelta(hours=3)).isoformat()},
    "callback": {"outcome": "busy"},
}


@st.composite
def sent(draw: st.DrawFn) -> list[tuple[int, str, str, int]]:
    """Commands as (number, verb, operator, memo), some of them several times, in any order."""
    wishes = draw(
        st.lists(
            st.tuples(
                st.sampled_from(list(VERBS)), st.sampled_from(["hanako", "taro"]), st.integers(0, 1)
            ),
            min_size=1,
            max_size=12,
        )
    )
    numbered = [(n, *wish) for n, wish in enumerate(wishes)]
    return draw(st.permutations(numbered * draw(st.integers(1, 2))))


@given(sent())
@settings(max_examples=15)
def test_commands_sent_again_in_any_order_are_answered_once_and_leave_one_holder(
    commands: list[tuple[int, str, str, int]],
) -> None:
    async def play() -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "sipbot.sqlite3"
            async with Ledger.open(path) as ledger:
                memos = [await a_memo_in(ledger) for _ in range(2)]
                for n, verb, by, of in commands:
                    request: Request = a_request(
                        verb, req=f"r{n}", by=by, memo=memos[of].id, **NEEDED.get(verb, {})
                    )
                    await ledger.commands.obey(request, AT)
                found = await answers(ledger)
                after = [await stored(ledger, memo) for memo in memos]
            assert sorted({f"r{n}" for n, *_ in commands}) == sorted(one["req"] for one in found)
            for memo in after:
                accepted = [
                    one["rev"]
                    for one in found
                    if one["memo"] == memo.id and one["status"] == "accepted"
                ]
                assert list(range(2, memo.rev + 1)) == accepted
            assert () == examine(path, None).problems

    asyncio.run(play())
