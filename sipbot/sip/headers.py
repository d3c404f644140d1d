"""What an INVITE says about who calls, whom, and by which diversions (pure).

pjsip has already parsed the message for its own needs but hands Python only the raw text, so the
few headers that matter to the choice of client are read here.  Splitting the message into headers
is left to the standard library's message parser, which folds lines as RFC 3261 section 7.3.1 asks.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from email.message import Message
from email.parser import HeaderParser
from ipaddress import ip_address
from urllib.parse import unquote

from sipbot.records import CallOffer, Diversion, Party

_COMPACT = {"from": "f", "to": "t", "call-id": "i", "content-type": "c", "via": "v"}
"""Compact header forms (RFC 3261 section 7.3.3) of the headers read here."""

_ANONYMOUS = frozenset({"anonymous", "unavailable", "unknown", "restricted", "withheld", "private"})
"""User parts and display names that mean 非通知: RFC 3261 section 8.1.1.3 and RFC 3323 section
4.1.1.3 name ``anonymous``; the others are what gateways write for calls without a number."""

_PRIVATE = frozenset({"id", "user", "header", "full"})
"""Privacy values that hide the caller's identity (RFC 3323 section 4.2, RFC 3325 section 9.3)."""

_NAME_ADDR = re.compile(
    r'^\s*(?P<name>"(?:\\.|[^"\\])*"|[^<"]*)\s*<(?P<uri>[^>]*)>(?P<params>.*)$', re.DOTALL
)
_PARAM = re.compile(r';\s*(?P<key>[^=;\s]+)\s*(?:=\s*(?P<value>"(?:\\.|[^"\\])*"|[^;]*))?')

MAX_ENTRIES = 20
"""Diversion and History-Info entries kept; RFC 5806 and RFC 7044 set none, proxies give up after 70
hops (RFC 3261 section 20.22), and the first entries of either end decide."""


def read_offer(raw: str, *, call: str, received_at: datetime, source: str) -> CallOffer:
    """Return what the INVITE in `raw` says; absent headers become empty, never an error.

    Args:
        raw: the whole message as received.
        call: the id this call shall have.
        received_at: when it arrived, UTC.
        source: ``address:port`` of the sender.
    """
    request_line, _, rest = raw.partition("\n")
    headers = HeaderParser().parsestr(rest.replace("\r\n", "\n"))
    words = request_line.split()
    from_ = _first_party(headers, "From")
    privacy = {p.strip().lower() for v in _values(headers, "Privacy") for p in v.split(";")}
    reason = _anonymous_reason(from_, privacy)
    return CallOffer(
        call=call,
        received_at=received_at,
        source=source,
        sip_call_id=next(_values(headers, "Call-ID"), ""),
        request_uri=_clean_uri(words[1]) if len(words) > 1 else "",
        to=_first_party(headers, "To"),
        from_=from_,
        asserted=tuple(_party(v) for v in _split(headers, "P-Asserted-Identity"))[:MAX_ENTRIES],
        anonymous=bool(reason),
        anonymous_reason=reason,
        diversions=tuple(_diversion(v) for v in _split(headers, "Diversion"))[:MAX_ENTRIES],
        history=tuple(_diversion(v) for v in _split(headers, "History-Info"))[-MAX_ENTRIES:],
    )


def transaction_of(raw: str) -> str:
    """Return what two copies of one request have in common: its topmost Via, with the branch.

    RFC 3261 section 17.2.3; one without the magic cookie is told apart by Call-ID and CSeq, too.
    """
    _, _, rest = raw.partition("\n")
    headers = HeaderParser().parsestr(rest.replace("\r\n", "\n"))
    parts = (next(_split(headers, "Via"), ""), *_values(headers, "Call-ID"))
    return "\n".join((*parts, *_values(headers, "CSeq")))


def names_media(raw: str) -> bool:
    """Return whether SDP wants audio sent to a host's name; RFC 8866 section 5.7 allows it.

    The library would look the name up and handle no other call until the answer comes.

    Args:
        raw: a message, or SDP alone.
    """
    for line in map(str.lower, re.split("[\r\n]+", raw)):
        if line.startswith("c="):
            place = line.removeprefix("c=").split()
        elif line.startswith("a=rtcp:"):  # RFC 3605: a port, and then as in c=, or nothing
            place = line.partition(":")[2].split()[1:] or ["in", "ip4", "0.0.0.0"]  # noqa: S104
        else:
            continue
        if not _is_address("".join(place[2:3])):
            return True
    return False


