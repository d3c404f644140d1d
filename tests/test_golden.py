"""Golden sets: what is compared with what, and what follows for a client's words."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipbot.dialplan import load_file
from sipbot.error_rate import Score, edits, score, units
from sipbot.errors import SipbotError
from sipbot.golden import (
    Verdict,
    digest,
    folder_of,
    gated,
    last_verdict,
    references,
    write_verdict,
    written_terms,
)
from sipbot.plan import Dialplan
from sipbot.vocabulary import Term

ROOT = Path(__file__).parent.parent
AT = datetime(2026, 12, 1, tzinfo=UTC)
TERM = Term(write="やまと工業", read="ヤマトコウギョウ")

sentences = st.lists(st.sampled_from("abc"), max_size=6)


@pytest.mark.parametrize(
    ("language", "said", "written", "expected"),
    [
        ("ja", "やまと工業です。", "山と工業です", Score(errors=2, length=7, said=1)),
        ("ja", "やまと工業です", "やまと 工業です。", Score(length=7, said=1, found=1)),
        ("ja", "山と工業", "やまと工業", Score(errors=2, length=4, invented=1)),
        ("ja", "03ー1234", "03-1234", Score(errors=1, length=7)),
        ("en", "It's John, 5 o'clock.", "its jon 5 oclock", Score(errors=1, length=4)),
    ],
)
def test_score_counts_what_was_said_and_not_how_it_is_punctuated(
    language: str, said: str, written: str, expected: Score
) -> None:
    assert expected == score(said, written, (TERM,), language)


def test_characters_are_compared_in_one_width_and_size() -> None:
    assert ["a", "1", "ア"] == units("Ａ１、 ｱ", "ja")


@given(sentences, sentences, sentences)
def test_edits_are_a_distance(one: list[str], other: list[str], third: list[str]) -> None:
    assert edits(one, other) == edits(other, one)
    assert (edits(one, other) == 0) == (one == other)
    assert edits(one, third) <= edits(one, other) + edits(other, third)


@pytest.mark.parametrize(
    ("worse", "after"),
    [
        (False, Score(errors=3, found=2, invented=1)),
        (True, Score(errors=4, found=3, invented=1)),
        (True, Score(errors=3, found=1, invented=1)),
        (True, Score(errors=0, found=3, invented=2)),
    ],
)
def test_one_figure_that_is_worse_makes_the_words_worse(worse: bool, after: Score) -> None:
    assert worse == after.worse_than(Score(errors=3, found=2, invented=1))


@pytest.fixture
def yamato() -> Dialplan:
    plan = load_file(ROOT / "dialplans" / "yamato.toml", "JP")
    return replace(plan, terms=written_terms(plan), warnings=())


def verdict(plan: Dialplan, *, better: bool, forced: bool = False, of: str = "") -> Verdict:
    terms = of or digest(plan.terms, plan.language)
    return Verdict(terms=terms, better=better, forced=forced, at=AT)


@pytest.mark.parametrize(
    ("found", "used", "told"),
    [
        ({"better": True}, True, ""),
        ({"better": False, "forced": True}, True, ""),
        ({"better": False}, False, "is not used"),
        ({"better": False, "of": "other"}, True, "has changed since"),
        ({"better": True, "of": "other"}, True, "has changed since"),
        (None, True, "has never been tried"),
    ],
)
def test_words_are_used_unless_exactly_these_made_texts_worse(
    yamato: Dialplan, tmp_path: Path, found: dict[str, bool] | None, used: bool, told: str
) -> None:
    folder_of(tmp_path, "yamato").mkdir(parents=True)
    if found is not None:
        write_verdict(tmp_path, "yamato", verdict(yamato, **found))  # type: ignore[arg-type] # of

    plan = gated(yamato, tmp_path)

    assert (yamato.terms if used else ()) == plan.terms
    assert [told] * bool(told) == [told for one in plan.warnings if told in one.problem]
    assert bool(told) == bool(plan.warnings)


def test_client_without_a_golden_set_is_not_asked_for_one(yamato: Dialplan, tmp_path: Path) -> None:
    assert yamato is gated(yamato, tmp_path)


def test_damaged_verdict_counts_as_none(tmp_path: Path) -> None:
    folder_of(tmp_path, "yamato").mkdir(parents=True)
    (folder_of(tmp_path, "yamato") / "verdict.json").write_text("{")
    assert None is last_verdict(tmp_path, "yamato")


def test_reference_without_a_recording_is_that_of_a_memo(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, "sato")
    folder.mkdir(parents=True)
    (folder / "0197a5e2.txt").write_text("佐藤です\n")
    (folder / "call.txt").write_text("森です")
    (folder / "call.wav").write_bytes(b"")

    found = references(tmp_path, "sato")

    assert [("0197a5e2", "佐藤です", None), ("call", "森です", folder / "call.wav")] == [
        (one.name, one.text, one.audio) for one in found
    ]


def test_golden_set_without_a_reference_says_what_belongs_there(tmp_path: Path) -> None:
    with pytest.raises(SipbotError, match=r"NAME\.txt"):
        references(tmp_path, "sato")


def test_digest_changes_with_every_part_of_a_term() -> None:
    others = [
        replace(TERM, write="大和工業"),
        replace(TERM, read="ヤマト"),
        replace(TERM, heard=("山と工業",)),
        replace(TERM, kind="company"),
    ]
    assert 5 == len({digest((one,), "ja") for one in [TERM, *others]})
