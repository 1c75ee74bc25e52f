"""Strides and paddings, which no tensor holds: by convention, by flag, or by image size."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from model.importing.hints import Hints
from model.importing.import_error import ForeignError
from model.spec import SpecError
from model.stack_layer import StackLayer, trace_shapes

# Stride, padding and output padding that people pair with a kernel of a transposed
# convolution; more than one where the size of the image must decide.
_USUAL = {
    1: ((1, 0, 0), (1, 1, 0), (1, 2, 0)),
    2: ((2, 0, 0),),
    3: ((1, 1, 0), (2, 1, 1), (2, 1, 0), (2, 0, 0), (1, 0, 0)),
    4: ((2, 1, 0),),
    5: ((1, 2, 0), (2, 2, 1), (2, 2, 0), (1, 0, 0)),
    6: ((2, 2, 0),),
    7: ((1, 3, 0), (1, 0, 0)),
}
_MAX_TRIES = 4096


@dataclass(frozen=True)
class _Choice:
    stride: int
    padding: int
    output_padding: int

    def apply(self, layer: StackLayer) -> StackLayer:
        return replace(
            layer,
            stride=(self.stride,) * 2,
            padding=(self.padding,) * 2,
            output_padding=(self.output_padding,) * 2,
        )


def settle_geometry(
    layers: Sequence[StackLayer], features: int, hints: Hints
) -> tuple[StackLayer, ...]:
    """Return `layers` with the stride and padding of each convolution.

    ForeignError names the flags, with a value for each size that the image could have, where
    convention leaves more than one.
    """
    places = [at for at, layer in enumerate(layers) if layer.kind in ("conv", "transposed")]
    choices = [_choices(layers[at], order, len(places), hints) for order, at in enumerate(places)]
    if places and places[0] == 0 and not hints.padding and layers[0].kind == "transposed":
        # On a single point every stride is the same, and a padding would cut the kernel.
        choices[0] = (_Choice(1, 0, 0),)
    tries = itertools.islice(itertools.product(*choices), _MAX_TRIES)
    found = list(_sizes(layers, places, tries, features))
    if hints.image_size is not None:
        found = [part for part in found if part[0] == (hints.image_size,) * 2]
    if len(found) == 1:
        return found[0][2]
    if not found:
        wanted = f" of {hints.image_size} x {hints.image_size}" if hints.image_size else ""
        raise ForeignError(
            f"no usual strides and paddings give an image{wanted}: say --stride and --padding, "
            f"{len(places)} numbers each, as in the source of the generator"
        )
    raise ForeignError(_ask(found))


def _choices(layer: StackLayer, order: int, count: int, hints: Hints) -> tuple[_Choice, ...]:
    for flag in ("stride", "padding", "output_padding"):
        given = len(getattr(hints, flag))
        if given not in (0, count):
            name = flag.replace("_", "-")
            raise ForeignError(f"--{name} needs a number for each of {count} convolutions")
    kernel = max(layer.kernel)
    if layer.kind == "conv":
        usual: tuple[_Choice, ...] = (_Choice(1, kernel // 2, 0),) if kernel % 2 else ()
    else:
        usual = tuple(_Choice(*numbers) for numbers in _USUAL.get(kernel, ()))
    if hints.stride and hints.padding:
        extra = hints.output_padding[order] if hints.output_padding else 0
        return (_Choice(hints.stride[order], hints.padding[order], extra),)
    if hints.stride:
        usual = tuple(choice for choice in usual if choice.stride == hints.stride[order])
    if hints.padding:
        wanted = hints.padding[order]
        fitting = tuple(choice for choice in usual if choice.padding == wanted)
        # A kernel's only usual stride holds for an unusual padding too.
        usual = fitting or tuple(
            replace(choice, padding=wanted) for choice in usual[:1] if len(usual) == 1
        )
    return usual


def _sizes(
    layers: Sequence[StackLayer],
    places: Sequence[int],
    tries: Iterator[tuple[_Choice, ...]],
    features: int,
) -> Iterator[tuple[tuple[int, ...], tuple[_Choice, ...], tuple[StackLayer, ...]]]:
    for choice in tries:
        settled = list(layers)
        for at, one in zip(places, choice, strict=True):
            settled[at] = one.apply(settled[at])
        try:
            yield trace_shapes(settled, features)[-1][1:], choice, tuple(settled)
        except SpecError:
            continue


def _ask(
    found: Sequence[tuple[tuple[int, ...], tuple[_Choice, ...], tuple[StackLayer, ...]]],
) -> str:
    sizes = sorted({part[0] for part in found})
    options = []
    for size in sizes[:6]:
        first = next(part[1] for part in found if part[0] == size)
        stride = ",".join(str(one.stride) for one in first)
        padding = ",".join(str(one.padding) for one in first)
        options.append(
            f"--stride {stride} --padding {padding} (images of {' x '.join(map(str, size))})"
        )
    return (
        "the tensors do not say the strides and paddings: give --image-size, or one of "
        + "; ".join(options)
    )
