"""Who wants another one's call or a password, in short: ``make torture PARTS=takeovers``'s code."""

import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bot import running
from tests.brokers import RunningBroker
from tests.free_ports import free_ports
from tests.torture import takeovers
from tests.torture.strangers_audio import SILENT_DB, strangers, tone_db
from tests.torture.takeover_messages import OWN_REALM, forged, realms, replacements, targets
from tests.torture.takeover_peers import TakeoverBot, answerer
from tests.torture.telephone import Dialog
from tests.ulaw import RATE_HZ

DIALOG = Dialog(
    call_id="a84b4c76e66710",
    own="<sip:alice@127.0.0.1:5060>;tag=1928301774",
    theirs="<sip:desk@127.0.0.1>;tag=a6c85cf",
    contact="sip:desk@127.0.0.1:5080",
    routes=("<sip:127.0.0.1;lr>",),
    branch="z9hG4bK776asdhds",
    address="127.0.0.1:5060",
)


@given(st.integers(), st.integers(0, 10**6))
def test_forged_request_is_never_what_its_caller_would_have_sent(seed: int, n: int) -> None:
    one = forged(
        DIALOG,
        random.Random(seed),
        n,
        wrong=("127.0.0.2", "127.0.0.3"),
        sink="127.0.0.9:9",
        edge="sip:desk@127.0.0.1",
    )
    text = one.packet.decode()
    names = (DIALOG.call_id, DIALOG.own, DIALOG.theirs)
    right = all(f": {name}\r\n" in text for name in names)
    assert not (right and one.source == "127.0.0.1")


def test_no_foreign_realm_is_the_trunks_own() -> None:
    found = realms(50)
    assert (50, 50) == (len(found), len(set(found)))
    assert OWN_REALM not in found


def test_every_form_of_a_takeover_names_the_call_or_the_place_that_it_wants() -> None:
    assert all("127.0.0.9" in one for one in targets("127.0.0.9:9", DIALOG))
    assert all(DIALOG.call_id in headers[0] for headers in replacements(DIALOG))


def test_tone_that_is_heard_is_seen_in_the_recording() -> None:
    tone = np.sin(2 * np.pi * 1000 * np.arange(RATE_HZ) / RATE_HZ)
    heard, nothing = (tone * 327).astype(np.int16), np.zeros(RATE_HZ, np.int16)
    assert -42 < tone_db(heard) < -38
    assert SILENT_DB == tone_db(nothing)


@pytest.mark.sip
@pytest.mark.broker
@pytest.mark.peer
@pytest.mark.timeout(180)
async def test_nobody_gets_another_ones_call_audio_or_password(
    tmp_path: Path,
    vosk_models: Path,
    mosquitto: RunningBroker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(takeovers, "LEAST_S", 1.0)
    ports = {"trunk": free_ports(), "person": free_ports()}
    bot = TakeoverBot(tmp_path, mosquitto.port, vosk_models, agents=2, **ports)
    async with (
        answerer(ports["trunk"]) as trunk,
        answerer(ports["person"]) as person,
        running(bot),
    ):
        rows = await takeovers.transfers(bot, 8)
        rows += await takeovers.redirected(bot, [trunk, person], 2)
        rows += await takeovers.challenges(bot, trunk, person, 2)
        rows += await strangers(bot, 2)
        rows += await takeovers.forgeries(bot, random.Random(1), 2, 50)
    assert [] == [(one.harm, one.promise) for one in rows if not one.whole]
