"""What somebody sends who wants another one's call, or a password.  Pure."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tests.torture.hostile_messages import BODY
from tests.torture.telephone import Dialog

LEAD = "SIP/2.0/UDP"

METHODS = ("BYE", "BYE", "CANCEL", "INVITE", "INVITE", "UPDATE", "INFO", "REFER", "PRACK", "NOTIFY")
"""Of forged requests; those that end or move a call come twice."""

OWN_REALM = "trunk.example"


@dataclass(frozen=True, kw_only=True)
class Forged:
    """A request that pretends to belong to somebody's call."""

    source: str
    """Address that it is sent from."""
    packet: bytes


def request(
    method: str,
    uri: str,
    dialog: Dialog,
    *,
    here: str,
    branch: str,
    turn: int,
    headers: Sequence[str] = (),
    body: str = "",
    kind: str = "application/sdp",
) -> bytes:
    """Return a request within a dialog, as its caller would send it from `here`."""
    lines = [
        f"{method} {uri} SIP/2.0",
        f"Via: {LEAD} {here};rport;branch={branch}",
        f"From: {dialog.own}",
        f"To: {dialog.theirs}",
        f"Call-ID: {dialog.call_id}",
        f"CSeq: {turn} {method}",
        f"Contact: <sip:taker@{here}>",
        *(f"Route: {route}" for route in dialog.routes),
        "Max-Forwards: 70",
        *headers,
        *([f"Content-Type: {kind}"] if body else []),
        f"Content-Length: {len(body.encode())}",
        "",
        body,
    ]
    return "\r\n".join(lines).encode()


def forged(
    dialog: Dialog, rng: random.Random, n: int, *, wrong: Sequence[str], sink: str, edge: str
) -> Forged:
    """Return a forged request: from a wrong address with all that is right, or with a wrong tag.

    Args:
        dialog: of the call that is to be harmed.
        rng: chooses.
        n: which one, for its branch.
        wrong: addresses that the caller does not have.
        sink: ``address:port`` where audio or calls would go.
        edge: URI of whoever takes the calls.
    """
    method = rng.choice(METHODS)
    address = rng.choice(wrong)
    known, here = dialog, f"{address}:5060"
    if rng.random() < 0.4:  # from the caller's own address, by somebody who has not listened
        address, here = dialog.address.partition(":")[0], dialog.address
        known = _guessed(dialog, rng)
    headers, body, kind = _contents(method, sink)
    branch, turn, uri = f"z9hG4bKforged{n}", rng.choice((1, 2, 3, 1000)), dialog.contact
    if method == "CANCEL":  # of the INVITE, so without the other side's tag
        branch, turn, uri = known.branch, 1, edge
        known = replace(known, theirs=known.theirs.partition(";tag=")[0], routes=())
    packet = request(
        method,
        uri,
        known,
        here=here,
        branch=branch,
        turn=turn,
        headers=headers,
        body=body,
        kind=kind,
    )
    return Forged(source=address, packet=packet)


def _guessed(dialog: Dialog, rng: random.Random) -> Dialog:
    """Return the dialog with something wrong that belongs to its name (RFC 3261 section 12)."""
    other = f"{rng.getrandbits(48):x}"
    match rng.randrange(4):
        case 0:
            return replace(dialog, theirs=f"{dialog.theirs.partition(';tag=')[0]};tag={other}")
        case 1:
            return replace(dialog, own=f"{dialog.own.partition(';tag=')[0]};tag={other}")
        case 2:
            return replace(dialog, call_id=other, branch=f"z9hG4bK{other}")
        case _:
            own, theirs = dialog.own.partition(";tag="), dialog.theirs.partition(";tag=")
            swapped = f"{own[0]};tag={theirs[2]}", f"{theirs[0]};tag={own[2]}"
            return replace(dialog, own=swapped[0], theirs=swapped[1], branch=f"z9hG4bK{other}")


def _contents(method: str, sink: str) -> tuple[tuple[str, ...], str, str]:
    host, _, port = sink.partition(":")
    sdp = BODY.replace("127.0.0.3", host).replace("4000", port)
    match method:
        case "INVITE" | "UPDATE":
            return (), sdp, "application/sdp"
        case "INFO":
            return (), "Signal=#\r\nDuration=160\r\n", "application/dtmf-relay"
        case "REFER":
            return (f"Refer-To: <sip:toll@{sink}>",), "", ""
        case "NOTIFY":
            notify = ("Event: refer", "Subscription-State: active;expires=60")
            return notify, "SIP/2.0 200 OK\r\n", "message/sipfrag"
        case "PRACK":
            return ("RAck: 1 1 INVITE",), "", ""
    return (), "", ""


