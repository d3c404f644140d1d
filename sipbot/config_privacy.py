"""The table ``[privacy]`` of config.toml: with which key recordings are encrypted."""

from pydantic import BaseModel, Field, model_validator

from sipbot.config_table import FROZEN, OptionalFile
from sipbot.toml_file import wrong


class Privacy(BaseModel):
    """Encryption of recordings."""

    model_config = FROZEN

    audio_key_file: OptionalFile = Field(
        default=None,
        json_schema_extra={"default": "", "examples": ["/etc/sipbot/audio.agekey"]},
    )
    """Key that closed recordings are encrypted with; `sipbot privacy key new` makes one."""
    audio_key_env: str = Field(
        default="", pattern=r"^([A-Za-z_][A-Za-z0-9_]*)?$", examples=["AUDIO_KEY"]
    )
    """Environment variable that has the key instead."""

    @model_validator(mode="after")
    def _one_place(self) -> "Privacy":
        if self.audio_key_file and self.audio_key_env:
            raise wrong("is said beside audio_key_file", "Remove one of the two", "audio_key_env")
        if self.audio_key_env.startswith("SIPBOT_"):
            problem = "is a name that settings have"
            raise wrong(problem, 'Choose another, such as "AUDIO_KEY"', "audio_key_env")
        return self
