"""Which numbers may be called at the agency's cost.  Pure.

A stranger chooses what a memo's number is: who leaves the number of a service that is paid for by
the caller wants to be called back.
"""

from collections.abc import Collection

import phonenumbers
from phonenumbers import PhoneNumberType

from sipbot.numbers import is_e164

_ORDINARY = {
    PhoneNumberType.FIXED_LINE,
    PhoneNumberType.MOBILE,
    PhoneNumberType.FIXED_LINE_OR_MOBILE,
    PhoneNumberType.VOIP,
    PhoneNumberType.TOLL_FREE,
}
"""Kinds of number, of libphonenumber's, that cost what calls cost.  All others may cost the caller
extra: premium (0990 in Japan), shared cost, personal (070 in Great Britain, 050X in Korea) and UAN
(0570 in Japan), pagers.  Great Britain's 03 is a UAN too and costs nothing extra: it is the price
for 0570.
"""


def flaw(number: str, beginnings: Collection[str], region: str) -> str:
    """Why a number is not called, as the rest of a sentence; empty when it may be.

    Args:
        number: as a memo has it.
        beginnings: with which numbers in E.164 may begin; none: only numbers of the region itself.
            A dialling code is no country: +1 is Jamaica as well, +44 Jersey.
        region: ISO 3166-1 alpha-2.
    """
    if not is_e164(number):
        return "is not a whole telephone number"
    parsed = phonenumbers.parse(number, None)
    # Not region_code_for_number: of a toll-free +1 it says US, in Canada too.
    if not beginnings and not phonenumbers.is_valid_number_for_region(parsed, region):
        return f"is no number of {region} (call_back.numbers in config.toml allows others)"
    if beginnings and not number.startswith(tuple(beginnings)):
        return f"does not begin with {' or '.join(beginnings)} (call_back.numbers in config.toml)"
    if phonenumbers.number_type(parsed) not in _ORDINARY:
        return "may cost extra"
    return ""
