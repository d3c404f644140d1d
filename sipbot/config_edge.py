"""The table ``[edge]`` of config.toml: the Kamailio in front of the agents."""

from typing import Literal

from pydantic import BaseModel, Field, model_validator

from sipbot.config_table import FROZEN
from sipbot.toml_file import wrong


class Edge(BaseModel):
    """The SIP proxy that takes calls for many agents; only then is it needed."""

    model_config = FROZEN

    mode: Literal["auto", "always", "own", "never"] = "auto"
    """auto: sipbot starts Kamailio when there is more than one agent; own: you run one of yours."""
    kamailio: str = Field(default="kamailio", min_length=1, examples=["/usr/sbin/kamailio"])
    """The program; a name without a slash is looked for in PATH and in /usr/sbin."""
    tcp: bool = False
    """Take SIP by TCP too, at the same address and port."""
    tls_port: int = Field(default=0, ge=0, le=65535, examples=[5061])
    """TCP port of SIP over TLS; 0 for none."""
    tls_certificate: str = Field(default="", examples=["/etc/sipbot/fullchain.pem"])
    """PEM file of the certificate with its chain, an absolute path."""
    tls_key: str = Field(default="", examples=["/etc/sipbot/key.pem"])
    """PEM file of the certificate's private key, an absolute path."""
    invites_per_s: int = Field(default=50, ge=1, le=10_000)
    """Calls that one allowed address may begin in a second; more get 503."""
    strangers: Literal["refuse", "drop"] = "refuse"
    """What callers outside sip.allow get: 403 five times a minute and then nothing, or nothing."""
    dialog_from: Literal["address", "network"] = "address"
    """Who may speak in a call: the address that began it, or any of its network in sip.allow."""
    hide_topology: bool = False
    """Keep the agents' addresses from the trunk, by Kamailio's topoh."""

    @model_validator(mode="after")
    def _tls_is_whole(self) -> "Edge":
        files = {"tls_certificate": self.tls_certificate, "tls_key": self.tls_key}
        for key, path in files.items():
            if self.tls_port and not path.startswith("/"):
                problem = "is needed for edge.tls_port, as an absolute path"
                raise wrong(problem, 'Write one such as "/etc/sipbot/tls.pem"', key)
            if path and not self.tls_port:
                raise wrong("has no meaning without TLS", "Set edge.tls_port = 5061", key)
            if any(char in path for char in '"\\\n#!'):
                raise wrong("has characters that Kamailio's file cannot hold", "Rename it", key)
        return self

    def wanted(self, agents: int) -> bool:
        """Return whether so many agents listen behind an edge, ours or another."""
        return self.mode in ("always", "own") or (self.mode == "auto" and agents > 1)
