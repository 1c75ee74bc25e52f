"""ADA's controller: how often to augment, from what the discriminator still confuses."""

from __future__ import annotations

from dataclasses import dataclass

TARGET = 0.6  # of E[sign(D(real))] (Karras et al., 2020, section 4.1)
_INTERVAL = 4  # steps between two changes of p


@dataclass(frozen=True)
class AdaState:
    """The probability of each augmentation, and the signs since it was last changed."""

    p: float = 0.0
    signs: tuple[float, ...] = ()


def adapt(state: AdaState, sign: float, batch_size: int, full_kimg: float) -> AdaState:
    """Note E[sign(D(real))] of one step, in [-1, 1]; on every fourth, move p by a fixed amount.

    Up if their mean exceeds the target, since a discriminator that is always right knows its
    images by heart; down otherwise; p stays in [0, 1] and could go from one end to the other
    in `full_kimg` thousand images (Karras et al., 2020, section 4.1).
    """
    signs = (*state.signs, sign)
    if len(signs) < _INTERVAL:
        return AdaState(state.p, signs)
    amount = _INTERVAL * batch_size / (1000.0 * full_kimg)
    is_overfit = sum(signs) / len(signs) > TARGET
    return AdaState(min(1.0, max(0.0, state.p + (amount if is_overfit else -amount))))
