"""Recurrent cells, one step each: Elman, LSTM, GRU, as the equations of the textbook; and the gate's mixture of two.

All take batch axes. The state that comes in has the size of the state that goes out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from jacobians.composite import Composite
from jacobians.errors import shape_error, unknown
from jacobians.op import Op, OpenShape, Rule, Shape, Signature, term
from jacobians.ops.activations import Sigmoid, Tanh
from jacobians.ops.elementwise import Identity, Multiple, Shift
from jacobians.ops.pointwise import Subtract
from jacobians.ops.rectifiers import ReLU
from jacobians.terms import Array, as_array

#: What an Elman cell may end in.
ACTIVATIONS: Mapping[str, Op] = {op.name: op for op in (Tanh(), ReLU(), Sigmoid(), Identity())}
#: Where the reset gate of a GRU stands: before or after the product with U_n.
RESETS = ("before", "after")
#: What the update gate of a GRU does with the old state.
UPDATES = ("keep", "replace")


class Lerp(Op):
    """y = z a + (1 - z) b, entry by entry: a gate z mixes a and b.

    Shapes:    z (...), a (...), b (...) -> y (...)
    Formula:   y_i = z_i a_i + (1 - z_i) b_i
    Jacobians: dy/dz = δ_ii' (a - b)_i   (i | i')
               dy/da = δ_ii' z_i         (i | i')
               dy/db = δ_ii' (1 - z)_i   (i | i')
    Source:    own derivation, checked by the contract test
    """

    inputs = {"z": "...", "a": "...", "b": "..."}
    output = "..."
    letters = "ijklm"

    def compute(self, z: Array, a: Array, b: Array) -> Array:
        return as_array(z * a + (1 - z) * b)

    def d_z(self, a: Array, b: Array) -> Rule:
        return term("... -> ... | ...", ("a - b", a - b))

    def d_a(self, z: Array) -> Rule:
        return term("... -> ... | ...", ("z", z))

    def d_b(self, z: Array) -> Rule:
        return term("... -> ... | ...", ("1 - z", 1 - z))

    def parts(self) -> Mapping[str, tuple[Op, Mapping[str, str]]]:
        return {
            "a - b": (Subtract(), {"x": "a", "y": "b"}),
            "-z": (Multiple(-1.0), {"x": "z"}),
            "1 - z": (Shift(1.0), {"x": "-z"}),
        }

    def example_shapes(self, sizes: Sequence[int]) -> Sequence[Mapping[str, Shape]]:
        return [dict.fromkeys(self.inputs, shape) for shape in (tuple(sizes[:1]), tuple(sizes[:2]), ())]


class Cell(Composite):
    """What the cells share: the input x, the state h, and for each gate weights W (of x), U (of h) and a bias b."""

    bias: bool

    def signature(self, shapes: Mapping[str, OpenShape]) -> Signature:
        for name, shape in shapes.items():
            if name.startswith("U") and len(shape) == 2 and None not in shape and shape[0] != shape[1]:
                why = "the new state has the size of the old one"
                raise shape_error(f"{self.label}.{name}", ("j", "j"), (shape[0], shape[0]), shape, why)
        return super().signature(shapes)

    def sample(self, rng: np.random.Generator, shapes: Mapping[str, Shape]) -> dict[str, Array]:
        """Half as large as usual: gates that are far from their ends."""
        return {name: value / 2 for name, value in super().sample(rng, shapes).items()}

    def example_shapes(self, sizes: Sequence[int]) -> Sequence[Mapping[str, Shape]]:
        """The plainest is as small as can be: SymPy writes out every entry of every gate."""
        plain, large = {"i": max(sizes[:2]), "j": 2}, {"i": 5, "j": 3}
        return [
            {
                name: tuple(n for a in spec.split() for n in (batch if a == "..." else (size[a],)))
                for name, spec in self.declared().items()
            }
            for size, batch in ((plain, ()), (large, (13,)), (large, (2, 7)))
        ]

    def of_input(self, gate: str = "") -> str:
        """`linear(x, W_f, b_f)`, or without the bias."""
        end = gate and f"_{gate}"
        return f"linear(x, W{end}, b{end})" if self.bias else f"linear_map(x, W{end})"

    def gate(self, name: str, g: str = "sigmoid", before: str = "z") -> str:
        """The equations of a gate: `z_f = linear(x, W_f, b_f) + linear_map(h, U_f)` and `f = sigmoid(z_f)`."""
        z = f"{before}_{name}"
        return f"{z} = {self.of_input(name)} + linear_map(h, U_{name})\n{name} = {g}({z})"


def gates(names: str) -> dict[str, str]:
    """The labels of the weights and biases of some gates, in this order."""
    labels = {"W": "j i", "U": "j j", "b": "j"}
    return {f"{key}_{gate}": spec for gate in names.split() for key, spec in labels.items()}


class ElmanCell(Cell):
    """h_new = g(W x + U h + b), the simple recurrent cell.

    activation: "tanh", "relu" (its derivative at 0 is taken as 0), "sigmoid" or "identity". bias=False leaves b out.

    Shapes:    x (... i), h (... j), W (j i), U (j j), b (j) -> h_new (... j)
    Formula:   h_new = tanh(z) with z = W x + U h + b
    Jacobians: dh_new/dx = tanh'(z)_j W_ji        (j | i)
               dh_new/dh = tanh'(z)_j U_jp        (j | p)
               dh_new/dW = δ_jj' tanh'(z)_j x_i   (j | j' i)
               dh_new/dU = δ_jj' tanh'(z)_j h_p   (j | j' p)
               dh_new/db = δ_jj' tanh'(z)_j       (j | j')
    Source:    Elman, "Finding Structure in Time", Cognitive Science 1990; Goodfellow, Bengio, Courville,
               "Deep Learning" (2016), eq. 10.8 and 10.9
    """

    inputs = {"x": "... i", "h": "... j", "W": "j i", "U": "j j", "b": "j"}
    output = "... j"
    symbol = "h_new"
    optional = {"b": "bias"}

    def __init__(self, activation: str = "tanh", bias: bool = True) -> None:
        """Choose g, and whether there is a bias."""
        if activation not in ACTIVATIONS:
            raise unknown(self.label, "activation", activation, ACTIVATIONS)
        self.activation, self.bias = activation, bias

    @property
    def analytic(self) -> bool:  # type: ignore[override]
        """Whether g is."""
        return ACTIVATIONS[self.activation].analytic

    def equations(self) -> str:
        return f"z = {self.of_input()} + linear_map(h, U)\nh_new = {self.activation}(z)"

    @classmethod
    def variants(cls) -> Sequence[Op]:
        return (cls(), cls("relu", bias=False), cls("sigmoid"), cls("identity", bias=False))


class LSTMCellState(Cell):
    """c_new = f * c + i * g: the new cell state of an LSTM, with forget gate f, input gate i and candidate g.

    An op has one output: the new hidden state is that of `lstm_cell`. bias=False leaves the biases out.

    Shapes:    x (... i), h (... j), c (... j); W_f (j i), U_f (j j), b_f (j), likewise for i and g -> c_new (... j)
    Formula:   c_new = f * c + i * g with f = sigmoid(z_f), i = sigmoid(z_i), g = tanh(z_g);
               z_f = W_f x + U_f h + b_f, likewise z_i, z_g
    Jacobians: dc_new/dx = i_j tanh'(z_g)_j (W_g)_ji + g_j sigmoid'(z_i)_j (W_i)_ji + c_j sigmoid'(z_f)_j (W_f)_ji
                   (j | i)
               dc_new/dh = i_j tanh'(z_g)_j (U_g)_jp + g_j sigmoid'(z_i)_j (U_i)_jp + c_j sigmoid'(z_f)_j (U_f)_jp
                   (j | p)
               dc_new/dc = δ_jj' f_j                         (j | j')
               dc_new/dW_f = δ_jj' c_j sigmoid'(z_f)_j x_i   (j | j' i)
               dc_new/dU_f = δ_jj' c_j sigmoid'(z_f)_j h_p   (j | j' p)
               dc_new/db_f = δ_jj' c_j sigmoid'(z_f)_j       (j | j')
               dc_new/dW_i = δ_jj' g_j sigmoid'(z_i)_j x_i   (j | j' i)
               dc_new/dU_i = δ_jj' g_j sigmoid'(z_i)_j h_p   (j | j' p)
               dc_new/db_i = δ_jj' g_j sigmoid'(z_i)_j       (j | j')
               dc_new/dW_g = δ_jj' i_j tanh'(z_g)_j x_i      (j | j' i)
               dc_new/dU_g = δ_jj' i_j tanh'(z_g)_j h_p      (j | j' p)
               dc_new/db_g = δ_jj' i_j tanh'(z_g)_j          (j | j')
    Source:    Hochreiter, Schmidhuber, "Long Short-Term Memory", Neural Computation 1997; Gers, Schmidhuber, Cummins,
               "Learning to Forget", Neural Computation 2000; Goodfellow, Bengio, Courville, "Deep Learning" (2016),
               eq. 10.40 to 10.42, with tanh for the candidate
    """

    name = "lstm_cell_state"
    inputs = {"x": "... i", "h": "... j", "c": "... j", **gates("f i g")}
    output = "... j"
    symbol = "c_new"
    optional = {f"b_{gate}": "bias" for gate in "fig"}

    def __init__(self, bias: bool = True) -> None:
        """Choose whether there are biases."""
        self.bias = bias

    def equations(self) -> str:
        return f"{self.gate('f')}\n{self.gate('i')}\n{self.gate('g', 'tanh')}\nc_new = f * c + i * g"

    @classmethod
    def variants(cls) -> Sequence[Op]:
        return (cls(), cls(bias=False))


class LSTMCell(LSTMCellState):
    """h_new = o * tanh(c_new), c_new = f * c + i * g: gates f (forget), i (input), o (output), candidate g.

    An op has one output: the new cell state c_new is that of `lstm_cell_state`. bias=False leaves the biases out.

    Shapes:    x (... i), h (... j), c (... j); W_f (j i), U_f (j j), b_f (j), likewise for i, o, g -> h_new (... j)
    Formula:   h_new = o * tanh(c_new) with o = sigmoid(z_o), z_o = W_o x + U_o h + b_o, and c_new = f * c + i * g with
               f = sigmoid(z_f), i = sigmoid(z_i), g = tanh(z_g); z_f, z_i, z_g as z_o
    Jacobians: dh_new/dx = tanh(c_new)_j sigmoid'(z_o)_j (W_o)_ji + o_j tanh'(c_new)_j i_j tanh'(z_g)_j (W_g)_ji +
                   o_j tanh'(c_new)_j g_j sigmoid'(z_i)_j (W_i)_ji + o_j tanh'(c_new)_j c_j sigmoid'(z_f)_j (W_f)_ji
                   (j | i)
               dh_new/dh = tanh(c_new)_j sigmoid'(z_o)_j (U_o)_jp + o_j tanh'(c_new)_j i_j tanh'(z_g)_j (U_g)_jp +
                   o_j tanh'(c_new)_j g_j sigmoid'(z_i)_j (U_i)_jp + o_j tanh'(c_new)_j c_j sigmoid'(z_f)_j (U_f)_jp
                   (j | p)
               dh_new/dc = δ_jj' o_j tanh'(c_new)_j f_j                         (j | j')
               dh_new/dW_f = δ_jj' o_j tanh'(c_new)_j c_j sigmoid'(z_f)_j x_i   (j | j' i)
               dh_new/dU_f = δ_jj' o_j tanh'(c_new)_j c_j sigmoid'(z_f)_j h_p   (j | j' p)
               dh_new/db_f = δ_jj' o_j tanh'(c_new)_j c_j sigmoid'(z_f)_j       (j | j')
               dh_new/dW_i = δ_jj' o_j tanh'(c_new)_j g_j sigmoid'(z_i)_j x_i   (j | j' i)
               dh_new/dU_i = δ_jj' o_j tanh'(c_new)_j g_j sigmoid'(z_i)_j h_p   (j | j' p)
               dh_new/db_i = δ_jj' o_j tanh'(c_new)_j g_j sigmoid'(z_i)_j       (j | j')
               dh_new/dW_o = δ_jj' tanh(c_new)_j sigmoid'(z_o)_j x_i            (j | j' i)
               dh_new/dU_o = δ_jj' tanh(c_new)_j sigmoid'(z_o)_j h_p            (j | j' p)
               dh_new/db_o = δ_jj' tanh(c_new)_j sigmoid'(z_o)_j                (j | j')
               dh_new/dW_g = δ_jj' o_j tanh'(c_new)_j i_j tanh'(z_g)_j x_i      (j | j' i)
               dh_new/dU_g = δ_jj' o_j tanh'(c_new)_j i_j tanh'(z_g)_j h_p      (j | j' p)
               dh_new/db_g = δ_jj' o_j tanh'(c_new)_j i_j tanh'(z_g)_j          (j | j')
    Source:    Hochreiter, Schmidhuber, "Long Short-Term Memory", Neural Computation 1997; Gers, Schmidhuber, Cummins,
               "Learning to Forget", Neural Computation 2000; Goodfellow, Bengio, Courville, "Deep Learning" (2016),
               eq. 10.40 to 10.44, with tanh for the candidate
    """

    name = "lstm_cell"
    inputs = {"x": "... i", "h": "... j", "c": "... j", **gates("f i o g")}
    symbol = "h_new"
    optional = {f"b_{gate}": "bias" for gate in "fiog"}

    def equations(self) -> str:
        return f"{super().equations()}\n{self.gate('o')}\nh_new = o * tanh(c_new)"


class GRUCell(Cell):
    """h_new = z * h + (1 - z) * n: update gate z, reset gate r, candidate n.

    reset="before" (Cho): n = tanh(W_n x + U_n (r * h) + b_n); reset="after" the matrix product, as PyTorch has it:
    n = tanh(W_n x + b_n + r * (U_n h)). update="keep" (Cho, PyTorch): z keeps the old state; update="replace" (Chung):
    h_new = (1 - z) * h + z * n. bias=False leaves the biases out; recurrent_bias=True adds c_n to the product with U_n,
    PyTorch's b_hn.

    Shapes:    x (... i), h (... j); W_r (j i), U_r (j j), b_r (j), likewise for z and n; c_n (j) -> h_new (... j)
    Formula:   h_new = z * h + (1 - z) * n with r = sigmoid(a_r), z = sigmoid(a_z), n = tanh(a_n);
               a_r = W_r x + U_r h + b_r, likewise a_z; a_n = W_n x + U_n (r * h) + b_n
    Jacobians: dh_new/dx = (1 - z)_j tanh'(a_n)_j (W_n)_ji + (h - n)_j sigmoid'(a_z)_j (W_z)_ji + Σ_k (1 - z)_j
                   tanh'(a_n)_j (U_n)_jk h_k sigmoid'(a_r)_k (W_r)_ki   (j | i)
               dh_new/dh = δ_jp z_j + (1 - z)_j tanh'(a_n)_j (U_n)_jp r_p + (h - n)_j sigmoid'(a_z)_j (U_z)_jp +
                   Σ_k (1 - z)_j tanh'(a_n)_j (U_n)_jk h_k sigmoid'(a_r)_k (U_r)_kp   (j | p)
               dh_new/dW_r = (1 - z)_j tanh'(a_n)_j (U_n)_jp h_p sigmoid'(a_r)_p x_i   (j | p i)
               dh_new/dU_r = (1 - z)_j tanh'(a_n)_j (U_n)_jp h_p sigmoid'(a_r)_p h_q   (j | p q)
               dh_new/db_r = (1 - z)_j tanh'(a_n)_j (U_n)_jp h_p sigmoid'(a_r)_p       (j | p)
               dh_new/dW_z = δ_jj' (h - n)_j sigmoid'(a_z)_j x_i                       (j | j' i)
               dh_new/dU_z = δ_jj' (h - n)_j sigmoid'(a_z)_j h_p                       (j | j' p)
               dh_new/db_z = δ_jj' (h - n)_j sigmoid'(a_z)_j                           (j | j')
               dh_new/dW_n = δ_jj' (1 - z)_j tanh'(a_n)_j x_i                          (j | j' i)
               dh_new/dU_n = δ_jj' (1 - z)_j tanh'(a_n)_j (r * h)_p                    (j | j' p)
               dh_new/db_n = δ_jj' (1 - z)_j tanh'(a_n)_j                              (j | j')
    Source:    Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder", EMNLP 2014, eq. 5 to 8;
               Chung, Gulcehre, Cho, Bengio, "Empirical Evaluation of Gated Recurrent Neural Networks", 2014
    """

    name = "gru_cell"
    inputs = {"x": "... i", "h": "... j", **gates("r z n"), "c_n": "j"}
    output = "... j"
    symbol = "h_new"
    optional = {"b_r": "bias", "b_z": "bias", "b_n": "bias", "c_n": "recurrent_bias"}

    def __init__(
        self, reset: str = "before", update: str = "keep", bias: bool = True, recurrent_bias: bool = False
    ) -> None:
        """Choose where the reset gate stands, what the update gate multiplies, and which biases there are."""
        for option, value, allowed in (("reset", reset, RESETS), ("update", update, UPDATES)):
            if value not in allowed:
                raise unknown(self.label, option, value, allowed)
        self.reset, self.update, self.bias, self.recurrent_bias = reset, update, bias, recurrent_bias

    def equations(self) -> str:
        before = self.reset == "before"
        state = "r * h" if before else "h"
        lines = [
            self.gate("r", before="a"),
            self.gate("z", before="a"),
            f"s_n = linear({state}, U_n, c_n)" if self.recurrent_bias else f"s_n = linear_map({state}, U_n)",
            f"a_n = {self.of_input('n')} + {'s_n' if before else 'r * s_n'}",
            "n = tanh(a_n)",
            "h_new = lerp(z, h, n)" if self.update == "keep" else "h_new = lerp(z, n, h)",
        ]
        return "\n".join(lines)

    @classmethod
    def variants(cls) -> Sequence[Op]:
        return (cls(), cls("after", recurrent_bias=True), cls("after", "replace", bias=False))


OPS: tuple[Op, ...] = (Lerp(), ElmanCell(), LSTMCell(), LSTMCellState(), GRUCell())
