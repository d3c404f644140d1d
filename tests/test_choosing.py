"""Menu words in real speech: an ear that listens for them alone, and a telephone that is silent."""

from pathlib import Path

import pytest

from sipbot.speech import wire
from sipbot.speech.turn_words import TurnWords, Understood
from sipbot.speech.vosk_ear import VoskEar
from sipbot.wav import read_pcm
from tests.test_speech import KOREAN

DATA = Path(__file__).parent / "data"
SECOND_BYTES = 16000
GREETING = slice(2 * int(0.12 * 8000), 2 * int(1.58 * 8000))
"""Where the caller of ko_01 says 안녕하세요."""


@pytest.fixture(scope="module")
def ear() -> VoskEar:
    return VoskEar(KOREAN)


TURN = bytes(2 * SECOND_BYTES) + read_pcm(DATA / "ko_01_8k.wav")[GREETING] + bytes(SECOND_BYTES)
"""A greeting between seconds without a packet."""


def turn_from(from_s: float) -> wire.Expect:
    return wire.Expect(
        job="call",
        n=1,
        from_s=from_s,
        end_silence_s=1.0,
        no_speech_s=9.0,
        words=True,
        phrases=("안녕하세요", "취소", "화장실", "급합니다"),
    )


def understood(ear: VoskEar, turn: wire.Expect) -> Understood:
    """Hear the recording as the recorder writes it, 4096 bytes at a time."""
    hearing = ear.listen(8000, "ko")
    words = TurnWords(ear, hearing, 8000, "ko")
    newest = Understood()
    for at in range(0, len(TURN), 4096):
        block = TURN[at : at + 4096]
        hearing.hear(block)
        newest = words.hear(turn, block, (at + len(block)) / SECOND_BYTES)
    return newest


@pytest.mark.asr
def test_menu_word_in_a_sentence_after_digital_silence_is_chosen(ear: VoskEar) -> None:
    heard = understood(ear, turn_from(1.0))
    assert ("안녕하세요", len(TURN) / SECOND_BYTES) == (heard.choice, heard.to_s)


@pytest.mark.asr
def test_menu_word_that_was_said_before_the_turn_is_not_chosen(ear: VoskEar) -> None:
    assert understood(ear, turn_from(3.5)).choice is None


@pytest.mark.asr
def test_sentence_with_none_of_the_menus_words_chooses_nothing(ear: VoskEar) -> None:
    choosing = ear.choosing(8000, "ko", ("화장실", "견적서", "예약", "서울은행"))
    assert choosing is not None
    choosing.hear(TURN)
    assert choosing.choice() is None


@pytest.mark.asr
@pytest.mark.parametrize("name", ["busy_jp_8k.wav", "beep_8k.wav", "silence_noise_3s_8k.wav"])
def test_noise_at_a_menu_chooses_nothing(ear: VoskEar, name: str) -> None:
    choosing = ear.choosing(8000, "ko", ("견적서", "취소", "화장실", "예약 변경"))
    assert choosing is not None
    choosing.hear(read_pcm(DATA / name))
    assert choosing.choice() is None
