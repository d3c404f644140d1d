"""fetch.py against a real HTTP server that misbehaves."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sipbot.errors import ModelError
from sipbot.fetch import check, check_space, download, listed_pin
from sipbot.models import Pin
from tests.shelf import Shelf, running_shelf

BODY = bytes(range(256)) * 4000
PIN = Pin(bytes=len(BODY), sha256=hashlib.sha256(BODY).hexdigest())


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    with running_shelf() as shelf:
        shelf.files["/model.bin"] = BODY
        yield shelf


def fetch(shelf: Shelf, folder: Path, pin: Pin = PIN, path: str = "/model.bin") -> bytes:
    target = folder / "model.bin"
    download(shelf.url + path, target, pin, lambda *_: None, pause=lambda _: None)
    return target.read_bytes()


def half_fetched(shelf: Shelf, folder: Path) -> int:
    """Leave a .part file as a process does that was ended in mid-transfer."""
    shelf.cuts = [1000, 0, 0, 0, 0]
    with pytest.raises(ModelError):
        fetch(shelf, folder)
    shelf.seen.clear()
    return (folder / "model.bin.part").stat().st_size


def test_download_gives_the_bytes_of_the_server(shelf: Shelf, tmp_path: Path) -> None:
    assert fetch(shelf, tmp_path) == BODY


def test_download_leaves_nothing_but_the_file(shelf: Shelf, tmp_path: Path) -> None:
    fetch(shelf, tmp_path)

    assert [p.name for p in tmp_path.iterdir()] == ["model.bin"]


def test_download_reports_progress_up_to_the_last_byte(shelf: Shelf, tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    url = shelf.url + "/model.bin"
    download(url, tmp_path / "model.bin", PIN, lambda *args: told.append(args))

    assert (url, 0, len(BODY)) == told[0]
    assert (url, len(BODY), len(BODY)) == told[-1]


def test_download_cut_off_goes_on_where_it_stopped(shelf: Shelf, tmp_path: Path) -> None:
    shelf.cuts = [1000, 5000]

    assert fetch(shelf, tmp_path) == BODY
    assert [None, "bytes=1000-", "bytes=6000-"] == [seen.range for seen in shelf.seen]


def test_download_cut_off_in_an_earlier_run_goes_on_with_the_same_entity(
    shelf: Shelf, tmp_path: Path
) -> None:
    assert half_fetched(shelf, tmp_path) == 1000
    assert fetch(shelf, tmp_path) == BODY
    assert [("bytes=1000-", '"first"')] == [(s.range, s.if_range) for s in shelf.seen]


def test_download_with_a_weak_etag_resumes_without_if_range(shelf: Shelf, tmp_path: Path) -> None:
    shelf.etag = 'W/"weak"'
    half_fetched(shelf, tmp_path)

    assert fetch(shelf, tmp_path) == BODY
    assert [("bytes=1000-", None)] == [(s.range, s.if_range) for s in shelf.seen]


def test_download_from_a_server_without_ranges_starts_afresh(shelf: Shelf, tmp_path: Path) -> None:
    half_fetched(shelf, tmp_path)
    shelf.knows_range = False

    assert fetch(shelf, tmp_path) == BODY


def test_download_whose_entity_changed_starts_afresh(shelf: Shelf, tmp_path: Path) -> None:
    half_fetched(shelf, tmp_path)
    (tmp_path / "model.bin.part").write_bytes(b"x" * 1000)
    shelf.etag = '"second"'

    assert fetch(shelf, tmp_path) == BODY


def test_download_resumed_on_wrong_bytes_starts_afresh_once(shelf: Shelf, tmp_path: Path) -> None:
    half_fetched(shelf, tmp_path)
    (tmp_path / "model.bin.part").write_bytes(b"x" * 1000)

    assert fetch(shelf, tmp_path) == BODY
    assert ["bytes=1000-", None] == [seen.range for seen in shelf.seen]


def test_download_with_a_part_longer_than_the_file_starts_afresh(
    shelf: Shelf, tmp_path: Path
) -> None:
    (tmp_path / "model.bin.part").write_bytes(BODY + b"x")

    assert fetch(shelf, tmp_path) == BODY


def test_download_refused_range_starts_afresh(shelf: Shelf, tmp_path: Path) -> None:
    half_fetched(shelf, tmp_path)
    shelf.statuses = [416]

    assert fetch(shelf, tmp_path) == BODY
    assert ["bytes=1000-", None] == [seen.range for seen in shelf.seen]


def test_download_of_another_range_than_asked_is_refused(shelf: Shelf, tmp_path: Path) -> None:
    half_fetched(shelf, tmp_path)
    shelf.content_range = f"bytes 7-{len(BODY) - 1}/{len(BODY)}"

    with pytest.raises(ModelError, match="asked for byte 1000"):
        fetch(shelf, tmp_path)


def test_download_from_a_busy_server_is_tried_again(shelf: Shelf, tmp_path: Path) -> None:
    shelf.statuses = [503, 429]

    assert fetch(shelf, tmp_path) == BODY


def test_download_without_progress_gives_up(shelf: Shelf, tmp_path: Path) -> None:
    shelf.statuses = [503] * 9

    with pytest.raises(ModelError, match="gave up after 5 attempts"):
        fetch(shelf, tmp_path)
    assert len(shelf.seen) == 5


def test_download_of_a_missing_file_fails_at_once(shelf: Shelf, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"/gone: the server answers 404"):
        fetch(shelf, tmp_path, path="/gone")
    assert len(shelf.seen) == 1


def test_download_of_other_bytes_names_both_hashes_and_the_source(
    shelf: Shelf, tmp_path: Path
) -> None:
    shelf.files["/model.bin"] = b"x" * len(BODY)
    got = hashlib.sha256(b"x" * len(BODY)).hexdigest()

    with pytest.raises(ModelError) as error:
        fetch(shelf, tmp_path)
    expected = f"model.bin: expected SHA-256 {PIN.sha256}, got {got} from {shelf.url}/model.bin"
    assert expected == str(error.value)
    assert [] == list(tmp_path.iterdir())


def test_download_with_a_wrong_md5_is_refused(shelf: Shelf, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"expected MD5 0{32}, got "):
        fetch(shelf, tmp_path, Pin(bytes=len(BODY), md5="0" * 32))


def test_download_of_another_length_is_refused_before_the_first_byte(
    shelf: Shelf, tmp_path: Path
) -> None:
    shelf.files["/model.bin"] = BODY + b"x"

    with pytest.raises(ModelError, match=f"expected {len(BODY)} bytes, the server has"):
        fetch(shelf, tmp_path)


def test_download_without_length_that_never_ends_is_stopped(shelf: Shelf, tmp_path: Path) -> None:
    shelf.extra = b"x" * 100_000

    with pytest.raises(ModelError, match="sends more than the expected"):
        fetch(shelf, tmp_path)
    assert len(BODY) >= (tmp_path / "model.bin.part").stat().st_size


def test_download_follows_a_redirect(shelf: Shelf, tmp_path: Path) -> None:
    shelf.redirects["/old"] = shelf.url + "/model.bin"

    assert fetch(shelf, tmp_path, path="/old") == BODY


def test_download_from_a_closed_port_says_so(tmp_path: Path) -> None:
    with running_shelf() as closed:
        pass

    with pytest.raises(ModelError, match="cannot be reached"):
        fetch(closed, tmp_path)


@pytest.mark.parametrize("url", ["http://example.org/m", "ftp://127.0.0.1/m", "file:///m"])
def test_download_by_an_unprotected_way_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="only https"):
        download(url, tmp_path / "m", PIN, lambda *_: None)


def test_download_goes_through_the_proxy_of_the_environment(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", shelf.url)
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv("NO_PROXY", "")
    shelf.files["http://127.0.0.1:9/model.bin"] = BODY
    target = tmp_path / "model.bin"

    download("http://127.0.0.1:9/model.bin", target, PIN, lambda *_: None)
    assert target.read_bytes() == BODY


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(cuts=st.lists(st.integers(1, 400_000), max_size=5))
def test_download_with_any_cuts_gives_the_bytes_of_the_server(
    shelf: Shelf, tmp_path: Path, cuts: list[int]
) -> None:
    shelf.cuts = cuts

    assert fetch(shelf, tmp_path) == BODY


def test_listed_pin_is_size_and_md5_of_the_publishers_list(shelf: Shelf) -> None:
    shelf.files["/list.json"] = b'[{"name":"m","md5":"ab","size":7,"lang":"ja"}]'

    assert Pin(bytes=7, md5="ab") == listed_pin(shelf.url + "/list.json", "m")


def test_listed_pin_of_an_unlisted_model_is_an_error(shelf: Shelf) -> None:
    shelf.files["/list.json"] = b"[]"

    with pytest.raises(ModelError, match="does not name m"):
        listed_pin(shelf.url + "/list.json", "m")


def test_listed_pin_from_a_page_that_is_no_list_is_an_error(shelf: Shelf) -> None:
    shelf.files["/list.json"] = b"<html>"

    with pytest.raises(ModelError, match="not a model list"):
        listed_pin(shelf.url + "/list.json", "m")


def test_check_of_the_right_bytes_passes(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(BODY)

    check(tmp_path / "model.bin", PIN, source="here")


def test_check_space_for_more_than_the_disk_has_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="make room"):
        check_space(tmp_path, 10**18)
