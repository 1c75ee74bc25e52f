"""Claims on the layouts that are sequences of layers: each renders as its own project does.

Every network here is written anew from its project's definition, with narrower layers.
"""

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


def assert_equal(images: Tensor, original: nn.Module, z: Tensor, *more: Tensor) -> None:
    with torch.no_grad():
        expected = original(z, *more)
    assert images.shape == expected.shape
    assert expected.std() > 0.05  # else everything would be equal
    assert (images - expected).abs().max() <= 1e-5


@pytest.mark.parametrize("is_zip", [True, False], ids=["zip", "legacy"])
@pytest.mark.parametrize(
    ("doublings", "channels"), [(4, 3), (4, 1), (3, 3), (5, 3)], ids=["64", "gray", "32", "128"]
)
def test_the_pytorch_example_is_imported_as_dcgan(
    doublings: int,
    channels: int,
    is_zip: bool,
    import_content: Importer,
    enliven: Enliven,
    render: Renderer,
) -> None:
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
    assert_equal(render(checkpoint, Z), original, POINTS)


def test_the_names_of_data_parallel_and_files_without_batch_counts_are_read(
    import_content: Importer, enliven: Enliven, render: Renderer
) -> None:
    original = enliven(Main(*ups(2, 3)))
    state = {
        f"module.{name}": tensor
        for name, tensor in original.state_dict().items()
        if "num_batches" not in name
    }
    checkpoint = import_content(OrderedDict(state), is_zip=False)
    assert checkpoint.spec.architecture == "dcgan"
    assert_equal(render(checkpoint, Z), original, POINTS)


@pytest.mark.parametrize(("padding", "size"), [(2, 28), (0, 32)])
def test_csinva_forks_differ_only_in_a_flag(
    padding: int, size: int, import_content: Importer, enliven: Enliven, render: Renderer
) -> None:
    layers = ups(2, 3)[:-2]
    original = enliven(
        Main(*layers, nn.ConvTranspose2d(2, 1, 1, 1, padding, bias=False), nn.Tanh())
    )
    for flags in (["--image-size", str(size)], ["--padding", f"0,1,1,1,{padding}"]):
        checkpoint = import_content(original.state_dict(), *flags)
        assert checkpoint.spec.img_resolution == size
        assert_equal(render(checkpoint, Z), original, POINTS)


def test_csinva_forks_are_refused_without_it_and_told_both_answers(
    refuse_content: Callable[..., str],
) -> None:
    original = Main(*ups(2, 3)[:-2], nn.ConvTranspose2d(2, 1, 1, 1, 2, bias=False))
    shown = refuse_content(original.state_dict())
    assert "--image-size" in shown
    assert "--padding 0,1,1,1,2 (images of 28 x 28)" in shown
    assert "--padding 0,1,1,1,0 (images of 32 x 32)" in shown


def test_csinva_mlp_is_read(import_content: Importer, enliven: Enliven, render: Renderer) -> None:
    net = nn.Sequential(
        nn.Linear(10, 24), nn.LeakyReLU(0.2), nn.Linear(24, 24), nn.LeakyReLU(0.2),
        nn.Linear(24, 784), nn.Tanh(),
    )  # fmt: skip
    original = enliven(net)
    checkpoint = import_content(original.state_dict(), is_zip=False)
    assert (checkpoint.spec.img_resolution, checkpoint.spec.img_channels) == (28, 1)
    assert_equal(render(checkpoint, Z).flatten(1), original, Z)


