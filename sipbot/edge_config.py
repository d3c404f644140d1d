"""The files of a Kamailio in front of the agents, as text.  Pure.

Data path: settings -> [edge_config] -> kamailio.cfg, dispatcher.list, uacreg -> edge_program

What Kamailio does with each request is in `sipbot.edge_routes`; here is what it listens on, which
modules it loads, and the facts of this site.
"""

import msgspec

from sipbot.agent_places import LOOPBACK
from sipbot.edge_routes import ROUTES

SOURCE = "X-Sipbot-Source"
"""Header in which the edge tells an agent the true source of an INVITE, ``address:port``.  One from
outside is removed."""

MESSAGE_BYTES = 3500
"""Longest request: the agents' library takes 4,000 bytes (PJSIP_MAX_PKT_LEN), and the edge adds a
Via, two Record-Routes and a header."""

SDP_LINES = 60
"""Lines of an SDP: a telephone's has about 20, and the library keeps 64 keys of SRTP."""

SANITY = 1 + 2 + 4 + 32 + 64 + 128 + 256 + 512 + 1024 + 2048 + 4096 + 8192 + 16384
"""Every check of Kamailio's module sanity that is implemented."""

TRIES = 30
"""Agents that an INVITE is offered to (tm takes no more branches), the one with the fewest calls
since the list last changed first: each needs about 2 ms
to say that it is busy, and "all busy" is promised within 200 ms."""

TOLD = 5
"""INVITEs of one stranger in a minute that become rows of their own, and as many of an allowed
address that calls too often; the others are summed up."""

TOLD_IN_ALL = 100
"""INVITEs of all strangers in a minute that become rows, and as many of all that call too often:
source addresses can be invented."""

SOURCES = 2000
"""Addresses that are counted one by one in a minute; the others share one count, for addresses can
be invented (docs/decisions/0028)."""

MINUTE_S = 60
"""What a sum is of; it is told when as much time has gone by again, at most."""

EXPIRE_EVERY_S = 5
"""Between two looks for sums that are due."""

RETRY_AFTER_S = 5
"""What a caller is told who finds all lines busy: a trunk then tries another site first."""

SILENCE_MS = 4000
"""An agent that has said nothing to an INVITE for so long is dead, and the next one is asked.  One
that died is back within a second and gets the copy that is sent after 500 ms, or after 1.5 s."""

RING_MS = 180_000
"""From the first sign of life to the answer; RFC 3261 section 16.6 wants more than 3 minutes."""

PING_S = 5
"""Between two OPTIONS to an agent; sipbot itself tells of one that died much sooner."""

MODULES = (
    "tm",
    "tmx",
    "sl",
    "rr",
    "pv",
    "maxfwd",
    "textops",
    "siputils",
    "xlog",
    "sanity",
    "htable",
    "dispatcher",
    "jsonrpcs",
)
"""In this order: later ones use the earlier."""


class Tls(msgspec.Struct, frozen=True, kw_only=True):
    """SIP over TLS."""

    port: int
    certificate: str
    key: str


class Registration(msgspec.Struct, frozen=True, kw_only=True):
    """A registration that the edge keeps at a trunk."""

    name: str
    """As the settings call it."""
    user: str
    """User part of the address of record, and of the Contact: it comes back in request URIs."""
    domain: str
    registrar: str
    """SIP URI to which REGISTER is sent."""
    auth_user: str
    password: str
    realm: str
    expires_s: int


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What an edge is to be."""

    folder: str
    """Where its files and its control socket are; absolute."""
    run_folder: str = ""
    """Where a Kamailio of somebody else's makes its sockets; empty when it is ours: in `folder`."""
    address: str
    port: int
    public_address: str = ""
    """Address that peers see; empty for `address`."""
    agents: tuple[int, ...]
    """UDP ports of the agents on 127.0.0.1, without a gap; the port below is the edge's own."""
    allow: tuple[str, ...]
    """Networks whose calls are accepted."""
    invites_per_s: int
    drop_strangers: bool = False
    by_network: bool = False
    """Whether any address of an allowed network may speak in its calls."""
    tcp: bool = False
    tls: Tls | None = None
    hide_topology: bool = False
    registrations: tuple[Registration, ...] = ()
    secret: str
    """Hex digits that callers cannot guess; the same after a restart."""

    @property
    def inner_port(self) -> int:
        """UDP port on 127.0.0.1 that the agents see."""
        return self.agents[0] - 1

    @property
    def token(self) -> str:
        """First word of the lines in Kamailio's log that are meant for sipbot."""
        return f"sipbot-{self.secret[:16]}"

    @property
    def control(self) -> str:
        """Unix datagram socket of Kamailio's JSON-RPC."""
        return f"{self.run_folder or self.folder}/kamailio.sock"


