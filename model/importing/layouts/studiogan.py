"""StudioGAN's deep_conv (its DCGAN): `linear0`, `blocks.N.0.deconv0`, `blocks.N.0.bn0`, `conv4`."""

from __future__ import annotations

import re

from model.importing.convention import Convention
from model.importing.conversion import convert_draft
from model.importing.draft import read_draft
from model.importing.foreign import Foreign
from model.importing.hints import Hints
from model.importing.state_dict import StateDict

_NAMES = re.compile(r"(linear0|blocks\.\d+\.0\.(deconv0|bn0)|conv4|conv2d4)\.")
# Its normalisations have an eps of their own, and nothing follows the linear layer.
_CONVENTION = Convention("studiogan", activation=("none", "relu", "relu", "relu"), bn_eps=(1e-4,))


def recognises(state: StateDict) -> bool:
    """Whether every tensor has a name of this layout."""
    return bool(state) and all(_NAMES.match(name) for name in state)


def read(state: StateDict, hints: Hints) -> Foreign:
    """Read the generator. ForeignError says what does not fit, or which flag is missing."""
    return convert_draft(read_draft(state, _CONVENTION, hints))
