"""What nobody should send to a SIP port.  Pure, but for reading the files of RFC 4475.

The messages of RFC 4475 are data of another project (tests/data/rfc4475).  Those for the ten points
of RFC 5118 (IPv6) are our own, and so is the list of what is known to have ended or blocked the
agents' library.
"""

import random
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

RFC_4475 = Path(__file__).parent.parent / "data" / "rfc4475"

BODY = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.3\r\ns=-\r\nc=IN IP4 127.0.0.3\r\nt=0 0\r\n"
    "m=audio 4000 RTP/AVP 0\r\n"
)

DATAGRAM_BYTES = 60_000
"""Longest that is sent."""


def torture() -> dict[str, bytes]:
    """Return the 49 messages of RFC 4475, by name."""
    return {path.stem: path.read_bytes() for path in sorted(RFC_4475.glob("*.dat"))}


def message(
    method: str,
    number: str,
    name: str,
    *,
    via: str = "127.0.0.3:5060",
    to_tag: str = "",
    headers: tuple[str, ...] = (),
    body: str = "",
    kind: str = "application/sdp",
) -> bytes:
    """Return a request that is right but for what it is made for.

    Args:
        method: of the request.
        number: who is called.
        name: makes its transaction and dialog its own.
        via: where answers go.
        to_tag: with its ``;tag=``.
        headers: more of them.
        body: whatever it carries.
        kind: Content-Type of the body.
    """
    lines = [
        f"{method} sip:{number}@127.0.0.1 SIP/2.0",
        f"Via: SIP/2.0/UDP {via};rport;branch=z9hG4bK{name}",
        f"From: <sip:{name}@127.0.0.3>;tag={name}",
        f"To: <sip:{number}@127.0.0.1>{to_tag}",
        f"Call-ID: {name}",
        f"CSeq: 1 {method}",
        "Contact: <sip:hostile@127.0.0.3>",
        "Max-Forwards: 70",
        *headers,
        *([f"Content-Type: {kind}"] if kind and (body or kind != "application/sdp") else []),
        f"Content-Length: {len(body.encode())}",
        "",
        body,
    ]
    return "\r\n".join(lines).encode()


def ipv6(number: str) -> dict[str, bytes]:
    """Return one message for each point of RFC 5118 section 4."""

    def one(point: str, via: str, uri: str = number, body: str = "") -> bytes:
        method = "INVITE" if body else "OPTIONS"
        return message(method, uri, f"ipv6-{point}", via=via, body=body)

    six = BODY.replace("IP4 127.0.0.3", "IP6 2001:db8::20")
    return {
        "4.1 a reference": one("1", "[2001:db8::9:1]", "user@[2001:db8::10]"),
        "4.2 without brackets": one("2", "2001:db8::9:1", "user@2001:db8::10"),
        "4.3 port or group of digits": one("3", "[2001:db8::9:1]", "user@[2001:db8::10:5070]"),
        "4.4 port": one("4", "[2001:db8::9:1]:5070", "user@[2001:db8::10]:5070"),
        "4.5 received with brackets": one("5", "[2001:db8::9:1];received=[2001:db8::9:255]"),
        "4.5 received without": one("5b", "[2001:db8::9:1];received=2001:db8::9:255"),
        "4.6 in the SDP": one("6", "[2001:db8::20]", body=six),
        "4.7 addresses in the Via": one("7", "[2001:db8::9:1];maddr=[2001:db8::1];ttl=1"),
        "4.8 both in the SDP": one("8", "[2001:db8::9:1]", body=BODY + "c=IN IP6 2001:db8::1\r\n"),
        "4.9 mapped": one("9", "[::ffff:192.0.2.10]:19823", body=six.replace("2001:db8", "::ffff")),
        "4.10 three colons": one("10", "lab.example.com", "user@[2001:db8:::192.0.2.1]"),
    }


def aborting(number: str, n: int) -> list[bytes]:
    """Return an INVITE and the ACK without To-tag, on another branch, that aborts pjproject.

    Args:
        number: a client's: nobody may be kept out by an unknown number.
        n: which one; each is another call.
    """
    ack = message("ACK", number, f"ack{n}").replace(b"z9hG4bKack", b"z9hG4bKother", 1)
    return [message("INVITE", number, f"ack{n}", body=BODY), ack]


