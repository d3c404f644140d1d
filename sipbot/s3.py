"""A bucket in an S3 store; the only importer of boto3.

Data path: audio_store_target -> [s3] -> store

Blocks: every method is for a thread.  boto3 is an extra (``sipbot[audio-store]``): a site without
such a store needs none.
"""

import base64
import hashlib
import os
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, BinaryIO, cast

import msgspec

from sipbot.errors import AudioStoreError, AudioStoreRefusedError

CONNECT_S = 5
"""How long a store may take to let us in, as the archive."""

ANSWER_S = 20
"""How long it may be silent within one request (our wish)."""

MOST_BYTES = 5 << 30
"""Of one upload, by S3's definition of PutObject; half an hour has 29 MB."""

_CHUNK_BYTES = 1 << 20

_OF_US = frozenset({401, 403, 407, 408, 429})
"""Statuses of a request that another one would get as well: who we are, or how often we ask."""

_OF_US_CODES = frozenset(
    {
        "AuthorizationHeaderMalformed",
        "ExpiredToken",
        "InvalidBucketName",
        "InvalidToken",
        "NoSuchBucket",
        "OperationAborted",
        "RequestTimeout",
        "SlowDown",
        "XMinioAdminBucketQuotaExceeded",
    }
)
"""The same, where the store answers 400, 404 or 409 (S3's list of error codes, MinIO's)."""

_OF_OBJECT_CODES = frozenset({"InvalidObjectState"})
"""Of one object although the status is 403: it lies in an archive of the store's."""


class Bucket(msgspec.Struct, frozen=True, kw_only=True):
    """Where a site's recordings go."""

    url: str
    """Of the store."""
    bucket: str
    region: str
    access_key: str
    secret_key: str
    site: str
    """Ours; before the name of every object."""

    def __repr__(self) -> str:
        """Nothing secret: tracebacks are shown."""
        return f"Bucket({self.place!r})"

    @property
    def where(self) -> str:
        """For people; nothing secret."""
        return f"{self.url.rstrip('/')}/{self.bucket}"

    @property
    def place(self) -> str:
        """What tells its files from those of every other store."""
        return f"{self.where}/{self.site}"


