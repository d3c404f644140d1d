"""A call whose main process was stopped for a while: what the agent says of its end counts."""

from pathlib import Path

from sipbot import script_events as script
from sipbot import steps
from sipbot.call_tools import Tools
from sipbot.caller import WITHHELD
from sipbot.calls import LiveCall
from sipbot.ledger import Ledger
from sipbot.reading import Reading
from sipbot.records import EndedBy, EndState
from sipbot.sip import wire
from sipbot.speech.client import SpeechClient
from sipbot.spool import Note, Spool
from tests.courses import course
from tests.offers import offer


class Deaf:
    """An agent that takes every command."""

    def send(self, command: wire.Command) -> None:
        pass


async def test_call_that_was_connected_while_main_slept_past_the_ringing_is_transferred(
    tmp_path: Path,
) -> None:
    invite = offer()
    note = Note(offer=invite, client="boss", rule="request-uri", number="9000", caller=None)
    async with Ledger.open(tmp_path / "sipbot.sqlite3") as ledger:
        await ledger.add_call(invite, note.client, note.rule, note.number)
        spool = Spool(tmp_path / "spool")
        live = SpeechClient("live", (), lambda _: None)
        tools = Tools(
            ledger=ledger,
            spool=spool,
            reading=Reading(ledger=ledger, spool=spool, live=live, second=None, models=()),
            tell=lambda *_: None,
            trouble=lambda *_: None,
            audio_url=str,
        )
        call = LiveCall(
            note=note,
            course=course(
                steps.Transfer(name="boss", to="sip:100@127.0.0.1"), start="boss", greeting=None
            ),
            language="ja",
            region="JP",
            caller=WITHHELD,
            agent=Deaf(),
            tools=tools,
            beside=lambda _: None,
        )
        for happening in (
            script.Offered(),
            wire.Answered(call=call.call),
            script.TimeUp(n=2),  # of the ringing
            wire.Transferred(call=call.call),
            wire.Ended(
                call=call.call,
                by=EndedBy.CALLER,
                code=200,
                reason="",
                answered=True,
                transferred=True,
            ),
        ):
            call.happen(happening)

        await call.run()

        row = await ledger.call(call.call)
    assert row is not None
    assert EndState.TRANSFERRED == row.state
    assert call.script.visited == ("boss", steps.RECORD)
