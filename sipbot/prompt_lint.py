"""What is wrong with a prompt before a caller hears it: its sound, and its words.

Sound is judged by the file, words by what the manifest says is said; nobody is asked to listen.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from sipbot import prompt_phrases
from sipbot.errors import Mistake, PromptError
from sipbot.prompt_audio import (
    LEVEL_DBFS,
    LINE_RATE_HZ,
    Look,
    look,
    read_prompt,
)
from sipbot.prompt_manifest import Entry, sha256
from sipbot.wav import check_prompt

SHORTEST_S = 0.3
"""The shortest prompt that ships, a digit, lasts 0.4 s; less is an empty or a cut file."""
LONGEST_S = 30.0
"""The longest prompt that ships lasts 12 s; after half a minute callers have hung up."""
LEVEL_RANGE_DBFS = (LEVEL_DBFS - 10, LEVEL_DBFS + 4)
"""Down to -26 dBFS, the level at which ITU-T has speech compared (P.56, G.191); up to where the
3 dB of head room are gone for most voices."""
PEAK_LIMIT_DBFS = -1.0
"""A codec's rounding and a gateway's gain clip what is nearer to full scale."""
DC_LIMIT = 0.01
"""-40 dBFS: below it nobody hears the step at the beginning and the end."""
LEAD_LIMIT_S = 1.0
"""A caller who hears nothing for a second says "hello?" into the greeting."""
TAIL_LIMIT_S = 1.5
"""The tone comes after it: callers begin to speak before they are recorded."""


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """What a client wants beyond what holds for all."""

    require: tuple[str, ...] = ()
    """Phrases that one prompt at least must say, such as the client's name."""
    forbid: tuple[str, ...] = ()
    """Phrases that no prompt may say."""
    longest_s: float = LONGEST_S


def lint(
    path: Path, entry: Entry | None, language: str, rules: Rules | None = None
) -> list[Mistake]:
    """Everything that is wrong with one prompt.

    Args:
        path: of the file.
        entry: its entry in the manifest; None when there is none.
        language: of the words where the entry does not say.
        rules: what the client wants; None for nothing special.
    """
    rules = rules or Rules()
    return [*_sound(path, rules), *_record(path, entry), *_words(path, entry, language, rules)]


def lacking(place: Path, texts: Sequence[str], rules: Rules) -> list[Mistake]:
    """The required phrases that none of these texts says.

    Args:
        place: the folder or dialplan that the texts belong to.
        texts: what all its prompts say.
        rules: what the client wants.
    """
    said = prompt_phrases.containing("\n".join(texts), rules.require)
    return [
        Mistake(
            file=place,
            key="require",
            value=phrase,
            problem="is said in no prompt",
            remedy="Add it to the text of one and render it again",
        )
        for phrase in rules.require
        if phrase not in said
    ]


def _sound(path: Path, rules: Rules) -> Iterator[Mistake]:
    try:
        facts = check_prompt(path)
        samples = read_prompt(path)
    except PromptError as error:
        problem, _, remedy = str(error).removeprefix(f"{path}: ").partition(". ")
        yield Mistake(file=path, key="format", problem=problem, remedy=remedy or _again(path))
        return
    if facts.rate_hz != LINE_RATE_HZ:
        problem = f"is more than the line carries, {LINE_RATE_HZ} Hz"
        yield _of(path, "rate", f"{facts.rate_hz} Hz", problem, _again(path))
    measured = look(samples)
    if measured.level_dbfs is None or measured.peak_dbfs is None:
        yield _of(path, "level", "", "holds no sound at all", "Record it again")
        return
    yield from _length(path, measured, rules)
    yield from _loudness(path, measured)


def _length(path: Path, measured: Look, rules: Rules) -> Iterator[Mistake]:
    length = f"{measured.duration_s:.1f} s"
    if measured.duration_s < SHORTEST_S:
        yield _of(path, "length", length, f"is below {SHORTEST_S:g} s", "Record it again")
    if measured.duration_s > rules.longest_s:
        problem = f"is above {rules.longest_s:g} s"
        yield _of(path, "length", length, problem, "Say less, or allow more by --longest")
    for key, found, limit in (
        ("silence before", measured.lead_s, LEAD_LIMIT_S),
        ("silence after", measured.tail_s, TAIL_LIMIT_S),
    ):
        if found > limit:
            yield _of(path, key, f"{found:.1f} s", f"is above {limit:g} s", _again(path))


def _loudness(path: Path, measured: Look) -> Iterator[Mistake]:
    assert measured.level_dbfs is not None
    assert measured.peak_dbfs is not None
    low, high = LEVEL_RANGE_DBFS
    level = f"{measured.level_dbfs:.1f} dBFS"
    if measured.level_dbfs < low:
        hint = f"{_again(path)}; if it stays so, a click is louder than the speech: cut it out"
        yield _of(path, "level", level, f"is below {low:g} dBFS", hint)
    if measured.level_dbfs > high:
        yield _of(path, "level", level, f"is above {high:g} dBFS", _again(path))
    if measured.clipped:
        remedy = "Record it again with less gain; nothing brings back what was cut off"
        yield _of(path, "clipping", f"{measured.clipped} times", "is audible", remedy)
    elif measured.peak_dbfs > PEAK_LIMIT_DBFS:
        problem = f"is above {PEAK_LIMIT_DBFS:g} dBFS"
        yield _of(path, "peak", f"{measured.peak_dbfs:.1f} dBFS", problem, _again(path))
    if abs(measured.dc) > DC_LIMIT:
        problem = f"is beyond {DC_LIMIT:g} of full scale"
        yield _of(path, "DC", f"{measured.dc:.3f}", problem, _again(path))


def _record(path: Path, entry: Entry | None) -> Iterator[Mistake]:
    if entry is None or not entry.text:
        name = path.stem
        remedy = f'Add it: sipbot prompts import {path} {name} --replace --text "…"'
        yield Mistake(file=path, key="text", problem="is not written down", remedy=remedy)
    elif path.is_file() and entry.sha256 and sha256(path) != entry.sha256:
        problem = "was written down for another file of this name"
        remedy = (
            f'If it is still right: sipbot prompts import {path} {path.stem} --replace --text "…"'
        )
        yield _of(path, "text", entry.text, problem, remedy)


def _words(path: Path, entry: Entry | None, language: str, rules: Rules) -> Iterator[Mistake]:
    if entry is None:
        return
    for found, phrase in prompt_phrases.avoided(entry.text, entry.language or language):
        yield _of(path, "words", found, phrase.why, f"Say {phrase.instead}")
    for words in prompt_phrases.containing(entry.text, rules.forbid):
        yield _of(path, "words", words, "is forbidden by --forbid", "Say it otherwise")


def _of(path: Path, key: str, value: str, problem: str, remedy: str) -> Mistake:
    return Mistake(file=path, key=key, value=value, problem=problem, remedy=remedy)


def _again(path: Path) -> str:
    return f"Mend it: sipbot prompts import {path} {path.stem} --replace"
