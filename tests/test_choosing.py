"""Menu words in real speech: an ear that listens for them alone, and a telephone that is silent."""

import wave
from pathlib import Path

import pytest

from sipbot.speech import wire
from sipbot.speech.vosk_ear import VoskEar
from sipbot.wav import read_pcm
from tests.test_speech import CALL, KOREAN, Desk, running

DATA = Path(__file__).parent / "data"
SECOND_BYTES = 16000
QUOTE = slice(int(3.86 * SECOND_BYTES), int(6.98 * SECOND_BYTES))
"""Where the caller of ko_01 says 견적서 때문에 전화드렸습니다."""


@pytest.fixture(scope="module")
def ear() -> VoskEar:
    return VoskEar(KOREAN)


def turn(tmp_path: Path) -> Path:
    """The sentence about the quote, after two seconds without a packet and before three."""
    path = tmp_path / "audio.wav"
    said = read_pcm(DATA / "ko_01_8k.wav")[QUOTE]
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(2 * SECOND_BYTES) + said + bytes(3 * SECOND_BYTES))
    return path


@pytest.mark.asr
async def test_choice_at_a_menu_is_told_with_the_end_of_the_turn(tmp_path: Path) -> None:
    desk, path = Desk("live", [KOREAN]), turn(tmp_path)
    async with running(desk):
        desk.client.follow(CALL, path, "ko")
        desk.client.expect(
            wire.Expect(
                job=CALL,
                n=1,
                from_s=1.0,
                end_silence_s=1.0,
                no_speech_s=9.0,
                words=True,
                phrases=("견적서", "취소", "화장실", "급합니다"),
            )
        )
        desk.client.finish(CALL)
        ended = await desk.first(wire.SpeechEnded)
        heard = await desk.first(wire.Heard)
    assert isinstance(ended, wire.SpeechEnded)
    assert "견적서" == ended.choice
    assert isinstance(heard, wire.Heard)
    assert pytest.approx(2.2, abs=0.15) == heard.voice_from_s
    assert pytest.approx(5.0, abs=0.15) == heard.voice_to_s


@pytest.mark.asr
def test_sentence_with_none_of_the_menus_words_chooses_nothing(
    ear: VoskEar, tmp_path: Path
) -> None:
    choosing = ear.choosing(8000, "ko", ("화장실", "안녕하세요", "여보세요", "서울은행"))
    assert choosing is not None
    choosing.hear(read_pcm(turn(tmp_path)))
    assert choosing.choice() is None


@pytest.mark.asr
@pytest.mark.parametrize("name", ["busy_jp_8k.wav", "beep_8k.wav", "silence_noise_3s_8k.wav"])
def test_noise_at_a_menu_chooses_nothing(ear: VoskEar, name: str) -> None:
    choosing = ear.choosing(8000, "ko", ("견적서", "취소", "화장실", "예약 변경"))
    assert choosing is not None
    choosing.hear(read_pcm(DATA / name))
    assert choosing.choice() is None
