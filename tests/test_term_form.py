"""``[[term]]``: what is wrong is told at its place, and the defaults give words to all who share a
language.
"""

from pathlib import Path

import pytest

from sipbot.dialplan import load_file
from sipbot.errors import DialplanError
from sipbot.term_form import TermForm, flaws, terms_of
from sipbot.vocabulary import Term

CLIENT = """schema = 1
client = "{client}"
say_name = "Sato"
numbers = ["{client}"]
language = "{language}"
[answer]
greeting = "builtin:ja/greeting"
thanks = "builtin:ja/thanks"
"""


def term(write: str, read: str = "", *heard: str) -> TermForm:
    return TermForm(write=write, read=read, heard=heard)


@pytest.mark.parametrize(
    ("language", "terms", "key", "problem"),
    [
        ("ja", [term("佐藤")], "read", "is missing"),
        ("ja", [term("佐藤", "sato")], "read", "is not all kana"),
        ("ja", [term("井", "イ")], "read", "too short"),
        ("ja", [term("さ")], "write", "too short"),
        ("ja", [term("X200", "エックス")], "write", "holds a digit"),
        ("ja", [term("佐藤", "サトウ", "佐10")], "heard", "holds a digit"),
        ("ja", [term("佐藤", "サトウ", "さと")], "heard", "too short"),
        ("ja", [term("佐藤", "サトウ", "佐藤")], "heard", "as it is written"),
        ("ja", [term("佐藤", "サトウ", "左藤", "左 藤")], "heard", "heard like that"),
        ("ja", [term("佐藤", "サトウ"), term("佐 藤", "サトオ")], "write", "written like that"),
        ("ja", [term("佐藤", "サトウ"), term("左藤", "さとー")], "read", "read like that"),
        ("ko", [term("LG전자")], "read", "is missing"),
        ("ko", [term("김")], "write", "too short"),
        ("en", [term("Łódź")], "read", "is missing"),
        ("en", [term("Al")], "write", "too short"),
    ],
)
def test_flaw_of_a_term_is_told_at_its_key(
    language: str, terms: list[TermForm], key: str, problem: str
) -> None:
    (found,) = flaws(terms, language)
    assert key == found[0][2]
    assert problem in found[1]


@pytest.mark.parametrize(
    ("language", "written"),
    [
        ("ja", term("やまと工業", "やまとこうぎょう")),
        ("ko", term("한빛전자")),
        ("en", term("St. Ives")),
    ],
)
def test_term_that_can_be_read_has_no_flaw(language: str, written: TermForm) -> None:
    assert [] == list(flaws([written], language))


def test_word_that_is_written_as_it_is_said_is_its_own_reading() -> None:
    assert (Term(write="한빛전자", read="한빛전자"),) == terms_of([term("한빛전자")])


def client(folder: Path, name: str, language: str, more: str = "") -> Path:
    path = folder / f"{name}.toml"
    path.write_text(CLIENT.format(client=name, language=language) + more)
    return path


def test_words_of_the_defaults_go_to_clients_of_their_language_unless_they_have_them(
    tmp_path: Path,
) -> None:
    (tmp_path / "_defaults.toml").write_text(
        'language = "ja"\n[[term]]\nwrite = "特別縁故者"\nread = "トクベツエンコシャ"\n'
        '[[term]]\nwrite = "登記"\nread = "トウキ"\n'
    )
    own = '[[term]]\nwrite = "登記"\nread = "トーキ"\n'

    japanese = load_file(client(tmp_path, "sato", "ja", own), "JP")
    english = load_file(client(tmp_path, "smith", "en"), "JP")

    assert [("登記", "トーキ"), ("特別縁故者", "トクベツエンコシャ")] == [
        (one.write, one.read) for one in japanese.terms
    ]
    assert () == english.terms


def test_words_of_the_defaults_without_a_language_are_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "_defaults.toml").write_text('[[term]]\nwrite = "登記"\nread = "トウキ"\n')

    with pytest.raises(DialplanError, match=r"_defaults\.toml.*is of no language"):
        load_file(client(tmp_path, "sato", "ja"), "JP")
