"""Topics: the contract's names, and no id that could change their meaning."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sipbot.errors import FeedError
from sipbot.topics import ID, Asked, FeedPayload, Place, StatePayload, Topics, checked

ids = st.from_regex(ID, fullmatch=True)
TOPICS = Topics("main")
AT = datetime(2026, 11, 20, 3, 4, 5, tzinfo=UTC)


def test_topics_are_those_of_the_contract() -> None:
    """Other programs have these written down."""
    built = [
        TOPICS.state,
        TOPICS.info,
        TOPICS.alert("disk"),
        TOPICS.memo("yamato", "m1"),
        TOPICS.feed("yamato"),
        TOPICS.live("yamato", "c1"),
    ]

    assert [
        "sipbot/1/main/state",
        "sipbot/1/main/info",
        "sipbot/1/main/alert/disk",
        "sipbot/1/main/client/yamato/memo/m1",
        "sipbot/1/main/client/yamato/feed",
        "sipbot/1/main/client/yamato/live/c1",
    ] == built


@settings(deadline=None)
@given(st.text(max_size=70))
def test_id_is_refused_unless_it_is_one_harmless_level(text: str) -> None:
    """Whatever is accepted has no wildcard, no level, no $ and no control character."""
    try:
        accepted = checked(text)
    except FeedError:
        return
    assert text == accepted
    assert set() == set(text) - set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert 1 <= len(text) <= 63


@pytest.mark.parametrize("bad", ["", "+", "#", "a/b", "../x", "-a", "A", "a\n", "a" * 64, "大和"])
def test_id_that_could_change_a_topic_is_refused(bad: str) -> None:
    """The error names the id and the rule."""
    with pytest.raises(FeedError, match="1 to 63"):
        TOPICS.feed(bad)


@settings(deadline=None)
@given(ids, ids)
def test_parse_undoes_what_was_built(client: str, identifier: str) -> None:
    """A watcher knows what a topic is about."""
    assert Place(client=client, kind="memo", id=identifier) == TOPICS.parse(
        TOPICS.memo(client, identifier)
    )
    assert Place(client=client, kind="live", id=identifier) == TOPICS.parse(
        TOPICS.live(client, identifier)
    )
    assert Place(client=client, kind="feed") == TOPICS.parse(TOPICS.feed(client))


@settings(deadline=None)
@given(ids)
def test_parse_of_other_sites_and_topics_is_none(client: str) -> None:
    """What is not ours is left alone."""
    assert None is TOPICS.parse(Topics("other").feed(client))
    assert None is TOPICS.parse(f"sipbot/1/main/client/{client}/masked/feed")
    assert None is TOPICS.parse(TOPICS.state)


def test_payloads_carry_schema_and_utc_offset() -> None:
    """Every payload says which schema it follows and which zone its times are in."""
    state = json.loads(StatePayload(state="ready", boot="b1", ts=AT).encode())
    feed = json.loads(FeedPayload(type="new", memo="m1", rev=1, seq=3).encode())

    assert {
        "schema": 1,
        "state": "ready",
        "boot": "b1",
        "ts": "2026-11-20T03:04:05Z",
        "reasons": [],
        "numbers": None,
    } == state
    assert {"schema": 1, "type": "new", "memo": "m1", "rev": 1, "seq": 3, "changed": []} == feed


@pytest.mark.parametrize("by", ["", "hanako"])
def test_topic_of_a_command_is_read_as_it_was_built(by: str) -> None:
    expected = Asked(client="yamato", verb="claim", sender=by or None)
    assert expected == TOPICS.asked(TOPICS.command("yamato", "claim", by))


@pytest.mark.parametrize("rest", ["cmd", "cmd/", "cmd/claim/", "cmd/claim/a/b", "cmd/claim/A"])
def test_topic_that_is_none_of_a_command_is_not_read(rest: str) -> None:
    assert None is TOPICS.asked(f"sipbot/1/main/client/yamato/{rest}")
