"""Gaussian likelihoods and divergences, with diagonal covariance: sums over the entries of a sample."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from jacobians.errors import InputError, shape_text
from jacobians.op import Op, Rule, term
from jacobians.ops.elementary import Exp, Reciprocal
from jacobians.ops.elementwise import Multiple, Shift
from jacobians.ops.losses import Loss, first_true, total
from jacobians.ops.pointwise import Divide, Hadamard, Subtract
from jacobians.special import bounded, damped
from jacobians.terms import Array, as_array

VECTOR = "... i -> ... | ... i"
#: What exceeds the largest number is inf.
BEYOND = np.errstate(over="ignore")


class GaussianNLL(Loss):
    """L = 1/2 sum_i ((y_i - mu_i)^2 / v_i + log v_i), the negative log likelihood of N(mu, v) for variances v > 0.

    full=True adds the constant 1/2 log(2 pi) of every entry. A variance that is not positive is refused.

    Shapes:    mu (... i), v (... i), y (... i) -> L (), the mean over samples; reduction="none": L (...)
    Formula:   L = 1/2 sum_i ((y_i - mu_i)^2 / v_i + log v_i)
    Jacobians: dL/dmu = ((mu - y)/v)_i                                   (| i)
               dL/dv = 1/2 (1/v)_i - 1/2 ((mu - y)/v)_i ((mu - y)/v)_i   (| i)
               dL/dy = -((mu - y)/v)_i                                   (| i)
               all times 1/N for the mean over N samples
    Source:    Nix, Weigend, "Estimating the Mean and Variance of the Target Probability Distribution" (1994), eq. 5
    """

    name = "gaussian_nll"
    inputs = {"mu": "... i", "v": "... i", "y": "... i"}
    domain = {"v": (0.3, 2.0)}

    def __init__(self, full: bool = False, reduction: str = "mean") -> None:
        """Choose whether the constant is added, and the reduction over samples."""
        self.full = full
        super().__init__(reduction)

    def check(self, **inputs: Array) -> None:
        v = inputs["v"]
        if (bad := v <= 0).any():
            at = first_true(bad)
            raise InputError(
                f"{self.label}.v: expected variances > 0, got {v[at]} at {shape_text(at)} of {shape_text(v.shape)}; "
                "add a small number to v, as in v + 1e-6"
            )

    @BEYOND
    def per_sample(self, mu: Array, v: Array, y: Array) -> Array:
        d = mu - y
        constant = math.log(2 * math.pi) if self.full else 0.0
        return total(d * (d / v) + np.log(v) + constant) / 2

    @BEYOND
    def ratio(self, mu: Array, v: Array, y: Array) -> tuple[str, Array]:
        """The derivative by mu."""
        return "(mu - y)/v", (mu - y) / v

    def d_mu(self, mu: Array, v: Array, y: Array) -> Rule:
        return term(VECTOR, self.ratio(mu, v, y))

    def d_v(self, mu: Array, v: Array, y: Array) -> Sequence[Rule]:
        r = self.ratio(mu, v, y)
        return [term(VECTOR, ("1/v", Reciprocal().compute(v)), coef=0.5), term(f"... i, {VECTOR}", r, r, coef=-0.5)]

    def d_y(self, mu: Array, v: Array, y: Array) -> Rule:
        return term(VECTOR, self.ratio(mu, v, y), coef=-1)

    def parts(self) -> Mapping[str, tuple[Op, Mapping[str, str]]]:
        return {
            "1/v": (Reciprocal(), {"x": "v"}),
            "mu - y": (Subtract(), {"x": "mu", "y": "y"}),
            "(mu - y)/v": (Divide(), {"x": "mu - y", "y": "v"}),
        }

    @classmethod
    def variants(cls) -> Sequence[Op]:
        return (cls(), cls(full=True, reduction="sum"), cls(reduction="none"))


class StandardNormalKL(Loss):
    """L = 1/2 sum_i (mu_i^2 + exp(s_i) - 1 - s_i): KL(N(mu, exp(s)) || N(0, 1)), s the log-variances; in every ELBO.

    Shapes:    mu (... i), s (... i) -> L (), the mean over samples; reduction="none": L (...)
    Formula:   L = 1/2 sum_i (mu_i^2 + exp(s_i) - 1 - s_i)
    Jacobians: dL/dmu = mu_i                 (| i)
               dL/ds = 1/2 (exp(s) - 1)_i   (| i)    all times 1/N for the mean over N samples
    Source:    Kingma, Welling, "Auto-Encoding Variational Bayes" (2014), appendix B; Jacobians: own derivation
    """

    name = "standard_normal_kl"
    inputs = {"mu": "... i", "s": "... i"}

    def per_sample(self, mu: Array, s: Array) -> Array:
        return total(mu * mu + excess(s)) / 2

    def d_mu(self, mu: Array) -> Rule:
        return term(VECTOR, ("mu", mu))

    def d_s(self, s: Array) -> Rule:
        return term(VECTOR, ("exp(s) - 1", growth(s)), coef=0.5)

    def parts(self) -> Mapping[str, tuple[Op, Mapping[str, str]]]:
        return {"exp(s)": (Exp(), {"x": "s"}), "exp(s) - 1": (Shift(-1.0), {"x": "exp(s)"})}


class GaussianKL(Loss):
    """L = KL(N(mu_1, exp(s_1)) || N(mu_2, exp(s_2))) of diagonal Gaussians, s_1 and s_2 their log-variances.

    Shapes:    mu_1 (... i), s_1 (... i), mu_2 (... i), s_2 (... i) -> L (), the mean; reduction="none": L (...)
    Formula:   L = 1/2 sum_i (exp(s_1i - s_2i) + (mu_1i - mu_2i)^2 / exp(s_2i) - 1 - s_1i + s_2i)
    Jacobians: dL/dmu_1 = ((mu_1 - mu_2)*exp(-s_2))_i    (| i)
               dL/ds_1 = 1/2 (exp(s_1 - s_2) - 1)_i      (| i)
               dL/dmu_2 = -((mu_1 - mu_2)*exp(-s_2))_i   (| i)
               dL/ds_2 = -1/2 (exp(s_1 - s_2) - 1)_i - 1/2 (mu_1 - mu_2)_i ((mu_1 - mu_2)*exp(-s_2))_i   (| i)
               all times 1/N for the mean over N samples
    Source:    Cover, Thomas, "Elements of Information Theory" (2006), sec. 8.5; closed form: own derivation
    """

    name = "gaussian_kl"
    inputs = {"mu_1": "... i", "s_1": "... i", "mu_2": "... i", "s_2": "... i"}

    @BEYOND
    def pull(self, mu_1: Array, mu_2: Array, s_2: Array) -> tuple[str, Array]:
        """The derivative by mu_1; 0 for equal means, however small the variance."""
        return "(mu_1 - mu_2)*exp(-s_2)", damped(np.exp(-s_2), mu_1 - mu_2)

    @BEYOND
    def per_sample(self, mu_1: Array, s_1: Array, mu_2: Array, s_2: Array) -> Array:
        _, pull = self.pull(mu_1, mu_2, s_2)
        return total(excess(s_1 - s_2) + (mu_1 - mu_2) * pull) / 2

    def d_mu_1(self, mu_1: Array, mu_2: Array, s_2: Array) -> Rule:
        return term(VECTOR, self.pull(mu_1, mu_2, s_2))

    def d_mu_2(self, mu_1: Array, mu_2: Array, s_2: Array) -> Rule:
        return term(VECTOR, self.pull(mu_1, mu_2, s_2), coef=-1)

    def d_s_1(self, s_1: Array, s_2: Array) -> Rule:
        return term(VECTOR, ("exp(s_1 - s_2) - 1", growth(s_1 - s_2)), coef=0.5)

    def d_s_2(self, mu_1: Array, s_1: Array, mu_2: Array, s_2: Array) -> Sequence[Rule]:
        wider = self.d_s_1(s_1, s_2)
        distance = ("mu_1 - mu_2", mu_1 - mu_2)
        return [
            replace(wider, coef=-wider.coef),
            term(f"... i, {VECTOR}", distance, self.pull(mu_1, mu_2, s_2), coef=-0.5),
        ]

    def parts(self) -> Mapping[str, tuple[Op, Mapping[str, str]]]:
        return {
            "mu_1 - mu_2": (Subtract(), {"x": "mu_1", "y": "mu_2"}),
            "-s_2": (Multiple(-1.0), {"x": "s_2"}),
            "exp(-s_2)": (Exp(), {"x": "-s_2"}),
            "(mu_1 - mu_2)*exp(-s_2)": (Hadamard(), {"x": "mu_1 - mu_2", "y": "exp(-s_2)"}),
            "s_1 - s_2": (Subtract(), {"x": "s_1", "y": "s_2"}),
            "exp(s_1 - s_2)": (Exp(), {"x": "s_1 - s_2"}),
            "exp(s_1 - s_2) - 1": (Shift(-1.0), {"x": "exp(s_1 - s_2)"}),
        }


@BEYOND
def growth(u: Array) -> Array:
    """exp(u) - 1."""
    return as_array(np.expm1(u))


@BEYOND
def excess(u: Array) -> Array:
    """exp(u) - 1 - u, by its Taylor series near 0, where the difference cancels."""
    near = bounded(u, 0.5)
    series = np.zeros_like(near)
    for n in reversed(range(2, 17)):
        series = series * near + 1 / math.factorial(n)
    return np.where(abs(u.real) < 0.5, series * near * near, np.expm1(u) - u)


OPS: tuple[Op, ...] = (GaussianNLL(), StandardNormalKL(), GaussianKL())
