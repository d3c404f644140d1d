"""Refusals of one object are told from those of everything, and nothing secret is said."""

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import msgspec
import pytest

from sipbot.errors import AudioStoreError, AudioStoreRefusedError
from sipbot.s3 import S3, Bucket
from tests.s3_server import SECRET, S3Server, running

peer = pytest.mark.peer

BUCKET = Bucket(
    url="http://127.0.0.1:9",
    bucket="recordings",
    region="us-east-1",
    access_key="sipbot",
    secret_key=SECRET,
    site="main",
)


def test_settings_of_boto3_that_are_wrong_are_told_with_a_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobodys")
    with pytest.raises(AudioStoreError, match=r"nobodys.*boto3 reads AWS_PROFILE"):
        S3(BUCKET)


def test_secret_is_in_no_traceback() -> None:
    assert SECRET not in repr(BUCKET)


@contextmanager
def answering(status: int, body: str = "") -> Iterator[Bucket]:
    """A server that says the same to everybody: what the real one does not say when asked to."""

    class Handler(BaseHTTPRequestHandler):
        def handle_one_request(self) -> None:
            self.raw_requestline = self.rfile.readline()
            if self.raw_requestline and self.parse_request():
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(b"" if self.command == "HEAD" else body.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
            """Nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield msgspec.structs.replace(BUCKET, url=f"http://127.0.0.1:{server.server_port}")
        finally:
            server.shutdown()
            thread.join()


def code(name: str) -> str:
    return f"<Error><Code>{name}</Code></Error>"


@pytest.mark.parametrize(
    ("status", "body", "of_object"),
    [
        (413, "", True),
        (400, code("EntityTooLarge"), True),
        (404, code("NoSuchKey"), True),
        (403, code("InvalidObjectState"), True),
        (403, code("AccessDenied"), False),
        (404, code("NoSuchBucket"), False),
        (400, code("RequestTimeout"), False),
        (429, "", False),
        (503, code("SlowDown"), False),
        (507, "", False),
    ],
)
def test_refusal_of_one_object_is_told_from_one_of_everything(
    status: int, body: str, of_object: bool
) -> None:
    with answering(status, body) as bucket, pytest.raises(AudioStoreError) as raised:
        S3(bucket).put("main/c/audio.wav.age", io.BytesIO(b"some"), 4)
    assert of_object == isinstance(raised.value, AudioStoreRefusedError)


@pytest.mark.parametrize(
    ("status", "body", "wanted"),
    [
        (200, "<VersioningConfiguration/>", False),
        (200, "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>", True),
        (
            200,
            "<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>",
            True,
        ),
        (501, code("NotImplemented"), False),
        (403, code("AccessDenied"), None),
    ],
)
def test_bucket_that_has_old_versions_or_hides_them_says_so(
    status: int, body: str, wanted: bool | None
) -> None:
    with answering(status, body) as bucket:
        assert wanted is S3(bucket).keeps_versions()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with running(tmp_path_factory.mktemp("s3")) as server:
        yield server


class _Changing(io.BytesIO):
    """A file that has other bytes when it is read for the second time."""

    def seek(self, offset: int, whence: int = 0) -> int:
        self.getbuffer()[0] = 1
        return super().seek(offset, whence)


@peer
def test_file_that_changes_on_its_way_is_refused_by_the_store(shared: S3Server) -> None:
    store = S3(shared.bucket("changing"))
    with pytest.raises(AudioStoreRefusedError, match="BadDigest"):
        store.put("changing/c/audio.wav.age", _Changing(bytes(1000)), 1000)
    assert [] == list(store.keys())


@peer
def test_store_that_is_asked_to_break_off_stores_nothing(shared: S3Server, tmp_path: Path) -> None:
    aborted = threading.Event()
    store, path = S3(shared.bucket("aborted"), aborted), tmp_path / "long"
    path.write_bytes(bytes(1 << 20))
    aborted.set()
    with path.open("rb") as file, pytest.raises(AudioStoreError):
        store.put("aborted/c/audio.wav.age", file, 1 << 20)
    assert [] == list(S3(shared.bucket("aborted")).keys())
