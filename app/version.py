"""The version of the service, as OpenAPI and the files that it writes say it."""

from __future__ import annotations

from functools import cache
from importlib.metadata import PackageNotFoundError, version


@cache
def installed_version() -> str:
    """Return the version of the distribution; a plain checkout has none."""
    try:
        return version("ganloom")
    except PackageNotFoundError:
        return "0"
