"""Who is calling, and who must not be shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipbot.caller import WITHHELD, CallerId, caller_number
from sipbot.records import CallOffer, Party
from tests.offers import offer, party

ANONYMOUS = Party(uri="sip:anonymous@anonymous.invalid", name="Anonymous")


@pytest.mark.parametrize(
    ("offered", "caller"),
    [
        (offer(), CallerId(number="+81355500000", name="Suzuki", source="from")),
        (
            offer(asserted=(party("0311112222", "Honda"),)),
            CallerId(number="+81311112222", name="Honda", source="asserted"),
        ),
        (
            offer(asserted=(party("sales"), Party(uri="tel:+81311112222"))),
            CallerId(number="+81311112222", name="Suzuki", source="asserted"),
        ),
        (
            offer(asserted=(ANONYMOUS,)),
            CallerId(number="+81355500000", name="Suzuki", source="from"),
        ),
        (
            offer(from_=Party(uri="sip:pbx.example")),
            CallerId(number=None, name="", source="from"),
        ),
        (offer(from_=ANONYMOUS), WITHHELD),
        (offer(from_=Party(uri="sip:pbx.example", name="Coin line/payphone")), WITHHELD),
        (offer(from_=party("anonymous")), WITHHELD),
        (offer(from_=ANONYMOUS, asserted=(party("0311112222"),)), WITHHELD),
    ],
)
def test_the_caller_is_who_the_trunk_says(offered: CallOffer, caller: CallerId) -> None:
    assert caller == caller_number(offered, "JP")


@given(st.lists(st.sampled_from([party("0311112222", "Honda"), ANONYMOUS]), max_size=2))
def test_a_caller_who_asks_for_privacy_is_never_shown(asserted: list[Party]) -> None:
    offered = offer(asserted=tuple(asserted), anonymous=True)

    assert WITHHELD == caller_number(offered, "JP")


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_no_header_can_break_the_caller(uri: str, name: str, asserted: str) -> None:
    offered = offer(from_=Party(uri=uri, name=name), asserted=(Party(uri=asserted),))

    assert caller_number(offered, "JP").source in ("asserted", "from", "withheld")
