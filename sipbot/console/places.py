"""Where the console is reached, and who asks from where.  Pure.

A browser says in ``Host`` and ``Origin`` under which name it reached us: another name is somebody
else's page, or a name that was made to point here (DNS rebinding).
"""

import ipaddress
from collections.abc import Sequence
from urllib.parse import urlsplit

from sipbot.console_wire import ConsoleSettings

_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


def is_https(settings: ConsoleSettings) -> bool:
    """Tell whether browsers reach the console over TLS, of a proxy before it."""
    return settings.url.startswith("https://")


def origins(settings: ConsoleSettings) -> frozenset[str]:
    """Return the origins of pages that are ours (RFC 6454, as a browser writes them)."""
    if settings.url:
        return frozenset({_origin(settings.url)})
    return frozenset(f"http://{host}" for host in hosts(settings))


def hosts(settings: ConsoleSettings) -> frozenset[str]:
    """Return the values of ``Host`` that are ours; a proxy may put its own or the browser's."""
    own = str(ipaddress.ip_address(settings.address))  # as browsers write it, shortest form
    own = f"[{own}]" if ":" in own else own
    names = {own, *(_LOOPBACK if _hears_itself(settings.address) else ())}
    known = {f"{name}:{settings.port}" for name in names}
    if settings.port == 80:
        known |= names
    if settings.url:
        known.add(urlsplit(_origin(settings.url)).netloc)
    return frozenset(known)


def safe_next(path: str) -> str:
    """Return where to go after a login: a path of ours, else the list."""
    # Browsers read a backslash as a slash, and drop tabs and line feeds.
    ours = path.startswith("/") and not path.startswith(("//", "/\\"))
    return path if ours and path.isprintable() and "\\" not in path else "/"


def is_from(address: str, networks: Sequence[str]) -> bool:
    """Tell whether an address is in one of the networks; what is no address is in none."""
    try:
        one = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(one in ipaddress.ip_network(network) for network in networks)


def address_of(peer: str, forwarded_for: Sequence[str], proxies: Sequence[str]) -> str:
    """Return the browser's address: the peer's, or what trusted proxies have seen.

    Args:
        peer: who is connected.
        forwarded_for: the values of ``X-Forwarded-For``, in order.
        proxies: networks of those who may say so.
    """
    seen = [one.strip() for value in forwarded_for for one in value.split(",")]
    address = peer
    while seen and is_from(address, proxies):
        address = seen.pop()
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return peer


def neighbourhood_of(address: str) -> str:
    """Return for whom limits count together: a host, or the network of one with IPv6.

    There a /64 is one subscriber's (RFC 6177 section 2), who may take a new address for every
    request.  What is no address is a neighbourhood of its own.
    """
    try:
        one = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(one, ipaddress.IPv4Address):
        return address
    if one.ipv4_mapped is not None:
        return str(one.ipv4_mapped)
    return str(ipaddress.ip_network((int(one) >> 64 << 64, 64)))


def _origin(url: str) -> str:
    """Return scheme, host and port as browsers write them: small letters, no usual port."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    port = "" if parts.port in (None, usual) else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"


def _hears_itself(address: str) -> bool:
    one = ipaddress.ip_address(address)
    return one.is_loopback or one.is_unspecified
