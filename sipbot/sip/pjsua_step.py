"""What the library does when it is asked: one read from its sockets, or what is due by the clock.

``libHandleEvents`` does both, and reads up to five hundred packets before anybody can look at what
came of them; `sipbot.sip.crowd` says why that is too many.  A caller who answered within the
microseconds between our last read and it was followed to fifteen calls (seen; two such calls in a
row, and the agent had ended).  So its parts are called one by one.
"""

import ctypes

from pjsua2 import _pjsua2

from sipbot.errors import ChildStartError

_JOBS, _INSTANCE = "_ZN2pj8Endpoint18performPendingJobsEv", "_ZN2pj8Endpoint8instanceEv"
"""``pj::Endpoint::performPendingJobs()``, which SWIG leaves out, and whose it is."""


class _TimeVal(ctypes.Structure):
    """pj_time_val (pj/types.h)."""

    _fields_ = (("sec", ctypes.c_long), ("msec", ctypes.c_long))


class Step:
    """Drives the endpoint; after the library was started.

    Raises:
        ChildStartError: this pjsua2 does not show its parts.
    """

    def __init__(self) -> None:
        library = ctypes.CDLL(_pjsua2.__file__)
        endpoint, queue = library.pjsua_get_pjsip_endpt, library.pjsip_endpt_get_ioqueue
        timers = library.pjsip_endpt_get_timer_heap
        try:
            instance, self._jobs = library[_INSTANCE], library[_JOBS]
        except AttributeError as error:
            raise ChildStartError(
                f"{_pjsua2.__file__}: {error}. Install the pjsua2-python that sipbot names, or "
                "build pjsua2 without hidden symbols"
            ) from error
        for pointer in (endpoint, queue, timers, instance):
            pointer.restype = ctypes.c_void_p
        self._instance = ctypes.c_void_p(instance())
        self._queue = ctypes.c_void_p(queue(ctypes.c_void_p(endpoint())))
        self._timers = ctypes.c_void_p(timers(ctypes.c_void_p(endpoint())))
        self._poll, self._poll_timers = library.pj_ioqueue_poll, library.pj_timer_heap_poll
        self._now = _TimeVal(0, 0)

    def read(self) -> bool:
        """Read once, without waiting; return whether there was anything."""
        taken: int = self._poll(self._queue, ctypes.byref(self._now))
        return taken > 0

    def do_due(self) -> None:
        """Do what pjsip's timers and pjmedia's threads have left for this thread."""
        self._jobs(self._instance)
        self._poll_timers(self._timers, None)
