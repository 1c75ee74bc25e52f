"""Natsu6767's DCGAN-PyTorch: `tconv1`, `bn1`, `tconv2`, ..."""

from __future__ import annotations

import re

from model.importing.convention import Convention
from model.importing.conversion import convert_draft
from model.importing.draft import read_draft
from model.importing.foreign import Foreign
from model.importing.hints import Hints
from model.importing.state_dict import StateDict

_NAMES = re.compile(r"(tconv|bn)\d+\.")
_CONVENTION = Convention("natsu6767")


def recognises(state: StateDict) -> bool:
    """Whether every tensor has a name of this layout."""
    return bool(state) and all(_NAMES.match(name) for name in state)


def read(state: StateDict, hints: Hints) -> Foreign:
    """Read the generator. ForeignError says what does not fit, or which flag is missing."""
    return convert_draft(read_draft(state, _CONVENTION, hints))
