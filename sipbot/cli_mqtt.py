"""``sipbot mqtt``: what a broker of your own must know."""

from typing import Annotated

import typer

from sipbot import config
from sipbot.accounts_file import read_accounts
from sipbot.cli_config import ConfigOption, exit_code, print_json
from sipbot.errors import UsageError
from sipbot.memo_history import SYSTEM
from sipbot.mqtt_acl import BusUsers
from sipbot.topics import Topics

mqtt_app = typer.Typer(
    no_args_is_help=True, help="What a broker of your own must know of the accounts."
)


@mqtt_app.callback()
def group() -> None:
    """What a broker of your own must know of the accounts."""


@mqtt_app.command("acl", epilog="Example: sipbot mqtt acl > sipbot.acl")
def acl_command(
    config_file: ConfigOption = None,
    *,
    as_passwords: Annotated[
        bool, typer.Option("--passwords", help="Print Mosquitto's password_file instead.")
    ] = False,
    as_dynamic: Annotated[
        bool, typer.Option("--dynamic-security", help="Print both, for Mosquitto's plugin.")
    ] = False,
) -> None:
    """Print the rights of all accounts that have a bus password, as Mosquitto's acl_file.

    The user of sipbot itself is mqtt.username of config.toml, with mqtt.password.
    """
    with exit_code(as_json=False):
        settings = config.load(config_file)
        own = settings.mqtt.password.get_secret_value()
        if as_passwords and as_dynamic:
            raise UsageError("--passwords and --dynamic-security: give one of the two")
        if (as_passwords or as_dynamic) and not own:
            raise UsageError(
                "mqtt.password: sipbot itself has none. Set mqtt.username and mqtt.password in "
                "config.toml, or SIPBOT_MQTT__PASSWORD"
            )
        users = BusUsers(
            read_accounts(settings.console.accounts),
            Topics(settings.site),
            own_name=settings.mqtt.username or SYSTEM,
            own_password=own,
        )
        if as_dynamic:
            print_json(users.dynamic_security())
        else:
            typer.echo(users.password_file() if as_passwords else users.acl_file(), nl=False)
