"""What the endpoint and its accounts are told at the start.

Everything that is not needed is switched off here: codecs, ICE, NAT games, subscriptions.
"""

import json
from typing import Any

import pjsua2 as pj

from sipbot.sip.stack import Account, StackSettings

CLOCK_HZ = 8000
"""G.711's own rate, so that nothing is resampled (pjproject performance guide)."""

FRAME_MS = 20
"""RFC 3551 section 4.2: the default packetisation of PCMU and PCMA."""

JITTER_MAX_MS = 1000
"""Room of the jitter buffer: a burst that long is delayed, not dropped; nobody minds the delay."""

JITTER_AHEAD_MS = (60, 120)
"""What the jitter buffer holds back, least and most: three packets bridge a busy machine, and what
is held back when the caller hangs up, or the agent dies, is lost.  Measured with SIPp on two busy
cores: without it 1.5 % of the frames came too late and were replaced; with at most 120 ms none of
88,922, with 200 ms 8 of 101,608; with 40 to 80 ms 14 of 115,642 (docs/torture.md)."""


_SRTP = {
    "never": pj.PJMEDIA_SRTP_DISABLED,
    "optional": pj.PJMEDIA_SRTP_OPTIONAL,
    "always": pj.PJMEDIA_SRTP_MANDATORY,
}


def endpoint_config(settings: StackSettings) -> Any:
    """Return the endpoint's settings."""
    config = pj.EpConfig()
    log = config.logConfig
    log.level = log.consoleLevel = settings.log_level
    ua = config.uaConfig
    ua.threadCnt, ua.mainThreadOnly, ua.maxCalls = 0, True, settings.lines
    ua.userAgent = settings.user_agent
    ua.natTypeInSdp, ua.mwiUnsolicitedEnabled = 0, False
    media = config.medConfig
    media.clockRate = media.sndClockRate = CLOCK_HZ
    media.audioFramePtime = media.ptime = FRAME_MS
    media.ecTailLen, media.noVad = 0, True
    media.sndAutoCloseTime = -1  # the clock must already run when the first call comes
    media.jbMax = JITTER_MAX_MS
    media.jbInit = media.jbMinPre = JITTER_AHEAD_MS[0]
    media.jbMaxPre = JITTER_AHEAD_MS[1]
    return _never_discarding(config)


def _never_discarding(config: Any) -> Any:
    """Return the same settings with PJMEDIA_JB_DISCARD_NONE (0).

    A recording may lag behind, but the jitter buffer must not drop speech to catch up.  The wheel's
    setter takes a C enum that Python cannot make, so the value goes in by pjsua2's own JSON form.
    """
    written, read = pj.JsonDocument(), pj.JsonDocument()
    written.writeObject(config)
    tree = json.loads(written.saveString())
    tree["EpConfig"]["MediaConfig"]["jbDiscardAlgo"] = 0
    read.loadString(json.dumps(tree))
    read.readObject(config)
    return config


def account_config(settings: StackSettings, aor: str) -> Any:
    """Return what all accounts have in common."""
    config = pj.AccountConfig()
    config.idUri = aor
    if settings.edge:
        config.sipConfig.proxies.append(f"<sip:{settings.edge};lr>")
    rtp = config.mediaConfig.transportConfig
    rtp.boundAddress = settings.media_address or settings.address
    rtp.publicAddress = settings.public_address
    # pjsua2's range includes its end: with the number of ports, agents shared one (measured)
    rtp.port, rtp.portRange = settings.rtp_port, settings.rtp_ports - 2
    media = config.mediaConfig
    media.srtpUse = _SRTP[settings.srtp]
    media.srtpSecureSignaling = 0  # SIP arrives by UDP, from the edge or a trunk's own network
    media.srtpOpt.keyings = pj.IntVector([pj.PJMEDIA_SRTP_KEYING_SDES])
    config.natConfig.iceEnabled = False
    config.natConfig.contactRewriteUse = 0
    config.natConfig.viaRewriteUse = 0
    config.natConfig.sdpNatRewriteUse = 0
    return config


def account_with_digest(settings: StackSettings, wanted: Account) -> Any:
    """Return the settings of an account at a trunk, registered or for outgoing calls only."""
    config = account_config(settings, wanted.aor)
    if wanted.registers:
        config.regConfig.registrarUri = wanted.registrar
        config.regConfig.timeoutSec = wanted.expires_s
        config.regConfig.retryIntervalSec = 30  # RFC 5626 section 4.5: the least base back-off
        config.regConfig.firstRetryIntervalSec = 5
    credentials = pj.AuthCredInfo("digest", wanted.realm, wanted.user, 0, wanted.password)
    config.sipConfig.authCreds.append(credentials)
    return config
