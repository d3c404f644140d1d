"""Who, from where, with what wish, and when to call back: the rules for Japanese.  Pure.

A Japanese text is read without the spaces that some ears write between words.  The words are in
`gist_ja_words`.
"""

import re
from collections.abc import Iterator

from sipbot import late
from sipbot.gist_ja_words import (
    AT_WORK,
    ATTRIBUTIVE,
    BARE_DEPARTMENT,
    CALLBACK,
    CALLED_ALREADY,
    DEPARTMENT,
    GENERIC,
    GREETING,
    LEAD,
    MARK,
    NAME,
    NEWS,
    NO_COMPANY,
    NO_NAME,
    NO_WISH,
    POST,
    QUESTION,
    REQUEST,
    SURNAMES,
    TIME_DENIED,
    TIME_TAIL,
    TIMES,
    TITLE,
    TOPIC,
    TROUBLE,
    WISH_LEAD,
    WISH_TAIL,
)
from sipbot.gist_text import WISH_MAX, Piece, clauses_of, overlaps, pieces, plainest
from sipbot.gleaned import CALLBACK_WINDOW, COMPANY, WISH, Gleaned
from sipbot.gleaned import NAME as NAME_ITEM
from sipbot.said import Kind, Said

_PUNCTUATION = "、。，．,.！？!? 　・「」"

_SENTENCE_END = late.compile(
    r"[。！？!?\n]+"
    r"|(?:ですか|ますか|でしょうか|ませんか|です|ます|ました|ません|でした|ください|下さい)"
    r"(?:[。！？!?、，,]+|(?![かがけねよしとのんらでーだぐ、。，]))"
)
"""A predicate ends a sentence where an ear writes no punctuation, unless a particle goes on."""

_CLAUSE_END = late.compile(
    r"(?:んですけれども|んですけど|のですが|んですが|ですけれども|ますけれども|ですけど|ますけど"
    r"|ですが|ますが|ましたが|ませんが|ますので|ですので|ないので|たので|なので|ましたので"
    r"|るので)[、，,]?"
)

_STRONG = late.compile(
    r"と(?:申|もう)し(?:ます|まし|上げ|あげ)|と(?:言|い)い(?:ます|まし)|と申す|って(?:言|い)います"
)
_WEAK = late.compile(
    r"(?:でございます|です|でした|でーす|だけど|ですけど|ですが|ですけれども)[、。，]?$"
)
_NAMED = late.compile(rf"(?:名前|氏名)は、?({NAME})(?:です|でございます|と|になります)")

_WISHES = (
    ("ja-request", REQUEST),
    ("ja-topic", TOPIC),
    ("ja-trouble", TROUBLE),
    ("ja-question", QUESTION),
    ("ja-news", NEWS),
)


def find(text: str, said: tuple[Said, ...]) -> tuple[Gleaned, ...]:
    """Return the items of a Japanese message, each at most once."""
    tight, places = _tight(text)
    values = tuple(_moved(one, places) for one in said)
    found = [*_who(tight, values), *_wish(tight), *_window(tight, values)]
    return tuple(_back(one, text, places) for one in found)


# -- spaces ------------------------------------------------------------------------------------


def _tight(text: str) -> tuple[str, list[int]]:
    """Return the text without spaces, and the place of each of its characters in `text`.

    Where spaces are rare, they stand for punctuation; a space behind hiragana stays as one.
    """
    words = text.split()
    rare = bool(words) and sum(map(len, words)) / len(words) > 4
    kept: list[str] = []
    places: list[int] = []
    for place, char in enumerate(text):
        if not char.isspace():
            kept.append(char)
        elif rare and kept and "ぁ" <= kept[-1] <= "ん":
            kept.append("、")
        else:
            continue
        places.append(place)
    return "".join(kept), places


def _moved(one: Said, places: list[int]) -> Said:
    inside = [at for at, place in enumerate(places) if one.start <= place < one.end] or [0]
    return Said(
        kind=one.kind,
        value=one.value,
        shown=one.shown,
        start=inside[0],
        end=inside[-1] + 1,
        valid=one.valid,
    )


def _back(one: Gleaned, text: str, places: list[int]) -> Gleaned:
    start, end = places[one.start], places[one.end - 1] + 1
    return Gleaned(item=one.item, text=text[start:end], start=start, end=end, rule=one.rule)


# -- who ---------------------------------------------------------------------------------------


