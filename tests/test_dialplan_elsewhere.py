"""What clients' files name and config.toml or accounts.toml lack; who is told, in words."""

import json
from datetime import datetime
from io import StringIO
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from sipbot.cli_dialplan import dialplan_app
from sipbot.dialplan_diff import changes
from sipbot.dialplan_elsewhere import for_folders, of_file, where_lost
from sipbot.dialplan_people import channel_words, notified
from sipbot.dialplan_tree import terminal_tree
from sipbot.errors import DialplanError
from sipbot.notice_form import NotifyForm
from sipbot.notice_times import next_time
from sipbot.toml_file import TomlFile, parse, read
from tests.clients import client, write_client

TOKYO = ZoneInfo("Asia/Tokyo")
NOTIFY = '[[notify]]\nname = "mail"\ntarget = "yamato-mial"\n'
ROTA = '[[rota]]\nname = "satoo"\nnumber = "09012345678"\n'
PHONE = '[[escalate]]\nafter_min = 30\nphone = "rota"\n'
LEAD = '[[escalate]]\nafter_min = 15\nto = "laed"\n'


def file_of(text: str) -> TomlFile:
    return parse(Path("sato.toml"), text.encode(), DialplanError)


def check(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(dialplan_app, ["check", *words], env={"COLUMNS": "200"})


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site whose client notifies a target, with settings beside its folder of dialplans."""
    (tmp_path / "dialplans").mkdir()
    write_client(tmp_path / "dialplans", NOTIFY)
    return tmp_path


def settings(site: Path, target: str) -> str:
    text = f'[[notify.target]]\nname = "{target}"\nurl = "json://127.0.0.1"\n'
    (site / "config.toml").write_text(text, encoding="utf-8")
    return str(site / "config.toml")


# -- what other files lack -----------------------------------------------------------------------


def test_target_that_config_lacks_is_told_with_place_and_nearest_name() -> None:
    (found,) = of_file(file_of(NOTIFY), {"yamato-mail"}, None)

    assert (3, 1, "notify[0].target", '"yamato-mial"', "Did you mean yamato-mail?") == (
        found.line,
        found.column,
        found.key,
        found.value,
        found.remedy,
    )


def test_target_without_a_near_name_is_told_with_what_to_add() -> None:
    (found,) = of_file(file_of(NOTIFY), {"other"}, None)

    assert 'Add [[notify.target]] with name = "yamato-mial" to config.toml' == found.remedy


@pytest.mark.parametrize(
    ("expected", "text", "people"),
    [
        ([], ROTA, None),
        ([], ROTA, {"satoo"}),
        (["rota[0].name"], ROTA, {"sato"}),
        (["escalate[0].to"], LEAD, {"lead"}),
        ([], LEAD.replace("laed", "night-shift"), {"lead"}),
        (["escalate[0].to"], LEAD.replace("laed", "sato") + ROTA, None),
        ([], "escalate = 5\nrota = [3]\n", {"lead"}),
    ],
)
def test_person_who_is_nobody_here_is_told(
    expected: list[str], text: str, people: set[str] | None
) -> None:
    assert expected == [one.key for one in of_file(file_of(text), None, people)]


def test_check_warns_of_a_lost_target_and_accepts_the_file(site: Path) -> None:
    result = check(site, "--config", settings(site, "yamato-mail"))

    assert 0 == result.exit_code
    assert 'sato.toml:14:1: notify[0].target = "yamato-mial": is no [[notify.target]]' in (
        result.stderr
    )


def test_check_says_nothing_of_a_target_that_is_there(site: Path) -> None:
    result = check(site, "--config", settings(site, "yamato-mial"))

    assert (0, False) == (result.exit_code, "notify" in result.stderr)


def test_check_without_settings_says_what_it_did_not_look_up(site: Path) -> None:
    shown = check(site, str(site / "dialplans"), "--json").stdout

    (note,) = json.loads(shown)["not_checked"]
    assert "a path was given without --config" in note


def test_check_tells_of_the_defaults_at_their_own_place(site: Path) -> None:
    write_client(site / "dialplans")
    defaults = site / "dialplans" / "_defaults.toml"
    defaults.write_text(f"schema = 1\n{NOTIFY}", encoding="utf-8")

    result = check(site, "--config", settings(site, "yamato-mail"))

    assert "_defaults.toml:4:1: notify[0].target" in result.stderr


def test_lost_target_of_a_form_that_the_file_is_no_more_has_no_place(tmp_path: Path) -> None:
    plan = client(tmp_path, NOTIFY)
    found = where_lost(plan, ())
    plan.path.write_text(f"# {plan.path.read_text('utf-8')}", encoding="utf-8")

    assert (14, None) == (found and found.line, where_lost(plan, ()))


# -- in words ------------------------------------------------------------------------------------


def test_show_names_channels_and_what_an_escalation_sends(tmp_path: Path) -> None:
    console = Console(width=120, record=True, file=StringIO())
    step = '[[escalate]]\nafter_min = 0\ncategories = ["x"]\nnotify = "mail"\n'
    words = '[[category]]\nname = "x"\nwords = ["y"]\n'

    console.print(terminal_tree(client(tmp_path, NOTIFY + step + words), "JP"))

    shown = console.export_text()
    assert "at once, category x  → notifies by mail  yamato-mial" in shown
    assert "mail  each message → yamato-mial, masked" in shown


@pytest.mark.parametrize(
    ("expected", "old", "new"),
    [
        ("tells laed (escalated_to) is new: after 15 min", "", LEAD),
        (
            "tells laed (escalated_to) is after 20 min instead of after 15 min",
            LEAD,
            LEAD.replace("15", "20"),
        ),
        ("satoo is new: 090-1234-5678  always", PHONE + ROTA.replace("satoo", "b"), PHONE + ROTA),
        ("mail is gone", NOTIFY, ""),
    ],
)
def test_diff_tells_who_is_told_otherwise(
    tmp_path: Path, expected: str, old: str, new: str
) -> None:
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
    before, after = client(tmp_path / "old", old), client(tmp_path / "new", new)

    found = changes(before, after, "JP", datetime(2026, 11, 22, tzinfo=TOKYO).date())

    assert expected in [one.text for one in found]


def test_diff_of_equal_people_is_nothing(tmp_path: Path) -> None:
    plan = client(tmp_path, NOTIFY + PHONE + ROTA + LEAD)

    assert [] == changes(plan, plan, "JP", datetime(2026, 11, 22, tzinfo=TOKYO).date())


def channel(**keys: object) -> NotifyForm:
    return NotifyForm.model_validate({"name": "mail", "target": "mail", **keys})


@pytest.mark.parametrize(
    ("expected", "keys"),
    [
        ("2026-11-20T20:00", {}),
        ("2026-11-24T09:00", {"hours": ["open"]}),
        ("2026-11-21T09:00", {"when": "digest", "at": ["17:00", "09:00"]}),
        ("2026-11-24T17:00", {"when": "digest", "at": ["17:00"], "hours": ["open"]}),
        ("2026-11-23T00:00", {"hours": ["holiday"]}),
    ],
)
def test_time_of_the_next_notification_is_that_of_the_file(
    tmp_path: Path, expected: str, keys: dict[str, object]
) -> None:
    # Friday evening; Monday the 23rd is 勤労感謝の日.
    plan = client(tmp_path, '[hours]\nopen = "Mo-Fr 09:00-18:00"\n')
    at = next_time(channel(**keys), plan.hours, datetime(2026, 11, 20, 20, tzinfo=TOKYO))

    assert expected == (at and f"{at:%Y-%m-%dT%H:%M}")


def test_channel_that_is_only_asked_tells_of_nothing_by_itself(tmp_path: Path) -> None:
    plan = client(tmp_path)
    told = notified([channel(when="asked")], plan, datetime.now(TOKYO), urgent=True)

    assert [] == list(told)


def test_channel_is_put_into_words() -> None:
    one = channel(when="digest", at=["09:00"], what="full", language="en", hours=["open"])

    expected = "all messages together at 09:00, while open → mail, full, in en"
    assert expected == channel_words(one)


def test_message_that_would_go_to_a_folder_is_warned_of(tmp_path: Path) -> None:
    file = tmp_path / "yamato.toml"
    channel = '[[notify]]\nname = "a"\ntarget = "shelf"\n'
    file.write_text(channel + channel + 'on = ["weekly"]\n', encoding="utf-8")
    (mistake,) = for_folders(read(file, DialplanError), {"shelf"})
    assert (3, "is a folder, which takes reports only, not memo") == (mistake.line, mistake.problem)
