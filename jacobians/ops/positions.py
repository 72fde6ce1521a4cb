"""Positions: rotary and sinusoidal, fixed functions of the place of a row, sines and cosines of its angles."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from jacobians.constructors import zero
from jacobians.errors import InputError, ShapeError, shape_text, unknown
from jacobians.jacobian import Jacobian
from jacobians.op import Op, OpenShape, Rule, Shape, Signature, term
from jacobians.ops.labels import whole_option
from jacobians.ops.mask import BATCH
from jacobians.terms import Array, as_array

LAYOUTS = ("interleaved", "half")


class Positions(Op):
    """What encodings of positions share: rows are positions offset, offset + 1, ..., and the base of the angles."""

    inputs = {"x": "... t d"}
    output = "... t d"
    letters = BATCH
    base: float
    offset: int

    def __init__(self, base: float = 10000.0, offset: int = 0) -> None:
        """Take the base of the wavelengths and the position of the first row."""
        number = isinstance(base, int | float | np.number) and not isinstance(base, bool)
        if not (number and 0 < base < math.inf):
            raise InputError(f"{self.label}: expected a positive finite base, got {base!r}")
        self.base = float(base)
        self.offset = whole_option(self.label, "offset", offset)

    def angles(self, positions: int, width: int) -> Array:
        """theta_tk = (t + offset) base^(-2k/d), for as many k as there are pairs in the width d."""
        k = np.arange((width + 1) // 2)
        return np.outer(np.arange(positions) + self.offset, self.base ** (-2 * k / width))

    def example_shapes(self, sizes: Sequence[int]) -> Sequence[Mapping[str, Shape]]:
        """An even width d."""
        t, n, m, *_ = sizes
        return [{"x": (*batch, t, d)} for batch, d in (((), 4), ((n,), 6), ((n, m), 2))]


class RotaryEmbedding(Positions):
    """y = x with each pair of entries of row t turned by an angle that grows with t (RoPE); it keeps their length.

    layout="interleaved" turns the pairs (2k, 2k + 1), as in the paper; layout="half" turns (k, k + d/2), as the code of
    LLaMA does. The Jacobian does not depend on x: one rotation matrix per position.

    Shapes:    x (... t d) with an even d -> y (... t d); the first row has the position `offset`
    Formula:   y_t,2k = cos(theta_tk) x_t,2k - sin(theta_tk) x_t,2k+1 and
               y_t,2k+1 = sin(theta_tk) x_t,2k + cos(theta_tk) x_t,2k+1 with theta_tk = (t + offset) base^(-2k/d)
    Jacobians: dy/dx = δ_tt' Σ_k cos(theta)_tk [d = 2 k] [c = 2 k] + δ_tt' Σ_k cos(theta)_tk [d = 2 k + 1] [c = 2 k
                   + 1] - δ_tt' Σ_k sin(theta)_tk [d = 2 k] [c = 2 k + 1] + δ_tt' Σ_k sin(theta)_tk [d = 2 k + 1] [c = 2
                   k] (t d | t' c)
    Source:    Su et al., "RoFormer: Enhanced Transformer with Rotary Position Embedding" (2021), eqs. 15 and 34
    """

    def __init__(self, base: float = 10000.0, offset: int = 0, layout: str = "interleaved") -> None:
        """Take the base of the wavelengths, the position of the first row, and which entries are pairs."""
        super().__init__(base, offset)
        if layout not in LAYOUTS:
            raise unknown(self.label, "layout", layout, LAYOUTS)
        self.layout = layout

    def signature(self, shapes: Mapping[str, OpenShape]) -> Signature:
        signature = super().signature(shapes)
        if (width := shapes["x"][-1]) is not None and width % 2:
            raise ShapeError(
                f"{self.label}.x: expected an even size d, pairs of entries to turn, got d = {width} in "
                f"{shape_text(shapes['x'])}; d = {width - 1} or d = {width + 1} would do"
            )
        return signature

    def places(self, width: int) -> tuple[tuple[Array, str], tuple[Array, str]]:
        """Where the first and the second entries of the pairs k stand: their places, and those in plain notation."""
        k = np.arange(width // 2)
        if self.layout == "half":
            return (k, "{1}"), (k + width // 2, f"{{1}} + {width // 2}")
        return (2 * k, "2 {1}"), (2 * k + 1, "2 {1} + 1")

    def compute(self, x: Array) -> Array:
        (first, _), (second, _) = self.places(x.shape[-1])
        angles = self.angles(*x.shape[-2:])
        cos, sin = np.cos(angles).astype(x.real.dtype), np.sin(angles).astype(x.real.dtype)
        y = np.empty_like(x)
        y[..., first] = cos * x[..., first] - sin * x[..., second]
        y[..., second] = sin * x[..., first] + cos * x[..., second]
        return y

    def d_x(self, x: Array) -> Sequence[Rule]:
        angles = self.angles(*x.shape[-2:])
        cos, sin = ("cos(theta)", np.cos(angles).astype(x.dtype)), ("sin(theta)", np.sin(angles).astype(x.dtype))
        one, two = (
            (f"[{{0}} = {text}]", np.arange(x.shape[-1])[:, None] == place) for place, text in self.places(x.shape[-1])
        )
        each = "t k, d k, c k -> ... t d | ... t c"
        return [
            term(each, cos, one, one, c=x.shape[-1]),
            term(each, cos, two, two),
            term(each, sin, one, two, coef=-1),
            term(each, sin, two, one),
        ]

    def _second(
        self, wrt: str, other: str, arrays: dict[str, Array], signature: Signature, sizes: dict[str, int]
    ) -> Jacobian:
        return zero(arrays["x"].shape, 2 * arrays["x"].shape)  # sines and cosines of positions do not depend on x

    @classmethod
    def variants(cls) -> Sequence[Op]:
        return (cls(), cls(base=100, offset=3), cls(layout="half"), cls(base=7.5, offset=2, layout="half"))


class SinusoidalPositions(Positions):
    """y = x + the sinusoidal encoding of the position of its row: a constant, so the Jacobian is the identity.

    Shapes:    x (... t d) -> y (... t d); the first row has the position `offset`
    Formula:   y_t,2k = x_t,2k + sin(theta_tk), y_t,2k+1 = x_t,2k+1 + cos(theta_tk) with
               theta_tk = (t + offset) base^(-2k/d)
    Jacobians: dy/dx = δ_tt' δ_dd'   (t d | t' d')
    Source:    Vaswani et al., "Attention Is All You Need" (2017), sec. 3.5; Jacobian: own derivation
    """

    def compute(self, x: Array) -> Array:
        angles = self.angles(*x.shape[-2:])
        both = np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(len(angles), -1)
        return as_array(x + both[:, : x.shape[-1]].astype(x.real.dtype))

    def d_x(self) -> Rule:
        return term("-> ... t d | ... t d")

    @classmethod
    def variants(cls) -> Sequence[Op]:
        return (cls(), cls(base=100, offset=3))

    def example_shapes(self, sizes: Sequence[int]) -> Sequence[Mapping[str, Shape]]:
        """Odd widths too."""
        return [*super().example_shapes(sizes), {"x": (sizes[0], sizes[1])}]


OPS: tuple[Op, ...] = (RotaryEmbedding(), SinusoidalPositions())
