"""``sipbot doctor``: what is there, does it work, and what to do when it does not.

Reads and tries, changes nothing, and leaves a running sipbot alone: the ledger is opened for
reading, children are started beside the running ones on ports the system chooses, and an agent's
socket is never connected to (its present parent would lose it).
"""

import importlib.metadata
import os
import platform
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

import sipbot
from sipbot import (
    config,
    doctor_archive,
    doctor_audio_key,
    doctor_audio_store,
    doctor_console,
    doctor_edge,
    doctor_probes,
    doctor_sites,
    ports,
)
from sipbot.config import Settings
from sipbot.dialplan import Dialplans
from sipbot.dialplan_tried import load_tried
from sipbot.doctor_finding import Finding, State
from sipbot.doctor_folders import ledger, readers, room
from sipbot.doctor_libraries import LIBRARIES
from sipbot.doctor_probes import Probe
from sipbot.ear_watch import models_of
from sipbot.errors import MistakesError, ModelError, SipbotError
from sipbot.from_settings import broker_of
from sipbot.models import verify
from sipbot.speech.ears import ModelRef, Role, choose, for_language
from sipbot.transfers import without_account

PEERS = {
    "SIPp": ("sipp", "sip-tester"),
    "baresip": ("baresip", "baresip"),
    "Kamailio": ("kamailio", "kamailio"),
    "Mosquitto": ("mosquitto", "mosquitto"),
    "Mosquitto clients": ("mosquitto_sub", "mosquitto-clients"),
    "C compiler": ("cc", "gcc"),
    "libfaketime": ("faketime", "faketime"),
    "eSpeak NG": ("espeak-ng", "espeak-ng"),
    "Chromium": ("chromium", "chromium"),
    "tcpdump": ("tcpdump", "tcpdump"),
    "age": ("age", "age"),
    "OpenSSL": ("openssl", "openssl"),
}
"""Name → (program, Debian package): what the tests talk to; tools/peers.sh installs them."""


async def examine(config_path: Path | None, *, deep: bool, dev: bool) -> list[Finding]:
    """Look at every part.

    Args:
        config_path: config.toml; None means ``$SIPBOT_CONFIG``, else ./config.toml.
        deep: also hash the models and load them.
        dev: also look for the programs that the tests need.
    """
    findings = [_python(), *_libraries()]
    try:
        settings = config.load(config_path)
    except SipbotError as error:
        findings += _mistakes("settings", error)
    else:
        found = f"site {settings.site}, region {settings.region}, folder {settings.var}"
        findings.append(Finding(part="settings", state="ok", found=found))
        findings += await _of_site(settings, deep=deep)
    if dev:
        findings += [_peer(name, *which) for name, which in PEERS.items()]
    return findings


def works(findings: Iterable[Finding]) -> bool:
    """Return whether everything that is needed works; warnings do not count."""
    return all(finding.state != "failed" for finding in findings)


async def _of_site(settings: Settings, *, deep: bool) -> list[Finding]:
    run_folder = settings.var.absolute() / "run"
    up = ports.agents_up(run_folder)
    found = f"running, agents {up}" if up else "not running"
    findings = [Finding(part="sipbot", version=sipbot.__version__, state="ok", found=found)]
    if settings.behind_edge:
        findings += doctor_edge.examine(settings, running=bool(up))
    else:
        findings += [*_reach(settings), *_sip_ports(settings, up)]
    findings.append(_of_probe("agent", await doctor_probes.agent(settings.sip.calls_per_agent)))
    findings += [ledger(settings), room(settings), *readers(settings.var)]
    findings += doctor_audio_key.examine(settings)
    findings += await _broker(settings, running=bool(up))
    if settings.mqtt.host:
        findings += await doctor_sites.examine(broker_of(settings), settings.site, running=bool(up))
    findings += await doctor_archive.examine(settings)
    findings += await doctor_audio_store.examine(settings)
    findings += await doctor_console.examine(settings, running=bool(up))
    try:
        plans = load_tried(settings.dialplans, settings.region)
    except SipbotError as error:
        findings += _mistakes("dialplans", error)
    else:
        findings.append(_dialplans(plans))
        findings += [*_ears(settings, plans), *_transfers(settings, plans)]
    if deep:
        findings += hashes(settings)
        for role in _roles(settings):
            models = models_of(settings.models, settings.speech)
            findings.append(_of_probe(f"{role} recogniser", await doctor_probes.ear(role, models)))
    return findings


