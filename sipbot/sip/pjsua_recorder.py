"""The C recorder of one message, with buffers so short that a killed agent loses little.

pjsua2's own `AudioMediaRecorder` holds back what a recording's last half second is: up to 4,000
bytes in pjmedia's writer and, behind it, up to 4,096 in the C library's `FILE` (250 and 256 ms,
measured), and offers no setting for either.  The same writer can be had with a buffer of one's own
choice from the library below pjsua2; so it is made here, joined to the bridge by its port number,
and the C library's buffers are emptied several times a second.  No audio enters Python.
"""

import ctypes
from typing import Any

import pjsua2 as pj
from pjsua2 import _pjsua2

from sipbot.errors import CallError

BUFFER_BYTES = 640
"""Two frames of 20 ms at 8 kHz, 16 bit; the writer must hold one frame at least."""

FLUSH_EVERY_S = 0.06
"""How often the C library's buffers are emptied: 17 writes a second for a call."""

_POOL_BYTES = 2048
"""The writer's own data, its buffer and the bridge's, in one block (by pjmedia's structs)."""

_CLOCK_HZ, _CHANNELS, _FRAME_SAMPLES, _SAMPLE_BITS = 8000, 1, 160, 16
"""Those of the bridge: `pjsua_config` sets its clock to 8 kHz; frames are pjsua's 20 ms."""

_SILENCE = 0
"""The bridge's place of the sound card, which is none here (``setNullDev``): it sends silence."""

_lib = ctypes.CDLL(_pjsua2.__file__)
_libc = ctypes.CDLL(None)
_lib.pjsua_pool_create.restype = ctypes.c_void_p
_lib.pjsua_pool_create.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_size_t]
_lib.pj_pool_release.restype = None
_lib.pj_pool_release.argtypes = [ctypes.c_void_p]
_lib.pjmedia_wav_writer_port_create.argtypes = [
    ctypes.c_void_p,
    ctypes.c_char_p,
    *[ctypes.c_uint] * 5,
    ctypes.c_ssize_t,
    ctypes.POINTER(ctypes.c_void_p),
]
_lib.pjsua_conf_add_port.argtypes = [
    ctypes.c_void_p,
    ctypes.c_void_p,
    ctypes.POINTER(ctypes.c_int),
]
_lib.pjmedia_port_destroy.argtypes = [ctypes.c_void_p]


class Recorder:
    """An open recording; `close` lets the library write its header on the next clock tick.

    Everything here runs on the stack's thread; the library's own clock thread writes the audio.

    Args:
        path: of the new WAV.

    Raises:
        CallError: the file cannot be made; nothing is recorded.
    """

    def __init__(self, path: str) -> None:
        self._pool = _lib.pjsua_pool_create(b"recorder", _POOL_BYTES, _POOL_BYTES)
        self._port = ctypes.c_void_p()
        slot = ctypes.c_int()
        status = _lib.pjmedia_wav_writer_port_create(
            self._pool,
            path.encode(),
            _CLOCK_HZ,
            _CHANNELS,
            _FRAME_SAMPLES,
            _SAMPLE_BITS,
            0,
            BUFFER_BYTES,
            ctypes.byref(self._port),
        )
        if status == 0:
            status = _lib.pjsua_conf_add_port(self._pool, self._port, ctypes.byref(slot))
            if status != 0:
                _lib.pjmedia_port_destroy(self._port)
        if status != 0:
            _lib.pj_pool_release(self._pool)
            reason = pj.Endpoint.instance().utilStrError(status)
            raise CallError(
                f"{path} cannot be recorded: {reason}. Is there room, and may it be written?"
            )
        self._slot = slot.value

    def hear(self, media: Any) -> None:
        """Record what `media`, a call's audio, sends to the bridge from now on; None: silence.

        A caller who is put on hold sends nothing.  The file goes on all the same: where in it an
        answer is, and whether anything of it is missing, is told by the clock.
        """
        if media is None:
            _check(_lib.pjsua_conf_connect(_SILENCE, self._slot))
        else:
            _lib.pjsua_conf_disconnect(_SILENCE, self._slot)  # refused where it was not connected
            _check(_lib.pjsua_conf_connect(media.getPortId(), self._slot))

    def close(self) -> None:
        """Leave the bridge and whom it heard; the header is written on its next tick (20 ms)."""
        _check(_lib.pjsua_conf_remove_port(self._slot))
        # The status is no error: PJ_EGONE says that the clock thread was quicker and has let go of
        # the port before us (measured, once in some thousand calls).
        _lib.pjmedia_port_destroy(self._port)

    def forget(self) -> None:
        """Give the memory back, once the header is written: until then the library uses it."""
        _lib.pj_pool_release(self._pool)


def flush() -> bool:
    """Empty the C library's buffers to the files; False when a disk refused a part.

    What is refused is lost, for the C library keeps none of it.
    """
    return bool(_libc.fflush(None) == 0)


def _check(status: int) -> None:
    if status != 0:
        reason = pj.Endpoint.instance().utilStrError(status)
        raise CallError(f"the recorder does not obey: {reason}. It is a fault of sipbot: report it")
