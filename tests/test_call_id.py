import os
import subprocess
import sys
import time
import uuid

import uuid6
from hypothesis import given
from hypothesis import strategies as st

from sipbot.sip import call_id


def test_a_call_id_is_a_uuid_of_version_7() -> None:
    parsed = uuid.UUID(call_id.new_call_id())
    assert (7, uuid.RFC_4122) == (parsed.version, parsed.variant)


def test_a_call_id_tells_the_millisecond_in_which_it_was_made() -> None:
    before_ms = time.time_ns() // 1_000_000
    made_ms = uuid6.UUID(call_id.new_call_id()).time
    assert before_ms <= made_ms <= time.time_ns() // 1_000_000


@given(st.binary(min_size=10, max_size=10))
def test_no_random_bits_touch_version_or_variant(drawn: bytes) -> None:
    whole, os.urandom = os.urandom, lambda _n: drawn
    try:
        made = uuid.UUID(call_id.new_call_id())
    finally:
        os.urandom = whole
    assert (7, uuid.RFC_4122) == (made.version, made.variant)


def test_a_thousand_ids_are_a_thousand_ids() -> None:
    assert 1000 == len({call_id.new_call_id() for _ in range(1000)})


def test_an_agent_loads_neither_openssl_nor_the_metadata_of_packages() -> None:
    say = "import sys, sipbot.sip.agent; print(sorted({'_hashlib', 'zipfile'} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", say], capture_output=True, text=True, check=True)
    assert "[]\n" == run.stdout
