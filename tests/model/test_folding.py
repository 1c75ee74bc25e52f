"""Claims on folding, against the normalisation written out in float64."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from model.folding import fold_batch_norm
from model.generators import build_generator
from model.spec import GeneratorSpec


def make_norm(channels: int) -> nn.BatchNorm2d:
    """Make a normalisation with statistics and weights that are far from doing nothing."""
    norm = nn.BatchNorm2d(channels, eps=0.1)
    assert norm.running_mean is not None
    assert norm.running_var is not None
    for tensor in (norm.running_mean, norm.weight.data, norm.bias.data):
        tensor.normal_(0, 2)
    norm.running_var.uniform_(0.5, 4)
    return norm.eval()


def normalise(x: NDArray[np.float64], norm: nn.BatchNorm2d) -> NDArray[np.float64]:
    """Compute algorithm 2 of Ioffe & Szegedy (2015) by hand."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    mean, variance, gamma, beta = (
        tensor.detach().double().numpy()[:, None, None]
        for tensor in (norm.running_mean, norm.running_var, norm.weight, norm.bias)
    )
    result: NDArray[np.float64] = gamma * (x - mean) / np.sqrt(variance + norm.eps) + beta
    return result


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(3)


@pytest.mark.parametrize("has_bias", [False, True])
@pytest.mark.parametrize("kind", [nn.Conv2d, nn.ConvTranspose2d])
def test_a_folded_convolution_is_the_two_layers_it_was_made_of(
    kind: type[nn.Conv2d] | type[nn.ConvTranspose2d], has_bias: bool
) -> None:
    convolution, norm = kind(3, 5, 4, 2, 1, bias=has_bias), make_norm(5)
    folded = fold_batch_norm(nn.Sequential(nn.Sequential(convolution, norm)).eval())
    x = torch.randn(2, 3, 6, 6, dtype=torch.float64)
    bias = None if convolution.bias is None else convolution.bias.double()
    convolve = F.conv2d if kind is nn.Conv2d else F.conv_transpose2d
    before = convolve(x, convolution.weight.double(), bias, stride=2, padding=1)
    expected = normalise(before.detach().numpy(), norm)
    found = folded(x.float()).detach().numpy()
    assert np.ptp(expected) > 1
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def forward_by_hand(layers: nn.Sequential, z: Tensor) -> NDArray[np.float64]:
    x = z.double().numpy()[:, :, None, None]
    for layer in layers:
        if isinstance(layer, nn.ConvTranspose2d):
            weight, x_in = layer.weight.detach().double(), torch.from_numpy(x)
            stride = 1 if x.shape[2] == 1 else 2
            x = F.conv_transpose2d(x_in, weight, None, stride, stride - 1).numpy()
        elif isinstance(layer, nn.BatchNorm2d):
            x = normalise(x, layer)
        else:
            x = np.tanh(x) if isinstance(layer, nn.Tanh) else np.maximum(x, 0)
    return x


def make_generator(spec: GeneratorSpec) -> nn.Module:
    generator = build_generator(spec)
    for parent in list(generator.modules()):
        for name, child in parent.named_children():
            if isinstance(child, nn.BatchNorm2d):
                setattr(parent, name, make_norm(child.num_features))
    return generator.eval().requires_grad_(False)


SPEC = GeneratorSpec("dcgan", 32, 3, z_dim=6, base_channels=2)


def test_a_folded_generator_renders_what_it_did_and_normalises_no_more() -> None:
    generator = make_generator(SPEC)
    folded = fold_batch_norm(generator)
    kinds = {type(module) for module in folded.modules()}
    assert nn.BatchNorm2d in {type(module) for module in generator.modules()}
    assert nn.BatchNorm2d not in kinds
    z = torch.randn(4, 6)
    layers = generator.layers
    assert isinstance(layers, nn.Sequential)
    expected = forward_by_hand(layers, z)
    assert np.ptp(expected) > 1
    np.testing.assert_allclose(folded(z).numpy(), expected, atol=2e-5)


def test_a_stack_inside_another_is_folded_too() -> None:
    convolution, norm = nn.Conv2d(3, 5, 3), make_norm(5)
    inner = nn.Sequential(nn.ReLU(), convolution, norm)
    net = nn.Sequential(nn.Identity(), nn.Sequential(nn.Identity(), inner)).eval()
    folded = fold_batch_norm(net)
    assert nn.BatchNorm2d not in {type(module) for module in folded.modules()}
    x = torch.randn(2, 3, 6, 6)
    torch.testing.assert_close(folded(x), net(x), rtol=1e-4, atol=1e-4)


def test_a_normalisation_before_its_convolution_stays() -> None:
    net = nn.Sequential(make_norm(3), nn.ReLU(), nn.Conv2d(3, 5, 3), nn.ReLU()).eval()
    x = torch.randn(2, 3, 6, 6)
    torch.testing.assert_close(fold_batch_norm(net)(x), net(x))


class _Backward(nn.Sequential):
    """Runs its layers from the last to the first."""

    def forward(self, x: Tensor) -> Tensor:
        for layer in reversed(self):
            x = layer(x)
        return x


def test_a_module_with_an_order_of_its_own_is_left_alone() -> None:
    net = nn.Sequential(_Backward(nn.Conv2d(3, 3, 3), make_norm(3))).eval()
    x = torch.randn(2, 3, 6, 6)
    torch.testing.assert_close(fold_batch_norm(net)(x), net(x))


def test_folded_weights_are_the_nearest_in_float32_to_the_exact_ones() -> None:
    convolution, norm = nn.ConvTranspose2d(3, 5, 4, bias=False), make_norm(5)
    folded = fold_batch_norm(nn.Sequential(nn.Sequential(convolution, norm)).eval())
    weight = next(folded.parameters()).detach().numpy()
    assert norm.running_var is not None
    deviation = np.sqrt(norm.running_var.double().numpy() + norm.eps)
    scale = (norm.weight.detach().double().numpy() / deviation)[None, :, None, None]
    exact = convolution.weight.detach().double().numpy() * scale
    # Half a unit in the last place, and no more: nothing was rounded on the way.
    assert np.all(np.abs(weight - exact) <= 0.51 * np.spacing(np.abs(weight)))


def test_the_module_is_left_as_it_was() -> None:
    generator = make_generator(SPEC)
    before = copy.deepcopy(generator.state_dict())
    fold_batch_norm(generator)
    after = generator.state_dict()
    assert list(after) == list(before)
    assert all(torch.equal(after[name], before[name]) for name in before)
    assert all(tensor.dtype == before[name].dtype for name, tensor in after.items())


def test_a_normalisation_that_follows_no_convolution_stays() -> None:
    norm = make_norm(3)
    folded = fold_batch_norm(nn.Sequential(nn.Sequential(nn.ReLU(), norm)).eval())
    x = torch.randn(2, 3, 4, 4)
    expected = normalise(np.maximum(x.double().numpy(), 0), norm)
    np.testing.assert_allclose(folded(x).detach().numpy(), expected, rtol=1e-4, atol=1e-5)
