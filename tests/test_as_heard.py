"""A memo's text as the ear wrote it, with the client's terms taken back."""

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from sipbot.as_heard import as_heard
from sipbot.cli_memos import memos_app
from sipbot.ledger import Ledger
from sipbot.memo import Memo, with_transcript
from sipbot.records import EndedBy, EndState, Transcript, Word
from sipbot.understanding import ClientFacts, understand
from sipbot.vocabulary import Term
from tests.memo_samples import AT, a_memo, a_memo_of, an_offer

TERMS = (
    Term(write="Northgate", read="north gate", kind="company", heard=("no escape",)),
    Term(write="한빛전자", read="한빛전자", kind="company", heard=("한비전자",)),
    Term(write="やまと工業", read="ヤマトコウギョウ", kind="company", heard=("山と行動",)),
)


def read(text: str, language: str, memo: Memo | None = None) -> Memo:
    words = tuple(
        Word(text=word, start_s=float(at), end_s=at + 0.5, confidence=0.9)
        for at, word in enumerate(text.split())
    )
    heard = Transcript(text=text, words=words, language=language, engine="vosk", model="m")
    facts = ClientFacts(region="JP", terms=TERMS)
    new = with_transcript(memo or a_memo(), heard, AT, understand(heard, facts, at=AT))
    assert new is not None
    return new


@pytest.mark.parametrize(
    ("language", "mended", "heard"),
    [
        ("en", "This is Northgate, hello", "This is no escape, hello"),
        ("ko", "한빛전자 최영호입니다", "한비전자 최영호입니다"),
        ("ja", "やまと工業です", "山と行動です"),
        ("en", "Northgate and Northgate", "no escape and no escape"),
        ("en", "Hello", "Hello"),
    ],
)
def test_every_correction_of_a_memo_can_be_taken_back(
    language: str, mended: str, heard: str
) -> None:
    memo = read(heard, language)

    assert (mended, heard) == (memo.text, as_heard(memo).text)
    assert () == as_heard(memo).corrections


@given(st.lists(st.sampled_from(["no escape", "hello", "call 090-1234-5678", "ok,"]), max_size=5))
def test_what_was_not_mended_stands_where_it_stood(pieces: list[str]) -> None:
    memo = read(" ".join(pieces), "en")

    heard = as_heard(memo)

    before, after = memo.text or "", heard.text or ""
    assert [before[one.text_from : one.text_to] for one in memo.found] == [
        after[one.text_from : one.text_to] for one in heard.found
    ]
    assert [one.text.casefold() for one in heard.words] == [
        after[one.text_from : one.text_to].casefold() for one in heard.words
    ]


def test_show_prints_the_text_as_it_was_heard_when_asked_to(tmp_path: Path) -> None:
    async def store() -> Memo:
        async with Ledger.open(tmp_path / "sipbot.sqlite3") as ledger:
            offer = an_offer()
            await ledger.add_call(offer, "yamato", "request-uri", "yamato")
            memo = a_memo_of(offer)
            await ledger.end_call(offer.call, EndState.MEMO, AT, EndedBy.CALLER, 200, memo)
            new = await ledger.revise_memo(
                memo.id, lambda old: read("This is no escape, hello", "en", old)
            )
            assert new is not None
            return new

    show = ["show", asyncio.run(store()).id, "--var", str(tmp_path), "--lang", "en"]
    shown, heard = (CliRunner().invoke(memos_app, [*show, *more]) for more in ([], ["--as-heard"]))

    assert "This is Northgate*, hello" in shown.stdout
    assert "This is no escape, hello" in heard.stdout
