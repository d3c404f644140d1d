"""Is a number left in what is published masked: in the text, and in the sound?

Text: made-up messages (`tests.phrasing`) go through the whole path of a memo.  A number is left
when three of its figures follow each other in the masked memo, in figures or in words, with up to
four other characters between them.  The reader of figures below knows nothing of sipbot's.

Sound: recordings are read by faster-whisper, masked by its text, and the masked copy is read
again.  A number is found again when sipbot's finder finds any in that.

Dates and times of day stay by design, and their figures may be some of a number's by chance: "6時
45分" in a message with 0645.  Those are counted apart.

``python -m benchmarks.masking [--seeds 10] [--audio FOLDER]``; `tests/test_masking_phrasing.py`
holds the text.
"""

import argparse
import re
import shutil
import sys
import tempfile
import tomllib
import unicodedata
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import msgspec
import phonenumbers

from benchmarks.recognising import models
from sipbot import kana
from sipbot.masked_audio import heard_pieces, masked_copy
from sipbot.masked_memo import masked
from sipbot.masking import MASK, mask_of, text_of
from sipbot.memo import SECOND_EAR, Caller, Memo, MemoCall, first_memo, with_transcript
from sipbot.memo_answers import MemoWord
from sipbot.memo_found import Found
from sipbot.recordings import Recordings
from sipbot.records import EndedBy, Recording, Transcript, Word
from sipbot.said_numbers import find_numbers
from sipbot.speech.ears import choose
from sipbot.speech.whisper_ear import WhisperEar
from sipbot.understanding import ClientFacts, understand
from sipbot.wav import read_facts, read_pcm
from tests.phrasing import books, habits, scripts
from tests.phrasing.utterance import Utterance

AT = datetime(2026, 11, 20, 3, 4, 5, tzinfo=UTC)
REGIONS = {"ja": "JP", "en": "US", "ko": "KR"}
ROW = 3
"""Figures of the number in a row that count as left."""
GAP = 4
"""Other characters between two figures of one row."""
COUNT, SEED = 40, 2026
"""Messages per language and generator: more than 300 numbers in all."""

CUT = "●" * (GAP + 1)
"""Where something was taken out of a text."""

Read = Callable[[bytes, int, str], Transcript]
Generator = Callable[[str, int, Random], list[Utterance]]

GENERATORS: dict[str, Generator] = {
    "scripts": scripts.utterances,
    "habits": habits.utterances,
    "books": books.utterances,
}

_SURE = {
    "0": "zero nought naught ゼロ ぜろ 零 〇 제로",
    "1": "one いち イチ ワン 一", "2": "two ニー にー ツー 二", "3": "three さん サン スリー 三",
    "4": "four よん ヨン フォー 四", "5": "five ゴー ごー ファイブ 五", "6": "six ろく ロク 六",
    "7": "seven なな ナナ しち シチ セブン 七", "8": "eight はち ハチ エイト 八",
    "9": "nine きゅう キュウ きゅー キュー ナイン 九",
    "10": "ten", "11": "eleven", "12": "twelve", "13": "thirteen", "14": "fourteen",
    "15": "fifteen", "16": "sixteen", "17": "seventeen", "18": "eighteen", "19": "nineteen",
    "2 ": "twenty", "3 ": "thirty", "4 ": "forty", "5 ": "fifty", "6 ": "sixty", "7 ": "seventy",
    "8 ": "eighty", "9 ": "ninety",
}  # fmt: skip
_UNSURE = {
    "0": "oh o れい レイ まる マル 丸 공 영 령 빵", "1": "일 하나", "2": "に ニ 이 둘",
    "3": "삼 셋", "4": "よ シ し 사 넷", "5": "ご ゴ 오 다섯", "6": "육 륙 여섯", "7": "칠 일곱",
    "8": "팔 여덟", "9": "く ク 구 아홉",
}  # fmt: skip
"""Syllables of other words too: figures only next to other figures."""


def _listed(table: dict[str, str]) -> dict[str, str]:
    return {word: digit.strip() for digit, words in table.items() for word in words.split()}


FIGURES = {**_listed(_SURE), **_listed(_UNSURE)}
UNSURE = frozenset(_listed(_UNSURE))
LONGEST = max(map(len, FIGURES))


