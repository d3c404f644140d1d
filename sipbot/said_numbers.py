"""Numbers, amounts and addresses that callers say, in any spelling an ear gives them.  Pure.

Data path: text -> [tokens of the language] -> counted things -> pieces of digits -> values

What is next to a number decides what it is: a word before it (``extension``, 注文番号), a unit
after it (円, people), else the numbering plan of the client's region.  Nothing is guessed: digits
that make no number are shown and not believed, and so is a correction that can be
meant in two ways.
"""

from bisect import bisect_left
from dataclasses import replace

from sipbot.said import Kind, Said
from sipbot.said_amounts import counted
from sipbot.said_calls import Callers
from sipbot.said_email import find_email
from sipbot.said_en import ENGLISH
from sipbot.said_gaps import fixes, is_denied
from sipbot.said_ja import JAPANESE
from sipbot.said_ko import KOREAN
from sipbot.said_negation import is_doubted, is_rejected
from sipbot.said_pieces import pieces
from sipbot.said_tokens import Folded, T, Token, fold, tokens

_TONGUES = {"ja": JAPANESE, "en": ENGLISH, "ko": KOREAN}


def find_numbers(text: str, language: str, region: str) -> tuple[Said, ...]:
    """Return telephone numbers, extensions, order numbers, amounts and e-mail addresses in a text.

    Args:
        text: what was said, as an ear wrote it.
        language: of the text, a BCP 47 tag; of an unknown one only what is written with figures
            and English words is found.
        region: ISO 3166-1 alpha-2, whose national telephone numbers are meant.

    Returns:
        What was found, in the order of the text, never overlapping.  A number that is said twice is
        found twice.  Never raises.
    """
    tag = language.split("-", 1)[0].lower()
    tongue = _TONGUES.get(tag, ENGLISH)
    folded = fold(text)
    found = tokens(folded.text, tongue)
    addresses = find_email(folded, tag)
    found = _without(found, [(start, end) for start, end, _ in addresses])
    said = [_address(folded, *one) for one in addresses]
    values = counted(found, folded, tongue, tag, region)
    said += _believed(values.said, found, folded)
    rows, rest = pieces(found, values.tokens, folded, tongue)
    calls = Callers(folded, rows, rest, region, tag).said()
    said += [_judged(one, folded, tag) for one in calls]
    return tuple(sorted((_as_heard(one, text) for one in said), key=lambda one: one.start))


def _judged(one: Said, folded: Folded, tag: str) -> Said:
    """Mark a telephone number that is not to be called, or may be: its correction is another."""
    if one.kind is not Kind.PHONE:
        return one
    start, end = bisect_left(folded.starts, one.start), bisect_left(folded.starts, one.end)
    return replace(
        one,
        rejected=not one.corrected and is_rejected(folded.text, start, end, tag),
        doubted=one.doubted or is_doubted(folded.text, start, end, tag, corrected=one.corrected),
    )


def _as_heard(one: Said, text: str) -> Said:
    """Leave a correction that nobody understood in the words of the caller.

    What it says may be the number that was rejected; the digits that are wanted stay readable.
    """
    spoilt = one.corrected and not one.valid
    return replace(one, shown=text[one.start : one.end]) if spoilt else one


def _believed(said: tuple[Said, ...], found: list[Token], folded: Folded) -> list[Said]:
    """Leave out amounts that are denied (``not fifty dollars``) or that the next one corrects."""
    places = [folded.starts[one.start] for one in found]
    out: list[Said] = []
    for one in said:
        begin = bisect_left(places, one.start)
        if one.kind is Kind.AMOUNT and is_denied(found[:begin]):
            continue
        if out and one.kind is Kind.AMOUNT is out[-1].kind:
            between = slice(bisect_left(places, out[-1].end), begin)
            if fixes(found[between], wide=1):
                out[-1] = replace(one, start=out[-1].start, corrected=True)
                continue
        out.append(one)
    return out


def _without(found: list[Token], spans: list[tuple[int, int]]) -> list[Token]:
    """Replace the tokens of spans in order by one unknown word each."""
    out: list[Token] = []
    at = 0
    for one in found:
        while at < len(spans) and spans[at][1] <= one.start:
            at += 1
        if at < len(spans) and one.end > spans[at][0]:
            if not out or out[-1].end != spans[at][1]:
                out.append(Token(T.OTHER, *spans[at]))
        else:
            out.append(one)
    return out


def _address(folded: Folded, start: int, end: int, address: str) -> Said:
    first, last = folded.span(start, end)
    return Said(kind=Kind.EMAIL, value=address, shown=address, start=first, end=last)
