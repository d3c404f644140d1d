"""What `sipbot memos show` says of a caller's earlier memos."""

import io
from datetime import timedelta

import pytest
from rich.console import Console

from sipbot.labels import LABELS
from sipbot.memo_found import Previous
from sipbot.memo_page import memo_page
from tests.memo_samples import AT, a_memo


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

    page = memo_page(memo.model_copy(update={"caller": known}), LABELS[lang])
    Console(file=out, width=120).print(page, markup=False)

    assert line in " ".join(out.getvalue().split())
