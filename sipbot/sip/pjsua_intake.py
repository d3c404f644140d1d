"""The place in the library where a call can still wait outside: before it has sockets.

One read from the SIP socket takes up to 51 packets (counted with 2.15.1: 120 that waited were taken
51, 51 and 18 at a time), and a caller who is quick to give up made twelve calls within one of them.
`sipbot.sip.crowd` says after how many the process would end.  So an INVITE without room is dropped
unanswered, as if the network had lost it: who sent it sends it again after T1 (0.5 s) and on for 32
s (RFC 3261 section 17.1.1.2).
"""

import ctypes
from collections.abc import Callable

from pjsua2 import _pjsua2

from sipbot.errors import ChildStartError

_PRIORITY = 12
"""Behind the transport layer (8), before that of transactions (16): pjsip/sip_module.h."""

_Request = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)


class _Module(ctypes.Structure):
    """pjsip_module (pjsip/sip_module.h)."""

    _fields_ = (
        ("prev", ctypes.c_void_p),
        ("next", ctypes.c_void_p),
        ("name", ctypes.c_char_p),
        ("name_length", ctypes.c_ssize_t),
        ("id", ctypes.c_int),
        ("priority", ctypes.c_int),
        ("load_start_stop_unload", ctypes.c_void_p * 4),
        ("on_rx_request", _Request),
        ("others", ctypes.c_void_p * 4),
    )


_lib = ctypes.CDLL(_pjsua2.__file__)
_lib.pjsua_get_pjsip_endpt.restype = ctypes.c_void_p
_lib.pjsip_endpt_register_module.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
_lib.pjsip_rx_data_get_info.argtypes = [ctypes.c_void_p]
_lib.pjsip_rx_data_get_info.restype = ctypes.c_char_p

_registered: list[_Module] = []
"""The library points to them for as long as the process lives."""


def drop_invites_while(is_full: Callable[[], bool]) -> None:
    """Let the started library see an INVITE only when `is_full` says that it is not.

    Args:
        is_full: asked on the stack's thread, while the library reads; must not raise.

    Raises:
        ChildStartError: the library takes nobody between its layers.
    """

    # Stack thread, inside Step.read; 1: nobody else sees the request.
    def on_rx_request(rdata: int) -> int:
        info: bytes = _lib.pjsip_rx_data_get_info(rdata)
        return int(info.startswith(b"Request msg INVITE/") and is_full())

    module = _Module(name=b"sipbot-intake", name_length=13, id=-1, priority=_PRIORITY)
    module.on_rx_request = _Request(on_rx_request)
    status = _lib.pjsip_endpt_register_module(_lib.pjsua_get_pjsip_endpt(), ctypes.byref(module))
    if status != 0:
        raise ChildStartError(
            f"pjsip takes no module: its status {status}. It is a fault of sipbot: report it"
        )
    _registered.append(module)
