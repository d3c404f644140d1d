"""The table ``[archive]`` of config.toml: the PostgreSQL that has the history of all sites."""

from urllib.parse import urlsplit

from pydantic import BaseModel, Field, SecretStr, model_validator

from sipbot.config_table import FROZEN
from sipbot.toml_file import wrong


class Archive(BaseModel):
    """History and reports of several sites, in PostgreSQL."""

    model_config = FROZEN

    url: str = Field(
        default="",
        pattern=r"^(postgres(ql)?://\S+)?$",
        examples=["postgresql://sipbot@db.example/sipbot"],
    )
    """Where, as libpq reads it, without password; empty for no archive."""
    password: SecretStr = Field(default=SecretStr(""), examples=["change-me"])
    """Password there; better given as SIPBOT_ARCHIVE__PASSWORD."""

    @model_validator(mode="after")
    def _goes_together(self) -> "Archive":
        if not self.url and self.password.get_secret_value():
            raise wrong("has no meaning without archive.url", "Set archive.url", "password")
        if ":" in urlsplit(self.url).netloc.rpartition("@")[0] or "password=" in self.url:
            problem = "has a password, and addresses are shown in logs"
            remedy = "Write it into archive.password or SIPBOT_ARCHIVE__PASSWORD"
            raise wrong(problem, remedy, "url")
        return self
