"""One number, many spellings."""

import phonenumbers
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from sipbot.numbers import canonical, display, is_anonymous, is_anonymous_name, is_e164

SPELLINGS = [
    "+81312345678",
    "0312345678",
    "03-1234-5678",
    "(03) 1234.5678",
    "０３－１２３４－５６７８",
    "0081312345678",
    "010 81 3 1234 5678",
    "81312345678",
    "+810312345678",
    "+81-3-1234-5678;phone-context=ims.example",
    "%2B81312345678",
    " 03 1234 5678 ",
]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_of_a_japanese_number_means_the_same(spelling: str) -> None:
    assert "+81312345678" == canonical(spelling, "JP")


@pytest.mark.parametrize(
    ("user", "region", "number"),
    [
        ("1001", "JP", "1001"),
        ("110", "JP", "110"),
        ("*72", "JP", "*72"),
        ("Yamato", "JP", "yamato"),
        ("1-800-FLOWERS", "US", "1-800-flowers"),
        ("2025550143", "JP", "2025550143"),  # libphonenumber alone makes a pager of it
        ("312345678", "JP", "312345678"),
        ("2025550143", "US", "+12025550143"),
        ("12025550143", "US", "+12025550143"),
        ("01181312345678", "US", "+81312345678"),
        ("+39 06 1234 5678", "JP", "+390612345678"),
        ("+8131234567", "JP", "+8131234567"),  # one digit is missing: not a number
        ("0120-000-000", "JP", "+81120000000"),
        ("010-3456-7890", "KR", "+821034567890"),
        ("", "JP", ""),
        ("+", "JP", "+"),
        ("anonymous", "JP", "anonymous"),
    ],
)
def test_a_user_part_means_a_number_only_where_it_is_one(
    user: str, region: str, number: str
) -> None:
    assert number == canonical(user, region)


DIALLED = st.one_of(
    st.text(max_size=30),
    st.text("0123456789+-() .;%ABab#*", max_size=24),
    st.from_regex(r"\+?[0-9]{2,18}", fullmatch=True),
)


@given(DIALLED, st.sampled_from(["JP", "US", "DE", "IT", "KR", "GB"]))
@example("%2525252541", "JP")
@example("İ%4B", "JP")
@example("\udc80", "JP")
def test_canonical_applied_again_changes_nothing(user: str, region: str) -> None:
    once = canonical(user, region)

    assert once == canonical(once, region)


@given(st.integers(100_000_000, 999_999_999))
def test_national_and_international_spelling_agree_whenever_the_number_exists(digits: int) -> None:
    assume(not str(digits).startswith("10"))  # 010 is how Japan dials abroad
    number = f"+81{digits}"
    expected = number if is_e164(number) else f"0{digits}"

    assert expected == canonical(f"0{digits}", "JP")


@pytest.mark.parametrize(
    ("number", "region", "shown"),
    [
        ("+81312345678", "JP", "03-1234-5678"),
        ("+81312345678", "US", "+81 3-1234-5678"),
        ("yamato", "JP", "yamato"),
        ("", "JP", ""),
    ],
)
def test_a_number_is_displayed_as_people_of_the_region_write_it(
    number: str, region: str, shown: str
) -> None:
    assert shown == display(number, region)


@given(st.text(max_size=30))
def test_display_is_total(number: str) -> None:
    assert isinstance(display(number, "JP"), str)


@pytest.mark.parametrize(
    ("user", "host"),
    [
        ("anonymous", "anonymous.invalid"),
        ("Anonymous", "203.0.113.1"),
        ("0312345678", "anonymous.invalid:5060"),
        ("unavailable", "unknown.invalid"),
        ("restricted", "gw.example"),
        ("%E9%9D%9E%E9%80%9A%E7%9F%A5", "gw.example"),
    ],
)
def test_a_uri_that_gives_no_number_is_anonymous(user: str, host: str) -> None:
    assert is_anonymous(user, host)


def test_a_uri_with_a_number_is_not_anonymous() -> None:
    assert not is_anonymous("0312345678", "gw.example")


@pytest.mark.parametrize("name", ["Anonymous", '"Coin line/payphone"', "非通知", "Unavailable"])
def test_a_display_name_of_a_carrier_is_no_name(name: str) -> None:
    assert is_anonymous_name(name)


REGIONS = st.sampled_from(sorted(phonenumbers.SUPPORTED_REGIONS))


@st.composite
def almost_examples(draw: st.DrawFn) -> tuple[str, str]:
    """A region, and digits like those of its numbers: as from abroad, as at home, or wrong."""
    region = draw(REGIONS)
    kind = draw(st.sampled_from([0, 1, 3, 6]))  # fixed line, mobile, free of charge, voice over IP
    example = phonenumbers.example_number_for_type(region, kind)
    assume(example is not None)
    assert example is not None
    national = phonenumbers.national_significant_number(example)
    last = draw(st.text("0123456789", max_size=5))
    digits = national[: len(national) - len(last)] + last
    before = draw(st.sampled_from([f"+{example.country_code}", "0", f"+{example.country_code}0"]))
    return region, before + digits


@given(almost_examples())
@example(("JP", "0312345678"))
@example(("JP", "+81312345678"))
@example(("JP", "+810312345678"))
@example(("IT", "+390612345678"))
@example(("KR", "0821012345678"))
@example(("BR", "015119612345678"))
@example(("JP", "01081312345678"))
def test_what_a_number_means_is_what_the_library_reads(almost: tuple[str, str]) -> None:
    region, digits = almost

    if digits.startswith("+"):
        expected = as_read(digits, None)
    else:
        expected = as_read(digits, region) or as_read(f"+{digits.removeprefix('00')}", None)

    assert (expected or digits) == canonical(digits, region)


def as_read(digits: str, region: str | None) -> str:
    """E.164 as the library's parser reads it, or empty."""
    try:
        number = phonenumbers.parse(digits, region)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_valid_number(number):
        return ""
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
