"""Perceptrons as a list of layers: `linear:512 batch_normalization:512 ReLU:512 dropout:512`."""

from torch import nn

NAMED = {
    "prelu": nn.PReLU,
    "silu": nn.SiLU,
    "swish": nn.SiLU,
    "selu": nn.SELU,
    "tanh": nn.Tanh,
    "softplus": nn.Softplus,
    "mish": nn.Mish,
    "relu": nn.ReLU,
    "elu": nn.ELU,
    "leakyrelu": nn.LeakyReLU,
    "gelu": nn.GELU,
    "sigmoid": nn.Sigmoid,
    "identity": nn.Identity,
}


def perceptron(width: int, layers: str) -> nn.Module:
    """Of an input of this width. Raises KeyError for a layer that is not known."""
    modules: list[nn.Module] = []
    for layer in layers.split():
        kind, _, size = layer.partition(":")
        if kind == "linear":
            modules.append(nn.Linear(width, int(size)))
            width = int(size)
        elif kind == "batch_normalization":
            modules.append(nn.BatchNorm1d(width))
        elif kind == "dropout":
            modules.append(nn.Dropout(0.5))
        elif kind == "Softmax":
            modules.append(nn.Softmax(dim=1))
        else:
            modules.append(NAMED[kind.lower().replace("_", "")]())
    return nn.Sequential(*modules)


def layers_of(description: str) -> tuple[int, str]:
    """The input's width and the layers of `input:8_output:2_depth:3_arch:pyramid_batch:4_act:gelu`.

    Pyramid and bottleneck halve the width down to that of the output, the bottleneck once more;
    gradual takes equal steps to it; uniform keeps it. Without an activation it is ReLU.
    """
    words = description.replace("leaky_relu", "leakyrelu").split("_")
    parts = [word.split(":") for word in words]
    found = dict(parts)  # the last of two `dropout` says whether there is any
    width = start = int(found["input"])
    output, depth, shape = int(found["output"]), int(found["depth"]), found["arch"]
    widths: list[int] = []
    for _ in range(depth + (shape == "bottleneck")):
        if shape in ("pyramid", "bottleneck"):
            width = max(width // 2, output)
        elif shape == "gradual":
            width = max(width - (start - output) // depth, output)
        widths.append(width)
    layers: list[str] = []
    for width in widths:
        layers.append(f"linear:{width}")
        if found.get("batchnorm") == "True":
            layers.append(f"batch_normalization:{width}")
        layers.append(f"{found.get('act', 'ReLU')}:{width}")
        if found.get("dropout") == "True":
            layers.append(f"dropout:{width}")
    return start, " ".join(
        [*layers, f"linear:{output}", "Softmax:1" if output > 1 else "Identity:1"]
    )
