"""Gated units, as the equations of their papers (GLU, SwiGLU, highway), and dropout with a given mask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from jacobians.composite import Composite
from jacobians.errors import InputError, shape_error, shape_text, unknown
from jacobians.op import Op, OpenShape, Rule, Shape, Signature, term
from jacobians.ops.activations import Sigmoid, Tanh
from jacobians.ops.elementwise import Identity, real_option
from jacobians.ops.rectifiers import ReLU
from jacobians.terms import Array

#: What the transform H of a highway layer may end in.
ACTIVATIONS: Mapping[str, Op] = {op.name: op for op in (Tanh(), ReLU(), Sigmoid(), Identity())}


class _Gated(Composite):
    """A graph whose examples are few: the ops inside have batch axes of their own examples."""

    def example_shapes(self, sizes: Sequence[int]) -> Sequence[Mapping[str, Shape]]:
        """Without batch axes; of the default, with one too."""
        return super().example_shapes(sizes)[: 2 if repr(self) == repr(type(self)()) else 1]


class _LinearUnit(_Gated):
    """Two affine maps of x, of which one gates the other; bias=False leaves b and c out."""

    inputs = {"x": "... i", "W": "i o", "V": "i o", "b": "o", "c": "o"}
    output = "... o"
    optional = {"b": "bias", "c": "bias"}
    bias: bool

    def rows(self, W: str, b: str) -> str:
        """`linear_rows(x, W, b)`, or without the bias `x @ W`."""
        return f"linear_rows(x, {W}, {b})" if self.bias else f"x @ {W}"


class GLU(_LinearUnit):
    """y = (x W + b) ⊙ sigmoid(x V + c), the gated linear unit.

    As in the paper a sample is a row, so W and V have a column per output. bias=False leaves b and c out.

    Shapes:    x (... i), W (i o), V (i o), b (o), c (o) -> y (... o)
    Formula:   y = u ⊙ sigmoid(v) with u = x W + b, v = x V + c
    Jacobians: dy/dx = u_o sigmoid'(v)_o V_io + sigmoid(v)_o W_io   (o | i)
               dy/dW = δ_oo' sigmoid(v)_o x_i                       (o | i o')
               dy/dV = δ_oo' u_o sigmoid'(v)_o x_i                  (o | i o')
               dy/db = δ_oo' sigmoid(v)_o                           (o | o')
               dy/dc = δ_oo' u_o sigmoid'(v)_o                      (o | o')
    Source:    Dauphin, Fan, Auli, Grangier, "Language Modeling with Gated Convolutional Networks" (2017), eq. 1;
               Jacobians: own derivation
    """

    name = "glu"

    def __init__(self, bias: bool = True) -> None:
        """Choose whether there are biases."""
        self.bias = bias

    def equations(self) -> str:
        return f"u = {self.rows('W', 'b')}\nv = {self.rows('V', 'c')}\ny = u * sigmoid(v)"

    @classmethod
    def variants(cls) -> Sequence[Op]:
        return (cls(), cls(bias=False))


class SwiGLU(_LinearUnit):
    """y = swish(x W + b) ⊙ (x V + c) with swish(u) = u sigmoid(beta u).

    Without the option `learnt_beta` there is no input beta, and beta = 1. bias=False leaves b and c out: the
    feed-forward layer of a transformer is then `swiglu(x, W, V) @ W2`, in rows as in the paper.

    Shapes:    x (... i), W (i o), V (i o), b (o), c (o), with learnt_beta beta () -> y (... o)
    Formula:   y = silu(u) ⊙ v with u = x W + b, v = x V + c; silu(u) = u ⊙ sigmoid(beta u)
    Jacobians: dy/dx = silu(u)_o V_io + v_o silu'(u)_o W_io   (o | i)
               dy/dW = δ_oo' v_o silu'(u)_o x_i               (o | i o')
               dy/dV = δ_oo' silu(u)_o x_i                    (o | i o')
               dy/db = δ_oo' v_o silu'(u)_o                   (o | o')
               dy/dc = δ_oo' silu(u)_o                        (o | o')
    Source:    Shazeer, "GLU Variants Improve Transformer" (2020), eq. 5 and 6; Jacobians: own derivation
    """

    name = "swiglu"
    inputs = {**_LinearUnit.inputs, "beta": ""}
    optional = {**_LinearUnit.optional, "beta": "learnt_beta"}

    def __init__(self, bias: bool = True, learnt_beta: bool = False) -> None:
        """Choose whether there are biases, and whether beta is an input."""
        self.bias, self.learnt_beta = bias, learnt_beta

    def equations(self) -> str:
        gate = "swish(u, beta)" if self.learnt_beta else "silu(u)"
        return f"u = {self.rows('W', 'b')}\nv = {self.rows('V', 'c')}\ny = {gate} * v"

    @classmethod
    def variants(cls) -> Sequence[Op]:
        return (cls(), cls(bias=False), cls(learnt_beta=True))


class Highway(_Gated):
    """y = T ⊙ H + (1 - T) ⊙ x: the transform gate T mixes H = g(W_H x + b_H) with x itself.

    activation, the g of the transform: "tanh", "relu" (its derivative at 0 is taken as 0), "sigmoid" or "identity".

    Shapes:    x (... i), W_H (i i), b_H (i), W_T (i i), b_T (i) -> y (... i)
    Formula:   y = T ⊙ H + (1 - T) ⊙ x with H = tanh(z_H), T = sigmoid(z_T); z_H = W_H x + b_H, z_T = W_T x + b_T
    Jacobians: dy/dx = δ_ip (1 - T)_i + (H - x)_i sigmoid'(z_T)_i (W_T)_ip + T_i tanh'(z_H)_i (W_H)_ip   (i | p)
               dy/dW_H = δ_ii' T_i tanh'(z_H)_i x_p             (i | i' p)
               dy/db_H = δ_ii' T_i tanh'(z_H)_i                 (i | i')
               dy/dW_T = δ_ii' (H - x)_i sigmoid'(z_T)_i x_p    (i | i' p)
               dy/db_T = δ_ii' (H - x)_i sigmoid'(z_T)_i        (i | i')
    Source:    Srivastava, Greff, Schmidhuber, "Highway Networks" (2015), eq. 3; Jacobians: own derivation
    """

    inputs = {"x": "... i", "W_H": "i i", "b_H": "i", "W_T": "i i", "b_T": "i"}
    output = "... i"

    def __init__(self, activation: str = "tanh") -> None:
        """Choose the activation of the transform H."""
        if activation not in ACTIVATIONS:
            raise unknown(self.label, "activation", activation, ACTIVATIONS)
        self.activation = activation

    @property
    def analytic(self) -> bool:  # type: ignore[override]
        """Whether g is."""
        return ACTIVATIONS[self.activation].analytic

    def signature(self, shapes: Mapping[str, OpenShape]) -> Signature:
        for name in ("W_H", "W_T"):
            shape = shapes[name]
            if len(shape) == 2 and None not in shape and shape[0] != shape[1]:
                why = "x passes where the gate is closed, so the layer keeps its size"
                raise shape_error(f"{self.label}.{name}", ("i", "i"), (shape[1], shape[1]), shape, why)
        return super().signature(shapes)

    def equations(self) -> str:
        return f"""\
z_H = linear(x, W_H, b_H)
H = {self.activation}(z_H)
z_T = linear(x, W_T, b_T)
T = sigmoid(z_T)
y = lerp(T, H, x)"""

    @classmethod
    def variants(cls) -> Sequence[Op]:
        return tuple(cls(name) for name in ACTIVATIONS)


class Dropout(Op):
    """y = x ⊙ mask / (1 - rate), for a given mask of zeros and ones: what is kept makes up for what is dropped.

    rate is the probability with which the mask's entries were drawn as 0, from 0 up to but not including 1.

    Shapes:    x (...), mask (...) of 0 and 1 -> y (...)
    Formula:   y_i = x_i mask_i / (1 - rate)
    Jacobians: dy/dx = 2 δ_ii' mask_i   (i | i')   for rate = 0.5
    Source:    Srivastava et al., "Dropout" (2014), section 10 (the scaling); Jacobian: own derivation
    """

    inputs = {"x": "...", "mask": "..."}
    output = "..."
    letters = "ijklm"
    data = {"mask": "its entries are 0 or 1"}

    def __init__(self, rate: float = 0.5) -> None:
        """Take the probability of being dropped."""
        self.rate = real_option(self.label, "rate", rate)
        if not 0 <= self.rate < 1:
            raise InputError(f"{self.label}: expected 0 <= rate < 1, got rate = {self.rate:g}; rate=0 keeps all of x")

    def check(self, **inputs: Array) -> None:
        mask = inputs["mask"]
        wrong = np.argwhere((mask != 0) & (mask != 1))
        if len(wrong):
            at = tuple(int(k) for k in wrong[0])
            place = f" at index {shape_text(at)}" if at else ""
            raise InputError(
                f"{self.label}.mask: expected 0 (dropped) or 1 (kept) everywhere, got {mask[at]:g}{place}; "
                "the factor 1 / (1 - rate) is no part of the mask"
            )

    def compute(self, x: Array, mask: Array) -> Array:
        return np.where(mask == 1, x / (1 - self.rate), 0 * x.real.dtype.type(0))

    def d_x(self, x: Array, mask: Array) -> Rule:
        return term("... -> ... | ...", ("mask", mask.astype(x.dtype)), coef=1 / (1 - self.rate))

    def example_shapes(self, sizes: Sequence[int]) -> Sequence[Mapping[str, Shape]]:
        return [dict.fromkeys(self.inputs, shape) for shape in (tuple(sizes[1:2]), tuple(sizes[:2]), ())]

    def sample(self, rng: np.random.Generator, shapes: Mapping[str, Shape]) -> dict[str, Array]:
        """A random mask whose last entry is dropped and whose first is kept."""
        mask = np.asarray(rng.integers(0, 2, shapes["mask"]))
        flat = mask.reshape(-1)
        flat[-1], flat[0] = 0, 1
        return {"x": np.asarray(rng.uniform(*self.interval("x"), shapes["x"])), "mask": mask}

    @classmethod
    def variants(cls) -> Sequence[Op]:
        return (cls(), cls(0), cls(0.1))


OPS: tuple[Op, ...] = (GLU(), SwiGLU(), Highway(), Dropout())
