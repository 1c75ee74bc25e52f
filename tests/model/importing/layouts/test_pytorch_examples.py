"""Claims on PyTorch's DCGAN example, its forks and files of DataParallel."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from model.checkpoint import Checkpoint

Importer = Callable[..., Checkpoint]
Renderer = Callable[..., Tensor]
Enliven = Callable[[nn.Module], nn.Module]
AssertSame = Callable[..., None]

Z = torch.randn(5, 10, generator=torch.Generator().manual_seed(1))
POINTS = Z[:, :, None, None]


def ups(width: int, channels: int, z_dim: int = 10, doublings: int = 4) -> list[nn.Module]:
    """Return PyTorch's DCGAN example: a projection to 4 x 4, then doublings, then tanh."""
    widths = [width * 2**power for power in range(doublings - 1, -1, -1)]
    layers: list[nn.Module] = [nn.ConvTranspose2d(z_dim, widths[0], 4, 1, 0, bias=False)]
    for before, after in zip(widths, [*widths[1:], channels], strict=True):
        layers += [nn.BatchNorm2d(before), nn.ReLU(True)]
        layers += [nn.ConvTranspose2d(before, after, 4, 2, 1, bias=False)]
    return [*layers, nn.Tanh()]


class Main(nn.Module):
    """A network whose only part is called `main`."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.main = nn.Sequential(*layers)

    def forward(self, z: Tensor) -> Tensor:
        images: Tensor = self.main(z)
        return images


def test_images_that_are_not_square_are_imported_too(
    import_content: Importer, enliven: Enliven, render: Renderer, assert_same: AssertSame
) -> None:
    first, *rest = ups(4, 3, doublings=3)
    assert isinstance(first, nn.ConvTranspose2d)
    first = nn.ConvTranspose2d(10, first.out_channels, (4, 3), 1, 0, bias=False)
    original = enliven(Main(first, *rest))
    checkpoint = import_content(original.state_dict())
    assert (checkpoint.spec.architecture, checkpoint.spec.img_size) == ("dcgan", (32, 24))
    assert_same(render(checkpoint, Z), original, POINTS)


@pytest.mark.parametrize("is_zip", [True, False], ids=["zip", "legacy"])
@pytest.mark.parametrize("shape", [(4, 3), (4, 1), (3, 3), (5, 3)], ids=["64", "gray", "32", "128"])
def test_the_pytorch_example_is_imported_as_dcgan(
    shape: tuple[int, int],
    is_zip: bool,
    import_content: Importer,
    enliven: Enliven,
    render: Renderer,
    assert_same: AssertSame,
) -> None:
    doublings, channels = shape
    if doublings == 5:  # a 128 x 128 fork doubles the width only up to 8 times
        layers = ups(4, channels, doublings=4)[:-2]
        layers += [nn.ConvTranspose2d(4, 4, 4, 2, 1, bias=False), nn.BatchNorm2d(4), nn.ReLU()]
        original = enliven(
            Main(*layers, nn.ConvTranspose2d(4, channels, 4, 2, 1, bias=False), nn.Tanh())
        )
    else:
        original = enliven(Main(*ups(2, channels, doublings=doublings)))
    checkpoint = import_content(original.state_dict(), is_zip=is_zip)
    expected = "stack" if doublings == 5 else "dcgan"  # its widths are not DCGAN's
    assert checkpoint.spec.architecture == expected
    assert checkpoint.spec.img_resolution == 4 * 2**doublings
    assert_same(render(checkpoint, Z), original, POINTS)


def test_the_names_of_data_parallel_and_files_without_batch_counts_are_read(
    import_content: Importer,
    enliven: Enliven,
    render: Renderer,
    assert_same: AssertSame,
) -> None:
    original = enliven(Main(*ups(2, 3)))
    state = {
        f"module.{name}": tensor
        for name, tensor in original.state_dict().items()
        if "num_batches" not in name
    }
    checkpoint = import_content(OrderedDict(state), is_zip=False)
    assert checkpoint.spec.architecture == "dcgan"
    assert_same(render(checkpoint, Z), original, POINTS)


@pytest.mark.parametrize(("padding", "size"), [(2, 28), (0, 32)])
def test_csinva_forks_differ_only_in_a_flag(
    padding: int,
    size: int,
    import_content: Importer,
    enliven: Enliven,
    render: Renderer,
    assert_same: AssertSame,
) -> None:
    layers = ups(2, 3)[:-2]
    original = enliven(
        Main(*layers, nn.ConvTranspose2d(2, 1, 1, 1, padding, bias=False), nn.Tanh())
    )
    for flags in (["--image-size", str(size)], ["--padding", f"0,1,1,1,{padding}"]):
        checkpoint = import_content(original.state_dict(), *flags)
        assert checkpoint.spec.img_resolution == size
        assert_same(render(checkpoint, Z), original, POINTS)


def test_csinva_forks_are_refused_without_it_and_told_both_answers(
    refuse_content: Callable[..., str],
) -> None:
    original = Main(*ups(2, 3)[:-2], nn.ConvTranspose2d(2, 1, 1, 1, 2, bias=False))
    shown = refuse_content(original.state_dict())
    assert "--image-size" in shown
    assert "--padding 0,1,1,1,2 (images of 28 x 28)" in shown
    assert "--padding 0,1,1,1,0 (images of 32 x 32)" in shown
