"""What leaves a site that encrypts its recordings is plain for whoever it is for, and whole."""

import asyncio
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from sipbot.age_file import Identity
from sipbot.audio_keys import AudioKeys, write_keys
from sipbot.disclosure import write_archive
from sipbot.handover_site import Site
from sipbot.ledger_privacy import PrivacyLedger
from sipbot.memo import Memo
from tests.memo_samples import AT
from tests.sites import CLIENT, a_site, fill
from tests.test_handover import consent, export


def encrypting(folder: Path) -> tuple[Site, Sequence[Memo]]:
    """A site with calls, all of whose recordings are encrypted."""
    write_keys(folder / "audio.agekey", [Identity.new()], AT)
    keys = AudioKeys(folder / "audio.agekey")
    site = replace(a_site(folder / "a", "agency-a", with_client=True), audio_keys=keys)
    memos = asyncio.run(fill(site))
    for memo in memos:
        site.recordings.seal(memo.call.id, sha256=memo.audio.sha256)
        assert not site.recordings.is_plain(memo.call.id)
    return site, memos


def test_bundle_of_a_hand_over_has_the_recordings_as_the_memos_say(tmp_path: Path) -> None:
    site, memos = encrypting(tmp_path)
    consent(site)

    manifest = export(site, a_site(tmp_path / "b", "agency-b"), tmp_path / "x.sipbot", [])

    packed = {one.path: one.sha256 for one in manifest.files if one.path.startswith("audio/")}
    assert {f"audio/{memo.call.id}.wav": memo.audio.sha256 for memo in memos} == packed
    assert () == manifest.missing


def test_archive_for_a_caller_has_the_recordings_as_they_were_said(tmp_path: Path) -> None:
    site, memos = encrypting(tmp_path)
    with PrivacyLedger.open(site.ledger) as ledger:
        held = [one for memo in memos if (one := ledger.all_of(memo.call.id)) is not None]
    path = tmp_path / "caller.zip"

    write_archive(
        path,
        held,
        site.recordings,
        site.dialplans,
        client=CLIENT,
        number="03-5550-1234",
        others=0,
        at=AT,
        note=lambda _: None,
    )

    with zipfile.ZipFile(path) as archive:
        said = {
            sha256(archive.read(name)).hexdigest()
            for name in archive.namelist()
            if name.startswith("audio/")
        }
    assert {memo.audio.sha256 for memo in memos} == said
