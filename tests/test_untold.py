"""What an agent remembers for its next parent, and what it may forget."""

from pathlib import Path

import msgspec
import pytest

from sipbot.records import EndedBy
from sipbot.sip import wire
from sipbot.sip.untold import UNTOLD_MAX, Untold
from tests.offers import offer

REFUSED = wire.Refused(offer=offer(), code=503, why="draining")
ENDED = wire.Ended(call="c", by=EndedBy.CALLER, code=200, reason="OK", answered=True)


REFUSED_TOO = wire.Refused(
    offer=msgspec.structs.replace(offer(), call="another"), code=486, why="capacity"
)


def test_what_is_written_down_is_forgotten_and_the_rest_is_told_again(tmp_path: Path) -> None:
    untold = Untold(tmp_path / "agent-0.untold")
    untold.told(REFUSED_TOO)
    untold.told(ENDED)
    untold.written("another")
    untold.parent_died()
    assert [ENDED] == untold.take()


def test_parent_that_writes_nothing_down_is_told_the_latest_again(tmp_path: Path) -> None:
    untold = Untold(tmp_path / "agent-0.untold")
    untold.told(ENDED)
    for number in range(UNTOLD_MAX):
        call = msgspec.structs.replace(offer(), call=str(number))
        untold.told(msgspec.structs.replace(REFUSED, offer=call))
    untold.parent_died()
    assert () == untold.ended
    fault = untold.take()[-1]
    assert isinstance(fault, wire.Fault)
    assert fault.problem.startswith("1 calls may be missing in the ledger")


def test_what_a_parent_took_and_died_with_is_told_to_the_next(tmp_path: Path) -> None:
    untold = Untold(tmp_path / "agent-0.untold")
    untold.add(ENDED)
    untold.take()
    untold.parent_died()
    assert ("c",) == untold.ended
    assert [ENDED] == untold.take()


def test_more_than_can_be_remembered_is_told_as_a_number(tmp_path: Path) -> None:
    untold = Untold(tmp_path / "agent-0.untold")
    for _ in range(UNTOLD_MAX + 7):
        untold.add(REFUSED)
    *kept, fault = untold.take()
    assert [REFUSED] * UNTOLD_MAX == kept
    assert isinstance(fault, wire.Fault)
    assert fault.problem.startswith("7 calls may be missing in the ledger")


def test_events_left_behind_a_line_that_was_cut_off_are_whole(tmp_path: Path) -> None:
    file = tmp_path / "agent-0.untold"
    file.write_bytes(b'{"type":"refus')
    untold = Untold(file)
    untold.add(ENDED)
    untold.leave()
    cut_off, *whole = file.read_bytes().splitlines()
    assert b'{"type":"refus' == cut_off
    assert [ENDED] == [wire.events.decode(line) for line in whole]


def test_what_a_parent_was_told_and_has_not_written_down_is_left_by_an_orderly_end(
    tmp_path: Path,
) -> None:
    file = tmp_path / "agent-0.untold"
    untold = Untold(file)
    untold.told(REFUSED_TOO)
    untold.told(ENDED)
    untold.written("another")
    untold.leave()
    assert [ENDED] == [wire.events.decode(line) for line in file.read_bytes().splitlines() if line]


def test_disk_that_refuses_what_is_left_is_named_and_ends_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    untold = Untold(Path("/dev/full"))
    untold.add(msgspec.structs.replace(REFUSED, code=486))
    untold.leave()
    assert capsys.readouterr().err.startswith("/dev/full: 1 events of calls cannot be left")
