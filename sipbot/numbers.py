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
from urllib.parse import unquote

import phonenumbers

_SEPARATORS = re.compile(r"[\s().\-‐‑‒–—−/]")
"""RFC 3966 section 5.1.1 visual separators, and how people type them."""
_NUMBER = re.compile(r"\+?[0-9]{2,32}")

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
    country_code = str(phonenumbers.country_code_for_region(region))
    prefixed = phonenumbers.ndd_prefix_for_region(region, strip_non_digits=True) == "0"
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


@lru_cache(65536)
def _valid(digits: str, region: str | None) -> str:
    """E.164, or empty; remembered, as thousands of files name the same few numbers."""
    try:
        parsed = phonenumbers.parse(digits, region)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_valid_number(parsed):
        return ""
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))
