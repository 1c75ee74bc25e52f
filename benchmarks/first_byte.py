"""When a film of 300 frames begins to arrive, as a part of the time of its last byte.

python -m benchmarks.first_byte http://127.0.0.1:8000
"""

from __future__ import annotations

import argparse
import statistics
import time

import httpx

_FORMATS = ("apng", "gif", "mp4", "webm", "webp")


def main() -> None:
    """Print the medians for each format."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", nargs="?", default="http://127.0.0.1:8000")
    parser.add_argument("--frames", type=int, default=300)
    parser.add_argument("--repeats", type=int, default=9)
    arguments = parser.parse_args()
    print("format  first ms  last ms  first/last  frames/s")
    with httpx.Client(base_url=arguments.url, timeout=60) as client:
        for name in _FORMATS:
            measured = [
                _measure(client, name, arguments.frames, repeat)
                for repeat in range(arguments.repeats)
            ]
            first, last = (statistics.median(column) for column in zip(*measured, strict=True))
            part = statistics.median(a / b for a, b in measured)
            rate = arguments.frames / last
            print(f"{name:6}  {1e3 * first:8.1f}  {1e3 * last:7.1f}  {part:10.1%}  {rate:8.0f}")


def _measure(client: httpx.Client, name: str, frames: int, repeat: int) -> tuple[float, float]:
    """Return the seconds to the first and to the last byte of a film that was not made before."""
    seeds = ",".join(str(1000 * repeat + key) for key in range(4))
    query = f"/interpolate?seeds={seeds}&steps={frames}&fps=30&easing=ease-in-out&format={name}"
    started = time.perf_counter()
    first = 0.0
    with client.stream("GET", query) as answer:
        answer.raise_for_status()
        for chunk in answer.iter_raw():
            if chunk and not first:
                first = time.perf_counter() - started
    return first, time.perf_counter() - started


if __name__ == "__main__":
    main()
