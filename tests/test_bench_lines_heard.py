"""What `benchmarks.lines` makes of the packets that callers were sent."""

import struct
from pathlib import Path

import pytest

from benchmarks.completeness import over_the_line
from benchmarks.lines_heard import FRAME_S, Prompts, prompts
from benchmarks.lines_sound import codes_of, greeting

CODES = codes_of(over_the_line(greeting()))
FRAMES = [CODES[at : at + 160] for at in range(0, len(CODES), 160)]
SILENCE = b"\xff" * 160


def captured(path: Path, frames: list[tuple[float, bytes]], *, port: int = 46_000) -> Path:
    """A capture of one stream: when each packet was sent, and its 160 codes."""
    said = struct.pack("=IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, 1)
    for n, (at, codes) in enumerate(frames):
        rtp = struct.pack(">BBHII", 0x80, 0, n, 160 * n, 7) + codes
        udp = struct.pack(">HHHH", 34_048, port, 8 + len(rtp), 0) + rtp
        packet = bytes(14) + b"\x45" + bytes(19) + udp
        micros = round(at * 1e6)
        said += struct.pack("=IIII", micros // 10**6, micros % 10**6, len(packet), len(packet))
        said += packet
    path.write_bytes(said)
    return path


def on_time(frames: list[bytes]) -> list[tuple[float, bytes]]:
    return [(n * FRAME_S, codes) for n, codes in enumerate(frames)]


def test_a_prompt_that_was_sent_whole_and_in_time_has_no_gap(tmp_path: Path) -> None:
    file = captured(tmp_path / "one", on_time([SILENCE, *FRAMES, SILENCE]))
    assert Prompts(callers=1, sent=50, heard=50, gaps_ms=(20.0,)) == prompts(file)


def test_a_frame_that_was_not_sent_is_not_heard(tmp_path: Path) -> None:
    file = captured(tmp_path / "one", on_time([*FRAMES[:10], *FRAMES[11:]]))
    assert 49 == prompts(file).heard


def test_a_frame_that_came_as_silence_is_not_heard(tmp_path: Path) -> None:
    file = captured(tmp_path / "one", on_time([*FRAMES[:10], SILENCE, *FRAMES[11:]]))
    assert 49 == prompts(file).heard


def test_a_pause_between_two_packets_is_a_gap_of_its_length(tmp_path: Path) -> None:
    late = [(at + (0.1 if n >= 10 else 0), codes) for n, (at, codes) in enumerate(on_time(FRAMES))]
    assert (120.0,) == pytest.approx(prompts(captured(tmp_path / "one", late)).gaps_ms)


def test_a_capture_without_a_packet_is_nobody_listened_to(tmp_path: Path) -> None:
    assert Prompts(callers=0, sent=0, heard=0, gaps_ms=()) == prompts(
        captured(tmp_path / "one", [])
    )