def _is_address(text: str) -> bool:
    try:
        ip_address(text.partition("/")[0])  # a multicast address has its reach behind it
    except ValueError:
        return False
    return True


def is_initial_invite(raw: str) -> bool:
    """Return whether a packet asks for a new call: To has no tag (RFC 3261 section 12.2.2)."""
    if not raw.startswith("INVITE "):
        return False
    _, _, rest = raw.partition("\n")
    to = next(_values(HeaderParser().parsestr(rest.replace("\r\n", "\n")), "To"), "")
    match = _NAME_ADDR.match(to)
    params = match["params"] if match else ";" + to.partition(";")[2]
    return all(param["key"].lower() != "tag" for param in _PARAM.finditer(params))


def told_source(raw: str) -> str:
    """Return what the edge says of an INVITE's source; empty when it says nothing.

    The last of such headers is the edge's: it removes what came with the message and adds its own
    at the end (`sipbot.edge_config.SOURCE`).
    """
    _, _, rest = raw.partition("\n")
    headers = HeaderParser().parsestr(rest.replace("\r\n", "\n"))
    return ["", *_values(headers, "X-Sipbot-Source")][-1]


def content_type(raw: str) -> str:
    """Return the media type of the body in lower case without parameters; empty without a body."""
    _, _, rest = raw.partition("\n")
    headers = HeaderParser().parsestr(rest.replace("\r\n", "\n"))
    return next(_values(headers, "Content-Type"), "").split(";", 1)[0].strip().lower()


def _values(headers: "Message[str, str]", name: str) -> Iterator[str]:
    """Yield the raw values of a header under its long and compact name, folded lines joined."""
    for key in (name, _COMPACT.get(name.lower())):
        for value in headers.get_all(key, []) if key else []:
            yield re.sub(r"\s*\n\s+", " ", str(value)).strip()


def _split(headers: "Message[str, str]", name: str) -> Iterator[str]:
    """Yield the entries of a header, parted by commas outside <> and quotes."""
    for value in _values(headers, name):
        start, depth, quoted = 0, 0, False
        for at, char in enumerate(value):
            if char == '"' and (at == 0 or value[at - 1] != "\\"):
                quoted = not quoted
            elif not quoted and char in "<>":
                depth += 1 if char == "<" else -1
            elif char == "," and not quoted and depth <= 0:
                yield value[start:at].strip()
                start = at + 1
        if value[start:].strip():
            yield value[start:].strip()


def _first_party(headers: "Message[str, str]", name: str) -> Party:
    return next((_party(v) for v in _values(headers, name)), Party())


def _party(value: str) -> Party:
    match = _NAME_ADDR.match(value)
    if match is None:  # addr-spec without <>: parameters belong to the header (RFC 3261 section 20)
        return Party(uri=_clean_uri(value.split(";", 1)[0]))
    name = match["name"].strip()
    if name.startswith('"'):
        name = re.sub(r"\\(.)", r"\1", name[1:-1])
    return Party(uri=_clean_uri(match["uri"]), name=_printable(name))


def _diversion(value: str) -> Diversion:
    match = _NAME_ADDR.match(value)
    tail = match["params"] if match else ";" + value.partition(";")[2]
    params = {
        m["key"].lower(): (m["value"] or "").strip().strip('"') for m in _PARAM.finditer(tail)
    }
    return Diversion(
        party=_party(value),
        reason=_printable(params.get("reason", "") or params.get("cause", "")),
        index=_printable(params.get("index", "")),
    )


def _clean_uri(uri: str) -> str:
    """Return the URI without embedded headers, its escapes undone (RFC 3261 section 19.1.2)."""
    return _printable(unquote(uri.split("?", 1)[0].strip(), errors="replace"))


def _printable(text: str) -> str:
    """Drop control characters: names and URIs end up in logs, terminals and web pages."""
    return "".join(char for char in text if char.isprintable())[:256]


def _anonymous_reason(from_: Party, privacy: set[str]) -> str:
    user, host = from_.user.lower(), from_.uri.rpartition("@")[2].lower()
    if user in _ANONYMOUS:
        return user
    if host.split(":", 1)[0].endswith("anonymous.invalid"):
        return "anonymous.invalid"
    if from_.name.strip().lower() in _ANONYMOUS and not any(c.isdigit() for c in user):
        return from_.name.strip().lower()
    hidden = privacy & _PRIVATE
    return f"privacy:{min(hidden)}" if hidden else ""
