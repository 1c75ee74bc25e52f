"""A client of the service, for programs: `Ganloom` and `AsyncGanloom`.

Imports httpx and Pillow and nothing of the service, so it works where torch is not installed.
"""

from app.client.answers import (
    Direction,
    GeneratedImage,
    Latent,
    Model,
    Neighbour,
    Verification,
)
from app.client.asynchronous import AsyncGanloom
from app.client.failures import (
    ForeignAnswerError,
    GanloomError,
    OverloadedError,
    UnreachableError,
)
from app.client.job_answers import Inversion, Job, JobFailedError
from app.client.options import Mix, Term
from app.client.retrying import Retries
from app.client.synchronous import Ganloom

__all__ = [
    "AsyncGanloom",
    "Direction",
    "ForeignAnswerError",
    "Ganloom",
    "GanloomError",
    "GeneratedImage",
    "Inversion",
    "Job",
    "JobFailedError",
    "Latent",
    "Mix",
    "Model",
    "Neighbour",
    "OverloadedError",
    "Retries",
    "Term",
    "UnreachableError",
    "Verification",
]
