"""config.toml and SIPBOT_* variables: what is refused, what is filled in, what is hidden."""

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import typer
from typer.testing import CliRunner

from sipbot import config, config_sip
from sipbot.cli_config import config_app
from sipbot.config import SHAPE, Settings, from_values, load, schema
from sipbot.config_table import ID_PATTERN
from sipbot.environment import name_of
from sipbot.errors import ConfigError, Mistake
from sipbot.form_parts import PROMPT_PATTERN
from sipbot.toml_file import FORMS
from tests.broken_files import Broken, broken_files

EXAMPLE = Path(__file__).parents[1] / "config.example.toml"
ACCOUNT = {
    "name": "trunk",
    "aor": "sip:100@pbx.example",
    "registrar": "sip:pbx.example:5070",
    "user": "100",
    "password": "s3cret-word",
    "realm": "pbx.example",
}
BROKEN = broken_files("config")


def mistakes_of(path: Path) -> tuple[Mistake, ...]:
    with pytest.raises(ConfigError) as caught:
        load(path)
    return caught.value.mistakes


def refused(values: dict[str, Any]) -> Mistake:
    with pytest.raises(ConfigError) as caught:
        from_values(values, Path())
    (mistake,) = caught.value.mistakes
    return mistake


# -- the example -------------------------------------------------------------------------------


def test_the_example_shows_every_key_with_its_default() -> None:
    values = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))
    commented = {("sip", "account"), ("call_back", "phone"), ("notify", "target")}
    shown = {
        keys: _at(values, keys)
        for keys in SHAPE.leaves()
        if keys[:2] not in commented and len(keys) < 3
    }

    assert {keys: SHAPE.leaves()[keys].schema["default"] for keys in shown} == shown


def uncommented(path: Path, first: str, after: str) -> Path:
    """Write the example without the comment signs from the line `first` to the line `after`."""
    text = EXAMPLE.read_text(encoding="utf-8")
    start, end = text.index(f"# {first}"), text.index(after)
    lines = [line.removeprefix("# ") for line in text[start:end].splitlines()]
    path.write_text(text[:start] + "\n".join(lines) + "\n" + text[end:], encoding="utf-8")
    return path


def test_the_example_account_with_its_comment_signs_removed_is_right(tmp_path: Path) -> None:
    path = uncommented(tmp_path / "config.toml", "[[sip.account]]", "[edge]")

    (account,) = load(path).sip.account

    assert set(type(account).model_fields) == account.model_fields_set


def test_the_example_telephone_with_its_comment_signs_removed_is_right(tmp_path: Path) -> None:
    path = uncommented(tmp_path / "config.toml", "[[call_back.phone]]", "[metrics]")

    (phone,) = load(path).call_back.phone

    assert set(type(phone).model_fields) == phone.model_fields_set


def test_two_telephones_of_one_operator_are_refused(tmp_path: Path) -> None:
    phones = [{"operator": "hanako", "at": at} for at in ("201", "202")]

    with pytest.raises(ConfigError, match="two telephones of hanako"):
        from_values({"call_back": {"phone": phones}}, tmp_path)


def test_the_example_means_the_defaults() -> None:
    assert from_values({}, EXAMPLE.parent) == load(EXAMPLE)


def test_the_example_keeps_to_the_published_schema() -> None:
    values = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))

    jsonschema.validate(values, schema())


def test_every_key_is_described_in_the_schema() -> None:
    silent = [keys for keys, found in SHAPE.leaves().items() if "description" not in found.schema]

    assert [] == silent


def _at(values: Any, keys: tuple[str, ...]) -> object:
    for key in keys:
        values = values[key]
    return values


# -- broken files ------------------------------------------------------------------------------


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.path.stem)
def test_a_broken_config_names_its_one_mistake(broken: Broken) -> None:
    (mistake,) = mistakes_of(broken.path)

    assert (broken.path, broken.line, broken.key) == (mistake.file, mistake.line, mistake.key)
    assert broken.remedy in mistake.remedy


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.path.stem)
def test_the_command_refuses_a_broken_config_without_a_traceback(broken: Broken) -> None:
    result = CliRunner().invoke(config_app, ["check", "--config", str(broken.path)])

    assert (1, f"{broken.path}:{broken.line}:") == (
        result.exit_code,
        result.stderr[: len(f"{broken.path}:{broken.line}:")],
    )
    assert isinstance(result.exception, SystemExit)


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.path.stem)
def test_no_message_repeats_a_password(broken: Broken) -> None:
    said = "\n".join(str(mistake) for mistake in mistakes_of(broken.path))

    assert "s3cret-word" not in said


