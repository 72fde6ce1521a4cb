"""The built-in recurrent network, unrolled in time: the equations of its cell for each step, the weights shared."""

from __future__ import annotations

from collections.abc import Sequence

from jacobians.errors import unknown
from jacobians.model import Model
from jacobians.networks import LOSSES, require_activation, require_sizes

#: The gates of a cell; each has weights of x, weights of h, a bias, and a pre-activation with a name of its own.
GATES = {"lstm": ("f", "i", "o", "g"), "gru": ("r", "z", "n")}
#: What a step computes after its gates; {t} is the step, {s} the step before.
LSTM = """\
{z_f}
f{t} = sigmoid(z_f{t})
{z_i}
i{t} = sigmoid(z_i{t})
{z_o}
o{t} = sigmoid(z_o{t})
{z_g}
g{t} = tanh(z_g{t})
c{t} = f{t} * c{s} + i{t} * g{t}
h{t} = o{t} * tanh(c{t})"""
GRU = """\
{a_r}
r{t} = sigmoid(a_r{t})
{a_z}
z{t} = sigmoid(a_z{t})
{a_n}
n{t} = tanh(a_n{t})
h{t} = z{t} * h{s} + (1 - z{t}) * n{t}"""


def rnn(
    sizes: Sequence[int] = (2, 3, 2),
    steps: int = 3,
    cell: str = "tanh",
    loss: str | None = "squared_error",
    losses: str = "last",
) -> Model:
    """A recurrent network unrolled in time: z1 = W_x x1 + W_h h0 + b, h1 = tanh(z1), z2 = W_x x2 + W_h h1 + b, ...

    `sizes` are those of input, state and output. `cell` is an activation, "lstm" or "gru" (as Cho: reset before the
    product, z keeps the old state); their gates are equations of their own. The initial states h0 and c0 are
    leaves. The output of step t is q_t = W_q h_t + b_q; losses="last" compares the last with y, "every step" each with
    its own y1, y2, ... and adds up L1, L2, ...; cross-entropy takes q as logits; loss=None leaves the loss out.

    Raises:
        InputError: not three sizes, a size or a number of steps below 1, an unknown cell, loss or choice of losses.
    """
    require_sizes("rnn", "sizes", sizes, 3, "three positive integers, input, state and output, as in [2, 3, 2]")
    require_sizes("rnn", "steps", [steps], 1, "a positive integer")
    if cell not in GATES:
        require_activation("rnn", cell, option="cell", also=tuple(GATES))
    if loss is not None and loss not in LOSSES:
        raise unknown("rnn", "loss", loss, LOSSES)
    if losses not in ("last", "every step"):
        raise unknown("rnn", "losses", losses, ("last", "every step"))
    inputs, state, outputs = sizes
    lines = [f"x{t} : {inputs}" for t in range(1, steps + 1)] + [f"h0 : {state}"]
    lines += [f"c0 : {state}"] if cell == "lstm" else []
    for gate in GATES.get(cell, ("",)):
        W_x, W_h, b = _weights(gate)
        lines += [f"{W_x} : {state} x {inputs}", f"{W_h} : {state} x {state}", f"{b} : {state}"]
    lines += [f"W_q : {outputs} x {state}", f"b_q : {outputs}"]
    compared = range(1 if losses == "every step" else steps, steps + 1)
    for t in range(1, steps + 1):
        lines.append(_step(cell, t))
        if t in compared:
            lines.append(f"q{t} = W_q @ h{t} + b_q")
    return Model.parse("\n".join([*lines, *_losses(loss, losses, outputs, compared)]))


def _weights(gate: str) -> tuple[str, str, str]:
    """The names of the weights of x, the weights of h, and the bias."""
    return (f"W_x{gate}", f"W_h{gate}", f"b_{gate}") if gate else ("W_x", "W_h", "b")


def _step(cell: str, t: int) -> str:
    """The equations of one step."""

    def affine(gate: str = "", state: str = f"h{t - 1}") -> str:
        W_x, W_h, b = _weights(gate)
        return f"{W_x} @ x{t} + {W_h} @ {state} + {b}"

    if cell == "lstm":
        gates = {f"z_{gate}": f"z_{gate}{t} = {affine(gate)}" for gate in GATES[cell]}
        return LSTM.format(t=t, s=t - 1, **gates)
    if cell == "gru":
        gates = {f"a_{gate}": f"a_{gate}{t} = {affine(gate)}" for gate in "rz"}
        return GRU.format(t=t, s=t - 1, **gates, a_n=f"a_n{t} = {affine('n', f'(r{t} * h{t - 1})')}")
    return f"z{t} = {affine()}\nh{t} = {cell}(z{t})"


def _losses(loss: str | None, losses: str, outputs: int, compared: range) -> list[str]:
    """Targets and the loss, or the losses of the steps and their sum."""
    if loss is None:
        return []
    right, index = LOSSES[loss]
    shape = "scalar" if index else str(outputs)
    if losses == "last":
        return [f"y : {shape}", f"L = {right.format(z=f'q{compared[-1]}', y='y')}"]
    lines = [f"y{t} : {shape}" for t in compared]
    lines += [f"L{t} = {right.format(z=f'q{t}', y=f'y{t}')}" for t in compared]
    return [*lines, "L = " + " + ".join(f"L{t}" for t in compared)]
