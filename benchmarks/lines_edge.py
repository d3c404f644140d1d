"""The smallest Kamailio that spreads calls over agents: in front of the bare yardstick."""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

_CONFIG = """#!KAMAILIO
debug=-1
log_stderror=yes
fork=yes
children=2
disable_tcp=yes
auto_aliases=no
listen=udp:127.0.0.1:{port}
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "siputils.so"
loadmodule "textops.so"
loadmodule "dispatcher.so"
modparam("dispatcher", "list_file", "{folder}/agents.list")
modparam("dispatcher", "flags", 2)
modparam("dispatcher", "xavp_dst", "_dsdst_")
modparam("dispatcher", "xavp_ctx", "_dsctx_")
request_route {{
  if (is_method("CANCEL")) {{ if (t_check_trans()) t_relay(); exit; }}
  if (has_totag()) {{ loose_route(); t_relay(); exit; }}
  if (!is_method("INVITE")) {{ sl_send_reply("405", "Method Not Allowed"); exit; }}
  t_check_trans();
  record_route();
  if (!ds_select_dst("1", "4")) {{ sl_send_reply("503", "No Agent"); exit; }}
  t_on_failure("NEXT");
  t_relay();
}}
failure_route[NEXT] {{
  if (t_is_canceled()) exit;
  if (t_check_status("486|503|408") && ds_next_dst()) {{ t_on_failure("NEXT"); t_relay(); exit; }}
}}
"""


@contextlib.asynccontextmanager
async def kamailio(port: int, agents: Sequence[int], folder: Path) -> AsyncIterator[int]:
    """Spread calls to 127.0.0.1:`port` over the agents of these ports; yield its pid.

    Raises:
        FileNotFoundError: Kamailio is not installed.
    """
    program = shutil.which("kamailio", path="/usr/sbin:/usr/bin:/usr/local/sbin")
    if program is None:
        raise FileNotFoundError("kamailio is not installed; Debian: apt install kamailio")
    folder.mkdir()  # noqa: ASYNC240 - nobody else is served here
    listed = "".join(f"1 sip:127.0.0.1:{one}\n" for one in agents)
    (folder / "agents.list").write_text(listed)
    (folder / "kamailio.cfg").write_text(_CONFIG.format(port=port, folder=folder))
    with (folder / "kamailio.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *[program, "-DD", "-f", str(folder / "kamailio.cfg"), "-Y", str(folder)],
            *["-m", "64", "-M", "8", "-P", str(folder / "kamailio.pid")],
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        yield process.pid
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
