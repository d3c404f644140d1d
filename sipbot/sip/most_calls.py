"""How many calls the pjsua2 of this machine allows: PJSUA_MAX_CALLS, compiled in, told by nobody.

A larger ``maxCalls`` is silently reduced, so it is found by trying: ``python -m
sipbot.sip.most_calls`` begins calls to a port of this machine where nobody answers until pjsua
refuses, writes the number, and ends without taking anything down.
"""

import os
import sys

import pjsua2 as pj

TRIED = 33
"""One more than sip.calls_per_agent may be."""

_DISCARD = "sip:nobody@127.0.0.1:9"
"""RFC 863's port; what is sent there is lost."""

_PJ_ETOOMANY = 70010
"""pjlib's errno.h: PJ_ERRNO_START_SYS (70000) + 10."""


def main() -> None:
    """Write how many calls could be begun, at most `TRIED`, and end this process.

    Raises:
        pjsua2.Error: something else than their number was in the way.
    """
    endpoint = pj.Endpoint()
    endpoint.libCreate()
    config = pj.EpConfig()
    config.logConfig.level = config.logConfig.consoleLevel = 0
    config.uaConfig.threadCnt, config.uaConfig.mainThreadOnly = 0, True
    config.uaConfig.maxCalls = TRIED
    endpoint.libInit(config)
    endpoint.audDevManager().setNullDev()
    transport = pj.TransportConfig()
    transport.boundAddress = "127.0.0.1"
    endpoint.transportCreate(pj.PJSIP_TRANSPORT_UDP, transport)
    endpoint.libStart()
    account_config = pj.AccountConfig()
    account_config.idUri = "sip:probe@127.0.0.1"
    account = pj.Account()
    account.create(account_config)
    calls: list[pj.Call] = []
    while len(calls) < TRIED:
        call = pj.Call(account)
        try:
            call.makeCall(_DISCARD, pj.CallOpParam(True))  # noqa: FBT003 - the library's
        except pj.Error as error:
            if error.status != _PJ_ETOOMANY:
                raise
            break
        calls.append(call)
    sys.stdout.write(f"{len(calls)}\n")
    sys.stdout.flush()
    os._exit(0)  # destroying the calls would wait for answers


if __name__ == "__main__":
    main()
