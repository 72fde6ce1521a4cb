"""Layer, RMS and weight norm: over the last axes of x, over the rows of a weight."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from jacobians.errors import InputError
from jacobians.op import Op, OpenShape, Rule, Shape, Signature
from jacobians.ops.labels import whole_option
from jacobians.ops.standardize import AffineNormalization, InverseSigma, Layout, Normalization, labelled, last_axes
from jacobians.terms import Array, Labels, letters


class LayerNorm(AffineNormalization):
    """y_i = gamma_i xhat_i + beta_i, where xhat = (x - mean(x)) / sigma and sigma = sqrt(var(x) + eps).

    Mean and variance are those of the n entries of the last axis, or of the last k axes with `axes=k`, for each sample;
    the variance is divided by n. `affine=False` leaves out gamma and beta. For n = 2 the Jacobian by x is held as
    gamma_i eps/sigma^3 (δ_ij - 1/2), the same value without cancellation.

    Shapes:    x (... i), gamma (i), beta (i) -> y (... i)
    Formula:   y_i = gamma_i xhat_i + beta_i with xhat_i = (x_i - mean(x)) / sigma, sigma = sqrt(var(x) + eps)
    Jacobians: dy/dx = δ_ij gamma_i 1/sigma - 1/3 gamma_i 1/sigma - 1/3 gamma_i 1/sigma xhat_i xhat_j   (i | j)
               dy/dgamma = δ_ii' xhat_i   (i | i')
               dy/dbeta = δ_ii'           (i | i')    where 1/3 is 1/n for n = 3
    Source:    Ba, Kiros, Hinton, "Layer Normalization" (2016), eq. 4; Jacobians: own derivation
    """

    def __init__(self, axes: int = 1, affine: bool = True, eps: float = 1e-5) -> None:
        """Choose how many of the last axes are normalized together, whether there are gamma and beta, and eps."""
        self.axes = whole_option(self.label, "axes", axes)
        if self.axes < 1:
            raise InputError(f"{self.label}: expected axes >= 1, got {axes}; it counts the last axes, as in axes=2")
        super().__init__(affine, eps)

    def layout(self, rank: int) -> Layout:
        batch, last, again = last_axes(rank, self.axes, self.letters)
        return Layout((*batch, *last), (*batch, *again), batch, last)

    def fewest_axes(self) -> Labels:
        return ("...", *letters("ijkl", self.axes))

    @classmethod
    def variants(cls) -> Sequence[Op]:
        return (cls(), cls(affine=False, eps=0.5), cls(axes=2, eps=0.0), cls(axes=2, affine=False))

    def example_shapes(self, sizes: Sequence[int]) -> Sequence[Mapping[str, Shape]]:
        a, b, c, _, e = sizes
        shapes = {1: ((b,), (c, e, b), (a, b)), 2: ((b, a), (e, c, b))}[self.axes]
        return [self._shapes(shape) for shape in shapes]

    def _shapes(self, x: Shape) -> Mapping[str, Shape]:
        return {name: x if name == "x" else x[-self.axes :] for name in self.declared()}


class RMSNorm(LayerNorm):
    """y_i = gamma_i xhat_i, where xhat = x / sigma and sigma = sqrt(mean(x^2) + eps).

    The mean square is that of the n entries of the last axis, or of the last k axes with `axes=k`; `affine=False`
    leaves out gamma. By default (`eps=None`) eps is that of the floating point type, 2^-52 for float64.

    Shapes:    x (... i), gamma (i) -> y (... i)
    Formula:   y_i = gamma_i xhat_i with xhat_i = x_i / sigma, sigma = sqrt(1/n sum_i x_i^2 + eps)
    Jacobians: dy/dx = δ_ij gamma_i 1/sigma - 1/3 gamma_i 1/sigma xhat_i xhat_j   (i | j)
               dy/dgamma = δ_ii' xhat_i   (i | i')    where 1/3 is 1/n for n = 3
    Source:    Zhang, Sennrich, "Root Mean Square Layer Normalization" (2019), eq. 4; Jacobians: own derivation
    """

    name = "rms_norm"
    inputs = {"x": "...", "gamma": "..."}
    optional = {"gamma": "affine"}
    centred = False
    spread = "mean square"

    def __init__(self, axes: int = 1, affine: bool = True, eps: float | None = None) -> None:
        """Choose how many of the last axes are normalized together, whether there is gamma, and eps."""
        super().__init__(axes, affine, 0.0 if eps is None else eps)
        if eps is None:
            self.eps = None

    def epsilon(self, x: Array) -> float:
        return float(np.finfo(x.dtype).eps) if self.eps is None else self.eps


class WeightNorm(Normalization):
    """W_o = g_o v_o / norm(v_o): the rows of v as directions, g as lengths; `affine=False` leaves out g.

    For v of rank 3 or more (the weights of a convolution), a row is all that has one first index. v_o = 0 is refused.

    Shapes:    v (o i ...), g (o) -> W (o i ...)
    Formula:   W_oi = g_o vhat_oi with vhat_oi = v_oi / norm(v)_o, norm(v)_o = sqrt(sum_k v_ok^2)
    Jacobians: dW/dv = δ_oo' δ_ij g_o (1/norm(v))_o - δ_oo' g_o (1/norm(v))_o vhat_oi vhat_oj   (o i | o' j)
               dW/dg = δ_oo' vhat_oi   (o i | o')    where vhat_o = v_o / norm(v_o)
    Source:    Salimans, Kingma, "Weight Normalization" (2016), eq. 2 and 3
    """

    inputs = {"v": "o i ...", "g": "o"}
    output = "o i ..."
    symbol = "W"
    optional = {"g": "affine"}
    normalized, hat, shrink = "v", "vhat", "1/norm(v)"
    spread, because = "norm", "a row of zeros has no direction"
    centred = mean = False
    fewest = (1, "row")

    def __init__(self, affine: bool = True) -> None:
        """Choose whether there is g."""
        self.affine = bool(affine)

    def layout(self, rank: int) -> Layout:
        rows, rest, again = last_axes(rank, max(rank - 1, 0), "o")
        return Layout((*rows, *rest), (*rows, *again), rows, rows)

    def signature(self, shapes: Mapping[str, OpenShape]) -> Signature:
        a = self.fit(shapes["v"], ("o", "i", "..."))
        return Signature({name: a.x if name == "v" else a.gamma for name in self.declared()}, a.x)

    def compute(self, v: Array, g: Array | None = None) -> Array:
        vhat = self.standardized(v).xhat
        return vhat if g is None else g.reshape(-1, *[1] * (v.ndim - 1)) * vhat

    def d_v(self, v: Array, g: Array) -> Sequence[Rule]:
        return self.rules(v, [(("o",), "g", g)] if self.affine else [])

    def d_g(self, v: Array) -> Rule:
        a = self.layout(v.ndim)
        return labelled(a.x, a.gamma, [(a.x, self.hat, self.standardized(v).xhat)])

    def parts(self) -> Mapping[str, tuple[Op, Mapping[str, str]]]:
        return {self.hat: (WeightNorm(affine=False), {"v": "v"}), self.shrink: (InverseSigma(self), {"x": "v"})}

    def inner_names(self) -> tuple[str, ...]:
        """Two weight norms of a network have two vhat."""
        return ("vhat",)

    @classmethod
    def variants(cls) -> Sequence[Op]:
        return (cls(), cls(affine=False))

    def example_shapes(self, sizes: Sequence[int]) -> Sequence[Mapping[str, Shape]]:
        a, b, c, _, e = sizes
        shapes = (a, b), (c, b, e), (b, a, a)
        return [{name: v if name == "v" else v[:1] for name in self.declared()} for v in shapes]


OPS: tuple[Op, ...] = (LayerNorm(), RMSNorm(), WeightNorm())
