"""Persons that a text calls by title: 三浦様, 佐藤部長, "Professor Mary Novak", 김 과장님.  Pure.

Nobody has to have introduced them.  Words that stand before the same titles and are no names (営業
部長, 담당 과장님) are known; it errs towards hiding.
"""

import re
from collections.abc import Iterator

from sipbot import late
from sipbot.gist_ja_words import SURNAMES
from sipbot.masking_person_words import (
    DAYS_EN,
    JA_HIRAGANA,
    JA_ONE_KANJI,
    JA_PUBLIC,
    JA_TITLES,
    KO_COMPOUNDS,
    KO_POSTS,
    KO_PUBLIC,
    KO_SURNAMES,
    KO_TITLES,
    NAMES_TOO_EN,
    NO_NAMES_EN,
    PARTICLES_EN,
)
from sipbot.said_tokens import Folded

Place = tuple[int, int]

PARTS_EN = 3
"""Names after an English title: first, middle and last."""
PARTS_EN_CAPITAL = 5
"""The same where each has a capital, so that no word of the sentence is taken for one."""

_JA_FOREIGN = "(?:[ァ-ヺー]{1,12}[・=]){0,4}"
"""The first names of ジョン・スミス."""
_JA = late.compile(
    rf"(?P<name>(?:(?<![一-鿿々ヶ])[一-鿿々ヶ]{{1,3}}\s(?=[一-鿿々ヶ]{{1,3}}\s?(?:{JA_TITLES})))?"
    rf"[一-鿿々ヶ]{{1,8}}?|{_JA_FOREIGN}[ァ-ヺー]{{2,12}}?|(?<![a-z])[a-z]{{2,20}})\s?(?:{JA_TITLES})"
)
_JA_KANA = late.compile(
    r"(?:^|(?<=[\s、。,.「●]))(?P<name>[ぁ-ゖー]{2,5}?)"
    r"(?:さん|さま|様|くん|ちゃん|先生|部長|課長|係長|社長|店長|所長|院長)"
)
_JA_OF = late.compile("(?:うち|そちら|こちら|あちら|この|その|おたく|いつも|かかり|たんとう)の$")
_JA_SAID = late.compile(
    r"(?P<name>[一-鿿々ヶ]{1,8}|" + _JA_FOREIGN + r"[ァ-ヺー]{2,16}|[a-z]{2,20})"
    r"\s?(?:と申し|ともうし|と言い|といい)"
)
_JA_CALLED = late.compile(
    rf"(?:{JA_TITLES}|担当|担当者|責任者|受付)の(?P<name>[一-鿿々ヶ]{{1,6}}?)"
    rf"(?=宛|{JA_TITLES}|[^一-鿿々ヶ]|$)"
)
"""課長の高橋; only frequent surnames, for 課長の許可 is none."""
_JA_TRIM = "|".join(sorted(JA_PUBLIC, key=len, reverse=True))
_JA_KANJI = late.compile("[一-鿿々ヶ]")
_JA_HEAD = late.compile(f"(?:{_JA_TRIM}|[・=])+")
_JA_TAIL = late.compile(f"(?:{_JA_TRIM})+$")

_EN = late.compile(
    r"(?<![0-9])(?<![0-9]\s)\b"
    r"(?:(?:(?P<bare>mr|mister|mrs|missus|ms|mx|dr)|prof|rev|capt|sgt|messrs)\b\.?|"
    r"(?:miss|doctor|professor)\b|"
    r"(?P<word>sir|madame?|lady|lord|reverend|father|sister|captain|sergeant|officer|detective|"
    r"inspector|judge|nurse|coach|pastor|rabbi|imam|uncle|aunt|auntie)\b)(?=\s|(?<=\.)[a-z])"
)
"""What is a word too makes a name only of a word with a capital; 5 ms is no woman."""
_EN_WORD = late.compile(
    r"(?:\s+|(?<=\.))(?P<word>[a-zà-öø-ɏ][a-zà-öø-ɏ'-]+|[a-z](?:\.|(?!\w)))(?P<more>,?)"
)
_EN_OWN = late.compile(r"\b(?:the|a|my|our|your|his|her|their)\s+$")
"""After these a dr is a post: "I saw the dr monday"."""
_EN_OWN_MOST = 8

