"""The files of a Kamailio in front of several nodes, as text.  Pure.

Data path: front.toml -> front_form -> [front_config] -> kamailio.cfg, dispatcher.list

A front takes the trunk's calls and gives each to the node with the fewest, the next one when that
is full, ends or is silent.  Two of them with the same file share the calls, or stand in for each
other; they need not know of each other.
"""

import msgspec

from sipbot.edge_config import MESSAGE_BYTES as EDGE_MESSAGE_BYTES
from sipbot.edge_config import MODULES, RETRY_AFTER_S, RING_MS, SANITY
from sipbot.front_routes import ROUTES

MESSAGE_BYTES = EDGE_MESSAGE_BYTES - 400
"""Longest request: the node's edge takes so much more, and we add a Via (100 bytes and the
received address) and a Record-Route with its mark (100)."""

SILENCE_MS = 2000
"""A node that has said nothing to an INVITE for so long is dead, and the next one is asked: two
copies were sent by then (after 0.5 and 1.5 s, RFC 3261 section 17.1.1.2), and 3 s of the promised 5
are left.  An edge says 100 at once."""

SETUP_MS = 10_000
"""From 100 to 180 or the answer; a node's edge asks its next agent after 4 s of silence."""

WITHIN_MS = 8000
"""What a request within a call waits for an answer; its sender gives up after 32 s."""

PING_S = 2
"""Between two OPTIONS to each node."""

SILENT_PINGS = 2
"""After so many without an answer a node is asked for nothing any more, until one is answered."""


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """A machine with a sipbot, as the front sees it."""

    site: str
    """The name that its memos have on the bus."""
    address: str
    port: int
    lines: int
    """Calls that it is given at once; the next one is another's."""


class Front(msgspec.Struct, frozen=True, kw_only=True):
    """What a front is to be."""

    folder: str
    """Where its files and its control socket are; absolute."""
    address: str
    port: int
    public_address: str = ""
    """Address that the trunk sees; empty for `address`."""
    floating: bool = False
    """Whether the address is on another machine at times, moved by keepalived."""
    allow: tuple[str, ...]
    """Networks whose calls are accepted."""
    nodes: tuple[Node, ...]
    invites_per_s: int
    drop_strangers: bool = False
    secret: str
    """Hex digits that callers cannot guess; the same for both of a pair."""

    @property
    def control(self) -> str:
        """Unix datagram socket of Kamailio's JSON-RPC."""
        return f"{self.folder}/kamailio.sock"


def kamailio_cfg(front: Front) -> str:
    """Return Kamailio's configuration."""
    modules = [f'loadmodule "{name}.so"' for name in MODULES]
    return "\n".join((*_globals(front), *modules, *_parameters(front), _routes(front)))


def dispatcher_list(front: Front) -> str:
    """Return the nodes as Kamailio's module dispatcher reads them."""
    socket = f"udp:{front.address}:{front.port}"
    return "".join(
        f"1 sip:{node.address}:{node.port} 0 0 "
        f"duid={node.site};maxload={node.lines};socket={socket}\n"
        for node in front.nodes
    )


def _globals(front: Front) -> list[str]:
    public = front.public_address
    said = f" advertise {public}:{front.port}" if public else ""
    return [
        "#!KAMAILIO",
        "# Written by sipbot edge front; write it anew when front.toml changes.",
        "debug=0",
        "log_stderror=yes",
        # What senders of malformed messages could fill the log with.
        "corelog=4",
        "fork=yes",
        "children=4",
        "auto_aliases=no",
        "server_signature=no",
        'user_agent_header="User-Agent: sipbot"',
        "disable_tcp=yes",
        *(["ip_free_bind=1"] if front.floating else []),
        f"listen=udp:{front.address}:{front.port}{said}",
    ]


def _parameters(front: Front) -> list[str]:
    values: list[tuple[str, str, str | int]] = [
        ("tm", "fr_timer", SILENCE_MS),  # of the pings; all else names its own
        ("tm", "fr_inv_timer", RING_MS),
        ("rr", "enable_full_lr", 1),
        ("rr", "append_fromtag", 0),
        ("htable", "htable", "rate=>size=8;autoexpire=2;updateexpire=0;initval=0"),
        ("htable", "timer_interval", 5),
        ("jsonrpcs", "transport", 4),
        ("jsonrpcs", "pretty_format", 0),
        ("jsonrpcs", "dgram_socket", front.control),
        ("dispatcher", "list_file", f"{front.folder}/dispatcher.list"),
        ("dispatcher", "flags", 2),  # fail over
        ("dispatcher", "ds_hash_size", 10),
        # A call whose BYE never came counts for so long: until then its node gets one call less.
        ("dispatcher", "ds_hash_expire", 1800),
        ("dispatcher", "ds_hash_initexpire", RING_MS // 1000 + 20),
        ("dispatcher", "ds_ping_from", f"sip:front@{front.address}"),
        ("dispatcher", "ds_ping_interval", PING_S),
        ("dispatcher", "ds_probing_mode", 1),
        ("dispatcher", "ds_probing_threshold", SILENT_PINGS),
        ("dispatcher", "reload_delta", 0),
    ]
    return [f'modparam("{module}", "{key}", {_value(value)})' for module, key, value in values]


def _value(value: str | int) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


def _routes(front: Front) -> str:
    nodes, hops = [], []
    for number, node in enumerate(front.nodes, start=1):
        where = f"src_ip == {node.address} && $sp == {node.port}"
        nodes.append(f"    if ({where}) {{ $var(node) = {number}; return; }}")
        hop = f'$nh(d) == "{node.address}" && $nh(p) == {node.port}'
        hops.append(f"        if ({hop}) $var(ours) = {number};")
    networks = [
        f"    if (src_ip == {network}) {{ $var(network) = {number}; return; }}"
        for number, network in enumerate(front.allow, start=1)
    ]
    refusal = '            sl_send_reply("403", "Forbidden");'
    words: dict[str, str | int] = {
        "NODES": "\n".join(nodes),
        "NETWORKS": "\n".join(networks),
        "NEXT_HOPS": "\n".join(hops),
        "STRANGER": "            exit;" if front.drop_strangers else refusal,
        "INVITES_PER_S": front.invites_per_s,
        "MESSAGE_BYTES": MESSAGE_BYTES,
        "SANITY": SANITY,
        "TRIES": len(front.nodes),
        "RETRY_AFTER_S": RETRY_AFTER_S,
        "SETUP_MS": SETUP_MS,
        "SILENCE_MS": SILENCE_MS,
        "RING_MS": RING_MS,
        "WITHIN_MS": WITHIN_MS,
        "SECRET": front.secret,
    }
    text = ROUTES
    for word, value in words.items():
        text = text.replace(f"@{word}@", str(value))
    return text
