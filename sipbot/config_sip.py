"""The table ``[sip]`` of config.toml: where calls arrive, and how many at once."""

import ipaddress
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, Field, SecretStr, model_validator

from sipbot.agent_places import LOOPBACK, Place, places, shares
from sipbot.config_table import FROZEN, ID_PATTERN
from sipbot.sip.packet_filter import MAX_NETWORKS
from sipbot.toml_file import wrong

MAX_ACCOUNTS = 7
"""The wheel is compiled for 8 accounts and aborts at the ninth; one is the agent's own."""
WIDEST_PREFIX = 8
"""Shortest prefix of an allowed source: 10.0.0.0/8 is the widest private block (RFC 1918)."""


def _listen_address(value: str) -> str:
    address = _ipv4(value)
    if address.is_unspecified:
        remedy = "Name the one address that the trunk reaches; strangers must not reach the others"
        raise wrong("would listen on every address of this machine", remedy)
    return value


def _optional_address(value: str) -> str:
    if value and _ipv4(value).is_unspecified:
        raise wrong("is not an address that a peer can send to", 'Write the public one, or ""')
    return value


def _ipv4(value: str) -> ipaddress.IPv4Address:
    try:
        return ipaddress.IPv4Address(value)
    except ValueError:
        # The pjsua2 wheel is compiled without IPv6.
        raise wrong("is not an IPv4 address", 'Write one such as "192.0.2.10"') from None


def _source(value: str) -> str:
    try:
        network = ipaddress.IPv4Network(value)
    except ValueError:
        raise wrong("is not an IPv4 network", _source_remedy(value)) from None
    if network.prefixlen < WIDEST_PREFIX:
        problem = "would let strangers call: it is wider than /8"
        raise wrong(problem, 'Name the addresses of the trunk, such as "192.0.2.0/24"')
    return value


def _source_remedy(value: str) -> str:
    try:
        return f'Write "{ipaddress.IPv4Network(value, strict=False)}" or the single address'
    except ValueError:
        return 'Write one such as "192.0.2.0/24" or "192.0.2.10"'


def _media_source(value: str) -> str:
    try:
        ipaddress.IPv4Network(value)
    except ValueError:
        raise wrong("is not an IPv4 network", _source_remedy(value)) from None
    return value


def _realm(value: str) -> str:
    if "*" in value:
        # Measured: with realm "*" a caller's 407 to our BYE was answered with the trunk's digest.
        problem = "would give the password's digest to any caller who asks for it"
        raise wrong(problem, "Write the realm that the registrar names in its 401 answer")
    return value


ListenAddress = Annotated[str, AfterValidator(_listen_address)]
"""The machine's own IPv4 address to listen on."""
OptionalAddress = Annotated[str, AfterValidator(_optional_address)]
"""An IPv4 address that a peer can send to; empty for none."""
Source = Annotated[str, AfterValidator(_source)]
"""A network whose calls are accepted."""


class Account(BaseModel):
    """A registration with a trunk or telephone system (RFC 3261 section 10)."""

    model_config = FROZEN

    name: str = Field(pattern=ID_PATTERN, examples=["trunk"])
    """Name of this account in logs and reports; unique."""
    aor: str = Field(pattern=r"^sip:[^@\s;<>]+@[^@\s;<>]+$", examples=["sip:100@pbx.example"])
    """Address of record that is registered."""
    registrar: str = Field(
        pattern=r"^sip:[A-Za-z0-9.-]+(:[0-9]{1,5})?$", examples=["sip:pbx.example"]
    )
    """Where REGISTER is sent: ``sip:host`` or ``sip:host:port``."""
    user: str = Field(min_length=1, examples=["100"])
    """User name of the digest (RFC 8760)."""
    password: SecretStr = Field(min_length=1, examples=["change-me"])
    """Password of the digest."""
    realm: Annotated[str, AfterValidator(_realm)] = Field(min_length=1, examples=["pbx.example"])
    """Realm that the registrar names in its 401 answer; the password is used for no other."""
    expires_s: int = Field(default=300, ge=60, le=86400)
    """Asked-for lifetime of the registration; renewed in time."""


