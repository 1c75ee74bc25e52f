"""PyTorch-GAN's convolutional generators: `l1.0`, then `conv_blocks.N` behind up-sampling."""

from __future__ import annotations

import re

from model.importing.convention import Convention
from model.importing.conversion import convert_draft
from model.importing.draft import read_draft
from model.importing.foreign import Foreign
from model.importing.hints import Hints
from model.importing.state_dict import StateDict

_NAMES = re.compile(r"(l1\.0|conv_blocks\.\d+|conv_model\.\d+|label_emb)\.")
# "BatchNorm2d(128, 0.8)": the 0.8 was meant as a momentum, and is the eps.
_CONVENTION = Convention(
    "pytorch-gan",
    activation=("none", "leaky_relu", "leaky_relu"),
    bn_eps=(1e-5, 0.8, 0.8),
    upsample=(2, 2, 1),
    has_labels_first=True,
)


def recognises(state: StateDict) -> bool:
    """Whether every tensor has a name of this layout."""
    return bool(state) and all(_NAMES.match(name) for name in state)


def read(state: StateDict, hints: Hints) -> Foreign:
    """Read the generator. ForeignError says what does not fit, or which flag is missing."""
    return convert_draft(read_draft(state, _CONVENTION, hints))
