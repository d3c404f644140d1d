"""Speaks a sentence into a file, as a process of its own: engines are slow and give way to calls.

Text on standard input; the language and the file to write are its arguments.  Exit code 0 is
success; otherwise standard error says why.
"""

import asyncio
import sys
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
        PromptError: no voice is installed, or it failed.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "sipbot.on_call_voice", language, str(path)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(SPEAK_MAX_S):
            _, said = await process.communicate(text.encode())
    except TimeoutError as error:
        raise PromptError(f"the voice for {language} took more than {SPEAK_MAX_S:g} s") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise PromptError(said.decode(errors="replace").strip() or f"no voice for {language}")


def main() -> int:
    """Speak what standard input says; see the module's docstring."""
    language, path = sys.argv[1], Path(sys.argv[2])
    try:
        voice = voices.choose(language)
        samples, rate_hz = voices.speak(voice, sys.stdin.read(), language)
        write(path, ready(at_line_rate(samples, rate_hz)))
    except PromptError as error:
        print(error, file=sys.stderr)  # noqa: T201 - its words to who started it
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