def kamailio_cfg(plan: Plan) -> str:
    """Return Kamailio's configuration."""
    return "\n".join((*_globals(plan), *_modules(plan), _routes(plan)))


def dispatcher_list(plan: Plan, serving: frozenset[int]) -> str:
    """Return the agents as Kamailio's module dispatcher reads them.

    Args:
        plan: of the edge.
        serving: ports of those that take calls; the others stay listed, switched off (flag 4).
    """
    socket = f"udp:{LOOPBACK}:{plan.inner_port}"
    return "".join(
        f"1 sip:{LOOPBACK}:{port} {0 if port in serving else 4} 0 duid=a{port};socket={socket}\n"
        for port in plan.agents
    )


def table_versions() -> str:
    """Return what db_text reads beside the table: 5 is what Kamailio 5.4 to 5.8 asks for."""
    return "table_name(string) table_version(int)\nuacreg:5\n"


def dispatcher_states(plan: Plan, serving: frozenset[int]) -> dict[str, str]:
    """Return each agent's address and its state, as Kamailio's RPC dispatcher.set_state has them.

    Unlike a new list, a new state leaves the counts of all agents' calls as they are.
    """
    return {
        f"sip:{LOOPBACK}:{port}": "a" if port in serving else "d"  # active, disabled
        for port in plan.agents
    }


def uacreg(plan: Plan) -> str:
    """Return the table of registrations as Kamailio's module db_text reads it."""
    columns = (
        "id(int,auto) l_uuid(string) l_username(string) l_domain(string) r_username(string) "
        "r_domain(string) realm(string) auth_username(string) auth_password(string) "
        "auth_ha1(string,null) auth_proxy(string) expires(int) flags(int) reg_delay(int) "
        "contact_addr(string) socket(string)"
    )
    return "\n".join((columns, *(_registration(plan, n) for n in range(len(plan.registrations)))))


def _registration(plan: Plan, number: int) -> str:
    one = plan.registrations[number]
    users = [other.user for other in plan.registrations]
    values = (
        str(number + 1),
        one.user if users.count(one.user) == 1 else f"{one.user}-{one.name}",
        one.user,
        one.domain,
        one.user,
        one.domain,
        one.realm,
        one.auth_user,
        one.password,
        "",
        one.registrar,
        str(one.expires_s),
        "0",
        "0",
        f"{plan.public_address or plan.address}:{plan.port}",
        f"udp:{plan.address}:{plan.port}",
    )
    return ":".join(map(_escaped, values))


def _escaped(value: str) -> str:
    for char, escape in (("\\", "\\\\"), (":", "\\:"), ("\n", "\\n"), ("\r", "\\r")):
        value = value.replace(char, escape)
    return value


def _globals(plan: Plan) -> list[str]:
    said = f" advertise {plan.public_address}:{plan.port}" if plan.public_address else ""
    lines = [
        "#!KAMAILIO",
        "# Written by sipbot at each start; what you change here is lost. See docs/operations.md.",
        "debug=0",
        "log_stderror=yes",
        # What senders of malformed messages could fill the log with.
        "corelog=4",
        "fork=yes",
        "children=2",
        f"max_branches={TRIES}",
        "auto_aliases=no",
        "server_signature=no",
        'user_agent_header="User-Agent: sipbot"',
        f"listen=udp:{plan.address}:{plan.port}{said}",
        f"listen=udp:{LOOPBACK}:{plan.inner_port}",
    ]
    if not _has_connections(plan):
        return [*lines, "disable_tcp=yes"]
    lines += ["tcp_children=2", "tcp_max_connections=512"]
    if plan.tcp:
        lines.append(f"listen=tcp:{plan.address}:{plan.port}{said}")
    if plan.tls is not None:
        told = f" advertise {plan.public_address}:{plan.tls.port}" if plan.public_address else ""
        lines += ["enable_tls=yes", f"listen=tls:{plan.address}:{plan.tls.port}{told}"]
    return lines


def _modules(plan: Plan) -> list[str]:
    names = [*(("tls",) if plan.tls else ()), *MODULES]
    if plan.registrations:
        names += ["db_text", "uac"]
    if _has_connections(plan):
        names.append("nathelper")
    if plan.hide_topology:
        names.append("topoh")
    if plan.run_folder:
        names.append("ctl")  # for kamcmd: nobody else looks after it
    return [*(f'loadmodule "{name}.so"' for name in names), *_parameters(plan)]


