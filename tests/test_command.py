"""Commands on paper: read strictly, decided on by the memo and the clock alone."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipbot import command, decision
from sipbot.command import LEASE_S, LONGEST_BYTES, SKEW_S, TTL_S, VERBS, Refused, Request, read
from sipbot.decision import HISTORY_MAX, NOTES_MAX, Answer, decide, lease_over, refuse
from sipbot.memo import Memo, Status
from sipbot.memo_history import HistoryEntry, Outcome
from tests.commands import a_request, payload
from tests.memo_samples import AT, a_memo

DOCS = Path(__file__).parent.parent / "docs"

UNTIL = (AT + timedelta(hours=3)).isoformat()
NEEDED: dict[str, dict[str, Any]] = {
    "note": {"text": "asks for the price list"},
    "snooze": {"until": UNTIL},
    "callback": {"outcome": "reached"},
}
"""Verb → the fields that it cannot do without."""


def after(memo: Memo, verb: str, at: datetime = AT, **fields: Any) -> Memo:
    """Return a memo after a command that is obeyed."""
    fields = {"ts": at, **NEEDED.get(verb, {}), **fields}
    verdict = decide(memo, a_request(verb, **fields), at)
    assert verdict.memo is not None, verdict.answer
    return verdict.memo


def answered(memo: Memo | None, verb: str, at: datetime = AT, **fields: Any) -> Answer:
    return decide(memo, a_request(verb, **{**NEEDED.get(verb, {}), **fields}), at).answer


def refused(verb: str, **fields: Any) -> str:
    found = read("yamato", verb, payload(**{**NEEDED.get(verb, {}), **fields}))
    assert isinstance(found, Refused), found
    return found.problem


# -- reading -------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", VERBS)
def test_command_with_its_fields_is_read(verb: str) -> None:
    assert verb == a_request(verb, **NEEDED.get(verb, {})).verb


@pytest.mark.parametrize(
    ("verb", "fields", "words"),
    [
        ("claim", {"by": "Hanako"}, 'by = "Hanako": Use the operator'),
        ("claim", {"by": "hanako\n"}, "by = "),
        ("claim", {"by": "sipbot"}, 'by = "sipbot"'),
        ("claim", {"memo": "../1"}, 'memo = "../1": Use the memo'),
        ("claim", {"ts": AT.replace(tzinfo=None)}, "Write the time with its offset"),
        ("claim", {"ttl_s": 0}, "ttl_s = 0: Use whole seconds from 1 to 3600"),
        ("claim", {"expected_rev": "1"}, 'expected_rev = "1"'),
        ("claim", {"lease_s": 5}, "lease_s = 5: Use whole seconds from 60 to 14400"),
        ("claim", {"outcome": "busy"}, 'outcome = "busy": not for this verb'),
        ("claim", {"colour": 1}, '"colour" is no field of this command'),
        ("claim", {"schema": 2}, "schema = 2: Write 1"),
        ("note", {"text": ""}, 'text = "": Use 1 to 2000 characters'),
        ("note", {"text": "x" * 2001}, "…: Use 1 to 2000 characters"),
        ("note", {"text": "\x1b[2J"}, "of control characters only line feed and tab"),
        ("note", {"text": "\x9b2J"}, "of control characters only line feed and tab"),
        ("note", {"text": "\u202e0555"}, "of control characters only line feed and tab"),
        ("callback", {"outcome": "fine"}, "Use one of reached, no_answer, busy"),
        ("snooze", {"until": "tomorrow"}, 'until = "tomorrow": Write the time with its offset'),
        ("take", {}, '"take" is no verb. Use one of claim, release'),
    ],
)
def test_wrong_command_is_refused_with_field_value_and_remedy(
    verb: str, fields: dict[str, Any], words: str
) -> None:
    assert words in refused(verb, **fields)


def test_missing_field_is_named() -> None:
    found = read("yamato", "claim", b'{"req":"r1"}')
    assert isinstance(found, Refused)
    assert "by is missing" in found.problem


@pytest.mark.parametrize(
    "junk",
    [
        b"",
        b"{not json",
        b"[]",
        b"{}",
        b'{"req":1}',
        b'{"req":"../x"}',
        b"[" * 30_000,
        b'{"req":"r1","text":"' + b"x" * LONGEST_BYTES + b'"}',
        b'{"req":"\\ud800"}',
    ],
    ids=range(9),
)
def test_command_without_a_name_for_the_answer_is_not_read(junk: bytes) -> None:
    assert None is read("yamato", "claim", junk)


@given(st.binary(max_size=200), st.sampled_from([*VERBS, "take"]))
def test_reading_ends_with_no_junk(junk: bytes, verb: str) -> None:
    assert not isinstance(read("yamato", verb, junk), Request)


def test_the_longest_note_in_the_longest_spelling_is_read() -> None:
    """Programs may write every character as two escapes."""
    assert 2000 == len(a_request("note", text="😀" * 2000).command.text)  # type: ignore[attr-defined]


def test_command_sent_again_later_is_the_same_wish() -> None:
    first = a_request("claim", ttl_s=60)
    again = a_request("claim", ts=AT + timedelta(seconds=30))
    other = a_request("claim", by="taro")
    assert (True, False) == (first.digest == again.digest, first.digest == other.digest)


# -- deciding ------------------------------------------------------------------------------------


def test_claim_of_an_open_memo_makes_its_sender_the_holder_for_the_lease() -> None:
    memo = after(a_memo(), "claim")
    ends = AT + timedelta(seconds=LEASE_S)
    assert (2, Status.CLAIMED, "hanako", ends) == (
        memo.rev,
        memo.status,
        memo.holder,
        memo.held_until,
    )
    assert ("claimed", "hanako", ends) == (
        memo.history[-1].what,
        memo.history[-1].by,
        memo.history[-1].until,
    )


def test_second_claim_is_told_who_holds_the_memo_and_until_when() -> None:
    held = after(a_memo(), "claim")
    answer = answered(held, "claim", by="taro")
    assert ("conflict", "claimed", "hanako", held.held_until, 2) == (
        answer.status,
        answer.code,
        answer.holder,
        answer.until,
        answer.rev,
    )


def test_claim_by_the_holder_prolongs_it() -> None:
    later = AT + timedelta(minutes=10)
    memo = after(after(a_memo(), "claim"), "claim", later, lease_s=1200)
    assert ("prolonged", later + timedelta(minutes=20)) == (memo.history[-1].what, memo.held_until)


@pytest.mark.parametrize("verb", ["release", "snooze", "callback", "done"])
def test_only_the_holder_of_a_claimed_memo(verb: str) -> None:
    held = after(a_memo(), "claim")
    assert ("conflict", "claimed") == (
        answered(held, verb, by="taro").status,
        answered(held, verb, by="taro").code,
    )
    assert held.rev + 1 == after(held, verb).rev


def test_note_is_for_everybody_and_leaves_the_holder() -> None:
    memo = after(after(a_memo(), "claim"), "note", by="taro", text="called twice already")
    assert ("hanako", "taro", "called twice already") == (
        memo.holder,
        memo.history[-1].by,
        memo.history[-1].text,
    )


def test_release_gives_the_memo_back() -> None:
    memo = after(after(a_memo(), "claim"), "release")
    assert (Status.OPEN, None, None) == (memo.status, memo.holder, memo.held_until)


def test_release_of_a_memo_that_nobody_holds_is_a_conflict() -> None:
    assert "not_claimed" == answered(a_memo(), "release").code


def test_snooze_puts_the_memo_off_and_ends_the_claim() -> None:
    memo = after(after(a_memo(), "claim"), "snooze")
    due = AT + timedelta(hours=3)
    assert (Status.OPEN, None, due, due) == (
        memo.status,
        memo.holder,
        memo.snoozed_until,
        memo.due_at,
    )
    assert None is after(memo, "claim").snoozed_until


@pytest.mark.parametrize("off", [timedelta(0), timedelta(days=91)])
def test_snooze_until_the_past_or_for_ever_is_rejected(off: timedelta) -> None:
    answer = answered(a_memo(), "snooze", until=(AT + off).isoformat())
    assert ("rejected", "bad_field") == (answer.status, answer.code)
    assert "until = " in (answer.problem or "")


def test_outcome_of_a_call_back_is_the_memos_result() -> None:
    memo = after(a_memo(), "callback", outcome="no_answer", text="rang for a minute")
    assert (Outcome.NO_ANSWER, Outcome.NO_ANSWER, "rang for a minute", Status.OPEN) == (
        memo.result,
        memo.history[-1].outcome,
        memo.history[-1].text,
        memo.status,
    )


def test_done_closes_without_a_claim_and_reopen_brings_back() -> None:
    closed = after(a_memo(), "done")
    opened = after(closed, "reopen")
    assert (Status.DONE, Status.OPEN, 3) == (closed.status, opened.status, opened.rev)
    assert "done" == answered(closed, "claim").code
    assert "not_done" == answered(opened, "reopen").code


def test_memo_of_another_client_is_unknown_and_tells_nothing() -> None:
    answer = decide(a_memo(), a_request("claim", client="sakura"), AT).answer
    assert ("rejected", "unknown_memo", None, None) == (
        answer.status,
        answer.code,
        answer.rev,
        answer.holder,
    )


def test_expected_revision_that_is_not_there_is_a_conflict() -> None:
    answer = answered(a_memo(), "claim", expected_rev=2)
    assert ("conflict", "rev", 1) == (answer.status, answer.code, answer.rev)


@pytest.mark.parametrize(
    ("age_s", "status"),
    [
        (TTL_S + SKEW_S, "accepted"),
        (TTL_S + SKEW_S + 1, "expired"),
        (-SKEW_S, "accepted"),
        (-SKEW_S - 1, "rejected"),
    ],
)
def test_command_counts_from_its_time_for_its_life_with_room_for_the_clocks(
    age_s: int, status: str
) -> None:
    assert status == answered(a_memo(), "claim", ts=AT - timedelta(seconds=age_s)).status


@pytest.mark.parametrize("year", [1, 9999])
def test_time_at_the_ends_of_the_calendar_is_answered(year: int) -> None:
    ts = AT.replace(year=year, month=12, day=31, hour=23, minute=59)
    assert "accepted" != answered(a_memo(), "claim", ts=ts).status


def test_claim_ends_by_itself_when_its_lease_is_over() -> None:
    held = after(a_memo(), "claim")
    ends = AT + timedelta(seconds=LEASE_S)
    over = lease_over(held, ends)
    assert over is not None
    assert (Status.OPEN, None, None, "lease_over", "sipbot") == (
        over.status,
        over.holder,
        over.held_until,
        over.history[-1].what,
        over.history[-1].by,
    )
    assert None is lease_over(held, ends - timedelta(microseconds=1))
    assert None is lease_over(over, ends)


def entries(number: int, text: str | None = None) -> tuple[HistoryEntry, ...]:
    return tuple(
        HistoryEntry(rev=n, at=AT, what="note", by="hanako", text=text)
        for n in range(1, number + 1)
    )


def test_notes_and_history_have_an_end_but_a_memo_can_always_be_closed() -> None:
    noted = a_memo().model_copy(update={"history": entries(NOTES_MAX, "x")})
    full = a_memo().model_copy(update={"history": entries(HISTORY_MAX)})
    assert ("too_many_notes", "history_full", "accepted") == (
        answered(noted, "note").code,
        answered(full, "claim").code,
        answered(full, "done").status,
    )


def test_masked_memo_hides_who_and_what_was_noted() -> None:
    from sipbot.masked_memo import masked
    from sipbot.masking import MASK, mask_of
    from sipbot.understanding import ClientFacts

    memo = after(after(a_memo(), "claim"), "note", text="Mrs Sato, 03-5550-1234")
    shown = masked(memo, mask_of(memo, ClientFacts(), None))
    assert (MASK, MASK, MASK) == (shown.holder, shown.history[-1].by, shown.history[-1].text)


# -- the contract --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "schema"),
    [("command", command.json_schema), ("ack", decision.json_schema)],
    ids=["command", "ack"],
)
def test_schema_file_is_the_generated_one(name: str, schema: Callable[[], dict[str, Any]]) -> None:
    """Write docs/<name>.schema.json again from the function after a change."""
    file = DOCS / f"{name}.schema.json"
    assert schema() == json.loads(file.read_text(encoding="utf-8"))


@pytest.mark.parametrize("verb", VERBS)
def test_commands_and_answers_are_of_their_schemas(verb: str) -> None:
    fields = NEEDED.get(verb, {})
    schema = command.json_schema()
    of_verb = {**schema, "anyOf": [{"$ref": f"#/$defs/{VERBS[verb].__name__}"}]}
    jsonschema.Draft202012Validator(of_verb).validate(json.loads(payload(**fields)))
    answers = jsonschema.Draft202012Validator(decision.json_schema())
    answers.validate(json.loads(answered(a_memo(), verb).encode()))
    problem = refuse(Refused(client="yamato", verb=verb, req="r1", problem="no", digest=""), AT)
    answers.validate(json.loads(problem.encode()))


# -- any sequence --------------------------------------------------------------------------------

STEPS = st.lists(
    st.tuples(
        st.sampled_from(list(VERBS)),
        st.sampled_from(["hanako", "taro", "jiro"]),
        st.integers(0, 1200),
    ),
    max_size=30,
)


@given(STEPS)
def test_any_sequence_of_commands_leaves_one_holder_at_most_and_revisions_rise_by_one(
    steps: list[tuple[str, str, int]],
) -> None:
    memo, now = a_memo(), AT
    holder: str | None = None
    for verb, by, wait_s in steps:
        now += timedelta(seconds=wait_s)
        over = lease_over(memo, now)
        if over is not None:
            memo, holder = over, None
        before = memo
        fields = {**NEEDED.get(verb, {}), "until": (now + timedelta(hours=1)).isoformat()}
        if verb != "snooze":
            del fields["until"]
        verdict = decide(memo, a_request(verb, by=by, ts=now, **fields), now)
        memo = verdict.memo or memo
        assert (verdict.answer.status == "accepted") == (memo.rev == before.rev + 1)
        if holder not in (None, by) and verb not in ("note", "reopen"):
            assert ("conflict", holder) == (verdict.answer.status, verdict.answer.holder)
        if memo.holder != holder:
            assert by in (holder, memo.holder)
            assert None in (holder, memo.holder)
        holder = memo.holder
        assert (
            (memo.status is Status.CLAIMED) == (holder is not None) == (memo.held_until is not None)
        )
        assert [entry.rev for entry in memo.history] == list(range(1, memo.rev + 1))
