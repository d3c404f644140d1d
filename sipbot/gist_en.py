"""Who, from where, with what wish, and when to call back: the rules for English.  Pure.

Some ears write capitals and full stops, others neither.  Where a text has capitals, names have them
too; where it has none, a name ends at the first word that is none (`gist_en_words.ORDINARY`).
"""

import re
from collections.abc import Iterator

from sipbot import late
from sipbot.gist_en_words import (
    ABBREVIATED,
    AFTER_NAME,
    CALLBACK,
    CLAUSE_END,
    COMPANY_END,
    DANGLING,
    GREETING,
    JOINING,
    NEVER,
    NO_COMPANY,
    ORDINARY,
    SENTENCE_END,
    TIME_CORRECTED,
    TIME_NOT,
    TIMES,
    TITLES,
    WISH_TAIL,
    WISHES,
)
from sipbot.gist_text import WISH_MAX, Piece, overlaps, pieces
from sipbot.gleaned import CALLBACK_WINDOW, COMPANY, NAME, WISH, Gleaned
from sipbot.said import Kind, Said

_TOKEN = late.compile(r"[^\W_]+(?:['’.&-][^\W_]+)*\.?|&")
_SPACES = " \t\n,.;:!?-"

_INTRODUCTIONS = (
    ("en-my-name-is", late.compile(r"\b(?:my|the) name(?:'s|’s| is|s)\s+", re.IGNORECASE), True),
    ("en-this-is", late.compile(r"\b(?:this is|this's|it is|it's|it’s)\s+", re.IGNORECASE), False),
    ("en-i-am", late.compile(r"\b(?:i'm|i’m|i am|im)\s+", re.IGNORECASE), False),
    (
        "en-you-are-speaking-to",
        late.compile(r"\b(?:speaking (?:with|to)|call me)\s+", re.IGNORECASE),
        False,
    ),
)
_FROM = late.compile(
    r"^[\s,]*(?:(?:here|speaking|calling|phoning|ringing|and i'm|and i’m|and i am|and i"
    r"|again)[\s,]+)*"
    r"(?:from|with|at|of|for|on behalf of|representing)\s+(?:the\s+)?",
    re.IGNORECASE,
)
_CALLING_FROM = late.compile(
    r"\b(?:calling|phoning|ringing|call|speaking|work|working)\s+(?:here\s+)?"
    r"(?:from|on behalf of|for)\s+(?:the\s+)?",
    re.IGNORECASE,
)
_HERE = late.compile(r"^[\s,]*(?:here|speaking|calling|again)\b|^[\s,]+from\b", re.IGNORECASE)

_OF_SOMETHING = late.compile(r"\b(?:about|regarding|order|because|before we)\b", re.IGNORECASE)
"""Between a call and a time: the time is of what the call is about."""

_NAME_WORDS = 3
_COMPANY_WORDS = 5


def find(text: str, said: tuple[Said, ...]) -> tuple[Gleaned, ...]:
    """Return the items of an English message, each at most once."""
    return (*_who(text, said), *_wish(text), *_window(text, said))


# -- who ---------------------------------------------------------------------------------------


def _who(text: str, said: tuple[Said, ...]) -> Iterator[Gleaned]:
    cased = _is_cased(text)
    company: Piece | None = None
    name, rule = _introduced(text, said, cased=cased)
    if name is not None and COMPANY_END.search(name.text):
        company = None if NO_COMPANY.match(name.text) else name
    elif name is not None:
        yield name.gleaned(NAME, rule)
        after = _FROM.match(text, name.end) or _FROM.match(text[name.end :])
        start = name.end + after.end() if after and after.start() == 0 else -1
        company = _company(text, start, cased=cased) if start >= 0 else None
    for found in _CALLING_FROM.finditer(text):
        company = company or _company(text, found.end(), cased=cased)
    if company is not None and not overlaps(company, said):
        yield company.gleaned(COMPANY, "en-from")


