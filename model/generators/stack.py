"""A sequential generator described layer by layer: what foreign checkpoints are read into."""

from __future__ import annotations

from torch import Tensor, nn

from model.layers import append_one_hot, initialise_normal
from model.spec import GeneratorSpec
from model.stack_layer import Shape, StackLayer, trace_shapes


class StackGenerator(nn.Module):
    """The layers of a spec one after another, from `z` to images.

    A class label enters as a one-hot vector beside `z` (Mirza & Osindero, 2014).
    """

    def __init__(self, spec: GeneratorSpec) -> None:
        super().__init__()
        self.num_classes = spec.num_classes
        shapes = trace_shapes(spec.layers, spec.z_dim + spec.num_classes)
        self._is_flat = len(shapes[0]) == 1
        modules: list[nn.Module] = []
        for layer, before, after in zip(spec.layers, shapes, shapes[1:], strict=False):
            modules += [*_operation(layer, before), *_norm(layer, after), *_activation(layer)]
        self.layers = nn.Sequential(*modules)
        initialise_normal(self)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Render `z` (n, z_dim) and `labels` (n,) or None as images (n, c, h, w) in [-1, 1]."""
        x = self.condition(z, labels)
        images: Tensor = self.layers(x if self._is_flat else x[:, :, None, None])
        return images

    def condition(self, z: Tensor, labels: Tensor | None) -> Tensor:
        """Put the one-hot vector of each label beside its `z`: (n, z_dim + num_classes)."""
        return append_one_hot(z, labels, self.num_classes)


def _operation(layer: StackLayer, shape: Shape) -> list[nn.Module]:
    channels, out = shape[0], layer.out_channels
    sides = (layer.kernel, layer.stride, layer.padding)
    if layer.kind == "linear":
        return [nn.Linear(channels, out, bias=layer.bias)]
    if layer.kind == "reshape":
        return [nn.Unflatten(1, (out, *layer.kernel))]
    if layer.kind == "conv":
        return [nn.Conv2d(channels, out, *sides, bias=layer.bias)]
    if layer.kind == "transposed":
        return [nn.ConvTranspose2d(channels, out, *sides, layer.output_padding, bias=layer.bias)]
    if layer.kind == "nearest":
        return [nn.Upsample(scale_factor=layer.stride, mode="nearest")]
    if layer.kind == "bilinear":
        return [nn.Upsample(scale_factor=layer.stride, mode="bilinear", align_corners=False)]
    return []


def _norm(layer: StackLayer, shape: Shape) -> list[nn.Module]:
    channels = shape[0]
    if layer.norm == "none":
        return []
    if layer.norm == "layer":
        return [nn.GroupNorm(1, channels, layer.eps)]
    if layer.norm == "instance":
        return [nn.GroupNorm(channels, channels, layer.eps)]
    if len(shape) == 1:
        return [nn.BatchNorm1d(channels, layer.eps)]
    return [nn.BatchNorm2d(channels, layer.eps)]


def _activation(layer: StackLayer) -> list[nn.Module]:
    match layer.activation:
        case "none":
            return []
        case "relu":
            return [nn.ReLU(inplace=True)]
        case "leaky_relu":
            return [nn.LeakyReLU(layer.slope, inplace=True)]
        case name:
            kinds: dict[str, type[nn.Module]] = {
                "elu": nn.ELU,
                "selu": nn.SELU,
                "gelu": nn.GELU,
                "silu": nn.SiLU,
                "tanh": nn.Tanh,
                "sigmoid": nn.Sigmoid,
            }
            return [kinds[name]()]
