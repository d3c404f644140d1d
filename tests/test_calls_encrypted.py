"""A real call to a bot with a key: the memo as ever, and nothing of the caller's voice plain."""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from sipbot.age_file import Identity
from sipbot.audio_keys import AudioKeys, write_keys
from sipbot.recordings import Recordings
from sipbot.records import EndState
from sipbot.wav import pcm_in
from tests import brokers, ulaw
from tests.bot import Bot, running
from tests.memo_samples import AT
from tests.own_caller import own_call

pytestmark = [pytest.mark.sip, pytest.mark.asr, pytest.mark.broker, pytest.mark.peer]

RUN_BYTES = 64
"""32 samples of a voice do not stand in another file by chance."""


def with_key(bot: Bot) -> Recordings:
    key = bot.folder / "audio.agekey"
    write_keys(key, [Identity.new()], AT)
    config = bot.folder / "config.toml"
    table = '\n[privacy]\naudio_key_file = "audio.agekey"\n'
    config.write_text(config.read_text(encoding="utf-8") + table, encoding="utf-8")
    return Recordings(bot.spool, AudioKeys(key))


def loud_runs(pcm: bytes) -> Iterator[bytes]:
    """Yield runs of the samples in which somebody speaks, from anywhere in the recording."""
    for start in range(0, len(pcm) - RUN_BYTES, 10 * RUN_BYTES):
        run = pcm[start : start + RUN_BYTES]
        if np.abs(np.frombuffer(run, "<i2").astype(np.int32)).max() > 1000:
            yield run


def holding(folder: Path, runs: list[bytes]) -> list[Path]:
    contents = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return [path for path, content in contents.items() if any(run in content for run in runs)]


async def test_after_a_call_no_file_of_the_bot_has_its_callers_voice_and_its_key_has_it(
    tmp_path: Path, vosk_models: Path, message_wav: Path
) -> None:
    async with brokers.running("mosquitto") as broker:
        bot = Bot(tmp_path, broker.port, vosk_models)
        recordings = with_key(bot)
        async with running(bot):
            await own_call(bot, "quiet", heard=tmp_path / "heard.wav", wav=str(message_wav))
            row, memo = await bot.ended("quiet"), await bot.memo("quiet", "transcribed")
            await bot.logged("a recording was encrypted", call=memo.call.id)
    with recordings.open(memo.call.id) as file:
        whole = file.read()
        pcm = pcm_in(file, "audio.wav")
    runs = list(loud_runs(pcm))
    (tmp_path / "plain.wav").write_bytes(whole)
    said = ulaw.encode(ulaw.read(message_wav)[: -ulaw.FRAME])
    arrived, sent = ulaw.frames_that_arrived(said, ulaw.read(tmp_path / "plain.wav"))

    assert (EndState.MEMO, memo.audio.sha256) == (row.state, sha256(whole).hexdigest())
    assert memo.text
    assert sent - 1 <= arrived
    assert len(runs) > 20
    assert [] == holding(tmp_path / "var", runs)
    assert [tmp_path / "plain.wav"] == holding(tmp_path, runs)
