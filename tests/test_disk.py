"""Messages are refused while there is still room for those on the line."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from sipbot.disk import AUDIO_BYTES_PER_S, RESERVE_BYTES, Room, look, too_full

PLENTY = 1 << 40


def room(free_bytes: int = PLENTY, free_files: int = 10**6, total_files: int = 10**7) -> Room:
    return Room(free_bytes=free_bytes, free_files=free_files, total_files=total_files)


def test_disk_with_room_takes_messages() -> None:
    assert "" == too_full(room(), lines=4, longest_s=180, refusing=False)


def test_disk_without_inodes_takes_no_messages() -> None:
    assert "10 inodes free" in too_full(room(free_files=10), lines=4, longest_s=9, refusing=False)


def test_file_system_that_counts_no_inodes_is_not_full() -> None:
    plenty = room(free_files=0, total_files=0)

    assert "" == too_full(plenty, lines=4, longest_s=9, refusing=False)


def test_look_reads_the_real_disk(tmp_path: Path) -> None:
    assert 0 < look(tmp_path).free_bytes


@given(lines=st.integers(1, 32), longest_s=st.integers(5, 1800), free=st.integers(0, 1 << 34))
def test_accepting_disk_holds_every_line_at_its_longest_beside_the_reserve(
    lines: int, longest_s: int, free: int
) -> None:
    why = too_full(room(free), lines=lines, longest_s=longest_s, refusing=False)

    assert (why == "") == (free - lines * longest_s * AUDIO_BYTES_PER_S >= RESERVE_BYTES)


@given(free=st.integers(0, 1 << 34))
def test_refusing_disk_needs_more_room_to_accept_again(free: int) -> None:
    accepting = too_full(room(free), lines=4, longest_s=180, refusing=False) == ""
    again = too_full(room(free), lines=4, longest_s=180, refusing=True) == ""

    assert accepting or not again
