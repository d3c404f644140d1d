"""The lines of `sipbot memos watch`: a memo once, then who did what with it."""

from datetime import timedelta
from typing import Any, Literal

import pytest

from sipbot.decision import Answer, decide, lease_over
from sipbot.labels import LABELS
from sipbot.memo import Memo, Urgency, with_transcript
from sipbot.topics import FeedPayload, LivePayload, Place
from sipbot.watch_lines import CALL_AT_MOST, Lines
from sipbot.watched import Watched
from tests.commands import a_request
from tests.memo_samples import AT, a_memo, a_transcript

NOW = AT.astimezone()
SHORT = a_memo().id[-8:]
CLOCK = f"{NOW:%m-%d %H:%M}"


def seen(kind: Literal["memo", "feed", "live", "ack"], payload: bytes, name: str = "x") -> Watched:
    return Watched(
        place=Place(client="yamato", kind=kind, id=name), payload=payload, retained=False
    )


def of(memo: Memo) -> Watched:
    return seen("memo", memo.model_dump_json().encode(), memo.id)


def after(memo: Memo, verb: str, by: str = "hanako", **fields: Any) -> Memo:
    verdict = decide(memo, a_request(verb, by=by, memo=memo.id, **fields), AT)
    assert verdict.memo is not None, verdict.answer
    return verdict.memo


def lines_of(*messages: Watched, names_closers: bool = True, lang: str = "en") -> list[str]:
    lines = Lines(LABELS[lang], lambda: NOW)
    lines.names_closers = names_closers
    return [line for message in messages for line in lines.take(message)]


def test_memo_that_is_new_is_told_whole() -> None:
    memo = a_memo().model_copy(update={"urgency": Urgency.URGENT, "category": "leak"})

    head = f"{SHORT}  {CLOCK}  yamato"
    words = "+81 3-5550-1234 ?  open  [URGENT · leak]  (not read yet)"
    assert [f"{head}  {words}"] == lines_of(of(memo))


def test_every_step_has_a_line_that_says_who_did_what_and_no_text_again() -> None:
    """Claim, note and outcome differ, and nobody reads the whole message four times."""
    memo = a_memo()
    claimed = after(memo, "claim")
    noted = after(claimed, "note", by="taro", text="a known customer")
    called = after(noted, "callback", outcome="no_answer")

    first, *others = lines_of(*map(of, (memo, claimed, noted, called)))

    until = f"{NOW + timedelta(minutes=15):%H:%M}"
    head = f"{SHORT}  {CLOCK}  yamato  "
    assert [
        f"{head}hanako took it until {until}",
        f"{head}taro noted: a known customer",
        f"{head}hanako called back (no answer)",
    ] == others
    assert "(not read yet)" in first


def test_revision_that_is_known_says_nothing() -> None:
    memo = a_memo()

    assert 2 == len(lines_of(of(memo), of(after(memo, "claim")), of(memo), of(memo)))


def test_text_that_is_ready_tells_the_memo_again() -> None:
    memo = a_memo()
    read = with_transcript(memo, a_transcript("call me"), AT)
    assert read is not None

    assert lines_of(of(memo), of(read))[1].endswith("open  call me")


def test_claim_that_ended_by_itself_is_told() -> None:
    claimed = after(a_memo(), "claim")
    over = lease_over(claimed, AT + timedelta(hours=1))
    assert over is not None

    assert lines_of(of(claimed), of(over))[1].endswith("the claim ended by itself")


def end(memo: Memo) -> Watched:
    event = FeedPayload(type="end", memo=memo.id, rev=memo.rev, seq=2)
    return seen("feed", event.encode())


def told(memo: Memo, verb: str, by: str = "hanako") -> Watched:
    answer = Answer(req="r", verb=verb, by=by, memo=memo.id, status="accepted", rev=memo.rev, ts=AT)
    return seen("ack", answer.encode(), "r")


def test_memo_that_is_closed_is_told_with_the_name_that_the_answer_has() -> None:
    memo = a_memo()
    done = after(memo, "done")
    cleared = seen("memo", b"", memo.id)

    _, *others = lines_of(of(memo), cleared, end(done), told(done, "done"))

    assert [f"{SHORT}  {CLOCK}  yamato  hanako closed it"] == others


def test_reader_who_may_not_read_answers_is_told_that_a_memo_is_closed() -> None:
    memo = a_memo()

    _, *others = lines_of(of(memo), end(after(memo, "done")), names_closers=False)

    assert [f"{SHORT}  {CLOCK}  yamato  closed"] == others


def test_memo_that_is_reopened_tells_only_that() -> None:
    memo = a_memo()
    done = after(memo, "done")
    opened = after(done, "reopen", by="jiro", text="called again")

    *_, last = lines_of(of(memo), end(done), told(done, "done"), of(opened))

    assert last.endswith("jiro reopened it: called again")
    assert 3 == len(lines_of(of(memo), end(done), told(done, "done"), of(opened)))


def test_answer_that_refuses_says_nothing() -> None:
    memo = a_memo()
    no = Answer(req="r", verb="done", by="taro", memo=memo.id, status="conflict", ts=AT)

    assert 1 == len(lines_of(of(memo), seen("ack", no.encode(), "r")))


def live(kind: Any, at: Any = AT, **fields: Any) -> Watched:
    return seen("live", LivePayload(type=kind, ts=at, **fields).encode(), "5f0d2a1c")


def test_every_line_of_a_call_tells_who_calls() -> None:
    """Somebody may pick up before sipbot does; and who hung up is to be found in the memo."""
    caller = "+81355501234"
    events = (live("ringing", caller=caller), live("partial", text="お電話"), live("hung_up"))

    assert [
        f"5f0d2a1c  {CLOCK}  yamato  {caller}  通話 呼出中",
        f"5f0d2a1c  {CLOCK}  yamato  {caller}  通話 聞き取り中  お電話",
        f"5f0d2a1c  {CLOCK}  yamato  {caller}  通話 終了",
    ] == lines_of(*events, lang="ja")


def test_call_whose_end_nobody_heard_is_forgotten() -> None:
    """The word that it has ended is sent once, and may be lost."""
    lines = Lines(LABELS["en"], lambda: NOW)
    lines.take(live("answered", AT - CALL_AT_MOST - timedelta(seconds=1)))

    assert {} == lines.calls


@pytest.mark.parametrize("kind", ["memo", "feed", "ack", "live"])
def test_payload_that_is_not_sipbots_is_refused(
    kind: Literal["memo", "feed", "ack", "live"],
) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - msgspec's and pydantic's are ValueErrors
        lines_of(seen(kind, b'{"id":1}'))
