"""`Catalog`: the generators that are served, by name, read once from the weights folder."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from app.batching import Batcher
from app.errors import NotReady, ServiceError, UnknownModel
from app.lane_starting import ModelLanes, start_lanes
from app.metrics import Metrics
from app.settings import Settings
from model.checkpoint import Checkpoint, CheckpointError, read_checkpoint
from model.inference import EngineFacts, device_memory_bytes
from model.judge import judging_fault
from model.spec import GeneratorSpec

_SUFFIX = ".safetensors"
_FAVOURITE = "faces-64"
# Within some hundredths of the most images a second: docs/benchmarks.md, the bare forward pass.
_CPU_BRIEF_BATCH = 8
# One that runs and one that waits: whoever is let in is answered within three or so.
_BATCHES_A_LANE = 2
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")

_log = logging.getLogger(__name__)


class CatalogError(ValueError):
    """The weights folder cannot be served; the message says why and what to do."""


class ServedGenerator:
    """One generator with its batcher, and whether its weights are still right."""

    def __init__(
        self, name: str, checkpoint: Checkpoint, facts: EngineFacts, batcher: Batcher
    ) -> None:
        self.name = name
        self.digest = checkpoint.digest
        self.spec: GeneratorSpec = checkpoint.spec
        self.class_names = checkpoint.class_names
        self.attribute_names = checkpoint.attribute_names
        self.directions = checkpoint.directions
        self.latent_scheme = checkpoint.latent_scheme
        self.provenance: dict[str, Any] = _plain(dataclasses.asdict(checkpoint.provenance))
        self.facts = facts
        self.judging_fault = judging_fault(checkpoint)  # why there is no best_of, or None
        self.batcher = batcher
        self._canary_fault: str | None = None

    @property
    def fault(self) -> str | None:
        """What is wrong, or None when it can be served."""
        if not self.batcher.is_alive:
            return "the worker has stopped"
        return self._canary_fault

    def require_ready(self) -> None:
        """Raise NotReady unless it can be served."""
        if self.fault:
            raise NotReady(f"The model {self.name} cannot be served now: {self.fault}.")

    async def check_golden(self, limit_s: float) -> None:
        """Render the golden seeds in between batches; remember what came of it."""
        try:
            async with asyncio.timeout(limit_s):
                await self.batcher.check_golden()
        except TimeoutError:
            self._canary_fault = "the device does not answer"
        except ServiceError as error:
            self._canary_fault = error.title.lower()
        except Exception:
            _log.exception("the golden images of %s failed", self.name)
            self._canary_fault = "the golden images are not reproduced"
        else:
            self._canary_fault = None


class Catalog:
    """Every served generator; owns their batchers and lanes."""

    def __init__(
        self,
        generators: list[ServedGenerator],
        default_model: str | None,
    ) -> None:
        """Take at least one generator; CatalogError if the default is none of them."""
        self._by_name = {generator.name: generator for generator in generators}
        self.default_name = default_model or next(
            (name for name in (_FAVOURITE, *sorted(self._by_name)) if name in self._by_name), ""
        )
        if self.default_name not in self._by_name:
            names = ", ".join(sorted(self._by_name)) or "none"
            raise CatalogError(
                f"the default model {self.default_name!r} is not among the weights: {names}"
            )

    def __iter__(self) -> Iterator[ServedGenerator]:
        """Walk through the generators by name."""
        return iter([self._by_name[name] for name in sorted(self._by_name)])

    def find(self, name: str | None, digest: str | None = None) -> ServedGenerator:
        """Return the generator of that name, or digest, or both, or the default.

        Raises UnknownModel, which names the field at fault.
        """
        if name is None and digest is not None:
            found = [item for item in self if item.digest == digest]
            if not found:
                raise UnknownModel("digest", "No model with this digest is served.")
            return found[0]
        generator = self._by_name.get(self.default_name if name is None else name)
        if generator is None:
            names = ", ".join(sorted(self._by_name))
            raise UnknownModel("model", f"No model of this name is served; there are: {names}.")
        if digest is not None and generator.digest != digest:
            raise UnknownModel("digest", "This model is served with another digest.")
        return generator

    def require_room(self) -> None:
        """Raise Overloaded if every queue is full: a refusal before a request is even read."""
        if not any(item.batcher.has_room() for item in self._by_name.values()):
            self._by_name[self.default_name].batcher.refuse()

    def require_default_room(self, arriving: int) -> None:
        """Raise Overloaded if the default's queue is full, once `arriving` requests are in it.

        Not if the model has stopped: its requests are to be told that instead.
        """
        batcher = self._by_name[self.default_name].batcher
        if batcher.is_alive and not batcher.has_room(arriving):
            batcher.refuse()

    def start(self) -> None:
        """Start every worker."""
        for generator in self:
            generator.batcher.start()

    async def watch(self, period_s: float) -> None:
        """Check every generator's golden images, for ever."""
        while True:
            await asyncio.sleep(period_s)
            await asyncio.gather(*(item.check_golden(period_s) for item in self))

    async def close(self, limit_s: float) -> None:
        """Drain and stop every worker at once, within the limit."""
        await asyncio.gather(*(item.batcher.close(limit_s) for item in self))
        for generator in self:
            for lane in generator.batcher.lanes:
                lane.close()


