"""The names of the training presets, each with one line of help.

Beside and not inside `model.training`: `--help` must work where only the service is installed.
"""

from __future__ import annotations

PRESET_LINES = {
    "dcgan": "the default: DCGAN's generator in R3GAN's game; did not collapse in any run measured",
    "dcgan-2015": "DCGAN to the letter; can collapse",
    "vanilla": "the first GAN: fully connected, for small images and for history",
    "lsgan": "least squares: gradients for fakes that are judged well but lie far off",
    "wgan": "Wasserstein with clipped weights; five critic moves to one",
    "wgan-gp": "Wasserstein with a gradient penalty; five critic moves to one",
    "sngan": "hinge loss under spectral normalisation, which costs next to nothing",
    "dragan": "gradients held near one around the data: fewer sharp valleys to collapse into",
    "ragan": "relativistic average: each image against the mean of the other kind",
    "r3gan": "R3GAN's residual networks in its game, without any normalisation; slow",
    "pacgan2": "DCGAN judged two images at a time, so that sameness shows",
    "acgan": "classes, named by the discriminator (needs data with classes)",
    "cgan-projection": "classes, by projection, under hinge and spectral norm (needs classes)",
    "infogan": "finds ten categories and two factors in unlabelled images, as parts of z",
}
