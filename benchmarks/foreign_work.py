"""`ForeignWork`: how much of the cores somebody else took while a server was measured.

A busy neighbour slows servers unequally (one whose threads spin at a barrier loses most), so a
ratio taken beside one is wrong, not only noisy.
"""

from __future__ import annotations

import os

from benchmarks.machine import core_ticks
from benchmarks.process_tree import process_tree

_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


class ForeignWork:
    """Begins to watch when it is made.

    Not foreign are the server `root`, this process, and the load generators that it has awaited.
    """

    def __init__(self, root: int) -> None:
        self._root = root
        self._busy, self._total = core_ticks()
        self._ours = self._own_ticks()

    def share(self) -> float:
        """Return what others took since, of all cores; a hypervisor's other guests included."""
        busy, total = core_ticks()
        foreign = (busy - self._busy) - (self._own_ticks() - self._ours)
        return max(foreign, 0.0) / max(total - self._total, 1)

    def _own_ticks(self) -> float:
        times = os.times()
        mine = times.user + times.system + times.children_user + times.children_system
        server = sum(process.cpu_ticks for process in process_tree(self._root))
        return mine * _TICKS_A_SECOND + server
