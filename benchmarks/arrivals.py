"""Arrivals of an open loop: when each request is due, whatever the server does."""

from __future__ import annotations

import asyncio
import ctypes
import os
import random
import time
from collections.abc import Callable, Iterator

_NANOSECONDS = 1_000_000_000
_TFD_NONBLOCK_CLOEXEC = os.O_NONBLOCK | os.O_CLOEXEC
_TFD_TIMER_ABSTIME = 1


def poisson_schedule(rate: float, seconds: float, seed: int) -> Iterator[float]:
    """Yield the arrival times, in seconds from the start, of a Poisson process.

    Independent users arrive so: the gaps are exponential, bursts included. `rate` is arrivals a
    second. ValueError if it is not positive.
    """
    if rate <= 0:
        raise ValueError("arrivals need a rate above 0")
    stream = random.Random(seed)
    due = stream.expovariate(rate)
    while due < seconds:
        yield due
        due += stream.expovariate(rate)


class _Timespec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class _Itimerspec(ctypes.Structure):
    _fields_ = (("interval", _Timespec), ("value", _Timespec))


class ArrivalTimer:
    """Calls back on the event loop at a time of `time.perf_counter`, to some microseconds.

    An event loop's own timers count whole milliseconds, which is as long as an answer takes;
    Python has no binding of Linux' timerfd before 3.13.
    """

    def __init__(self, callback: Callable[[], None]) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._file = self._libc.timerfd_create(time.CLOCK_MONOTONIC, _TFD_NONBLOCK_CLOEXEC)
        if self._file < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")
        self._callback = callback
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._file, self._fire)

    def set(self, due: float) -> None:
        """Ask to be called at `due`; one that has passed fires at once."""
        nanoseconds = max(int(due * _NANOSECONDS), 1)  # 0 would disarm the timer
        value = _Timespec(*divmod(nanoseconds, _NANOSECONDS))
        timer = _Itimerspec(_Timespec(0, 0), value)
        self._libc.timerfd_settime(self._file, _TFD_TIMER_ABSTIME, ctypes.byref(timer), None)

    def close(self) -> None:
        """Stop for good."""
        self._loop.remove_reader(self._file)
        os.close(self._file)

    def _fire(self) -> None:
        try:
            os.read(self._file, 8)
        except BlockingIOError:  # set anew since it was due
            return
        self._callback()
