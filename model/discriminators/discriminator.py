"""`Discriminator`: a trunk, the heads on its features, and packing."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from model.discriminators.description import DiscriminatorSpec
from model.discriminators.trunk import Trunk


class Discriminator(nn.Module):
    """Judges images by a linear function of the features of its trunk.

    With `pack` = k, rows i k to i k + k - 1 are one input of k times the channels, so n
    images make m = n / k inputs (Lin et al., 2018, section 2). With classes, a label adds the
    inner product of its embedding with the features (Miyato & Koyama, 2018, equation 3).
    """

    def __init__(self, trunk: Trunk, num_classes: int, description: DiscriminatorSpec) -> None:
        super().__init__()
        features, outputs = trunk.num_features, description.auxiliary_outputs
        self.pack = description.pack
        self.trunk = trunk
        self.head = nn.Linear(features, 1)
        self.embedding = nn.Embedding(num_classes, features) if num_classes else None
        self.auxiliary = nn.Linear(features, outputs) if outputs else None
        heads = [self.head] if self.auxiliary is None else [self.head, self.auxiliary]
        trunk.initialise(heads, self.embedding)
        if description.normalisation == "spectral":
            if self.embedding is not None:
                nn.init.normal_(self.embedding.weight)  # zero has no norm to be divided by
            normalise_spectrally(self)

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """Judge images (n, c, h, w), with labels (n,) if there are any; returns logits (m,).

        Without labels a conditional one leaves the class term out. ValueError for labels
        where there are no classes or where images are packed, or if n is no multiple of k.
        """
        return self._logits(self.features(images), labels)

    def judge(self, images: Tensor, labels: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Return the logits (m,) and the second head's answer (m, auxiliary_outputs) or None."""
        features = self.features(images)
        auxiliary = None if self.auxiliary is None else self.auxiliary(features)
        return self._logits(features, labels), auxiliary

    def features(self, images: Tensor) -> Tensor:
        """Return what the heads look at, (m, d)."""
        rows, channels, height, width = images.shape
        if rows % self.pack:
            raise ValueError(f"{rows} images cannot be packed by {self.pack}")
        packed = images.reshape(rows // self.pack, self.pack * channels, height, width)
        features: Tensor = self.trunk(packed)
        return features

    def _logits(self, features: Tensor, labels: Tensor | None) -> Tensor:
        logits: Tensor = self.head(features).squeeze(1)
        if labels is None:
            return logits
        if self.embedding is None or self.pack > 1:
            reason = "it has no classes" if self.embedding is None else "images are packed"
            raise ValueError(f"this discriminator takes no labels: {reason}")
        class_term: Tensor = (self.embedding(labels) * features).sum(dim=1)
        return logits + class_term


def normalise_spectrally(module: nn.Module) -> None:
    """Divide every weight by its largest singular value (Miyato et al., 2018, equation 8)."""
    for layer in list(module.modules()):
        if isinstance(layer, nn.Conv2d | nn.Linear | nn.Embedding):
            spectral_norm(layer)
