"""How long from `python -m app` to the first 200 of /readyz?

    python -m benchmarks.startup

With the shipped weights and a warm disk: one start goes before, uncounted.
"""

from __future__ import annotations

from pathlib import Path
from statistics import median

from benchmarks.contenders import add_ganloom_arguments, ganloom
from benchmarks.report import Bar, Report, Table, bar_table, report_parser
from benchmarks.server import running

_LIMIT_S = 6.0


def main() -> None:
    """Start and stop the service again and again."""
    parser = report_parser(__doc__)
    add_ganloom_arguments(parser)
    parser.add_argument("--weights", type=Path, default=Path("weights"))
    parser.add_argument("--starts", type=int, default=5)
    arguments = parser.parse_args()
    launch = ganloom(arguments.weights, dict(arguments.ganloom))
    seconds = []
    for _ in range(1 + (1 if arguments.quick else arguments.starts)):
        with running(launch) as server:
            seconds.append(server.ready_s)
    counted = seconds[1:]
    rows = [(f"{min(counted):.2f}", f"{median(counted):.2f}", f"{max(counted):.2f}")]
    bars = [Bar(f"median of {len(counted)} starts", median(counted), _LIMIT_S, False, " s")]
    tables = [Table("Seconds to ready", ("least", "median", "most"), rows), bar_table(bars)]
    Report("From python -m app to ready", tables, {"seconds": counted}).publish(arguments)


if __name__ == "__main__":
    main()
