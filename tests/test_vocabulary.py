"""A client's words in what an ear wrote: put right where they were said, and nowhere else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipbot.records import Transcript, Word
from sipbot.term_fit import Reading
from sipbot.vocabulary import Correction, Term, correct, hints
from tests.readings import reading

YAMATO = Term(write="やまと工業", read="ヤマトコウギョウ", kind="company")
MIDORI = Term(write="みどり不動産", read="ミドリフドウサン", kind="company")
SATO = Term(write="佐藤", read="サトウ", kind="person")
MORI = Term(write="森", read="モリ", kind="person", heard=("森さんですか",))
JAPANESE = (YAMATO, MIDORI, SATO, MORI)

KOREAN = (
    Term(write="한빛전자", read="한빛전자", kind="company", heard=("한비전자",)),
    Term(write="서울은행", read="서울은행", kind="company"),
    Term(write="최영호", read="최영호", kind="person"),
    Term(write="김민수", read="김민수", kind="person"),
)

ENGLISH = (
    Term(write="Blue River Logistics", read="Blue River Logistics", kind="company"),
    Term(write="Northgate", read="north gate", kind="company", heard=("no escape",)),
    Term(write="Carter", read="Carter", kind="person"),
    Term(write="Meridian", read="Meridian", kind="product"),
    Term(write="Nguyen", read="win", kind="person"),
)

TERMS = {"ja": JAPANESE, "ko": KOREAN, "en": ENGLISH}


def transcript(text: str, language: str, words: tuple[Word, ...] = ()) -> Transcript:
    return Transcript(text=text, words=words, language=language, engine="test", model="test")


def corrected_text(
    text: str, terms: tuple[Term, ...], language: str, reading: Reading | None = None
) -> str:
    return correct(transcript(text, language), terms, language, reading)[0].text


@pytest.mark.parametrize(
    ("language", "expected", "heard"),
    [
        ("ja", "株式会社やまと工業の佐藤と申します", "株式会社山と工業の佐藤と申します"),
        ("ja", "やまと工業です", "山と行動です"),
        ("ja", "みどり不動産の件", "緑不動産の件"),
        ("ja", "佐藤と申します", "砂糖と申します"),
        ("ja", "砂糖の注文です", "砂糖の注文です"),
        ("ja", "森と申します", "盛りと申します"),
        ("ja", "盛り上がります", "盛り上がります"),
        ("ko", "서울은행 김민수입니다", "서울은 행 김민수입니다"),
        ("ko", "한빛전자 최영호입니다", "한비전자 췌영호입니다"),
        ("ko", "김문수입니다", "김문수입니다"),
        ("ko", "초영호입니다", "초영호입니다"),
        ("ko", "미래은행입니다", "미래은행입니다"),
        ("en", "Hi, John from Blue River Logistics.", "Hi, John from Blue Vivo Logistics."),
        ("en", "This is Northgate, hello", "This is north gate, hello"),
        ("en", "This is Northgate, hello", "This is no escape, hello"),
        ("en", "This is Carter", "This is Karter"),
        ("en", "a charter flight", "a charter flight"),
        ("en", "the median of them", "the median of them"),
        ("en", "we win it", "we win it"),
        ("en", "this is Nguyen", "this is win"),
        ("fr", "Northgat", "Northgat"),
    ],
)
def test_text_is_corrected_where_it_sounds_like_a_term(
    language: str, expected: str, heard: str
) -> None:
    terms = TERMS.get(language, ENGLISH)
    assert expected == corrected_text(heard, terms, language, reading)


@pytest.mark.parametrize(
    ("language", "text", "term"),
    [
        ("ja", "ゼロサンのロクナナヨンサンまで", Term(write="録名", read="ロクナナヨンサン")),
        ("ja", "番号はゼロサン、サンゴ、ハチナナ", Term(write="珊瑚", read="サンゴ")),
        ("ja", "番号はゼロサン・サンゴ・ハチナナ", Term(write="珊瑚", read="サンゴ")),
        ("ja", "番号は〇三、サンゴ、八七", Term(write="珊瑚", read="サンゴ")),
        ("ja", "番号は03-サンゴ-87", Term(write="珊瑚", read="サンゴ")),
        ("ja", "03-6743のサンゴです", Term(write="珊瑚", read="サンゴ")),
        ("ja", "六七四三、サンゴまで", Term(write="珊瑚", read="サンゴ")),
        ("ja", "内線はサンゴです", Term(write="珊瑚", read="サンゴ")),
        ("ja", "内線番号、サンゴへ", Term(write="珊瑚", read="サンゴ")),
        ("ko", "번호는 일이, 삼사, 오육입니다", Term(write="삼싸", read="삼사")),
        ("ja", "三百二十円です", Term(write="参百煮", read="サンビャクニジュウエン")),
        ("ja", "番号は03-6743です", Term(write="六七", read="ロクナナヨンサン")),
        ("ko", "공일공 이삼칠사 오육팔일로", Term(write="이산칠사", read="이산칠사")),
        ("en", "call two oh two five", Term(write="Tuohtu", read="two oh two")),
        ("en", "call 202 555", Term(write="Tootwo", read="twotwo", heard=("call",))),
    ],
)
def test_digits_and_spoken_numbers_stay_whatever_a_term_sounds_like(
    language: str, text: str, term: Term
) -> None:
    digits = [one for one in text if one.isdigit()]
    fixed = corrected_text(text, (term,), language, lambda kanji: "サンビャクニジュウエン")
    assert digits == [one for one in fixed if one.isdigit()]
    assert (text if not term.heard else "Tootwo 202 555") == fixed


@pytest.mark.parametrize(
    "text", ["佐藤さんに、{}の件", "{}、03-1234です", "03-1234の{}です", "内線は{}に"]
)
def test_term_of_syllables_that_are_digits_too_is_corrected_beside_a_number(text: str) -> None:
    coral = Term(write="珊瑚工業", read="サンゴコウギョウ", kind="company")
    expected = text.format("珊瑚工業")
    assert expected == corrected_text(text.format("サンゴ工業"), (coral,), "ja", reading)


@pytest.mark.parametrize("text", ["03-1234の{}さんへ", "番号は{}様に、03-1234の{}部長"])
def test_person_of_two_syllables_that_are_digits_too_is_corrected_beside_a_number(
    text: str,
) -> None:
    west = Term(write="西", read="ニシ", kind="person")
    assert text.format("西", "西") == corrected_text(
        text.format("ニシ", "ニシ"), (west,), "ja", reading
    )


def test_correction_says_what_was_heard_and_where_in_text_and_recording() -> None:
    words = (
        Word(text="株式会社", start_s=0.5, end_s=1.0, confidence=0.9),
        Word(text="山と", start_s=1.0, end_s=1.4, confidence=0.8),
        Word(text="工業の", start_s=1.4, end_s=2.0, confidence=0.6),
        Word(text="件", start_s=2.0, end_s=2.2, confidence=0.9),
    )
    heard = transcript("株式会社山と工業の件", "ja", words)

    fixed, corrections = correct(heard, JAPANESE, "ja", reading)

    assert (
        Correction(
            heard="山と工業",
            written="やまと工業",
            start=4,
            end=9,
            audio_from_s=1.0,
            audio_to_s=2.0,
        ),
    ) == corrections
    assert ["株式会社", "やまと工業の", "件"] == [word.text for word in fixed.words]
    assert (1.0, 2.0, 0.6) == (
        fixed.words[1].start_s,
        fixed.words[1].end_s,
        fixed.words[1].confidence,
    )


def test_two_corrections_within_one_word_leave_one_word() -> None:
    words = (Word(text="緑不動産、砂糖です", start_s=0, end_s=2, confidence=0.5),)

    fixed, corrections = correct(
        transcript("緑不動産、砂糖です", "ja", words), JAPANESE, "ja", reading
    )

    assert "みどり不動産、佐藤です" == fixed.text == fixed.words[0].text
    assert 2 == len(corrections)


def test_without_a_term_the_transcript_is_the_same_object() -> None:
    heard = transcript("山と工業です", "ja")
    assert (heard, ()) == correct(heard, (), "ja", reading)
    assert heard is correct(heard, (SATO,), "ja", reading)[0]


def test_particle_belongs_to_no_term() -> None:
    """Seen: お見つもりの県で, where the caller said お見積もりの件で."""
    terms = (Term(write="見積書", read="ミツモリショ"), Term(write="浦野", read="ウラノ"))
    assert "おみつもりの県で" == corrected_text("おみつもりの県で", terms, "ja", reading)


def test_term_that_ends_as_a_particle_sounds_is_found() -> None:
    terms = (Term(write="桜之本", read="サクラノモト"),)
    assert "桜之本です" == corrected_text("さくらのもとです", terms, "ja", reading)


def test_two_terms_that_sound_alike_correct_nothing() -> None:
    twins = (YAMATO, Term(write="大和興業", read="ヤマトコウギョウ"))
    assert "山と工業" == corrected_text("山と工業", twins, "ja", reading)


def test_longer_term_wins_over_the_name_within_it() -> None:
    terms = (SATO, Term(write="佐藤興業", read="サトウコウギョウ", kind="company"))
    assert "佐藤興業です" == corrected_text("佐藤工業です", terms, "ja", reading)


def test_known_mishearing_is_replaced_without_any_reading() -> None:
    terms = (Term(write="鳳仙堂", read="ホウセンドウ", heard=("放銭どう",)),)
    assert "鳳仙堂です" == corrected_text("放銭 どうです", terms, "ja")


def test_kana_is_corrected_where_no_reader_is_installed() -> None:
    assert "佐藤と申します" == corrected_text("さとうと申します", JAPANESE, "ja")


def test_hints_are_the_words_once_companies_first_and_no_digit() -> None:
    terms = (SATO, YAMATO, SATO, Term(write="X200", read="エックス"))
    assert ("やまと工業", "佐藤") == hints(terms)


LETTERS = {
    "ja": "やまと山工業緑不動産佐藤砂糖森盛りのですにと申0三、。 ",
    "ko": "한빛전자서울은행최영호김민수초이입니다0 .",
    "en": "Bluervogistcanhwy ,.'2",
}


@st.composite
def heard_texts(draw: st.DrawFn) -> tuple[str, str]:
    language = draw(st.sampled_from(sorted(TERMS)))
    pieces = [term.write for term in TERMS[language]]
    pieces += [alias for term in TERMS[language] for alias in term.heard]
    letters = st.text(alphabet=LETTERS[language], max_size=8)
    parts = draw(st.lists(st.one_of(st.sampled_from(pieces), letters), max_size=6))
    return language, "".join(parts)


@given(heard_texts())
def test_correcting_twice_is_correcting_once(drawn: tuple[str, str]) -> None:
    language, text = drawn
    once = corrected_text(text, TERMS[language], language, reading)
    assert once == corrected_text(once, TERMS[language], language, reading)


@given(heard_texts())
def test_every_correction_can_be_taken_back(drawn: tuple[str, str]) -> None:
    language, text = drawn
    fixed, corrections = correct(transcript(text, language), TERMS[language], language, reading)
    heard = fixed.text
    for one in reversed(corrections):
        heard = heard[: one.start] + one.heard + heard[one.end :]
    assert text == heard
    assert [one.written for one in corrections] == [
        fixed.text[one.start : one.end] for one in corrections
    ]


@given(heard_texts())
def test_digits_of_a_text_are_never_changed(drawn: tuple[str, str]) -> None:
    language, text = drawn
    fixed = corrected_text(text, TERMS[language], language, reading)
    assert [one for one in text if one.isdigit()] == [one for one in fixed if one.isdigit()]


@given(st.data())
def test_text_of_right_terms_only_stays_as_it_is(data: st.DataObject) -> None:
    language = data.draw(st.sampled_from(sorted(TERMS)))
    written = st.sampled_from([term.write for term in TERMS[language]])
    between = st.sampled_from(["", " ", "、", ". "])
    text = "".join(one + data.draw(between) for one in data.draw(st.lists(written, max_size=6)))
    assert text == corrected_text(text, TERMS[language], language, reading)