def _who(text: str, said: tuple[Said, ...]) -> Iterator[Gleaned]:
    """The first introduction that holds a name; else the first company."""
    company: Gleaned | None = None
    opening = True
    for sentence in pieces(text, _SENTENCE_END):
        for rule, head, strong in _introductions(sentence):
            a_company, name = _introduced(head, sure=strong or opening)
            if name is not None and not overlaps(name, said):
                yield name.gleaned(NAME_ITEM, rule)
                if a_company is not None:
                    yield a_company.gleaned(COMPANY, rule)
                elif company is not None:
                    yield company
                return
            if a_company is not None and company is None:
                company = a_company.gleaned(COMPANY, rule)
        opening = opening and bool(GREETING.search(sentence.text) or len(sentence.text) < 4)
    if company is not None:
        yield company


def _introductions(sentence: Piece) -> Iterator[tuple[str, Piece, bool]]:
    """What is said before the words by which people give their names."""
    for found in _NAMED.finditer(sentence.text):
        yield "ja-namae-wa", sentence.part(found.start(1), found.end(1)), True
    for found in _STRONG.finditer(sentence.text):
        yield "ja-moushimasu", sentence.part(0, found.start()), True
    for clause in pieces(sentence.text, _CLAUSE_END):
        text = clause.text.rstrip(_PUNCTUATION)
        weak = _WEAK.search(text)
        if weak and not _STRONG.search(text):
            at = clause.start
            yield "ja-desu", sentence.part(at, at + weak.start()), False


def _introduced(head: Piece, *, sure: bool) -> tuple[Piece | None, Piece | None]:
    """Return company and name of 「X の Y」; the name must be likely where it is not `sure`."""
    comma = max(head.text.rfind(char) for char in "、，,。")
    head = head.part(comma + 1, len(head.text))
    lead = LEAD.match(head.text)
    by_lead = bool(lead and re.search(r"(?:私|わたくし|わたし|僕|こちら)", lead[0]))
    head = head.part(lead.end() if lead else 0, len(head.text))
    split = head.text.rfind("の")
    company = _company(head.part(0, split)) if split > 0 else None
    rest = head.part(split + 1, len(head.text))
    glued = re.fullmatch(rf"(.*(?:{MARK}))((?:{AT_WORK})?{NAME})", rest.text)
    if glued and not re.search(rf"(?:{MARK})$", rest.text):
        company = company or _company(rest.part(0, glued.end(1)))
        rest = rest.part(glued.start(2), glued.end(2))
    elif re.search(rf"(?:{MARK})$", rest.text) or re.match(r"(?:株式|有限|合同)会社", rest.text):
        return _company(rest) or company, None
    name = _name(rest)
    if name is None:
        return (company if sure and _marked(company) else None), None
    likely = sure or by_lead or company is not None or _is_surname(name.text)
    return (company, name) if likely else (None, None)


def _name(piece: Piece) -> Piece | None:
    title = TITLE.search(piece.text)
    if title and title.start() > 0:
        piece = piece.part(0, title.start())
    piece = _behind_post(piece)
    if not re.fullmatch(NAME, piece.text):
        attributive = ATTRIBUTIVE.search(piece.text)
        if attributive is None:
            return None
        piece = _behind_post(piece.part(attributive.start(1), attributive.end(1)))
    return None if NO_NAME.search(piece.text) else piece


def _behind_post(piece: Piece) -> Piece:
    """Return a name without the department and the post that are written before it.

    「営業課長谷川」 may be 谷川, who heads the section, or 長谷川, who is in it: the place before a
    frequent surname is taken, else the one behind the longest post.
    """
    places = [at for at in range(len(piece.text) - 1, 0, -1) if _are_posts(piece.text[:at])]
    frequent = [at for at in places if _is_surname(piece.text[at:])]
    if not places:
        department = re.match(BARE_DEPARTMENT, piece.text)
        if department and _is_surname(piece.text[department.end() :]):
            frequent = [department.end()]
    at = (frequent or places or [0])[0]
    return piece.part(at, len(piece.text))


def _are_posts(text: str) -> bool:
    return re.fullmatch(AT_WORK, text) is not None


def _is_surname(name: str) -> bool:
    return any(name.startswith(one) for one in SURNAMES)


def _marked(company: Piece | None) -> bool:
    return company is not None and bool(re.search(MARK, company.text))


def _company(piece: Piece) -> Piece | None:
    """Return the company in what stands before 「の Y」, without department and post."""
    attributive = re.search(r"(?:した|ている|ております|いつも|という)(?=.)", piece.text)
    if attributive:
        piece = piece.part(attributive.end(), len(piece.text))
    lead = LEAD.match(piece.text)
    piece = piece.part(lead.end() if lead else 0, len(piece.text))
    first, _, rest = piece.text.partition("の")
    if rest and (_is_place_at_work(rest) or re.search(MARK, first)):
        piece = piece.part(0, len(first))
    piece = _employer(piece)
    if _is_place_at_work(piece.text) or NO_COMPANY.search(piece.text) or len(piece.text) > 30:
        return None
    proper = re.fullmatch(r"[一-鿿々ァ-ヴーA-Za-zＡ-Ｚａ-ｚ・&＆]{2,20}", piece.text)
    return piece if proper or re.search(MARK, piece.text) else None