def load_catalog(settings: Settings, metrics: Metrics) -> Catalog:
    """Read, build, warm and check every checkpoint of the weights folder.

    Slow, and blocks. Starts the lanes, which are closed again where this fails.
    CatalogError at the first file that is not right.
    """
    try:
        paths = sorted(path for path in settings.weights.iterdir() if path.suffix == _SUFFIX)
    except OSError as error:
        reason = error.strerror or "unreadable"
        raise CatalogError(f"no folder {settings.weights}: {reason}; {_ADVICE}") from error
    if not paths:
        raise CatalogError(f"there is no *.safetensors in {settings.weights}; {_ADVICE}")
    checkpoints = [_read(path) for path in paths]
    try:
        started = start_lanes(paths, checkpoints, settings)
    except (RuntimeError, OSError) as error:  # InferenceError, LaneError, or torch's own
        raise CatalogError(str(error)) from error
    generators = [
        _serve(path, checkpoint, lanes, settings, metrics)
        for path, checkpoint, lanes in zip(paths, checkpoints, started, strict=True)
    ]
    try:
        return Catalog(generators, settings.default_model)
    except CatalogError:
        for lane in (lane for part in started for lane in part.lanes):
            lane.close()
        raise


_ADVICE = (
    "name a folder of checkpoints with --weights or GANLOOM_WEIGHTS, "
    "or make one: python -m model export RUN weights/NAME.safetensors"
)


def _read(path: Path) -> Checkpoint:
    if not _NAME.fullmatch(path.name.removesuffix(_SUFFIX)):
        raise CatalogError(
            f"{path}: a model's name is up to 128 letters, digits, dots, dashes and underscores"
        )
    try:
        return read_checkpoint(path)
    except CheckpointError as error:
        raise CatalogError(str(error)) from error
    except OSError as error:
        raise CatalogError(f"{path}: {error}") from error


def _serve(
    path: Path,
    checkpoint: Checkpoint,
    lanes: ModelLanes,
    settings: Settings,
    metrics: Metrics,
) -> ServedGenerator:
    facts = lanes.facts
    name = path.name.removesuffix(_SUFFIX)
    batcher = Batcher(
        lanes.lanes,
        facts.batch_shapes,
        settings.queue_capacity or _BATCHES_A_LANE * len(lanes.lanes) * facts.batch_shapes[-1],
        metrics.for_model(name),
        _CPU_BRIEF_BATCH if facts.device == "cpu" else None,
    )
    metrics.watch(name, lambda: batcher.queued_images, lambda: device_memory_bytes(facts.device))
    _log.info(
        "serving %s from %s on %s, %d batches of up to %d at once",
        *(name, path, facts.numeric_path, len(lanes.lanes), facts.batch_shapes[-1]),
    )
    return ServedGenerator(name, checkpoint, facts, batcher)


def _plain(provenance: dict[str, Any]) -> dict[str, Any]:
    """Keep what JSON can say: a checkpoint may hold a score that is not a number."""
    text = json.dumps(provenance, default=str)
    plain: dict[str, Any] = json.loads(text, parse_constant=lambda _: None)
    return plain
