"""``python -m benchmarks.bare_agent``: the smallest pjsua2 program that answers and records.

The yardstick of `benchmarks.lines`: what four calls cost with nothing around the library but the
loop of its own documentation.  Same codecs, clock and jitter buffer as sipbot's agent, so that the
difference is sipbot's.
"""

import gc
import os
import signal
import sys
from typing import Any

import pjsua2 as pj

CALLS = 4
PORTS = 32
"""For audio, and none of the next agent's: pjsua2's range includes its end."""

POLL_MS = 10
"""As in the Python example of pjsua2's documentation."""


class Call(pj.Call):  # type: ignore[misc]  # the wheel ships no types
    """One call: its prompt and its recording."""

    def __init__(self, agent: "Agent", number: int) -> None:
        super().__init__(agent, number)
        self._agent = agent

    # Main thread, inside libHandleEvents.
    def onCallMediaState(self, prm: Any) -> None:
        """Play the prompt and record everything."""
        audio = self.getAudioMedia(-1)
        self._player, self._recorder = pj.AudioMediaPlayer(), pj.AudioMediaRecorder()
        self._player.createPlayer(self._agent.prompt, pj.PJMEDIA_FILE_NO_LOOP)
        self._recorder.createRecorder(f"{self._agent.folder}/{os.getpid()}-{id(self)}.wav")
        self._player.startTransmit(audio)
        audio.startTransmit(self._recorder)

    # Main thread, inside libHandleEvents.
    def onCallState(self, prm: Any) -> None:
        """Close the recording with the call."""
        if self.getInfo().state == pj.PJSIP_INV_STATE_DISCONNECTED:
            self._player = self._recorder = None
            self._agent.over.append(self)


class Agent(pj.Account):  # type: ignore[misc]  # the wheel ships no types
    """Answers whoever calls."""

    def __init__(self, prompt: str, folder: str) -> None:
        super().__init__()
        self.prompt, self.folder = prompt, folder
        self.calls: list[Call] = []
        self.over: list[Call] = []

    # Main thread, inside libHandleEvents.
    def onIncomingCall(self, prm: Any) -> None:
        """Answer at once."""
        call = Call(self, prm.callId)
        self.calls.append(call)
        answer = pj.CallOpParam(True)
        answer.statusCode = 200
        call.answer(answer)


def main() -> None:
    """Answer until SIGTERM; arguments: SIP port, first RTP port, prompt, folder."""
    port, rtp_port, prompt, folder = int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:5]
    gc.disable()
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    endpoint = pj.Endpoint()
    endpoint.libCreate()
    config = pj.EpConfig()
    config.logConfig.level = config.logConfig.consoleLevel = 0
    config.uaConfig.threadCnt, config.uaConfig.mainThreadOnly = 0, True
    config.uaConfig.maxCalls = CALLS
    media = config.medConfig
    media.clockRate = media.sndClockRate = 8000
    media.audioFramePtime = media.ptime = 20
    media.ecTailLen, media.noVad, media.sndAutoCloseTime = 0, True, -1
    media.jbMax, media.jbInit, media.jbMinPre, media.jbMaxPre = 1000, 60, 60, 120
    endpoint.libInit(config)
    endpoint.audDevManager().setNullDev()
    transport = pj.TransportConfig()
    transport.boundAddress, transport.port = "127.0.0.1", port
    endpoint.transportCreate(pj.PJSIP_TRANSPORT_UDP, transport)
    endpoint.libStart()
    for codec in endpoint.codecEnum2():
        endpoint.codecSetPriority(codec.codecId, 128 if codec.codecId.startswith("PCMU/") else 0)
    wanted = pj.AccountConfig()
    wanted.idUri = f"sip:bare@127.0.0.1:{port}"
    rtp = wanted.mediaConfig.transportConfig
    rtp.boundAddress, rtp.port, rtp.portRange = "127.0.0.1", rtp_port, PORTS - 2
    agent = Agent(prompt, folder)
    agent.create(wanted, True)
    while True:
        endpoint.libHandleEvents(POLL_MS)
        while agent.over:
            agent.calls.remove(agent.over.pop())


if __name__ == "__main__":
    main()
