"""Claims on LynnHo's generator, written anew, with any of its normalisations."""

from __future__ import annotations

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


def block(
    before: int, after: int, stride: int = 2, padding: int = 1, norm: nn.Module | None = None
) -> nn.Sequential:
    convolution = nn.ConvTranspose2d(before, after, 4, stride, padding, bias=False)
    return nn.Sequential(convolution, norm or nn.BatchNorm2d(after), nn.ReLU())


class LynnHo(nn.Module):
    def __init__(self, norm: Callable[[int], nn.Module]) -> None:
        super().__init__()
        self.net = nn.Sequential(
            block(10, 8, 1, 0, norm=norm(8)),
            block(8, 4, norm=norm(4)),
            block(4, 2, norm=norm(2)),
            nn.ConvTranspose2d(2, 3, 4, 2, 1),
            nn.Tanh(),
        )

    def forward(self, z: Tensor) -> Tensor:
        images: Tensor = self.net(z)
        return images


@pytest.mark.parametrize(
    ("norm", "flags"),
    [
        (nn.BatchNorm2d, []),
        (lambda width: nn.GroupNorm(1, width), ["--norm", "layer"]),
        (lambda width: nn.InstanceNorm2d(width, affine=True), ["--norm", "instance"]),
    ],
    ids=["batch", "layer", "instance"],
)
def test_lynnho_is_read_with_its_last_bias_and_any_of_its_normalisations(
    norm: Callable[[int], nn.Module],
    flags: list[str],
    import_content: Importer,
    enliven: Enliven,
    render: Renderer,
    assert_same: AssertSame,
) -> None:
    original = enliven(LynnHo(norm))
    content = {"ep": 3, "it_d": 9, "D": {}, "G": original.state_dict(), "G_optimizer": {}}
    checkpoint = import_content(content, *flags)
    assert checkpoint.spec.img_resolution == 32
    assert_same(render(checkpoint, Z), original, POINTS)


def test_a_normalisation_without_statistics_needs_its_flag(
    refuse_content: Callable[..., str],
) -> None:
    state = LynnHo(lambda width: nn.GroupNorm(1, width)).state_dict()
    assert "--norm layer or --norm instance" in refuse_content({"G": state})
