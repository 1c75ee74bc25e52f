"""Claims on Natsu6767's DCGAN, written anew."""

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
POINTS = Z[:, :, None, None]


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
        return torch.tanh(self.get_submodule("tconv5")(x))


def test_natsu6767_is_read_from_among_its_optimisers(
    import_content: Importer,
    enliven: Enliven,
    render: Renderer,
    assert_same: AssertSame,
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
    assert_same(render(checkpoint, Z), original, POINTS)
