"""The second ear: the only importer of faster-whisper (the ``whisper`` extra).

It reads closed stretches of speech and hears names, kanji and punctuation far better than the live
ear: Japanese CER 0.20 at 8 kHz through this file (seven test messages, μ-law, no prompt).

No prompt is given: whisper leaves sentences out for it (Japanese CER 0.41 with the client's terms
in a sentence), and one with a number came back as a caller's number on a busy tone.  The client's
terms are given as hotwords: 10 of 11 Japanese names come out right instead of 4, the numbers stay
as they are and none of the other terms is invented (measured, docs/decisions/0010).  Where it
repeats itself, or only repeats the terms, the stretch is read again, without terms and on the whole
page; what it still repeats is read on a short one.  Nothing without speech is read, see
stretches.py.

What was said in one go is read as faster-whisper alone reads it, sample by sample and on the same
page, so that the text is the same.  Only a silence of one or two seconds at the end counts as a
long one (`voice_of`): so a text that was read while the caller was silent stays, however long that
lasts.  The page is 30 s whatever is on it, and encoding it takes half
of the time.  A message that is too long for that is cut, and its parts are read on pages that end
soon after the part (`ShortPages`): half the processor, error rates up to 1.3 points higher on
single messages (measured, the same decision).

The same stretch gives the same text every time, so that a recording that is read again after a
crash gives the memo that was lost: whisper's second tries at higher temperatures draw lots and are
not made.  What they are for, long texts that repeat themselves, is left out (`_is_loop`).
"""

import contextlib
import functools
import hashlib
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from ctranslate2 import StorageView
from faster_whisper import WhisperModel
from faster_whisper.transcribe import Segment, restore_speech_timestamps
from faster_whisper.vad import get_speech_timestamps

from sipbot.errors import ModelError
from sipbot.records import Transcript, Word
from sipbot.speech.ears import HEARING_RATE_HZ, ModelRef, Reading, Unwanted, always
from sipbot.speech.repeats import bare, repeats
from sipbot.speech.upsample import upsample

BEAM = 5
"""Japanese CER 0.148 against 0.161 with 1, for 3 % more time; 8 gained nothing (measured)."""

LOOP_RATIO = 2.4
"""Compression ratio from which a text repeats itself: whisper's own limit for a second try."""

KEPT_S = 0.7
"""The longest silence at the end that is read as it is, in seconds.  Of a longer one 0.4 s are
read, whether it lasts for one second or for ten."""

PAD_S = 0.4
"""What the filter leaves beside a voice (its `speech_pad_ms`)."""

TAIL_S = 2.4
"""What stands for a long silence after a recording, in seconds: more than the 2 s at which the
filter cuts, with its margin of 0.4 s."""

TOKENS_PER_S = 16
TOKENS_MOST = 200
"""How much text a stretch may have: twice what fast talkers say (7 tokens a second in Japanese), so
that a text that repeats itself is not written to the end of the page; and what the page of 448
tokens holds beside the terms (223)."""

FRAMES_PER_S = 100
"""Of the spectrogram that whisper reads (its own)."""

SILENCE_S = 2.0
"""How much silence the page has after the stretch, in seconds: whisper was trained on pages that
end with silence.  Five, and the zeros that faster-whisper takes for silence, are no better
(measured, docs/decisions/0010)."""

REST_S = 1.5
"""How much of a part is not read again, in seconds.  A text ends where whisper believes that its
last word does; on a short page that is up to a second too early, and read by themselves the last
digits come a second time ("415-555-0198. 0198").  The silence after the voice is 0.4 s of it."""

_UNSPACED = frozenset({"ja", "zh"})
"""Languages written without spaces; whisper still puts some where it leaves out a comma."""

_SPACE = re.compile(r"(?<=[^\x00-\x7f])\s+|\s+(?=[^\x00-\x7f])")
"""Spaces beside a character that is not ASCII: those between English words stay."""


