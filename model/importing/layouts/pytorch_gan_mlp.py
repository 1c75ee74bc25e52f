"""PyTorch-GAN's fully connected generators (gan, cgan, wgan, ...): `model.N`, `label_emb`."""

from __future__ import annotations

import re

from model.importing.convention import Convention
from model.importing.conversion import convert_draft
from model.importing.draft import read_draft
from model.importing.foreign import Foreign
from model.importing.hints import Hints
from model.importing.state_dict import StateDict

_NAMES = re.compile(r"(model\.\d+|label_emb|label_embedding)\.")
# "BatchNorm1d(256, 0.8)": the 0.8 was meant as a momentum, and is the eps.
_CONVENTION = Convention(
    "pytorch-gan-mlp", activation=("leaky_relu",), bn_eps=(0.8,), has_labels_first=True
)


def recognises(state: StateDict) -> bool:
    """Whether every tensor has a name of this layout, and none is a convolution's."""
    return bool(state) and all(
        _NAMES.match(name) and tensor.ndim <= 2 for name, tensor in state.items()
    )


def read(state: StateDict, hints: Hints) -> Foreign:
    """Read the generator. ForeignError says what does not fit, or which flag is missing."""
    return convert_draft(read_draft(state, _CONVENTION, hints))
