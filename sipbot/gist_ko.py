"""Who, from where, with what wish, and when to call back: the rules for Korean.  Pure.

Ears do not agree where Korean puts spaces: a particle or an ending may stand apart.
"""

import re
from collections.abc import Iterator

from sipbot import late
from sipbot.gist_ko_words import (
    CALLBACK,
    CALLED_ALREADY,
    CLAUSE_END,
    DEPARTMENT,
    FREQUENT,
    GENERIC,
    GREETING,
    LEAD,
    MARK,
    NO_COMPANY,
    NO_NAME,
    NO_WISH,
    SENTENCE_END,
    SURNAME,
    TIME_DENIED,
    TIME_TAIL,
    TIMES,
    TITLE,
    WISH_LEAD,
    WISH_TAIL,
    WISHES,
)
from sipbot.gist_text import WISH_MAX, Piece, clauses_of, overlaps, pieces, plainest
from sipbot.gleaned import CALLBACK_WINDOW, COMPANY, NAME, WISH, Gleaned
from sipbot.said import Kind, Said

_SPACES = " \t\n,.!?·"

_STRONG = late.compile(
    r"\s?(?:이?라고\s?(?:합니다|해요|하는데|하고요|하는|불러)|이?라고\s?(?:말씀|전해)"
    r"|이?라\s?합니다)"
)
_WEAK = late.compile(
    r"\s?(?:입니다|이에요|예요|인데요|인데|이고요|이라서|이구요|이었습니다|였습니다)"
)
_NAMED = late.compile(r"(?:제\s?)?(?:이름은|성함은|성명은)\s*")
_OFFICE = late.compile(
    r"(?P<company>.+?)(?:에서|에)\s*(?:근무하는|일하는|다니는|있는|전화\s?드리는|전화하는)\s*$"
)
_I = late.compile(r"(?:저는|나는|전|저|여기는|여기)\s+")

_NAME_PATTERN = late.compile(
    rf"(?:^|(?<=[\s의는은]))({SURNAME}\s?[가-힣]{{1,2}})(?:\s?(?:{TITLE}))?$"
)
_GLUED = late.compile(rf"^(.+?(?:{MARK}))({SURNAME}[가-힣]{{1,2}})(?:\s?(?:{TITLE}))?$")


def find(text: str, said: tuple[Said, ...]) -> tuple[Gleaned, ...]:
    """Return the items of a Korean message, each at most once."""
    return (*_who(text, said), *_wish(text), *_window(text, said))


# -- who ---------------------------------------------------------------------------------------


def _who(text: str, said: tuple[Said, ...]) -> Iterator[Gleaned]:
    """The first introduction that holds a name; else the first company."""
    company: Gleaned | None = None
    opening = True
    for sentence in pieces(text, SENTENCE_END):
        for rule, head, strong in _introductions(sentence):
            a_company, name = _introduced(head, sure=strong, opening=opening)
            if name is not None and not overlaps(name, said):
                yield name.gleaned(NAME, rule)
                if a_company is not None:
                    yield a_company.gleaned(COMPANY, rule)
                elif company is not None:
                    yield company
                return
            if a_company is not None and company is None:
                company = a_company.gleaned(COMPANY, rule)
        opening = opening and bool(GREETING.search(sentence.text) or company)
    if company is not None:
        yield company


def _introductions(sentence: Piece) -> Iterator[tuple[str, Piece, bool]]:
    for found in _NAMED.finditer(sentence.text):
        after = _STRONG.search(sentence.text, found.end()) or _WEAK.search(
            sentence.text, found.end()
        )
        end = after.start() if after else len(sentence.text)
        yield "ko-ireumeun", sentence.part(found.end(), end).stripped(_SPACES), True
    for found in _STRONG.finditer(sentence.text):
        yield "ko-rago-hamnida", sentence.part(0, found.start()), True
    for found in _WEAK.finditer(sentence.text):
        yield "ko-imnida", sentence.part(0, found.start()), False


def _introduced(head: Piece, *, sure: bool, opening: bool) -> tuple[Piece | None, Piece | None]:
    """Return company and name of ``X의 Y``, ``X Y`` and ``X에서 근무하는 Y``."""
    cut = max(head.text.rfind(char) for char in ",.!?") + 1
    head = head.part(cut, len(head.text)).stripped(" ")
    lead = LEAD.match(head.text)
    by_lead = bool(lead and _I.search(lead[0] + " "))
    head = head.part(lead.end() if lead else 0, len(head.text)).stripped(" ")
    glued = _GLUED.match(head.text)
    found = _NAME_PATTERN.search(head.text)
    if glued and not NO_NAME.match(glued[2]):
        company = _company(head.part(0, glued.end(1)))
        return company, head.part(glued.start(2), glued.end(2))
    if found is None or NO_NAME.match(found[1].replace(" ", "")):
        marked = re.search(rf"(?:{MARK})$", head.text)
        return (_company(head) if marked and (opening or sure) else None), None
    company = _company(head.part(0, found.start(1)))
    name = head.part(found.start(1), found.end(1))
    full = len(name.text.replace(" ", "")) >= 3
    titled = found.end(1) < found.end()
    before_it = head.text[: found.start(1)]
    alone = not before_it.strip() or bool(NO_COMPANY.search(before_it))
    plain = bool(FREQUENT.match(name.text))
    likely = sure or by_lead or company is not None
    likely = likely or (full and alone and (opening or titled or plain))
    return (company, name) if likely else (None, None)


