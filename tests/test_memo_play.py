"""A recording on the loudspeaker: found, fetched, proved, played, or a word about what to do."""

import asyncio
import http.server
import threading
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sipbot.cli_memos import memos_app
from sipbot.errors import UsageError
from sipbot.ledger import Ledger
from sipbot.memo import Memo
from sipbot.memo_answers import Evidence
from sipbot.memo_clip import number_part
from sipbot.memo_play import fetched, kept, play, player
from sipbot.recordings import Recordings
from sipbot.records import EndedBy, EndState
from tests.memo_samples import AT, a_memo, a_memo_of, an_offer

WAV = b"RIFF....WAVE"


def recorded_at(url: str, content: bytes = WAV) -> Memo:
    audio = a_memo().audio.model_copy(
        update={"url": url, "sha256": sha256(content).hexdigest(), "duration_s": 12.5}
    )
    return a_memo().model_copy(update={"audio": audio})


@contextmanager
def console(status: int = 200) -> Iterator[str]:
    """Serve the recording as a console does; yield its address."""

    class Console(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(WAV)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.HTTPServer(("127.0.0.1", 0), Console) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/audio/1"
        finally:
            server.shutdown()
            serving.join()


def heard_here(memo: Memo, spool: Path) -> bytes | None:
    file = kept(memo, Recordings(spool))
    if file is None:
        return None
    with file:
        return file.read()


def test_player_is_one_that_is_installed() -> None:
    assert "ffplay" == player(lambda name: name if name == "ffplay" else None)[0]


def test_without_a_player_the_remedy_is_said() -> None:
    with pytest.raises(UsageError, match=r"install SoX .* --save FILE"):
        player(lambda _: None)


def test_recording_is_what_the_player_is_given(tmp_path: Path) -> None:
    heard = tmp_path / "heard"
    play(WAV, ("sh", "-c", f'cat "$0" > {heard}'))

    assert WAV == heard.read_bytes()


def test_player_that_fails_is_named_with_its_words() -> None:
    with pytest.raises(UsageError, match=r"sh cannot play it: no loudspeaker\. Keep it"):
        play(WAV, ("sh", "-c", "echo no loudspeaker >&2; exit 1"))


def test_recording_on_this_machine_is_its_file(tmp_path: Path) -> None:
    file = tmp_path / "with space.wav"
    file.write_bytes(WAV)

    assert WAV == heard_here(recorded_at(file.as_uri()), tmp_path / "elsewhere")


@pytest.mark.parametrize("content", [WAV, None])
def test_recording_behind_the_console_is_read_from_the_spool(
    content: bytes | None, tmp_path: Path
) -> None:
    memo = recorded_at("https://console.example/memos/1/audio")
    file = tmp_path / memo.call.id / "audio.wav"
    if content is not None:
        file.parent.mkdir()
        file.write_bytes(content)

    assert content == heard_here(memo, tmp_path)


def test_recording_in_the_spool_that_is_not_the_memos_is_refused(tmp_path: Path) -> None:
    memo = recorded_at("https://console.example/memos/1/audio", b"another")
    file = tmp_path / memo.call.id / "audio.wav"
    file.parent.mkdir()
    file.write_bytes(WAV)

    with pytest.raises(UsageError, match="its hash differs"):
        heard_here(memo, tmp_path)


def test_recording_elsewhere_is_fetched() -> None:
    with console() as url:
        assert WAV == fetched(recorded_at(url)).read()


def test_recording_that_is_not_the_memos_is_not_played() -> None:
    with console() as url, pytest.raises(UsageError, match="its hash differs"):
        fetched(recorded_at(url, b"another"))


def test_console_that_wants_a_login_is_named_so() -> None:
    with console(403) as url, pytest.raises(UsageError, match="open it in a browser"):
        fetched(recorded_at(url))


@pytest.mark.parametrize("url", ["http://192.0.2.1/a", "ftp://127.0.0.1/a", "audio.wav"])
def test_recording_is_fetched_in_no_way_that_others_can_hear(url: str) -> None:
    with pytest.raises(UsageError, match="by https only"):
        fetched(recorded_at(url))


def test_part_of_the_number_is_where_the_number_to_call_is_said() -> None:
    memo = a_memo()
    spoken = [
        Evidence(source="speech", number=number, audio_from_s=at, audio_to_s=at + 3)
        for at, number in ((2.0, "+81300000000"), (8.0, str(memo.callback.number)))
    ]
    callback = memo.callback.model_copy(update={"evidence": (*spoken, *memo.callback.evidence)})

    assert 2 == number_part(memo.model_copy(update={"callback": callback}))


def test_number_that_nobody_said_cannot_be_played() -> None:
    with pytest.raises(UsageError, match="leave --number out"):
        number_part(a_memo())


def test_save_keeps_the_seconds_instead_of_playing_them(tmp_path: Path) -> None:
    """A server has no loudspeaker."""
    recording, kept = tmp_path / "audio.wav", tmp_path / "kept.wav"
    with wave.open(str(recording), "wb") as audio:
        audio.setnchannels(1)
        audio.setsampwidth(2)
        audio.setframerate(8000)
        audio.writeframes(bytes(2 * 8000 * 12))

    async def store() -> Memo:
        async with Ledger.open(tmp_path / "sipbot.sqlite3") as ledger:
            offer = an_offer()
            await ledger.add_call(offer, "yamato", "request-uri", "yamato")
            audio = recorded_at(recording.as_uri()).audio
            memo = a_memo_of(offer).model_copy(update={"audio": audio})
            await ledger.end_call(offer.call, EndState.MEMO, AT, EndedBy.CALLER, 200, memo)
            return memo

    memo = asyncio.run(store())
    words = ["play", memo.id, "--var", str(tmp_path), "--save", str(kept)]
    first, again = (CliRunner().invoke(memos_app, words) for _ in range(2))

    assert (0, f"{kept}: 0:00-0:13 of 12.5 s\n") == (first.exit_code, first.stdout)
    assert (recording.read_bytes(), 2) == (kept.read_bytes(), again.exit_code)
    assert "choose another place with --save" in again.stderr


def test_help_of_play_names_its_options() -> None:
    shown = CliRunner().invoke(memos_app, ["play", "--help"], env={"COLUMNS": "120"}).stdout

    assert {"--number", "--part", "--save"} <= set(shown.split())
