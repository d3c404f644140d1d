"""front.toml: the file that both Kamailios of a pair, in front of several nodes, are written from.

Data path: front.toml -> [front_form] -> front_config

The machines of the pair need sipbot installed and this file, the same on both but for the address
where each has one of its own; they need no config.toml, for no call is answered there.
"""

import re
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, SecretStr, ValidationError, model_validator

from sipbot.config_sip import ListenAddress, OptionalAddress, Source
from sipbot.config_table import FROZEN, ID_PATTERN
from sipbot.errors import ConfigError
from sipbot.front_config import Front, Node
from sipbot.toml_file import explain, read, wrong
from sipbot.toml_shape import Shape

MOST_NODES = 30
"""tm takes no more branches than edge_config.TRIES."""


class NodeForm(BaseModel):
    """One machine with a sipbot."""

    model_config = FROZEN

    site: str = Field(pattern=ID_PATTERN, examples=["east"])
    """`site` of its config.toml; unique."""
    address: ListenAddress = Field(examples=["10.0.0.11"])
    """`sip.address` of its config.toml."""
    port: int = Field(default=5060, ge=1, le=65535)
    """`sip.port` of its config.toml."""
    lines: int = Field(ge=1, le=1000, examples=[40])
    """`sip.lines` of its config.toml: calls that it is given at once."""


class FrontForm(BaseModel):
    """Everything in front.toml."""

    model_config = FROZEN

    address: ListenAddress = Field(examples=["192.0.2.10"])
    """The IPv4 address that the trunk reaches; never a wildcard."""
    port: int = Field(default=5060, ge=1, le=65535)
    """UDP port that the trunk reaches."""
    public_address: OptionalAddress = Field(default="", examples=["203.0.113.10"])
    """Address that the trunk sees when a NAT stands between; empty when there is none."""
    floating: bool = False
    """The address is moved between the machines of the pair, by keepalived or the like."""
    allow: tuple[Source, ...] = Field(min_length=1, strict=False, examples=[["203.0.113.0/24"]])
    """Networks whose calls are accepted."""
    invites_per_s: int = Field(default=50, ge=1, le=10_000)
    """Calls that one allowed address may begin in a second; more get 503."""
    strangers: Literal["refuse", "drop"] = "refuse"
    """What callers outside `allow` get: 403, or nothing."""
    secret: SecretStr = Field(examples=["openssl rand -hex 32"])
    """32 hexadecimal digits or more, the same for both of a pair: it marks who may speak in a
    call."""
    node: tuple[NodeForm, ...] = Field(min_length=1, max_length=MOST_NODES, strict=False)
    """The machines that answer."""

    @model_validator(mode="after")
    def _secret_is_one(self) -> "FrontForm":
        if not re.fullmatch(r"[0-9a-f]{32,128}", self.secret.get_secret_value()):
            remedy = "Make one: openssl rand -hex 32"
            raise wrong("is not 32 to 128 hexadecimal digits in lower case", remedy, "secret")
        return self

    @model_validator(mode="after")
    def _nodes_differ(self) -> "FrontForm":
        sites = [node.site for node in self.node]
        places = [f"{node.address}:{node.port}" for node in self.node]
        for names, what in ((sites, "site"), (places, "place")):
            for name in names:
                if names.count(name) > 1:
                    raise wrong(f"has two nodes of the {what} {name}", "Remove one", "node")
        if f"{self.address}:{self.port}" in places:
            problem = "has the address and port of the front itself"
            raise wrong(problem, "Choose another port for one of them", "node")
        return self


SHAPE = Shape(FrontForm)


def read_front(path: Path, folder: Path) -> Front:
    """Read front.toml.

    Args:
        path: the file.
        folder: where Kamailio's files are going to be.

    Raises:
        ConfigError: with every mistake in it; it is missing or unreadable.
    """
    file = read(path, ConfigError)
    try:
        form = FrontForm.model_validate(file.values)
    except ValidationError as error:
        raise ConfigError(explain(error, SHAPE, file)) from None
    return Front(
        folder=str(folder.absolute()),
        address=form.address,
        port=form.port,
        public_address=form.public_address,
        floating=form.floating,
        allow=form.allow,
        nodes=tuple(
            Node(site=node.site, address=node.address, port=node.port, lines=node.lines)
            for node in form.node
        ),
        invites_per_s=form.invites_per_s,
        drop_strangers=form.strangers == "drop",
        secret=form.secret.get_secret_value(),
    )
