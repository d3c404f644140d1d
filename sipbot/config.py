"""The settings of one sipbot: config.toml, overridden by ``SIPBOT_*`` variables, frozen once read.

What cannot work is refused here, before anything listens; what is merely unwise is said by
``sipbot doctor``.
"""

import os
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    SecretStr,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from sipbot import local_time
from sipbot.broker_wire import DEFAULT_CONNECTIONS
from sipbot.config_archive import Archive
from sipbot.config_audio_store import AudioStore
from sipbot.config_call_back import CallBack
from sipbot.config_console import Console
from sipbot.config_edge import Edge
from sipbot.config_notify import Notify
from sipbot.config_privacy import Privacy
from sipbot.config_sip import Sip
from sipbot.config_table import FROZEN, ID_PATTERN, OptionalFile
from sipbot.environment import Environment
from sipbot.errors import ConfigError, Mistake
from sipbot.numbers import is_region
from sipbot.toml_file import TomlFile, explain, read, wrong
from sipbot.toml_shape import Shape

DEFAULT_FILE = Path("config.toml")


def _region(value: str) -> str:
    if not is_region(value):
        raise wrong("is not a region", 'Write two capital letters of ISO 3166-1, such as "JP"')
    return value


Id = Annotated[str, Field(pattern=ID_PATTERN)]
Folder = Annotated[Path, Field(strict=False), WithJsonSchema({"type": "string"})]


class Mqtt(BaseModel):
    """The broker that carries the memos."""

    model_config = FROZEN

    host: str = Field(
        default="",
        pattern=r"^([A-Za-z0-9]([A-Za-z0-9.:-]*[A-Za-z0-9])?)?$",
        examples=["mqtt.example"],
    )
    """Name or address of your broker; empty starts the embedded one on 127.0.0.1 (first runs)."""
    port: int = Field(default=1883, ge=1, le=65535)
    """TCP port: 1883, or 8883 with TLS (IANA)."""
    username: str = Field(default="", examples=["sipbot"])
    """User name at your broker; empty for none."""
    password: SecretStr = Field(default=SecretStr(""), examples=["change-me"])
    """Password at your broker; better given as SIPBOT_MQTT__PASSWORD."""
    tls: bool = False
    """Speak TLS with your broker and check its certificate."""
    ca_file: OptionalFile = Field(
        default=None, json_schema_extra={"default": "", "examples": ["ca.pem"]}
    )
    """PEM file of the authority that signed the broker's certificate; empty: the system's."""
    keepalive_s: int = Field(default=30, ge=5, le=1200)
    """Longest silence before the broker publishes our last will is 1.5 times this (MQTT 3.1.1)."""
    max_connections: int = Field(default=DEFAULT_CONNECTIONS, ge=10, le=900)
    """Programs that the embedded broker takes at once, sipbot not counted; see broker_wire.py."""
    masked: tuple[Annotated[str, Field(pattern=r"^([a-z0-9][a-z0-9-]{0,62}|\*)$")], ...] = Field(
        default=(), strict=False, examples=[["yamato"]]
    )
    """Clients whose memos are published a second time with numbers and names hidden; "*": all."""

    @model_validator(mode="after")
    def _goes_together(self) -> "Mqtt":
        theirs = ("username", "password", "tls", "ca_file")
        for key in theirs if not self.host else ():
            if getattr(self, key) not in ("", SecretStr(""), False, None):
                problem = "has no meaning for the embedded broker"
                raise wrong(problem, "Name your broker in mqtt.host, or remove this key", key)
        if self.password.get_secret_value() and not self.username:
            raise wrong("needs a user name (MQTT 3.1.1)", "Add mqtt.username", "password")
        if self.ca_file and not self.tls:
            raise wrong("has no meaning without TLS", "Set mqtt.tls = true", "ca_file")
        return self


class Speech(BaseModel):
    """Which ears listen."""

    model_config = FROZEN

    live: bool = True
    """Recognise with vosk while the caller speaks."""
    second: bool = True
    """Read the recording again with faster-whisper."""
    partials: bool = True
    """Publish what is heard so far on the live feed; needs live."""


class Metrics(BaseModel):
    """Figures for Prometheus."""

    model_config = FROZEN

    port: int = Field(default=0, ge=0, le=65535, examples=[9464])
    """TCP port on 127.0.0.1 that serves /metrics; 0 for none."""


class Log(BaseModel):
    """What is written to standard error; never what callers said."""

    model_config = FROZEN

    level: Literal["debug", "info", "warning", "error"] = "info"
    """Lowest level that is written."""
    format: Literal["auto", "json", "console"] = "auto"
    """``auto`` is console on a terminal and json elsewhere."""


