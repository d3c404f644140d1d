"""Where a term of a client's vocabulary may stand in a text, language by language.  Pure.

What a reading is near to is counted in `sipbot.sounds`; here is what keeps a near reading from
being a wrong correction: stretches without numbers and punctuation, where a piece may begin and
end, how near it must be, and that a short name is only written where somebody is named.

The limits are measured.  Japanese: 74 terms (50 of them common surnames) on 23 recordings that
whisper base had read, and on 540 sentences in which none of them is said; with 0.10, 0.15 and 0.20
of the sounds, 22, 24 and 24 of 32 spoken terms were right (2 before), and 0, 0 and 1 sentence was
changed wrongly.  English: 24 terms, 1371 sentences; 0.20 changed 20 of them (*person* to
Patterson), 0.15 one (*median* to Meridian), hence 0.13.  Korean: 19 terms, 292 sentences; 0.15 made
another company of one (미래건설, 나래건설), hence 0.12, and a limit of 0.6 for names of three
syllables another person (송미라, 송민아), hence 0.4.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from sipbot import late, sounds
from sipbot.sounds import Costs, Sounds

Reading = Callable[[str], str | None]
"""Japanese text → its reading in katakana; None when it cannot be read (`sipbot.kana.reading`)."""

Span = tuple[int, int]
"""From, to (exclusive), in characters."""

SHARE = {"ja": 0.15, "ko": 0.12, "en": 0.13}
"""How much of a long term's sounds may be other ones."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A term as it is looked for."""

    write: str
    sounds: Sounds
    size: int
    """Morae, syllables, or sounds of English."""
    limit: float
    """The greatest distance at which a piece of text is taken for the term."""
    named: bool
    """Whether it is only written where somebody is named."""


class Language(Protocol):
    """How terms are found in texts of one language."""

    costs: Costs

    def wanted(self, write: str, read: str, *, person: bool) -> Wanted:
        """Prepare a term by its reading."""

    def sounds(self, text: str) -> Sounds | None:
        """The sounds of a text; None when it cannot be read."""

    def stretches(self, text: str) -> list[Span]:
        """The parts of a text that may be corrected: no number, no punctuation."""

    def pieces(self, text: str, stretch: Span, term: Wanted) -> Iterator[Span]:
        """The pieces of a stretch that might be the term, by their length and their ends."""

    def names(self, text: str, piece: Span) -> bool:
        """Whether somebody is named at this piece."""


def size_of(reading: str, language: str) -> int:
    """How long a reading is: morae of kana, syllables of Hangul, sounds of English."""
    match language:
        case "ja":
            return sounds.morae(reading)
        case "ko":
            return len(re.findall("[가-힣]", reading))
        case _:
            return len(sounds.of_english(reading))


def language_of(language: str, reading: Reading | None) -> Language | None:
    """What finds terms in this language; None for others than ja, ko and en."""
    match language.lower().split("-", 1)[0]:
        case "ja":
            return _Japanese(reading)
        case "ko":
            return _Korean()
        case "en":
            return _English()
    return None


def _stretches(text: str, breaks: re.Pattern[str]) -> list[Span]:
    """What is left between the breaks, without spaces at its ends."""
    found, place = [], 0
    for start, end in [*(each.span() for each in breaks.finditer(text)), (len(text), len(text))]:
        part = text[place:start]
        first = place + len(part) - len(part.lstrip())
        last = place + len(part.rstrip())
        if first < last:
            found.append((first, last))
        place = end
    return found


# -- Japanese -------------------------------------------------------------------------------------

