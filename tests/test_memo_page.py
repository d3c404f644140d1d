"""One memo on a terminal: what an operator reads before calling back."""

import io
from datetime import timedelta

import pytest
from rich.console import Console

from sipbot.labels import LABELS
from sipbot.memo import with_transcript
from sipbot.memo_found import Previous
from sipbot.memo_page import memo_page
from sipbot.understanding import ClientFacts, understand
from tests.memo_samples import AT, a_memo, a_transcript


@pytest.mark.parametrize(
    ("said", "value", "meant"),
    [
        ("明日の午後3時", "明日の午後3時", "11月21日(土) 15:00"),
        ("番号は03-6743-1209", "03-6743-1209", "+81367431209"),
    ],
)
def test_value_that_does_not_say_itself_what_it_means_has_its_meaning_beside_it(
    said: str, value: str, meant: str
) -> None:
    """Which day "tomorrow" was, nobody needs to reckon."""
    text, facts = a_transcript(said), ClientFacts(region="JP")
    memo = with_transcript(a_memo(), text, AT, understand(text, facts, at=AT))
    assert memo is not None
    page = io.StringIO()

    Console(file=page, width=200).print(
        memo_page(memo, LABELS["ja"], AT.astimezone()), markup=False
    )

    line = next(line for line in page.getvalue().splitlines() if "数値など" in line)
    assert [value, meant] == [part for part in line.split("  ") if part.strip() in {value, meant}]


@pytest.mark.parametrize(
    ("result", "lang", "line"),
    [
        (None, "en", "open estimate 000000aa"),
        (None, "ja", "未対応 estimate 000000aa"),
        ("no_answer", "en", "open no answer estimate 000000aa"),
        ("no_answer", "ja", "未対応 応答なし estimate 000000aa"),
    ],
)
def test_earlier_memo_is_shown_with_its_category_and_what_came_of_it(
    result: str | None, lang: str, line: str
) -> None:
    before = Previous(
        memo="019a9c3e-0000-7000-8000-0000000000aa",
        at=AT - timedelta(days=1),
        status="open",
        category="estimate",
        result=result,
    )
    memo = a_memo()
    known = memo.caller.model_copy(update={"previous": (before,)})
    out = io.StringIO()

    page = memo_page(memo.model_copy(update={"caller": known}), LABELS[lang], AT.astimezone())
    Console(file=out, width=120).print(page, markup=False)

    assert line in " ".join(out.getvalue().split())
