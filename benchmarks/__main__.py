"""All measurements of the service, one after the other, each alone on the machine.

    python -m benchmarks --peers-python ../peers/bin/python

About half an hour. Writes NAME.md and NAME.json of each to `--out`, and the plot.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from benchmarks.server import ROOT

_FORWARD = "forward"


def main() -> None:
    """Run them in turn; go on where one fails, and say so at the end."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--peers-python", default=sys.executable, help="interpreter of the peers")
    parser.add_argument("--out", type=Path, default=Path("runs/benchmarks"))
    parser.add_argument("--plot", type=Path, default=None, help="docs/images/serving.png")
    parser.add_argument("--quick", action="store_true", help="only see whether they work")
    arguments = parser.parse_args()
    out = arguments.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    plot = (arguments.plot or out / "serving.png").resolve()
    # The others compare with what the first of them wrote.
    bare = ["--bare", str(out / f"{_FORWARD}.json")]
    measurements = {
        _FORWARD: [],
        "serving": [*bare, "--peers-python", arguments.peers_python, "--plot", str(plot)],
        "overload": [],
        "bulk": bare,
        "startup": [],
        "abandoned": [],
        "exactness": [],
    }
    quick = ["--quick"] * arguments.quick
    failed = [
        name for name, options in measurements.items() if not _run(name, [*options, *quick], out)
    ]
    if failed:
        sys.exit(f"these did not finish: {', '.join(failed)}")


def _run(name: str, options: list[str], out: Path) -> bool:
    print(f"{name} ...", file=sys.stderr)
    command = [sys.executable, "-m", f"benchmarks.{name}", "--markdown"]
    command += ["--json", str(out / f"{name}.json"), *options]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    (out / f"{name}.md").write_text(done.stdout)
    print(done.stdout)
    return done.returncode == 0


if __name__ == "__main__":
    main()
