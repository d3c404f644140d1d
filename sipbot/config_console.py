"""The table ``[console]`` of config.toml: where browsers find the memos."""

import ipaddress
import re
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    WithJsonSchema,
    model_validator,
)

from sipbot.config_table import FROZEN
from sipbot.toml_file import wrong

_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,62}")


def _address(value: str) -> str:
    try:
        ipaddress.ip_address(value)
    except ValueError as error:
        raise wrong("is not an IP address", 'Write "127.0.0.1", or this machine\'s own') from error
    return value


def _url(value: str) -> str:
    if not value:
        return value
    remedy = 'Write scheme and name only, such as "https://console.example"'
    try:
        parts = urlsplit(value)
        port_fits = parts.port is None or parts.port > 0
    except ValueError as error:
        raise wrong("is not a web address", remedy) from error
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_fits:
        raise wrong("is not a web address", remedy)
    if parts.path not in ("", "/") or parts.query or parts.fragment or parts.username:
        raise wrong("has more than scheme, name and port", remedy)
    return value.rstrip("/")


def _header(value: str) -> str:
    if value and not _HEADER.fullmatch(value):
        raise wrong("is not the name of a header", 'Write a name such as "X-Forwarded-User"')
    return value


def _network(value: str) -> str:
    try:
        network = ipaddress.ip_network(value)
    except ValueError as error:
        raise wrong("is not an address or network", 'Write one such as "127.0.0.1"') from error
    if not network.prefixlen:
        raise wrong("lets everybody speak for others", "Write the proxy's own address")
    return value


class Console(BaseModel):
    """The web console."""

    model_config = FROZEN

    port: int = Field(default=0, ge=0, le=65535, examples=[8470])
    """TCP port of the web console; 0 for none."""
    address: Annotated[str, AfterValidator(_address)] = Field(
        default="127.0.0.1", examples=["127.0.0.1"]
    )
    """IP address to listen on; another than 127.0.0.1 only behind a proxy with TLS."""
    url: Annotated[str, AfterValidator(_url)] = Field(
        default="", examples=["https://console.example"]
    )
    """Address under which browsers reach it; empty: http, with address and port."""
    accounts: Annotated[Path, Field(strict=False), WithJsonSchema({"type": "string"})] = Path(
        "accounts.toml"
    )
    """File of the people who may log in; relative to config.toml."""
    audit_days: int = Field(default=365, ge=1, le=36_500, examples=[365])
    """How long it is kept who did what in the console, in days."""
    proxy_user_header: Annotated[str, AfterValidator(_header)] = Field(
        default="", examples=["X-Forwarded-User"]
    )
    """Header in which your proxy names who has logged in there (OIDC); empty: they log in here."""
    proxy_from: tuple[Annotated[str, AfterValidator(_network)], ...] = Field(
        default=(), strict=False, examples=[["127.0.0.1"]]
    )
    """Addresses of your proxy: it names browsers' addresses and, with the key above, users."""

    @model_validator(mode="after")
    def _goes_together(self) -> "Console":
        if self.proxy_user_header and not self.proxy_from:
            problem = "would be believed of nobody"
            remedy = "Name the proxy's address in console.proxy_from"
            raise wrong(problem, remedy, "proxy_user_header")
        if self.port and not self.url and ipaddress.ip_address(self.address).is_unspecified:
            problem = "is every address of this machine, so the console knows none of its own"
            remedy = "Write in console.url under which address browsers reach it"
            raise wrong(problem, remedy, "address")
        return self

    @property
    def reached_at(self) -> str:
        """Address for browsers, without a slash at its end."""
        address = f"[{self.address}]" if ":" in self.address else self.address
        return self.url or f"http://{address}:{self.port}"