class S3:
    """One bucket; connections are made when something is asked.

    Every method raises AudioStoreError when the store is away or refuses us.

    Args:
        bucket: where.
        aborted: set from another thread to have what is being done break off; nothing more is
            stored then.

    Raises:
        AudioStoreError: boto3 does not load, or what it reads of its own on this machine is wrong.
    """

    def __init__(self, bucket: Bucket, aborted: threading.Event | None = None) -> None:
        self._bucket = bucket
        self._aborted = aborted or threading.Event()
        boto3, configuring, self._failures = _libraries()
        manner = configuring.Config(
            connect_timeout=CONNECT_S,
            read_timeout=ANSWER_S,
            retries={"total_max_attempts": 1},  # the outbox does that, and tells people
            signature_version="s3v4",
            s3={"addressing_style": "path"},  # a bucket's own host name is known to few DNS servers
            # boto3's own checksums (1.36, 2025) are refused by stores that do not know them; ours
            # is Content-MD5, which all have known from the beginning.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        try:
            self._client = boto3.client(
                "s3",
                endpoint_url=bucket.url,
                region_name=bucket.region,
                aws_access_key_id=bucket.access_key,
                aws_secret_access_key=bucket.secret_key,
                config=manner,
            )
        except (self._failures.BotoCoreError, ValueError) as error:
            raise AudioStoreError(
                f"{bucket.where}: boto3 does not take this: {error}. Check audio_store.url, and "
                "the environment and ~/.aws of who runs sipbot: boto3 reads AWS_PROFILE and others"
            ) from error

    def put(self, key: str, file: BinaryIO, size_bytes: int) -> None:
        """Store a file, whole or not at all; what has the name until then is replaced.

        Args:
            key: the object's name.
            file: at its beginning.
            size_bytes: how much there is of it.

        Raises:
            AudioStoreRefusedError: the store is there and does not take this.
        """
        if size_bytes > MOST_BYTES:
            raise AudioStoreRefusedError(
                f"{key}: {size_bytes} bytes are more than S3 takes at once"
            )
        digest = hashlib.file_digest(cast("Any", file), "md5")
        file.seek(0)
        with self._explained():
            self._client.put_object(
                Bucket=self._bucket.bucket,
                Key=key,
                Body=_Body(file, self._aborted),
                ContentLength=size_bytes,
                ContentMD5=base64.b64encode(digest.digest()).decode(),
                ContentType="application/octet-stream",
            )
            _go_on(self._aborted)
            found = self._client.head_object(Bucket=self._bucket.bucket, Key=key)
        there_bytes = found.get("ContentLength")
        if there_bytes != size_bytes:
            raise AudioStoreRefusedError(
                f"{self._bucket.where}: {key} has {there_bytes} bytes there, {size_bytes} were sent"
            )

    def get(self, key: str, file: BinaryIO) -> None:
        """Write an object into a file.

        Raises:
            AudioStoreError: there is none, or it broke off.
        """
        with self._explained():
            answer = self._client.get_object(Bucket=self._bucket.bucket, Key=key)
            file.writelines(answer["Body"].iter_chunks(_CHUNK_BYTES))

    def delete(self, key: str) -> None:
        """Delete an object; one that is not there is deleted."""
        with self._explained():
            self._client.delete_object(Bucket=self._bucket.bucket, Key=key)

    def keys(self) -> Iterator[str]:
        """Yield the name of every object of our site."""
        with self._explained():
            pages = self._client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self._bucket.bucket, Prefix=f"{self._bucket.site}/"):
                _go_on(self._aborted)
                yield from (one["Key"] for one in page.get("Contents", ()))

    def keeps_versions(self) -> bool | None:
        """Whether it has versions of what was deleted or replaced; None: it does not let us see.

        Suspended counts: it keeps those that it has.
        """
        with self._explained():
            try:
                answer = self._client.get_bucket_versioning(Bucket=self._bucket.bucket)
            except self._failures.ClientError as error:
                if error.response["Error"]["Code"] in {"NotImplemented", "MethodNotAllowed"}:
                    return False
                if error.response["Error"]["Code"] == "AccessDenied":
                    return None
                raise
        return bool(answer.get("Status"))

    def try_out(self) -> None:
        """Store, read and delete a few bytes.

        Raises:
            AudioStoreError: one of the three is not possible, or they came back changed.
        """
        # Its own name: two who try at the same time must not read each other's.
        key, content = f"{self._bucket.site}/doctor-{secrets.token_hex(8)}", os.urandom(64)
        with self._explained():
            self._client.put_object(Bucket=self._bucket.bucket, Key=key, Body=content)
            body = self._client.get_object(Bucket=self._bucket.bucket, Key=key)["Body"].read()
            self._client.delete_object(Bucket=self._bucket.bucket, Key=key)
        if body != content:
            raise AudioStoreError(f"{self._bucket.where}: gives back other bytes than it was given")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn what the store or the network refuses into a sentence with a remedy."""
        try:
            yield
        except self._failures.ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            problem = f"{self._bucket.where}: {code} ({status}) at {error.operation_name}"
            if _is_of_object(code, status):
                raise AudioStoreRefusedError(problem) from error
            raise AudioStoreError(
                f"{problem}. Check audio_store.bucket, region, access_key and secret_key, and what "
                "the key may do there"
            ) from error
        except self._failures.BotoCoreError as error:
            # Not more of its words: some have the address of a signed request in them.
            problem = f"{self._bucket.where}: {type(error).__name__}"
            raise AudioStoreError(
                f"{problem}. Is the store up, and audio_store.url right?"
            ) from error


class _Body:
    """A file that breaks off when somebody wants it to."""

    def __init__(self, file: BinaryIO, aborted: threading.Event) -> None:
        self._file = file
        self._aborted = aborted
        self.seek, self.tell = file.seek, file.tell

    # The thread that stores.
    def read(self, size: int = -1) -> bytes:
        """Return the next bytes, as a file does."""
        _go_on(self._aborted)
        return self._file.read(size)


def _go_on(aborted: threading.Event) -> None:
    if aborted.is_set():
        raise AudioStoreError("sipbot stops; it is done after the next start")


def _is_of_object(code: str, status: int) -> bool:
    """Whether a refusal is of one object: others may well be taken."""
    if code in _OF_OBJECT_CODES:
        return True
    return 400 <= status < 500 and status not in _OF_US and code not in _OF_US_CODES


def _libraries() -> tuple[Any, Any, Any]:
    """Return boto3, and of botocore what configures and what explains it."""
    try:
        return (
            import_module("boto3"),
            import_module("botocore.config"),
            import_module("botocore.exceptions"),
        )
    except ImportError as error:
        raise AudioStoreError(
            f"the audio store needs boto3, which does not load: {error}. Install it: "
            ".venv/bin/pip install -e '.[audio-store]'"
        ) from error