class Natsu(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        widths = [16, 8, 4, 2]
        for number, (before, after) in enumerate(zip([10, *widths], [*widths, 3], strict=True), 1):
            stride, padding = (1, 0) if number == 1 else (2, 1)
            tconv = nn.ConvTranspose2d(before, after, 4, stride, padding, bias=False)
            setattr(self, f"tconv{number}", tconv)
            if number < 5:
                setattr(self, f"bn{number}", nn.BatchNorm2d(after))

    def forward(self, x: Tensor) -> Tensor:
        for number in range(1, 5):
            x = torch.relu(getattr(self, f"bn{number}")(getattr(self, f"tconv{number}")(x)))
        return torch.tanh(self.tconv5(x))


def test_natsu6767_is_read_from_among_its_optimisers(
    import_content: Importer, enliven: Enliven, render: Renderer
) -> None:
    original = enliven(Natsu())
    checkpoint = import_content(
        {
            "generator": original.state_dict(),
            "discriminator": nn.Conv2d(3, 4, 4).state_dict(),
            "optimizerG": torch.optim.Adam(original.parameters()).state_dict(),
            "params": {"nz": 10, "ngf": 2, "nc": 3, "lr": 2e-4},
        }
    )
    assert checkpoint.spec.architecture == "dcgan"
    assert_equal(render(checkpoint, Z), original, POINTS)


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
) -> None:
    original = enliven(LynnHo(norm))
    content = {"ep": 3, "it_d": 9, "D": {}, "G": original.state_dict(), "G_optimizer": {}}
    checkpoint = import_content(content, *flags)
    assert checkpoint.spec.img_resolution == 32
    assert_equal(render(checkpoint, Z), original, POINTS)


def test_a_normalisation_without_statistics_needs_its_flag(
    refuse_content: Callable[..., str],
) -> None:
    state = LynnHo(lambda width: nn.GroupNorm(1, width)).state_dict()
    assert "--norm layer or --norm instance" in refuse_content({"G": state})


class Bolts(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.gen = nn.Sequential(
            block(10, 16, 1, 0),
            block(16, 8),
            block(8, 4),
            block(4, 2),
            nn.Sequential(nn.ConvTranspose2d(2, 3, 4, 2, 1, bias=False), nn.Tanh()),
        )

    def forward(self, z: Tensor) -> Tensor:
        images: Tensor = self.gen(z)
        return images


def test_a_lightning_checkpoint_is_read_by_the_prefix_of_its_names(
    import_content: Importer, enliven: Enliven, render: Renderer
) -> None:
    original = enliven(Bolts())
    state = {f"generator.{name}": tensor for name, tensor in original.state_dict().items()}
    state |= {"discriminator.disc.0.0.weight": torch.ones(2, 3, 4, 4)}
    content = {
        "epoch": 3,
        "pytorch-lightning_version": "1.9.0",
        "state_dict": OrderedDict(state),
        "callbacks": {},
        "optimizer_states": [],
        "hyper_parameters": {"beta1": 0.5, "latent_dim": 10},
    }
    checkpoint = import_content(content)
    assert checkpoint.spec.architecture == "dcgan"
    assert_equal(render(checkpoint, Z), original, POINTS)


class StudioBlock(nn.Module):
    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.deconv0 = nn.ConvTranspose2d(before, after, 4, 2, 1)
        self.bn0 = nn.BatchNorm2d(after, eps=1e-4)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.bn0(self.deconv0(x)))


