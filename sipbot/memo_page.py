"""One memo on a terminal, as an operator reads it before calling back.  Pure.

What matters for the call comes first: the number, whether it is sure and by what, then who, what
and when, then the words.  Doubt is written, not only coloured, since some readers are pipes:
``[word?]`` is a word that the ear itself doubts, ``word*`` one that the client's terms have mended.
"""

from collections.abc import Iterator
from datetime import datetime

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sipbot.callback import is_end_of
from sipbot.memo import Memo, Stage, Urgency
from sipbot.memo_answers import Evidence, MemoWord
from sipbot.memo_found import Found, Previous
from sipbot.memo_parts import Listenable, clock_span, number_of
from sipbot.memo_state import Labels, due, moment, people_did, state, step
from sipbot.recording_notice import RecordingNotice, at_s, verdict
from sipbot.said import Kind
from sipbot.said_when import calendar_form
from sipbot.terminal import printable

UNSURE_BELOW = 0.5
"""Confidence of a word that is rather wrong than right by its ear's own account."""

_DATES = frozenset({Kind.DATE, Kind.TIME, Kind.WHEN})
_SOURCES = {"keys": "by_keys", "speech": "by_speech", "caller_id": "by_network"}


def memo_page(memo: Memo, labels: Labels, now: datetime, told: str = "") -> RenderableType:
    """Return a memo as something that a terminal can show.

    Args:
        memo: in full.
        labels: of the reader's language.
        now: of the reader's zone.
        told: what the caller was told of the recording (`notice_text`); empty: it is not shown.
    """
    parts: list[RenderableType] = [_head(memo, labels, now)]
    parts += _history(memo, labels, now)
    parts.append(_number(memo, labels))
    parts += [Padding(_evidence(memo, labels), (0, 0, 0, 2))] if memo.callback.evidence else []
    if _disagree(memo):
        parts.append(Text(f"  {labels['disagree']}", style="bold red"))
    return Group(*parts, Text(""), _facts(memo, labels, told))


def caller(memo: Memo, labels: Labels) -> str:
    """Return who called, as far as the network says."""
    known = " ".join(part for part in (memo.caller.number, memo.caller.name) if part)
    return known or (labels["withheld"] if memo.caller.anonymous else "-")


def text(memo: Memo, labels: Labels) -> str:
    """Return the message, or why there is none."""
    cut = f" [{labels['cut_off']}]" if memo.call.cut_off else ""
    if memo.text:
        return memo.text + cut
    if "text" in memo.erased:
        return labels["erased"]
    if memo.stage is Stage.RECOGNITION_FAILED:
        return labels["failed"].format(problem=memo.recognition.problem or "-") + cut
    return (labels["silence"] if memo.stage is Stage.TRANSCRIBED else labels["unread"]) + cut


def notice_text(
    notice: RecordingNotice | None, answered_at: datetime | None, labels: Labels
) -> str:
    """Return what the caller was told of the recording, and whether they heard it.

    Args:
        notice: of the memo's call; None when nobody knows.
        answered_at: UTC-aware; None when that is not known.
        labels: of the reader's language.
    """
    said = labels[f"notice_{verdict(notice).replace(' ', '_')}"]
    if notice is None or notice.prompt is None:
        return said
    span = at_s(notice, answered_at)
    where = labels["notice_at"].format(from_s=span[0], to_s=span[1]) if span else ""
    return printable(f"{notice.prompt}{where}: {said}")


def _head(memo: Memo, labels: Labels, now: datetime) -> Text:
    at = memo.call.started_at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    head = Text(f"{printable(memo.client)}  {at}  ", style="bold")
    stands = filter(None, (state(memo, now, labels), due(memo, now, labels)))
    head.append(" · ".join(map(printable, stands)), style="bold cyan")
    if memo.urgency is Urgency.URGENT:
        head.append("  ").append(labels["urgent"], style="bold white on red")
    if memo.category:
        head.append(f"  {printable(memo.category)}", style="bold magenta")
    return head


def _history(memo: Memo, labels: Labels, now: datetime) -> list[RenderableType]:
    """What colleagues have done: whoever calls next has to know it."""
    table = _grid(2)
    table.columns[1].overflow = "fold"
    for one in people_did(memo):
        table.add_row(Text(moment(one.at, now, labels), style="dim"), step(one, now, labels))
    return [Padding(table, (0, 0, 0, 2))] if table.row_count else []


