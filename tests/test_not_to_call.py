"""Ways to say "don't call me there": nothing confirms the number; only plain words reject it."""

import pytest

from sipbot.callback import keyed
from tests.test_unread_digits import NETWORK, decided

JAPANESE = (
    "{}には電話しないでください",
    "{}には連絡しないでください",
    "{}に折り返さないでください",
    "{}への電話はお控えください",
    "{}以外にお願いします",
    "{}は使っていません",
    "{}は使っておりません",
    "{}は解約しました",
    "{}は古い番号です",
    "{}がつながらなければ携帯に",
    "{}は留守なので携帯に",
    "古い番号は{}です",
    "{}です。こちらには電話しないでください。",
)
ENGLISH = (
    "You should not call me at {}",
    "Please stop calling {}",
    "Don't bother calling {}, use my mobile",
    "I can't be reached at {}",
    "I cannot take calls on {}",
    "I no longer use {}",
    "{} is the wrong number",
    "{} is my old number",
    "{} has been disconnected",
    "{} will not work",
    "anything but {}",
    "Please do not return my call on {}",
    "{} is my work number, please do not use it",
    "My number is {}. Don’t call me there.",
)
KOREAN = (
    "{}로는 전화하지 마세요",
    "{}에는 전화하지 마세요",
    "{}로는 걸지 마세요",
    "{} 번으로는 연락하지 말아 주세요",
    "{}은 옛날 번호예요",
    "{}입니다. 여기로는 전화하지 마세요.",
)
PHRASINGS = [
    (region, phrasing.format(number))
    for region, number, phrasings in (
        ("JP", "03-6743-1209", JAPANESE),
        ("US", "202-555-0143", ENGLISH),
        ("GB", "020 7946 0958", ENGLISH),
        ("KR", "02-1234-5678", KOREAN),
    )
    for phrasing in phrasings
]


@pytest.mark.parametrize(("region", "text"), PHRASINGS)
def test_number_is_not_confirmed_when_the_caller_says_not_to_call_it(
    region: str, text: str
) -> None:
    """Keys and network may give it too."""
    keys = keyed(NETWORK[region], region)

    assert (False, False) == (
        decided(text, region).confirmed,
        decided(text, region, keys).confirmed,
    )


def test_number_corrected_on_the_way_is_not_confirmed_when_it_is_not_to_be_called() -> None:
    assert not decided("Don't call 202-555-0144, sorry, 0143, use my mobile", "US").confirmed


@pytest.mark.parametrize(
    ("region", "text"),
    [
        ("JP", "会社の03-6743-1209がつながらない場合は、携帯の090-8637-5214に"),
        ("JP", "03-6743-1209は出られないこともありますが、こちらに"),
        ("US", "If 202-555-0143 doesn't work, try 212-555-0147"),
        ("US", "i'm not at my phone 202 555 0143 will reach my wife"),
        ("KR", "02-1234-5678이 안 받으면 010-2345-6789로 주세요"),
    ],
)
def test_first_choice_that_may_fail_is_not_shown_as_one_not_to_call(region: str, text: str) -> None:
    """With a second choice it is not sure, but it stays the first to try."""
    callback = decided(text, region)

    assert (NETWORK[region], False) == (callback.number, callback.confirmed)
    assert all(one.valid for one in callback.evidence)


@pytest.mark.parametrize(
    ("region", "text"),
    [
        ("JP", "すみません、03-6743-1209にお電話いただけないでしょうか。申し訳ありません。"),
        ("JP", "03-6743-1209で間違いありません。"),
        ("US", "Why don't you call me at 202-555-0143, and don't hesitate."),
        ("GB", "It's 020 7946 0958, but not before ten."),
        ("KR", "안녕하세요, 02-1234-5678로 전화 주세요. 늦어도 상관없어요."),
    ],
)
def test_number_beside_a_polite_negation_is_confirmed(region: str, text: str) -> None:
    assert decided(text, region).confirmed
