"""Whatever a client sends becomes a prompt at the level of the others, or is refused in words."""

import wave
from fractions import Fraction
from pathlib import Path

import av
import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sipbot import prompt_audio
from sipbot.errors import PromptError
from sipbot.prompt_audio import LINE_RATE_HZ, Samples
from sipbot.wav import check_prompt


def tone(seconds: float, level: float = 0.1, rate_hz: int = LINE_RATE_HZ) -> Samples:
    at = numpy.arange(round(seconds * rate_hz)) / rate_hz
    return (level * numpy.sin(2 * numpy.pi * 440 * at)).astype(numpy.float32)


def silence(seconds: float) -> Samples:
    return numpy.zeros(round(seconds * LINE_RATE_HZ), numpy.float32)


def encoded(path: Path, codec: str, samples: Samples, rate_hz: int = 44100) -> Path:
    """A stereo file as clients send them."""
    with av.open(str(path), "w") as file:
        stream = file.add_stream(codec, rate=rate_hz, layout="stereo")
        assert isinstance(stream, av.AudioStream)
        converter = av.AudioResampler(format=stream.format.name, layout="stereo", rate=rate_hz)
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="flt", layout="mono")
        frame.sample_rate, frame.time_base, frame.pts = rate_hz, Fraction(1, rate_hz), 0
        fifo = av.AudioFifo()
        for each in (*converter.resample(frame), *converter.resample(None)):
            fifo.write(each)
        size = stream.codec_context.frame_size or 1024
        while piece := fifo.read(size, partial=True):
            file.mux(stream.encode(piece))
        file.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("studio.wav", "pcm_s24le"),
        ("editor.flac", "flac"),
        ("mail.mp3", "libmp3lame"),
        ("telephone.m4a", "aac"),
        ("chat.ogg", "libopus"),
    ],
)
def test_a_recording_of_any_common_kind_becomes_a_prompt(
    tmp_path: Path, name: str, codec: str
) -> None:
    rate_hz = 48000 if codec == "libopus" else 44100
    source = encoded(tmp_path / name, codec, tone(2.0, 0.02, rate_hz), rate_hz)

    made = prompt_audio.ready(prompt_audio.read_any(source))
    prompt_audio.write(tmp_path / "prompt.wav", made)

    assert LINE_RATE_HZ == check_prompt(tmp_path / "prompt.wav").rate_hz
    assert prompt_audio.LEVEL_DBFS == pytest.approx(prompt_audio.level_dbfs(made), abs=0.5)
    assert 2.3 == pytest.approx(len(made) / LINE_RATE_HZ, abs=0.15)


def test_a_tone_keeps_its_pitch_when_it_is_brought_to_the_line_rate() -> None:
    made = prompt_audio.at_line_rate(tone(1.0, rate_hz=22050), 22050)

    strongest = int(numpy.abs(numpy.fft.rfft(made[:LINE_RATE_HZ], LINE_RATE_HZ)).argmax())
    assert 440 == strongest


def test_what_the_line_cannot_carry_does_not_come_back_as_another_tone() -> None:
    at = numpy.arange(48000) / 48000
    above = (0.5 * numpy.sin(2 * numpy.pi * 7000 * at)).astype(numpy.float32)

    made = prompt_audio.at_line_rate(above, 48000)

    assert numpy.abs(made[800:-800]).max() < 0.005


@pytest.mark.parametrize("content", [b"", b"not sound at all" * 100, b"RIFF\0\0\0\0WAVEfmt "])
def test_a_file_that_is_no_sound_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "letter.mp3"
    path.write_bytes(content)

    with pytest.raises(PromptError, match=r"letter\.mp3: (cannot be read as|holds no) sound"):
        prompt_audio.read_any(path)


def test_a_missing_recording_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(PromptError, match=r"gone\.wav: does not exist"):
        prompt_audio.read_any(tmp_path / "gone.wav")


def test_silence_is_no_prompt() -> None:
    with pytest.raises(PromptError, match="holds no sound"):
        prompt_audio.ready(silence(2))


def test_long_silence_around_speech_is_cut_to_that_of_the_shipped_prompts() -> None:
    made = prompt_audio.ready(numpy.concatenate((silence(3), tone(1), silence(2))))

    measured = prompt_audio.look(made)
    assert prompt_audio.PAD_S == pytest.approx(measured.lead_s, abs=0.021)
    assert prompt_audio.PAD_S == pytest.approx(measured.tail_s, abs=0.021)


def test_pauses_do_not_count_for_the_level() -> None:
    spoken = tone(1, 0.2)

    paused = numpy.concatenate((spoken, silence(3), spoken))

    assert prompt_audio.level_dbfs(spoken) == pytest.approx(prompt_audio.level_dbfs(paused))


def test_a_click_leaves_the_peak_where_the_codec_does_not_clip() -> None:
    clicked = tone(1, 0.01)
    clicked[4000] = 1.0

    made = prompt_audio.ready(clicked)

    assert numpy.abs(made).max() <= 10 ** (prompt_audio.PEAK_DBFS / 20) + 1e-6


def test_a_faulty_recorders_dc_is_removed() -> None:
    made = prompt_audio.ready(tone(1) + numpy.float32(0.05))

    assert 0 == pytest.approx(prompt_audio.look(made).dc, abs=1e-3)


def test_cut_off_peaks_are_counted_as_places() -> None:
    clipped = numpy.clip(tone(0.1, 2.0), -1, 1)

    assert 88 == prompt_audio.look(clipped).clipped  # 440 Hz: two a period, for 0.1 s


def test_single_samples_at_full_scale_are_no_clipping() -> None:
    honest = tone(0.1, 0.5)
    honest[100] = 1.0

    assert 0 == prompt_audio.look(honest).clipped


@settings(max_examples=25, deadline=None)  # a second of sound each
@given(
    st.floats(0.3, 1.0),
    st.floats(0.0005, 1.0),
    st.floats(-0.2, 0.2),
    st.integers(0, 4000),
    st.integers(0, 4000),
)
def test_any_sound_that_is_ready_stays_ready(
    seconds: float, level: float, dc: float, before: int, after: int
) -> None:
    zeros = numpy.zeros
    sound = numpy.concatenate(
        (zeros(before, numpy.float32), tone(seconds, level), zeros(after, numpy.float32))
    ) + numpy.float32(dc)

    made = prompt_audio.ready(sound)

    measured = prompt_audio.look(made)
    assert measured.peak_dbfs is not None
    assert measured.peak_dbfs <= prompt_audio.PEAK_DBFS + 0.01
    assert measured.level_dbfs is not None
    # The frames begin elsewhere after the cut.
    assert measured.level_dbfs <= prompt_audio.LEVEL_DBFS + 1


def test_a_prompt_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "p.wav"
    prompt_audio.write(path, tone(1))
    with wave.open(str(path), "rb") as playing:
        prompt_audio.write(path, tone(2))

        assert LINE_RATE_HZ == playing.getnframes() == len(playing.readframes(99999)) // 2
    assert [path] == list(tmp_path.iterdir())


def test_a_prompt_longer_than_a_line_may_play_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PromptError, match="would last 400 s; a prompt lasts at most 312 s"):
        prompt_audio.write(tmp_path / "long.wav", silence(400))
    assert [] == list(tmp_path.iterdir())
