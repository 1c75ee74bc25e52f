"""The process that searches, below all others from its first moment on.

What it needs is imported only once it is: that alone takes a core for seconds.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import socket
import sys

_NICENESS = 19


def main() -> None:
    """Search on behalf of the socket in the command line, until it is closed."""
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_number, signal.SIG_IGN)  # for the service, which ends this itself
    _yield_to_others()
    searches = importlib.import_module("app.inversion_searches")
    searches.serve(socket.socket(fileno=int(sys.argv[1])), sys.argv[2])


def _yield_to_others() -> None:
    """Run only when nothing else wants the core: whoever waits for an image comes first."""
    os.nice(_NICENESS)
    if hasattr(os, "SCHED_IDLE"):
        with contextlib.suppress(OSError):  # a sandbox may forbid it
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


if __name__ == "__main__":
    main()