class Settings(BaseSettings):
    """All settings of one sipbot; build it with `load`."""

    model_config = SettingsConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        allow_inf_nan=False,
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
    )

    site: Id = "main"
    """Name of this installation in MQTT topics."""
    region: Annotated[str, AfterValidator(_region)] = Field(default="JP", examples=["JP"])
    """Whose telephone numbers are meant when no country code is given (ISO 3166-1 alpha-2)."""
    timezone: Annotated[str, AfterValidator(local_time.known)] = Field(
        default="", examples=["Asia/Tokyo"]
    )
    """IANA name: local time of console, commands and "tomorrow"; empty: the machine's."""
    var: Folder = Path("var")
    """Folder of recordings, ledger and logs; relative to config.toml."""
    dialplans: Folder = Path("dialplans")
    """Folder with one TOML file per client; relative to config.toml."""
    models: Folder = Path("models")
    """Folder of the speech models; relative to config.toml."""
    sip: Sip = Sip()
    """Where calls arrive."""
    edge: Edge = Edge()
    """The Kamailio in front of the agents."""
    mqtt: Mqtt = Mqtt()
    """The broker that carries the memos."""
    speech: Speech = Speech()
    """Which ears listen."""
    call_back: CallBack = CallBack()
    """Calls back that sipbot places for operators."""
    metrics: Metrics = Metrics()
    """Figures for Prometheus."""
    console: Console = Console()
    """The web console."""
    notify: Notify = Notify()
    """Notifications by mail, chat and web hooks."""
    privacy: Privacy = Privacy()
    """Encryption of recordings."""
    archive: Archive = Archive()
    """History and reports of several sites, in PostgreSQL."""
    audio_store: AudioStore = AudioStore()
    """Encrypted recordings once more, in an S3 store."""
    log: Log = Log()
    """What is written to standard error."""

    @property
    def behind_edge(self) -> bool:
        """Whether the agents listen behind an edge, ours or another."""
        return self.edge.wanted(self.sip.agents)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - would read every value as text
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - one file is enough
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - likewise
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Variables before the file; nothing else."""
        return InitSettingsSource(settings_cls, Environment(SHAPE).values()), init_settings


SHAPE = Shape(Settings)


def schema() -> dict[str, Any]:
    """The JSON Schema of config.toml, every key with its description."""
    return SHAPE.schema


def load(path: Path | None = None) -> Settings:
    """Read the settings; from then on, local time is that of their time zone.

    Args:
        path: the file; None means ``$SIPBOT_CONFIG``, else config.toml in the working folder.

    Raises:
        ConfigError: with every mistake in the file and in the ``SIPBOT_*`` variables.
    """
    path = path or Path(os.environ.get("SIPBOT_CONFIG") or DEFAULT_FILE)
    if not path.exists():
        remedy = "Make one: cp config.example.toml config.toml; or name it with --config"
        missing = Mistake(file=path, key="(file)", problem="does not exist", remedy=remedy)
        raise ConfigError([missing])
    settings = _build(read(path, ConfigError))
    local_time.be_in(settings.timezone, path)
    return settings


def from_values(values: dict[str, Any], folder: Path) -> Settings:
    """Settings from values instead of a file, for the demo and tests; variables still override.

    Args:
        values: as `tomllib` would give them.
        folder: what relative paths are relative to.

    Raises:
        ConfigError: with every mistake.
    """
    return _build(TomlFile(path=folder / "(values)", sha256="", values=values, text=None))


def _ports_taken(settings: Settings, file: TomlFile) -> list[Mistake]:
    """Return the TCP ports of this machine that two parts of sipbot would listen on."""
    wanted = [("console", settings.console.port), ("metrics", settings.metrics.port)]
    wanted += [] if settings.mqtt.host else [("mqtt", settings.mqtt.port)]
    return [
        file.mistake(
            (name, "port"), f"is {before}.port as well: {port}", "Give one of them another port"
        )
        for at, (name, port) in enumerate(wanted)
        for before, other in wanted[:at]
        if port and port == other
    ]


def _not_encrypted(settings: Settings, file: TomlFile) -> list[Mistake]:
    """Recordings leave this machine only encrypted: docs/decisions/0035."""
    privacy = settings.privacy
    if not settings.audio_store.url or privacy.audio_key_file or privacy.audio_key_env:
        return []
    problem = "needs a key: recordings leave this machine only encrypted"
    remedy = "Set privacy.audio_key_file; sipbot privacy key new makes one"
    return [file.mistake(("audio_store", "url"), problem, remedy)]


def _build(file: TomlFile) -> Settings:
    environment = Environment(SHAPE)
    mistakes = environment.unknown()
    # BaseSettings would take names such as _env_file for instructions to itself.
    private = [key for key in file.values if key.startswith("_")]
    mistakes += [file.mistake((key,), "is not a key of this file", "Remove it") for key in private]
    values = {key: value for key, value in file.values.items() if key not in private}
    try:
        settings = Settings(**values)
    except ValidationError as error:
        mistakes += [environment.blame(mistake) for mistake in explain(error, SHAPE, file)]
    else:
        mistakes += [*_ports_taken(settings, file), *_not_encrypted(settings, file)]
    if mistakes:
        raise ConfigError(mistakes)
    folder = file.path.absolute().parent
    settings = settings.model_copy(
        update={
            "var": folder / settings.var,
            "dialplans": folder / settings.dialplans,
            "models": folder / settings.models,
        }
    )
    console = settings.console
    console = console.model_copy(update={"accounts": folder / console.accounts})
    settings = settings.model_copy(update={"console": console})
    if settings.mqtt.ca_file:
        mqtt = settings.mqtt.model_copy(update={"ca_file": folder / settings.mqtt.ca_file})
        settings = settings.model_copy(update={"mqtt": mqtt})
    if settings.privacy.audio_key_file:
        path = folder / settings.privacy.audio_key_file
        privacy = settings.privacy.model_copy(update={"audio_key_file": path})
        settings = settings.model_copy(update={"privacy": privacy})
    return settings
