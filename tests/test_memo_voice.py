"""A memo says where in its recording the voice is, also when sipbot was restarted in between."""

import asyncio
from pathlib import Path

from sipbot.call_ear import CallEar
from sipbot.ledger import Ledger
from sipbot.memo_voice import with_voice
from sipbot.reading import Reading
from sipbot.script_state import Script
from sipbot.speech import wire
from sipbot.speech.client import SpeechClient
from sipbot.spool import Spool
from sipbot.text_thread import TextThread
from tests.courses import course
from tests.memo_samples import a_memo

CALL = "019a9c3e-0000-7000-8000-000000000003"
HEARD = wire.Heard(
    job=CALL, speech_s=3.0, voice_s=4.25, audio_s=20.0, voice_from_s=2.144, voice_to_s=6.3939
)


async def test_place_of_the_voice_is_written_beside_the_recording(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    await asyncio.to_thread((tmp_path / "spool" / CALL).mkdir)
    async with Ledger.open(tmp_path / "sipbot.sqlite3") as ledger:
        live = SpeechClient("live", (), lambda _: None)
        reading = Reading(
            ledger=ledger, spool=spool, live=live, second=None, models=(), texts=TextThread()
        )
        ear = CallEar(CALL, "yamato", "ja", spool, reading, lambda _: None)
        script = Script(course=course())
        ear.understand(HEARD, script, cut_off=False)
        await ear.keep(script)
        heir = CallEar(CALL, "yamato", "ja", spool, reading, lambda _: None)
        await heir.resume()
    assert (2.14, 6.39) == heir.kept.voice


def test_memo_says_where_the_voice_is_once_that_is_known() -> None:
    audio = with_voice(a_memo(), HEARD.voice).audio
    assert (2.14, 6.39) == (audio.speech_from_s, audio.speech_to_s)


def test_memo_of_a_recording_without_a_voice_names_no_place() -> None:
    silent = wire.Heard(job=CALL, speech_s=0.0, voice_s=0.0, audio_s=3.0)
    assert a_memo().audio == with_voice(a_memo(), silent.voice).audio
