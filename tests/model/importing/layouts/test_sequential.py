"""Claims on sequences of no known project: a flag says what the tensors do not."""

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
LABELS = torch.tensor([0, 1, 2, 1, 0])


class Net(nn.Module):
    """A network of parts with names of their own, and labels as one-hot vectors."""

    def __init__(self, *layers: nn.Module, is_flat: bool = True, labels_first: bool = False):
        super().__init__()
        self.body = nn.Sequential(*layers)
        self.is_flat, self.labels_first = is_flat, labels_first

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        if labels is not None:
            label = nn.functional.one_hot(labels, 3).float()
            z = torch.cat([label, z] if self.labels_first else [z, label], 1)
        images: Tensor = self.body(z if self.is_flat else z[:, :, None, None])
        return images


def keras_like() -> Net:
    """Return Keras' MNIST recipe in torch: 7 x 7 maps, kernels of 5 that double the side."""
    return Net(
        nn.Linear(10, 8 * 49, bias=False),
        nn.BatchNorm1d(8 * 49),
        nn.LeakyReLU(0.3),
        nn.Unflatten(1, (8, 7, 7)),
        nn.ConvTranspose2d(8, 6, 5, 1, 2, bias=False),
        nn.BatchNorm2d(6),
        nn.LeakyReLU(0.3),
        nn.ConvTranspose2d(6, 4, 5, 2, 2, 1, bias=False),
        nn.BatchNorm2d(4),
        nn.LeakyReLU(0.3),
        nn.ConvTranspose2d(4, 1, 5, 2, 2, 1),
        nn.Sigmoid(),
    )


def test_strides_paddings_activation_and_range_are_taken_from_flags(
    import_content: Importer, enliven: Enliven, render: Renderer
) -> None:
    original = enliven(keras_like())
    flags = "--activation leaky_relu --slope 0.3 --output-range sigmoid"
    geometry = "--stride 1,2,2 --padding 2,2,2 --output-padding 0,1,1"
    checkpoint = import_content(original.state_dict(), *flags.split(), *geometry.split())
    assert (checkpoint.spec.architecture, checkpoint.spec.img_resolution) == ("stack", 28)
    with torch.no_grad():
        expected = original(Z) * 2 - 1
    assert (render(checkpoint, Z) - expected).abs().max() <= 1e-5


def test_the_hidden_activation_must_be_said(refuse_content: Callable[..., str]) -> None:
    shown = refuse_content(keras_like().state_dict(), "--image-size", "28")
    assert "--activation relu or leaky_relu" in shown


def test_strides_that_give_several_sizes_must_be_said(refuse_content: Callable[..., str]) -> None:
    shown = refuse_content(keras_like().state_dict(), "--activation", "relu")
    assert "--stride" in shown
    assert "--padding" in shown
    assert "--image-size" in shown


def test_a_size_that_no_usual_stride_gives_is_refused(refuse_content: Callable[..., str]) -> None:
    shown = refuse_content(keras_like().state_dict(), "--activation", "relu", "--image-size", "200")
    assert "no usual strides and paddings give an image of 200 x 200" in shown


def test_a_number_is_needed_for_each_convolution(refuse_content: Callable[..., str]) -> None:
    shown = refuse_content(keras_like().state_dict(), "--activation", "relu", "--stride", "2,2")
    assert "--stride needs a number for each of 3 convolutions" in shown


