"""What the settings mean for the parts that `sipbot.app` opens."""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import sipbot
from sipbot import bus_key, config
from sipbot.accounts import Accounts
from sipbot.agent_places import Place
from sipbot.agents import Backend
from sipbot.alerts import Alerts
from sipbot.archive_store import Server as ArchiveServer
from sipbot.audio_keys import AudioKeys
from sipbot.broker_child import Door
from sipbot.call_backs import Manner
from sipbot.call_decision import Phones
from sipbot.config import Settings
from sipbot.config_sip import Account as TrunkAccount
from sipbot.console_wire import ConsoleSettings
from sipbot.edge import Audit, Edge, secret_of
from sipbot.edge_config import Plan as EdgePlan
from sipbot.edge_config import Registration, Tls
from sipbot.errors import ConfigError, Mistake
from sipbot.handover_stage import Places
from sipbot.ledger import Ledger
from sipbot.link import Broker
from sipbot.memo_history import SYSTEM
from sipbot.notice_watch import NoticeSettings
from sipbot.patterns import canonical_pattern
from sipbot.plan import Dialplan
from sipbot.reckoning import Reckoner
from sipbot.recordings import Recordings
from sipbot.report_watch import ReportSettings, ReportWatch
from sipbot.s3 import Bucket
from sipbot.sip import wire as sip_wire
from sipbot.sip.stack import Account, StackSettings
from sipbot.spool import recording_of, spool_of
from sipbot.transfer_target import is_uri


def broker_of(settings: Settings) -> Broker:
    """Return where the broker is; the embedded one is on 127.0.0.1."""
    mqtt = settings.mqtt
    if mqtt.host:
        user, password = mqtt.username or None, mqtt.password.get_secret_value() or None
    else:
        password = bus_key.read(settings.var)
        user = SYSTEM if password else None
    return Broker(
        host=mqtt.host or "127.0.0.1",
        port=mqtt.port,
        username=user,
        password=password,
        tls=mqtt.tls,
        ca_file=str(mqtt.ca_file) if mqtt.ca_file else None,
        keepalive_s=mqtt.keepalive_s,
        outlives_us=bool(mqtt.host),
    )


def ledger_path(settings: Settings) -> Path:
    """Return where the ledger is."""
    return settings.var / "sipbot.sqlite3"


def places_of(settings: Settings) -> Places:
    """Return where a hand-over finds this site's things."""
    return Places(
        var=settings.var.absolute(),
        dialplans=settings.dialplans.absolute(),
        ledger=ledger_path(settings).absolute(),
    )


def archive_of(settings: Settings) -> ArchiveServer | None:
    """Return where the archive is; None where there is none."""
    archive = settings.archive
    if not archive.url:
        return None
    password = archive.password.get_secret_value()
    return ArchiveServer(url=archive.url, password=password, site=settings.site)


def bucket_of(settings: Settings) -> Bucket | None:
    """Return where recordings are stored as well; None where they are not."""
    store = settings.audio_store
    if not store.url:
        return None
    return Bucket(
        url=store.url,
        bucket=store.bucket,
        region=store.region,
        access_key=store.access_key,
        secret_key=store.secret_key.get_secret_value(),
        site=settings.site,
    )


def audio_keys_of(settings: Settings) -> AudioKeys | None:
    """Return with what recordings are encrypted; None where they are not."""
    file, variable = settings.privacy.audio_key_file, settings.privacy.audio_key_env
    return AudioKeys(file, variable) if file or variable else None


def recordings_of(settings: Settings) -> Recordings:
    """Return the door to this site's recordings."""
    return Recordings(spool_of(settings.var.absolute()), audio_keys_of(settings))


def console_of(settings: Settings) -> ConsoleSettings:
    """Return what the web console is told."""
    var, console = settings.var.absolute(), settings.console
    return ConsoleSettings(
        site=settings.site,
        region=settings.region,
        ledger=str(ledger_path(settings).absolute()),
        var=str(var),
        spool=str(spool_of(var)),
        audio_key_file=str(settings.privacy.audio_key_file or ""),
        audio_key_env=settings.privacy.audio_key_env,
        dialplans=str(settings.dialplans.absolute()),
        address=console.address,
        port=console.port,
        url=console.url,
        accounts=str(console.accounts.absolute()),
        proxy_user_header=console.proxy_user_header,
        others=bool(settings.archive.url),
        proxy_from=console.proxy_from,
    )


