"""The table ``[audio_store]`` of config.toml: the S3 store that has the recordings as well."""

import re

from pydantic import BaseModel, Field, SecretStr, model_validator

from sipbot.config_table import FROZEN
from sipbot.toml_file import wrong

_LABEL = r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)"
_HOST = re.compile(rf"^(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9A-Fa-f:.]+\])(?::[0-9]{{1,5}})?$")
"""RFC 1123, section 2.1, or an IPv6 address; with a port or without."""


class AudioStore(BaseModel):
    """Encrypted recordings once more, in an S3 store."""

    model_config = FROZEN

    url: str = Field(
        default="", pattern=r"^(https?://[^\s/]+/?)?$", examples=["https://s3.example:9000"]
    )
    """Where the store is, without bucket; empty for none."""
    bucket: str = Field(
        default="", pattern=r"^([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])?$", examples=["recordings"]
    )
    """Bucket there; it has to exist."""
    region: str = Field(default="us-east-1", pattern=r"^[a-z0-9-]+$", examples=["ap-northeast-1"])
    """Region that requests are signed for; stores of your own mostly ignore it."""
    access_key: str = Field(default="", examples=["sipbot"])
    """Access key id there."""
    secret_key: SecretStr = Field(default=SecretStr(""), examples=["change-me"])
    """Secret key; better given as SIPBOT_AUDIO_STORE__SECRET_KEY."""

    @model_validator(mode="after")
    def _goes_together(self) -> "AudioStore":
        needed = ("bucket", "access_key", "secret_key")
        has = {key: bool(_text(getattr(self, key))) for key in needed}
        for key in needed:
            if self.url and not has[key]:
                raise wrong("is missing beside audio_store.url", f"Set audio_store.{key}", key)
            if not self.url and has[key]:
                raise wrong("has no meaning without audio_store.url", "Set it, or remove this", key)
        host = re.sub(r"^https?://|/$", "", self.url)
        if "@" in host:
            problem = "has a user, and addresses are shown in logs"
            raise wrong(problem, "Write access_key and secret_key on lines of their own", "url")
        if host and not _HOST.match(host):
            problem = f"names a host that boto3 does not take: {host}"
            raise wrong(problem, "Letters, digits, hyphens and dots, or an address", "url")
        return self


def _text(value: str | SecretStr) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else value
