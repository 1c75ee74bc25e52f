"""Claims on pytorch_GAN_zoo's DCGAN, written anew."""

from __future__ import annotations

from collections import OrderedDict
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
    import_content: Importer,
    enliven: Enliven,
    render: Renderer,
    assert_same: AssertSame,
) -> None:
    original = enliven(Zoo())
    content = {"netG": Zoo().state_dict(), "netD": {}, "avgG": original.state_dict(), "tmp": {}}
    checkpoint = import_content(content)
    assert checkpoint.spec.architecture == "dcgan"
    assert_same(render(checkpoint, Z), original, POINTS)
