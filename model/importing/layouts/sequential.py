"""Any other sequence of layers; what tensors do not say, a flag must."""

from __future__ import annotations

from model.importing.convention import Convention
from model.importing.conversion import convert_draft
from model.importing.draft import read_draft
from model.importing.foreign import Foreign
from model.importing.hints import Hints
from model.importing.state_dict import StateDict

_CONVENTION = Convention("sequential", activation=None, upsample=None)


def recognises(state: StateDict) -> bool:
    """Whether there is anything to try: the reading itself finds what does not fit."""
    return bool(state)


def read(state: StateDict, hints: Hints) -> Foreign:
    """Read the generator. ForeignError says what does not fit, or which flag is missing."""
    return convert_draft(read_draft(state, _CONVENTION, hints))