def test_at_least_ten_broken_configs_are_kept() -> None:
    assert len(BROKEN) >= 10


# -- rules -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"_env_file": "secrets"}, "_env_file"),
        ({"self": 1}, "self"),
        ({"sip": {"address": "localhost"}}, "sip.address"),
        ({"sip": {"address": "::1"}}, "sip.address"),
        ({"sip": {"public_address": "0.0.0.0"}}, "sip.public_address"),
        ({"sip": {"allow": []}}, "sip.allow"),
        ({"sip": {"allow": ["128.0.0.0/1"]}}, "sip.allow[0]"),
        ({"sip": {"allow": ["::/0"]}}, "sip.allow[0]"),
        ({"sip": {"agents": 2}}, "sip.agents"),
        ({"sip": {"lines": 0}}, "sip.lines"),
        ({"sip": {"lines": True}}, "sip.lines"),
        ({"sip": {"port": 65535, "lines": 5}}, "sip.port"),
        ({"sip": {"rtp_port": 65500, "lines": 8}}, "sip.rtp_port"),
        ({"sip": {"account": [ACCOUNT, ACCOUNT]}}, "sip.account"),
        ({"sip": {"account": [ACCOUNT | {"aor": "100"}]}}, "sip.account[0].aor"),
        ({"sip": {"account": [ACCOUNT | {"registrar": "sips:x"}]}}, "sip.account[0].registrar"),
        ({"sip": {"account": [ACCOUNT | {"password": ""}]}}, "sip.account[0].password"),
        ({"mqtt": {"host": "mqtt://x"}}, "mqtt.host"),
        ({"mqtt": {"tls": True}}, "mqtt.tls"),
        ({"mqtt": {"host": "x", "ca_file": "ca.pem"}}, "mqtt.ca_file"),
    ],
)
def test_what_cannot_work_is_refused_at_its_key(values: dict[str, Any], key: str) -> None:
    assert key == refused(values).key


def test_odd_rtp_port_is_called_odd() -> None:
    mistake = refused({"sip": {"rtp_port": 47001}})
    assert ("is not even", True) == (mistake.problem, "an even whole number" in mistake.remedy)


def test_relative_folders_are_relative_to_the_file(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('var = "x"\n[mqtt]\nhost = "b"\ntls = true\nca_file = "ca.pem"\n')

    settings = load(path)

    assert (tmp_path / "x", tmp_path / "ca.pem") == (settings.var, settings.mqtt.ca_file)


def test_an_absolute_folder_stays(tmp_path: Path) -> None:
    assert Path("/srv/var") == from_values({"var": "/srv/var"}, tmp_path).var


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    (mistake,) = mistakes_of(tmp_path / "config.toml")

    assert "cp config.example.toml config.toml" in mistake.remedy


def test_the_settings_cannot_be_changed() -> None:
    settings = from_values({}, Path())

    with pytest.raises(ValueError, match="frozen"):
        settings.sip.port = 1


def test_a_password_is_hidden_in_the_representation() -> None:
    settings = from_values({"sip": {"account": [ACCOUNT]}}, Path())

    assert "s3cret-word" not in repr(settings)


# -- environment -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text", "read"),
    [
        ("SIPBOT_SITE", "tokyo", lambda settings: settings.site == "tokyo"),
        ("SIPBOT_SIP__PORT", "5070", lambda settings: settings.sip.port == 5070),
        ("SIPBOT_SPEECH__LIVE", "false", lambda settings: settings.speech.live is False),
        (
            "SIPBOT_SIP__ALLOW",
            "127.0.0.0/8, 192.0.2.1",
            lambda settings: settings.sip.allow == ("127.0.0.0/8", "192.0.2.1"),
        ),
        (
            "SIPBOT_SIP__ACCOUNT",
            json.dumps([ACCOUNT]),
            lambda settings: settings.sip.account[0].password.get_secret_value() == "s3cret-word",
        ),
    ],
)
def test_a_variable_overrides_the_file(
    monkeypatch: pytest.MonkeyPatch, name: str, text: str, read: Callable[[Settings], bool]
) -> None:
    monkeypatch.setenv(name, text)

    assert read(from_values({"site": "main", "sip": {"lines": 8}}, Path()))


