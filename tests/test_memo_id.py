"""A memo's id is the call's: the same whenever the memo is made."""

from datetime import timedelta
from uuid import RFC_4122, UUID

import msgspec

from sipbot.memo_id import memo_id
from tests.memo_samples import AT, an_offer


def test_memo_of_the_same_call_has_the_same_id_and_that_of_another_call_another() -> None:
    """A restored ledger knows neither memo, but readers do."""
    offer = an_offer()
    read_back = msgspec.json.decode(msgspec.json.encode(offer), type=type(offer))

    assert memo_id(offer) == memo_id(read_back)
    assert memo_id(offer) != memo_id(an_offer())


def test_memo_ids_are_version_7_and_sort_as_the_calls_came() -> None:
    """Lists of memos are read in the order of their ids."""
    first = msgspec.structs.replace(an_offer(), received_at=AT)
    second = msgspec.structs.replace(an_offer(), received_at=AT + timedelta(milliseconds=1))

    assert memo_id(first) < memo_id(second)
    assert (7, RFC_4122) == (UUID(memo_id(first)).version, UUID(memo_id(first)).variant)