def _parameters(plan: Plan) -> list[str]:
    values: list[tuple[str, str, str | int]] = [
        ("tm", "fr_timer", 8000),
        ("tm", "fr_inv_timer", RING_MS),
        ("rr", "enable_full_lr", 1),
        ("rr", "append_fromtag", 0),
        ("xlog", "buf_size", 16384),
        ("htable", "htable", _counts("refused", 10, MINUTE_S)),
        # Longer than the counts, at whose end they are taken off.
        ("htable", "htable", _counts("rows", 8, 3 * MINUTE_S)),
        ("htable", "htable", _counts("told", 2, MINUTE_S)),
        ("htable", "htable", _counts("rate", 8, 2)),
        ("htable", "timer_interval", EXPIRE_EVERY_S),
        ("jsonrpcs", "transport", 4),
        ("jsonrpcs", "pretty_format", 0),
        ("jsonrpcs", "dgram_socket", plan.control),
        ("dispatcher", "list_file", f"{plan.folder}/dispatcher.list"),
        ("dispatcher", "flags", 2),  # fail over
        ("dispatcher", "ds_hash_size", 9),
        # A call whose BYE never came counts for so long; it is only about whom to ask first.
        ("dispatcher", "ds_hash_expire", 1800),
        ("dispatcher", "ds_hash_initexpire", 200),
        ("dispatcher", "ds_ping_from", f"sip:edge@{LOOPBACK}"),
        ("dispatcher", "ds_ping_interval", PING_S),
        ("dispatcher", "ds_probing_mode", 1),
        ("dispatcher", "ds_probing_threshold", 3),
        ("dispatcher", "reload_delta", 0),
    ]
    if plan.tls is not None:
        values += [
            ("tls", "certificate", plan.tls.certificate),
            ("tls", "private_key", plan.tls.key),
        ]
        values += [("tls", "tls_method", "TLSv1.2+")]
    if plan.registrations:
        values += [
            ("uac", "restore_mode", "none"),
            ("uac", "reg_db_url", f"text://{plan.folder}/db"),
            ("uac", "reg_contact_addr", f"{plan.public_address or plan.address}:{plan.port}"),
            ("uac", "reg_timer_interval", 5),
            ("uac", "reg_retry_interval", 30),  # RFC 5626 section 4.5: the least base back-off
            ("uac", "auth_realm_avp", "$avp(uac_realm)"),
            ("uac", "auth_username_avp", "$avp(uac_user)"),
            ("uac", "auth_password_avp", "$avp(uac_password)"),
        ]
    if plan.run_folder:
        values += [("ctl", "binrpc", f"unix:{plan.run_folder}/kamailio_ctl")]
    if plan.hide_topology:
        values += [("topoh", "mask_key", plan.secret), ("topoh", "mask_ip", "127.0.0.8")]
    return [f'modparam("{m}", "{key}", {_value(value)})' for m, key, value in values]


def _has_connections(plan: Plan) -> bool:
    """Whether calls may come by a connection: TCP, or TLS over it."""
    return plan.tcp or plan.tls is not None


def _counts(name: str, size: int, expire_s: int) -> str:
    """Return a table of counts from 0, with 2 to the `size` slots."""
    return f"{name}=>size={size};autoexpire={expire_s};updateexpire=0;initval=0"


def _value(value: str | int) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


# Whoever calls by a connection is told of the end by the same one: another to the port in their
# Contact may find nobody, or a telephone without a certificate (measured: baresip never heard BYE).
ALIAS = "    if (proto == TCP || proto == TLS) add_contact_alias();"
BY_ALIAS = "            if ($du == $null) handle_ruri_alias();"


def _routes(plan: Plan) -> str:
    networks = "\n".join(
        f"    if (src_ip == {network}) {{ $var(network) = {n}; return; }}"
        for n, network in enumerate(plan.allow, start=1)
    )
    words: dict[str, str | int] = {
        "SOURCE": SOURCE,
        "INNER_PORT": plan.inner_port,
        "FIRST_AGENT": plan.agents[0],
        "LAST_AGENT": plan.agents[-1],
        "OUTER": f"udp:{plan.address}:{plan.port}",
        "NETWORKS": networks,
        "STRANGER": "" if plan.drop_strangers else '    sl_send_reply("403", "Forbidden");',
        "DIALOG_FROM": "$var(network)" if plan.by_network else "$si",
        "INVITES_PER_S": plan.invites_per_s,
        "MESSAGE_BYTES": MESSAGE_BYTES,
        "SDP_LINES": SDP_LINES,
        "SANITY": SANITY,
        "TRIES": TRIES,
        "TOLD": TOLD,
        "SOURCES": SOURCES,
        "MINUTE_S": MINUTE_S,
        "TOLD_IN_ALL": TOLD_IN_ALL,
        "RETRY_AFTER_S": RETRY_AFTER_S,
        "RING_MS": RING_MS,
        "SILENCE_MS": SILENCE_MS,
        "ALIAS": ALIAS if _has_connections(plan) else "",
        "BY_ALIAS": BY_ALIAS if _has_connections(plan) else "",
        "TOKEN": plan.token,
        "SECRET": plan.secret,
    }
    text = ROUTES
    for word, value in words.items():
        text = text.replace(f"@{word}@", str(value))
    return text
