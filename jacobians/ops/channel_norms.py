"""Batch, instance and group norm of x (n c ...): a scale and a shift for each channel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from jacobians.errors import InputError, ShapeError, shape_error, shape_text
from jacobians.op import Op, OpenShape, Rule, Shape, Signature
from jacobians.ops.elementary import Power
from jacobians.ops.elementwise import Shift
from jacobians.ops.labels import whole_option
from jacobians.ops.losses import first_true
from jacobians.ops.standardize import (
    AffineNormalization,
    Labelled,
    Layout,
    Standardized,
    channels_second,
    checked_eps,
    labelled,
    standardize,
)
from jacobians.terms import Array, Labels, as_array


class _ChannelNorm(AffineNormalization):
    """Inputs x (n c s ...) with a gamma and a beta for each channel."""

    @classmethod
    def variants(cls) -> Sequence[Op]:
        return (cls(), cls(affine=False), cls(eps=1e-3), cls(affine=False, eps=0.5))

    def example_shapes(self, sizes: Sequence[int]) -> Sequence[Mapping[str, Shape]]:
        return [{name: x if name == "x" else x[1:2] for name in self.declared()} for x in self.x_shapes(sizes)]

    def x_shapes(self, sizes: Sequence[int]) -> Sequence[Shape]:
        """Shapes of x to try; the first is the plainest."""
        raise NotImplementedError


class BatchNorm(_ChannelNorm):
    """y_nc = gamma_c xhat_nc + beta_c, where xhat = (x - mean(x)) / sigma and sigma = sqrt(var(x) + eps).

    This is batch norm in training: mean and variance of each channel are those of the batch, over the samples and, for
    x (n c s ...), over all further axes; so every output depends on the whole batch. The variance is divided by the
    number n of values. One value per channel has no variance and is refused. `affine=False` leaves out gamma and beta.
    For two values per channel the Jacobian by x is held as gamma_c eps/sigma_c^3 (δ_nm - 1/2), the same value without
    cancellation.

    Shapes:    x (n c ...), gamma (c), beta (c) -> y (n c ...)
    Formula:   y_nc = gamma_c xhat_nc + beta_c
               with xhat_nc = (x_nc - mean(x)_c) / sigma_c, sigma_c = sqrt(var(x)_c + eps)
    Jacobians: dy/dx = δ_nm δ_cc' gamma_c (1/sigma)_c - 1/3 δ_cc' gamma_c (1/sigma)_c
                       - 1/3 δ_cc' gamma_c (1/sigma)_c xhat_nc xhat_mc   (n c | m c')
               dy/dgamma = δ_cc' xhat_nc   (n c | c')
               dy/dbeta = δ_cc'            (n c | c')    where 1/3 is 1/n for n = 3
    Source:    Ioffe, Szegedy, "Batch Normalization" (2015), algorithm 1; Jacobians: own derivation
    """

    fewest = (2, "channel")

    def layout(self, rank: int) -> Layout:
        x, again = channels_second(rank)
        return Layout(x, (again[0], "c", *again[2:]), ("c",), ("c",))

    def x_shapes(self, sizes: Sequence[int]) -> Sequence[Shape]:
        a, b, c, d = sizes[:4]
        return (b, a), (a, c, b, d), (b, 1, a)


class InstanceNorm(_ChannelNorm):
    """y_ncs = gamma_c xhat_ncs + beta_c, where xhat = (x - mean(x)) / sigma and sigma = sqrt(var(x) + eps).

    Mean and variance are those of each sample and channel, over the m entries of all further axes of x (n c s ...); the
    variance is divided by m. One entry per channel has no variance and is refused. `affine=False` leaves out gamma and
    beta.

    Shapes:    x (n c s ...), gamma (c), beta (c) -> y (n c s ...)
    Formula:   y_ncs = gamma_c xhat_ncs + beta_c
               with xhat_ncs = (x_ncs - mean(x)_nc) / sigma_nc, sigma_nc = sqrt(var(x)_nc + eps)
    Jacobians: dy/dx = δ_nn' δ_cc' δ_sp gamma_c (1/sigma)_nc - 1/3 δ_nn' δ_cc' gamma_c (1/sigma)_nc
                       - 1/3 δ_nn' δ_cc' gamma_c (1/sigma)_nc xhat_ncs xhat_ncp   (n c s | n' c' p)
               dy/dgamma = δ_cc' xhat_ncs   (n c s | c')
               dy/dbeta = δ_cc'             (n c s | c')    where 1/3 is 1/m for m = 3
    Source:    Ulyanov, Vedaldi, Lempitsky, "Instance Normalization" (2016), eq. 5; Jacobians: own derivation
    """

    fewest = (2, "sample and channel")

    def layout(self, rank: int) -> Layout:
        x, again = channels_second(rank)
        return Layout(x, (*x[:2], *again[2:]), x[:2], ("c",))

    def fewest_axes(self) -> Labels:
        return ("n", "c", "s", "...")

    def x_shapes(self, sizes: Sequence[int]) -> Sequence[Shape]:
        a, b, c, d = sizes[:4]
        return (2, a, b), (a, d, b, c)


class GroupNorm(_ChannelNorm):
    """y_nc = gamma_c xhat_nc + beta_c, where xhat = (x - mean(x)) / sigma and sigma = sqrt(var(x) + eps).

    The channels are cut into `groups` groups of neighbours, group(c) = floor(c groups / channels). Mean and variance
    are those of each sample and group, over the m entries of its channels and of all further axes of x (n c s ...); the
    variance is divided by m. sigma is written with the channel it belongs to. `affine=False` leaves out gamma and beta.

    Shapes:    x (n c ...), gamma (c), beta (c) -> y (n c ...)
    Formula:   y_nc = gamma_c xhat_nc + beta_c
               with xhat_nc = (x_nc - mean(x)_nc) / sigma_nc, sigma_nc = sqrt(var(x)_nc + eps)
    Jacobians: dy/dx = δ_nn' δ_cd gamma_c (1/sigma)_nc - 1/3 δ_nn' gamma_c (1/sigma)_nc [group(c) = group(d)]
                       - 1/3 δ_nn' gamma_c (1/sigma)_nc [group(c) = group(d)] xhat_nc xhat_nd   (n c | n' d)
               dy/dgamma = δ_cc' xhat_nc   (n c | c')
               dy/dbeta = δ_cc'            (n c | c')    where 1/3 is 1/m for m = 3
    Source:    Wu, He, "Group Normalization" (2018), eq. 7; Jacobians: own derivation
    """

    def __init__(self, groups: int = 2, affine: bool = True, eps: float = 1e-5) -> None:
        """Choose the number of groups, whether there are gamma and beta, and what is added to the variance."""
        self.groups = whole_option(self.label, "groups", groups)
        if self.groups < 1:
            raise InputError(f"{self.label}: expected groups >= 1, got {groups}; groups=1 normalizes all channels")
        super().__init__(affine, eps)

    def layout(self, rank: int) -> Layout:
        x, again = channels_second(rank)
        return Layout(x, ("n", *again[1:]), x[:2], ("c",))

    def signature(self, shapes: Mapping[str, OpenShape]) -> Signature:
        channels = shapes["x"][1] if len(shapes["x"]) > 1 else None
        if channels is not None and channels % self.groups:
            raise ShapeError(
                f"{self.label}.x: expected a number of channels that groups = {self.groups} divides, "
                f"got {channels} channels in the shape {shape_text(shapes['x'])}; choose groups that divide {channels}"
            )
        return super().signature(shapes)

    def standardized(self, x: Array) -> Standardized:
        """Each group on an axis of its own, and back; 1/sigma for every channel."""
        n, channels, *spatial = x.shape
        members = channels // self.groups
        apart = x.reshape(n, self.groups, members, *spatial)
        xhat, *scalars = standardize(apart, tuple(range(2, apart.ndim)), self.epsilon(x))
        inverse, share = (np.repeat(a.reshape(n, self.groups), members, axis=1) for a in scalars)
        return Standardized(xhat.reshape(x.shape), inverse, share)

    def count(self, shape: Sequence[int]) -> int:
        return super().count(shape) // self.groups

    def mates(self, shape: Sequence[int]) -> tuple[Labelled, ...]:
        group = np.arange(shape[1]) * self.groups // shape[1]
        return ((("c", "d"), "[group({0}) = group({1})]", group[:, None] == group),)

    @classmethod
    def variants(cls) -> Sequence[Op]:
        return (cls(), cls(groups=3, affine=False), cls(groups=1, eps=0.0), cls(affine=False, eps=0.5))

    def x_shapes(self, sizes: Sequence[int]) -> Sequence[Shape]:
        a, b, c, d = sizes[:4]
        return (a, self.groups * b), (a, self.groups * b, c, d), (1, self.groups * 2, a)


class BatchNormInference(Op):
    """y_nc = gamma_c xhat_nc + beta_c, where xhat = (x - mean) / sigma and sigma = sqrt(var + eps).

    This is batch norm after training: mean and var are inputs of their own, one number per channel. `affine=False`
    leaves out gamma and beta.

    Shapes:    x (n c ...), gamma (c), beta (c), mean (c), var (c) -> y (n c ...)
    Formula:   y_nc = gamma_c xhat_nc + beta_c with xhat_nc = (x_nc - mean_c) / sigma_c, sigma_c = sqrt(var_c + eps)
    Jacobians: dy/dx = δ_nn' δ_cc' gamma_c (1/sigma)_c               (n c | n' c')
               dy/dgamma = δ_cc' xhat_nc                             (n c | c')
               dy/dbeta = δ_cc'                                      (n c | c')
               dy/dmean = -δ_cc' gamma_c (1/sigma)_c                 (n c | c')
               dy/dvar = -1/2 δ_cc' gamma_c (1/sigma)_c (1/sigma)_c xhat_nc  (n c | c')
    Source:    Ioffe, Szegedy, "Batch Normalization" (2015), algorithm 2; Jacobians: own derivation
    """

    inputs = {"x": "n c ...", "gamma": "c", "beta": "c", "mean": "c", "var": "c"}
    output = "n c ..."
    optional = {"gamma": "affine", "beta": "affine"}
    domain = {"var": (0.5, 2.0)}

    def __init__(self, affine: bool = True, eps: float = 1e-5) -> None:
        """Choose whether there are gamma and beta, and what is added to var."""
        self.affine, self.eps = bool(affine), checked_eps(self.label, eps)

    def signature(self, shapes: Mapping[str, OpenShape]) -> Signature:
        shape = shapes["x"]
        if len(shape) < 2:
            why = f"at least 2 axes are needed, {len(shape)} came"
            raise shape_error(f"{self.label}.x", ("n", "c", "..."), [None, None], shape, why)
        x, _ = channels_second(len(shape))
        return Signature({name: x if name == "x" else ("c",) for name in self.declared()}, x)

    def check(self, **inputs: Array) -> None:
        """Refuse var < 0, and var = 0 without eps."""
        var = inputs["var"]
        if (bad := (var < 0) | (var + self.eps == 0)).any():
            at = first_true(bad)
            raise InputError(
                f"{self.label}.var: expected var >= 0 and var + eps > 0, got var = {var[at]:g} with eps = {self.eps:g} "
                f"at channel {at[0]} of {var.size}; there 1/sqrt(var + eps) is undefined, choose eps > 0"
            )

    def compute(
        self, x: Array, mean: Array, var: Array, gamma: Array | None = None, beta: Array | None = None
    ) -> Array:
        y = self._xhat(x, mean, var)
        if gamma is not None:
            y = per_channel(gamma, x.ndim) * y
        return y if beta is None else y + per_channel(beta, x.ndim)

    def d_x(self, x: Array, var: Array, gamma: Array) -> Rule:
        a = _labels(x)
        return labelled(a, a, self._scale(var, gamma))

    def d_gamma(self, x: Array, mean: Array, var: Array) -> Rule:
        a = _labels(x)
        return labelled(a, ("c",), [(a, "xhat", self._xhat(x, mean, var))])

    def d_beta(self, x: Array) -> Rule:
        return labelled(_labels(x), ("c",), [])

    def d_mean(self, x: Array, var: Array, gamma: Array) -> Rule:
        return labelled(_labels(x), ("c",), self._scale(var, gamma), -1)

    def d_var(self, x: Array, mean: Array, var: Array, gamma: Array) -> Rule:
        a, scale = _labels(x), self._scale(var, gamma)
        return labelled(a, ("c",), [*scale, scale[-1], (a, "xhat", self._xhat(x, mean, var))], -1 / 2)

    def _inverse(self, var: Array) -> Array:
        return as_array((var + self.eps) ** -0.5)

    def _xhat(self, x: Array, mean: Array, var: Array) -> Array:
        return (x - per_channel(mean, x.ndim)) * per_channel(self._inverse(var), x.ndim)

    def _scale(self, var: Array, gamma: Array) -> list[Labelled]:
        shrink = (("c",), "1/sigma", self._inverse(var))
        return [(("c",), "gamma", gamma), shrink] if self.affine else [shrink]

    def parts(self) -> Mapping[str, tuple[Op, Mapping[str, str]]]:
        return {
            "xhat": (BatchNormInference(False, self.eps), {"x": "x", "mean": "mean", "var": "var"}),
            "1/sigma": (Power(-0.5), {"x": "var + eps"}),
            "var + eps": (Shift(self.eps), {"x": "var"}),
        }

    def inner_names(self) -> tuple[str, ...]:
        """Two normalizations of a network have two xhat."""
        return ("xhat", "sigma")

    @classmethod
    def variants(cls) -> Sequence[Op]:
        return (cls(), cls(affine=False), cls(eps=0.0), cls(affine=False, eps=0.5))

    def example_shapes(self, sizes: Sequence[int]) -> Sequence[Mapping[str, Shape]]:
        a, b, c, d = sizes[:4]
        return [{name: x if name == "x" else x[1:2] for name in self.declared()} for x in ((b, a), (a, b, c, d))]


def per_channel(values: Array, rank: int) -> Array:
    """One number per channel, against x (n c ...)."""
    return values.reshape(-1, *[1] * (rank - 2))


def _labels(x: Array) -> Labels:
    return channels_second(x.ndim)[0]


OPS: tuple[Op, ...] = (BatchNorm(), BatchNormInference(), InstanceNorm(), GroupNorm())
