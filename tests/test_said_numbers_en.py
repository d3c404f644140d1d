"""Numbers in English messages: said, spelled, corrected, and not said at all."""

import pytest

from sipbot.said import Kind, Said
from sipbot.said_numbers import find_numbers


def found(text: str, region: str = "US") -> list[tuple[str, str]]:
    return [(one.kind.value, one.value) for one in find_numbers(text, "en", region)]


def phones(text: str, region: str = "US") -> list[Said]:
    return [one for one in find_numbers(text, "en", region) if one.kind is Kind.PHONE]


PHONES = [
    (
        "call me back at two oh two, five five five, oh one four three. Thank you.",
        "US",
        "+12025550143",
    ),
    ("My number is four one five five five five zero one nine eight", "US", "+14155550198"),
    ("it's 415-555-0198, thanks", "US", "+14155550198"),
    ("(415) 555-0198", "US", "+14155550198"),
    ("415.555.0198.", "US", "+14155550198"),
    ("four fifteen, five fifty five, oh one ninety eight", "US", "+14155550198"),
    ("four one five, triple five, oh one nine eight", "US", "+14155550198"),
    ("four one five, five double five, zero one nine eight", "US", "+14155550198"),
    ("one eight hundred five five five oh one four three", "US", "+18005550143"),
    ("one eight hundred, five five five, one thousand", "US", "+18005551000"),
    ("plus one, four one five, five five five, oh one nine eight", "US", "+14155550198"),
    ("uh four one five, um, five five five, let me see, oh one nine eight", "US", "+14155550198"),
    ("four one five. Five five five. Oh one nine eight.", "US", "+14155550198"),
    ("area code four one five, then five five five dash oh one nine eight", "US", "+14155550198"),
    ("Four-one-five, five-five-five, zero-one-nine-eight", "US", "+14155550198"),
    ("on oh two oh, seven nine four six, oh one double two", "GB", "+442079460122"),
    ("oh seven nine double one, one two three, four five six", "GB", "+447911123456"),
    ("oh seven nine eleven, one twenty three, four five six", "GB", "+447911123456"),
    ("nought two nought, seven nine four six, nought one two two", "GB", "+442079460122"),
    ("plus four four, two oh seven nine four six oh one double two", "GB", "+442079460122"),
    ("+44 (0)20 7946 0122", "GB", "+442079460122"),
    ("oh nine oh, one two three four, five six seven eight?", "JP", "+819012345678"),
    ("zero nine zero twelve thirty four fifty six seventy eight", "JP", "+819012345678"),
    ("oh three, six seven four three, one two oh nine", "JP", "+81367431209"),
    (
        "country code eight one, nine oh, one two three four, five six seven eight",
        "US",
        "+819012345678",
    ),
    ("zero one twenty, four nine eight, three six five", "JP", "+81120498365"),
    ("twenty-two is my age, and my phone is 202 555 0143", "US", "+12025550143"),
    ("oh, you can reach me at oh nine oh, triple one one, two two two two", "JP", "+819011112222"),
    ("0 9 0, 1 2 3 4, 5 6 7 8", "JP", "+819012345678"),
    ("double oh eight one nine oh one two three four five six seven eight", "JP", "+819012345678"),
    (
        "four one five, that's four one five, five five five, oh one nine eight",
        "US",
        "+14155550198",
    ),
    ("ring me on 07911 123456", "GB", "+447911123456"),
    ("it's oh four one two, three four five, six seven eight", "AU", "+61412345678"),
]


@pytest.mark.parametrize(("text", "region", "number"), PHONES)
def test_number_said_in_english_is_found(text: str, region: str, number: str) -> None:
    assert [number] == [one.value for one in phones(text, region)]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("four one five, five five five, oh one five five, no, five six", "+14155550156"),
        ("415-555-0198, sorry, 415-555-0189", "+14155550189"),
        (
            "four one five, five five six, no sorry, five five five, oh one nine eight",
            "+14155550198",
        ),
        ("415 555 0198, I mean, 0199", "+14155550199"),
        ("415 555 0198. Correction, 415 555 0199.", "+14155550199"),
        ("four one five, five five five, oh one nine nine, make that nine eight", "+14155550198"),
        ("four one five, wait, no, two oh two, five five five, oh one four three", "+12025550143"),
        ("my number is 415-555-0198. Oh, sorry, that's wrong. It's 415-555-0199.", "+14155550199"),
        ("415-555-0198, scratch that, 202-555-0143", "+12025550143"),
        (
            "four one five five five five oh one nine seven, sorry, the last digit is eight",
            "+14155550198",
        ),
        ("it's 415 555 0189, not 0189 but 0198", "+14155550198"),
        ("four one four, I mean four one five, five five five, oh one nine eight", "+14155550198"),
        ("four one five, five five five, oh one, no, that's five oh, nine eight", "+14155555098"),
        ("415-555-0198, actually no, it's 0189", "+14155550189"),
        (
            "four one five, five five five, oh one nine nine, excuse me, oh one nine eight",
            "+14155550198",
        ),
    ],
)
def test_corrected_number_has_the_corrected_value(text: str, number: str) -> None:
    assert [(number, True, True)] == [(one.value, one.valid, one.corrected) for one in phones(text)]


def test_correction_of_either_half_is_not_believed() -> None:
    (one,) = phones(
        "oh nine oh, one two three four, five six seven eight, no, one two three five", "JP"
    )
    assert (False, True) == (one.valid, one.corrected)


