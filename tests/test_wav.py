"""WAV files are believed as far as their size on disk, not as far as their header."""

import struct
import wave
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipbot.errors import PromptError, SpoolError
from sipbot.wav import (
    HEADER_BYTES,
    PROMPT_LIMIT_BYTES,
    check_prompt,
    facts_of,
    longest_s,
    read_facts,
    read_pcm,
    repair_header,
)

DATA = Path(__file__).parent / "data"


def unclosed_header(rate_hz: int = 8000) -> bytes:
    """The header pjmedia writes before it knows any size."""
    form = struct.pack("<IHHIIHH", 16, 1, 1, rate_hz, rate_hz * 2, 2, 16)
    return b"RIFF" + bytes(4) + b"WAVEfmt " + form + b"data" + bytes(4)


def written(path: Path, *, rate_hz: int = 8000, channels: int = 1, width: int = 2) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate_hz)
        file.writeframes(bytes(100 * channels * width))
    return path


def test_a_closed_recording_has_the_facts_of_its_header() -> None:
    facts = read_facts(DATA / "silence_noise_3s_8k.wav")
    assert (8000, 24000, HEADER_BYTES, True) == (
        facts.rate_hz,
        facts.frames,
        facts.data_offset,
        facts.header_right,
    )
    assert 3.0 == facts.duration_s


def test_header_with_the_size_of_the_file_and_none_of_the_audio_is_not_believed(
    tmp_path: Path,
) -> None:
    """The disk refuses the last of the two writes with which pjmedia closes a recording."""
    path = tmp_path / "audio.wav"
    header = unclosed_header()
    path.write_bytes(header[:4] + (32_044 - 8).to_bytes(4, "little") + header[8:] + b"12" * 16_000)

    facts = repair_header(path)

    assert (2.0, True) == (facts.duration_s, facts.header_right)
    with wave.open(str(path)) as audio:
        assert 16_000 == audio.getnframes()


def test_header_that_a_disk_error_kept_from_a_recording_is_put_before_it(tmp_path: Path) -> None:
    path = tmp_path / "audio.wav"
    sizes = [(1600 - over).to_bytes(4, "little") for over in (8, HEADER_BYTES)]
    path.write_bytes(b"1234" + sizes[0] + b"12" * 16 + sizes[1] + b"34" * 778)

    facts = repair_header(path)

    assert (800, 8000, True) == (facts.frames, facts.rate_hz, facts.header_right)
    with wave.open(str(path)) as audio:
        assert b"1234" + bytes(4) + b"12" * 16 + bytes(4) + b"34" * 778 == audio.readframes(800)


