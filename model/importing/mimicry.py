"""torch-mimicry's residual generators (SNGAN, WGAN-GP, SSGAN, InfoMax-GAN, DCGAN, cGAN-PD)."""

from __future__ import annotations

import math
import re
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional as F

from model.generators import build_generator
from model.generators.resnet import resnet_plan
from model.importing.foreign import Foreign
from model.importing.hints import Hints
from model.importing.import_error import ForeignError
from model.importing.state_dict import StateDict
from model.spec import GeneratorSpec, SpecError

_NAMES = re.compile(
    r"l1\.(weight|bias)$|block\d+\.((c1|c2|c_sc)\.(weight|bias)|b[12]\.)|[bc]\d+\.\w+$"
)
_EPS = 1e-5


def recognises(state: StateDict) -> bool:
    """Whether every tensor has a name of this layout."""
    return "l1.weight" in state and all(_NAMES.match(name) for name in state)


def read(state: StateDict, hints: Hints) -> Foreign:
    """Read the generator. ForeignError says what does not fit, or which flag is missing."""
    blocks = sum(1 for name in state if re.fullmatch(r"block\d+\.c1\.weight", name))
    tail = blocks + 2
    for name in ("l1.bias", f"b{tail}.running_mean", f"c{tail}.weight", f"c{tail}.bias"):
        if name not in state:
            raise ForeignError(f"it lacks the tensor {name!r}")
    spec = _read_spec(state, blocks, tail)
    output_range = hints.output_range
    if output_range is None and spec.img_resolution == 32 and not spec.is_conditional:
        raise ForeignError(
            "mimicry's generators of 32 x 32 end in tanh, but its DCGAN for CIFAR-10 ends in "
            "sigmoid with the very same tensors: say --output-range tanh or --output-range sigmoid"
        )
    weights = _complete(state, spec)
    is_sigmoid = output_range == "sigmoid"
    if is_sigmoid:  # 2 sigmoid(x) - 1 = tanh(x / 2)
        for leaf in ("weight", "bias"):
            weights[f"c{tail}.{leaf}"] = weights[f"c{tail}.{leaf}"] / 2
    return Foreign("mimicry", spec, weights, partial(_render, state, tail, is_sigmoid))


def _read_spec(state: StateDict, blocks: int, tail: int) -> GeneratorSpec:
    rows, z_dim = state["l1.weight"].shape
    channels, base_channels = state[f"c{tail}.weight"].shape[:2]
    first = state["block2.c1.weight"].shape[1] if blocks else 1
    bottom = math.isqrt(rows // first)
    embedding = state.get("block2.b1.embed.weight")
    try:
        spec = GeneratorSpec(
            "resnet",
            bottom * 2**blocks,
            channels,
            z_dim,
            0 if embedding is None else len(embedding),
            base_channels,
        )
    except SpecError as error:
        raise ForeignError(f"the generator is outside what can be served: {error}") from error
    widths = [first] + [state[f"block{at}.c2.weight"].shape[0] for at in range(2, tail)]
    if ((bottom, bottom), widths) != resnet_plan(spec.img_size, base_channels):
        raise ForeignError(
            f"its blocks are {', '.join(map(str, widths))} channels wide from {bottom} x {bottom} "
            "on, which is none of the residual generators of the SNGAN paper or of mimicry"
        )
    return spec


def _complete(state: StateDict, spec: GeneratorSpec) -> StateDict:
    """Return the weights of our generator; ForeignError if a tensor is missing or misshapen."""
    with torch.device("meta"):
        expected = build_generator(spec).state_dict()
    weights: StateDict = {}
    for name, tensor in expected.items():
        if name not in state and not name.endswith("num_batches_tracked"):
            raise ForeignError(f"it lacks the tensor {name!r}")
        weights[name] = state.get(name, torch.tensor(0))
        if weights[name].shape != tensor.shape:
            raise ForeignError(
                f"tensor {name!r} has the shape {tuple(weights[name].shape)}, "
                f"not {tuple(tensor.shape)}"
            )
    return weights


def _render(
    state: StateDict, tail: int, is_sigmoid: bool, z: Tensor, labels: Tensor | None
) -> Tensor:
    """Compute images as mimicry does, in plain functions."""
    channels = state["block2.c1.weight"].shape[1]
    x = F.linear(z, state["l1.weight"], state["l1.bias"])
    side = math.isqrt(x.shape[1] // channels)
    x = x.reshape(len(z), channels, side, side)
    for at in range(2, tail):
        x = _block(state, f"block{at}.", x, labels)
    x = F.conv2d(F.relu(_norm(state, f"b{tail}.", x, None)), *_of(state, f"c{tail}."), padding=1)
    return torch.sigmoid(x) * 2 - 1 if is_sigmoid else torch.tanh(x)


def _block(state: StateDict, name: str, x: Tensor, labels: Tensor | None) -> Tensor:
    h = _double(F.relu(_norm(state, name + "b1.", x, labels)))
    h = F.conv2d(h, *_of(state, name + "c1."), padding=1)
    h = F.relu(_norm(state, name + "b2.", h, labels))
    h = F.conv2d(h, *_of(state, name + "c2."), padding=1)
    return h + F.conv2d(_double(x), *_of(state, name + "c_sc."))


def _norm(state: StateDict, name: str, x: Tensor, labels: Tensor | None) -> Tensor:
    if labels is None:
        statistics = state[name + "running_mean"], state[name + "running_var"]
        return F.batch_norm(x, *statistics, *_of(state, name), eps=_EPS)
    statistics = state[name + "bn.running_mean"], state[name + "bn.running_var"]
    scale, shift = F.embedding(labels, state[name + "embed.weight"]).chunk(2, dim=1)
    x = F.batch_norm(x, *statistics, eps=_EPS)
    return scale[:, :, None, None] * x + shift[:, :, None, None]


def _of(state: StateDict, name: str) -> tuple[Tensor, Tensor]:
    return state[name + "weight"], state[name + "bias"]


def _double(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
