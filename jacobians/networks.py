"""Built-in networks, written as the equations a reader would write."""

from __future__ import annotations

from collections.abc import Sequence

from jacobians.errors import InputError, unknown
from jacobians.model import Model
from jacobians.ops import OPS

#: Loss name -> the right side of its equation, with `{z}` for the network's output, and whether y is a class index.
LOSSES = {
    "squared_error": ("1/2 * norm({z} - y)^2", False),
    "mean_squared_error": ("squared_error({z}, y, half=0, mean=1)", False),
    "cross_entropy": ("cross_entropy({z}, y)", False),
    "cross_entropy_index": ("cross_entropy_index({z}, y)", True),
}


def mlp(
    sizes: Sequence[int],
    activation: str = "tanh",
    loss: str | None = "squared_error",
    output_activation: str | None = None,
    batch: int | None = None,
) -> Model:
    """A multilayer perceptron: z1 = W1 x + b1, a1 = g(z1), ..., and a loss against y.

    `sizes` are the widths, inputs first; the last layer has no activation unless `output_activation` names one.
    Cross-entropy takes the last pre-activation as logits. With `batch`, x has a row per sample and z1 = x W1^T + b1.

    Raises:
        InputError: fewer than two sizes, a size below 1, an unknown activation or loss.
    """
    if len(sizes) < 2 or any(not isinstance(n, int) or n < 1 for n in sizes):
        raise InputError(f"mlp.sizes: expected at least two positive integers, as in [3, 4, 2], got {list(sizes)}")
    for name in (activation, output_activation):
        if name is not None and name not in OPS and len(name) > 1:
            raise unknown("mlp", "activation", name, [k for k, op in OPS.items() if set(op.inputs.values()) == {"..."}])
    if loss is not None and loss not in LOSSES:
        raise unknown("mlp", "loss", loss, LOSSES)
    rows = "" if batch is None else f"{batch} x "
    lines = [f"x : {rows}{sizes[0]}"]
    source, last = "x", len(sizes) - 1
    for k in range(1, last + 1):
        lines += [f"W{k} : {sizes[k]} x {sizes[k - 1]}", f"b{k} : {sizes[k]}"]
    for k in range(1, last + 1):
        lines.append(f"z{k} = W{k} @ {source} + b{k}" if batch is None else f"z{k} = {source} @ W{k}.T + b{k}")
        source = f"z{k}"
        g = activation if k < last else output_activation
        if g is not None:
            lines.append(f"a{k} = {g}(z{k})")
            source = f"a{k}"
    if loss is not None:
        right, index = LOSSES[loss]
        target = (rows.rstrip(" x") or "scalar") if index else f"{rows}{sizes[-1]}"
        lines += [f"y : {target}", f"L = {right.format(z=source)}"]
    return Model.parse("\n".join(lines))


def example() -> Model:
    """The network that commands use where none is given: 3 inputs, 4 tanh units, 2 outputs, half the squared error."""
    return mlp([3, 4, 2], activation="tanh", loss="squared_error")
