"""The table ``[notify]`` of config.toml: where notifications and reports may go, with passwords.

A client's file names a target and never has its password.
"""

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, Field, SecretStr, model_validator

from sipbot.config_table import FROZEN, OptionalFile
from sipbot.toml_file import wrong

TARGETS_MAX = 200
_NAME = r"^[a-z0-9][a-z0-9-]{0,31}$"


class NotifyTarget(BaseModel):
    """One address to which notifications may go."""

    model_config = FROZEN

    name: str = Field(pattern=_NAME, examples=["yamato-mail"])
    """Name by which clients' files choose it; unique."""
    url: SecretStr = Field(
        default=SecretStr(""), examples=["mailtos://user:password@mail.example?to=a@b.example"]
    )
    """Where it goes, as apprise writes addresses; better given by `url_env`."""
    url_env: str = Field(
        default="", pattern=r"^([A-Za-z_][A-Za-z0-9_]*)?$", examples=["YAMATO_MAIL_URL"]
    )
    """Environment variable that has the address instead."""
    folder: OptionalFile = Field(
        default=None, json_schema_extra={"default": "", "examples": ["/srv/reports"]}
    )
    """Folder that gets reports as files instead, and nothing else; absolute."""

    @model_validator(mode="after")
    def _has_one_address(self) -> "NotifyTarget":
        if self.folder is not None:
            for key in ("url", "url_env"):
                if key in self.model_fields_set:
                    raise wrong("is said beside folder", "Remove one of the two", key)
            if not self.folder.is_absolute():
                raise wrong(
                    "is not a whole path", 'Write it from the root: "/srv/reports"', "folder"
                )
            return self
        if not self.url.get_secret_value() and not self.url_env:
            raise wrong("is missing", 'Add url_env = "YAMATO_MAIL_URL", or url', "url_env")
        if self.url.get_secret_value() and self.url_env:
            raise wrong("is said beside url", "Remove one of the two", "url_env")
        if self.url_env.startswith("SIPBOT_"):
            problem = "is a name that settings have"
            raise wrong(problem, 'Choose another, such as "YAMATO_MAIL_URL"', "url_env")
        return self

    def address(self, environment: Mapping[str, str]) -> str:
        """Return where it leads; empty when its variable is not set, or it is a folder."""
        return self.url.get_secret_value() or environment.get(self.url_env, "")


class Notify(BaseModel):
    """Notifications by mail, chat and web hooks."""

    model_config = FROZEN

    target: tuple[NotifyTarget, ...] = Field(default=(), max_length=TARGETS_MAX, strict=False)
    """Where notifications may go."""
    reports: Literal["", "site", "archive", "off"] = Field(
        default="", examples=["site", "archive", "off"]
    )
    """Whose calls are in the reports that go out by themselves: this site's, those of all sites
    from the archive, or none go out here; empty: this site's, where there is no archive."""

    @model_validator(mode="after")
    def _names_differ(self) -> "Notify":
        names = [one.name for one in self.target]
        for name in names:
            if names.count(name) > 1:
                raise wrong(f"has two named {name}", "Rename one of them", "target")
        return self
