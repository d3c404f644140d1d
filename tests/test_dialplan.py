"""Which client a call is for: the files, the choice, the caller."""

import json
import shutil
from dataclasses import FrozenInstanceError
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from sipbot.cli_dialplan import dialplan_app
from sipbot.dialplan import Dialplans, load_all, load_file
from sipbot.dialplan_form import SHAPE, schema
from sipbot.errors import DialplanError, Mistake
from sipbot.records import CallOffer, Party
from tests.broken_files import Broken, broken_files
from tests.offers import offer

ROOT = Path(__file__).parents[1]
BEEP = Path(__file__).parent / "data" / "beep_8k.wav"
BROKEN = broken_files("dialplan")
EXPECTED = {
    line.partition(":")[0]: line
    for line in (ROOT / "tests/broken/dialplan.expected").read_text("utf-8").splitlines()
}

FILE = """schema = 1
client = "{client}"
say_name = "{client}"
numbers = [{numbers}]
language = "ja"

[answer]
greeting = "hello.wav"
thanks = "builtin:ja/thanks"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "prompts").mkdir()
    shutil.copy(BEEP, tmp_path / "prompts" / "hello.wav")
    (tmp_path / "prompts" / "no-sound.wav").write_bytes(b"RIFF but nothing else")
    return tmp_path


def write(folder: Path, client: str, *numbers: str) -> Path:
    path = folder / f"{client}.toml"
    listed = ", ".join(f'"{number}"' for number in numbers)
    path.write_text(FILE.format(client=client, numbers=listed), encoding="utf-8")
    return path


def mistakes_of(folder: Path) -> tuple[Mistake, ...]:
    with pytest.raises(DialplanError) as caught:
        load_all(folder, "JP")
    return caught.value.mistakes


# -- files -------------------------------------------------------------------------------------


def test_the_smallest_sample_client_is_right() -> None:
    plan = load_file(ROOT / "dialplans" / "yamato.toml", "JP")

    assert ("yamato", "やまと工業", "ja") == (plan.client, plan.say_name, plan.language)
    assert all(path.is_file() for path in (plan.greeting, plan.thanks, plan.beep))


def test_a_file_that_says_only_what_it_must_gets_the_defaults(folder: Path) -> None:
    plan = load_file(write(folder, "sato", "0312345678"), "JP")

    assert (0, True, 180, 4, 10, "#") == (
        plan.answer.after_s,
        plan.record.beep,
        plan.record.max_s,
        plan.record.end_silence_s,
        plan.record.no_speech_s,
        plan.record.finish_key,
    )


def test_a_loaded_dialplan_carries_what_a_call_needs(folder: Path) -> None:
    plan = load_file(write(folder, "sato", "03-1234-5678", "Sato"), "JP")

    assert ("+81312345678", "sato") == plan.numbers
    assert (folder / "sato.toml", folder / "prompts/hello.wav") == (plan.path, plan.greeting)
    assert 64 == len(plan.sha256)


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.path.stem)
def test_a_broken_dialplan_names_its_one_mistake(folder: Path, broken: Broken) -> None:
    path = Path(shutil.copy(broken.path, folder))

    (mistake,) = mistakes_of(folder)

    assert (path, broken.line, broken.key) == (mistake.file, mistake.line, mistake.key)
    assert broken.remedy in mistake.remedy


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.path.stem)
def test_the_command_refuses_a_broken_dialplan_without_a_traceback(
    folder: Path, broken: Broken
) -> None:
    path = Path(shutil.copy(broken.path, folder))
    result = CliRunner().invoke(dialplan_app, ["check", str(path)])

    assert 1 == result.exit_code
    place = f":{broken.line}" if broken.line else ""
    assert result.stderr.startswith(f"{path}{place}:")
    assert isinstance(result.exception, SystemExit)


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.path.stem)
def test_a_broken_dialplan_is_told_in_the_words_that_were_agreed(
    folder: Path, broken: Broken
) -> None:
    shutil.copy(broken.path, folder)

    (mistake,) = mistakes_of(folder)

    said = str(mistake).replace(f"{folder}/", "").replace(f"{folder.name}/", "")
    assert EXPECTED[broken.path.name] == said


def test_at_least_fifty_broken_dialplans_are_kept() -> None:
    assert len(BROKEN) >= 50


def test_a_number_that_two_files_claim_names_both_places(folder: Path) -> None:
    write(folder, "sato", "0312345678")
    write(folder, "tanaka", "tanaka", "+81 3 1234 5678")

    (mistake,) = mistakes_of(folder)

    assert (folder / "tanaka.toml", 4, "numbers[1]") == (mistake.file, mistake.line, mistake.key)
    assert f"{folder / 'sato.toml'}:4" in mistake.problem


@pytest.mark.parametrize(
    ("one", "other"),
    [("03123456XX", "0312345678"), ("0312345678", "03123456XX"), ("031234XX78", "03123456XX")],
)
def test_a_wildcard_that_covers_another_clients_number_names_both_places(
    folder: Path, one: str, other: str
) -> None:
    write(folder, "sato", one)
    write(folder, "tanaka", "tanaka", other)

    (mistake,) = mistakes_of(folder)

    assert {"sato.toml", "tanaka.toml"} == {
        mistake.file.name,
        Path(mistake.problem.split(" ")[3].partition(":")[0]).name,
    }


def test_the_mistakes_of_all_files_are_told_at_once(folder: Path) -> None:
    write(folder, "sato")
    write(folder, "tanaka", "+123")

    assert ["sato.toml", "tanaka.toml"] == [mistake.file.name for mistake in mistakes_of(folder)]


@pytest.mark.parametrize("exists", [True, False])
def test_a_folder_without_dialplans_says_what_to_do(tmp_path: Path, exists: bool) -> None:
    (mistake,) = mistakes_of(tmp_path if exists else tmp_path / "nowhere")

    assert "Make one file per client" in mistake.remedy


def test_a_linked_dialplan_is_refused(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (folder / "sato.toml").symlink_to(write(elsewhere, "sato", "sato"))

    assert "is a symbolic link" == mistakes_of(folder)[0].problem


def test_a_linked_prompt_is_refused(folder: Path) -> None:
    write(folder, "sato", "sato")
    (folder / "prompts/hello.wav").unlink()
    (folder / "prompts/hello.wav").symlink_to(BEEP)

    assert "is a symbolic link" == mistakes_of(folder)[0].problem


def test_a_linked_prompts_folder_is_refused(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    write(elsewhere, "sato", "sato")
    (elsewhere / "prompts").symlink_to(folder / "prompts")

    assert "is a symbolic link" == mistakes_of(elsewhere)[0].problem


DEFAULTS = """schema = 1
language = "ja"
[answer]
greeting = "hello.wav"
thanks = "builtin:ja/thanks"
after_s = 5
[hours]
holidays = "KR"
[[closure]]
name = "nenmatsu"
[[closure]]
name = "obon"
[record]
max_s = 60
"""
SHORT = """schema = 1
client = "sato"
say_name = "sato"
numbers = ["sato"]
"""


def with_defaults(folder: Path, client: str, defaults: str = DEFAULTS) -> Path:
    (folder / "_defaults.toml").write_text(defaults)
    (folder / "sato.toml").write_text(SHORT + client)
    return folder / "sato.toml"


def test_defaults_fill_in_what_the_file_leaves_out_key_by_key(folder: Path) -> None:
    client = (
        "[answer]\nafter_s = 9\n[hours]\nopen = '24/7'\n[[closure]]\nname = 'obon'\nfrom = '08-10'"
    )
    plan = load_file(with_defaults(folder, client), "JP")

    assert (9, 60, "KR", "ja") == (
        plan.answer.after_s,
        plan.record.max_s,
        plan.hours.country,
        plan.language,
    )
    assert [("obon", "08-10"), ("nenmatsu", "12-29")] == [
        (closure.name, closure.from_) for closure in plan.form.closure
    ]


def test_holidays_of_the_agency_do_not_close_a_client_without_hours(folder: Path) -> None:
    plan = load_file(with_defaults(folder, ""), "JP")

    assert plan.hours.at(datetime(2026, 12, 31, tzinfo=UTC)).open


@pytest.mark.parametrize(
    ("defaults", "line", "key", "remedy"),
    [
        ("[record]\nmax_s = 1\n", 2, "record.max_s", "from 5 to 1800"),
        ("[recrod]\nmax_s = 60\n", 1, "recrod", "Did you mean record?"),
        ("numbers = ['1']\n", 1, "numbers", "Move it into the clients' files"),
        ("[hours]\nopen = '24/7'\n", 2, "hours.open", "Move it into the clients' files"),
        ("[answer]\nthanks = 'no.wav'\n", 2, "answer.thanks", "use a builtin: prompt"),
        ("[[closure]]\nname = 'x'\n", 1, "closure[0].from", "Add from"),
        ("[record\n", 1, "(syntax)", "Look at this line"),
    ],
)
def test_a_mistake_in_the_defaults_is_told_once_at_its_place(
    folder: Path, defaults: str, line: int, key: str, remedy: str
) -> None:
    with_defaults(folder, "", defaults)
    write(folder, "tanaka", "tanaka")

    (mistake,) = mistakes_of(folder)

    assert ("_defaults.toml", line, key) == (mistake.file.name, mistake.line, mistake.key)
    assert remedy in mistake.remedy


def test_hidden_files_and_other_files_are_not_read(folder: Path) -> None:
    write(folder, "sato", "sato")
    (folder / ".#sato.toml").write_text("an editor's lock")
    (folder / "sato.toml~").write_text("an editor's copy")

    assert 1 == len(load_all(folder, "JP").all)


def test_the_sample_keeps_to_the_published_schema() -> None:
    plan = load_file(ROOT / "dialplans/yamato.toml", "JP")
    written = plan.form.model_dump_json(by_alias=True, exclude_none=True)

    jsonschema.validate(json.loads(written), schema())


def test_every_key_is_described_in_the_schema() -> None:
    silent = [keys for keys, found in SHAPE.leaves().items() if "description" not in found.schema]

    assert [] == silent


# -- the choice --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> Dialplans:
    folder = tmp_path_factory.mktemp("dialplans")
    (folder / "prompts").mkdir()
    shutil.copy(BEEP, folder / "prompts" / "hello.wav")
    write(folder, "sato", "+81312345678")
    write(folder, "yamato", "+81120000000", "yamato")
    return load_all(folder, "JP")


@pytest.mark.parametrize(
    ("offered", "client", "rule", "number"),
    [
        (offer(request="yamato"), "yamato", "request-uri", "yamato"),
        (offer(request="YAMATO"), "yamato", "request-uri", "yamato"),
        (offer(request="0312345678", to="yamato"), "sato", "request-uri", "+81312345678"),
        (offer(to="+81312345678"), "sato", "to", "+81312345678"),
        (offer(diversions=("x", "0120000000")), "yamato", "diversion[1]", "+81120000000"),
        (offer(diversions=("yamato", "0312345678")), "yamato", "diversion[0]", "yamato"),
        (offer(history=("yamato", "0312345678")), "sato", "history-info[1]", "+81312345678"),
        (offer(history=("yamato", "x")), "yamato", "history-info[0]", "yamato"),
        (
            offer(diversions=("yamato",), history=("0312345678",)),
            "yamato",
            "diversion[0]",
            "yamato",
        ),
    ],
)
def test_the_first_header_that_names_a_client_decides(
    plans: Dialplans, offered: CallOffer, client: str, rule: str, number: str
) -> None:
    choice = plans.choose(offered)

    assert choice.dialplan is not None
    assert (client, rule, number) == (choice.dialplan.client, choice.rule, choice.number)


@pytest.mark.parametrize(
    ("request_user", "to", "number"),
    [("03-9999-1234", "x", "+81399991234"), ("", "x", "x"), ("", "", "")],
)
def test_a_number_that_no_file_claims_is_nobodys(
    plans: Dialplans, request_user: str, to: str, number: str
) -> None:
    choice = plans.choose(offer(request=request_user, to=to))

    assert (None, "unmapped", number) == (choice.dialplan, choice.rule, choice.number)


USERS = st.sampled_from(["yamato", "0312345678", "+81120000000", "1001", "", "%00", "03"])


@given(USERS, USERS, st.lists(USERS, max_size=3), st.lists(USERS, max_size=3))
def test_a_chosen_client_claims_the_number_that_decided(
    plans: Dialplans, request_user: str, to: str, hops: list[str], history: list[str]
) -> None:
    choice = plans.choose(offer(request_user, to, tuple(hops), tuple(history)))

    claimed = choice.dialplan.numbers if choice.dialplan else ()
    assert (choice.rule != "unmapped") == (choice.number in claimed)


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_header_can_break_the_choice(plans: Dialplans, request_uri: str, to: str) -> None:
    offered = CallOffer(
        call="c",
        received_at=datetime(2026, 1, 1, tzinfo=UTC),
        source="127.0.0.1:5060",
        sip_call_id="i",
        request_uri=request_uri,
        to=Party(uri=to),
        from_=Party(uri=request_uri, name=to),
    )

    assert plans.choose(offered).rule in ("request-uri", "to", "unmapped")


# -- commands ----------------------------------------------------------------------------------


def run(*words: str) -> Result:
    return CliRunner().invoke(dialplan_app, list(words))


def test_check_counts_what_is_right(folder: Path) -> None:
    write(folder, "sato", "sato", "0312345678")

    assert "1 dialplan with 2 numbers is right.\n" == run("check", str(folder)).stdout


def test_check_json_lists_the_mistakes(folder: Path) -> None:
    write(folder, "sato")
    result = run("check", str(folder), "--json")

    assert (1, "numbers") == (result.exit_code, json.loads(result.stdout)["mistakes"][0]["key"])


def test_show_finds_a_client_by_any_spelling_of_its_number(folder: Path) -> None:
    write(folder, "sato", "+81312345678")
    result = run("show", "03-1234-5678", "--dialplans", str(folder), "--json")

    assert "sato" == json.loads(result.stdout)[0]["client"]


def test_show_says_that_an_unclaimed_number_is_refused(folder: Path) -> None:
    write(folder, "sato", "+81312345678")
    result = run("show", "0120000000", "--dialplans", str(folder))

    assert 1 == result.exit_code
    assert "no dialplan claims +81120000000" in result.stderr


def test_show_takes_the_folder_and_region_from_the_settings(folder: Path) -> None:
    (folder / "dialplans").mkdir()
    shutil.copytree(folder / "prompts", folder / "dialplans/prompts")
    write(folder / "dialplans", "sato", "010-3456-7890")
    (folder / "config.toml").write_text('region = "KR"\n')
    result = run("show", "sato", "--config", str(folder / "config.toml"), "--json")

    assert ["+821034567890"] == json.loads(result.stdout)[0]["numbers"]


def test_show_lists_all_clients_in_a_table(folder: Path) -> None:
    write(folder, "sato", "0312345678")

    assert "03-1234-5678" in run("show", "--dialplans", str(folder)).stdout


@pytest.mark.parametrize(
    "words", [("check", "nowhere"), ("check", ".", "--region", "Japan"), ("check", "--no-such")]
)
def test_a_wrong_command_line_is_a_usage_error(words: tuple[str, ...]) -> None:
    assert 2 == run(*words).exit_code


def test_schema_is_a_json_schema() -> None:
    printed = json.loads(run("schema").stdout)

    jsonschema.Draft202012Validator.check_schema(printed)
    assert schema() == printed


def test_every_command_shows_an_example() -> None:
    for command in typer.main.get_group(dialplan_app).commands.values():
        assert "Example: sipbot dialplan" in (command.help or "")


def test_a_loaded_dialplan_is_frozen(plans: Dialplans) -> None:
    with pytest.raises(FrozenInstanceError):
        plans.all[0].client = "other"  # type: ignore[misc]  # what the test is about


WARNED = """
[callers]
known = []
[[route]]
name = "all"
urgent = true
[[route]]
name = "never"
caller = ["known"]
step = "record"
[step.lost]
do = "say"
prompt = "hello.wav"
then = "record"
"""


def test_check_warns_of_what_is_hardly_meant_and_exits_with_0(folder: Path) -> None:
    path = write(folder, "sato", "0312345678")
    due = path.read_text().replace("[answer]", "review_by = 2020-01-01\n[answer]")
    path.write_text(due + WARNED)

    result = run("check", str(path))

    assert 0 == result.exit_code
    assert [
        "route[0]: fits every call, so the routes after it never count",
        'route[1].caller = ["known"]: names known callers; there are none',
        "step.lost: is reached by no call",
        "review_by = 2020-01-01: has passed",
        "keep: is missing, so what callers left is kept for ever",
        "answer.notice: is missing, so nothing tells callers that they are recorded",
    ] == [line.split(": ", 2)[2].partition(". ")[0] for line in result.stderr.splitlines()]


def test_check_json_lists_the_warnings(folder: Path) -> None:
    path = write(folder, "sato", "0312345678")
    path.write_text(path.read_text() + WARNED)

    found = json.loads(run("check", str(path), "--json").stdout)

    assert ["route[0]", "route[1].caller", "step.lost", "keep", "answer.notice"] == [
        one["key"] for one in found["warnings"]
    ]


@pytest.mark.parametrize(
    ("number", "to", "warned"),
    [
        ("100", "sip:100@10.0.0.5", 1),
        ("100", "sip:101@10.0.0.5", 0),
        ("+81312345678", "sip:100@10.0.0.5", 0),
    ],
)
def test_short_own_number_at_a_named_host_is_a_warning(
    folder: Path, number: str, to: str, warned: int
) -> None:
    path = write(folder, "yamato", number)
    step = f'start = "boss"\n[step.boss]\ndo = "transfer"\nto = "{to}"\n'
    path.write_text(path.read_text("utf-8") + step, encoding="utf-8")

    own = [one for one in load_file(path, "JP").warnings if "own number" in one.remedy]

    assert warned == len(own)


def test_step_that_records_longer_than_the_table_says_counts_for_the_longest(folder: Path) -> None:
    path = write(folder, "yamato", "100")
    step = '[step.record]\ndo = "record"\nmax_s = 1800\n'
    path.write_text(path.read_text("utf-8") + step, encoding="utf-8")

    assert 1800.0 == load_file(path, "JP").longest_s
