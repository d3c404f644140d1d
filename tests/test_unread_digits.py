"""Texts in which the wanted number was misheard beside a right one: nothing is confirmed then."""

import random
import re
from datetime import UTC, datetime

import pytest

from sipbot.callback import decide, heard, keyed, shown_by_network
from sipbot.memo_answers import Callback, Evidence
from sipbot.records import Transcript
from sipbot.said import Kind
from sipbot.said_numbers import find_numbers
from sipbot.understanding import ClientFacts, understand
from tests.phrasing import books, habits, scripts

AT = datetime(2026, 11, 22, 3, tzinfo=UTC)
NETWORK = {
    "JP": "+81367431209",
    "US": "+12025550143",
    "GB": "+442079460958",
    "KR": "+82212345678",
}
LANGUAGE = {"JP": "ja", "US": "en", "GB": "en", "KR": "ko"}
"""Of the callers in a region."""


def decided(text: str, region: str, keys: tuple[Evidence, ...] = ()) -> Callback:
    """Whom to call back after a text, with the caller ID of the first number in it."""
    transcript = Transcript(
        text=text, words=(), language=LANGUAGE[region], engine="vosk", model="some-model"
    )
    numbers = understand(transcript, ClientFacts(region=region), at=AT).numbers
    spoken = heard(numbers, "vosk", region)
    evidence = (*keys, *spoken, *shown_by_network(NETWORK[region], region))
    return decide(evidence, read_back=False)


@pytest.mark.parametrize(
    ("region", "text"),
    [
        ("JP", "電話は03-6743-1209からかけていますが、90-1234-5678にお願いします。"),
        ("JP", "03-6743-1209は使えないので、9012345678にください。"),
        (
            "JP",
            "03-6743-1209は使えないので、ハチゼロ、イチニーサンヨン、ゴーロクナナハチにください。",
        ),
        ("US", "I'm at 202-555-0143 now but 212-555-014 is better."),
        (
            "US",
            "202-555-0143 is broken. Please use two one two five five five oh one four.",
        ),
        ("US", "202-555-0143 is broken, but please use 12-555-0147 instead."),
        ("US", "Not 202-555-0143 but 212-555-014 please."),
        ("GB", "020 7946 0958 is my desk, but use 7700 900123 please."),
        ("KR", "02-1234-5678인데요 10-1234-5678로 연락주세요"),
        ("JP", "03-6743-1209です。90,123,456にください。"),
        ("US", "202-555-0143 now, but 212,555,014 is better."),
        ("JP", "03-6743-1209ではなくて、番号は863です。"),
        ("US", "This is 202-555-0143, but call me at 206 375."),
        ("KR", "02-1234-5678인데요 제 번호는 2686인데요"),
        ("JP", "03-6743-1209からですが、0422.5にお願いします。"),
    ],
)
def test_number_beside_one_that_lost_digits_is_not_confirmed(region: str, text: str) -> None:
    """Digits that no finder understood may be the number that is wanted."""
    assert not decided(text, region).confirmed


@pytest.mark.parametrize(
    ("region", "text"),
    [
        ("JP", "この03-6743-1209ではなく、携帯の方にお願いします。"),
        ("JP", "03-6743-1209はつながらないので、メールをください。"),
        ("JP", "03-6743-1209からかけていますが、03-6743-1209じゃなくて会社にお願いします。"),
        ("US", "Please call my mobile, not 202-555-0143."),
        ("US", "Don't call me back at this number, 202-555-0143, but at work."),
        ("GB", "Call the office rather than 020 7946 0958."),
        ("GB", "020 7946 0958 isn't the right one, you know my mobile."),
        ("KR", "02-1234-5678 말고 휴대폰으로 전화 주세요"),
        ("KR", "02-1234-5678번이 아니라 회사로 연락 주세요"),
    ],
)
def test_only_number_is_not_confirmed_when_the_caller_says_not_to_call_it(
    region: str, text: str
) -> None:
    """Keys and network may give it too: the caller has said that it is the wrong one."""
    keys = keyed(NETWORK[region], region)

    assert (False, False) == (
        decided(text, region).confirmed,
        decided(text, region, keys).confirmed,
    )


@pytest.mark.parametrize(
    ("region", "text"),
    [
        ("JP", "番号は03-6743-1209です。"),
        ("JP", "03-6743-1209です。もう一度、6743-1209にお願いします。"),
        ("JP", "03-6743-1209にお願いします。住所は本町3丁目11の3で、郵便番号は775-8391です。"),
        ("JP", "03-6743-1219、あ、最後が1219ではなく、1209でした。"),
        ("US", "It's 202-555-0143, that's 555-0143, about order number 12345678."),
        ("GB", "020 7946 0958, and the invoice of £1,250,000 of 11 March 2026."),
        ("GB", "020 7946 0958, about the 1,250,000 pounds of flour."),
        ("US", "202-555-0143, we sold 12,500,000 of them to 1,250,317 people."),
        ("JP", "03-6743-1209です。金額は1,250,000です。"),
        ("KR", "02-1234-5678입니다. 수량은 1250000개입니다."),
        ("JP", "03-6743-1209だけではなく、いつでも結構です。"),
        ("JP", "03-6743-1209じゃないですか、そこにお願いします。"),
        ("US", "I'm at work. If not, 202-555-0143 is right."),
        ("US", "It's 202-555-0143, invoice number 472, call me at 0143 after 5."),
        ("KR", "번호는 02-1234-5678입니다. 네, 감사합니다. 이만 끊겠습니다."),
    ],
)
def test_number_beside_other_figures_is_confirmed_all_the_same(region: str, text: str) -> None:
    """A rule that confirms nothing would be right, and useless."""
    assert (NETWORK[region], True) == (
        decided(text, region).number,
        decided(text, region).confirmed,
    )