class AllRead(Exception):  # noqa: N818 - no error
    """What is left of a stretch is its end, which has been read."""


class Voice(NamedTuple):
    """What the engine is given of a stretch."""

    samples: npt.NDArray[np.float32]
    chunks: list[dict[str, int]]
    """Where in the stretch they are from: samples that begin and end each piece."""

    @property
    def key(self) -> bytes:
        """The same for what the engine cannot tell apart."""
        places = repr([(chunk["start"], chunk["end"]) for chunk in self.chunks])
        return hashlib.sha256(self.samples.tobytes() + places.encode()).digest()


def voice_of(audio: npt.NDArray[np.float32], *, part: bool) -> Voice:
    """Return what faster-whisper's own filter leaves of a stretch.

    Of a silence after the voice the filter keeps 0.4 s when it lasts for 2 s or more, else all of
    it.  Here it is 0.4 s from `KEPT_S` on, as if the caller had been silent for longer.

    Args:
        audio: the stretch, at 16 kHz.
        part: more is said after it; all of its end is kept.
    """
    size, kept = len(audio), round((KEPT_S - PAD_S) * HEARING_RATE_HZ)
    tail = np.zeros(0 if part else round(TAIL_S * HEARING_RATE_HZ), np.float32)
    found = get_speech_timestamps(np.concatenate((audio, tail)))
    chunks = [one | {"end": size if one["end"] + kept >= size else one["end"]} for one in found]
    pieces = [audio[chunk["start"] : chunk["end"]] for chunk in chunks]
    return Voice(np.concatenate(pieces) if pieces else audio[:0], chunks)


class ShortPages(WhisperModel):  # type: ignore[misc]  # the wheel names no types
    """Reads pages that end soon after the stretch instead of after 30 s; may stop on the way."""

    def begin(self, *, whole_page: bool, wanted: Callable[[], bool] = always) -> None:
        """The next page is the first of a stretch.

        Args:
            whole_page: its pages have 30 s, as whisper was trained.
            wanted: asked before each step.
        """
        self._whole_page = whole_page
        self._wanted = wanted
        self._first = True

    def generate_with_fallback(self, *args: object, **options: object) -> object:
        """Decode a page.

        Raises:
            Unwanted: nobody wants it any more.
        """
        self._look_up()
        return super().generate_with_fallback(*args, **options)

    def find_alignment(self, *args: object, **options: object) -> object:
        """Find the times of the words.

        Raises:
            Unwanted: nobody wants them any more.
        """
        self._look_up()
        return super().find_alignment(*args, **options)

    def _look_up(self) -> None:
        if not self._wanted():
            raise Unwanted

    def encode(self, features: npt.NDArray[np.float32]) -> StorageView:
        """Return what the decoder reads of a page: at most 3000 frames, filled up with zeros.

        Raises:
            AllRead: it is a short page, not the first one, and there is less than `REST_S` on it.
            Unwanted: nobody wants it any more.
        """
        self._look_up()
        if self._whole_page:
            return super().encode(features)
        if not self._first and written(features) < REST_S * FRAMES_PER_S:
            raise AllRead
        self._first = False
        return super().encode(short_page(features))


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
            self._model = ShortPages(
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
        self,
        pcm: bytes,
        rate_hz: int,
        language: str,
        terms: Sequence[str] = (),
        *,
        part: bool = False,
        known: Reading | None = None,
        wanted: Callable[[], bool] = always,
    ) -> Reading:
        """Return the text of a stretch of 8000 or 16000 samples a second.

        Args:
            pcm: the samples, 16 bits each.
            rate_hz: samples a second.
            language: what is spoken.
            terms: names and words that may be said.
            part: it begins or ends in the middle of what was said, and is read on a short page.
            known: what was read before: not read again where the engine would be given the same.
            wanted: asked between the engine's steps.

        Raises:
            Unwanted: `wanted` said no.
        """
        samples = np.frombuffer(pcm, "<i2")
        heard = samples if rate_hz == HEARING_RATE_HZ else upsample(samples)
        voice = voice_of(heard.astype(np.float32) / np.float32(32768), part=part)
        key = voice.key
        if known is not None and known.key == key:
            return known
        segments = self._best(voice, language, terms, part=part, wanted=wanted)
        return Reading(text=self._transcript(segments, language), key=key)

    def _best(
        self,
        voice: Voice,
        language: str,
        terms: Sequence[str],
        *,
        part: bool,
        wanted: Callable[[], bool],
    ) -> list[Segment]:
        """Return what is said, without what whisper only repeats where another page helps."""
        read = functools.partial(self._segments, voice, _tag(language), wanted=wanted)
        segments = read(terms, whole_page=not part)
        if (terms or part) and _is_lost(segments, terms):
            segments = read((), whole_page=True)
        if not part and any(map(_is_loop, segments)):
            segments = read((), whole_page=False)
        return segments

    def _transcript(self, segments: Sequence[Segment], language: str) -> Transcript:
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
            text=_SPACE.sub("", text) if _tag(language) in _UNSPACED else text,
            words=tuple(words),
            confidence=sum(word.confidence for word in words) / len(words) if words else None,
            language=language,
            engine="faster-whisper",
            model=self._name,
            looped=any(_is_loop(one) for one in segments),
        )

    def _segments(
        self,
        voice: Voice,
        tag: str,
        terms: Sequence[str],
        *,
        whole_page: bool,
        wanted: Callable[[], bool],
    ) -> list[Segment]:
        if not voice.chunks:
            return []
        self._model.begin(whole_page=whole_page, wanted=wanted)
        segments, _ = self._model.transcribe(
            voice.samples,
            language=tag,
            beam_size=BEAM,
            vad_filter=False,  # done: long silence before speech costs a third of the accuracy
            word_timestamps=True,
            temperature=0.0,
            condition_on_previous_text=False,  # one wrong sentence must not infect the next
            hotwords=", ".join(terms) or None,
            max_new_tokens=min(
                TOKENS_MOST, 32 + round(TOKENS_PER_S * len(voice.samples) / HEARING_RATE_HZ)
            ),
        )
        found: list[Segment] = []
        with contextlib.suppress(AllRead):
            found.extend(restore_speech_timestamps(segments, voice.chunks, HEARING_RATE_HZ))
        return found


