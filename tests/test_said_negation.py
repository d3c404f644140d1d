"""A number that is only where the caller is now, or that is taken back, is not confirmed.

Caller ID and speech agree on it in each of these calls.
"""

import pytest

from sipbot.callback import Spoken, decide, heard, shown_by_network
from sipbot.readable import readable
from sipbot.said_numbers import find_numbers
from sipbot.understanding import _numbers

REGIONS = {"ja": "JP", "en": "US", "ko": "KR"}
CALLERS = {"ja": "+81312345678", "en": "+12025550143", "ko": "+821012345678"}


def spoken(text: str, language: str, region: str) -> list[Spoken]:
    return _numbers(readable(text, find_numbers(text, language, region), language), [], language)


def confirmed(language: str, text: str) -> bool:
    region = REGIONS[language]
    said = spoken(text, language, region)
    evidence = [
        *shown_by_network(CALLERS[language], region),
        *heard(said, "vosk", region),
    ]
    callback = decide(evidence, read_back=False)
    assert CALLERS[language] == callback.number
    return callback.confirmed


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("ja", "電話番号は03-1234-5678、違う"),
        ("ja", "電話番号は03-1234-5678、ちがう"),
        ("ja", "電話番号は03-1234-5678、ちがいます"),
        ("ja", "電話番号は03-1234-5678、あ、間違えました"),
        ("ja", "電話番号は03-1234-5678、あ、まちがえた"),
        ("ja", "03-1234-5678からかけていますが息子の携帯に電話してください"),
        ("ja", "03-1234-5678は会社の番号なので夜は自宅にお願いします"),
        ("ja", "03-1234-5678から借りて電話しています"),
        ("ja", "03-1234-5678はFAXです"),
        ("ja", "ファックスは03-1234-5678です"),
        ("en", "I'm calling from 202 555 0143 but call my son's cell please"),
        ("en", "202 555 0143, but in the evening please ring me at my office"),
        ("en", "I'm calling from my neighbor's phone 202 555 0143"),
        ("en", "202 555 0143 is my fax"),
        ("en", "my fax number is 202 555 0143"),
        ("ko", "010 1234 5678 에서 전화하지만 사무실로 전화해 주세요"),
        ("ko", "010 1234 5678 인데 집으로 연락 주세요"),
        ("ko", "팩스는 010 1234 5678 입니다"),
    ],
)
def test_number_that_may_not_be_the_one_to_call_is_not_confirmed(language: str, text: str) -> None:
    assert not confirmed(language, text)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("ja", "03-1234-5678に折り返しお願いします"),
        ("ja", "サイズがちがうので03-1234-5678までお願いします"),
        ("ja", "03-1234-5678です、まちがいありません"),
        ("ja", "電話番号は03-1234-5678です。自宅の鍵の件でお電話しました"),
        ("en", "my number is 202 555 0143 please call me back"),
        ("en", "call my office at 202 555 0143 thanks"),
        ("en", "please call me back on 202 555 0143 about the fax machine"),
        ("ko", "010 1234 5678 번으로 전화 주세요"),
        ("ko", "제 번호는 010 1234 5678 입니다 사무실 이전 때문에 전화드렸습니다"),
    ],
)
def test_number_to_call_is_confirmed(language: str, text: str) -> None:
    assert confirmed(language, text)


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        (True, "Please call me back at 415-555-0198, thank you."),
        (False, "Please do not call 415-555-0198, call my office instead."),
        (False, "My number is 415-555-0199, thank you."),
    ],
)
def test_number_of_a_caller_abroad_is_confirmed_as_it_is_said_there_and_not_when_it_is_refused(
    expected: bool, text: str
) -> None:
    evidence = [
        *shown_by_network("+14155550198", "JP"),
        *heard(spoken(text, "en", "JP"), "vosk", "JP"),
    ]
    assert expected is decide(evidence, read_back=False).confirmed