def _employer(piece: Piece) -> Piece:
    """Return a company without the department and the post that are written on to it."""
    post = POST.search(piece.text)
    piece = piece.part(0, post.start()) if post else piece
    department = DEPARTMENT.search(piece.text)
    if department and (department.start() > 1 or post):
        piece = piece.part(0, department.start())
    return piece


def _is_place_at_work(text: str) -> bool:
    """Tell whether a text is a department, a post, or both: 営業, 部長, 営業課長."""
    post = POST.search(text)
    department = text[: post.start()] if post else text
    return bool((post and not department) or DEPARTMENT.fullmatch(department))


# -- wish --------------------------------------------------------------------------------------


def _wish(text: str) -> Iterator[Gleaned]:
    clauses = list(clauses_of(text, _SENTENCE_END, _CLAUSE_END))
    found = plainest(text, clauses, _rank, _cut)
    if found is None:
        return
    wish, rule = found
    yield _short(wish).gleaned(WISH, rule)


def _rank(clause: Piece) -> tuple[int, str] | None:
    cut = _cut(clause)
    if cut is None:
        return None
    near = clause.text[: cut.end - clause.start + 8]
    for rank, (rule, pattern) in enumerate(_WISHES):
        if pattern.search(cut.text) or (rank < 2 and pattern.search(near)):
            return (3 if rank == 0 and GENERIC.search(cut.text) else rank), rule
    return None


def _cut(clause: Piece) -> Piece | None:
    """Return a clause without greeting, introduction, request for a call, and politeness."""
    text = clause.text
    introduction = _STRONG.search(text)
    start = introduction.end() if introduction else 0
    callback = CALLBACK.search(text, start)
    end = callback.start() if callback else len(text)
    piece = clause.part(start, end)
    lead = WISH_LEAD.match(piece.text)
    piece = piece.part(lead.end() if lead else 0, len(piece.text))
    tail = WISH_TAIL.search(piece.text)
    piece = piece.part(0, tail.start() if tail else len(piece.text)).stripped(_PUNCTUATION)
    if NO_WISH.search(piece.text) or len(piece.text) < 2:
        return None
    return None if TIMES.fullmatch(piece.text) else piece


def _short(piece: Piece) -> Piece:
    """Return at most `WISH_MAX` characters, cut at a comma if there is one."""
    if len(piece.text) <= WISH_MAX:
        return piece
    comma = max(piece.text.rfind(char, 0, WISH_MAX) for char in "、，,")
    return piece.part(0, comma if comma > WISH_MAX // 3 else WISH_MAX).stripped(_PUNCTUATION)


# -- when to call back -------------------------------------------------------------------------


def _window(text: str, said: tuple[Said, ...]) -> Iterator[Gleaned]:
    """The time that stands before a request to be called, and not before a call that was made.

    Of two before one request the later is meant, and none that is denied.
    """
    for sentence in pieces(text, _SENTENCE_END):
        times = [
            one
            for one in TIMES.finditer(sentence.text)
            if not TIME_DENIED.match(sentence.text, one.end())
        ]
        for found in reversed(times):
            rest = sentence.text[found.end() :]
            called = CALLBACK.search(rest)
            past = CALLED_ALREADY.search(rest)
            near = called is not None and called.start() <= 14
            if not near or (past and called and past.start() <= called.start()):
                continue
            between = rest[: called.start()] if called else ""
            if re.search(r"予約|伺|参り|件|届|注文|番号|号", between):
                continue
            piece = sentence.part(found.start(), found.end()).stripped(_PUNCTUATION)
            tail = TIME_TAIL.search(piece.text)
            piece = piece.part(0, tail.start() if tail else len(piece.text))
            yield _widened(piece, text, said).gleaned(CALLBACK_WINDOW, "ja-time-to-call")
            return


def _widened(piece: Piece, text: str, said: tuple[Said, ...]) -> Piece:
    """Return it with the whole of each time in it, where a finder has found more."""
    for one in said:
        timed = one.kind in {Kind.DATE, Kind.TIME, Kind.WHEN}
        if timed and one.start < piece.end and piece.start < one.end:
            start, end = min(piece.start, one.start), max(piece.end, one.end)
            piece = Piece(text=text[start:end], start=start)
    return piece
