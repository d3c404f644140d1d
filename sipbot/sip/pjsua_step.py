"""One step of the library: what it reads from its sockets at one time.

``libHandleEvents`` takes ten such steps, up to a hundred packets, before anybody can look at what
came of them; `sipbot.sip.crowd` says why that may be too many.
"""

import ctypes

from pjsua2 import _pjsua2


class _TimeVal(ctypes.Structure):
    """pj_time_val (pj/types.h)."""

    _fields_ = (("sec", ctypes.c_long), ("msec", ctypes.c_long))


class Step:
    """Reads from the endpoint's sockets; after the library was started."""

    def __init__(self) -> None:
        library = ctypes.CDLL(_pjsua2.__file__)
        endpoint, queue = library.pjsua_get_pjsip_endpt, library.pjsip_endpt_get_ioqueue
        endpoint.restype = queue.restype = ctypes.c_void_p
        self._queue = ctypes.c_void_p(queue(ctypes.c_void_p(endpoint())))
        self._poll = library.pj_ioqueue_poll
        self._now = _TimeVal(0, 0)

    def __call__(self) -> bool:
        """Take one, without waiting; return whether there was anything."""
        taken: int = self._poll(self._queue, ctypes.byref(self._now))
        return taken > 0
