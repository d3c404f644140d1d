"""The texts of the bare loop: ``python -m benchmarks.bare_texts vosk|faster-whisper FOLDER NICE``.

For each line on stdin, ``["FILE", "LANGUAGE"]`` in JSON, it prints the text of the file, a string
in JSON.  Nothing of sipbot is between the engine and its text.
"""

import json
import os
import sys
import wave

from benchmarks.bare import LOOPS
from benchmarks.damage import SEED


def main(engine: str, model_path: str, nice: str) -> None:
    """See the module's docstring."""
    os.nice(int(nice))  # as the recogniser, or a busy machine would favour the loop
    read = LOOPS[engine](model_path)
    if engine == "faster-whisper":
        import ctranslate2

        # whisper's second tries draw lots; the same ones in every run
        ctranslate2.set_random_seed(SEED)
    for line in sys.stdin:
        path, language = json.loads(line)
        with wave.open(path, "rb") as audio:
            pcm, rate_hz = audio.readframes(audio.getnframes()), audio.getframerate()
        print(json.dumps(read(pcm, rate_hz, language)), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