def door_of(settings: Settings) -> Door:
    """Return whom our own broker lets in."""
    key = bus_key.path_of(settings.var.absolute())
    return Door(settings.console.accounts, settings.site, key, settings.mqtt.max_connections)


def audio_url_of(settings: Settings) -> Callable[[str, str], str]:
    """Return what makes a memo's ``audio.url`` of the ids of its call and of itself.

    An address of the console where there is one: it asks who listens, and writes it down.
    """
    console, spool = settings.console, spool_of(settings.var.absolute())
    if console.port:
        return lambda _call, memo: f"{console.reached_at}/memos/{memo}/audio"
    return lambda call, _memo: recording_of(spool, call).as_uri()


def masked_url_of(settings: Settings) -> Callable[[Path, str], str]:
    """Return what makes a masked memo's ``audio.url`` of the copy's path and the memo's id."""
    console = settings.console
    if console.port:
        return lambda _path, memo: f"{console.reached_at}/memos/{memo}/masked-audio"
    return lambda path, _memo: path.as_uri()


def notices_of(settings: Settings) -> NoticeSettings:
    """Return where notifications may go.

    Raises:
        ConfigError: the variable of a target is not set.
    """
    lost = [
        Mistake(
            file=config.DEFAULT_FILE,
            key=f"notify.target[{place}].url_env",
            value=one.url_env,
            problem="is a variable that is not set",
            remedy="Set it for sipbot to the address of the target, or remove the target",
        )
        for place, one in enumerate(settings.notify.target)
        if one.folder is None and not one.address(os.environ)
    ]
    if lost:
        raise ConfigError(lost)
    console = settings.console
    return NoticeSettings(
        targets={
            one.name: one.address(os.environ)
            for one in settings.notify.target
            if one.folder is None
        },
        folders={one.name: one.folder for one in settings.notify.target if one.folder is not None},
        link=f"{console.reached_at}/memos/" if console.port else "",
    )


def stacks_of(settings: Settings) -> list[StackSettings]:
    """Return what each agent's SIP stack is told, in the order of the agents."""
    places = settings.sip.places(behind_edge=settings.behind_edge)
    return [_stack(settings, place) for place in places]


def _stack(settings: Settings, place: Place) -> StackSettings:
    sip, behind = settings.sip, settings.behind_edge
    reached_at = f"{sip.public_address or sip.address}:{sip.port}"
    return StackSettings(
        user_agent=f"sipbot/{sipbot.__version__}",
        address=place.address,
        port=place.port,
        media_address=place.media_address,
        rtp_port=place.rtp_port,
        rtp_ports=place.rtp_ports,
        lines=place.calls,
        media_allow=sip.media_allow,
        srtp=sip.srtp,
        public_address=sip.public_address,
        # From of calls without an account: our own address is the edge's secret.
        identity=f"sip:sipbot@{reached_at}" if behind else "",
        edge=f"{place.address}:{sip.inner_port - 1}" if behind else "",
        # One agent registers, or the edge: two would steal each other's calls at the registrar.
        accounts=tuple(
            _account(a, registers=place.number == 0 and not behind) for a in sip.account
        ),
        transfer_via=sip.transfers_by,
    )


def edge_of(settings: Settings, secret: str) -> EdgePlan:
    """Return what the edge is to be.

    Args:
        settings: checked.
        secret: `sipbot.edge.secret_of`.
    """
    sip, edge = settings.sip, settings.edge
    tls = Tls(port=edge.tls_port, certificate=edge.tls_certificate, key=edge.tls_key)
    return EdgePlan(
        folder=str(edge_folder(settings)),
        address=sip.address,
        port=sip.port,
        public_address=sip.public_address,
        agents=tuple(place.port for place in sip.places(behind_edge=True)),
        allow=sip.allow,
        invites_per_s=edge.invites_per_s,
        drop_strangers=edge.strangers == "drop",
        by_network=edge.dialog_from == "network",
        tcp=edge.tcp,
        tls=tls if edge.tls_port else None,
        hide_topology=edge.hide_topology,
        registrations=tuple(_registration(one) for one in sip.account),
        secret=secret,
    )


