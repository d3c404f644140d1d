"""Messages put together from a language's book of phrases."""

import random
import re
import unicodedata

import phonenumbers

from tests.phrasing.books_en import (
    EN_CLOSE,
    EN_INLINE,
    EN_NONE,
    EN_NUM,
    EN_OPEN,
    EN_STORY,
    EN_TAIL,
    English,
    en_makers,
)
from tests.phrasing.books_ja import (
    JA_CLOSE,
    JA_INLINE,
    JA_NONE,
    JA_NUM,
    JA_OPEN,
    JA_STORY,
    JA_TAIL,
    Japanese,
    ja_makers,
)
from tests.phrasing.books_ko import (
    KO_CLOSE,
    KO_INLINE,
    KO_NONE,
    KO_NUM,
    KO_OPEN,
    KO_STORY,
    KO_TAIL,
    Korean,
    ko_makers,
)
from tests.phrasing.books_said import JOINT, PATTERNS, Book, Dice, Number, a_number
from tests.phrasing.utterance import Utterance

BOOKS = {
    "ja": Book(
        Japanese,
        ja_makers,
        ("JP",),
        JA_OPEN,
        JA_STORY,
        JA_NUM,
        JA_INLINE,
        JA_TAIL,
        JA_CLOSE,
        JA_NONE,
    ),
    "en": Book(
        English,
        en_makers,
        ("US", "GB"),
        EN_OPEN,
        EN_STORY,
        EN_NUM,
        EN_INLINE,
        EN_TAIL,
        EN_CLOSE,
        EN_NONE,
    ),
    "ko": Book(
        Korean,
        ko_makers,
        ("KR",),
        KO_OPEN,
        KO_STORY,
        KO_NUM,
        KO_INLINE,
        KO_TAIL,
        KO_CLOSE,
        KO_NONE,
    ),
}


def _suits(sentence: str, e164: str) -> bool:
    """Tell whether somebody would say this of such a number: no mobile is toll-free."""
    kinds = phonenumbers.PhoneNumberType
    kind = phonenumbers.number_type(phonenumbers.parse(e164))
    if kind == kinds.FIXED_LINE_OR_MOBILE:
        return True
    if re.search("携帯|cell|daughter's phone|핸드폰|딸 번호", sentence):
        return bool(kind == kinds.MOBILE)
    if re.search("家の電話|うちの番号|집 전화", sentence):
        return bool(kind in {kinds.FIXED_LINE, kinds.VOIP})
    if re.search("husband|남편|息子|아버지|My dad|うちの電話|the family|여기로", sentence):
        return bool(kind in {kinds.FIXED_LINE, kinds.MOBILE, kinds.VOIP})
    return True


def _sentences(d: Dice, book: Book, number: Number, *, silent: bool) -> list[str]:
    opening, close = d.choice(book.opening), d.choice(book.close)
    if silent:
        parts = [d.choice(book.story) or book.story[0], d.choice(book.none)]
        return [opening, *parts, close]
    if d.chance(0.18):
        return [
            opening if d.chance(0.3) else "",
            d.choice([s for s in book.inline if _suits(s, number.e164)]),
            close,
        ]
    numbered = d.choice([s for s in book.number if _suits(s, number.e164)])
    story, tail = d.choice(book.story), d.choice(book.tail)
    shape = d.weighted({"story": 50, "first": 12, "middle": 20, "bare": 10})
    return {
        "story": [opening, story, numbered, close],
        "first": [numbered, story, tail, close],
        "middle": [opening, numbered, story, tail, close],
        "bare": [numbered],
    }[shape]


def _closed(sign: str) -> bool:
    """Tell whether a Korean syllable, or the digit read aloud, ends in a consonant."""
    if unicodedata.decimal(sign, None) is not None:
        return unicodedata.decimal(sign) in {0, 1, 3, 6, 7, 8}
    return (ord(sign) - 0xAC00) % 28 != 0


def _written(text: str, language: str, *, punctuated: bool, glued: bool) -> str:
    """Return the text with the marks that a recogniser writes, or without."""
    space = "" if language == "ja" else " "
    text = text.replace("p.m..", "p.m.").replace("|ではなく", "ではなく")
    text = re.sub(r"(that's|it's|ends in|should be|four are|end is)\|", r"\1 ", text)
    text = re.sub(r"(.)\(이\)", lambda m: m[1] + ("이" if _closed(m[1]) else ""), text)
    text = re.sub(r"(\d) (명|개)", r"\1\2", text)
    text = text if punctuated else text.replace("p.m.", "pm")
    if punctuated:
        text = text.replace(JOINT, "、" if language == "ja" else "," + space)
        text = re.sub(r"\?, ?", "? ", text)
        text = re.sub(r"([、,])\s*(?=[、,。])", "", text)
    elif language == "ja":
        text = re.sub(r"[、。？]", "" if glued else " ", text).replace(JOINT, " ")
    else:
        text = re.sub(r"[,?!](?=\s|$|\|)|\.(?=\s|$|\|)", "", text).replace(JOINT, " ")
        text = text.replace(" - ", " ")
        text = text.lower() if language == "en" else text
    return re.sub(r"\s+", " ", text).strip()


def _one(d: Dice, language: str) -> Utterance:
    book = BOOKS[language]
    region = d.choice(book.regions)
    punctuated = d.chance(0.55)
    speaker = book.speaker(d, region, punctuated=punctuated)
    silent, foreign = d.chance(0.125), d.chance(0.011)
    origin = d.choice([r for r in PATTERNS if r != region]) if foreign else region
    number = a_number(d, origin)
    sentences = [s for s in _sentences(d, book, number, silent=silent) if s]
    makers = book.makers(d, speaker)
    makers["N"] = lambda: speaker.phrase(number, foreign=foreign)
    joined = ("" if language == "ja" else " ").join(sentences)
    text = re.sub(r"\{(\w+)\}", lambda m: makers[m[1]](), joined)
    if language == "en":
        text = re.sub(r"(^|[.?] )([a-z])", lambda m: m[1] + m[2].upper(), text)
    text = _written(text, language, punctuated=punctuated, glued=d.chance(0.4))
    return Utterance(text, language, region, "" if silent else number.e164)


def utterances(language: str, count: int, rng: random.Random) -> list[Utterance]:
    """So many messages in "ja", "en" or "ko"."""
    d = Dice(rng.getrandbits(64))
    return [_one(d, language) for _ in range(count)]