# -- this machine ---------------------------------------------------------------------------------


def _python() -> Finding:
    version = platform.python_version()
    if (3, 11) <= sys.version_info < (3, 13):
        return Finding(part="Python", version=version, state="ok", found=sys.executable)
    return Finding(
        part="Python",
        version=version,
        state="failed",
        found="the pjsua2 wheel is made for Python 3.11 and 3.12",
        remedy="Install sipbot with one of these",
    )


def _libraries() -> Iterator[Finding]:
    yield Finding(part="SQLite", version=sqlite3.sqlite_version, state="ok", found="loaded")
    for part, distribution, extra in LIBRARIES:
        try:
            version = importlib.metadata.version(distribution)
        except importlib.metadata.PackageNotFoundError:
            wanted = f"-e '.[{extra}]'" if extra else distribution
            yield Finding(
                part=part,
                state="warning" if extra else "failed",
                found=f"is not installed (extra {extra})" if extra else "is not installed",
                remedy=f"In sipbot's checkout: .venv/bin/pip install {wanted}",
            )
        else:
            yield Finding(part=part, version=version, state="ok", found="installed")


def _peer(name: str, program: str, package: str) -> Finding:
    path = shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if path is None:
        remedy = f"apt install {package}"
        return Finding(
            part=name, state="warning", found="is not installed (tests only)", remedy=remedy
        )
    asked = ["dpkg-query", "--show", "--showformat=${Version}", package]
    known = shutil.which("dpkg-query") is not None
    said = subprocess.run(asked, capture_output=True, text=True, check=False) if known else None
    return Finding(part=name, version=said.stdout if said else "", state="ok", found=path)


# -- who can reach it -----------------------------------------------------------------------------


def _reach(settings: Settings) -> Iterator[Finding]:
    sip = settings.sip
    allowed = ", ".join(sip.allow)
    if sip.address.startswith("127."):
        found = f"{sip.address}: only this machine can call"
        yield Finding(part="reach", state="ok", found=found)
        return
    yield Finding(
        part="reach",
        state="warning",
        found=(
            f"the agents listen on {sip.address} without an edge in front: calls from others than "
            f"{allowed} are refused, but their packets reach the SIP library, and some can end an "
            "agent with its calls (it is replaced within a second)"
        ),
        remedy=f"Let the firewall pass only the trunk's addresses to UDP port {sip.port} and up",
    )
    if all(network.startswith("127.") for network in sip.allow):
        yield Finding(
            part="allowed sources",
            state="warning",
            found=f"sip.allow = {allowed}: no other machine can call",
            remedy='Name the trunk\'s networks, such as "192.0.2.0/24"',
        )


def _sip_ports(settings: Settings, up: list[int]) -> Iterator[Finding]:
    sip = settings.sip
    for number in range(sip.agents):
        place = f"{sip.address}:{sip.port + number}/udp"
        if number in up:
            yield Finding(part="SIP port", state="ok", found=f"{place} is our agent {number}'s")
            continue
        problem = ports.udp_problem(sip.address, sip.port + number)
        if problem:
            remedy = "End the program that has it, or set sip.address and sip.port to what is ours"
            yield Finding(
                part="SIP port", state="failed", found=f"{place}: {problem}", remedy=remedy
            )
        else:
            yield Finding(part="SIP port", state="ok", found=f"{place} is free")


async def _broker(settings: Settings, *, running: bool) -> list[Finding]:
    mqtt, broker = settings.mqtt, broker_of(settings)
    if mqtt.host or running:
        part = "broker" if mqtt.host else "embedded broker"
        findings = [_of_probe(part, await doctor_probes.broker(broker))]
    else:
        findings = [_of_probe("embedded broker", await doctor_probes.embedded_broker(mqtt.port))]
    if mqtt.host and not mqtt.tls and not mqtt.host.startswith(("127.", "localhost")):
        findings.append(
            Finding(
                part="broker",
                state="warning",
                found=f"what callers say goes to {mqtt.host} unencrypted",
                remedy="Set mqtt.tls = true and mqtt.port = 8883",
            )
        )
    return findings


