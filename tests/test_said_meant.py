"""Numbers that are denied, left open, or said as a whole, in the text that an operator reads."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from sipbot import callback
from sipbot.records import Transcript
from sipbot.understanding import ClientFacts, Understood, understand

REGIONS = {"ja": ("JP", "Asia/Tokyo"), "en": ("US", "America/New_York"), "ko": ("KR", "Asia/Seoul")}


def understood(language: str, text: str) -> Understood:
    region, zone = REGIONS[language]
    heard = Transcript(language=language, text=text, words=(), engine="vosk", model="any")
    facts = ClientFacts(region=region, zone=ZoneInfo(zone))
    return understand(heard, facts, at=datetime(2026, 11, 24, 3, tzinfo=UTC))


def values(language: str, text: str) -> list[str]:
    return [one.value for one in understood(language, text).found]


def is_confirmed(language: str, text: str, caller_id: str) -> bool:
    """Whether two ears and the network agree."""
    region, _ = REGIONS[language]
    numbers = understood(language, text).numbers
    ears = [one for ear in ("live", "second") for one in callback.heard(numbers, ear, region)]
    network = callback.shown_by_network(caller_id, region)
    return callback.decide([*network, *ears], read_back=False).confirmed


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("order 4471, not 4417", ["4471"]),
        ("my order number is 4471, not 4417", ["4471"]),
        ("my order number is not 4417", []),
        ("extension 12, not 21", ["12"]),
        ("it was $15 not $50", ["15 USD"]),
        ("it was fifteen dollars, rather than fifty dollars", ["15 USD"]),
        ("fifty, not fifteen dollars", []),
        ("not fifty dollars, fifteen dollars", ["15 USD"]),
    ],
)
def test_english_value_that_is_denied_after_another_is_not_the_one_meant(
    text: str, expected: list[str]
) -> None:
    assert expected == values("en", text)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("ja", "費用は二三千円です"),
        ("ja", "費用は2、3千円です"),
        ("ja", "二三日後に電話してください"),
        ("ja", "2、3日後に電話してください"),
        ("ko", "비용은 이삼만 원입니다"),
        ("ko", "이삼일 후에 전화 주세요"),
        ("ko", "2, 3일 후에 전화 주세요"),
        ("en", "It is two or three hundred dollars"),
        ("en", "About 20 to 30 dollars"),
        ("en", "For ten to twelve people"),
    ],
)
def test_range_is_no_value_and_stays_a_range(language: str, text: str) -> None:
    one = understood(language, text)
    read = text.replace("ten to twelve", "10 to 12")
    assert ((), read) == (one.found, one.text)


@pytest.mark.parametrize("text", ["it costs nineteen ninety nine dollars", "twelve fifty dollars"])
def test_price_with_two_readings_is_no_amount(text: str) -> None:
    assert [] == values("en", text)


@pytest.mark.parametrize(
    ("text", "minute"), [("call at ten to twelve", "11:50"), ("twenty to three pm", "14:40")]
)
def test_minutes_to_an_hour_are_still_a_time(text: str, minute: str) -> None:
    assert [minute] == values("en", text)


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "extension one hundred and five", "105"),
        ("en", "order number two thousand and five", "2005"),
        ("en", "order number one hundred and twenty five", "125"),
        ("en", "call me at 202 555 two thousand and five", "+12025552005"),
        ("ko", "주문번호 에이비 123, 아니, 124입니다", "AB124"),
    ],
)
def test_number_is_all_that_was_said_of_it(language: str, text: str, expected: str) -> None:
    assert [expected] == values(language, text)


@pytest.mark.parametrize(
    ("language", "text", "caller_id"),
    [
        ("en", "this is 202 555 0143, last digit is five", "+12025550143"),
        ("ja", "電話番号は03-1234-5678です。下一桁は5です", "+81312345678"),
        ("ko", "제 번호는 010-1234-5678이고요 끝자리가 5입니다", "+821012345678"),
    ],
)
def test_end_that_is_said_to_be_another_leaves_the_number_unconfirmed(
    language: str, text: str, caller_id: str
) -> None:
    assert not is_confirmed(language, text, caller_id)


@pytest.mark.parametrize(
    ("language", "text", "caller_id"),
    [
        ("en", "this is 202 555 0143, last digit is three", "+12025550143"),
        ("ja", "電話番号は03-1234-5678です。下一桁は8です", "+81312345678"),
    ],
)
def test_end_that_is_said_again_leaves_it_confirmed(
    language: str, text: str, caller_id: str
) -> None:
    assert is_confirmed(language, text, caller_id)


def test_some_minutes_to_wait_are_no_end_of_the_number_before_them() -> None:
    text = "電話番号は03-1234-5678です、すみません、二、三分お待ちください"
    assert ["+81312345678"] == values("ja", text)


def test_group_broken_off_is_not_mended_over_the_group_before_it() -> None:
    assert ["+819021079592"] == values("ja", "090-217、いや、2107-9592です")


def test_sign_of_the_international_prefix_is_of_the_number() -> None:
    assert "Call (202) 555-0143" == understood("en", "call +1 202 555 0143").text


@pytest.mark.parametrize(
    ("language", "text", "address"),
    [
        ("en", "my email is smith ninety nine at example dot com", "smith99@example.com"),
        ("en", "it's kate twenty-five at example dot com", "kate25@example.com"),
        ("en", "smith nineteen eighty four at example dot com", "smith1984@example.com"),
        ("en", "it's john smith all one word at example dot com", "johnsmith@example.com"),
        ("en", "it's smith all lower case at example dot com", "smith@example.com"),
        ("ja", "メールはtanaka二十五アットマークexample.comです", "tanaka25@example.com"),
        ("ja", "メールは十アットマークexample.comです", "10@example.com"),
        ("ko", "이메일은 kim구십구 골뱅이 example.com 입니다", "kim99@example.com"),
    ],
)
def test_mailbox_has_the_number_and_the_words_that_were_said(
    language: str, text: str, address: str
) -> None:
    assert [address] == values(language, text)
