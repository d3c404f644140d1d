"""The second ear: the only importer of faster-whisper (the ``whisper`` extra).

It reads closed stretches of speech and hears names, kanji and punctuation far better than the live
ear: Japanese CER 0.20 at 8 kHz through this file (seven test messages, μ-law, no prompt).

No prompt is given: whisper leaves sentences out for it (Japanese CER 0.41 with the client's terms
in a sentence), and one with a number came back as a caller's number on a busy tone.  The client's
terms are given as hotwords: 10 of 11 Japanese names come out right instead of 4, the numbers stay
as they are and none of the other terms is invented (measured, docs/decisions/0010).  Where hotwords
make it repeat itself, or it only repeats them, the stretch is read again without.  Nothing without
speech is read, see stretches.py.

The same stretch gives the same text every time, so that a recording that is read again after a
crash gives the memo that was lost: whisper's second tries at higher temperatures draw lots and are
not made.  What they are for, sentences that repeat themselves, is left out (`_is_loop`).
"""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from faster_whisper import WhisperModel
from faster_whisper.transcribe import Segment

from sipbot.errors import ModelError
from sipbot.records import Transcript, Word
from sipbot.speech.ears import HEARING_RATE_HZ, ModelRef
from sipbot.speech.upsample import upsample

BEAM = 5
"""Japanese CER 0.148 against 0.161 with 1, for 3 % more time; 8 gained nothing (measured)."""

LOOP_RATIO = 2.4
"""Compression ratio from which a text repeats itself: whisper's own limit for a second try."""

TOKENS_PER_S = 16
TOKENS_MOST = 200
"""How much text a stretch may have: twice what fast talkers say (7 tokens a second in Japanese), so
that a text that repeats itself is not written to the end of the page; and what the page of 448
tokens holds beside the terms (223)."""

_UNSPACED = frozenset({"ja", "zh"})
"""Languages written without spaces; whisper still puts some where it leaves out a comma."""

_SPACE = re.compile(r"(?<=[^\x00-\x7f])\s+|\s+(?=[^\x00-\x7f])")
"""Spaces beside a character that is not ASCII: those between English words stay."""


class WhisperEar:
    """One faster-whisper model on one core: a second core per job hardly helps (measured).

    Args:
        model: a folder with model.bin, config.json, tokenizer.json and vocabulary.txt.

    Raises:
        ModelError: the folder is missing or CTranslate2 cannot load it.
    """

    def __init__(self, model: ModelRef) -> None:
        self._name = model.name
        if not Path(model.path).is_dir():
            raise ModelError(f"{model.path}: model {model.name} is missing; install it again")
        try:
            self._model = WhisperModel(
                model.path,
                device="cpu",
                compute_type="int8",
                cpu_threads=1,
                local_files_only=True,
            )
        except (RuntimeError, ValueError, OSError) as error:
            raise ModelError(
                f"{model.path}: model {model.name} cannot be loaded ({error}); install it again"
            ) from error

    def read(
        self, pcm: bytes, rate_hz: int, language: str, terms: Sequence[str] = ()
    ) -> Transcript:
        """Return the text of a stretch of 8000 or 16000 samples a second."""
        tag = language.lower().split("-", 1)[0]
        samples = np.frombuffer(pcm, "<i2")
        heard = samples if rate_hz == HEARING_RATE_HZ else upsample(samples)
        audio = heard.astype(np.float32) / np.float32(32768)
        segments = self._segments(audio, tag, terms)
        if terms and any(_is_loop(one) or is_echo(one.text, terms) for one in segments):
            segments = self._segments(audio, tag, ())
        texts: list[str] = []
        words: list[Word] = []
        for segment in segments:
            if _is_loop(segment):
                continue
            # a segment brings its own leading space where the language writes one
            texts.append(segment.text)
            words.extend(
                Word(
                    text=word.word.strip(),
                    start_s=round(float(word.start), 3),
                    end_s=round(float(word.end), 3),
                    confidence=round(float(word.probability), 4),
                )
                for word in segment.words or ()
            )
        text = "".join(texts).strip()
        return Transcript(
            text=_SPACE.sub("", text) if tag in _UNSPACED else text,
            words=tuple(words),
            confidence=sum(word.confidence for word in words) / len(words) if words else None,
            language=language,
            engine="faster-whisper",
            model=self._name,
            looped=any(_is_loop(one) for one in segments),
        )

    def _segments(
        self, audio: npt.NDArray[np.float32], tag: str, terms: Sequence[str]
    ) -> list[Segment]:
        segments, _ = self._model.transcribe(
            audio,
            language=tag,
            beam_size=BEAM,
            vad_filter=True,  # long silence before speech costs a third of the accuracy (measured)
            word_timestamps=True,
            temperature=0.0,
            condition_on_previous_text=False,  # one wrong sentence must not infect the next
            hotwords=", ".join(terms) or None,
            max_new_tokens=min(
                TOKENS_MOST, 32 + round(TOKENS_PER_S * len(audio) / HEARING_RATE_HZ)
            ),
        )
        return list(segments)


def _is_loop(segment: Segment) -> bool:
    return bool(segment.compression_ratio > LOOP_RATIO)


def is_echo(text: str, terms: Sequence[str]) -> bool:
    """Return whether a text is nothing but terms, as they were given: two or more, in order.

    Args:
        text: what was read.
        terms: what the engine had been told.
    """
    said, told = _bare(text), [_bare(term) for term in terms]
    runs = ("".join(told[start:end]) for start in range(len(told)) for end in range(len(told) + 1))
    return bool(said) and not any(said == one for one in told) and said in runs


def _bare(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalnum())