class Left(msgspec.Struct):
    """What was counted."""

    numbers: int = 0
    readable: int = 0
    """Before masking: what the reader of figures would have found."""
    left: int = 0
    in_dates: int = 0
    """Numbers of which three figures follow each other in a date or time that stays."""
    texts: list[str] = msgspec.field(default_factory=list)
    """Masked texts with something left, for whoever looks into it."""


def rows(text: str) -> list[str]:
    """Return the rows of figures in a text, however they are written."""
    text = unicodedata.normalize("NFKC", text).lower()
    out, gap, at = [""], 0, 0
    while at < len(text):
        word = _figure(text, at)
        if word is not None:
            figure = unicodedata.digit(word, None) if len(word) == 1 else None
            unsure = word in UNSURE and gap > 0
            if unsure and out[-1]:
                out.append("")
            out[-1] += FIGURES[word] if figure is None else str(figure)
            gap, at = 0, at + len(word)
            continue
        gap += text[at].isalnum() or text[at] == "●"
        if gap > GAP and out[-1]:
            out.append("")
        at += 1
    return [row for row in out if row]


def _figure(text: str, at: int) -> str | None:
    if unicodedata.digit(text[at], None) is not None:
        return text[at]
    for end in range(min(len(text), at + LONGEST), at, -1):
        word = text[at:end]
        if word in FIGURES and not (word.isascii() and _inside(text, at, end)):
            return word
    return None


def _inside(text: str, at: int, end: int) -> bool:
    return text[at - 1 : at].isalpha() or text[end : end + 1].isalpha()


def left_of(number: str, text: str) -> bool:
    """Tell whether three figures of a number follow each other in a text."""
    return any(
        row[at : at + ROW] in number for row in rows(text) for at in range(len(row) - ROW + 1)
    )


def national(number: str) -> str:
    """Return the figures that a caller says of an E.164 number."""
    parsed = phonenumbers.parse(number)
    trunk = "" if parsed.country_code == 1 else "0"
    return f"{trunk}{parsed.national_number}"


def memo_of(transcript: Transcript, region: str, duration_s: float) -> tuple[Memo, ClientFacts]:
    """Return the memo of a message."""
    facts = ClientFacts(region=region)
    memo = first_memo(
        memo_id="019a9c3e-0000-7000-8000-000000000001",
        client="masking",
        call=MemoCall(
            id="019a9c3e-0000-7000-8000-000000000002",
            from_="",
            to="",
            started_at=AT,
            ended_at=AT + timedelta(seconds=duration_s),
            ended_by=EndedBy.CALLER,
        ),
        caller=Caller(),
        recording=Recording(path="", sha256="", duration_s=duration_s),
        audio_url="",
        at=AT,
        ears=(transcript.engine,),
        region=region,
    )
    read = with_transcript(memo, transcript, AT, understand(transcript, facts, at=AT))
    assert read is not None
    return read, facts


def masked_texts(memo: Memo, facts: ClientFacts) -> tuple[str, str]:
    """Return all that is text in a masked memo: with and without the dates that stay."""
    mask = mask_of(memo, facts, kana.reading)
    out = masked(memo, mask)
    text = out.text or ""
    dates = [one for one in out.found if one.value != MASK]
    apart = text
    for one in reversed(dates):
        apart = f"{apart[: one.text_from]} {CUT} {apart[one.text_to :]}"
    others = [one.text for one in out.gleaned] + list(out.answers.values())
    words = [one for one in out.words if not any(_in(one, date) for date in dates)]
    cut = [_without(one, [text[date.text_from : date.text_to] for date in dates]) for one in others]
    whole = [text, *others, *(word.text for word in out.words)]
    whole += [one.value for one in out.found]
    return "\n".join(whole), f" {CUT} ".join([apart, *cut, " ".join(one.text for one in words)])


def _in(word: MemoWord, date: Found) -> bool:
    """Tell whether a word is of a date; words of a sentence that is one word are of all."""
    start, end = word.text_from, word.text_to
    return start is None or end is None or (start < date.text_to and date.text_from < end)


def _without(text: str, parts: list[str]) -> str:
    for part in parts:
        text = text.replace(part, f" {CUT} ")
    return text


