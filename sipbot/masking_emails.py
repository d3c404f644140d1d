"""E-mail addresses that are spelled with words nobody listed.  Pure.

`said_email` reads an address, for which it has to know every word.  This only asks where one is
said, to hide it: around a word for @, as far as a dot is said after it or, where that word means
nothing else (アットマーク), as far as the foreign words go on.  English needs no such rule: there
every word may be part of an address.
"""

import re
from collections.abc import Iterator

from sipbot import late
from sipbot.said_email_words import WORDS
from sipbot.said_tokens import Folded

Place = tuple[int, int]

SIDE_CHARS = 48
"""Of a spelled mailbox or domain that are looked at."""

_STOPS = late.compile(r"[。!?！？●\n]")

_JA_AT = late.compile("(?P<sure>アットマーク|あっとまーく)|アット|あっと")
_JA_DOT = late.compile(r"(?:ドット|どっと|ドッド|ピリオド|ドコム|\.(?=[a-z]))")
_JA_WORDS = (
    "はいふん|どっと|あんだーばー|ぜろ|れい|いち|にー|さん|よん|ごー|ろく|なな|はち|きゅう|"
    "えっと|えーと"
)
_JA_RUN = rf"(?:(?:{_JA_WORDS}|[ァ-ヺー一-鿿々〇a-z0-9._+-])[\s、]?)+"
_JA_BOX = (
    late.compile(rf"{_JA_RUN}$"),
    late.compile(r"(?:(?<=[^ぁ-ゖー\s])は)?(?P<box>[ぁ-ゖー]+\s?)$"),
)
_JA_SAYS = late.compile(r"(?:(?:電子|e-?)?メール(?!マガ)|アドレス|メアド|、|\s)+")
"""What is said before a mailbox and is none of it."""
_JA_LAST = late.compile(r"(?:\s?(?:こむ|ねっと|[ァ-ヺーa-z0-9-]))*")

_KO_AT = late.compile("골뱅이|골벵이|앳마크|엣마크|애트마크|(?<![가-힣])(?:앳|엣|애트)(?![가-힣])")
_KO_DOT = late.compile(
    r"(?:점|닷|쩜|도트|\.)\s?"
    r"(?:컴|콤|넷|코|씨\s?오|시\s?오|케이\s?알|오\s?알\s?지|인포|com|net|co|kr|org|info)"
)
_KO_TOKEN = late.compile(r"[^\s,.]+")
_KO_LETTER = late.compile("[가-힣](?<![은는가를을제저그네요예로])|[a-z0-9]+")
"""One syllable of a name that is spelled by them."""


def spelled(folded: Folded) -> Iterator[Place]:
    """Yield where addresses are spelled, in characters of the text before folding."""
    text = folded.text
    for at in _JA_AT.finditer(text):
        end = _domain_ja(text, at)
        if end is not None:
            yield folded.span(_box_ja(text, at.start()), end)
    for at in _KO_AT.finditer(text):
        after = _after(text, at.end())
        dots = list(_KO_DOT.finditer(after))
        if dots:
            yield folded.span(_box_ko(text, at.start()), at.end() + dots[-1].end())


def _domain_ja(text: str, at: re.Match[str]) -> int | None:
    after = _after(text, at.end())
    dots = list(_JA_DOT.finditer(after))
    if dots:
        last = _JA_LAST.match(after, dots[-1].end())
        return at.end() + (last or dots[-1]).end()
    if at["sure"]:
        run = _JA_LAST.match(after)
        return at.end() + (run.end() if run else 0)
    return None


def _box_ja(text: str, at: int) -> int:
    before = _before(text, at)
    for form in _JA_BOX:
        if box := form.search(before):
            start = box.start(box.lastgroup or 0)
            says = _JA_SAYS.match(before, start)
            return at - len(before) + (says.end() if says else start)
    return at


def _box_ko(text: str, at: int) -> int:
    """The word before the @, and those before it that are letters and figures."""
    before = _before(text, at)
    start = at
    for place, word in enumerate(reversed(list(_KO_TOKEN.finditer(before)))):
        if place and word[0] not in WORDS["ko"] and not _KO_LETTER.fullmatch(word[0]):
            break
        start = at - len(before) + word.start()
    return start


def _after(text: str, at: int) -> str:
    return _STOPS.split(text[at : at + SIDE_CHARS], maxsplit=1)[0]


def _before(text: str, at: int) -> str:
    return _STOPS.split(text[max(0, at - SIDE_CHARS) : at])[-1]
