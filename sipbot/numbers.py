"""What a SIP user part means as a telephone number.

One number reaches us in many spellings: ``+81312345678``, ``0312345678``, ``03-1234-5678``,
``0081312345678``, ``81312345678``.  The dialplan choice, the operators' view and the history of a
caller must all see one.  The rules of numbering plans are libphonenumber's, not ours.

libphonenumber is generous: ``2025550143`` is a valid Japanese number to it (020, M2M), and it turns
letters into digits.  Hence a number is only what is written with digits, and in a region whose
national prefix is 0 a national number must begin with 0.
"""

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote

import phonenumbers

_SEPARATORS = re.compile(r"[\s().\-‐‑‒–—−/]")
"""RFC 3966 section 5.1.1 visual separators, and how people type them."""
_NUMBER = re.compile(r"\+?[0-9]{2,32}")
_INTERNATIONAL = re.compile(r"\+[1-9][0-9]{3,14}")
"""E.164 section 6.2.1: at most 15 digits; no country's code begins with 0."""

_ANONYMOUS_HOSTS = frozenset({"anonymous.invalid", "unknown.invalid", "unavailable.invalid"})
"""RFC 3323 section 4.1.1.3; 3GPP TS 23.003 for the other two."""
_ANONYMOUS_USERS = frozenset(
    {
        "anonymous",  # RFC 3323 section 4.1.1.3
        "unavailable",  # 3GPP TS 23.003, unavailable user identity
        "restricted",  # gateways: presentation restricted (Q.931 section 4.5.10)
        "private",  # Remote-Party-ID equipment (draft-ietf-sip-privacy)
        "unknown",
        "withheld",
        "非通知",
        "公衆電話",
        "通知不可能",
        "表示圏外",
    }
)
_ANONYMOUS_NAMES = _ANONYMOUS_USERS | {
    "coin line/payphone",  # 公衆電話, as Japanese carriers say it in the display name
    "interaction with other service",  # サービス競合, likewise
}


def is_region(region: str) -> bool:
    """Tell whether this is a region of libphonenumber: ISO 3166-1 alpha-2, such as ``JP``."""
    return region in phonenumbers.SUPPORTED_REGIONS


def canonical(user: str, region: str) -> str:
    """Return what a SIP user part means as a dialled number.

    Args:
        user: the user part of a sip: or tel: URI, or a number as a person writes it.
        region: ISO 3166-1 alpha-2, whose national numbers are meant.

    Returns:
        E.164 with its plus sign when it is a valid number of the region or an international one;
        otherwise the literal in lower case (an extension, a short code, a name).  Never raises;
        applying it again changes nothing.
    """
    if _NUMBER.fullmatch(user):  # as most are: nothing to unescape, to fold or to take out
        return _e164(user, region) or user
    literal = _unescaped(user).split(";", 1)[0].strip().lower()
    digits = _SEPARATORS.sub("", unicodedata.normalize("NFKC", literal))
    if not digits.isascii() or not _NUMBER.fullmatch(digits):
        return literal
    return _e164(digits, region) or digits


def is_e164(number: str) -> bool:
    """Tell whether this is a valid number in E.164 with its plus sign."""
    return number.startswith("+") and _valid(number, None) == number


def display(number: str, region: str) -> str:
    """Return a canonical number as people of the region write it; a literal stays as it is."""
    if not is_e164(number):
        return number
    parsed = phonenumbers.parse(number, None)
    home = parsed.country_code == phonenumbers.country_code_for_region(region)
    style = phonenumbers.PhoneNumberFormat
    return str(phonenumbers.format_number(parsed, style.NATIONAL if home else style.INTERNATIONAL))


def national(number: str) -> str:
    """Return a valid E.164 number's digits as they are said within its own country, without a
    leading 0 that is only dialled."""
    return str(phonenumbers.national_significant_number(phonenumbers.parse(number, None)))


