"""SNGAN's residual discriminator (Miyato et al., 2018, appendix B.4)."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional as F

from model.attention import SelfAttention
from model.discriminators.description import DiscriminatorSpec
from model.discriminators.trunk import Trunk, normalisation_layers
from model.layers import layer_widths
from model.spec import GeneratorSpec

_MAX_DOUBLINGS = 4  # 64, 128, 256, 512, 1024: table 5


class _Block(nn.Module):
    """Two 3 x 3 convolutions beside a shortcut; with `halves` both sides are halved after them.

    The first block of all takes the image as it is: no rectifier and no normalisation come
    before its first convolution, and its shortcut is halved before it is widened.
    """

    def __init__(self, widths: tuple[int, int], normalisation: str, halves: bool, is_first: bool):
        super().__init__()
        before, width = widths
        self._halves, self._is_first = halves, is_first
        head: list[nn.Module] = []
        if not is_first:
            head = [*normalisation_layers(normalisation, before), nn.ReLU()]
        middle = [] if is_first else normalisation_layers(normalisation, width)
        self.branch = nn.Sequential(
            *head,
            nn.Conv2d(before, width, 3, padding=1),
            *middle,
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1),
        )
        has_shortcut = halves or before != width
        self.shortcut = nn.Conv2d(before, width, 1) if has_shortcut else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Map (m, before, h, w) to (m, width, h, w), or to half the sides."""
        branch = self.branch(x)
        if not self._halves:
            result: Tensor = branch + self.shortcut(x)
            return result
        if self._is_first:
            result = F.avg_pool2d(branch, 2) + self.shortcut(F.avg_pool2d(x, 2))
        else:
            result = F.avg_pool2d(branch + self.shortcut(x), 2)
        return result


class ResNetTrunk(Trunk):
    """Residual blocks down to 4 x 4, one more, a rectifier and the sum over all places.

    That is table 5 at every size; the paper's own network for 32 x 32 (table 3) halves one
    time less and does not widen.
    """

    def __init__(self, spec: GeneratorSpec, description: DiscriminatorSpec) -> None:
        super().__init__()
        widths = layer_widths(description.base_channels, spec.doublings, _MAX_DOUBLINGS)
        attention = spec.attention_resolution if description.has_attention else None
        blocks: list[nn.Module] = []
        before, height = spec.img_channels * description.pack, spec.img_resolution
        for at, width in enumerate([*widths, widths[-1]]):
            halves = at < len(widths)
            blocks.append(_Block((before, width), description.normalisation, halves, at == 0))
            before, height = width, height // 2 if halves else height
            if halves and height == attention:
                blocks.append(SelfAttention(width))
        self.blocks = nn.Sequential(*blocks)
        self.num_features = widths[-1]

    def forward(self, images: Tensor) -> Tensor:
        """Return the features of images (m, c, h, w): (m, num_features)."""
        features: Tensor = F.relu(self.blocks(images)).sum(dim=(2, 3))
        return features

    def initialise(self, heads: Sequence[nn.Linear], embedding: nn.Embedding | None) -> None:
        """Draw from Glorot & Bengio's uniform distribution (2010), as SNGAN's code does.

        Convolutions of a branch are scaled by sqrt(2) for the rectifiers between them.
        """
        branches = {
            layer for block in self.blocks if isinstance(block, _Block) for layer in block.branch
        }
        for layer in (*self.modules(), *heads):
            if isinstance(layer, nn.Conv2d | nn.Linear):
                nn.init.xavier_uniform_(layer.weight, 2**0.5 if layer in branches else 1.0)
                if layer.bias is not None:
                    nn.init.zeros_(layer.bias)
        if embedding is not None:
            nn.init.zeros_(embedding.weight)