def test_a_variable_leaves_the_other_keys_of_its_table_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SIPBOT_SIP__PORT", "5070")

    assert 8 == from_values({"sip": {"lines": 8}}, Path()).sip.lines


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("SIPBOT_SIP__PORT", "many"),
        ("SIPBOT_SPEECH__LIVE", "yes"),
        ("SIPBOT_SIP__ALLOW", "0.0.0.0/0"),
        ("SIPBOT_SIP__ACCOUNT", "[{"),
        ("SIPBOT_SIP__PROT", "5070"),
        ("SIPBOT_SIP__ACCOUNT__NAME", "trunk"),
        ("sipbot_site", "main"),
    ],
)
def test_a_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch, name: str, text: str) -> None:
    monkeypatch.setenv(name, text)

    assert (Path("environment"), name) == (refused({}).file, refused({}).key)


def test_a_secret_variable_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIPBOT_SIP__ACCOUNT", json.dumps([ACCOUNT | {"realm": "*"}]))

    assert "(hidden)" == refused({}).value


def test_the_file_can_be_named_by_a_variable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "other.toml").write_text('site = "osaka"\n')
    monkeypatch.setenv("SIPBOT_CONFIG", str(tmp_path / "other.toml"))

    assert "osaka" == load().site


def test_a_key_names_its_variable() -> None:
    assert "SIPBOT_MQTT__KEEPALIVE_S" == name_of(("mqtt", "keepalive_s"))


# -- commands ----------------------------------------------------------------------------------


def test_check_json_lists_the_mistakes() -> None:
    result = CliRunner().invoke(config_app, ["check", "--json", "--config", str(BROKEN[0].path)])

    assert BROKEN[0].key == json.loads(result.stdout)["mistakes"][0]["key"]


def test_check_says_that_the_example_is_right() -> None:
    result = CliRunner().invoke(config_app, ["check", "--config", str(EXAMPLE)])

    assert (0, "The settings of site main are right.\n") == (result.exit_code, result.stdout)


def test_an_unknown_option_is_a_usage_error() -> None:
    assert 2 == CliRunner().invoke(config_app, ["check", "--cfg", "x"]).exit_code


def test_schema_is_a_json_schema() -> None:
    result = CliRunner().invoke(config_app, ["schema"])

    jsonschema.Draft202012Validator.check_schema(json.loads(result.stdout))
    assert schema() == json.loads(result.stdout)


def test_every_command_shows_an_example() -> None:
    for command in typer.main.get_group(config_app).commands.values():
        assert "Example: sipbot config" in (command.help or "")


def test_the_wheel_s_account_limit_is_kept() -> None:
    accounts = [ACCOUNT | {"name": f"trunk-{n}"} for n in range(config_sip.MAX_ACCOUNTS)]

    assert 7 == len(from_values({"sip": {"account": accounts}}, Path()).sip.account)


def test_settings_refuse_unknown_keys() -> None:
    assert "forbid" == Settings.model_config["extra"]


@pytest.mark.parametrize(
    ("console", "key"),
    [
        ({"address": "everywhere"}, "console.address"),
        ({"url": "console.example"}, "console.url"),
        ({"url": "https://console.example/memos"}, "console.url"),
        ({"url": "https://user@console.example"}, "console.url"),
        ({"proxy_user_header": "X-User"}, "console.proxy_user_header"),
        ({"proxy_user_header": "X User", "proxy_from": ["10.0.0.1"]}, "console.proxy_user_header"),
        ({"proxy_from": ["0.0.0.0/0"]}, "console.proxy_from[0]"),
        ({"port": 8470, "address": "0.0.0.0"}, "console.address"),
        ({"port": 8470, "address": "::"}, "console.address"),
        ({"proxy_from": ["the proxy"]}, "console.proxy_from[0]"),
    ],
)
def test_console_that_would_be_unsafe_is_refused(
    tmp_path: Path, console: dict[str, object], key: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        config.from_values({"console": console}, tmp_path)
    assert [key] == [mistake.key for mistake in caught.value.mistakes]


def test_accounts_are_relative_to_the_file(tmp_path: Path) -> None:
    assert tmp_path / "accounts.toml" == config.from_values({}, tmp_path).console.accounts


@pytest.mark.parametrize("pattern", [ID_PATTERN, PROMPT_PATTERN])
def test_pattern_that_people_meet_is_told_in_words(pattern: str) -> None:
    assert pattern in FORMS
