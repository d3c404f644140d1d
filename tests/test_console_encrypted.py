"""The console with encrypted recordings: heard as ever, in any range, by the right key alone."""

from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import pytest
import pytest_asyncio

from sipbot.age_file import Identity
from sipbot.audio_keys import write_keys
from sipbot.console.words_en import WORDS
from sipbot.memo import Memo
from tests.console_app import Desk, a_desk
from tests.consoles import a_morning
from tests.memo_samples import AT

ACCOUNTS = (
    'name = "taro"\nrole = "operator"\nclients = ["*"]',
    'name = "wall"\nrole = "viewer"\nclients = ["*"]\nmasked = true',
)


@pytest_asyncio.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with a_desk(tmp_path, ACCOUNTS, encrypted=True) as opened:
        yield opened


async def a_memo(desk: Desk) -> tuple[Memo, bytes]:
    """Leave a memo with an encrypted recording; return it and what was said."""
    memo = await desk.leave(a_morning()[0])
    recordings = desk.parts.recordings
    with recordings.open(memo.call.id) as file:
        content = file.read()
    recordings.seal(memo.call.id)
    assert not recordings.is_plain(memo.call.id)
    return memo, content


@pytest.mark.parametrize(
    ("asked", "status", "first", "end"),
    [
        (None, 200, 0, None),
        ("bytes=0-", 206, 0, None),
        ("bytes=100-199", 206, 100, 200),
        ("bytes=70000-140000", 206, 70_000, 140_001),
        ("bytes=-50", 206, -50, None),
        ("bytes=100-99999999", 206, 100, None),
        ("bytes=5-4", 200, 0, None),
        ("bytes=0-1,5-6", 200, 0, None),
        ("bytes=-", 200, 0, None),
        ("lines=1-2", 200, 0, None),
    ],
)
async def test_encrypted_recording_comes_in_the_range_that_is_asked_for(
    desk: Desk, asked: str | None, status: int, first: int, end: int | None
) -> None:
    memo, content = await a_memo(desk)
    headers = {"Range": asked} if asked else {}
    async with desk.browser("taro") as browser:
        answer = await browser.get(f"/memos/{memo.id}/audio", **headers)

    assert (status, content[first:end]) == (answer.status_code, answer.content)
    assert str(len(answer.content)) == answer.headers["Content-Length"]
    if status == 206:
        begin = first % len(content)
        named = f"bytes {begin}-{begin + len(answer.content) - 1}/{len(content)}"
        assert named == answer.headers["Content-Range"]


async def test_range_behind_the_end_is_refused(desk: Desk) -> None:
    memo, content = await a_memo(desk)
    async with desk.browser("taro") as browser:
        answer = await browser.get(f"/memos/{memo.id}/audio", Range=f"bytes={len(content)}-")
    assert (416, f"bytes */{len(content)}") == (
        answer.status_code,
        answer.headers["Content-Range"],
    )


async def test_rest_of_another_recording_is_not_added_to_what_a_browser_has(desk: Desk) -> None:
    memo, content = await a_memo(desk)
    async with desk.browser("taro") as browser:
        ranged = {"Range": "bytes=100-", "If-Range": '"another"'}
        answer = await browser.get(f"/memos/{memo.id}/audio", **ranged)
    assert (200, content) == (answer.status_code, answer.content)


async def test_page_has_the_picture_and_the_parts_of_an_encrypted_recording(desk: Desk) -> None:
    memo, _ = await a_memo(desk)
    async with desk.browser("taro") as browser:
        page = (await browser.get(f"/memos/{memo.id}")).text
        part = await browser.get(f"/memos/{memo.id}/audio?part=1")
    assert 'id="wave"' in page
    assert (200, b"RIFF") == (part.status_code, part.content[:4])


async def test_masked_account_hears_a_masked_copy_that_never_lay_plain(desk: Desk) -> None:
    memo, content = await a_memo(desk)
    async with desk.browser("wall") as browser:
        answer = await browser.get(f"/memos/{memo.id}/audio")
    files = {path.name for path in (desk.spool / memo.call.id).iterdir()}

    assert (200, len(content)) == (answer.status_code, len(answer.content))
    assert content != answer.content
    assert {"audio.wav.age", "audio-masked.wav.age", "audio-masked.json"} == files


async def test_without_its_key_the_page_says_so_and_nothing_is_deleted(
    desk: Desk, tmp_path: Path
) -> None:
    memo, _ = await a_memo(desk)
    sealed = desk.spool / memo.call.id / "audio.wav.age"
    before = sha256(sealed.read_bytes()).hexdigest()
    write_keys(tmp_path / "audio.agekey", [Identity.new()], AT)
    async with desk.browser("taro") as browser:
        page = (await browser.get(f"/memos/{memo.id}")).text
        answer = await browser.get(f"/memos/{memo.id}/audio")

    assert WORDS["audio_locked"] in page
    assert 503 == answer.status_code
    assert before == sha256(sealed.read_bytes()).hexdigest()