_KANJI_DIGIT = "〇零一二三四五六七八九十百千万"
_COUNTED = "時分秒年月日号番円個名人階歳才件本枚回台丁室度倍桁"
_KANA_DIGIT = (
    "ゼロ|レイ|れい|マル|まる|イチ|いち|ニー?|にー?|サン|さん|ヨン|よん|シ|ゴー?|ごー?|"
    "ロク|ろく|ナナ|なな|シチ|しち|ハチ|はち|キュ[ウー]|きゅう|ク"
)
_KATAKANA_DIGIT = "ゼロ|レイ|マル|イチ|ニー?|サン|ヨン|シ|ゴー?|ロク|ナナ|シチ|ハチ|キュ[ウー]|ク"
# In hiragana, さん and に end many a word before a comma.
_JA_GROUP = rf"(?<=[ァ-ヶー])\s*[、,，・-]\s*(?={_KATAKANA_DIGIT})"
# Two such syllables are a name too: they are digits beside figures, or after what has a number, and
# only where nothing follows that makes them a word (サンゴ工業) or a person (ニシさん).
_JA_LABELLED = (
    rf"(?:(?<![\d{_KANJI_DIGIT}])[\d{_KANJI_DIGIT}]{{2,}}[の\s、,，・-]*"
    r"|(?:内線|番号|下[\d二三四]桁|下)(?:番号)?[はがのも]?[\s、,，:：]*)"
    rf"(?:(?:{_KATAKANA_DIGIT})[\s・-]*){{2,}}"
    r"(?=$|[、。,，.．?？!！]|です|でし|でござ|だ|まで|へ|に|ね|よ|番)"
)
_JA_BREAKS = late.compile(
    rf"(?<![\d{_KANJI_DIGIT}])[\d{_KANJI_DIGIT}]+"
    rf"(?:(?:[\s、,，・-]*(?:{_KATAKANA_DIGIT}))+[\s、,，・-]*[\d{_KANJI_DIGIT}]+)+"
    rf"|{_JA_LABELLED}"
    rf"|[^\w\sー・]+|\d+|_+|[{_KANJI_DIGIT}]{{2,}}|[{_KANJI_DIGIT}](?=[{_COUNTED}])"
    rf"|(?:(?:{_KANA_DIGIT})(?:{_JA_GROUP}|[の\s]*)){{4,}}"
)
_JA_NAMED = late.compile(
    r"\s*(?:さん|様|さま|くん|君|氏|ちゃん|先生|殿|と\s*申|ともうし|と\s*言い|といい|です|でし|"
    r"でございます|だと|部長|課長|係長|社長|主任|店長|所長|院長|会長|専務|常務|担当|宛|から(?:お)?電話)"
)
_JA_MOST_MORAE = 4
"""Of one character: 志 is こころざし, but a name's character rarely has more."""
_JA_SLACK = 1
_JA_PARTICLES = "のをにはがとでもへや"
"""What stands after a word and belongs to none: a term has it only where it ends so itself."""
_KATAKANA_OR_KANJI = late.compile(r"[ァ-ヶー]|[㐀-鿿々]")


class _Japanese:
    costs = sounds.JAPANESE

    def __init__(self, reading: Reading | None) -> None:
        self._reading = reading
        self._read: dict[str, Sounds | None] = {}

    def wanted(self, write: str, read: str, *, person: bool) -> Wanted:
        spoken, size = sounds.of_kana(read), sounds.morae(read)
        limit = 0.0 if size <= 3 else 0.4 if size == 4 else SHARE["ja"] * len(spoken)
        named = person and size <= 4
        return Wanted(write=write, sounds=spoken, size=size, limit=limit, named=named)

    def sounds(self, text: str) -> Sounds | None:
        bare = re.sub(r"[\s・]+", "", text)
        if bare not in self._read:
            kana = bare if sounds.is_kana(sounds.katakana(bare)) else None
            if kana is None and self._reading is not None:
                kana = self._reading(bare)
            self._read[bare] = None if kana is None else sounds.of_kana(kana)
        return self._read[bare]

    def stretches(self, text: str) -> list[Span]:
        return _stretches(text, _JA_BREAKS)

    def pieces(self, text: str, stretch: Span, term: Wanted) -> Iterator[Span]:
        start, end = stretch
        for first in range(start, end):
            if _goes_on(text[first]):
                continue
            least = most = 0
            for last in range(first + 1, end + 1):
                one = text[last - 1]
                if not one.isspace() and one != "・":
                    kana = sounds.is_kana(sounds.katakana(one))
                    beat = sounds.morae(one) if kana else 1
                    least, most = least + beat, most + (beat if kana else _JA_MOST_MORAE)
                if least > term.size + _JA_SLACK:
                    break
                if most >= term.size - _JA_SLACK and self._ends(text, (first, last), term):
                    yield first, last

    def names(self, text: str, piece: Span) -> bool:
        return _JA_NAMED.match(text, piece[1]) is not None

    def _ends(self, text: str, piece: Span, term: Wanted) -> bool:
        first, last = piece
        if text[last - 1].isspace() or (last < len(text) and _goes_on(text[last])):
            return False
        if text[last - 1] in _JA_PARTICLES and not self._is_last(text[last - 1], term):
            return False  # 見つもりの県 is no 見積書 with a 県 behind it, but 見積もりの件
        if term.size > 4:
            return True
        # a short reading is also part of longer words: 盛り of 盛り上がる, サト of サトウキビ
        before = text[first - 1] if first else ""
        after = text[last : last + 1]
        return not (
            _one_script(before, text[first]) or _one_script(text[last - 1], after)
        ) and not (
            "ぁ" <= text[last - 1] <= "ゖ" and "㐀" <= after <= "鿿" and not self.names(text, piece)
        )

    @staticmethod
    def _is_last(kana: str, term: Wanted) -> bool:
        """Whether a term ends as this letter sounds."""
        sound = sounds.of_kana(sounds.katakana(kana))
        return tuple(term.sounds[-len(sound) :]) == tuple(sound)