def edge_for(
    settings: Settings,
    in_force: Callable[[], tuple[Backend, ...]],
    hear: Callable[[Edge, sip_wire.Event], None],
    audit: Audit,
    looping: Callable[[int], None],
) -> Edge | None:
    """Return the edge that sipbot keeps; None where there is none, or one of somebody else's.

    Args:
        settings: checked.
        in_force: returns the agents that take calls.
        hear: takes what the edge says in an agent's words.
        audit: writes lines of the audit log.
        looping: is told when Kamailio keeps dying.
    """
    if not settings.behind_edge or settings.edge.mode == "own":
        return None
    return Edge(
        edge_of(settings, secret_of(edge_folder(settings) / "secret")),
        settings.edge.kamailio,
        serving=lambda: frozenset(backend.port for backend in in_force()),
        hear=hear,
        audit=audit,
        on_crash_loop=looping,
    )


def listening(settings: Settings) -> tuple[Path, str, list[int], Path, int | None]:
    """Return where we listen, as `sipbot.ports.check` wants it."""
    places = settings.sip.places(behind_edge=settings.behind_edge)
    mqtt = settings.mqtt
    run_folder = settings.var.absolute() / "run"
    ports = [place.port for place in places]
    broker = None if mqtt.host else mqtt.port
    return config.DEFAULT_FILE, places[0].address, ports, run_folder, broker


def edge_folder(settings: Settings) -> Path:
    """Return where the edge's files are."""
    return settings.var.absolute() / "run" / "edge"


def phones_of(settings: Settings) -> Phones:
    """Return whom sipbot may be asked to call back, and where operators are."""
    wanted, region = settings.call_back, settings.region
    return Phones(
        of={one.operator: one.at for one in wanted.phone},
        extensions=tuple(
            one if is_uri(one) else canonical_pattern(one, region) for one in wanted.extensions
        ),
        numbers=wanted.numbers,
        region=region,
    )


def phones_by(settings: Settings, accounts: Callable[[], Accounts | None]) -> Callable[[], Phones]:
    """Return what tells the same as of now, with the telephones of the accounts.

    Args:
        settings: checked; their telephones are for operators whose account names none.
        accounts: returns those in force; None where there are none.
    """
    base = phones_of(settings)

    @lru_cache(maxsize=1)
    def of(known: Accounts | None) -> Phones:
        own = {one.name: one.extension for one in known or () if one.extension}
        return replace(base, of={**base.of, **own})

    return lambda: of(accounts())


def manner_of(settings: Settings) -> Manner:
    """Return how calls back are placed."""
    return Manner(region=settings.region, shown_in_from=settings.call_back.show == "from")


def _registration(account: TrunkAccount) -> Registration:
    user, _, domain = account.aor.removeprefix("sip:").partition("@")
    return Registration(
        name=account.name,
        user=user,
        domain=domain,
        registrar=account.registrar,
        auth_user=account.user,
        password=account.password.get_secret_value(),
        realm=account.realm,
        expires_s=account.expires_s,
    )


def _account(account: TrunkAccount, *, registers: bool) -> Account:
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


def reports_of(
    settings: Settings, ledger: Ledger, alerts: Alerts, plans: Callable[[], Sequence[Dialplan]]
) -> ReportWatch:
    """Return who sees to it that clients get their reports.

    Raises:
        ConfigError: the variable of a target is not set, or there is no archive to take them from.
    """
    wanted, archive = settings.notify.reports, archive_of(settings)
    if wanted == "archive" and archive is None:
        lost = Mistake(
            file=config.DEFAULT_FILE,
            key="notify.reports",
            value=wanted,
            problem="needs an archive, and there is none",
            remedy='Set archive.url, or write "site"',
        )
        raise ConfigError([lost])
    given = ReportSettings(
        notices=notices_of(settings),
        wanted=wanted or ("undecided" if archive else "site"),
        dialplans=settings.dialplans,
        region=settings.region,
        var=settings.var.absolute(),
        archive=archive if wanted == "archive" else None,
    )
    return ReportWatch(ledger.notices, given, Reckoner(ledger.path), alerts, plans)
