"""The layouts that are known, one a file; `find_layout` picks one by the names of tensors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from model.importing.foreign import Foreign
from model.importing.hints import Hints
from model.importing.import_error import ForeignError
from model.importing.layouts import (
    bolts,
    csinva_mlp,
    gan_zoo,
    lynnho,
    mimicry,
    natsu,
    pytorch_examples,
    pytorch_gan,
    pytorch_gan_mlp,
    sequential,
    studiogan,
)
from model.importing.state_dict import StateDict


@dataclass(frozen=True)
class Layout:
    """How one project names its tensors, and what makes of them a generator."""

    name: str
    recognises: Callable[[StateDict], bool]
    read: Callable[[StateDict, Hints], Foreign]


# In this order: the last one takes whatever is a sequence of layers.
LAYOUTS = (
    Layout("pytorch-examples", pytorch_examples.recognises, pytorch_examples.read),
    Layout("natsu6767", natsu.recognises, natsu.read),
    Layout("mimicry", mimicry.recognises, mimicry.read),
    Layout("lynnho", lynnho.recognises, lynnho.read),
    Layout("lightning-bolts", bolts.recognises, bolts.read),
    Layout("studiogan", studiogan.recognises, studiogan.read),
    Layout("gan-zoo", gan_zoo.recognises, gan_zoo.read),
    Layout("pytorch-gan", pytorch_gan.recognises, pytorch_gan.read),
    Layout("pytorch-gan-mlp", pytorch_gan_mlp.recognises, pytorch_gan_mlp.read),
    Layout("csinva-mlp", csinva_mlp.recognises, csinva_mlp.read),
    Layout("sequential", sequential.recognises, sequential.read),
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