_KO_ENDS = (
    "(?:이[가-힣]{0,4}|가|은|는|을|를|께서?|한테서?|에게서?|과|와|도|의|랑|으로|로|입니다|라고|예요|계|좀|"
    "하고|만|까지|부터|인데요?|네|요)?(?![가-힣])"
)
_KO = (
    late.compile(
        rf"(?<![가-힣])(?!{KO_COMPOUNDS})(?P<name>(?:{KO_SURNAMES})[가-힣]{{0,2}}?)\s?"
        rf"(?:(?:{KO_POSTS}|{KO_TITLES})님|(?:{KO_TITLES}){_KO_ENDS})"
    ),
    late.compile(
        rf"(?<![가-힣])(?!{KO_COMPOUNDS}|[가-힣](?:{KO_POSTS}|{KO_TITLES}))"
        rf"(?P<name>(?:{KO_SURNAMES})[가-힣]{{2}})님"
    ),
    late.compile(rf"(?P<name>[가-힣]{{2,4}}|(?<![가-힣])(?:{KO_SURNAMES}))\s?씨{_KO_ENDS}"),
)


def persons(text: str, folded: Folded) -> Iterator[Place]:
    """Yield where names of persons are, without their titles.

    Args:
        text: as the ear wrote it; where an English title has a capital, the name has one too.
        folded: the same, folded.

    Yields:
        Places in characters of the text before folding.
    """
    for start, end in _japanese(folded.text):
        yield folded.span(start, end)
    for start, end in _english(folded, text):
        yield folded.span(start, end)
    for rule in _KO:
        for found in rule.finditer(folded.text):
            if found["name"] not in KO_PUBLIC:
                yield folded.span(*found.span("name"))


def _japanese(text: str) -> Iterator[Place]:
    for rule in (_JA, _JA_SAID):
        for found in rule.finditer(text):
            start, end = found.span("name")
            start, end = _trimmed(text, start, end)
            name = text[start:end]
            if name and name not in JA_ONE_KANJI:
                yield start, end
    for found in _JA_CALLED.finditer(text):
        if any(
            found["name"] == one or (len(one) > 1 and found["name"].startswith(one))
            for one in SURNAMES
        ):
            yield found.span("name")
    for found in _JA_KANA.finditer(text):
        name = found["name"]
        if name not in JA_HIRAGANA and not _JA_OF.search(name) and name[-1] not in "はがをでも":
            yield found.span("name")


def _trimmed(text: str, start: int, end: int) -> Place:
    """Leave out what stands before and after a name: 弊社 and 営業 of 弊社佐藤営業部長."""
    if _JA_HEAD.fullmatch(text, start, end):
        return end, end
    if not _JA_KANJI.match(text, start):
        return start, end
    if tail := _JA_TAIL.search(text, start, end):
        end = tail.start()
    head = _JA_HEAD.match(text, start, end)
    if head and end - head.end() > 1:  # 明日香 is a name
        start = head.end()
    return start + (text[start : start + 1] == " "), end


def _english(folded: Folded, text: str) -> Iterator[Place]:
    for title in _EN.finditer(folded.text):
        strict = title["word"] is not None or _is_capital(folded, text, title.start())
        start: int | None = None
        end = at = title.end()
        parts = 0
        while word := _EN_WORD.match(folded.text, at):
            capital = _is_capital(folded, text, word.start("word"))
            particle = word["word"] in PARTICLES_EN
            if parts >= (PARTS_EN_CAPITAL if capital else PARTS_EN):
                break
            if word["word"] in _no_names(folded.text, title, capital=capital, first=start is None):
                break
            if strict and not capital and not particle:
                break
            start = word.start("word") if start is None else start
            at = word.end("word")
            if capital or not strict:  # else a particle, which is one only before a name
                end, parts = at, parts + 1
            if word["more"] or word["word"].endswith("'s"):
                break
        if start is not None and end > start:
            yield start, end


def _no_names(text: str, title: re.Match[str], *, capital: bool, first: bool) -> frozenset[str]:
    """Return the words that are no name after a title: a Monday behind it is one, or a Mr Monday.

    Args:
        text: folded.
        title: found in it.
        capital: whether the word has one.
        first: whether it is the first after the title.
    """
    names = NAMES_TOO_EN if capital else frozenset()
    before = text[max(0, title.start() - _EN_OWN_MOST) : title.start()]
    if first and title["bare"] and not _EN_OWN.search(before):
        names = names | DAYS_EN | frozenset("a" if capital else "")  # Mr A Smith
    return NO_NAMES_EN - names


def _is_capital(folded: Folded, text: str, at: int) -> bool:
    return text[folded.starts[at]].isupper()