def _company(piece: Piece) -> Piece | None:
    """Return the company in what stands before a name, without department."""
    piece = piece.stripped(" ")
    office = _OFFICE.match(piece.text)
    if office:
        piece = piece.part(0, office.end("company"))
    if piece.text.endswith("의"):
        piece = piece.part(0, len(piece.text) - 1)
    department = DEPARTMENT.search(piece.text)
    if department and department.start() > 0:
        piece = piece.part(0, department.start()).stripped(" ")
        if piece.text.endswith("의"):
            piece = piece.part(0, len(piece.text) - 1)
    piece = piece.stripped(" ")
    if len(piece.text) < 2 or NO_COMPANY.search(piece.text):
        return None
    words = piece.text.split()
    if re.search(MARK, piece.text):
        return _from_mark(piece)
    plain = len(words) == 1 and re.fullmatch(r"[가-힣A-Za-z&]{2,12}", words[0])
    return (
        piece
        if plain and not re.search(r"(?:했던|하는|한|던|은|는|에서|에|로|서|고)$", words[0])
        else None
    )


def _from_mark(piece: Piece) -> Piece:
    """Return the last word with a company's mark, with the one before it that belongs to it."""
    found = list(
        re.finditer(rf"(?:(?:주식회사|유한회사|법무법인|\(주\))\s?\S+|\S*(?:{MARK}))", piece.text)
    )
    last = found[-1]
    return piece.part(last.start(), last.end())


# -- wish --------------------------------------------------------------------------------------


def _wish(text: str) -> Iterator[Gleaned]:
    clauses = list(clauses_of(text, SENTENCE_END, CLAUSE_END))
    found = plainest(text, clauses, _rank, _cut)
    if found is None:
        return
    wish, rule = found
    if len(wish.text) > WISH_MAX:
        space = wish.text.rfind(" ", 0, WISH_MAX)
        wish = wish.part(0, space if space > 0 else WISH_MAX)
    yield wish.gleaned(WISH, rule)


def _rank(clause: Piece) -> tuple[int, str] | None:
    cut = _cut(clause)
    if cut is None:
        return None
    for rank, (rule, pattern) in enumerate(WISHES):
        if pattern.search(clause.text, cut.start - clause.start):
            return (3 if rank == 0 and GENERIC.fullmatch(cut.text) else rank), rule
    return None


def _cut(clause: Piece) -> Piece | None:
    """Return a clause without greeting, introduction, request for a call, and politeness."""
    text = clause.text
    introduction = _STRONG.search(text)
    callback = CALLBACK.search(text)
    piece = clause.part(introduction.end() if introduction else 0, len(text))
    if callback and callback.end() > len(text) - 12:
        piece = clause.part(
            piece.start - clause.start, max(callback.start(), piece.start - clause.start)
        )
    lead = WISH_LEAD.match(piece.text)
    piece = piece.part(lead.end() if lead else 0, len(piece.text))
    tail = WISH_TAIL.search(piece.text)
    piece = piece.part(0, tail.start() if tail else len(piece.text)).stripped(_SPACES)
    if NO_WISH.search(piece.text) or len(piece.text) < 2 or TIMES.fullmatch(piece.text):
        return None
    return piece


# -- when to call back -------------------------------------------------------------------------


def _window(text: str, said: tuple[Said, ...]) -> Iterator[Gleaned]:
    """The time that stands before a request to be called, and not before a call that was made.

    Of two before one request the later is meant, and none that is denied.
    """
    for sentence in pieces(text, SENTENCE_END):
        times = [one for one in TIMES.finditer(sentence.text) if not _is_denied(sentence.text, one)]
        for found in reversed(times):
            rest = sentence.text[found.end() :]
            called = CALLBACK.search(rest)
            past = CALLED_ALREADY.search(rest)
            if called is None or called.start() > 14:
                continue
            if past and past.start() <= called.start():
                continue
            if re.search(r"예약|주문|방문|번호|도착|건으로|문의", rest[: called.start()]):
                continue
            piece = sentence.part(found.start(), found.end()).stripped(_SPACES)
            tail = TIME_TAIL.search(piece.text)
            piece = piece.part(0, tail.start() if tail else len(piece.text))
            yield _widened(piece, text, said).gleaned(CALLBACK_WINDOW, "ko-time-to-call")
            return


def _is_denied(sentence: str, time: re.Match[str]) -> bool:
    """Tell whether a time is not meant: 안 of ``내일은 안 되고`` may be taken for its end."""
    end = time.start() + len(re.sub(r"\s안[\s,]*$", "", time[0]))
    return TIME_DENIED.match(sentence, end) is not None


def _widened(piece: Piece, text: str, said: tuple[Said, ...]) -> Piece:
    """Return it with the whole of each time in it, where a finder has found more."""
    for one in said:
        timed = one.kind in {Kind.DATE, Kind.TIME, Kind.WHEN}
        if timed and one.start < piece.end and piece.start < one.end:
            start, end = min(piece.start, one.start), max(piece.end, one.end)
            piece = Piece(text=text[start:end], start=start)
    return piece
