"""What doctor says of other sites on the same broker."""

import asyncio
import json

import pytest

from sipbot.doctor_sites import compared, examine
from tests import brokers
from tests.brokers import RunningBroker

OURS = {"yamato": "aa", "tanaka": "bb"}


def info(clients: dict[str, str]) -> str:
    ts = "2026-11-23T00:00:00Z"
    return json.dumps({"schema": 1, "version": "0", "boot": "b", "ts": ts, "clients": clients})


def test_site_with_the_same_files_is_fine() -> None:
    found = compared(OURS, OURS, "west")
    assert found is not None
    assert ("site west", "ok", "has the same files for all 2 clients") == (
        found.part,
        found.state,
        found.found,
    )


@pytest.mark.parametrize(
    ("theirs", "words"),
    [
        ({"yamato": "aa", "tanaka": "cc"}, "shares calls with us, but other files for tanaka"),
        ({"yamato": "aa"}, "shares calls with us, but lacks tanaka"),
        ({**OURS, "kato": "dd"}, "shares calls with us, but alone has kato"),
    ],
)
def test_difference_is_a_warning_that_names_the_client(theirs: dict[str, str], words: str) -> None:
    found = compared(OURS, theirs, "west")
    assert found is not None
    assert ("warning", words) == (found.state, found.found)


def test_site_of_other_clients_is_nobody_to_compare_with() -> None:
    assert compared(OURS, {"kato": "dd"}, "west") is None


def test_many_clients_are_counted() -> None:
    ours = {f"c{n}": "aa" for n in range(9)}
    found = compared(ours, {"c0": "aa"}, "west")
    assert found is not None
    assert found.found.endswith("lacks c1, c2, c3, c4, c5 and 3 more")


@pytest.mark.broker
@pytest.mark.peer
async def test_sites_are_read_from_the_broker(mosquitto: RunningBroker) -> None:
    told = {"east": OURS, "west": {**OURS, "tanaka": "cc"}, "north": {"kato": "dd"}}
    for site, clients in told.items():
        await brokers.publish(mosquitto.port, f"sipbot/1/{site}/info", info(clients), "-r")
    async with asyncio.timeout(brokers.PATIENCE_S):
        found = await examine(mosquitto.address, "east", running=True)
    assert [("site west", "warning")] == [(one.part, one.state) for one in found]


@pytest.mark.broker
@pytest.mark.peer
@pytest.mark.parametrize(("running", "findings"), [(True, ["other sites"]), (False, [])])
async def test_broker_that_shows_a_running_site_nothing_of_itself_is_named(
    mosquitto: RunningBroker, findings: list[str], *, running: bool
) -> None:
    found = await examine(mosquitto.address, "unheard-of", running=running)
    assert findings == [one.part for one in found]