def known(number: str) -> Iterator[tuple[str, list[bytes]]]:
    """Return what else has ended or blocked pjproject 2.15.1, with a name each.

    Args:
        number: a client's, as for `aborting`.
    """

    def invite(
        name: str, body: str = BODY, headers: tuple[str, ...] = (), kind: str = "application/sdp"
    ) -> bytes:
        return message("INVITE", number, name, body=body, headers=headers, kind=kind)

    yield "67 keys of SRTP", [invite("crypto", BODY + "".join(_crypto(n) for n in range(67)))]
    yield "40 media sections", [invite("media", BODY + "m=audio 4000 RTP/AVP 0\r\n" * 39)]
    yield "60 formats", [invite("formats", BODY.replace("AVP 0", "AVP 0" + " 1" * 60))]
    yield "rtpmap 65535", [invite("rtpmap", BODY + "a=rtpmap:65535 PCMU/8000\r\n")]
    for ptime in ("0", "65535", "-1"):
        yield f"ptime {ptime}", [invite(f"ptime{ptime}", f"{BODY}a=ptime:{ptime}\r\n")]
    yield "port 0", [invite("port0", BODY.replace("audio 4000", "audio 0"))]
    yield "a host's name in the SDP", [invite("name", BODY.replace("127.0.0.3", "no.invalid"))]
    yield "no SDP", [message("INVITE", number, "nosdp")]
    yield "half an SDP", [invite("half", BODY[:40])]
    yield "empty multipart", [invite("multi", "--b--\r\n", kind="multipart/mixed;boundary=b")]
    yield "multipart of nothing", [invite("multi0", "", kind="multipart/mixed;boundary=b")]
    yield "a header of 3 kB", [invite("long", headers=(f"X-Long: {'x' * 3000}",))]
    yield "many extensions", [invite("supported", headers=(f"Supported: {'a,' * 500}a",))]
    yield "a branch of 3 kB", [invite("b" * 3300)]
    yield "the wrong length", [invite("cl").replace(b"Length: ", b"Length: 9999")]
    yield "SUBSCRIBE that ends at once", [_subscribe(number)]
    for method in ("REFER", "NOTIFY", "MESSAGE", "PUBLISH", "UPDATE", "PRACK", "REGISTER", "NONE"):
        yield f"{method} out of the blue", [message(method, number, method.lower())]
    for lacking in ("Via", "From", "To", "Call-ID", "CSeq", "Contact"):
        lines = invite(f"no{lacking.lower()}").split(b"\r\n")
        kept = [line for line in lines if not line.startswith(lacking.encode() + b":")]
        yield f"no {lacking}", [b"\r\n".join(kept)]
    yield "60 kB", [message("OPTIONS", number, "huge", body="x" * (DATAGRAM_BYTES - 1000))]
    yield "INVITE and CANCEL at once", [invite("cancel"), message("CANCEL", number, "cancel")]
    yield "answers that nobody asked for", [_answer(status) for status in (-1, 0, 99, 200, 999999)]


def _crypto(n: int) -> str:
    return f"a=crypto:{n + 1} AES_CM_128_HMAC_SHA1_80 inline:{'A' * 40}\r\n"


def _subscribe(number: str) -> bytes:
    headers = ("Event: presence", "Expires: 0")
    return message("SUBSCRIBE", number, "subscribe", headers=headers)


def _answer(status: int) -> bytes:
    line = f"SIP/2.0 {status} What\r\n".encode()
    return line + message("INVITE", "nobody", f"answer{status}").split(b"\r\n", 1)[1]


Mutation = Callable[[bytes, random.Random], bytes]


def _flip(text: bytes, rng: random.Random) -> bytes:
    changed = bytearray(text)
    for _ in range(rng.randint(1, 8)):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def _cut(text: bytes, rng: random.Random) -> bytes:
    return text[: rng.randrange(len(text))]


def _remove(text: bytes, rng: random.Random) -> bytes:
    begin = rng.randrange(len(text))
    return text[:begin] + text[begin + rng.randint(1, 40) :]


def _repeat(text: bytes, rng: random.Random) -> bytes:
    lines = text.split(b"\r\n")
    at = rng.randrange(len(lines))
    lines[at:at] = [lines[at]] * rng.choice((1, 2, 10, 80))
    return b"\r\n".join(lines)


def _insert(text: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(text))
    what = rng.choice((b"\0", b"\r\n", b"%s%n", b'"', b"<", b",", b";", b"\xff" * 9, b"A" * 700))
    return text[:at] + what + text[at:]


def _number(text: bytes, rng: random.Random) -> bytes:
    places = [n for n, char in enumerate(text) if 48 <= char < 58]
    if not places:
        return _flip(text, rng)
    at = rng.choice(places)
    what = rng.choice((b"-1", b"0", b"65536", b"4294967296", b"9" * 40))
    return text[:at] + what + text[at + 1 :]


def _line_ends(text: bytes, rng: random.Random) -> bytes:
    return text.replace(b"\r\n", rng.choice((b"\n", b"\r", b"\r\n ", b"\n\r")), rng.randint(1, 9))


MUTATIONS: tuple[Mutation, ...] = (_flip, _cut, _remove, _repeat, _insert, _number, _line_ends)


def mutated(whole: Mapping[str, bytes], rng: random.Random) -> bytes:
    """Return one of these messages as nobody wrote it, short enough for a datagram."""
    text = rng.choice(list(whole.values()))
    for _ in range(rng.randint(1, 3)):
        text = rng.choice(MUTATIONS)(text or b"\0", rng)
    return text[:DATAGRAM_BYTES]
