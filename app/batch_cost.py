"""`BatchCost`: what a batch costs, learned from the batches that ran."""

from __future__ import annotations

import math


class BatchCost:
    """The cost of a batch of n images, a n + b seconds, fitted to batches; older ones fade."""

    _FADING = 0.95

    def __init__(self) -> None:
        # Sums of 1, n, t, n n and n t; one value, so that any thread may read them.
        self._sums = (0.0, 0.0, 0.0, 0.0, 0.0)

    def observe(self, n: int, seconds: float) -> None:
        """Take in a batch of `n` images."""
        ones, ns, ts, nns, nts = (self._FADING * total for total in self._sums)
        self._sums = (ones + 1, ns + n, ts + seconds, nns + n * n, nts + n * seconds)

    def seconds_for(self, images: int, batch_limit: int) -> float:
        """Return the time that `images` take in batches of `batch_limit`; 0 if unknown."""
        ones, ns, ts, nns, nts = self._sums
        if not ones:
            return 0.0
        a = ts / ns  # all there is to say when every batch was of one size
        spread = ones * nns - ns * ns
        if spread > 1e-6 * ones * nns:
            a = min(max(0.0, (ones * nts - ns * ts) / spread), a)
        b = (ts - a * ns) / ones
        return a * images + b * math.ceil(images / batch_limit)
