"""A residual discriminator without normalisation, after R3GAN (Huang et al., 2024)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from torch import Tensor, nn
from torch.nn import functional as F

from model.attention import SelfAttention
from model.discriminators.description import DiscriminatorSpec
from model.discriminators.trunk import Trunk
from model.layers import layer_widths
from model.residual import LEAK, ResidualBlock, down_sample, initialise_he
from model.spec import GeneratorSpec


class _Stage(nn.Module):
    """Halve both sides, widen, and a residual block with attention where it is asked for."""

    def __init__(self, widths: tuple[int, int], blocks: int, has_attention: bool) -> None:
        super().__init__()
        before, width = widths
        self.widen = nn.Conv2d(before, width, 1, bias=False)
        self.block = ResidualBlock(width, blocks)
        self.attention = SelfAttention(width) if has_attention else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Map (m, before, h, w) to (m, width, h / 2, w / 2)."""
        result: Tensor = self.attention(self.block(self.widen(down_sample(x))))
        return result


class ResidualTrunk(Trunk):
    """The mirror of generator `upsample`: from the image to a learned basis of 4 x 4.

    A first 3 x 3 convolution with LeakyReLU, then a stage for each halving; at the end each
    channel is weighed by its own 4 x 4 (or whatever the generator begins with).
    """

    # Spectral normalisation cannot divide by the norm of a layer that starts at zero.
    normalisations: ClassVar[tuple[str, ...]] = ("none",)

    def __init__(self, spec: GeneratorSpec, description: DiscriminatorSpec) -> None:
        super().__init__()
        widths = layer_widths(description.base_channels, spec.doublings)
        attention = spec.attention_resolution if description.has_attention else None
        self.from_image = nn.Conv2d(spec.img_channels * description.pack, widths[0], 3, padding=1)
        self.stages = nn.Sequential(
            *(
                _Stage((before, width), len(widths), spec.img_resolution >> at == attention)
                for at, (before, width) in enumerate(
                    zip([widths[0], *widths[:-1]], widths, strict=True), start=1
                )
            )
        )
        self.basis = nn.Conv2d(widths[-1], widths[-1], spec.first_size, groups=widths[-1])
        self.num_features = widths[-1]

    def forward(self, images: Tensor) -> Tensor:
        """Return the features of images (m, c, h, w): (m, num_features)."""
        features = self.stages(F.leaky_relu(self.from_image(images), LEAK))
        result: Tensor = self.basis(features).flatten(1)
        return result

    def initialise(self, heads: Sequence[nn.Linear], embedding: nn.Embedding | None) -> None:
        """Draw as Fixup does: see `ResidualBlock`."""
        super().initialise(heads, embedding)
        for layer in self.modules():
            if isinstance(layer, _Stage):
                initialise_he(layer.widen, gain=1.0)
                layer.block.initialise()
        initialise_he(self.basis, gain=1.0)
