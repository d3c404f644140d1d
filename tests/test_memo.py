"""The memo's rules: which text wins, what counts as a change, and the published schema."""

import json
from pathlib import Path

import jsonschema
from hypothesis import given, settings
from hypothesis import strategies as st

from sipbot.memo import (
    LIVE_EAR,
    SECOND_EAR,
    Memo,
    Stage,
    changed,
    json_schema,
    with_failure,
    with_transcript,
)
from sipbot.records import Transcript
from tests.memo_samples import AT, a_memo, a_transcript

transcripts = st.builds(
    a_transcript,
    st.sampled_from(["", "折り返し お願いします", "see you"]),
    st.sampled_from([LIVE_EAR, SECOND_EAR]),
)

MEMO_SCHEMA = jsonschema.Draft202012Validator(json_schema())


def test_first_memo_of_known_number_is_unconfirmed_evidence() -> None:
    """What the network says is one evidence, and one is not enough."""
    callback = a_memo().callback

    assert ("+81355501234", False) == (callback.number, callback.confirmed)
    assert ["caller_id"] == [evidence.source for evidence in callback.evidence]


def test_first_memo_of_withheld_number_has_null_not_a_made_up_one() -> None:
    """A number that was not given is null."""
    callback = a_memo(number=None).callback

    assert (None, ()) == (callback.number, callback.evidence)


def test_memo_unmeasured_fields_are_published_as_null() -> None:
    """Nothing that was not measured is printed as 0."""
    body = json.loads(a_memo().model_dump_json())

    assert [None] * 5 == [
        body["text"],
        body["confidence"],
        body["due_at"],
        body["call"]["duration_s"],
        body["caller"]["calls_before"],
    ]


def test_with_transcript_of_live_ear_raises_revision_and_stage() -> None:
    """The first text is the next revision."""
    memo = with_transcript(a_memo(), a_transcript("moshi moshi"), AT)

    assert memo is not None
    assert (2, Stage.TRANSCRIBED, "moshi moshi") == (memo.rev, memo.stage, memo.text)
    assert () == memo.recognition.ears_pending


def test_with_transcript_of_silence_still_becomes_transcribed() -> None:
    """An ear that heard nothing has nevertheless listened."""
    memo = with_transcript(a_memo(), a_transcript(""), AT)

    assert memo is not None
    assert (Stage.TRANSCRIBED, "") == (memo.stage, memo.text)


def test_with_transcript_second_ear_replaces_live_text() -> None:
    """The better ear wins when it has words."""
    live = with_transcript(a_memo(), a_transcript("live"), AT)
    assert live is not None

    second = with_transcript(live, a_transcript("second", SECOND_EAR), AT)

    assert second is not None
    assert ("second", SECOND_EAR) == (second.text, second.recognition.engine)
    assert ["text", "words", "recognition"] == changed(live, second)


def test_with_transcript_empty_second_ear_only_crosses_it_off() -> None:
    """An empty text never replaces words, but nobody waits for that ear any more."""
    live = with_transcript(a_memo(ears=(LIVE_EAR, SECOND_EAR)), a_transcript("live"), AT)
    assert live is not None

    second = with_transcript(live, a_transcript("", SECOND_EAR), AT)

    assert second is not None
    assert ("live", ()) == (second.text, second.recognition.ears_pending)


def test_with_transcript_live_after_second_changes_nothing() -> None:
    """The live ear never replaces the second one's words."""
    second = with_transcript(a_memo(ears=()), a_transcript("second", SECOND_EAR), AT)
    assert second is not None

    assert None is with_transcript(second, a_transcript("live"), AT)


def test_with_failure_of_every_ear_says_so_without_text() -> None:
    """A memo nobody could read is still a memo."""
    memo = with_failure(a_memo(), "the recogniser was ended three times", AT)

    assert memo is not None
    assert (Stage.RECOGNITION_FAILED, None) == (memo.stage, memo.text)


def test_with_failure_of_one_ear_while_another_listens_keeps_stage() -> None:
    """One deaf ear is not a failed memo."""
    memo = with_failure(a_memo(ears=(LIVE_EAR, SECOND_EAR)), "crashed", AT, engine=LIVE_EAR)

    assert memo is not None
    assert (Stage.RECORDED, (SECOND_EAR,)) == (memo.stage, memo.recognition.ears_pending)


def test_with_failure_after_text_changes_nothing() -> None:
    """A text once read is never taken back."""
    memo = with_transcript(a_memo(), a_transcript("live"), AT)
    assert memo is not None

    assert None is with_failure(memo, "too late", AT)


def test_with_transcript_after_failure_is_transcribed() -> None:
    """A later success heals an earlier failure."""
    failed = with_failure(a_memo(), "crashed", AT)
    assert failed is not None

    memo = with_transcript(failed, a_transcript("", SECOND_EAR), AT)

    assert memo is not None
    assert (Stage.TRANSCRIBED, None) == (memo.stage, memo.recognition.problem)


@settings(deadline=None)
@given(st.lists(transcripts, max_size=6))
def test_memo_any_order_of_transcripts_keeps_the_best_text(heard: list[Transcript]) -> None:
    """Second ear's words, else live words, else empty; revisions rise by one."""
    memo = a_memo(ears=(LIVE_EAR, SECOND_EAR))
    revisions = [memo]
    for transcript in heard:
        memo = with_transcript(memo, transcript, AT) or memo
        if memo is not revisions[-1]:
            revisions.append(memo)

    rank = {(SECOND_EAR, True): 2, (LIVE_EAR, True): 1}
    best = max((rank.get((t.engine, bool(t.text)), 0) for t in heard), default=None)
    shown = (
        None
        if memo.stage is Stage.RECORDED
        else rank.get((memo.recognition.engine or "", bool(memo.text)), 0)
    )
    assert best == shown
    assert list(range(1, len(revisions) + 1)) == [revision.rev for revision in revisions]
    assert memo.rev == len(memo.history)


@settings(deadline=None)
@given(st.lists(transcripts, max_size=4))
def test_memo_survives_its_json_form_and_fits_the_schema(heard: list[Transcript]) -> None:
    """What is published can be read back, and is what the schema promises."""
    memo = a_memo()
    for transcript in heard:
        memo = with_transcript(memo, transcript, AT) or memo
    body = memo.model_dump_json()

    MEMO_SCHEMA.validate(json.loads(body))
    assert memo == Memo.model_validate_json(body)


def test_memo_reader_ignores_fields_of_a_newer_release() -> None:
    """Fields may be added without breaking readers."""
    body = json.loads(a_memo().model_dump_json()) | {"mood": "cheerful"}

    assert a_memo() == Memo.model_validate(body)


def test_memo_schema_file_is_the_generated_one() -> None:
    """docs/memo.schema.json is `sipbot.memo.json_schema()`; write it again after a change."""
    file = Path(__file__).parent.parent / "docs" / "memo.schema.json"

    assert json.loads(file.read_text(encoding="utf-8")) == json_schema()