def is_anonymous(user: str, host: str = "") -> bool:
    """Tell whether a URI's user and host say that the caller's number is not given (非通知)."""
    return (
        host.partition(":")[0].strip("[]").lower() in _ANONYMOUS_HOSTS
        or _unescaped(user).strip().lower() in _ANONYMOUS_USERS
    )


def is_anonymous_name(name: str) -> bool:
    """Tell whether a display name is only the words for a number that is not given."""
    return name.strip().strip('"').strip().lower() in _ANONYMOUS_NAMES


def _unescaped(user: str) -> str:
    """Undo %-escapes (RFC 3261 section 19.1.4: equal to the characters they stand for)."""
    while (plain := unquote(user)) != user:
        user = plain
    return user


def _e164(digits: str, region: str) -> str:
    if digits.startswith("+"):
        return _valid(digits, None)
    country_code, prefixed = _dialling(region)
    if digits.startswith("0") or not prefixed:
        found = _valid(digits, region)
        if found:
            return found
    # Trunks say 00 for "international" whatever the region dials (010 in Japan).
    if digits.startswith("00"):
        return _valid(f"+{digits[2:]}", None)
    if digits.startswith(country_code):
        return _valid(f"+{digits}", None)
    return ""


@lru_cache(256)
def _dialling(region: str) -> tuple[str, bool]:
    """The region's country code, and whether its national numbers begin with 0."""
    prefix = phonenumbers.ndd_prefix_for_region(region, strip_non_digits=True)
    return str(phonenumbers.country_code_for_region(region)), prefix == "0"


@lru_cache(65536)
def _valid(digits: str, region: str | None) -> str:
    """E.164, or empty; remembered, as thousands of files name the same few numbers."""
    if plain := _plain(digits, region):
        return plain
    try:
        parsed = phonenumbers.parse(digits, region)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_valid_number(parsed):
        return ""
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))


class _Country(NamedTuple):
    """What of a country's numbering plan says where its national numbers begin."""

    code: str
    taken_off: re.Pattern[str]
    """What may stand before a national number: ``0``, or a carrier's digits as well."""
    abroad: re.Pattern[str]
    """What is dialled before the code of another country."""


def _plain(digits: str, region: str | None) -> str:
    """E.164 of a valid number that is written as most are; empty says nothing.

    The library's parser finds numbers in any text, and takes two thirds of the time that a number
    costs.  It is not needed for ``+``, code and national number, nor for ``0`` and national number,
    where the plan takes nothing else off the beginning.
    """
    if region is not None:
        country = _country_of(region)
        taken = country.taken_off.match(digits)
        if taken is None or taken[0] != "0" or any(taken.groups()) or country.abroad.match(digits):
            return ""
        abroad = f"+{country.code}{digits[1:]}"
        return abroad if _valid(abroad, None) == abroad else ""
    home = _country_at(digits[1:4]) if _INTERNATIONAL.fullmatch(digits) else None
    national = digits[1 + len(home.code) :] if home else ""
    if home is None or not national or national[0] == "0" or home.taken_off.match(national):
        return ""
    number = phonenumbers.PhoneNumber(int(home.code), int(national))
    return digits if phonenumbers.is_valid_number(number) else ""


@lru_cache(1024)
def _country_at(beginning: str) -> _Country | None:
    """The country whose code a number in E.164 begins with; given its first three digits."""
    for length in (1, 2, 3):
        regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(int(beginning[:length]))
        if regions:
            return _country(int(beginning[:length]), regions[0])
    return None


@lru_cache(256)
def _country_of(region: str) -> _Country:
    return _country(phonenumbers.country_code_for_region(region), region)


def _country(code: int, region: str) -> _Country:
    plan = phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(code, region)
    taken_off = plan.national_prefix_for_parsing if plan else None  # None: not a region
    abroad = plan.international_prefix if plan else None
    return _Country(str(code), re.compile(taken_off or "(?!)"), re.compile(abroad or "(?!)"))