def _introduced(text: str, said: tuple[Said, ...], *, cased: bool) -> tuple[Piece | None, str]:
    """Return the first name by the surest rule, and that rule."""
    for rule, pattern, sure in _INTRODUCTIONS:
        for found in pattern.finditer(text):
            name = _name(text, found.end(), cased=cased, sure=sure)
            if name is not None and not overlaps(name, said):
                return name, rule
    return _name_here(text, cased=cased), "en-here"


def _is_cased(text: str) -> bool:
    """Tell whether an ear that wrote this text writes capitals."""
    return bool(re.search(r"[^.!?\s]\s+(?!I\b)[A-Z][a-z]", text))


def _tokens(text: str, start: int, most: int) -> Iterator[Piece]:
    """The words from `start`, as long as nothing but spaces is between them."""
    at = start
    for found in _TOKEN.finditer(text, start):
        if text[at : found.start()].strip() or most == 0:
            return
        most -= 1
        short = found[0].lower().rstrip(".")
        dotted = found[0].endswith(".") and short not in TITLES and short not in ABBREVIATED
        word = found[0][:-1] if dotted else found[0]
        yield Piece(text=word, start=found.start())
        if dotted and len(word) > 1:
            return
        at = found.end()


def _name(text: str, start: int, *, cased: bool, sure: bool) -> Piece | None:
    """The name that begins here, without title.

    Args:
        text: the whole text.
        start: where the name should begin.
        cased: names have capitals.
        sure: nothing but a name comes here.
    """
    words: list[Piece] = []
    for word in _tokens(text, start, _NAME_WORDS + 1):
        if not words and word.text.lower().rstrip(".") in TITLES:
            continue
        if not _is_name_word(word.text, cased=cased) or len(words) == _NAME_WORDS:
            break
        words.append(word)
    if not words:
        return None
    name = Piece(text=text[words[0].start : words[-1].end], start=words[0].start)
    if sure or (cased and name.text[0].isupper()):
        return name
    rest = text[name.end :]
    followed = AFTER_NAME.match(rest) or (len(words) == 2 and not rest.strip(_SPACES))
    ordinary = any(re.search(r"(?:ing|ed|ly)$", word.text.lower()) for word in words)
    return name if followed and not ordinary else None


def _is_name_word(word: str, *, cased: bool) -> bool:
    low = word.lower()
    if (
        low in ORDINARY
        or any(char.isdigit() for char in word)
        or ("'" in word[-3:] and low[-2:] != "'s")
    ):
        return bool(re.match(r"o['’][a-z]+$", low))
    if low.endswith(("'s", "’s")):
        return False
    return word[0].isupper() if cased else True


def _name_here(text: str, *, cased: bool) -> Piece | None:
    """``Jane Park here``, at the beginning of the message."""
    for sentence in list(pieces(text, SENTENCE_END))[:3]:
        greeting = GREETING.match(sentence.text)
        start = sentence.start + (greeting.end() if greeting else 0)
        name = _name(text, start, cased=cased, sure=True)
        if name is not None and _HERE.match(text[name.end :]):
            return name
    return None


def _company(text: str, start: int, *, cased: bool) -> Piece | None:
    """The company that begins here."""
    department = re.match(
        r"(?:\w+\s+){0,3}(?:department|team|desk|office|branch|division|side)\s+(?:at|of"
        r"|in)\s+(?:the\s+)?",
        text[start:],
        re.IGNORECASE,
    )
    start += department.end() if department else 0
    words: list[Piece] = []
    for word in _tokens(text, start, _COMPANY_WORDS + 2):
        low = word.text.lower()
        joins = low in JOINING and bool(words)
        if not joins and (
            low in ORDINARY or (cased and not word.text[0].isupper() and not word.text[0].isdigit())
        ):
            break
        words.append(word)
    while words and words[-1].text.lower() in JOINING:
        words.pop()
    words = words[:_COMPANY_WORDS]
    if not words:
        return None
    company = Piece(text=text[words[0].start : words[-1].end], start=words[0].start)
    return None if NO_COMPANY.match(company.text) else company