def texts(utterances: Generator, language: str, count: int, seed: int) -> Left:
    """Count the numbers that are left in the masked memos of a generator's messages."""
    counted = Left()
    for said in utterances(language, count, Random(seed)):
        if not said.number:
            continue
        words = tuple(
            Word(text=one, start_s=at * 0.4, end_s=at * 0.4 + 0.3, confidence=0.9)
            for at, one in enumerate(re.findall(r"\S+", said.text))
        )
        transcript = Transcript(
            text=said.text, words=words, language=language, engine=SECOND_EAR, model="none"
        )
        whole, apart = masked_texts(*memo_of(transcript, said.region, 60.0))
        number = national(said.number)
        counted.numbers += 1
        counted.readable += left_of(number, said.text)
        if left_of(number, apart):
            counted.left += 1
            counted.texts.append(f"{number}: {apart}")
        elif left_of(number, whole):
            counted.in_dates += 1
    return counted


def sounds(files: list[tuple[Path, str]], ear: Read) -> Iterator[tuple[str, int, int]]:
    """Yield for each recording its name, the numbers found in it, and those found again."""
    with tempfile.TemporaryDirectory() as folder:
        for number, (file, language) in enumerate(files):
            audio = Path(folder) / str(number) / "audio.wav"
            audio.parent.mkdir()
            shutil.copy(file, audio)
            facts = read_facts(audio)
            region = REGIONS[language]
            heard = ear(read_pcm(audio), facts.rate_hz, language)
            memo, known = memo_of(heard, region, facts.duration_s)
            mask = mask_of(memo, known, kana.reading)
            pieces = heard_pieces(memo, text_of(memo, mask))
            copy = masked_copy(Recordings(Path(folder)), str(number), pieces)
            path = Path(copy.path)
            second = ear(read_pcm(path), facts.rate_hz, language)
            before = find_numbers(heard.text, language, region)
            found = find_numbers(second.text, language, region)
            if found:
                print(f"  {file.name}: {second.text}", file=sys.stderr)
            yield file.name, len(before), len(found)


def recordings(folder: Path) -> list[tuple[Path, str]]:
    """Return the messages of a folder in which a number is said, with their language."""
    manifest = tomllib.loads((folder / "manifest.toml").read_text(encoding="utf-8"))
    return [
        (folder / one["file_8k"], one["language"])
        for one in manifest["file"]
        if one.get("kind") == "message" and one.get("phone_digits")
    ]


def show_texts(count: int, seeds: range) -> int:
    """Print how many numbers are left in texts; return it."""
    left = 0
    for name, utterances in GENERATORS.items():
        for language in REGIONS:
            done = [texts(utterances, language, count, seed) for seed in seeds]
            print(
                f"{name} {language}: {sum(one.numbers for one in done)} numbers, "
                f"{sum(one.readable for one in done)} readable before, "
                f"{sum(one.left for one in done)} left, "
                f"{sum(one.in_dates for one in done)} by chance in dates",
                flush=True,
            )
            print(*(text for one in done for text in one.texts), sep="\n", file=sys.stderr)
            left += sum(one.left for one in done)
    return left


def show_sounds(folder: Path) -> int:
    """Print how many numbers are found again in masked recordings; return it."""
    second = WhisperEar(choose(models(), "second")["ja"])

    def read(pcm: bytes, rate_hz: int, language: str) -> Transcript:
        return second.read(pcm, rate_hz, language).text

    done = list(sounds(recordings(folder), read))
    before = sum(found for _, found, _ in done)
    again = sum(found for _, _, found in done)
    print(f"{len(done)} recordings, {before} numbers heard, {again} found again when masked")
    return again


def main() -> int:
    """Measure; exit code 1 when a number is left."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--audio", type=Path, help="folder with manifest.toml and recordings")
    parser.add_argument("--count", type=int, default=COUNT, help="messages per language")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--seeds", type=int, default=1, help="so many, one after the other")
    wanted = parser.parse_args()
    left = show_texts(wanted.count, range(wanted.seed, wanted.seed + wanted.seeds))
    left += show_sounds(wanted.audio) if wanted.audio else 0
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
