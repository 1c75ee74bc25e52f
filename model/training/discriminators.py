"""The discriminator: DCGAN's strided convolutions, with or without batch normalisation."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from model.layers import initialise_normal
from model.spec import GeneratorSpec

_LEAK = 0.2
_MAX_DOUBLINGS = 3


NORMALISATIONS = ("batch", "none", "spectral", "layer")


@dataclass(frozen=True)
class DiscriminatorSpec:
    """A discriminator, described by what the generator's spec does not say.

    With `pack` = k it judges k images at once; `auxiliary_outputs` are further outputs
    beside the logit, of which a loss makes classes (ACGAN) or codes (InfoGAN).
    """

    architecture: str
    base_channels: int
    normalisation: str  # one of NORMALISATIONS
    pack: int = 1
    auxiliary_outputs: int = 0
    has_attention: bool = False


def build_discriminator(spec: GeneratorSpec, discriminator_spec: DiscriminatorSpec) -> nn.Module:
    """Build the discriminator of the images that `spec` describes, with fresh weights.

    Called as `discriminator(images, labels)` it gives logits (m,); `judge` gives the auxiliary
    outputs (m, auxiliary_outputs) or None as well. ValueError if there is no such architecture.
    """
    if discriminator_spec.architecture not in DISCRIMINATORS:
        known = ", ".join(sorted(DISCRIMINATORS))
        raise ValueError(
            f"unknown discriminator {discriminator_spec.architecture!r}; this version has: {known}"
        )
    return DISCRIMINATORS[discriminator_spec.architecture](spec, discriminator_spec)


class DCGANDiscriminator(nn.Module):
    """Strided convolutions and LeakyReLU down to 4 x 4, then one logit.

    Normalised by "batch" it is the paper's (Radford et al., 2016, section 3): batch
    normalisation on all but the first layer, weights from N(0, 0.02). Otherwise it has biases
    and He initialisation (He et al., 2015), which gradient penalties need: batch normalisation
    would mix the gradients of neighbours. "spectral" divides every weight by its largest
    singular value (Miyato et al., 2018, equation 8), "layer" normalises each image alone. A
    conditional one adds an inner product with the class's embedding (Miyato & Koyama, 2018,
    equation 3). With pack k, k images are stacked as channels (Lin et al., 2018, section 3).
    """

    def __init__(self, spec: GeneratorSpec, discriminator_spec: DiscriminatorSpec) -> None:
        super().__init__()
        self.pack = discriminator_spec.pack
        normalisation = discriminator_spec.normalisation
        halvings = spec.img_resolution.bit_length() - 3  # down to 4 x 4
        widths = [
            discriminator_spec.base_channels * 2 ** min(layer, _MAX_DOUBLINGS)
            for layer in range(halvings)
        ]
        layers: list[nn.Module] = []
        for layer, width in enumerate(widths):
            before = widths[layer - 1] if layer else spec.img_channels * self.pack
            has_bias = normalisation != "batch" or layer == 0
            layers.append(nn.Conv2d(before, width, 4, 2, 1, bias=has_bias))
            if layer > 0 and normalisation == "batch":
                layers.append(nn.BatchNorm2d(width))
            if layer > 0 and normalisation == "layer":
                layers.append(nn.GroupNorm(1, width))
            layers.append(nn.LeakyReLU(_LEAK))
        self.features = nn.Sequential(*layers, nn.Flatten())
        features = widths[-1] * 16
        self.head = nn.Linear(features, 1)
        self.embedding = nn.Embedding(spec.num_classes, features) if spec.is_conditional else None
        outputs = discriminator_spec.auxiliary_outputs
        self.auxiliary = nn.Linear(features, outputs) if outputs else None
        if normalisation == "batch":
            initialise_normal(self)
        else:
            _initialise_he(self)
        if normalisation == "spectral":
            _normalise_spectrally(self)

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """Judge images (n, c, h, w), labels (n,) if conditional; returns logits (n / pack,)."""
        return self.judge(images, labels)[0]

    def judge(self, images: Tensor, labels: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Return the logits (n / pack,) and the auxiliary outputs (n / pack, k) or None."""
        if self.pack > 1:
            images = images.unflatten(0, (-1, self.pack)).flatten(1, 2)
        features = self.features(images)
        logits: Tensor = self.head(features).squeeze(1)
        if self.embedding is not None:
            logits = logits + (self.embedding(labels) * features).sum(dim=1)
        return logits, None if self.auxiliary is None else self.auxiliary(features)


DISCRIMINATORS: dict[str, type[DCGANDiscriminator]] = {"dcgan": DCGANDiscriminator}


def _initialise_he(discriminator: DCGANDiscriminator) -> None:
    for layer in discriminator.features:
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, _LEAK)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    nn.init.kaiming_normal_(discriminator.head.weight, nonlinearity="linear")
    nn.init.zeros_(discriminator.head.bias)
    if discriminator.auxiliary is not None:
        nn.init.kaiming_normal_(discriminator.auxiliary.weight, nonlinearity="linear")
        nn.init.zeros_(discriminator.auxiliary.bias)
    if discriminator.embedding is not None:
        # The class term starts at zero: what a face is comes before which face it is.
        torch.nn.init.zeros_(discriminator.embedding.weight)


def _normalise_spectrally(discriminator: DCGANDiscriminator) -> None:
    if discriminator.embedding is not None:
        # Zeros have no largest singular value to be divided by.
        nn.init.normal_(discriminator.embedding.weight, 0.0, 0.02)
    for module in [*discriminator.modules()]:
        if isinstance(module, nn.Conv2d | nn.Linear | nn.Embedding):
            spectral_norm(module)
