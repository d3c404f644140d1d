"""In which language the command line speaks."""

import pytest

from sipbot.labels import LABELS, labels_of, wanted_locale


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [
        ({"LANG": "ja_JP.UTF-8"}, "ja_JP.UTF-8"),
        ({"LANG": "ja_JP.UTF-8", "LC_MESSAGES": "en_GB.UTF-8"}, "en_GB.UTF-8"),
        ({"LANG": "en_GB.UTF-8", "LC_ALL": "ja_JP.UTF-8"}, "ja_JP.UTF-8"),
        ({"LANG": "ja_JP.UTF-8", "LC_ALL": ""}, "ja_JP.UTF-8"),
        ({}, ""),
    ],
)
def test_locale_of_messages_is_what_the_variables_say_in_their_order(
    environ: dict[str, str], wanted: str
) -> None:
    assert wanted == wanted_locale(environ)


def test_japanese_terminal_gets_japanese_labels_though_no_locale_is_installed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LC_ALL", "ja_JP.UTF-8")
    assert LABELS["ja"] is labels_of("auto")
