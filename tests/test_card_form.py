"""A client's knowledge card: what a file may say, where it is wrong, and that it fits its way."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from sipbot import console_wire as wire
from sipbot.card_form import (
    CONTACTS_MAX,
    FAQ_MAX,
    LINE_CHARS,
    LINES_MAX,
    TEXT_CHARS,
    CardForm,
    ContactForm,
    FaqForm,
    card_of,
)
from sipbot.card_page import facts_of_card
from sipbot.client_card import ClientCard, Contact, Faq
from sipbot.console_link import CARDS_BYTES
from sipbot.dialplan import load_file
from sipbot.dialplan_diff import changes
from sipbot.errors import DialplanError
from sipbot.lines import LIMIT_BYTES, encode
from tests.clients import client, write_client

WIDE = "𠮷"
"""As long in UTF-8 as a character can be."""

CARD = """
[card]
about = "相続と離婚。"
wording = ["「先生」ではなく「弁護士」と言う"]

[[contact]]
name = "鈴木様"
about = "相続"
number = "03-5550-1234"

[[faq]]
question = "相談料はいくらですか"
answer = "初回は無料です。"
"""


def wrong_places(folder: Path, text: str) -> list[str]:
    """Return key and problem of every mistake of a file with these tables."""
    with pytest.raises(DialplanError) as found:
        client(folder, text)
    return [f"{one.key}: {one.problem}" for one in found.value.mistakes]


def test_card_of_a_file_is_what_it_says(tmp_path: Path) -> None:
    expected = ClientCard(
        language="ja",
        about="相続と離婚。",
        wording=("「先生」ではなく「弁護士」と言う",),
        contacts=(
            Contact(
                name="鈴木様", about="相続", number="+81355501234", shown="03-5550-1234", note=""
            ),
        ),
        faq=(Faq(question="相談料はいくらですか", answer="初回は無料です。"),),
    )
    assert expected == client(tmp_path, CARD).card


def test_file_without_its_tables_has_no_card(tmp_path: Path) -> None:
    assert client(tmp_path).card is None


def test_card_counts_what_it_has(tmp_path: Path) -> None:
    card = client(tmp_path, CARD).card
    assert card is not None
    assert "1 line, 1 contact, 1 question" == facts_of_card(card)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[card]\n", "card: says nothing"),
        ('[card]\nabout = " "\n', "card.about: is empty"),
        ('[card]\nwordin = ["a"]\n', "card.wordin: is not a key of [card]"),
        ('[card]\nask = ["a\\nb"]\n', "card.ask[0]: has more than one line"),
        ('[card]\nask = ["a", "b\\u202e"]\n', "card.ask[1]: holds a control character (U+202E)"),
        ('[card]\nurl = "javascript:alert(1)"\n', "card.url: is not an address of the web"),
        ('[card]\nurl = "https://"\n', "card.url: is not an address of the web"),
        ('[[contact]]\nname = "a"\nnumber = "x"\n', "contact[0].number: is not a telephone number"),
        ('[[faq]]\nquestion = "a"\n', "faq[0].answer: is missing"),
        (
            '[[faq]]\nquestion = "A b"\nanswer = "1"\n[[faq]]\nquestion = "a  B"\nanswer = "2"\n',
            "faq[1].question: is asked twice",
        ),
        (f'[card]\nabout = "{"あ" * (TEXT_CHARS + 1)}"\n', "card.about: is too long"),
    ],
)
def test_mistake_in_a_card_is_told_with_its_key(tmp_path: Path, text: str, expected: str) -> None:
    assert [expected] == wrong_places(tmp_path, text)


def test_mistake_in_a_card_names_line_column_value_and_remedy(tmp_path: Path) -> None:
    path = write_client(tmp_path, '[card]\nnever_promise = ["料金", "a\\tb"]\n')
    line = path.read_text(encoding="utf-8").count("\n")
    with pytest.raises(DialplanError) as found:
        load_file(path, "JP")
    expected = (
        f'{path}:{line}:24: card.never_promise[1] = "a\\tb": holds a control character (U+0009). '
        "Remove it; for a new line write \\n"
    )
    assert expected == str(found.value.mistakes[0])


def test_wide_space_and_lines_of_a_text_are_kept(tmp_path: Path) -> None:
    card = client(tmp_path, '[card]\nurgent = """\n佐藤　様へ。\n次に工場へ。"""\n').card
    assert card is not None
    assert "佐藤　様へ。\n次に工場へ。" == card.urgent


def test_defaults_give_every_client_of_their_language_what_its_card_leaves_out(
    tmp_path: Path,
) -> None:
    (tmp_path / "_defaults.toml").write_text(
        'language = "ja"\n[card]\nabout = "当社の契約先。"\nnever_promise = ["料金"]\n'
        '[[faq]]\nquestion = "録音していますか"\nanswer = "はい。"\n',
        encoding="utf-8",
    )
    card = client(tmp_path, CARD).card
    assert card is not None
    assert ("相続と離婚。", ("料金",), 2) == (card.about, card.never_promise, len(card.faq))


def test_contacts_do_not_belong_into_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "_defaults.toml"
    path.write_text('[[contact]]\nname = "鈴木様"\n', encoding="utf-8")
    assert ["contact: is not for all clients"] == wrong_places(tmp_path, "")


def test_longest_card_fits_into_a_line_and_ten_into_what_may_wait() -> None:
    line, text = WIDE * LINE_CHARS, WIDE * TEXT_CHARS
    lines = (line,) * LINES_MAX
    form = CardForm(
        about=text,
        wording=lines,
        never_say=lines,
        never_promise=lines,
        ask=lines,
        urgent=text,
        hours_note=text,
        address=line,
        url=f"https://{'a' * (LINE_CHARS - 8)}",
    )
    contact = ContactForm(name=WIDE * 64, about=line, number="1" * 15, note=line)
    faq = FaqForm(question=line, answer=text)
    card = card_of(form, (contact,) * CONTACTS_MAX, (faq,) * FAQ_MAX, language="ja", region="JP")

    size = len(encode(wire.Answered(n=2**63 - 1, card=card)))

    assert size < LIMIT_BYTES
    assert 10 * size < CARDS_BYTES


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (CARD, CARD, []),
        ("", CARD, ["operators see one from now on"]),
        (CARD, "", ["there is none any more"]),
        (CARD, CARD.replace("初回", "最初"), ["faq is otherwise"]),
    ],
)
def test_diff_tells_which_part_of_a_card_changes(
    tmp_path: Path, before: str, after: str, expected: list[str]
) -> None:
    old, new = client(tmp_path, before), client(tmp_path, after)
    assert expected == [one.text for one in changes(old, new, "JP", date(2026, 12, 1))]


@given(st.text(max_size=40))
def test_text_that_a_card_takes_has_nothing_that_no_screen_shows(text: str) -> None:
    try:
        taken = CardForm(about=text).about
    except ValidationError:
        return
    assert taken is not None
    assert [] == [one for one in taken if ord(one) < 32 and one != "\n"]
    assert text == taken
