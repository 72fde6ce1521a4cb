"""What the normalization layers share: xhat = (x - mean(x)) / sigma over some axes, 1/sigma, and their derivatives."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, NamedTuple

import numpy as np

from jacobians.errors import InputError, ShapeError, labels_text, shape_error, shape_text
from jacobians.jacobian import Jacobian
from jacobians.op import Op, OpenShape, Rule, Signature, term
from jacobians.ops.elementwise import real_option
from jacobians.terms import Array, Factor, Labels, as_array, letters

#: The entries of a factor, its labels and its name.
Labelled = tuple[Labels, str, Array]


class Standardized(NamedTuple):
    """xhat with 1/sigma and eps/sigma^2, whose axes that were normalized over have size 1 or are gone."""

    xhat: Array
    inverse: Array
    share: Array


def standardize(x: Array, axes: tuple[int, ...], eps: float, centred: bool = True, mean: bool = True) -> Standardized:
    """xhat = d / sigma, with d = x - mean(x) or x where not `centred`, and sigma^2 = mean or sum of d^2, plus eps.

    An entry is taken off before the mean, which so loses nothing of small differences on a large offset; squares are
    those of numbers near 1, and so neither over- nor underflow.
    """
    root = math.sqrt(eps)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):  # sigma = 0 is refused elsewhere; NaN passes on
        unit = _power_of_two(x, axes, root)
        d, least = x / unit, root / unit
        if centred:
            d = d - d[tuple(slice(1) if k in axes else slice(None) for k in range(x.ndim))]
            d = d - np.mean(d, axis=axes, keepdims=True)
        scale = _power_of_two(d, axes, least)
        d, least = d / scale, least / scale
        squares = np.sum(d * d, axis=axes, keepdims=True) / (_size(x.shape, axes) if mean else 1)
        sigma = np.sqrt(squares + least * least)
        return Standardized(d / sigma, 1 / unit / scale / sigma, (least / sigma) ** 2)


def _power_of_two(x: Array, axes: tuple[int, ...], least: Any) -> Array:
    """A power of two near the largest |x|, or near `least` if that is larger; by the real part."""
    largest = np.maximum(np.max(np.abs(x.real), axis=axes, keepdims=True), least)
    return as_array(np.ldexp(as_array(0.5, largest.dtype), np.frexp(largest)[1]))


def _size(shape: Sequence[int], axes: tuple[int, ...]) -> int:
    return math.prod(shape[k] for k in axes)


@dataclass(frozen=True, slots=True)
class Layout:
    """The labels of x, those with a second index where x is normalized over, the labels of 1/sigma and of gamma."""

    x: Labels
    second: Labels
    sigma: Labels
    gamma: Labels

    @property
    def over(self) -> tuple[int, ...]:
        """The axes of x that have a second index."""
        return tuple(k for k, (a, b) in enumerate(zip(self.x, self.second, strict=True)) if a != b)


def last_axes(rank: int, count: int, batch: str) -> tuple[Labels, Labels, Labels]:
    """Labels of the leading axes, of the last `count` axes, and of these a second time."""
    both = letters("ijklpquvwh", 2 * count)
    return letters(batch, rank - count), both[:count], both[count:]


def channels_second(rank: int) -> tuple[Labels, Labels]:
    """(n c s t ...) and the same axes with other letters."""
    spatial = max(rank - 2, 0)
    return ("n", "c", *letters("stuvw", spatial)), ("m", "d", *letters("pqrkl", spatial))


class Normalization(Op):
    """One input, `normalized`, standardized over some axes; subclasses say which, and what the result is scaled by."""

    #: The input that is standardized, and what xhat and 1/sigma are called.
    normalized: ClassVar[str] = "x"
    hat: ClassVar[str] = "xhat"
    shrink: ClassVar[str] = "1/sigma"
    #: What must not be 0 without eps, and why.
    spread: ClassVar[str] = "variance"
    because: ClassVar[str] = "with eps = 0 that is 0/0, choose eps > 0"
    #: Whether the mean is taken off, and whether sigma^2 is the mean of squares rather than their sum.
    centred: ClassVar[bool] = True
    mean: ClassVar[bool] = True
    #: How few entries may be normalized together, and what they make up.
    fewest: ClassVar[tuple[int, str]] = (1, "sample")
    eps: float | None = 0.0

    def layout(self, rank: int) -> Layout:
        """The labels for an input of this rank."""
        raise NotImplementedError

    def standardized(self, x: Array) -> Standardized:
        """xhat, and 1/sigma and eps/sigma^2 with the labels of sigma."""
        over = self.layout(x.ndim).over
        xhat, inverse, share = standardize(x, over, self.epsilon(x), self.centred, self.mean)
        return Standardized(xhat, np.squeeze(inverse, over), np.squeeze(share, over))

    def epsilon(self, x: Array) -> float:
        """The number that is added to the variance."""
        return self.eps or 0.0

    def count(self, shape: Sequence[int]) -> int:
        """How many entries are normalized together."""
        return _size(shape, self.layout(len(shape)).over)

    def mates(self, shape: Sequence[int]) -> tuple[Labelled, ...]:
        """The 0/1 pattern that says which indices of one axis are normalized together, where not all of them are."""
        return ()

    def fit(self, shape: OpenShape, fewest_axes: Labels) -> Layout:
        """The layout for a shape with known or open sizes; an error where it has too few axes or entries."""
        name = f"{self.label}.{self.normalized}"
        if len(shape) < (fewest := len(fewest_axes) - 1):
            why = f"at least {fewest} axes are needed, {len(shape)} came"
            raise shape_error(name, fewest_axes, [None] * fewest, shape, why)
        sizes = [n for n in shape if n is not None]
        few, whole = self.fewest
        if len(sizes) == len(shape) and (count := self.count(sizes)) < few:
            why = "a value alone is its own mean and has no variance" if count else "there is nothing to normalize"
            raise ShapeError(
                f"{name}: expected at least {few} {'values' if few > 1 else 'value'} per {whole}, got {count} "
                f"in the shape {shape_text(shape)}; {why}"
            )
        return self.layout(len(shape))

    def check(self, **inputs: Array) -> None:
        """Refuse sigma = 0."""
        x = inputs[self.normalized]
        if self.epsilon(x):
            return
        zero = np.isinf(np.atleast_1d(self.standardized(x).inverse))
        if zero.any():
            labels = self.layout(x.ndim).sigma
            place = f" at {labels_text(labels)} = {shape_text(map(int, np.argwhere(zero)[0]))}" if labels else ""
            raise InputError(
                f"{self.label}.{self.normalized}: expected a {self.spread} > 0, got 0{place}; {self.because}"
            )

    def rules(self, x: Array, gain: Sequence[Labelled]) -> list[Rule]:
        """d(gain xhat)/dx = gain/sigma (δ_ij - 1/n - xhat_i xhat_j / n), as up to three terms."""
        a, s = self.layout(x.ndim), self.standardized(x)
        scale = [*gain, (a.sigma, self.shrink, s.inverse)]
        pairs = [*scale, *self.mates(x.shape)]
        sizes = dict(zip(a.second, x.shape, strict=True))
        n = self.count(x.shape)
        outer = [*pairs, (a.x, self.hat, s.xhat), (a.second, self.hat, s.xhat)]
        return [
            labelled(a.x, a.x, scale),
            *([labelled(a.x, a.second, pairs, -1 / n, sizes)] if self.centred else []),
            labelled(a.x, a.second, outer, -1 / n if self.mean else -1, sizes),
        ]

    def _jacobian(self, wrt: str, arrays: dict[str, Array], signature: Signature, sizes: dict[str, int]) -> Jacobian:
        """By x where xhat can only be +-1 times a number, δ_ij - 1/n - xhat_i xhat_j / n is (δ_ij - 1/n) eps/sigma^2.

        So it is held, without the cancellation.
        """
        textbook = super()._jacobian(wrt, arrays, signature, sizes)
        x = arrays[self.normalized]
        if wrt != self.normalized or self.count(x.shape) != (2 if self.centred else 1):
            return textbook
        share = Factor(self.standardized(x).share, self.layout(x.ndim).sigma, "eps/sigma^2")
        exact = [replace(t, factors=(*t.factors, share)) for t in textbook.terms[:-1]]
        return Jacobian(exact, textbook.out_shape, textbook.in_shape, lambda: textbook)


class AffineNormalization(Normalization):
    """y = gamma xhat + beta, or xhat alone where not `affine`."""

    inputs = {"x": "...", "gamma": "...", "beta": "..."}
    output = "..."
    optional = {"gamma": "affine", "beta": "affine"}

    def __init__(self, affine: bool = True, eps: float = 1e-5) -> None:
        """Choose whether there are gamma and beta, and what is added to the variance."""
        self.affine, self.eps = bool(affine), checked_eps(self.label, eps)

    def fewest_axes(self) -> Labels:
        """The axes that every x has, and `...` where more may stand."""
        return ("n", "c", "...")

    def signature(self, shapes: Mapping[str, OpenShape]) -> Signature:
        a = self.fit(shapes["x"], self.fewest_axes())
        return Signature({name: a.x if name == "x" else a.gamma for name in self.declared()}, a.x)

    def compute(self, x: Array, gamma: Array | None = None, beta: Array | None = None) -> Array:
        xhat = self.standardized(x).xhat
        if gamma is not None:
            xhat = self._spread(gamma, x.ndim) * xhat
        return xhat if beta is None else xhat + self._spread(beta, x.ndim)

    def _spread(self, gamma: Array, rank: int) -> Array:
        """Gamma with axes of size 1 where x has axes that it lacks."""
        a = self.layout(rank)
        return np.expand_dims(gamma, tuple(k for k, label in enumerate(a.x) if label not in a.gamma))

    def d_x(self, x: Array, gamma: Array) -> Sequence[Rule]:
        return self.rules(x, [(self.layout(x.ndim).gamma, "gamma", gamma)] if self.affine else [])

    def d_gamma(self, x: Array) -> Rule:
        a = self.layout(x.ndim)
        return labelled(a.x, a.gamma, [(a.x, self.hat, self.standardized(x).xhat)])

    def d_beta(self, x: Array) -> Rule:
        return labelled(self.layout(x.ndim).x, self.layout(x.ndim).gamma, [])

    def parts(self) -> Mapping[str, tuple[Op, Mapping[str, str]]]:
        plain = type(self)(**{**vars(self), "affine": False})
        return {self.hat: (plain, {"x": "x"}), self.shrink: (InverseSigma(self), {"x": "x"})}

    def inner_names(self) -> tuple[str, ...]:
        """Two normalizations of a network have two xhat."""
        return ("xhat", "sigma")


class InverseSigma(Op):
    """r = 1/sigma of a normalization `of`: a factor of its Jacobian, which second derivatives differentiate.

    Its derivative is dr/dx_j = -r^2 xhat_j / n.
    """

    inputs = {"x": "..."}
    output = "..."
    symbol = "r"

    def __init__(self, of: Normalization) -> None:
        """Take the normalization whose sigma it is."""
        self.of = of

    def signature(self, shapes: Mapping[str, OpenShape]) -> Signature:
        a = self.of.layout(len(shapes["x"]))
        return Signature({"x": a.x}, a.sigma)

    def compute(self, x: Array) -> Array:
        return self.of.standardized(x).inverse

    def d_x(self, x: Array, r: Array) -> Rule:
        a = self.of.layout(x.ndim)
        n = self.of.count(x.shape) if self.of.mean else 1
        xhat = (a.second, self.of.hat, self.of.standardized(x).xhat)
        twice = [(a.sigma, "r", r), (a.sigma, "r", r)]
        return labelled(a.sigma, a.second, [*twice, *self.of.mates(x.shape), xhat], -1 / n)

    def parts(self) -> Mapping[str, tuple[Op, Mapping[str, str]]]:
        op, source = self.of.parts()[self.of.hat]
        return {self.of.hat: (op, dict.fromkeys(source, "x"))}


def labelled(
    out: Labels, inp: Labels, factors: Sequence[Labelled], coef: float = 1.0, sizes: Mapping[str, int] | None = None
) -> Rule:
    """A term from labels instead of a pattern."""
    spec = ", ".join(" ".join(labels) for labels, _, _ in factors)
    named = [(name, value) for _, name, value in factors]
    return term(f"{spec} -> {' '.join(out)} | {' '.join(inp)}", *named, coef=coef, **(sizes or {}))


def checked_eps(where: str, eps: float) -> float:
    """The option eps as a float >= 0."""
    value = real_option(where, "eps", eps)
    if value < 0:
        raise InputError(f"{where}: expected eps >= 0, got {eps!r}; it is added to the variance, as in eps=1e-5")
    return value