class Sip(BaseModel):
    """Where calls arrive."""

    model_config = FROZEN

    address: ListenAddress = Field(default="127.0.0.1", examples=["192.0.2.10"])
    """The machine's own IPv4 address to listen on; never a wildcard."""
    port: int = Field(default=5060, ge=1, le=65535)
    """UDP port of the first agent; the next agents take the next ports."""
    lines: int = Field(default=4, ge=1, le=1000)
    """Calls at the same time, of all agents; those that sipbot places count too."""
    calls_per_agent: int = Field(default=4, ge=1, le=32)
    """The most calls of one agent: 4 with the published pjsua2, which refuses the fifth."""
    recycle_after_calls: int = Field(default=5000, ge=0)
    """An agent that has had so many calls is replaced when it has none; 0: never."""
    inner_port: int = Field(default=15060, ge=1024, le=60000)
    """Behind an edge: UDP port of the first agent on 127.0.0.1; the next agents take the next."""
    allow: tuple[Source, ...] = Field(
        default=("127.0.0.0/8",), min_length=1, strict=False, examples=[["192.0.2.0/24"]]
    )
    """Networks whose calls are accepted; everybody else is refused and counted."""
    public_address: OptionalAddress = Field(default="", examples=["203.0.113.10"])
    """Address that peers see when a NAT stands between; empty when there is none."""
    rtp_port: int = Field(default=40000, ge=1024, le=65516, multiple_of=2)
    """First UDP port of audio, even; each agent takes 32, 8 more for each call above 4."""
    media_allow: tuple[Annotated[str, AfterValidator(_media_source)], ...] = Field(
        default=(), strict=False, max_length=MAX_NETWORKS - 2, examples=[["192.0.2.64/26"]]
    )
    """Networks whose audio is taken too, beside what a call's own SDP and SIP source name."""
    srtp: Literal["never", "optional", "always"] = "never"
    """Encrypted audio (SRTP, keys in the SDP): refused, taken where offered, or demanded."""
    transfer_via: str = Field(default="", examples=["trunk"])
    """Account by which callers are transferred to telephone numbers; empty: the first account."""
    account: tuple[Account, ...] = Field(default=(), max_length=MAX_ACCOUNTS, strict=False)
    """Registrations; none when the trunk sends calls to a fixed address."""

    @model_validator(mode="before")
    @classmethod
    def _agents_are_lines(cls, values: Any) -> Any:  # noqa: ANN401 - whatever the file says
        if isinstance(values, dict) and "agents" in values:
            problem = "is counted in calls now"
            raise wrong(problem, "Write lines = 4 for each agent that you had", "agents")
        return values

    @model_validator(mode="after")
    def _ports_fit(self) -> "Sip":
        agents = self.places()
        sip = range(agents[0].port, agents[-1].port + 1)
        rtp = range(agents[0].rtp_port, agents[-1].rtp_port + agents[-1].rtp_ports)
        if sip[-1] > 65535:
            raise wrong(f"leaves no port for {len(agents)} agents", "Lower it", "port")
        if rtp[-1] > 65535:
            raise wrong(f"leaves no ports for {len(agents)} agents", "Lower it", "rtp_port")
        if max(sip[0], rtp[0]) <= min(sip[-1], rtp[-1]):
            problem = f"overlaps the SIP ports {sip[0]} to {sip[-1]}"
            raise wrong(problem, f"Choose another than {rtp[0]} to {rtp[-1]}", "rtp_port")
        return self

    @model_validator(mode="after")
    def _names_differ(self) -> "Sip":
        names = self.names
        for name in names:
            if names.count(name) > 1:
                raise wrong(f"has two accounts named {name}", "Rename one of them", "account")
        if self.transfer_via and self.transfer_via not in names:
            remedy = f"Write one of {', '.join(names)}" if names else "Add a [[sip.account]]"
            raise wrong(f"names no account: {self.transfer_via}", remedy, "transfer_via")
        return self

    @property
    def agents(self) -> int:
        """How many agents there are."""
        return len(shares(self.lines, self.calls_per_agent))

    def places(self, *, behind_edge: bool = False) -> tuple[Place, ...]:
        """Return where each agent listens.

        Args:
            behind_edge: whether they listen on loopback, for an edge on this machine.
        """
        return places(
            lines=self.lines,
            calls_per_agent=self.calls_per_agent,
            listen=(LOOPBACK, self.inner_port) if behind_edge else (self.address, self.port),
            media_address=self.address,
            rtp_port=self.rtp_port,
        )

    @property
    def names(self) -> list[str]:
        """Names of the accounts, in their order."""
        return [account.name for account in self.account]

    @property
    def transfers_by(self) -> str:
        """Name of the account by which telephone numbers are called; empty when there is none."""
        return self.transfer_via or next((account.name for account in self.account), "")