@pytest.mark.parametrize(
    "text",
    [
        "415-555-0198, again, 415-555-0198",
        (
            "four one five, five five five, oh one nine eight. I re"
            "peat, four one five, five five five, oh one nine eight."
        ),
        (
            "four one five five five five oh one nine eight"
            " four one five five five five oh one nine eight"
        ),
        "That's 415 555 0198. Once more, that's four one five, five five five, zero one nine eight",
    ],
)
def test_number_said_twice_is_found_twice_and_not_corrected(text: str) -> None:
    assert [("+14155550198", False)] * 2 == [(one.value, one.corrected) for one in phones(text)]


def test_two_numbers_are_both_found() -> None:
    said = phones("home is 415-555-0198 and my cell is 202-555-0143, or 415 555 0199")
    assert ["+14155550198", "+12025550143", "+14155550199"] == [one.value for one in said]


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("my number is 555-0143", "5550143"),
        ("my phone number is four one five, five five five, oh one nine", "415555019"),
        ("reach me at 415 555 01988", "41555501988"),
        ("the number is four one five five five five oh one four three two", "41555501432"),
    ],
)
def test_digits_that_are_no_number_are_shown_and_not_believed(text: str, digits: str) -> None:
    assert [(digits, False)] == [(one.value, one.valid) for one in phones(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I'm calling about invoice four seven two.", [("order", "472")]),
        ("order number 12345", [("order", "12345")]),
        ("my order number is A B one two three", [("order", "AB123")]),
        ("it's about order no. 98765", [("order", "98765")]),
        ("reference number is AB-1234", [("order", "AB1234")]),
        ("booking reference X7 double 4 2", [("order", "X7442")]),
        ("account number one two three four five six seven eight", [("order", "12345678")]),
        ("the code is, confirmation code B as in boy, 7 7 2", [("order", "B772")]),
        ("My order number's 55821", [("order", "55821")]),
        ("thirty-four dollars ninety-nine", [("amount", "34.99 USD")]),
        ("customer ID 4471, please", [("order", "4471")]),
        ("ticket twenty two fifty", [("order", "2250")]),
        ("I'm in room 203", [("order", "203")]),
        ("extension twelve", [("extension", "12")]),
        ("ext. 204", [("extension", "204")]),
        ("my extension is two oh four", [("extension", "204")]),
        ("415-555-0198 extension 12", [("phone", "+14155550198"), ("extension", "12")]),
        ("415-555-0198 x12", [("phone", "+14155550198"), ("extension", "12")]),
        (
            "four one five, five five five, oh one nine eight, ext twenty two",
            [("phone", "+14155550198"), ("extension", "22")],
        ),
        ("extension twelve, no, thirteen", [("extension", "13")]),
        ("twelve thousand yen", [("amount", "12000 JPY")]),
        ("it was $12.50", [("amount", "12.50 USD")]),
        ("twelve dollars and fifty cents", [("amount", "12.50 USD")]),
        ("one hundred and twenty five dollars", [("amount", "125 USD")]),
        ("two thousand five hundred dollars", [("amount", "2500 USD")]),
        ("£1,250 or fifty pounds", [("amount", "1250 GBP"), ("amount", "50 GBP")]),
        ("1.5 million yen", [("amount", "1500000 JPY")]),
        ("two point five million dollars", [("amount", "2500000 USD")]),
        ("twenty-two euros", [("amount", "22 EUR")]),
        ("$3k", [("amount", "3000 USD")]),
        ("three hundred forty thousand won", [("amount", "340000 KRW")]),
        ("jane.doe@example.com please", [("email", "jane.doe@example.com")]),
        ("john dot smith at gmail dot com", [("email", "john.smith@gmail.com")]),
        ("my email is j smith at example dot co dot uk", [("email", "jsmith@example.co.uk")]),
        (
            "it's mary underscore jones five five at yahoo dot com",
            [("email", "mary_jones55@yahoo.com")],
        ),
        ("email address is s m i t h at blue river dot com", [("email", "smith@blueriver.com")]),
        ("write to info at north-gate dot org.", [("email", "info@north-gate.org")]),
        ("my email is mary smith at example dot com", [("email", "marysmith@example.com")]),
        ("write to me, mary, smith at example dot com", [("email", "smith@example.com")]),
        ("i work as a nurse mary at example dot com", [("email", "mary@example.com")]),
        ("b as in bravo o b at example dot com", [("email", "bob@example.com")]),
        (
            "Order number 12345. Call me at 415-555-0198.",
            [("order", "12345"), ("phone", "+14155550198")],
        ),
        ("about my order, my number is 415-555-0198", [("phone", "+14155550198")]),
    ],
)  # fmt: skip
def test_what_a_number_is_follows_from_the_words_next_to_it(
    text: str, expected: list[tuple[str, str]]
) -> None:
    assert expected == found(text)


@pytest.mark.parametrize(
    "text",
    [
        "We need to move your appointment to Tuesday, March the third, at ten thirty.",
        "Call me between nine and five, or at 10:30.",
        "There are two of us, one child of five, and four suitcases",
        "my zip code is 94105",
        "The meeting is on 11/26/2026 at 3 pm",
        "I'm twenty-two years old and waited forty five minutes",
        "Please call me before six o'clock on the 23rd",
        "No, sorry, nobody called me back",
        "I called three times in 2026, twenty four seven",
        "The one at 221 Baker Street, second floor",
        "I ordered two pizzas and one of them was cold",
        "We are open from nine thirty to five thirty, Monday through Friday.",
        "Could you double check that? Oh well.",
        "Find us at example dot com",
        "Meet me at six",
        "It takes five to six business days",
        "",
    ],
)
def test_message_without_number_has_none(text: str) -> None:
    assert [] == found(text)
