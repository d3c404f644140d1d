"""What ``sipbot doctor`` says of the Kamailio in front of the agents."""

import subprocess
from collections.abc import Iterator

from sipbot import ports
from sipbot.config import Settings
from sipbot.doctor_finding import Finding
from sipbot.edge import find

_INSTALL = "apt install kamailio (for TLS: kamailio-tls-modules, too), or set edge.mode"


def examine(settings: Settings, *, running: bool) -> Iterator[Finding]:
    """Yield what there is; ask this only where agents are to be behind an edge.

    Args:
        settings: checked.
        running: whether sipbot runs, and has the port.
    """
    sip, edge = settings.sip, settings.edge
    reach = f"{sip.address}:{sip.port}: Kamailio, for {sip.agents} agents that listen on loopback"
    yield Finding(part="reach", state="ok", found=reach)
    if edge.mode == "own":
        found = "is yours: sipbot edge config prints what it needs"
        yield Finding(part="Kamailio", state="ok", found=found)
        return
    program = find(edge.kamailio)
    if program is None:
        found = f"{edge.kamailio} is not installed, and {sip.agents} agents need it"
        yield Finding(part="Kamailio", state="failed", found=found, remedy=_INSTALL)
        return
    said = subprocess.run([program, "-v"], capture_output=True, text=True, check=False).stdout
    version = said.split()[2] if len(said.split()) > 2 else ""
    yield Finding(part="Kamailio", version=version, state="ok", found=program)
    problem = "" if running else ports.udp_problem(sip.address, sip.port)
    if problem:
        found = f"{sip.address}:{sip.port}/udp: {problem}"
        remedy = "End the program that has it; systemctl disable --now kamailio, if that is it"
        yield Finding(part="SIP port", state="failed", found=found, remedy=remedy)
