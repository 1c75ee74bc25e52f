"""Claims on PyTorch-GAN's fully connected generators, written anew."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from model.checkpoint import Checkpoint

Importer = Callable[..., Checkpoint]
Renderer = Callable[..., Tensor]
Enliven = Callable[[nn.Module], nn.Module]
AssertSame = Callable[..., None]

Z = torch.randn(5, 10, generator=torch.Generator().manual_seed(1))


class PyTorchCGAN(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.label_emb = nn.Embedding(3, 4)
        self.model = nn.Sequential(
            nn.Linear(14, 12), nn.LeakyReLU(0.2),
            nn.Linear(12, 16), nn.BatchNorm1d(16, 0.8), nn.LeakyReLU(0.2),
            nn.Linear(16, 1024), nn.Tanh(),
        )  # fmt: skip

    def forward(self, z: Tensor, labels: Tensor) -> Tensor:
        x: Tensor = self.model(torch.cat((self.label_emb(labels), z), -1))
        return x.view(-1, 1, 32, 32)


def test_pytorch_cgan_is_read_with_its_embedding_as_classes(
    import_content: Importer,
    enliven: Enliven,
    render: Renderer,
    assert_same: AssertSame,
) -> None:
    original = enliven(PyTorchCGAN())
    checkpoint = import_content(original.state_dict(), "--class-names", "cat,dog,owl")
    assert checkpoint.class_names == ("cat", "dog", "owl")
    assert (checkpoint.spec.num_classes, checkpoint.spec.z_dim) == (3, 10)
    labels = torch.tensor([0, 1, 2, 1, 0])
    assert_same(render(checkpoint, Z, labels), original, Z, labels)


def test_labels_multiplied_into_z_are_refused(refuse_content: Callable[..., str]) -> None:
    original = PyTorchCGAN()
    original.label_emb = nn.Embedding(3, 14)
    assert "multiplied into z cannot be read" in refuse_content(original.state_dict())