# -- clients and ears -----------------------------------------------------------------------------


def _dialplans(plans: Dialplans) -> Finding:
    numbers = sum(len(plan.numbers) for plan in plans.all)
    clients = "1 client" if len(plans.all) == 1 else f"{len(plans.all)} clients"
    called = "1 number" if numbers == 1 else f"{numbers} numbers"
    found = f"{clients}, {called}; every prompt can be played, every test passes"
    return Finding(part="dialplans", state="ok", found=found)


def _transfers(settings: Settings, plans: Dialplans) -> Iterator[Finding]:
    if not settings.sip.transfers_by and (lost := without_account(plans.all)):
        found = f"no account can call a telephone number: {'; '.join(lost)}"
        remedy = "Add a [[sip.account]], or name the person by a SIP URI: sip:100@10.0.0.5"
        yield Finding(part="transfers", state="warning", found=found, remedy=remedy)


def _ears(settings: Settings, plans: Dialplans) -> Iterator[Finding]:
    models = models_of(settings.models, settings.speech)
    for language in sorted({plan.language for plan in plans.all}):
        clients = ", ".join(plan.client for plan in plans.all if plan.language == language)
        ears = {role: _model(models, role, language) for role in _roles(settings)}
        yield ears_finding(language, clients, ears)


def ears_finding(language: str, clients: str, ears: dict[Role, str | None]) -> Finding:
    """Return what these ears mean for the clients of a language.

    Args:
        language: the clients' language.
        clients: who they are.
        ears: the ears that are switched on, each with its model, None when none is installed.
    """
    part = f"ears for {language}"
    have = [f"{role}: {model}" for role, model in ears.items() if model]
    missing = [role for role, model in ears.items() if not model]
    install = f"sipbot models install {language}"
    if not ears:
        found = f"switched off; memos of {clients} carry the recording only"
        return Finding(part=part, state="warning", found=found, remedy="Set speech.live = true")
    if not have:
        found = f"no model is installed: memos of {clients} would carry no text"
        return Finding(part=part, state="failed", found=found, remedy=install)
    if missing:
        found = f"{', '.join(have)}; the {missing[0]} ear has no model"
        remedy = f"One ear is enough; for both: {install}"
        return Finding(part=part, state="warning", found=found, remedy=remedy)
    return Finding(part=part, state="ok", found=f"{', '.join(have)} (complete by size)")


def _model(models: tuple[ModelRef, ...], role: Role, language: str) -> str | None:
    model = for_language(language, choose(models, role))
    return model.name if model is not None else None


def _roles(settings: Settings) -> list[Role]:
    on: dict[Role, bool] = {"live": settings.speech.live, "second": settings.speech.second}
    return [role for role, wanted in on.items() if wanted]


def hashes(settings: Settings) -> Iterator[Finding]:
    """Yield what the hashes of every model say."""
    for model in models_of(settings.models, settings.speech):
        name, engine = model.name, model.engine
        try:
            files = len(verify(settings.models, name).files)
        except ModelError as error:
            yield Finding(part=name, version=engine, state="failed", found=str(error))
        else:
            yield Finding(
                part=name, version=engine, state="ok", found=f"{files} files, hashes right"
            )


# -- words ----------------------------------------------------------------------------------------


def _of_probe(part: str, probe: Probe) -> Finding:
    state: State = "ok" if probe.works else "failed"
    return Finding(
        part=part, version=probe.version, state=state, found=probe.found, remedy=probe.remedy
    )


def _mistakes(part: str, error: SipbotError) -> list[Finding]:
    """One finding a mistake; what depends on this part cannot be examined."""
    if not isinstance(error, MistakesError):
        return [Finding(part=part, state="failed", found=str(error))]
    return [
        Finding(
            part=part,
            state="failed",
            found=str(msgspec.structs.replace(mistake, remedy="")).rstrip(". "),
            remedy=mistake.remedy,
        )
        for mistake in error.mistakes
    ]
