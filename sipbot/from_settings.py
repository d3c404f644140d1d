"""What the settings mean for the parts that `sipbot.app` opens."""

from pathlib import Path

import sipbot
from sipbot import config
from sipbot.config import PORTS_PER_AGENT, Settings
from sipbot.link import Broker
from sipbot.sip.stack import Account, StackSettings


def broker_of(settings: Settings) -> Broker:
    """Return where the broker is; the embedded one is on 127.0.0.1."""
    mqtt = settings.mqtt
    return Broker(
        host=mqtt.host or "127.0.0.1",
        port=mqtt.port,
        username=mqtt.username or None,
        password=mqtt.password.get_secret_value() or None,
        tls=mqtt.tls,
        ca_file=str(mqtt.ca_file) if mqtt.ca_file else None,
        keepalive_s=mqtt.keepalive_s,
        outlives_us=bool(mqtt.host),
    )


def ledger_path(settings: Settings) -> Path:
    """Return where the ledger is."""
    return settings.var / "sipbot.sqlite3"


def stack_of(settings: Settings, number: int) -> StackSettings:
    """Return what an agent's SIP stack is told.

    Args:
        settings: checked.
        number: of the agent, from 0.
    """
    sip = settings.sip
    return StackSettings(
        user_agent=f"sipbot/{sipbot.__version__}",
        address=sip.address,
        port=sip.port + number,
        rtp_port=sip.rtp_port + number * PORTS_PER_AGENT,
        rtp_ports=PORTS_PER_AGENT,
        public_address=sip.public_address,
        # One agent registers: two would steal each other's calls at the registrar.
        accounts=tuple(_account(a, registers=number == 0) for a in sip.account),
        transfer_via=sip.transfers_by,
    )


def _account(account: config.Account, *, registers: bool) -> Account:
    return Account(
        name=account.name,
        aor=account.aor,
        registrar=account.registrar,
        user=account.user,
        password=account.password.get_secret_value(),
        realm=account.realm,
        expires_s=account.expires_s,
        registers=registers,
    )
