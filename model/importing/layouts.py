"""`LAYOUTS`: how other projects name their tensors, and what their source says beside them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from model.importing import mimicry
from model.importing.convention import Convention
from model.importing.conversion import convert_draft
from model.importing.draft import read_draft
from model.importing.foreign import Foreign
from model.importing.hints import Hints
from model.importing.import_error import ForeignError
from model.importing.state_dict import StateDict


@dataclass(frozen=True)
class Layout:
    """One project's layout: whether tensors are of it, and what makes of them a generator.

    `read` raises ForeignError, which says what does not fit, or which flag is missing.
    """

    name: str
    recognises: Callable[[StateDict], bool]
    read: Callable[[StateDict, Hints], Foreign]


def _sequential(convention: Convention, names: str, is_flat: bool = False) -> Layout:
    """Return the layout of a sequence of layers whose tensors' names all begin like `names`.

    `is_flat`: none of them is a convolution's.
    """
    pattern = re.compile(names)

    def recognises(state: StateDict) -> bool:
        return bool(state) and all(
            pattern.match(name) and (tensor.ndim <= 2 or not is_flat)
            for name, tensor in state.items()
        )

    return Layout(convention.name, recognises, partial(_read, convention))


def _read(convention: Convention, state: StateDict, hints: Hints) -> Foreign:
    return convert_draft(read_draft(state, convention, hints))


# In this order: the last one takes whatever is a sequence of layers.
LAYOUTS = (
    # PyTorch's DCGAN example and tutorial, their forks, and gan-face-generate.
    _sequential(Convention("pytorch-examples"), r"main\.\d+\."),
    # Natsu6767's DCGAN-PyTorch.
    _sequential(Convention("natsu6767"), r"(tconv|bn)\d+\."),
    Layout("mimicry", mimicry.recognises, mimicry.read),
    # LynnHo's DCGAN-LSGAN-WGAN-GP-DRAGAN-Pytorch; the last layer has a bias.
    _sequential(Convention("lynnho"), r"net\.\d+\."),
    _sequential(Convention("lightning-bolts"), r"gen\.\d+\.\d+\."),
    # StudioGAN's deep_conv, its DCGAN. Its normalisations have an eps of their own, and nothing
    # follows the linear layer.
    _sequential(
        Convention("studiogan", activation=("none", "relu", "relu", "relu"), bn_eps=(1e-4,)),
        r"(linear0|blocks\.\d+\.0\.(deconv0|bn0)|conv4|conv2d4)\.",
    ),
    _sequential(
        Convention("gan-zoo"), r"(formatLayer|main\.(batchNorm|convTranspose)\d+|main\.outlayer)\."
    ),
    # PyTorch-GAN. "BatchNorm2d(128, 0.8)": the 0.8 was meant as a momentum, and is the eps.
    _sequential(
        Convention(
            "pytorch-gan",
            activation=("none", "leaky_relu", "leaky_relu"),
            bn_eps=(1e-5, 0.8, 0.8),
            upsample=(2, 2, 1),
            has_labels_first=True,
        ),
        r"(l1\.0|conv_blocks\.\d+|conv_model\.\d+|label_emb)\.",
    ),
    _sequential(
        Convention(
            "pytorch-gan-mlp", activation=("leaky_relu",), bn_eps=(0.8,), has_labels_first=True
        ),
        r"(model\.\d+|label_emb|label_embedding)\.",
        is_flat=True,
    ),
    # csinva's generator of MNIST: a bare nn.Sequential.
    _sequential(
        Convention("csinva-mlp", activation=("leaky_relu",)),
        r"\d+\.(weight|bias)$",
        is_flat=True,
    ),
    # Any other: what tensors do not say, a flag must.
    _sequential(Convention("sequential", activation=None, upsample=None), ""),
)


def find_layout(state: StateDict, name: str | None) -> Layout:
    """Return the layout called `name`, or else the first that recognises the tensors.

    ForeignError if the one asked for does not recognise them.
    """
    for layout in LAYOUTS:
        if name in (None, layout.name) and layout.recognises(state):
            return layout
    names = ", ".join(list(state)[:4])
    raise ForeignError(f"these tensors are not of the layout {name!r}: {names}, ...")