TEMPLATES = {
    "JP": ("電話は03-6743-1209からかけていますが、{}にお願いします。", "090-8637-5214"),
    "US": ("I'm at 202-555-0143 now, but please use {} instead.", "212-555-0147"),
    "GB": ("020 7946 0958 is my desk, but use {} please.", "07700 900123"),
    "KR": ("02-1234-5678인데요 {}로 연락주세요", "010-2374-5678"),
}


def misheard(number: str, dice: random.Random) -> str:
    """A digit lost, doubled or changed, the first one included."""
    places = [at for at, char in enumerate(number) if char.isdigit()]
    at = dice.choice([places[0], places[1], *places])
    new = dice.choice(["", number[at] * 2, dice.choice("0123456789")])
    return number[:at] + new + number[at + 1 :]


@pytest.mark.parametrize("region", TEMPLATES)
def test_of_texts_with_a_second_number_misheard_none_confirms_the_first(region: str) -> None:
    """The operator never dials the number that the caller cannot be reached at."""
    template, wanted = TEMPLATES[region]
    dice = random.Random(5)
    texts = {template.format(misheard(wanted, dice)) for _ in range(250)}

    assert [] == [text for text in sorted(texts) if decided(text, region).confirmed]


@pytest.mark.parametrize(
    ("region", "text"),
    [
        ("US", "It's 202-555-0143 but five oh three where are they two five four three nine nine"),
        ("GB", "I'm at 020 7946 0958 but try my husband on 07911 ready 86678"),
        ("GB", "It's 020 7946 0958, code oh one six three, number five six five three two four"),
        ("JP", "今03-6743-1209からですが、020.176ではなくて、167.599の小林ですわ"),
        ("KR", "지금 02-1234-5678에서 전화드리는데요, 제 번호는 154, 적으셨어요? 7074입니다"),
    ],
)  # fmt: skip
def test_number_beside_one_with_a_hesitation_inside_that_lost_a_digit_is_not_confirmed(
    region: str, text: str
) -> None:
    assert not decided(text, region).confirmed


GENERATORS = (scripts.utterances, habits.utterances, books.utterances)
EACH = 40
SEED = 555
BEGINNINGS = {
    "JP": "今03-6743-1209からかけていますが、",
    "US": "I'm calling from 202-555-0143 but ",
    "GB": "I'm calling from 020 7946 0958 but ",
    "KR": "지금 02-1234-5678에서 전화드리는데요, ",
}
FIGURE = {
    "en": re.compile(r"(?i)\d|\b(?:zero|oh|one|two|three|four|five|six|seven|eight|nine)\b"),
    "ko": re.compile("[0-9공영일이삼사오육륙칠팔구]"),
    "ja": re.compile(
        "[0-9〇零一二三四五六七八九]|ゼロ|ぜろ|れい|レイ|まる|マル|いち|イチ|にー|ニー|ニ|さん|サン|よん|"
        "ヨン|ごー|ゴー|ご|ゴ|ろく|ロク|なな|ナナ|はち|ハチ|きゅう|キュウ|キュー|きゅー"
    ),
}  # fmt: skip


def with_a_digit_lost(text: str, language: str, region: str, dice: random.Random) -> str:
    """One figure less in every saying of a telephone number."""
    for one in reversed(find_numbers(text, language, region)):
        figures = list(FIGURE[language].finditer(text, one.start, one.end))
        if one.kind is Kind.PHONE and one.valid and figures:
            lost = dice.choice(figures)
            text = text[: lost.start()] + text[lost.end() :]
    return text


@pytest.mark.parametrize("language", ["ja", "en", "ko"])
def test_of_generated_messages_that_lost_a_digit_none_confirms_the_number_before(
    language: str,
) -> None:
    """Callers hesitate inside numbers, so a broken one is in pieces that are no number alone."""
    dice = random.Random(99)
    texts = [
        (one.region, BEGINNINGS[one.region] + lost)
        for utterances in GENERATORS
        for one in utterances(language, EACH, random.Random(SEED))
        if (lost := with_a_digit_lost(one.text, language, one.region, dice)) != one.text
    ]

    assert len(texts) > EACH
    assert [] == [text for region, text in texts if decided(text, region).confirmed]
