"""What ``sipbot doctor`` finds of the store of recordings: is it there, has it all of them?"""

import asyncio
from collections.abc import Iterator

from sipbot.audio_store_view import View, view_of
from sipbot.config import Settings
from sipbot.doctor_finding import Finding
from sipbot.errors import AudioStoreError, LedgerError, SpoolError
from sipbot.from_settings import bucket_of, ledger_path, recordings_of
from sipbot.s3 import S3, Bucket

_PART = "audio store"


async def examine(settings: Settings) -> list[Finding]:
    """Return what is to be said of the store; nothing where there is none."""
    bucket = bucket_of(settings)
    if bucket is None:
        return []
    return await asyncio.to_thread(lambda: list(_findings(settings, bucket)))


def _findings(settings: Settings, bucket: Bucket) -> Iterator[Finding]:
    try:
        store = S3(bucket)
        store.try_out()
        versions, keys = store.keeps_versions(), list(store.keys())
    except AudioStoreError as error:
        remedy = "Recordings are kept here all the same, and wait for it"
        yield Finding(part=_PART, state="failed", found=str(error), remedy=remedy)
        return
    if versions:
        yield Finding(
            part=_PART,
            state="warning",
            found=f"{bucket.where} keeps old versions: what is erased here can be read there",
            remedy="Switch versioning off, or have old versions expire soon: docs/privacy.md",
        )
    if bucket.url.startswith("http:"):
        yield Finding(
            part=_PART,
            state="warning",
            found=f"{bucket.url} is spoken to without TLS: its key can be used by who listens",
            remedy="Use https, unless the store is on this machine or a network of your own",
        )
    try:
        seen = view_of(ledger_path(settings), recordings_of(settings), bucket.site, keys)
    except (LedgerError, SpoolError):
        return  # their own findings say so
    yield _compared(bucket, seen)


def _compared(bucket: Bucket, seen: View) -> Finding:
    counts = f"{seen.there} there, {seen.here} encrypted here"
    told = f"{bucket.where}: files of site {bucket.site}: {counts}"
    if seen.lost:
        return Finding(
            part=_PART,
            state="warning",
            found=f"{told}; {len(seen.lost)} that it had are gone there",
            remedy="sipbot audio-store refill",
        )
    if seen.missing_here:
        return Finding(
            part=_PART,
            state="warning",
            found=f"{told}; {len(seen.missing_here)} are there alone, and nobody erased them here",
            remedy="sipbot audio-store fetch",
        )
    if seen.strays:
        return Finding(
            part=_PART,
            state="warning",
            found=f"{told}; {len(seen.strays)} there are of no call that should have them",
            remedy="sipbot audio-store status names them",
        )
    return Finding(part=_PART, state="ok", found=f"{told}; {seen.waiting} calls wait")
