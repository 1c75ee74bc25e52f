"""csinva's MNIST generator: a bare `nn.Sequential` of linear layers and leaky ReLU, `0.weight`."""

from __future__ import annotations

import re

from model.importing.convention import Convention
from model.importing.conversion import convert_draft
from model.importing.draft import read_draft
from model.importing.foreign import Foreign
from model.importing.hints import Hints
from model.importing.state_dict import StateDict

_NAMES = re.compile(r"\d+\.(weight|bias)$")
_CONVENTION = Convention("csinva-mlp", activation=("leaky_relu",))


def recognises(state: StateDict) -> bool:
    """Whether every tensor has a name of this layout, and none is a convolution's."""
    return bool(state) and all(
        _NAMES.match(name) and tensor.ndim <= 2 for name, tensor in state.items()
    )


def read(state: StateDict, hints: Hints) -> Foreign:
    """Read the generator. ForeignError says what does not fit, or which flag is missing."""
    return convert_draft(read_draft(state, _CONVENTION, hints))
