"""Claims on the moving average of weights and on the statistics measured for it."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from model.generators import build_generator
from model.latents import sample_latents
from model.spec import GeneratorSpec
from model.training.ema import ema_decay, recalibrate_batch_norm, update_ema


def linear(value: float) -> nn.Linear:
    layer = nn.Linear(2, 1).double()
    nn.init.constant_(layer.weight, value)
    nn.init.constant_(layer.bias, -value)
    return layer


def test_the_average_is_the_closed_form_of_its_recursion() -> None:
    average, beta = linear(1.0), 0.9
    values = [3.0, -2.0, 5.0, 0.5]
    for value in values:
        update_ema(average, linear(value), beta)
    count = len(values)
    expected = beta**count + sum(
        (1 - beta) * beta ** (count - 1 - step) * value for step, value in enumerate(values)
    )
    assert average.weight.tolist()[0] == pytest.approx([expected] * 2, rel=1e-12)
    assert average.bias.item() == pytest.approx(-expected, rel=1e-12)


def test_a_decay_of_zero_copies_the_weights() -> None:
    average = linear(1.0)
    update_ema(average, linear(0.1), 0.0)
    assert torch.equal(average.weight, linear(0.1).weight)


@pytest.mark.parametrize("batch_size", [1, 8, 32, 100])
def test_after_a_half_life_of_images_half_of_the_old_weight_is_left(batch_size: int) -> None:
    halflife, long_past = 800.0, 10**9
    left = 1.0
    for _ in range(800 // batch_size):
        left *= ema_decay(halflife, batch_size, long_past)
    assert left == pytest.approx(0.5, rel=1e-9)


def test_early_in_a_run_the_half_life_is_a_twentieth_of_it() -> None:
    # Past 20 half-lives the ramp has ended.
    for images, halflife in ((640, 32), (6400, 320), (20_000, 1000), (10**6, 1000)):
        assert ema_decay(1000.0, 64, images) == pytest.approx(0.5 ** (64 / halflife))


def test_without_a_half_life_the_average_is_the_weights() -> None:
    assert ema_decay(0.0, 64, 10**6) == 0.0
    assert ema_decay(1000.0, 64, 0) == 0.0


def test_the_decay_is_below_one() -> None:
    assert 0 < ema_decay(1e6, 1, 10**12) < 1


def test_buffers_are_copied_and_the_module_is_left_alone() -> None:
    module, average = nn.BatchNorm2d(2), nn.BatchNorm2d(2)
    module(torch.randn(4, 2, 3, 3))
    before = copy.deepcopy(module.state_dict())
    update_ema(average, module, 0.9)
    assert torch.equal(average.running_mean, module.running_mean)  # type: ignore[arg-type]
    assert torch.equal(average.running_var, module.running_var)  # type: ignore[arg-type]
    assert average.num_batches_tracked == module.num_batches_tracked
    for name, value in module.state_dict().items():
        assert torch.equal(value, before[name])


@pytest.mark.parametrize("num_classes", [0, 3])
@torch.no_grad()
def test_recalibrated_statistics_are_the_moments_of_the_activations(num_classes: int) -> None:
    torch.manual_seed(0)
    spec = GeneratorSpec("dcgan", 32, z_dim=5, num_classes=num_classes, base_channels=2)
    generator = build_generator(spec)
    layers = generator.layers
    assert isinstance(layers, nn.Sequential)
    recalibrate_batch_norm(generator, spec, batches=3)
    norms = [place for place, layer in enumerate(layers) if isinstance(layer, nn.BatchNorm2d)]
    assert len(norms) == 3
    for place in norms:
        means, variances = [], []
        for batch in range(3):
            latents = sample_latents(spec, range(batch * 64, batch * 64 + 64))
            signal = torch.from_numpy(latents.z).double()
            if latents.labels is not None:
                one_hot = torch.eye(num_classes, dtype=torch.float64)[latents.labels]
                signal = torch.cat([signal, one_hot], dim=1)
            signal = signal[:, :, None, None]
            below = nn.Sequential(*copy.deepcopy(list(layers)[:place])).double().train()
            signal = below(signal)
            means.append(signal.mean(dim=(0, 2, 3)))
            variances.append(signal.var(dim=(0, 2, 3), unbiased=True))
        norm = layers[place]
        assert isinstance(norm, nn.BatchNorm2d)
        torch.testing.assert_close(norm.running_mean, torch.stack(means).mean(0).float())
        torch.testing.assert_close(
            norm.running_var, torch.stack(variances).mean(0).float(), rtol=1e-4, atol=1e-9
        )


def test_recalibration_is_a_function_of_the_weights_alone() -> None:
    spec = GeneratorSpec("dcgan", 16, z_dim=5, base_channels=2)
    generator = build_generator(spec)
    other = copy.deepcopy(generator)
    with torch.no_grad():
        other(torch.randn(9, 5) * 3)
    torch.manual_seed(1)
    recalibrate_batch_norm(generator, spec, batches=2)
    torch.manual_seed(2)
    recalibrate_batch_norm(other, spec, batches=2)
    for name, value in generator.state_dict().items():
        assert torch.equal(value, other.state_dict()[name])


def test_recalibration_changes_statistics_only_and_ends_in_evaluation_mode() -> None:
    spec = GeneratorSpec("dcgan", 16, z_dim=5, base_channels=2)
    generator = build_generator(spec)
    before = copy.deepcopy(dict(generator.named_parameters()))
    recalibrate_batch_norm(generator, spec, batches=1)
    assert not generator.training
    for name, weight in generator.named_parameters():
        assert torch.equal(weight, before[name])
        assert weight.grad is None
    for layer in generator.modules():
        if isinstance(layer, nn.BatchNorm2d):
            assert layer.momentum == 0.1


def test_a_generator_without_batch_normalisation_needs_none() -> None:
    generator = nn.Sequential(nn.Linear(5, 3))
    recalibrate_batch_norm(generator, GeneratorSpec("dcgan", 16, z_dim=5))
    assert not generator.training
