"""The bare loop: an engine and nothing else, in a process of its own, as fast as it can.

``python -m benchmarks.bare vosk|faster-whisper MODEL-FOLDER LANGUAGE NICE WAV`` loads the model,
prints ``ready``, and for each line on stdin, ``THREADS READINGS``, prints the seconds that so many
threads need to read the file so many times.  Model and audio are loaded before the clock starts.
"""

import json
import os
import queue
import sys
import threading
import time
import wave
from collections.abc import Callable

import numpy as np

from sipbot.speech.ears import HEARING_RATE_HZ
from sipbot.speech.upsample import upsample

Read = Callable[[bytes, int, str], str]
"""16-bit samples, samples a second (8000 or 16000), language → text."""


def vosk_loop(model_path: str) -> Read:
    """Return what reads as vosk's own example does, in the chunks that sipbot feeds."""
    import vosk

    from sipbot.speech.vosk_ear import feeding

    vosk.SetLogLevel(-1)
    model = vosk.Model(model_path)

    def read(pcm: bytes, rate_hz: int, language: str) -> str:  # noqa: ARG001 - the model's own
        recogniser = vosk.KaldiRecognizer(model, HEARING_RATE_HZ)
        recogniser.SetWords(True)  # noqa: FBT003 - vosk's own signature
        stretches = [
            recogniser.Result()
            for chunk in feeding([pcm], rate_hz)
            if recogniser.AcceptWaveform(chunk)
        ]
        stretches.append(recogniser.FinalResult())
        return " ".join(json.loads(stretch)["text"] for stretch in stretches)

    return read


def whisper_loop(model_path: str) -> Read:
    """Return what reads as faster-whisper's own example does."""
    from faster_whisper import WhisperModel

    from sipbot.speech.whisper_ear import BEAM

    model = WhisperModel(
        model_path, device="cpu", compute_type="int8", cpu_threads=1, local_files_only=True
    )

    def read(pcm: bytes, rate_hz: int, language: str) -> str:
        samples = np.frombuffer(pcm, "<i2")
        wide = samples if rate_hz == HEARING_RATE_HZ else upsample(samples)
        heard = wide.astype(np.float32) / 32768
        segments, _ = model.transcribe(
            heard,
            language=language,
            beam_size=BEAM,
            vad_filter=True,
            word_timestamps=True,
            condition_on_previous_text=False,
        )
        return "".join(segment.text for segment in segments)

    return read


LOOPS: dict[str, Callable[[str], Read]] = {"vosk": vosk_loop, "faster-whisper": whisper_loop}


def timed(read: Callable[[bytes], str], recordings: list[bytes], threads: int) -> float:
    """Return the seconds that `threads` threads need for all recordings."""
    waiting: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    for pcm in recordings:
        waiting.put(pcm)

    # In each of the threads.
    def work() -> None:
        while True:
            try:
                pcm = waiting.get_nowait()
            except queue.Empty:
                return
            read(pcm)

    workers = [threading.Thread(target=work) for _ in range(threads)]
    began = time.monotonic()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return time.monotonic() - began


def main(engine: str, model_path: str, language: str, nice: str, file: str) -> None:
    """See the module's docstring."""
    os.nice(int(nice))  # as the recogniser, or a busy machine would favour the loop
    loop = LOOPS[engine](model_path)
    with wave.open(file, "rb") as audio:
        pcm, rate_hz = audio.readframes(audio.getnframes()), audio.getframerate()

    def read(recording: bytes) -> str:
        return loop(recording, rate_hz, language)

    print("ready", flush=True)
    for line in sys.stdin:
        threads, readings = map(int, line.split())
        print(timed(read, [pcm] * readings, threads), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
