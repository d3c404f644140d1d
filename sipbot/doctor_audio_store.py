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
    if versions is None:
        yield _warning(
            f"{bucket.where} does not let us see whether it keeps what is erased here",
            "Let the key ask for it (s3:GetBucketVersioning), or look there yourself",
        )
    if versions:
        yield _warning(
            f"{bucket.where} keeps old versions: what is erased here can be read there",
            "Switch versioning off, or have old versions expire soon: docs/privacy.md",
        )
    if bucket.url.startswith("http:"):
        yield _warning(
            f"{bucket.url} is spoken to without TLS: its key can be used by who listens",
            "Use https, unless the store is on this machine or a network of your own",
        )
    try:
        seen = view_of(ledger_path(settings), recordings_of(settings), bucket, keys)
    except (LedgerError, SpoolError):
        return  # their own findings say so
    for place, count in seen.erased_elsewhere.items():
        yield _warning(
            f"{place}: has {count} files that were erased here since another store is named",
            "Name it once more until doctor is quiet, or delete its bucket; docs/privacy.md",
        )
    yield _compared(bucket, seen)


def _compared(bucket: Bucket, seen: View) -> Finding:
    """The most urgent one of what is amiss; status names them all."""
    counts = f"{seen.there} there, {seen.here} encrypted here"
    told = f"{bucket.where}: files of site {bucket.site}: {counts}"
    amiss = (
        (seen.lost, "that it had are gone there", "sipbot audio-store refill"),
        (
            seen.missing_here,
            "are there alone, and nobody erased them here",
            "sipbot audio-store fetch",
        ),
        (
            seen.nowhere,
            "that it had are gone there, and not here either",
            "sipbot audio-store status names them; a backup of var/spool may have them",
        ),
        (
            seen.strays,
            "there are of calls that nothing here knows",
            "sipbot audio-store status names them; is the ledger an older one, put back?",
        ),
    )
    for files, what, remedy in amiss:
        if files:
            return _warning(f"{told}; {len(files)} {what}", remedy)
    return Finding(part=_PART, state="ok", found=f"{told}; {seen.waiting} calls wait")


def _warning(found: str, remedy: str) -> Finding:
    return Finding(part=_PART, state="warning", found=found, remedy=remedy)
