"""Which numbers may be called at the agency's cost.  Pure.

A stranger chooses what a memo's number is: who leaves the number of a service that is paid for by
the caller wants to be called back.
"""

from collections.abc import Collection

import phonenumbers

from sipbot.numbers import is_e164

_PAID = {phonenumbers.PhoneNumberType.PREMIUM_RATE}
"""What libphonenumber knows of a country's numbers that cost extra: 0990 in Japan, say."""


def flaw(number: str, beginnings: Collection[str], region: str) -> str:
    """Why a number is not called, as the rest of a sentence; empty when it may be.

    Args:
        number: as a memo has it.
        beginnings: with which numbers in E.164 may begin; none: the code of the region's country.
        region: ISO 3166-1 alpha-2.
    """
    if not is_e164(number):
        return "is not a whole telephone number"
    allowed = beginnings or (f"+{phonenumbers.country_code_for_region(region)}",)
    if not number.startswith(tuple(allowed)):
        return f"does not begin with {' or '.join(allowed)} (call_back.numbers in config.toml)"
    if phonenumbers.number_type(phonenumbers.parse(number, None)) in _PAID:
        return "costs extra"
    return ""