@pytest.mark.parametrize(
    "content",
    [bytes(1600), b"\x01\x02" * 800, unclosed_header()[:36] + b"\x01\x02" * 782],
    ids=["zeros", "no header", "half a header"],
)
def test_recording_without_a_right_header_gets_one_before_all_its_bytes(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "audio.wav"
    path.write_bytes(content)

    facts = repair_header(path)

    assert (len(content) // 2, 8000, True) == (facts.frames, facts.rate_hz, facts.header_right)
    assert content == read_pcm(path)


def test_file_without_a_sample_gets_no_header(tmp_path: Path) -> None:
    path = tmp_path / "audio.wav"
    path.write_bytes(bytes(HEADER_BYTES))

    with pytest.raises(SpoolError, match="no recording"):
        repair_header(path)


@given(audio=st.binary(max_size=9000))
def test_a_killed_recording_is_as_long_as_its_file(audio: bytes) -> None:
    file = unclosed_header() + audio
    facts = facts_of(file, len(file), "audio.wav")
    assert len(audio) // 2 == facts.frames
    assert not facts.header_right


@given(audio=st.binary(min_size=1, max_size=9000))
def test_a_repaired_recording_opens_in_any_reader(
    tmp_path_factory: pytest.TempPathFactory, audio: bytes
) -> None:
    path = tmp_path_factory.mktemp("spool") / "audio.wav"
    path.write_bytes(unclosed_header() + audio)
    facts = repair_header(path)
    with wave.open(str(path)) as file:
        assert audio[: len(audio) // 2 * 2] == file.readframes(file.getnframes())
    assert facts.header_right
    assert audio[: len(audio) // 2 * 2] == read_pcm(path)


def test_repairing_a_right_header_changes_nothing(tmp_path: Path) -> None:
    path = written(tmp_path / "audio.wav")
    before = path.read_bytes()
    repair_header(path)
    assert before == path.read_bytes()


def test_tags_behind_the_audio_are_not_audio(tmp_path: Path) -> None:
    path = written(tmp_path / "audio.wav")
    tagged = path.read_bytes() + b"LIST" + struct.pack("<I", 4) + b"INFO"
    path.write_bytes(tagged[:4] + struct.pack("<I", len(tagged) - 8) + tagged[8:])
    assert bytes(200) == read_pcm(path)


@pytest.mark.parametrize("content", [b"", b"RIFF", b"not a recording" * 10])
def test_a_file_without_a_header_is_no_recording(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "audio.wav"
    path.write_bytes(content)
    with pytest.raises(SpoolError, match=r"audio\.wav: \d+ bytes without a complete WAV header"):
        read_facts(path)


def test_a_missing_recording_is_named(tmp_path: Path) -> None:
    with pytest.raises(SpoolError, match=r"gone\.wav: cannot be read: No such file"):
        read_pcm(tmp_path / "gone.wav")


def test_the_length_by_size_is_the_length_of_a_telephone_recording(tmp_path: Path) -> None:
    assert 3.0 == longest_s(DATA / "silence_noise_3s_8k.wav")
    assert 0.0 == longest_s(tmp_path / "gone.wav")


def test_a_stereo_recording_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SpoolError, match="is 16-bit PCM, stereo, 8000 Hz"):
        read_facts(written(tmp_path / "audio.wav", channels=2))


@pytest.mark.parametrize("rate_hz", [8000, 16000])
def test_a_telephone_prompt_is_accepted(tmp_path: Path, rate_hz: int) -> None:
    assert rate_hz == check_prompt(written(tmp_path / "p.wav", rate_hz=rate_hz)).rate_hz


@pytest.mark.parametrize(
    ("options", "form"),
    [
        ({"rate_hz": 44100}, "16-bit PCM, mono, 44100 Hz"),
        ({"channels": 2}, "16-bit PCM, stereo, 8000 Hz"),
        ({"width": 1}, "8-bit PCM, mono, 8000 Hz"),
    ],
)
def test_another_form_is_refused_with_the_command_that_mends_it(
    tmp_path: Path, options: dict[str, int], form: str
) -> None:
    path = written(tmp_path / "a greeting.wav", **options)
    with pytest.raises(PromptError) as caught:
        check_prompt(path)
    assert f"{path}: is {form}" in str(caught.value)
    assert str(caught.value).endswith(f"sipbot prompts import '{path}' a-greeting-8k.wav")


def test_extended_form_of_wav_is_refused_in_plain_words(tmp_path: Path) -> None:
    path = written(tmp_path / "p.wav")
    content = bytearray(path.read_bytes())
    content[20:22] = b"\xfe\xff"
    path.write_bytes(content)
    with pytest.raises(PromptError, match="is 16-bit audio in an extended WAV format, mono"):
        check_prompt(path)


def test_a_prompt_cut_off_in_transit_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "p.wav")
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(PromptError, match="promises 200 bytes of audio, the file holds 150"):
        check_prompt(path)


def test_a_huge_prompt_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "p.wav"
    path.write_bytes(unclosed_header() + bytes(PROMPT_LIMIT_BYTES))
    with pytest.raises(PromptError, match="is larger than 5000000; shorten it"):
        check_prompt(path)


def test_text_named_wav_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "p.wav"
    path.write_text("hello")
    with pytest.raises(PromptError, match="is not a WAV file"):
        check_prompt(path)


def test_a_missing_prompt_is_named(tmp_path: Path) -> None:
    with pytest.raises(PromptError, match=r"p\.wav: prompt cannot be read: No such file"):
        check_prompt(tmp_path / "p.wav")
