"""Claims on mimicry's residual generators, written anew from the SNGAN paper's tables."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from model.checkpoint import Checkpoint

Importer = Callable[..., Checkpoint]
Renderer = Callable[..., Tensor]
Enliven = Callable[[nn.Module], nn.Module]

Z = torch.randn(4, 9, generator=torch.Generator().manual_seed(2))
LABELS = torch.tensor([2, 0, 1, 1])


class ClassNorm(nn.Module):
    def __init__(self, width: int, classes: int) -> None:
        super().__init__()
        self.bn = nn.BatchNorm2d(width, affine=False)
        self.embed = nn.Embedding(classes, 2 * width)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        width = x.shape[1]
        e: Tensor = self.embed(y)
        normed: Tensor = self.bn(x)
        return e[:, :width, None, None] * normed + e[:, width:, None, None]


class Block(nn.Module):
    def __init__(self, before: int, after: int, classes: int) -> None:
        super().__init__()
        self.c1 = nn.Conv2d(before, after, 3, 1, padding=1)
        self.c2 = nn.Conv2d(after, after, 3, 1, padding=1)
        self.b1 = ClassNorm(before, classes) if classes else nn.BatchNorm2d(before)
        self.b2 = ClassNorm(after, classes) if classes else nn.BatchNorm2d(after)
        self.c_sc = nn.Conv2d(before, after, 1, 1, padding=0)
        self.up = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)

    def forward(self, x: Tensor, *y: Tensor) -> Tensor:
        h = self.c1(self.up(torch.relu(self.b1(x, *y))))
        h = self.c2(torch.relu(self.b2(h, *y)))
        out: Tensor = h + self.c_sc(self.up(x))
        return out


class ResNet(nn.Module):
    def __init__(self, bottom: int, widths: list[int], classes: int = 0) -> None:
        super().__init__()
        self.bottom = bottom
        self.l1 = nn.Linear(9, bottom**2 * widths[0])
        for number, pair in enumerate(itertools.pairwise(widths), 2):
            setattr(self, f"block{number}", Block(*pair, classes))
        self.tail = len(widths) + 1
        setattr(self, f"b{self.tail}", nn.BatchNorm2d(widths[-1]))
        setattr(self, f"c{self.tail}", nn.Conv2d(widths[-1], 3, 3, 1, padding=1))

    def forward(self, z: Tensor, *y: Tensor) -> Tensor:
        x = self.l1(z).view(len(z), -1, self.bottom, self.bottom)
        for number in range(2, self.tail):
            x = getattr(self, f"block{number}")(x, *y)
        x = getattr(self, f"c{self.tail}")(torch.relu(getattr(self, f"b{self.tail}")(x)))
        out: Tensor = x
        return out


def save(original: nn.Module) -> dict[str, object]:
    return {"model_state_dict": original.state_dict(), "optimizer_state_dict": {}, "global_step": 9}


@pytest.mark.parametrize(
    ("bottom", "widths", "flags"),
    [
        (4, [4, 4, 4, 4], ["--output-range", "tanh"]),
        (6, [16, 8, 4, 2], []),
        (4, [32, 16, 8, 4, 2], []),
        (4, [16, 16, 8, 4, 2, 1], []),
    ],
    ids=["32", "48", "64", "128"],
)
def test_each_size_is_imported_as_the_resnet_of_the_paper(
    bottom: int,
    widths: list[int],
    flags: list[str],
    import_content: Importer,
    enliven: Enliven,
    render: Renderer,
) -> None:
    original = enliven(ResNet(bottom, widths))
    checkpoint = import_content(save(original), *flags)
    assert checkpoint.spec.architecture == "resnet"
    assert checkpoint.spec.img_resolution == bottom * 2 ** (len(widths) - 1)
    with torch.no_grad():
        expected = torch.tanh(original(Z))
    assert expected.std() > 0.05
    assert (render(checkpoint, Z) - expected).abs().max() <= 1e-5


def test_the_sigmoid_of_its_cifar_dcgan_becomes_the_same_images(
    import_content: Importer, enliven: Enliven, render: Renderer
) -> None:
    original = enliven(ResNet(4, [4, 4, 4, 4]))
    checkpoint = import_content(save(original), "--output-range", "sigmoid")
    with torch.no_grad():
        expected = torch.sigmoid(original(Z)) * 2 - 1
    assert (render(checkpoint, Z) - expected).abs().max() <= 1e-5


def test_at_32_the_output_range_must_be_said(refuse_content: Callable[..., str]) -> None:
    shown = refuse_content(save(ResNet(4, [4, 4, 4, 4])))
    assert "--output-range tanh or --output-range sigmoid" in shown


def test_classes_choose_the_normalisations(
    import_content: Importer, enliven: Enliven, render: Renderer
) -> None:
    original = enliven(ResNet(4, [4, 4, 4, 4], classes=3))
    checkpoint = import_content(save(original))
    assert checkpoint.spec.num_classes == 3
    with torch.no_grad():
        expected = torch.tanh(original(Z, LABELS))
        other = torch.tanh(original(Z, LABELS.roll(1)))
    images = render(checkpoint, Z, LABELS)
    assert (images - expected).abs().max() <= 1e-5
    assert (images - other).abs().max() > 0.1


def test_a_missing_and_a_misshapen_tensor_are_named(refuse_content: Callable[..., str]) -> None:
    state = ResNet(6, [16, 8, 4, 2]).state_dict()
    lacking = {name: tensor for name, tensor in state.items() if name != "block3.c_sc.bias"}
    assert "lacks the tensor 'block3.c_sc.bias'" in refuse_content(lacking)
    assert "'block2.b1.bias' has the shape (7,)" in refuse_content(
        {**state, "block2.b1.bias": torch.ones(7)}
    )


def test_widths_of_no_paper_are_refused(refuse_content: Callable[..., str]) -> None:
    shown = refuse_content(save(ResNet(4, [8, 4, 4, 4, 2])))
    assert "8, 4, 4, 4, 2 channels wide" in shown