def _number(memo: Memo, labels: Labels) -> Text:
    line = Text(f"{labels['callback']}  ", style="bold")
    if memo.callback.number is None:
        return line.append(labels["no_number"], style="bold red")
    line.append(printable(memo.callback.shown or memo.callback.number), style="bold")
    sure = memo.callback.confirmed
    style = "bold green" if sure else "bold yellow"
    return line.append("  ").append(labels["confirmed" if sure else "unconfirmed"], style=style)


def _evidence(memo: Memo, labels: Labels) -> Table:
    table = _grid(4)
    for one in memo.callback.evidence:
        sign = "=" if one.number == memo.callback.number else "≠"
        sign = "≈" if is_end_of(one, memo.callback.number) else sign
        table.add_row(
            Text(f"{sign} {_source(one, labels)}", style="yellow" if sign == "≠" else ""),
            Text(
                printable(one.shown or one.number),
                style="" if one.valid or sign == "≈" else "strike",
            ),
            _listen(one, memo, labels),
            Text(_remark(one, memo, labels), style="dim"),
        )
    return table


def _source(one: Evidence, labels: Labels) -> str:
    return labels[_SOURCES[one.source]]


def _remark(one: Evidence, memo: Memo, labels: Labels) -> str:
    remarks = [printable(one.engine)] if one.engine else []
    if is_end_of(one, memo.callback.number):
        remarks.append(labels["end_of_number"])
    elif not one.valid:
        remarks.append(labels["impossible" if one.number.isdecimal() else "not_a_number"])
    read_back = any(asked.item == "number" and asked.confirmed for asked in memo.asked)
    if one.source == "keys" and read_back:
        remarks.append(labels["read_back"])
    return ", ".join(remarks)


def _disagree(memo: Memo) -> bool:
    given = memo.callback.number
    others = [one for one in memo.callback.evidence if not is_end_of(one, given)]
    return len({one.number for one in others}) > 1 and not memo.callback.confirmed


def _facts(memo: Memo, labels: Labels, told: str) -> Table:
    table = _grid(2)
    table.columns[1].overflow = "fold"
    for name, value in _rows(memo, labels):
        table.add_row(Text(_word(name, labels), style="bold"), value)
    if told:
        table.add_row(Text(labels["notice"], style="bold"), Text(told, style="dim"))
    return table


def _rows(memo: Memo, labels: Labels) -> Iterator[tuple[str, RenderableType]]:
    yield "caller", Text(printable(_caller(memo, labels)))
    yield from _items(memo, labels)
    if memo.missing:
        missing = ", ".join(_word(item, labels) for item in memo.missing)
        yield "missing", Text(printable(missing), style="yellow")
    yield "message", _message(memo, labels)
    if memo.found:
        yield "found", _found(memo, labels)
    if memo.corrections:
        yield "corrected", _corrections(memo, labels)
    for name in ("category", "urgency"):
        reason = getattr(memo.reasons, name)
        if reason is not None:
            what = memo.category if name == "category" else labels["urgent"]
            yield name, Text(printable(f"{what}  ({_why(reason, labels)})"))
    if memo.caller.previous:
        yield "previous", _previous(memo.caller.previous, labels)
    yield "recognition", Text(printable(_recognition(memo, labels)), style="dim")
    yield "audio", Text(printable(_audio(memo, labels)), style="dim")
    yield "id", Text(f"{memo.id} (rev {memo.rev})", style="dim")


def _caller(memo: Memo, labels: Labels) -> str:
    """Who called, the number as people write it."""
    shown = [one.shown for one in memo.callback.evidence if one.source == "caller_id" and one.shown]
    who = caller(memo, labels)
    return who.replace(memo.caller.number, shown[0]) if shown and memo.caller.number else who


def _items(memo: Memo, labels: Labels) -> Iterator[tuple[str, RenderableType]]:
    """What was answered and what was understood unasked; the number has its own place above."""
    unasked = {one.item: one for one in memo.gleaned}
    for item in dict.fromkeys((*memo.answers, *unasked)):
        one = unasked.get(item)
        value = Text(printable(memo.answers.get(item) or (one.text if one else "")))
        if one is not None and one.text == memo.answers.get(item, one.text):
            if one.reading:
                value.append(f" ({printable(one.reading)})")
            value.append("  ").append_text(_listen(one, memo, labels))
        if item != "number":
            yield item, value


def _message(memo: Memo, labels: Labels) -> Text:
    if not memo.text:
        return Text(printable(text(memo, labels)), style="dim")
    message = Text()
    marks = _marks(memo)
    place = 0
    for start, end, doubt in marks:
        message.append(_lines(memo.text[place:start]))
        piece = _lines(memo.text[start:end])
        message.append(
            f"[{piece}?]" if doubt else f"{piece}*", style="yellow" if doubt else "green"
        )
        place = end
    message.append(_lines(memo.text[place:]))
    if memo.call.cut_off:
        message.append(f" [{labels['cut_off']}]", style="bold red")
    return message


