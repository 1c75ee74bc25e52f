"""Claims on StudioGAN's deep_conv, written anew."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from model.checkpoint import Checkpoint

Importer = Callable[..., Checkpoint]
Renderer = Callable[..., Tensor]
Enliven = Callable[[nn.Module], nn.Module]
AssertSame = Callable[..., None]

Z = torch.randn(5, 10, generator=torch.Generator().manual_seed(1))


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
    import_content: Importer,
    enliven: Enliven,
    render: Renderer,
    assert_same: AssertSame,
) -> None:
    original = enliven(Studio())
    shrink_variance(original)
    content = {"state_dict": original.state_dict(), "optimizer": {}, "seed": 1, "epoch": 2}
    assert_same(render(import_content(content), Z), original, Z)


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
