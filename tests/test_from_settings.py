"""What settings mean for others: where a recording is said to be."""

from pathlib import Path

import pytest

from sipbot import config
from sipbot.accounts import EVERY, Account, Accounts
from sipbot.from_settings import audio_url_of, masked_url_of, phones_by


def test_recording_is_a_file_where_there_is_no_console(tmp_path: Path) -> None:
    settings = config.from_values({}, tmp_path)
    spool = (tmp_path / "var" / "spool").as_uri()
    assert f"{spool}/c1/audio.wav" == audio_url_of(settings)("c1", "m1")
    assert "file:///x/masked.wav" == masked_url_of(settings)(Path("/x/masked.wav"), "m1")


@pytest.mark.parametrize(
    ("console", "where"),
    [
        ({"port": 8470}, "http://127.0.0.1:8470"),
        ({"port": 8470, "address": "::1"}, "http://[::1]:8470"),
        ({"port": 8470, "url": "https://console.example/"}, "https://console.example"),
    ],
    ids=["address", "ipv6", "url"],
)
def test_recording_is_an_address_of_the_console_where_there_is_one(
    tmp_path: Path, console: dict[str, object], where: str
) -> None:
    settings = config.from_values({"console": console}, tmp_path)
    assert f"{where}/memos/m1/audio" == audio_url_of(settings)("c1", "m1")
    assert f"{where}/memos/m1/masked-audio" == masked_url_of(settings)(Path("/x"), "m1")


def test_telephone_of_the_account_counts_before_that_of_the_settings(tmp_path: Path) -> None:
    phones = [{"operator": name, "at": "202"} for name in ("hanako", "taro", "jiro")]
    settings = config.from_values({"call_back": {"phone": phones}}, tmp_path)
    accounts = Accounts(
        [
            Account(name="hanako", role="operator", clients=EVERY, extension="201"),
            Account(name="taro", role="operator", clients=EVERY),
        ]
    )
    known = phones_by(settings, lambda: accounts)
    assert {"hanako": "201", "taro": "202", "jiro": "202"} == known().of


def test_telephone_of_an_account_that_has_changed_counts_at_once(tmp_path: Path) -> None:
    settings = config.from_values({}, tmp_path)
    moved = [
        Accounts([Account(name="hanako", role="operator", clients=EVERY, extension=place)])
        for place in ("201", "301")
    ]
    known = phones_by(settings, iter(moved).__next__)
    assert [{"hanako": "201"}, {"hanako": "301"}] == [known().of, known().of]
