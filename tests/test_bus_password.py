"""The bus's passwords: hashed as Mosquitto's own program does."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sipbot.bus_password import is_bus_hash, is_right, new_hash, new_password


@given(st.text(max_size=40))
@settings(max_examples=30)
def test_password_is_right_for_its_own_hash(password: str) -> None:
    assert is_right(password, new_hash(password))


@given(st.text(max_size=40), st.text(max_size=40))
@settings(max_examples=30)
def test_other_password_is_wrong(password: str, other: str) -> None:
    assert (password == other) == is_right(other, new_hash(password))


@pytest.mark.peer
def test_hash_of_mosquittos_own_program_is_understood(tmp_path: Path) -> None:
    file = tmp_path / "passwords"
    subprocess.run(["mosquitto_passwd", "-b", "-c", str(file), "hanako", "a word"], check=True)
    assert is_right("a word", file.read_text().strip().partition(":")[2])


@pytest.mark.parametrize(
    "text",
    ["", "word", "$7$101$c2FsdA==$aGFzaA==", "$6$101$" + "A" * 16 + "$" + "A" * 86 + "=="],
)
def test_other_forms_are_no_hash(text: str) -> None:
    assert not is_bus_hash(text)


def test_hash_that_would_hold_up_the_broker_is_no_hash() -> None:
    assert not is_bus_hash(new_hash("word", 2).replace("$7$2$", "$7$9000000$"))


def test_every_new_password_is_another_one() -> None:
    assert 20 == len({new_password() for _ in range(20)})
