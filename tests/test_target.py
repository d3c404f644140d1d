"""Whom a transfer calls and as whom: nobody but the dialplan chooses, nothing ends a header."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipbot.errors import TransferError
from sipbot.sip import wire
from sipbot.sip.stack import Account, StackSettings
from sipbot.sip.target import Dialled, dial, dial_back, dial_operator
from sipbot.transfer_target import flaw


def account(name: str, registrar: str) -> Account:
    return Account(
        name=name,
        aor=f"sip:100@{name}.example",
        registrar=registrar,
        user="100",
        password="secret",
        realm=name,
        expires_s=300,
    )


def stack(*accounts: Account, via: str = "") -> StackSettings:
    return StackSettings(
        user_agent="test",
        address="192.0.2.1",
        port=5060,
        rtp_port=40000,
        rtp_ports=10,
        accounts=accounts,
        transfer_via=via,
    )


TWO = stack(
    account("trunk", "sip:trunk.example"), account("pbx", "sip:192.0.2.9:5070"), via="trunk"
)


def transfer(to: str, caller: str = "", diverted_from: str = "") -> wire.Transfer:
    return wire.Transfer(call="1", to=to, ring_s=20, caller=caller, diverted_from=diverted_from)


@pytest.mark.parametrize(
    ("to", "uri", "by"),
    [
        ("+81355501234", "sip:+81355501234@trunk.example", "trunk"),
        ("201", "sip:201@trunk.example", "trunk"),
        ("sip:201@192.0.2.9:5070", "sip:201@192.0.2.9:5070", "pbx"),
        ("sip:201@TRUNK.example:5060", "sip:201@TRUNK.example:5060", "trunk"),
        ("sip:201@192.0.2.9", "sip:201@192.0.2.9", ""),
        ("sip:desk@10.0.0.5:5070", "sip:desk@10.0.0.5:5070", ""),
    ],
)
def test_target_is_called_as_written_by_the_account_that_knows_it(
    to: str, uri: str, by: str
) -> None:
    dialled = dial(transfer(to), TWO)

    assert (uri, by) == (dialled.uri, dialled.account)


@pytest.mark.parametrize(
    ("to", "settings", "code"),
    [
        ("+81355501234", stack(), 503),
        ("anybody", TWO, 484),
        ("", TWO, 484),
        ("sips:201@pbx.example", TWO, 416),
        ("tel:+81355501234", TWO, 416),
        ("sip:201@pbx.example;transport=tcp", TWO, 416),
        ("sip:201@pbx.example?Replaces=x", TWO, 416),
        ("sip:201@pbx.example\r\nX: y", TWO, 416),
        ("sip:pbx.example", TWO, 416),
        ("sip:201@[::1]", TWO, 416),
        ("sip:201@pbx_1.local", TWO, 416),
        ("sip:201@pbx.example:99999", TWO, 416),
        ("81312345678813123456", TWO, 484),
        ("sip:desk@192.0.2.1", TWO, 482),
    ],
)
def test_target_that_cannot_be_called_is_refused_with_its_reason(
    to: str, settings: StackSettings, code: int
) -> None:
    with pytest.raises(TransferError) as refused:
        dial(transfer(to), settings)

    assert code == refused.value.code


def test_trunk_is_told_the_callers_and_the_clients_number() -> None:
    dialled = dial(transfer("201", "+819012345678", "+81312345678"), TWO)

    assert dialled == Dialled(
        uri="sip:201@trunk.example",
        host="trunk.example",
        account="trunk",
        from_='"+819012345678" <sip:100@trunk.example>',
        headers={
            "Diversion": "<sip:+81312345678@trunk.example>;reason=deflection",
            "P-Asserted-Identity": "<sip:+81312345678@trunk.example>",
        },
    )


def test_telephone_outside_the_trunk_is_told_no_asserted_identity() -> None:
    dialled = dial(transfer("sip:desk@10.0.0.5", "", "+81312345678"), TWO)

    assert "<sip:sipbot@192.0.2.1:5060>" == dialled.from_
    assert ["Diversion"] == list(dialled.headers)


hostile = st.text(max_size=50) | st.text(alphabet='"<>;\r\n:@ sip0123456789', max_size=30)


@given(hostile, hostile, hostile)
def test_no_text_gets_a_header_of_its_own(to: str, caller: str, diverted_from: str) -> None:
    try:
        dialled = dial(transfer(to, caller, diverted_from), TWO)
    except TransferError:
        return
    for line in (dialled.uri, dialled.from_, *dialled.headers.values()):
        assert line.isascii()
        assert line.isprintable()
        assert 1 >= line.count("<") == line.count(">")
        assert line.count('"') in (0, 2)


targets = st.from_regex(r"\A(sips?:)?\+?[0-9a-z]{1,18}(@[a-z0-9._\[\]:-]{1,12}(:[0-9]{1,6})?)?\Z")


@given(targets | hostile)
def test_target_without_a_flaw_is_one_that_every_call_can_dial(to: str) -> None:
    refused = 0
    try:
        dial(transfer(to), TWO)
    except TransferError as error:
        refused = error.code

    assert bool(flaw(to)) is (refused in (416, 484))


# -- calls back ----------------------------------------------------------------------------------


def call_back(**fields: object) -> wire.CallBack:
    known: dict[str, object] = {
        "call": "cb",
        "phone": "201",
        "number": "+81355501234",
        "shown": "+81312345678",
        "phone_ring_s": 25.0,
        "ring_s": 45.0,
    }
    return msgspec.convert(known | fields, wire.CallBack)


def test_operator_is_called_at_the_account_of_transfers_and_sees_who_is_called_next() -> None:
    found = dial_operator(call_back(), TWO)
    assert ("sip:201@trunk.example", "trunk", {}) == (found.uri, found.account, found.headers)
    assert '"+81355501234" <sip:100@trunk.example>' == found.from_


@pytest.mark.parametrize("in_from", [False, True])
def test_who_is_called_back_is_shown_the_clients_number_by_our_own_trunk(in_from: bool) -> None:
    found = dial_back(call_back(shown_in_from=in_from), TWO)
    own = "+81312345678" if in_from else "100"
    assert "sip:+81355501234@trunk.example" == found.uri
    assert f'"+81312345678" <sip:{own}@trunk.example>' == found.from_
    assert {"P-Asserted-Identity": "<sip:+81312345678@trunk.example>"} == found.headers


def test_strangers_are_asserted_nothing() -> None:
    found = dial_back(call_back(number="sip:other@elsewhere.example", shown_in_from=True), TWO)
    assert ("", {}) == (found.account, found.headers)
    assert "sip:+81312345678" not in found.from_


@given(st.text(max_size=40))
def test_nothing_that_is_shown_ends_a_header_of_a_call_back(shown: str) -> None:
    for in_from in (False, True):
        found = dial_back(call_back(shown=shown, shown_in_from=in_from), TWO)
        for value in (found.from_, *found.headers.values()):
            assert not set(value) & set("\r\n,;")
            assert value.count("<") == value.count(">") == 1