def _marks(memo: Memo) -> list[tuple[int, int, bool]]:
    """Where the text is marked: from, to, whether in doubt; in order, none overlapping another.

    Unsure words beside each other are one mark; a mended word is no longer the ear's to doubt.
    """
    mended = [(one.text_from, one.text_to, False) for one in memo.corrections]
    unsure: list[tuple[int, int, bool]] = []
    for word in memo.words:
        place = _unsure(word)
        if place is None or any(a < place[1] and place[0] < b for a, b, _ in mended):
            continue
        if unsure and place[0] <= unsure[-1][1]:
            unsure[-1] = (unsure[-1][0], max(unsure[-1][1], place[1]), True)
        else:
            unsure.append((*place, True))
    return sorted([*mended, *unsure])


def _unsure(word: MemoWord) -> tuple[int, int] | None:
    if word.text_from is None or word.text_to is None or word.confidence >= UNSURE_BELOW:
        return None
    return word.text_from, word.text_to


def _found(memo: Memo, labels: Labels) -> Table:
    table = _grid(4)
    for one in memo.found:
        remarks = [labels["self_corrected"]] if one.corrected else []
        remarks += [] if one.valid else [labels["impossible"]]
        table.add_row(
            Text(_word(f"kind_{one.kind.value}", labels)),
            Text(printable(one.shown), style="bold"),
            Text(_meant(one, memo), style="dim"),
            _listen(one, memo, labels).append(f"  {', '.join(remarks)}"),
        )
    return table


def _meant(one: Found, memo: Memo) -> str:
    """What a value means, where it does not say so itself: the day that "tomorrow" was."""
    language = (memo.language or "").split("-", 1)[0].lower()
    meant = calendar_form(one, language) if one.kind in _DATES else one.value
    return "" if meant == one.shown else printable(meant)


def _corrections(memo: Memo, labels: Labels) -> Table:
    table = _grid(2)
    for one in memo.corrections:
        change = Text(printable(one.heard), style="strike")
        change.append(" → ").append(printable(one.written), style="not strike green")
        table.add_row(change, _listen(one, memo, labels))
    return table


def _previous(before: tuple[Previous, ...], labels: Labels) -> Table:
    table = _grid(5)
    for one in before:
        table.add_row(
            one.at.astimezone().strftime("%Y-%m-%d %H:%M"),
            _word(one.status, labels),
            _word(one.result, labels) if one.result else "",
            printable(one.category or ""),
            Text(one.memo[-8:], style="dim"),
        )
    return table


def _recognition(memo: Memo, labels: Labels) -> str:
    parts = [memo.recognition.engine or "-"]
    parts += [_word(memo.recognition.rule, labels)] if memo.recognition.rule else []
    if memo.recognition.ears_pending:
        parts.append(labels["pending"].format(ears=", ".join(memo.recognition.ears_pending)))
    return ", ".join(parts)


def _audio(memo: Memo, labels: Labels) -> str:
    if "audio" in memo.erased:
        return labels["erased"]
    audio = f"{memo.audio.url} ({memo.audio.duration_s:.1f} s"
    if memo.audio.speech_from_s is not None and memo.audio.speech_to_s is not None:
        voice = clock_span(memo.audio.speech_from_s, memo.audio.speech_to_s)
        audio += f", {labels['voice']} {voice}"
    return f"{audio})"


def _listen(one: Listenable, memo: Memo, labels: Labels) -> Text:
    number = number_of(one, memo)
    if number is None or one.audio_from_s is None or one.audio_to_s is None:
        return Text("")
    span = clock_span(one.audio_from_s, one.audio_to_s)
    return Text(f"{labels['listen']} {span} (#{number})", style="cyan")


def _why(reason: str, labels: Labels) -> str:
    said = reason.removeprefix("said ")
    if said != reason:
        return labels["because_said"].format(word=said)
    return labels.get(f"because_{reason}", reason)


def _word(value: str, labels: Labels) -> str:
    """Return a value in the reader's language."""
    return labels.get(value, value.removeprefix("kind_"))


def _lines(piece: str) -> str:
    return "\n".join(map(printable, piece.split("\n")))


def _grid(columns: int) -> Table:
    table = Table(show_header=False, box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for _ in range(columns):
        table.add_column(overflow="fold")
    return table
