"""Encrypted recordings: in the format of age, read from any place; nothing that changed passes."""

import io
import subprocess
from pathlib import Path

import pyrage
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipbot.age_file import CHUNK_BYTES, Identity, Reader, opens, rewrap, seal
from sipbot.errors import DamagedError, LockedError, SpoolError

KEY, OTHER_KEY = Identity(bytes(range(32))), Identity(bytes(range(1, 33)))
WHOSE = "0192-call/audio.wav"

SIZES = st.sampled_from(
    [0, 1, 44, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES, 150_000]
)


def pattern(size: int) -> bytes:
    """Bytes of which no two chunks are the same."""
    return b"".join(number.to_bytes(4, "big") for number in range(size // 4 + 1))[:size]


def sealed(plain: bytes, key: Identity = KEY, whose: str = WHOSE) -> bytes:
    target = io.BytesIO()
    seal(io.BytesIO(plain), target, key, whose)
    return target.getvalue()


def opened(content: bytes, key: Identity = KEY, whose: str = WHOSE) -> bytes:
    with io.BufferedReader(Reader(io.BytesIO(content), [key], whose)) as reader:
        return reader.read()


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES])
def test_public_libraries_open_what_was_sealed(size: int) -> None:
    identity = pyrage.x25519.Identity.from_str(KEY.text)

    assert pattern(size) == pyrage.decrypt(sealed(pattern(size)), [identity])


@pytest.mark.peer
def test_age_itself_opens_what_was_sealed_with_the_key_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"# a comment\n{OTHER_KEY.text}\n{KEY.text}\n", encoding="ascii")
    (tmp_path / "audio.wav.age").write_bytes(sealed(pattern(150_000)))

    found = subprocess.run(
        ["age", "--decrypt", "-i", tmp_path / "key", tmp_path / "audio.wav.age"],
        capture_output=True,
        check=True,
    )

    assert pattern(150_000) == found.stdout


def test_keys_are_spelt_as_age_spells_them() -> None:
    theirs = pyrage.x25519.Identity.generate()

    ours = Identity.parse(str(theirs))

    assert (str(theirs), str(theirs.to_public())) == (ours.text, ours.recipient)


@given(secret=st.binary(min_size=32, max_size=32), place=st.integers(0, 73), by=st.integers(1, 31))
def test_key_with_a_wrong_letter_is_none(secret: bytes, place: int, by: int) -> None:
    letters = "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L"
    text = Identity(secret).text
    if text[place] in letters and place >= len("AGE-SECRET-KEY-1"):
        other = letters[(letters.index(text[place]) + by) % 32]
        text = text[:place] + other + text[place + 1 :]
        with pytest.raises(ValueError, match="no identity of age"):
            Identity.parse(text)
    else:
        assert Identity(secret) == Identity.parse(text)


@given(size=SIZES, start=st.integers(0, 200_000), length=st.integers(0, 200_000))
def test_any_range_is_the_range_of_the_plain_bytes(size: int, start: int, length: int) -> None:
    plain = pattern(size)
    with io.BufferedReader(Reader(io.BytesIO(sealed(plain)), [KEY], WHOSE)) as reader:
        reader.seek(start)

        assert plain[start : start + length] == reader.read(length)


def test_jump_to_the_end_decrypts_the_last_chunk_only() -> None:
    class Counting(io.BytesIO):
        taken = 0

        def read(self, size: int | None = -1, /) -> bytes:
            found = super().read(size)
            self.taken += len(found)
            return found

    source = Counting(sealed(pattern(50 * CHUNK_BYTES)))
    reader = Reader(source, [KEY], WHOSE)
    reader.seek(-10, io.SEEK_END)

    assert pattern(50 * CHUNK_BYTES)[-10:] == reader.read(100)
    assert source.taken < 3 * CHUNK_BYTES


def test_every_byte_that_is_changed_is_noticed() -> None:
    content = sealed(pattern(100))
    for place in range(len(content)):
        for flip in (0x01, 0x80):
            changed = bytearray(content)
            changed[place] ^= flip
            with pytest.raises(SpoolError):
                opened(bytes(changed))


@pytest.mark.parametrize("kept", [0, 20, 300, 66_000, 66_000 + CHUNK_BYTES])
def test_file_that_is_cut_off_is_noticed_when_it_is_opened(kept: int) -> None:
    with pytest.raises(DamagedError):
        Reader(io.BytesIO(sealed(pattern(150_000))[:kept]), [KEY], WHOSE)


def test_file_without_its_last_chunks_is_noticed_when_it_is_opened() -> None:
    content = sealed(pattern(3 * CHUNK_BYTES))
    with pytest.raises(DamagedError):
        Reader(io.BytesIO(content[: -(CHUNK_BYTES + 16)]), [KEY], WHOSE)


def test_recording_in_the_place_of_another_is_refused() -> None:
    with pytest.raises(DamagedError, match=r"is the recording of 0192-call/audio\.wav"):
        opened(sealed(b"said"), whose="0193-call/audio.wav")


def test_other_key_opens_nothing() -> None:
    with pytest.raises(LockedError):
        opened(sealed(b"said"), OTHER_KEY)


@given(size=SIZES)
def test_rewrapped_file_is_the_new_keys_and_not_the_old_ones(size: int) -> None:
    target = io.BytesIO()

    rewrap(io.BytesIO(sealed(pattern(size))), target, [OTHER_KEY, KEY], WHOSE)

    assert pattern(size) == opened(target.getvalue(), OTHER_KEY)
    assert (True, False) == (opens(target, OTHER_KEY), opens(target, KEY))


def test_same_words_are_never_the_same_file() -> None:
    assert sealed(b"said") != sealed(b"said")
