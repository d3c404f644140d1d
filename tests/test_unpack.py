"""unpack.py against archives made to hurt."""

import stat
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sipbot.errors import ModelError
from sipbot.unpack import Limits, copy, safe_parts, unpack_zip

LIMITS = Limits(unpacked_bytes=1_000_000, members=20)


def make_zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in members.items():
            archive.writestr(raw_info(name), body, zipfile.ZIP_DEFLATED)
    return path


def raw_info(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo()
    info.filename = name  # the constructor would clean it
    info.external_attr = (stat.S_IFREG | 0o644) << 16
    return info


def unpacked(archive: Path, limits: Limits = LIMITS) -> dict[str, bytes]:
    into = archive.parent / "into"
    unpack_zip(archive, into, limits)
    return {p.relative_to(into).as_posix(): p.read_bytes() for p in into.rglob("*") if p.is_file()}


def test_unpack_strips_the_single_top_folder(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / "a.zip", {"top/am/final.mdl": b"x", "top/README": b"y"})

    assert {"am/final.mdl": b"x", "README": b"y"} == unpacked(archive)


def test_unpack_with_two_top_folders_keeps_them(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / "a.zip", {"am/final.mdl": b"x", "conf/model.conf": b"y"})

    assert {"am/final.mdl": b"x", "conf/model.conf": b"y"} == unpacked(archive)


@pytest.mark.parametrize(
    "name",
    [
        "/etc/passwd",
        "../out",
        "top/../../out",
        "top/./x",
        "top//x",
        "..\\out",
        "C:/out",
        "top/x:stream",
        "top/nul",
        "top/COM1.txt",
        "top/x\x1b[2J",
        "top/\u202egnp.exe",
        "top/x.",
        "top/ x",
        "top/" + "x" * 256,
    ],
)
def test_unpack_of_an_unsafe_name_is_refused_before_anything_is_written(
    tmp_path: Path, name: str
) -> None:
    archive = make_zip(tmp_path / "a.zip", {"top/fine": b"x", name: b"y"})

    with pytest.raises(ModelError, match="unsafe path"):
        unpacked(archive)
    assert [archive] == list(tmp_path.iterdir())


def test_unpack_of_a_name_with_nul_is_refused(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / "a.zip", {"top/fineX.txt": b"x"})
    archive.write_bytes(archive.read_bytes().replace(b"fineX.txt", b"fine\0.txt"))

    with pytest.raises(ModelError):
        unpacked(archive)


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO])
def test_unpack_of_a_special_file_is_refused(tmp_path: Path, kind: int) -> None:
    info = raw_info("top/link")
    info.external_attr = (kind | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(info, "/etc/passwd")

    with pytest.raises(ModelError, match="is a link, a device or another special file"):
        unpacked(tmp_path / "a.zip")


def test_unpack_beyond_the_byte_limit_is_refused(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / "a.zip", {"top/x": bytes(1_000_001)})

    with pytest.raises(ModelError, match="unpacks to 1000001 bytes, at most 1000000"):
        unpacked(archive)


def test_unpack_beyond_the_member_limit_is_refused(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / "a.zip", {f"top/{n}": b"" for n in range(21)})

    with pytest.raises(ModelError, match="21 members, at most 20"):
        unpacked(archive)


def test_unpack_of_a_bomb_within_the_byte_limit_is_refused_by_its_ratio(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / "a.zip", {"top/x": bytes(900_000)})

    with pytest.raises(ModelError, match="times its size"):
        unpacked(archive)


def test_unpack_of_an_archive_that_lies_about_a_size_is_refused(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / "a.zip", {"top/x": bytes(5000)})
    lie = archive.read_bytes().replace(struct.pack("<L", 5000), struct.pack("<L", 10))
    archive.write_bytes(lie)

    with pytest.raises(ModelError):
        unpacked(archive)


def test_unpack_of_two_members_with_one_name_is_refused(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / "a.zip", {"top/final.mdl": b"x", "top/FINAL.mdl": b"y"})

    with pytest.raises(ModelError, match="two members"):
        unpacked(archive)


def test_unpack_of_a_file_that_is_also_a_folder_is_refused(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / "a.zip", {"top/am": b"x", "top/am/final.mdl": b"y"})

    with pytest.raises(ModelError, match="'am' is both a file and a folder"):
        unpacked(archive)


def test_unpack_of_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / "a.zip", {"top/x": b"x"})
    body = bytearray(archive.read_bytes())
    body[body.index(b"PK\x01\x02") + 8] |= 1
    archive.write_bytes(body)

    with pytest.raises(ModelError, match="is encrypted"):
        unpacked(archive)


def test_unpack_of_an_unusual_compression_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("top/x", b"x")

    with pytest.raises(ModelError, match="uses compression method 14"):
        unpacked(tmp_path / "a.zip")


def test_unpack_of_an_empty_archive_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is empty"):
        unpacked(make_zip(tmp_path / "a.zip", {}))


@pytest.mark.parametrize("body", [b"", b"<html>", b"PK\x05\x06" + bytes(18) + b"x"])
def test_unpack_of_something_else_is_an_error(tmp_path: Path, body: bytes) -> None:
    (tmp_path / "a.zip").write_bytes(body)

    with pytest.raises(ModelError):
        unpacked(tmp_path / "a.zip")


@settings(deadline=None)
@given(at=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_unpack_with_any_flipped_bit_gives_the_right_bytes_or_an_error(
    tmp_path_factory: pytest.TempPathFactory, at: int, bit: int
) -> None:
    folder = tmp_path_factory.mktemp("zip")
    members = {"top/am/final.mdl": bytes(range(256)) * 3, "top/README": b"a model"}
    body = bytearray(make_zip(folder / "a.zip", members).read_bytes())
    body[at % len(body)] ^= 1 << bit
    (folder / "a.zip").write_bytes(body)

    try:
        found = unpacked(folder / "a.zip")
    except ModelError:
        return
    assert sorted(found.values()) == sorted(members.values())


def test_unpack_of_an_archive_whose_directory_hides_a_member_is_refused(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"top/x": b"x", "top/y": b"y"})
    body = bytearray(path.read_bytes())
    comment_length = body.index(b"PK\x01\x02") + 32
    body[comment_length : comment_length + 2] = (60).to_bytes(2, "little")
    path.write_bytes(body)

    with pytest.raises(ModelError, match="1 of 2 members can be found"):
        unpacked(path)


def test_copy_of_more_than_allowed_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(b"12345")

    with (
        (tmp_path / "source").open("rb") as source,
        pytest.raises(ModelError, match="holds more than the expected 4 bytes"),
    ):
        copy(source, tmp_path / "target", 4, "source")


@given(name=st.text(max_size=60))
def test_safe_parts_of_any_text_stays_inside_or_is_refused(name: str) -> None:
    try:
        parts = safe_parts(name)
    except ModelError:
        return
    inside = Path("/models").joinpath(*parts)
    assert Path("/models") in inside.parents
    assert ".." not in inside.parts
