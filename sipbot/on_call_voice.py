"""Speaks a sentence into a file, as a process of its own: engines are slow and give way to calls.

Text on standard input; the language and the file to write are its arguments.  Exit code 0 is
success; otherwise standard error says why, and never with a word of the text: what callers said
is in it, and why goes to the log and to an alert.
"""

import asyncio
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sipbot import voices
from sipbot.errors import PromptError
from sipbot.prompt_audio import at_line_rate, ready, write

SPEAK_MAX_S = 60.0
"""Longest time for a sentence: Open JTalk needs 0.5 s, Kokoro a few seconds, on a busy machine ten
times as long (our wish)."""


async def speak(text: str, language: str, path: Path) -> None:
    """Speak into a file.

    Args:
        text: one or more sentences.
        language: ja, en or ko.
        path: a WAV that a telephone line can play, written whole.

    Raises:
        PromptError: no voice is installed, or it failed; its words have nothing of the text.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "sipbot.on_call_voice", language, str(path)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(SPEAK_MAX_S):
            _, why = await process.communicate(text.encode())
    except TimeoutError as error:
        raise PromptError(f"the voice for {language} took more than {SPEAK_MAX_S:g} s") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        ended = f"the voice for {language} ended with code {process.returncode}"
        raise PromptError(why.decode(errors="replace").strip() or ended)


def main() -> int:
    """Speak what standard input says; see the module's docstring."""
    language, path = sys.argv[1], Path(sys.argv[2])
    try:
        voice = voices.choose(language)
    except PromptError as error:
        print(error, file=sys.stderr)  # noqa: T201 - its words to who started it
        return 1
    with _engines_unheard():
        failed = _failure(voice, language, path)
    if failed:
        print(failed, file=sys.stderr)  # noqa: T201 - its words to who started it
        return 1
    return 0


def _failure(voice: voices.Voice, language: str, path: Path) -> str:
    """Speak standard input into the file; what went wrong, empty when nothing did."""
    try:
        samples, rate_hz = voices.speak(voice, sys.stdin.read(), language)
        write(path, ready(at_line_rate(samples, rate_hz)))
    except Exception as error:  # noqa: BLE001 - engines raise what they like, often with the text
        return f"the voice {voice.name} failed ({type(error).__name__})"
    return ""


@contextmanager
def _engines_unheard() -> Iterator[None]:
    """Nothing reaches standard error: engines in C, and warnings, may quote what they speak."""
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


if __name__ == "__main__":
    sys.exit(main())
