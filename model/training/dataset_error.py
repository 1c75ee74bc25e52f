"""The one error of the data half of training."""

from __future__ import annotations


class DatasetError(ValueError):
    """A data set cannot be made or read; the message says why and what to do."""
