"""`TrainingState`: all that a run needs to go on exactly where it stopped."""

from __future__ import annotations

import copy
import dataclasses
import os
import pickle
from collections.abc import Collection
from pathlib import Path
from typing import Any

import torch
from torch import nn

from model.discriminators import build_discriminator
from model.generators import build_generator
from model.spec import GeneratorSpec
from model.training import ranks
from model.training.ada import AdaState
from model.training.config import TrainConfig
from model.training.synchronised_norm import synchronise

STATE_VERSION = 2
STATE_FILE = "state.pt"  # in the run's folder


class StateError(ValueError):
    """A saved training state that is missing, damaged or of another version."""


class TrainingState:
    """Both networks, the average, both optimisers, ADA's state and the number of steps taken.

    Random draws are functions of (seed, step), so no generator state is kept. `facts` holds
    what belongs to the run rather than to its weights: the data set and its names.
    """

    def __init__(
        self,
        config: TrainConfig,
        spec: GeneratorSpec,
        facts: dict[str, Any],
        device: torch.device | str = "cpu",
    ) -> None:
        # The caller's own generator is left alone: initial weights come from the run's seed.
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            generator = build_generator(spec)
            discriminator = _build_judge(config, spec)
        self.config = config
        self.spec = spec
        self.facts = facts
        self.step = 0
        self.ada = AdaState()
        self.device = torch.device(device)
        self.generator: nn.Module = _place(generator, self.device)
        self.discriminator: nn.Module = _place(discriminator, self.device)
        self.ema_generator = copy.deepcopy(self.generator).eval().requires_grad_(False)
        for network in (self.generator, self.discriminator):
            synchronise(network)  # not the average, which one rank renders alone
        self.generator_optimizer = self._optimizer(self.generator)
        self.discriminator_optimizer = self._optimizer(self.discriminator)

    def _optimizer(self, module: nn.Module) -> torch.optim.Optimizer:
        config = self.config
        if config.optimiser == "rmsprop":
            return torch.optim.RMSprop(module.parameters(), config.learning_rate)
        betas = (config.beta1, config.beta2)
        # Fused, an update is one pass over the weights instead of ten.
        return torch.optim.Adam(module.parameters(), config.learning_rate, betas=betas, fused=True)

    @property
    def images_seen(self) -> int:
        """How many real images the discriminator has been shown."""
        return self.step * self.config.batch_size

    @property
    def is_finite(self) -> bool:
        """Whether every weight of both players is a number. Waits for the device."""
        weights = [*self.generator.parameters(), *self.discriminator.parameters()]
        return all(bool(torch.isfinite(weight).all()) for weight in weights)

    def take_over(self, other: TrainingState, begins_anew: Collection[str] = ()) -> None:
        """Copy the step and all weights and moments of `other`, whose networks are alike.

        `begins_anew`: the networks and the optimisers that are left as they are.
        """
        others = other._parts()
        for name, part in self._parts().items():
            if name not in begins_anew:
                part.load_state_dict(copy.deepcopy(others[name].state_dict()))
        self.step, self.ada = other.step, other.ada

    def save(self, path: Path) -> None:
        """Write the state so that a crash at any moment leaves the old file or the new one.

        Of several ranks, whose states are the same, the first alone writes.
        StateError, and the old file is kept, if training has diverged to values that are not
        finite: the last good state is worth more than the newest.
        """
        if not self.is_finite:
            raise StateError(
                f"training diverged before {self.images_seen} images; the state saved before that "
                "is kept: start again with a higher --r1-gamma, or with preset dcgan"
            )
        if not ranks.is_first():
            return
        payload = {
            "state_version": STATE_VERSION,
            "config": self.config.to_json(),
            "spec": self.spec.to_json(),
            "facts": self.facts,
            "step": self.step,
            "ada": dataclasses.asdict(self.ada),
            **{name: part.state_dict() for name, part in self._parts().items()},
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(path.name + ".partial")  # one name: a kill leaves no second one
        try:
            with partial.open("wb") as file:
                torch.save(payload, file)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise

    @classmethod
    def load(cls, path: Path, device: torch.device | str = "cpu") -> TrainingState:
        """Read what `save` wrote. StateError says what is wrong with the file."""
        if not path.is_file():
            raise StateError(f"there is no training state at {path}; has the run saved yet?")
        with path.open("rb") as file:
            try:
                payload = torch.load(file, map_location="cpu", weights_only=True)
                return cls._restore(payload, device)
            except pickle.UnpicklingError as error:
                raise StateError(f"{path} is damaged, or was not written by ganloom") from error
            except Exception as error:  # torch.load raises whatever the damage leads to
                reason = str(error).partition("\n")[0] or type(error).__name__
                raise StateError(f"{path} cannot be read as a training state: {reason}") from error

    @classmethod
    def _restore(cls, payload: dict[str, Any], device: torch.device | str) -> TrainingState:
        version = payload["state_version"]
        if version != STATE_VERSION:
            raise StateError(f"it has version {version}, this program reads {STATE_VERSION}")
        config = TrainConfig.from_json(payload["config"])
        spec = GeneratorSpec.from_json(payload["spec"])
        state = cls(config, spec, payload["facts"], device)
        for name, part in state._parts().items():
            part.load_state_dict(payload[name])
        state.step = int(payload["step"])
        if "ada" in payload:  # older runs have none
            ada = payload["ada"]
            state.ada = AdaState(float(ada["p"]), tuple(map(float, ada["signs"])))
        return state

    def _parts(self) -> dict[str, nn.Module | torch.optim.Optimizer]:
        return {
            "generator": self.generator,
            "discriminator": self.discriminator,
            "ema_generator": self.ema_generator,
            "generator_optimizer": self.generator_optimizer,
            "discriminator_optimizer": self.discriminator_optimizer,
        }


def _build_judge(config: TrainConfig, spec: GeneratorSpec) -> nn.Module:
    # A discriminator that is to find the class must not be told it.
    judged = dataclasses.replace(spec, num_classes=0) if config.has_classes_to_find else spec
    return build_discriminator(judged, config.discriminator_spec(spec))


def _place(module: nn.Module, device: torch.device) -> nn.Module:
    # Channels last is what the convolutions of oneDNN and of cuDNN's tensor cores want: seen
    # here, 26 against 18 images/s for a training step on two busy AVX2 cores.
    return module.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]
