"""What is read from an INVITE: callers, diversions and anonymity in every spelling peers use."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipbot.records import CallOffer, Diversion, Party
from sipbot.sip.headers import MAX_ENTRIES, content_type, names_media, read_offer

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def offer(*headers: str, request: str = "sip:9000@192.0.2.1") -> CallOffer:
    raw = "\r\n".join((f"INVITE {request} SIP/2.0", *headers, "", "v=0"))
    return read_offer(raw, call="c", received_at=NOW, source="192.0.2.9:5060")


def test_request_uri_is_kept_as_sent() -> None:
    assert "sip:9000@192.0.2.1" == offer().request_uri


def test_call_id_in_compact_form_is_read() -> None:
    assert "abc@host" == offer("i: abc@host").sip_call_id


def test_from_with_quoted_name_loses_quotes_and_backslashes() -> None:
    said = offer('From: "Sato \\"S\\" <x>, Taro" <sip:0312345678@pbx.example>;tag=1').from_
    assert Party(uri="sip:0312345678@pbx.example", name='Sato "S" <x>, Taro') == said


def test_from_without_angle_brackets_loses_header_parameters() -> None:
    assert Party(uri="sip:100@pbx.example") == offer("f: sip:100@pbx.example;tag=1").from_


def test_name_in_japanese_survives() -> None:
    assert "佐藤" == offer('From: "佐藤" <sip:100@pbx.example>').from_.name


def test_folded_header_is_one_value() -> None:
    said = offer("To: Desk", "  <sip:9000@pbx.example>").to
    assert Party(uri="sip:9000@pbx.example", name="Desk") == said


def test_escaped_number_in_the_request_uri_is_unescaped() -> None:
    assert "sip:+81312345678@a.example" == offer(request="sip:%2B81312345678@a.example").request_uri


def test_two_asserted_identities_in_one_header_are_two() -> None:
    said = offer('P-Asserted-Identity: "A, B" <sip:1@a.example>, <tel:+81312345678>').asserted
    assert ("sip:1@a.example", "tel:+81312345678") == tuple(one.uri for one in said)


def test_tel_uri_of_an_asserted_identity_gives_its_number() -> None:
    said = offer("P-Asserted-Identity: <tel:+81312345678;phone-context=+81>").asserted
    assert ["+81312345678"] == [one.user for one in said]


def test_diversions_keep_their_order_and_reason() -> None:
    said = offer(
        "Diversion: <sip:2@pbx.example>;reason=no-answer;counter=1",
        "Diversion: <sip:1@pbx.example>;reason=user-busy",
    ).diversions
    expected = (
        Diversion(party=Party(uri="sip:2@pbx.example"), reason="no-answer"),
        Diversion(party=Party(uri="sip:1@pbx.example"), reason="user-busy"),
    )
    assert expected == said


def test_history_info_keeps_index_and_loses_embedded_reason() -> None:
    said = offer(
        "History-Info: <sip:1@pbx.example?Reason=SIP%3Bcause%3D302>;index=1, "
        "<sip:2@pbx.example;cause=486>;index=1.1"
    ).history
    assert [("sip:1@pbx.example", "1"), ("sip:2@pbx.example;cause=486", "1.1")] == [
        (hop.party.uri, hop.index) for hop in said
    ]


def test_first_diversions_are_kept_where_there_are_too_many() -> None:
    said = offer(*(f"Diversion: <sip:{n}@pbx.example>" for n in range(MAX_ENTRIES + 5)))
    assert [str(n) for n in range(MAX_ENTRIES)] == [hop.party.user for hop in said.diversions]


def test_last_history_entries_are_kept_where_there_are_too_many() -> None:
    said = offer(*(f"History-Info: <sip:{n}@pbx.example>" for n in range(MAX_ENTRIES + 5)))
    assert str(MAX_ENTRIES + 4) == said.history[-1].party.user


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        (("From: <sip:anonymous@anonymous.invalid>",), "anonymous"),
        (("From: <sip:x@anonymous.invalid>",), "anonymous.invalid"),
        (("From: Anonymous <sip:gateway@pbx.example>",), "anonymous"),
        (("From: <sip:100@pbx.example>", "Privacy: id"), "privacy:id"),
        (("From: <sip:100@pbx.example>", "Privacy: critical; USER"), "privacy:user"),
        (("From: <sip:100@pbx.example>", "Privacy: none"), ""),
        (('From: "Anonymous" <sip:0312345678@pbx.example>',), ""),
        (("From: <sip:100@pbx.example>",), ""),
    ],
)
def test_anonymity_is_recognised(headers: tuple[str, ...], reason: str) -> None:
    said = offer(*headers)
    assert (bool(reason), reason) == (said.anonymous, said.anonymous_reason)


def test_control_characters_of_a_name_are_dropped() -> None:
    assert "[31mred" == offer('From: "\x1b[31mred\x07" <sip:1@a.example>').from_.name


def test_content_type_loses_parameters_and_case() -> None:
    raw = "INVITE sip:1@a SIP/2.0\r\nc: Multipart/Mixed;boundary=x\r\n\r\n"
    assert "multipart/mixed" == content_type(raw)


def test_content_type_of_a_message_without_body_is_empty() -> None:
    assert "" == content_type("INVITE sip:1@a SIP/2.0\r\nTo: <sip:1@a>\r\n\r\n")


@given(st.text())
def test_any_text_is_an_offer_and_never_an_error(raw: str) -> None:
    assert "c" == read_offer(raw, call="c", received_at=NOW, source="s").call


_NAMES = ("From", "f", "To", "t", "Diversion", "History-Info", "P-Asserted-Identity", "Privacy")


@given(st.lists(st.tuples(st.sampled_from(_NAMES), st.text()), max_size=6))
def test_any_header_value_is_read_without_unprintable_characters(
    headers: list[tuple[str, str]],
) -> None:
    said = offer(*(f"{name}: {value}" for name, value in headers))
    parties = [said.from_, said.to, *said.asserted]
    parties += [hop.party for hop in (*said.diversions, *said.history)]
    assert all(text.isprintable() for one in parties for text in (one.uri, one.name))


_USERS = st.text("0123456789+*#abcxyz", min_size=1, max_size=15)


@given(st.lists(_USERS, min_size=1, max_size=MAX_ENTRIES), st.text())
def test_diversions_come_back_whatever_their_names_hold(users: list[str], name: str) -> None:
    clean = "".join(char for char in name if char.isprintable())
    quoted = clean.replace("\\", "\\\\").replace('"', '\\"')
    header = ", ".join(f'"{quoted}" <sip:{user}@pbx.example>' for user in users)
    said = offer(f"Diversion: {header}").diversions
    assert users == [hop.party.user for hop in said]


@given(_USERS)
def test_user_of_a_request_uri_comes_back(user: str) -> None:
    said = offer(request=f"sip:{user}@pbx.example;user=phone")
    assert user == Party(uri=said.request_uri).user


@pytest.mark.parametrize(
    "line",
    [
        "c=IN IP4 192.0.2.9",
        "c=IN IP4 233.252.0.1/127",
        "c=IN IP6 2001:db8::9",
        "a=rtcp:4001",
        "a=rtcp:4001 IN IP4 192.0.2.9",
        "a=rtcp-mux",
        "o=pbx.example 1 1 IN IP4 pbx.example",
    ],
)
def test_sdp_whose_audio_goes_to_an_address_names_no_host(line: str) -> None:
    assert not names_media(f"v=0\r\n{line}\r\nt=0 0\r\n")


@pytest.mark.parametrize(
    "line",
    [
        "c=IN IP4 pbx.example",
        "c=IN  IP4\tpbx.example",
        "C=IN IP4 192.0.2",
        "c=IN IP4",
        "c=pbx.example",
        "a=rtcp:4001 IN IP4 pbx.example",
        "a=rtcp:4001 IN",
    ],
)
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_sdp_whose_audio_goes_elsewhere_names_a_host(line: str, end: str) -> None:
    assert names_media(end.join(("v=0", "c=IN IP4 192.0.2.9", "m=audio 4000 RTP/AVP 0", line, "")))