# -- wish --------------------------------------------------------------------------------------


def _wish(text: str) -> Iterator[Gleaned]:
    """The clause that asks most plainly."""
    best: tuple[int, str, Piece] | None = None
    for sentence in pieces(text, SENTENCE_END):
        for inner in pieces(sentence.text, CLAUSE_END):
            clause = sentence.part(inner.start, inner.end)
            for rank, (rule, pattern) in enumerate(WISHES):
                if best is not None and rank >= best[0]:
                    break
                found = pattern.search(clause.text)
                wish = _cut(clause, found.start("wish")) if found else None
                if wish is not None:
                    best = (rank, rule, wish)
                    break
    if best is not None:
        yield best[2].gleaned(WISH, best[1])


def _cut(clause: Piece, start: int) -> Piece | None:
    """Return a wish without the wish to be called, and short; None where nothing is left."""
    piece = clause.part(start, len(clause.text))
    for tail in (CALLBACK.search(piece.text), WISH_TAIL.search(piece.text)):
        if tail is not None and tail.start() < len(piece.text):
            piece = piece.part(0, tail.start())
    piece = piece.stripped(_SPACES)
    if len(piece.text) > WISH_MAX:
        cut = max(piece.text.rfind(char, 0, WISH_MAX) for char in ",;")
        at = cut if cut > WISH_MAX // 3 else piece.text.rfind(" ", 0, WISH_MAX)
        piece = piece.part(0, at if at > 0 else WISH_MAX).stripped(_SPACES)
    dangling = DANGLING.search(piece.text)
    piece = piece.part(0, dangling.start() if dangling else len(piece.text))
    words = piece.text.lower().split()
    return piece if any(word not in ORDINARY for word in words) else None


# -- when to call back -------------------------------------------------------------------------


def _window(text: str, said: tuple[Said, ...]) -> Iterator[Gleaned]:
    """The time in a sentence that asks to be called, or says when that is possible."""
    for sentence in pieces(text, SENTENCE_END):
        calls = list(CALLBACK.finditer(sentence.text))
        ends = [*(one.start() for one in calls), len(sentence.text)][1:]
        unwanted = [
            (call.start(), end)
            for call, end in zip(calls, ends, strict=True)
            if NEVER.search(sentence.text, 0, call.end())
        ]
        for call, end in zip(calls, ends, strict=True):
            found = None
            if (call.start(), end) not in unwanted:
                found = _time_of(sentence.text, call.end(), unwanted)
            if found is None or _OF_SOMETHING.search(sentence.text[call.end() : found.start()]):
                continue
            piece = sentence.part(found.start(), found.end()).stripped(_SPACES)
            yield _widened(piece, text, said).gleaned(CALLBACK_WINDOW, "en-time-to-call")
            return


def _time_of(sentence: str, start: int, unwanted: list[tuple[int, int]]) -> re.Match[str] | None:
    """Return the first time after `start`, else the first of all, that is not denied."""
    meant = [
        one
        for one in TIMES.finditer(sentence)
        if not any(first <= one.start() < last for first, last in unwanted)
        and not TIME_NOT.search(sentence, 0, one.start())
        and not TIME_CORRECTED.match(sentence, one.end())
    ]
    return next((one for one in meant if one.start() >= start), meant[0] if meant else None)


def _widened(piece: Piece, text: str, said: tuple[Said, ...]) -> Piece:
    """Return it with the whole of each time in it, where a finder has found more."""
    for one in said:
        timed = one.kind in {Kind.DATE, Kind.TIME, Kind.WHEN}
        if timed and one.start < piece.end and piece.start < one.end:
            start, end = min(piece.start, one.start), max(piece.end, one.end)
            piece = Piece(text=text[start:end], start=start)
    return piece