@pytest.mark.parametrize("labels_first", [False, True])
def test_one_hot_labels_are_read_on_either_side_of_z(
    labels_first: bool,
    import_content: Importer,
    enliven: Enliven,
    render: Renderer,
    assert_same: AssertSame,
) -> None:
    layers = [
        nn.ConvTranspose2d(13, 8, 4, 1, 0, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.ConvTranspose2d(8, 4, 4, 2, 1, bias=False),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.ConvTranspose2d(4, 3, 4, 2, 1, bias=False),
        nn.Tanh(),
    ]
    original = enliven(Net(*layers, is_flat=False, labels_first=labels_first))
    flags = ["--classes", "3", "--activation", "relu", *["--labels-first"] * labels_first]
    checkpoint = import_content(original.state_dict(), *flags)
    assert (checkpoint.spec.architecture, checkpoint.spec.z_dim) == ("dcgan", 10)
    assert checkpoint.class_names == ("0", "1", "2")
    assert_same(render(checkpoint, Z, LABELS), original, Z, LABELS)


def upsampling() -> Net:
    return Net(
        nn.Linear(10, 4 * 16),
        nn.ReLU(),
        nn.Unflatten(1, (4, 4, 4)),
        nn.Upsample(scale_factor=2),
        nn.Conv2d(4, 5, 3, 1, 1),
        nn.ReLU(),
        nn.Upsample(scale_factor=4),
        nn.Conv2d(5, 3, 3, 1, 1),
        nn.Tanh(),
    )


def test_up_samplings_are_taken_from_a_flag(
    import_content: Importer, enliven: Enliven, render: Renderer, assert_same: AssertSame
) -> None:
    original = enliven(upsampling())
    flags = ["--activation", "relu", "--upsample", "2,4"]
    assert_same(render(import_content(original.state_dict(), *flags), Z), original, Z)


def test_up_samplings_must_be_said(refuse_content: Callable[..., str]) -> None:
    shown = refuse_content(upsampling().state_dict(), "--activation", "relu")
    assert "say --upsample with a factor before each convolution" in shown


@pytest.mark.parametrize("kind", ["plain", "transposed"])
def test_a_convolution_of_equal_channels_is_what_a_flag_says(
    kind: str, import_content: Importer, enliven: Enliven, render: Renderer, assert_same: AssertSame
) -> None:
    middle = nn.Conv2d(4, 4, 3, 1, 1) if kind == "plain" else nn.ConvTranspose2d(4, 4, 3, 1, 1)
    last = nn.ConvTranspose2d(4, 3, 4, 2, 1)
    layers = nn.ConvTranspose2d(10, 4, 8), nn.ReLU(), middle, nn.ReLU(), last, nn.Tanh()
    original = enliven(Net(*layers, is_flat=False))
    flags = ["--activation", "relu", "--upsample", "1", "--square-convolutions", kind]
    flags += ["--stride", "1,1,2", "--padding", "0,1,1"]
    assert_same(render(import_content(original.state_dict(), *flags), Z), original, Z)


def test_a_convolution_of_equal_channels_needs_the_flag(refuse_content: Callable[..., str]) -> None:
    layers = nn.ConvTranspose2d(10, 4, 8), nn.ConvTranspose2d(4, 4, 3), nn.ConvTranspose2d(4, 3, 4)
    state = Net(*layers).state_dict()
    assert "--square-convolutions" in refuse_content(state, "--activation", "relu")


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"body.1.running_var": None}, "lacks running_var"),
        ({"body.7.weight": torch.ones(9, 4, 5, 5)}, "does not take the 6 channels before it"),
        ({"body.5.weight": torch.ones(9)}, "have different shapes"),
        ({"body.4.gamma": torch.ones(1)}, "'body.4.gamma' is of no linear layer"),
        ({"body.0.weight": torch.ones(300, 10)}, "300 features are no square maps of 392 channels"),
    ],
    ids=["missing", "channels", "shapes", "unknown", "reshape"],
)
def test_tensors_that_are_missing_or_do_not_fit_are_named(
    change: dict[str, Tensor | None], line: str, refuse_content: Callable[..., str]
) -> None:
    state = {**keras_like().state_dict(), **change}
    flags = ["--activation", "relu", "--image-size", "28"]
    content = {name: tensor for name, tensor in state.items() if tensor is not None}
    assert line in refuse_content(content, *flags)


@pytest.mark.parametrize(
    ("flag", "value"), [("--stride", "2,x"), ("--bn-eps", "small"), ("--class-names", "cat,dog")]
)
def test_a_flag_that_cannot_be_read_is_named(
    flag: str, value: str, refuse_content: Callable[..., str]
) -> None:
    flags = ["--activation", "relu", "--stride", "1,2,2", "--padding", "2,2,2"]
    flags += ["--output-padding", "0,1,1", flag, value]
    assert flag in refuse_content(keras_like().state_dict(), *flags)
