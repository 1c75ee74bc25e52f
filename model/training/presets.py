"""The named recipes: each is one paper's, as numbers."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from model.preset_lines import PRESET_LINES
from model.training.config import TrainConfig


@dataclass(frozen=True)
class Preset:
    """A recipe with the paper that it follows and one line of help."""

    config: TrainConfig
    paper: str

    @property
    def line(self) -> str:
        """What it is good for."""
        return PRESET_LINES[self.config.preset]


# Radford et al., 2016, section 4, to the letter: also the ground from which the recipes depart
# whose papers changed the game and kept these networks.
_DCGAN_2015 = TrainConfig(
    preset="dcgan-2015",
    loss="non-saturating",
    discriminator_normalisation="batch",
    beta1=0.5,
    beta2=0.999,
)

# The same generator; the game of R3GAN (Huang et al., 2024), whose local convergence is
# proven, with the lazy penalties, EMA and its ramp of StyleGAN2 (Karras et al., 2020).
_DCGAN = TrainConfig(
    preset="dcgan",
    loss="relativistic",
    discriminator_normalisation="none",
    penalty="r1-r2",
    r1_gamma=1.0,
    penalty_interval=4,
    beta1=0.0,
    beta2=0.99,
    lr_decay_start_kimg=100.0,
    ema_halflife_kimg=10.0,
)

# The loss in its non-saturating form, as the paper's section 3 advises and its code has it.
# Its stochastic gradient ascent with momentum is Adam here, as in all that came after.
_VANILLA = dataclasses.replace(
    _DCGAN_2015,
    preset="vanilla",
    architecture="mlp",
    discriminator="mlp",
    discriminator_normalisation="none",
)

# Mao et al., 2017, equation 9, section 4.1: DCGAN's networks, Adam with beta1 0.5.
_LSGAN = dataclasses.replace(_DCGAN_2015, preset="lsgan", loss="least-squares")

# Arjovsky et al., 2017, algorithm 1 and its default values; the critic is DCGAN's.
_WGAN = dataclasses.replace(
    _DCGAN_2015,
    preset="wgan",
    loss="wasserstein",
    weight_clip=0.01,
    n_critic=5,
    optimiser="rmsprop",
    learning_rate=5e-5,
)

# Gulrajani et al., 2017, algorithm 1 and its default values; layer normalisation in the
# critic, as section 4 ("no critic batch normalization") recommends.
_WGAN_GP = dataclasses.replace(
    _DCGAN_2015,
    preset="wgan-gp",
    loss="wasserstein",
    discriminator_normalisation="layer",
    penalty="wgan-gp",
    penalty_weight=10.0,
    n_critic=5,
    learning_rate=1e-4,
    beta1=0.0,
    beta2=0.9,
)

# Miyato et al., 2018, equations 16 and 17; of table 1 the setting C (Adam 2e-4, 0.5, 0.999, one
# move each), which is DCGAN's. The paper's best (five moves, beta1 0, residual networks) costs
# three times as much an image.
_SNGAN = dataclasses.replace(
    _DCGAN_2015, preset="sngan", loss="hinge", discriminator_normalisation="spectral"
)

# Kodali et al., 2017: lambda 10, k 1, on DCGAN without batch normalisation in D.
_DRAGAN = dataclasses.replace(
    _DCGAN_2015,
    preset="dragan",
    discriminator_normalisation="none",
    penalty="dragan",
    penalty_weight=10.0,
)

# Jolicoeur-Martineau, 2019, section 4.2, on DCGAN's networks; spectral normalisation in D as in
# that paper's own runs.
_RAGAN = dataclasses.replace(
    _DCGAN_2015,
    preset="ragan",
    loss="relativistic-average",
    discriminator_normalisation="spectral",
)

# Huang et al., 2024, section 3 and its table of settings, at a batch of 64.
_R3GAN = dataclasses.replace(
    _DCGAN, preset="r3gan", architecture="upsample", discriminator="residual", penalty_interval=1
)

# Lin et al., 2018: nothing but two images at a time.
_PACGAN2 = dataclasses.replace(_DCGAN_2015, preset="pacgan2", pack=2)

# Odena et al., 2017.
_ACGAN = dataclasses.replace(_DCGAN_2015, preset="acgan", is_conditional=True, conditioning="acgan")

# Miyato & Koyama, 2018, equation 3, with the loss and the normalisation that they use.
_CGAN_PROJECTION = dataclasses.replace(_SNGAN, preset="cgan-projection", is_conditional=True)

# Chen et al., 2016, appendix C.1: ten categories, two continuous codes, batch normalisation. There
# D's rate is 2e-4 and G's 1e-3; here they are equal.
_INFOGAN = dataclasses.replace(_DCGAN_2015, preset="infogan", code_categories=10, code_continuous=2)

PRESET_CATALOGUE = {
    preset.config.preset: preset
    for preset in (
        Preset(_DCGAN, "Radford et al. 2016; Huang et al. 2024"),
        Preset(_DCGAN_2015, "Radford et al. 2016"),
        Preset(_VANILLA, "Goodfellow et al. 2014"),
        Preset(_LSGAN, "Mao et al. 2017"),
        Preset(_WGAN, "Arjovsky et al. 2017"),
        Preset(_WGAN_GP, "Gulrajani et al. 2017"),
        Preset(_SNGAN, "Miyato et al. 2018"),
        Preset(_DRAGAN, "Kodali et al. 2017"),
        Preset(_RAGAN, "Jolicoeur-Martineau 2019"),
        Preset(_R3GAN, "Huang et al. 2024"),
        Preset(_PACGAN2, "Lin et al. 2018"),
        Preset(_ACGAN, "Odena et al. 2017"),
        Preset(_CGAN_PROJECTION, "Miyato & Koyama 2018"),
        Preset(_INFOGAN, "Chen et al. 2016"),
    )
}

PRESETS = {name: preset.config for name, preset in PRESET_CATALOGUE.items()}