def targets(sink: str, dialog: Dialog) -> list[str]:
    """Return forms of Refer-To that lead to the sink (RFC 3515, RFC 3891 section 3)."""
    theirs = dialog.theirs.partition(";tag=")[2]
    replaces = f"{dialog.call_id}%3Bto-tag%3D{theirs}%3Bfrom-tag%3D{dialog.own.partition('=')[2]}"
    return [
        f"<sip:toll@{sink}>",
        f"sip:toll@{sink}",
        f"<sip:toll@{sink};transport=udp>",
        f"<sip:toll@{sink};method=INVITE>",
        f"<sip:toll@{sink};method=BYE>",
        f"<sip:toll@{sink}?Replaces={replaces}>",
        f"<sip:toll@{sink}?Subject=x&Replaces={replaces}>",
        f'"Toll" <sip:+19005550199@{sink};user=phone>',
        f"<sips:toll@{sink}>",
        f"<sip:toll@{sink.partition(':')[0]}>, <sip:toll@{sink}>",
    ]


EXTRAS: tuple[tuple[str, ...], ...] = (
    (),
    ("Referred-By: <sip:boss@127.0.0.1>",),
    ("Refer-Sub: false", "Supported: norefersub"),
    ("Require: replaces",),
    ("Supported: replaces, join, tdialog",),
)
"""Headers beside Refer-To or Replaces."""


def replacements(dialog: Dialog) -> list[tuple[str, ...]]:
    """Return headers by which an INVITE asks for somebody's place in a call (RFC 3891, 3911)."""
    own, theirs = (one.partition(";tag=")[2] for one in (dialog.own, dialog.theirs))
    exact = f"{dialog.call_id};to-tag={theirs};from-tag={own}"
    return [
        (f"Replaces: {exact}",),
        (f"Replaces: {exact}", "Require: replaces"),
        (f"Replaces: {exact};early-only",),
        (f"Replaces: {dialog.call_id};from-tag={own};to-tag={theirs}",),
        (f"Replaces: {dialog.call_id};to-tag={own};from-tag={theirs}",),
        (f"Replaces: {dialog.call_id};to-tag=0;from-tag={own}",),
        (f"Replaces: {exact}", f"Replaces: {exact}"),
        (f"Join: {exact}",),
        (f"Join: {exact}", "Require: join"),
        (f"Target-Dialog: {dialog.call_id};local-tag={theirs};remote-tag={own}",),
    ]


def realms(number: int) -> list[str]:
    """Return so many realms that are not the trunk's, those that look like it first.

    In capital letters it would be the trunk's for pjsip, which answers only the trunk anyway.
    """
    alike = [
        *("*", "", " ", f"{OWN_REALM}.", f" {OWN_REALM}", f"{OWN_REALM} "),
        *(f"www.{OWN_REALM}", f"{OWN_REALM}.evil.example", "evil.example", f"{OWN_REALM}@evil"),
        *(f"{OWN_REALM}\\", f"{OWN_REALM}%00", f"{OWN_REALM},", f"{OWN_REALM};x=1", "asterisk"),
        *("127.0.0.1", "sip:trunk.example", "trunk", "x" * 300, f"{OWN_REALM}\tx", "réalm", "領域"),
    ]
    return (alike + [f"realm{n}.example" for n in range(number)])[:number]


def challenge(realm: str, n: int) -> tuple[int, str]:
    """Return a code and the header that asks for a digest (RFC 3261 section 22)."""
    extras = (
        "",
        ', qop="auth"',
        ", algorithm=MD5",
        ', algorithm=SHA-256, qop="auth"',
        ", stale=true",
    )
    digest = f'Digest realm="{realm}", nonce="{n:08x}"{extras[n % len(extras)]}'
    return (401, f"WWW-Authenticate: {digest}") if n % 2 else (407, f"Proxy-Authenticate: {digest}")


CODES = (300, 301, 302, 305, 380)

CONTACTS = (
    "<sip:toll@{sink}>",
    "sip:toll@{sink}",
    "<sip:toll@{sink}>;q=1.0",
    "<sip:toll@{sink}>, <sip:tolls@{sink}>",
    "<sip:toll@{sink};transport=udp>;expires=60",
    "<sip:{sink};lr>",
    "<sip:toll@{sink}?Route=%3Csip:{sink}%3E>",
    '"Toll" <sip:+19005550199@{sink};user=phone>',
)


def redirections(sink: str) -> list[tuple[int, str]]:
    """Return answers to a call of ours that send it elsewhere (RFC 3261 section 21.3)."""
    return [(code, f"Contact: {one.format(sink=sink)}") for one in CONTACTS for code in CODES]