def written(features: npt.NDArray[np.float32]) -> int:
    """Return how many frames of a page have sound on them, up to the last one."""
    frames = np.flatnonzero(features.any(axis=0))
    return int(frames[-1]) + 1 if len(frames) else 0


def short_page(features: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return a page that ends `SILENCE_S` after what is on it.

    Args:
        features: one column a frame; after the last sound columns of zeros, which are no silence
            (that is the least of a spectrogram) but what faster-whisper fills pages up with.
    """
    end = written(features)
    if not end:
        return features
    page = features[:, : end + round(SILENCE_S * FRAMES_PER_S)].copy()
    page[:, end:] = page[:, :end].min()
    return page


def _tag(language: str) -> str:
    return language.lower().split("-", 1)[0]


def _is_lost(segments: Sequence[Segment], terms: Sequence[str]) -> bool:
    """Whether whisper repeats itself or what it was told, and not the caller."""
    lost = any(_is_loop(one) or is_echo(one.text, terms) for one in segments)
    return lost or repeats("".join(one.text for one in segments))


def _is_loop(segment: Segment) -> bool:
    return bool(segment.compression_ratio > LOOP_RATIO)


def is_echo(text: str, terms: Sequence[str]) -> bool:
    """Return whether a text is nothing but terms, as they were given: two or more, in order.

    Args:
        text: what was read.
        terms: what the engine had been told.
    """
    said, told = bare(text), [bare(term) for term in terms]
    runs = ("".join(told[start:end]) for start in range(len(told)) for end in range(len(told) + 1))
    return bool(said) and not any(said == one for one in told) and said in runs