def _goes_on(one: str) -> bool:
    """Whether a character belongs to the one before it, or is no beginning."""
    return one in sounds.KANA_SMALL or one in "ーっッんン" or one.isspace() or one == "・"


def _one_script(one: str, other: str) -> bool:
    """Whether two characters stand in one run of katakana or of kanji."""
    kinds = [_KATAKANA_OR_KANJI.match(each) for each in (one, other)]
    return all(kinds) and ("ァ" <= one <= "ー") == ("ァ" <= other <= "ー")


# -- Korean ---------------------------------------------------------------------------------------

_KO_DIGIT = "[공영일이삼사오육륙칠팔구]"
# Across commas more of them are asked for: 김영일, 이 … is a name.
_KO_BREAKS = late.compile(
    rf"(?:{_KO_DIGIT}[\s,-]*){{6,}}|[^\w\s]+|\d+|_+|[A-Za-z]+|(?:{_KO_DIGIT}\s*){{3,}}"
)
_KO_AFTER = late.compile(
    r"(?:\s|$|[^\w\s]|은|는|이|가|을|를|의|에|로|도|와|과|씨|님|입니|이라|라고|인데|한테|께|"
    r"\s*(?:과장|부장|대리|사장|팀장|소장|실장|선생|기사))"
)


class _Korean:
    costs = sounds.KOREAN

    def wanted(self, write: str, read: str, *, person: bool) -> Wanted:
        spoken, size = sounds.of_hangul(read), size_of(read, "ko")
        three = 0.4 if person else 0.6
        limit = 0.0 if size <= 2 else three if size == 3 else SHARE["ko"] * len(spoken)
        named = person and size <= 3
        return Wanted(write=write, sounds=spoken, size=size, limit=limit, named=named)

    def sounds(self, text: str) -> Sounds | None:
        return sounds.of_hangul(text)

    def stretches(self, text: str) -> list[Span]:
        return _stretches(text, _KO_BREAKS)

    def pieces(self, text: str, stretch: Span, term: Wanted) -> Iterator[Span]:
        start, end = stretch
        for first in range(start, end):
            if text[first].isspace() or (first and not text[first - 1].isspace() and first > start):
                continue
            syllables = 0
            for last in range(first + 1, end + 1):
                if text[last - 1].isspace():
                    continue
                syllables += 1
                if syllables > term.size + 1:
                    break
                short = term.size <= 3
                if syllables >= term.size - 1 and (not short or _KO_AFTER.match(text, last)):
                    yield first, last

    def names(self, text: str, piece: Span) -> bool:
        return _KO_AFTER.match(text, piece[1]) is not None


# -- English --------------------------------------------------------------------------------------

_NUMBER_WORDS = (
    "zero|oh|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|"
    "fifteen|sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|"
    "ninety|hundred|thousand|million|double|triple|first|second|third|dot"
)
_EN_BREAKS = late.compile(rf"[^\w\s'’-]+|\w*\d\w*|_+|\b(?:{_NUMBER_WORDS})\b", re.IGNORECASE)
_WORD = late.compile(r"[^\W\d_]+")
_EN_BEFORE = late.compile(
    r"\b(?:this is|my name is|name's|i'?m|i am|it'?s|mr|mrs|ms|miss|dr|doctor|ask for|"
    r"speak (?:to|with)|for|from|with|called|hi|hello|dear)[.,]?\s+$",
    re.IGNORECASE,
)
_EN_SHORT = 6
"""Sounds: Carter, charter and Qatar are 6."""


class _English:
    costs = sounds.ENGLISH

    def wanted(self, write: str, read: str, *, person: bool) -> Wanted:
        spoken = sounds.of_english(read)
        size = len(spoken)
        limit = 0.0 if size <= 4 else 0.5 if size <= _EN_SHORT else SHARE["en"] * size
        named = person and size <= _EN_SHORT
        return Wanted(write=write, sounds=spoken, size=size, limit=limit, named=named)

    def sounds(self, text: str) -> Sounds | None:
        return sounds.of_english(text)

    def stretches(self, text: str) -> list[Span]:
        return _stretches(text, _EN_BREAKS)

    def pieces(self, text: str, stretch: Span, term: Wanted) -> Iterator[Span]:
        words = [each.span() for each in _WORD.finditer(text, *stretch)]
        for place, (first, _) in enumerate(words):
            for _, last in words[place:]:
                size = len(sounds.letters(text[first:last]))
                if size > 2 * term.size + 2:
                    break
                if size >= term.size - 2:
                    yield first, last

    def names(self, text: str, piece: Span) -> bool:
        before = text[: piece[0]].rstrip()
        begins = not before or before[-1] in ".!?"
        written_as_name = text[piece[0]].isupper() and not begins
        return written_as_name or _EN_BEFORE.search(text[: piece[0]]) is not None
