"""Claims on self-attention, against the paper's sums written out place by place."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from model.attention import SelfAttention


def make(channels: int) -> SelfAttention:
    torch.manual_seed(7)
    attention = SelfAttention(channels).double()
    for weight in attention.parameters():
        nn.init.normal_(weight)
    return attention


@torch.no_grad()
@pytest.mark.parametrize(("channels", "size"), [(16, (4, 3)), (3, (2, 5))])
def test_it_is_the_papers_sum_over_places(channels: int, size: tuple[int, int]) -> None:
    attention = make(channels)
    x = torch.randn(2, channels, *size, dtype=torch.float64)
    query, key, value, output = (
        getattr(attention, name).weight[:, :, 0, 0] for name in ("query", "key", "value", "output")
    )
    result = attention(x)
    for image, got in zip(x.flatten(2), result.flatten(2), strict=True):
        for j in range(image.shape[1]):
            # Zhang et al., 2019: s_ij = f(x_i)^T g(x_j), beta_ji = softmax over i.
            scores = torch.stack([(key @ place) @ (query @ image[:, j]) for place in image.T])
            beta = scores.exp() / scores.exp().sum()
            seen = sum(b * (value @ place) for b, place in zip(beta.tolist(), image.T, strict=True))
            torch.testing.assert_close(got[:, j], image[:, j] + attention.gamma * (output @ seen))


@torch.no_grad()
def test_a_fresh_one_changes_nothing() -> None:
    torch.manual_seed(1)
    x = torch.randn(2, 16, 5, 3)
    assert torch.equal(SelfAttention(16)(x), x)


@pytest.mark.parametrize(("channels", "reduced"), [(64, 8), (17, 2), (8, 1), (1, 1)])
def test_queries_and_keys_have_an_eighth_of_the_channels(channels: int, reduced: int) -> None:
    assert SelfAttention(channels).query.out_channels == reduced


def test_it_has_the_second_derivatives_that_a_gradient_penalty_needs() -> None:
    attention = make(8)
    x = torch.randn(2, 8, 3, 2, dtype=torch.float64, requires_grad=True)
    torch.autograd.gradgradcheck(attention, (x,))