class Studio(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear0 = nn.Linear(10, 8 * 16)
        pairs = [(8, 4), (4, 2), (2, 2)]
        self.blocks = nn.ModuleList([nn.ModuleList([StudioBlock(*pair)]) for pair in pairs])
        self.conv4 = nn.Conv2d(2, 3, 3, 1, 1)

    def forward(self, z: Tensor) -> Tensor:
        x = self.linear0(z).view(-1, 8, 4, 4)
        for index in range(3):
            x = self.get_submodule(f"blocks.{index}.0")(x)
        return torch.tanh(self.conv4(x))


def shrink_variance(original: nn.Module) -> None:
    """Make the variances so small that a wrong eps shows."""
    for name, tensor in original.state_dict().items():
        if name.endswith("running_var"):
            tensor.mul_(1e-3)
        elif "bn0.weight" in name:
            tensor.mul_(0.1)


def test_studiogan_is_read_with_its_own_eps(
    import_content: Importer, enliven: Enliven, render: Renderer
) -> None:
    original = enliven(Studio())
    shrink_variance(original)
    content = {"state_dict": original.state_dict(), "optimizer": {}, "seed": 1, "epoch": 2}
    assert_equal(render(import_content(content), Z), original, Z)


def test_spectral_normalisation_is_folded_into_the_weights(
    import_content: Importer, render: Renderer
) -> None:
    original = Studio()
    for name in ("linear0", "conv4"):
        torch.nn.utils.spectral_norm(original.get_submodule(name))
    torch.nn.utils.parametrizations.spectral_norm(original.get_submodule("blocks.0.0.deconv0"))
    for _ in range(3):
        original(Z)
    original.eval()
    # Called in evaluation mode, so the singular vectors stay as they were saved.
    checkpoint = import_content({"state_dict": original.state_dict()})
    with torch.no_grad():
        expected = original(Z)
    assert (render(checkpoint, Z) - expected).abs().max() <= 1e-5


class Zoo(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.formatLayer = nn.ConvTranspose2d(10, 8, 4, bias=False)
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        layers["batchNorm0"], layers["relu0"] = nn.BatchNorm2d(8), nn.ReLU(True)
        for number, (before, after) in enumerate([(8, 4), (4, 2)], 1):
            layers[f"convTranspose{number}"] = nn.ConvTranspose2d(
                before, after, 4, 2, 1, bias=False
            )
            layers[f"batchNorm{number}"] = nn.BatchNorm2d(after)
            layers[f"relu{number}"] = nn.ReLU(True)
        layers["outlayer"] = nn.ConvTranspose2d(2, 3, 4, 2, 1, bias=False)
        self.main = nn.Sequential(layers)

    def forward(self, z: Tensor) -> Tensor:
        return torch.tanh(self.main(self.formatLayer(z)))


def test_gan_zoo_is_read_from_its_average(
    import_content: Importer, enliven: Enliven, render: Renderer
) -> None:
    original = enliven(Zoo())
    content = {"netG": Zoo().state_dict(), "netD": {}, "avgG": original.state_dict(), "tmp": {}}
    checkpoint = import_content(content)
    assert checkpoint.spec.architecture == "dcgan"
    assert_equal(render(checkpoint, Z), original, POINTS)


class PyTorchGAN(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.l1 = nn.Sequential(nn.Linear(10, 6 * 64))
        self.conv_blocks = nn.Sequential(
            nn.BatchNorm2d(6),
            nn.Upsample(scale_factor=2),
            nn.Conv2d(6, 6, 3, stride=1, padding=1),
            nn.BatchNorm2d(6, 0.8),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Upsample(scale_factor=2),
            nn.Conv2d(6, 4, 3, stride=1, padding=1),
            nn.BatchNorm2d(4, 0.8),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(4, 1, 3, stride=1, padding=1),
            nn.Tanh(),
        )

    def forward(self, z: Tensor) -> Tensor:
        images: Tensor = self.conv_blocks(self.l1(z).view(-1, 6, 8, 8))
        return images


def test_pytorch_gan_is_read_with_its_eps_of_0_8(
    import_content: Importer, enliven: Enliven, render: Renderer
) -> None:
    original = enliven(PyTorchGAN())
    assert_equal(render(import_content(original.state_dict()), Z), original, Z)
    other = import_content(original.state_dict(), "--bn-eps", "1e-5")
    with torch.no_grad():
        assert (render(other, Z) - original(Z)).abs().max() > 0.01


class PyTorchCGAN(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.label_emb = nn.Embedding(3, 4)
        self.model = nn.Sequential(
            nn.Linear(14, 12), nn.LeakyReLU(0.2),
            nn.Linear(12, 16), nn.BatchNorm1d(16, 0.8), nn.LeakyReLU(0.2),
            nn.Linear(16, 1024), nn.Tanh(),
        )  # fmt: skip

    def forward(self, z: Tensor, labels: Tensor) -> Tensor:
        x: Tensor = self.model(torch.cat((self.label_emb(labels), z), -1))
        return x.view(-1, 1, 32, 32)


def test_pytorch_cgan_is_read_with_its_embedding_as_classes(
    import_content: Importer, enliven: Enliven, render: Renderer
) -> None:
    original = enliven(PyTorchCGAN())
    checkpoint = import_content(original.state_dict(), "--class-names", "cat,dog,owl")
    assert checkpoint.class_names == ("cat", "dog", "owl")
    assert (checkpoint.spec.num_classes, checkpoint.spec.z_dim) == (3, 10)
    labels = torch.tensor([0, 1, 2, 1, 0])
    assert_equal(render(checkpoint, Z, labels), original, Z, labels)
