"""The machine that figures come from: without it they say nothing."""

from __future__ import annotations

import os
import platform
import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

_INSTRUCTION_SETS = ("amx_tile", "avx512_bf16", "avx512_vnni", "avx512f", "avx2", "asimd")
# An idle machine's own housekeeping stays below it.
_QUIET_SHARE = 0.05


@dataclass(frozen=True)
class Machine:
    """Processor, cores that this process may use, and what the figures depend on."""

    processor: str
    instruction_sets: tuple[str, ...]
    cores: int
    python: str
    torch: str
    date: str
    busy_share: float  # of its cores, just before the measurement

    def __str__(self) -> str:
        """Name it in a line, and whether it was quiet."""
        verdict = "" if self.busy_share < _QUIET_SHARE else ": NOT QUIET, not to be quoted"
        return f"{self.hardware()}; {self.busy_share:.0%} busy before the start{verdict}"

    def hardware(self) -> str:
        """Name what the figures depend on."""
        sets = ", ".join(self.instruction_sets) or "no vector instructions known"
        return (
            f"{self.cores} cores of {self.processor} ({sets}), Python {self.python}, "
            f"torch {self.torch}, {self.date}"
        )


def this_machine() -> Machine:
    """Describe the machine; torch is not imported for it, its threads would disturb."""
    cpuinfo = _read("/proc/cpuinfo")
    found = re.search(r"^model name\s*:\s*(.+)$", cpuinfo, re.MULTILINE)
    model = re.search(r"^model\s*:\s*(\d+)$", cpuinfo, re.MULTILINE)
    flags = re.search(r"^(?:flags|Features)\s*:\s*(.+)$", cpuinfo, re.MULTILINE)
    known = set(flags[1].split()) if flags else set()
    processor = found[1].strip() if found else platform.machine()
    return Machine(
        processor=f"{processor} model {model[1]}" if model else processor,
        instruction_sets=tuple(name for name in _INSTRUCTION_SETS if name in known),
        cores=len(os.sched_getaffinity(0)),
        python=platform.python_version(),
        torch=metadata.version("torch"),
        date=datetime.now(UTC).date().isoformat(),
        busy_share=_measure_busy_share(),
    )


def _measure_busy_share(seconds: float = 1.0) -> float:
    """Watch all cores for a while: a load average still remembers the measurement before."""
    before = core_ticks()
    time.sleep(seconds)
    busy, total = (after - earlier for after, earlier in zip(core_ticks(), before, strict=True))
    return busy / total if total else 0.0


def core_ticks() -> tuple[int, int]:
    """Return busy and all ticks since the boot; idle and waiting for a disk are not busy."""
    fields = [int(field) for field in _read("/proc/stat").partition("\n")[0].split()[1:]]
    return sum(fields) - sum(fields[3:5]), sum(fields)


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""
