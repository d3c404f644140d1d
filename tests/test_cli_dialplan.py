"""`sipbot dialplan`: what admins type, and what they read."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path
from shutil import copytree

import jsonschema
import pytest
import tomli
from typer.testing import CliRunner, Result

from sipbot.cli_dialplan import dialplan_app
from sipbot.dialplan_editor import draft4
from sipbot.dialplan_form import schema
from tests.clients import write_client

ROOT = Path(__file__).parents[1]
TRADES = ("law", "clinic", "property", "shop", "support")
SAMPLES = sorted((ROOT / "dialplans").glob("[!_]*.toml"))
TABLES = """start = "main"
[hours]
open = "Mo-Fr 09:00-18:00"
[[closure]]
name = "nenmatsu"
[callers]
block = ["+81312340000"]
[[route]]
name = "night"
hours = ["closed"]
step = "emergency"
urgent = true
[step.main]
do = "menu"
prompt = "menu.wav"
keys = { 1 = "wish", 2 = "record", 9 = "main" }
no_input = "menu.wav"
no_match = "menu.wav"
[step.wish]
do = "ask"
item = "wish"
prompt = "menu.wav"
no_input = "menu.wav"
[step.emergency]
do = "say"
prompt = "menu.wav"
then = "record"
"""
OPEN, EVENING = "2026-09-24T10:00", "2026-09-24T20:00"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "dialplans"
    place.mkdir()
    write_client(place, TABLES)
    return place


def run(*words: str, folder: Path | None = None) -> Result:
    options = ["--dialplans", str(folder)] if folder else []
    return CliRunner().invoke(dialplan_app, [*words, *options], env={"COLUMNS": "120"})


def with_test(folder: Path, expect: str) -> Path:
    test = f"[[test]]\nat = {OPEN}:00\nkeys = '1'\nexpect = {{ {expect} }}\n"
    return write_client(folder, TABLES + test)


# -- show --------------------------------------------------------------------------------------


def test_show_draws_the_calls_as_a_tree(folder: Path) -> None:
    shown = run("show", "sato", folder=folder).stdout

    assert "├── Numbers  03-1234-5678" in shown
    assert "weekly hours  Mon-Fri 09:00-18:00" in shown
    assert "day > closure > holiday > season > weekly hours" in shown
    assert "1 callers.block  caller 03-1234-0000 → refused" in shown
    assert "2 night  closed → emergency  urgent" in shown
    assert "1 → wish" in shown
    assert "9 → main, see above" in shown


def test_show_takes_a_file_under_any_name(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "proposal.toml"
    other.write_bytes((folder / "sato.toml").read_bytes())

    result = run("show", str(other), folder=folder)

    assert (0, True) == (result.exit_code, "佐藤法律事務所" in result.stdout)


def test_show_prints_a_flowchart_with_every_step_and_way(folder: Path) -> None:
    chart = run("show", "sato", "--mermaid", folder=folder).stdout

    assert chart.startswith("flowchart LR\n")
    assert all(f'"{name}' in chart for name in ("main", "wish", "emergency", "record"))
    assert 7 == chart.count(" -->|")  # three rules, three keys, and after three tries


def test_diagram_is_painted_without_what_many_viewers_do_not_know(
    folder: Path, tmp_path: Path
) -> None:
    run("show", "sato", "--svg", str(tmp_path / "calls.svg"), folder=folder)

    assert "var(" not in (tmp_path / "calls.svg").read_text(encoding="utf-8")


def test_show_draws_a_picture_with_every_step(folder: Path, tmp_path: Path) -> None:
    run("show", "sato", "--svg", str(tmp_path / "calls.svg"), folder=folder)

    texts = [text.text for text in ET.parse(tmp_path / "calls.svg").iter() if text.text]
    assert {"佐藤法律事務所", "main", "wish", "emergency", "record", "end"} <= set(texts)


# -- simulate ----------------------------------------------------------------------------------


def simulate(folder: Path, *words: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(
        run("simulate", "sato", *words, "--json", folder=folder).stdout
    )
    return found


def test_simulate_tells_the_call_in_order(folder: Path) -> None:
    result = run(
        "simulate", "sato", "--at", EVENING, "--from", "0901234567", "--say", "山田です",
        folder=folder,
    )  # fmt: skip

    lines = [" ".join(line.split()) for line in result.stdout.splitlines() if line.strip()]
    assert "hours closed (weekly hours)" in lines
    assert "route night (closed): step emergency" in lines
    assert "greeting closed.wav (because of after_hours)" in lines
    assert lines.index("step emergency (say)") < lines.index("caller 「山田です」")
    assert "outcome memo, urgent" in lines


def test_simulate_gives_programs_the_steps_and_the_outcome(folder: Path) -> None:
    found = simulate(folder, "--at", OPEN, "--keys", "1", "--say", "予約です")

    assert (["main", "wish", "record"], "memo") == (found["steps"], found["outcome"])
    assert {"wish": "予約です"} == found["answers"]


def test_simulate_hangs_up_at_the_step_that_is_named(folder: Path) -> None:
    found = simulate(folder, "--at", OPEN, "--keys", "1", "--hang-up-at", "wish")

    assert ["main", "wish"] == found["steps"]


def test_simulate_says_when_the_call_does_not_come_to_a_step(folder: Path) -> None:
    result = run("simulate", "sato", "--at", OPEN, "--hang-up-at", "emergency", folder=folder)

    assert (2, True) == (result.exit_code, "steps: main, record" in result.stderr)


def test_simulate_shows_that_a_blocked_caller_is_refused(folder: Path) -> None:
    found = simulate(folder, "--at", OPEN, "--from", "03-1234-0000")

    assert ("refused_blocked", []) == (found["outcome"], found["transcript"])


@pytest.mark.parametrize(
    ("option", "value"), [("--at", "tomorrow"), ("--keys", "12a"), ("--number", "0399999999")]
)
def test_simulate_refuses_what_no_call_can_be(folder: Path, option: str, value: str) -> None:
    result = run("simulate", "sato", option, value, folder=folder)

    assert 2 == result.exit_code
    assert result.stderr.startswith(f"{option} {value}: ")


# -- test --------------------------------------------------------------------------------------


def test_tests_that_pass_are_counted(folder: Path) -> None:
    with_test(folder, 'state = "open"')

    result = run("test", folder=folder)

    assert (0, "1 client, 1 test: passed\n") == (result.exit_code, result.stdout)


def test_a_failing_test_says_where_it_is_and_ends_with_1(folder: Path) -> None:
    path = with_test(folder, 'state = "closed"')

    result = run("test", "sato", folder=folder)

    line = len(path.read_text(encoding="utf-8").splitlines())
    assert 1 == result.exit_code
    assert result.stderr.startswith(f'{path}:{line}:12: test[0].expect.state = "closed": ')
    assert "1 test: 1 failed" in result.stdout


def test_mutation_names_the_boundaries_that_no_test_holds(folder: Path) -> None:
    with_test(folder, 'state = "open"')

    result = run("test", "--mutate", folder=folder)

    assert "noticed by the tests: 0 of 4 (0 %)" in result.stdout
    assert "09:00 as 09:01 is noticed by no test" in result.stdout


def test_the_tests_that_mutation_proposes_hold_every_boundary(folder: Path) -> None:
    path = with_test(folder, 'state = "open"')
    proposed = run("test", "--mutate", folder=folder).stdout.partition("# these")[2]
    path.write_text(f"{path.read_text(encoding='utf-8')}#{proposed}", encoding="utf-8")

    result = run("test", "--mutate", folder=folder)

    assert "noticed by the tests: 4 of 4 (100 %)" in result.stdout


# -- diff and calendar -------------------------------------------------------------------------


def changed(folder: Path, old: str, new: str) -> str:
    before = folder / "sato.toml"
    after = folder.parent / "after.toml"
    after.write_text(before.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    words = ("diff", str(before), str(after), "--from", "2026-11-22")
    shown = run(*words, folder=folder).stdout
    return " ".join(shown.split())


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("18:00", "17:00", "hours You lose 24"),
        ('"+81312345678"', '"+81312345679"', "numbers 03-1234-5679 is answered from now on."),
        ("closed.wav", "day-off.wav", "answer after_hours is day-off.wav instead of closed.wav."),
        ('2 = "record"', '3 = "record"', "step main: key 3 leads to record from now on."),
        (
            'then = "record"',
            'then = "wish"',
            "step emergency: then leads to wish instead of record",
        ),
        ("urgent = true\n", "", "route night is (closed) → step emergency instead of"),
        ("+81312340000", "+81312340001", "callers 03-1234-0001 is refused from now on."),
        ('name = "nenmatsu"', 'name = "obon"', "the closure obon is new."),
        ("schema = 1", "schema = 1 # the same", "Nothing changes for callers."),
    ],
)
def test_diff_says_in_words_what_changes(folder: Path, old: str, new: str, said: str) -> None:
    assert said in changed(folder, old, new)


def test_diff_of_a_client_compares_with_what_is_in_force(folder: Path) -> None:
    applied = folder.parent / "var" / "dialplans"
    applied.mkdir(parents=True)
    text = (folder / "sato.toml").read_text(encoding="utf-8")
    (applied / "sato.toml").write_text(text.replace("18:00", "19:00"), encoding="utf-8")
    settings = folder.parent / "config.toml"
    settings.write_text('region = "JP"\n', encoding="utf-8")

    result = run("diff", "sato", "--config", str(settings))

    assert "Mon-Fri 18:00-19:00" in result.stdout


def test_calendar_shows_a_month_with_its_holidays(folder: Path) -> None:
    shown = run("calendar", "sato", "--month", "2027-01", folder=folder).stdout

    assert "成人の日" in shown
    assert "nenmatsu" in shown


def test_calendar_writes_a_page_of_a_year(folder: Path, tmp_path: Path) -> None:
    page = tmp_path / "2027.html"

    run("calendar", "sato", "--year", "2027", "--html", str(page), folder=folder)

    assert "<h1>佐藤法律事務所</h1><h1>2027</h1>" in page.read_text(encoding="utf-8")


def test_calendar_refuses_a_month_that_there_is_not(folder: Path) -> None:
    assert 2 == run("calendar", "sato", "--month", "2027-13", folder=folder).exit_code


# -- new ---------------------------------------------------------------------------------------


def new(
    folder: Path, trade: str = "law", language: str = "ja", number: str = "0311112222"
) -> Result:
    return run(
        "new", "aoi", "--trade", trade, "--language", language, "--number", number,
        "--say-name", "青井", folder=folder,
    )  # fmt: skip


@pytest.mark.parametrize("language", ["ja", "en", "ko"])
@pytest.mark.parametrize("trade", TRADES)
def test_a_new_client_is_right_and_its_tests_notice_every_slip(
    folder: Path, trade: str, language: str
) -> None:
    made = new(folder, trade, language)

    assert 0 == made.exit_code, made.output
    checked = run("check", str(folder))
    assert (0, False) == (checked.exit_code, "aoi.toml" in checked.output), "it is warned of"
    assert "(100 %)" in run("test", "aoi", "--mutate", folder=folder).stdout


def test_new_says_what_to_do_next(folder: Path) -> None:
    assert 3 == new(folder).stdout.count("  sipbot dialplan ")


def test_new_never_writes_over_a_file(folder: Path) -> None:
    new(folder)
    before = (folder / "aoi.toml").read_bytes()

    result = new(folder, "shop")

    assert (2, before) == (result.exit_code, (folder / "aoi.toml").read_bytes())


def test_new_refuses_a_number_of_another_client_and_writes_nothing(folder: Path) -> None:
    result = new(folder, number="03-1234-5678")

    assert "is claimed by" in result.stderr
    assert not (folder / "aoi.toml").exists()


# -- editors -----------------------------------------------------------------------------------


def test_schema_for_editors_is_one_of_draft_4() -> None:
    jsonschema.Draft4Validator.check_schema(draft4(schema()))


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_samples_keep_to_the_schema_for_editors(path: Path) -> None:
    values = json.loads(json.dumps(tomli.loads(path.read_text(encoding="utf-8")), default=str))

    jsonschema.Draft4Validator(draft4(schema())).validate(values)


def test_schema_for_editors_refuses_what_is_misspelt(folder: Path) -> None:
    values = tomli.loads((folder / "sato.toml").read_text(encoding="utf-8"))
    values["step"]["main"]["promt"] = "menu.wav"

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft4Validator(draft4(schema())).validate(values)


def test_schema_for_editors_leaves_times_without_an_offset_alone() -> None:
    assert '"date-time"' not in json.dumps(draft4(schema()))


def test_files_for_editors_are_written_once_and_never_over_others(folder: Path) -> None:
    taplo = folder.parent / ".taplo.toml"
    taplo.write_text("# mine\n", encoding="utf-8")

    result = run("schema", "--vscode", str(folder))

    assert "# mine\n" == taplo.read_text(encoding="utf-8")
    assert "stays as it is; add this to it" in result.stdout
    settings = json.loads((folder.parent / ".vscode/settings.json").read_text(encoding="utf-8"))
    associated = settings["evenBetterToml.schema.associations"]
    assert [(folder.parent / "dialplan.schema.json").as_uri()] == list(associated.values())


def test_sample_clients_pass_their_tests(tmp_path: Path) -> None:
    copytree(ROOT / "dialplans", tmp_path / "dialplans")

    assert 0 == run("test", folder=tmp_path / "dialplans").exit_code


def test_calendar_of_a_narrow_terminal_shows_every_hour(folder: Path) -> None:
    words = ["calendar", "sato", "--month", "2027-01", "--dialplans", str(folder)]

    shown = CliRunner().invoke(dialplan_app, words, env={"COLUMNS": "80"}).stdout

    assert "…" not in shown
    assert "9-18" in shown
