"""The sub-pixel form of layers that double the side: a convolution, then a shuffle.

A transposed convolution of stride 2 is a convolution to four times the channels, one set for
each of the four places that a pixel becomes, which are then shuffled into place (Shi et al.,
2016, "Is the deconvolution layer the same as a convolutional layer?").
"""

from __future__ import annotations

from torch import Tensor


def sub_pixel_weight(weight: Tensor) -> Tensor:
    """Turn (in, out, 2 k, 2 k) of a transposed convolution into (4 out, in, k, k) of a convolution.

    Row r + 2 t of the kernel is what an input pixel adds to places r of the output pixels
    t further down, so tap k - 1 - t of the convolution; columns alike.
    """
    into, out, *sides = weight.shape
    taps = sides[0] // 2
    split = weight.view(into, out, taps, 2, taps, 2)  # in, out, t, r, u, q
    return split.flip(2, 4).permute(3, 5, 1, 0, 2, 4).reshape(4 * out, into, taps, taps)


def shuffle(x: Tensor, *, is_cropped: bool) -> Tensor:
    """Turn (n, 4 c, h, w) into (n, 2 h, 2 w, c): each set of channels to its place.

    With `is_cropped` the first and the last row and column are left out, (n, 2 h - 2, 2 w - 2, c),
    as by a transposed convolution with padding.
    """
    count, channels, height, width = x.shape
    places = x.permute(0, 2, 3, 1).unflatten(3, (2, 2, channels // 4))
    crop = int(is_cropped)
    rows, columns = height - crop, width - crop
    result = x.new_empty(count, rows, 2, columns, 2, channels // 4)
    for r in (0, 1):
        for q in (0, 1):
            # Of what is cropped the second places of a pixel come first.
            from_row, from_column = crop * (1 - r), crop * (1 - q)
            part = places[:, from_row : from_row + rows, from_column : from_column + columns, r, q]
            result[:, :, r ^ crop, :, q ^ crop] = part
    return result.view(count, 2 * rows, 2 * columns, channels // 4)
