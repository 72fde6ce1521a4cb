"""Losses of preferences and of policies: what a sigmoid or a softmax says about a choice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from jacobians.errors import InputError
from jacobians.jacobian import Jacobian
from jacobians.op import Op, Rule, Shape, Signature, term
from jacobians.ops.activations import Sigmoid
from jacobians.ops.elementwise import Multiple, real_option
from jacobians.ops.labels import entry_at
from jacobians.ops.likelihood import check_classes, of_class, one_hot
from jacobians.ops.logits import CrossEntropyIndex, FromLogits, log_softmax, softmax_and_rest
from jacobians.ops.losses import Loss
from jacobians.ops.pointwise import Subtract
from jacobians.ops.softmax import Softmax
from jacobians.special import exact_sum, sigmoid, softplus
from jacobians.terms import Array, Factor, as_array, build_term

EACH = "... -> ... | ..."


class OfNumbers(Loss):
    """A loss whose samples are single numbers: every axis of its inputs counts samples."""

    def weight(self, shape: Sequence[int]) -> float:
        return super().weight((*shape, 1))


class BradleyTerry(OfNumbers):
    """L = -log sigmoid(r_w - r_l): the reward r_w of the winner against the reward r_l of the loser.

    Shapes:    r_w (...), r_l (...) -> L (), the mean over samples; reduction="none": L (...)
    Formula:   L = log(1 + exp(r_l - r_w))
    Jacobians: dL/dr_w = -1/2 sigmoid(r_l - r_w)_n   (| n)
               dL/dr_l = 1/2 sigmoid(r_l - r_w)_n    (| n)    for the mean over 2 samples
    Source:    Ouyang et al., "Training Language Models to Follow Instructions with Human Feedback" (2022), eq. 1
    """

    inputs = {"r_w": "...", "r_l": "..."}

    def per_sample(self, r_w: Array, r_l: Array) -> Array:
        return softplus(r_l - r_w)

    def d_r_w(self, r_w: Array, r_l: Array) -> Rule:
        return term(EACH, ("sigmoid(r_l - r_w)", sigmoid(r_l - r_w)), coef=-1)

    def d_r_l(self, r_w: Array, r_l: Array) -> Rule:
        return term(EACH, ("sigmoid(r_l - r_w)", sigmoid(r_l - r_w)))

    def parts(self) -> Mapping[str, tuple[Op, Mapping[str, str]]]:
        return {
            "r_l - r_w": (Subtract(), {"x": "r_l", "y": "r_w"}),
            "sigmoid(r_l - r_w)": (Sigmoid(), {"x": "r_l - r_w"}),
        }


class DPO(OfNumbers):
    """L = -log sigmoid(h) with h = beta ((logp_w - ref_w) - (logp_l - ref_l)), from log-probabilities of whole answers.

    logp_w and logp_l are those of the policy for the preferred and the other answer, ref_w and ref_l those of the
    reference. With smoothing e, a label is wrong with probability e: L = -(1 - e) log sigmoid(h) - e log sigmoid(-h).

    Shapes:    logp_w (...), logp_l (...), ref_w (...), ref_l (...) -> L (), the mean; reduction="none": L (...)
    Formula:   L = -log(1 / (1 + exp(-h))) with h = beta ((logp_w - ref_w) - (logp_l - ref_l))
    Jacobians: dL/dlogp_w = -1/20 sigmoid(-h)_n   (| n)
               dL/dlogp_l = 1/20 sigmoid(-h)_n    (| n)
               dL/dref_w = 1/20 sigmoid(-h)_n     (| n)
               dL/dref_l = -1/20 sigmoid(-h)_n    (| n)    for beta=0.1, smoothing=0 and the mean over 2 samples
    Source:    Rafailov et al., "Direct Preference Optimization" (2023), eq. 7; smoothing: Mitchell, "A Note on DPO with
               Noisy Preferences" (2023)
    """

    name = "dpo"
    inputs = {"logp_w": "...", "logp_l": "...", "ref_w": "...", "ref_l": "..."}

    def __init__(self, beta: float = 0.1, smoothing: float = 0.0, reduction: str = "mean") -> None:
        """Take the weight of the reference, the probability of a wrong label, the reduction over samples."""
        self.beta = real_option(self.label, "beta", beta)
        self.smoothing = real_option(self.label, "smoothing", smoothing)
        if self.beta <= 0:
            raise InputError(f"{self.label}: expected a beta > 0, got {beta!r}")
        if not 0 <= self.smoothing <= 0.5:
            raise InputError(f"{self.label}: expected a smoothing from 0 to 0.5, got {smoothing!r}")
        super().__init__(reduction)

    def h(self, logp_w: Array, logp_l: Array, ref_w: Array, ref_l: Array) -> Array:
        """The difference of the implied rewards; what single sums round off is added in the end."""
        with np.errstate(invalid="ignore"):  # inf - inf is NaN, and that passes on
            w, low_w = exact_sum(logp_w, -ref_w)
            l, low_l = exact_sum(ref_l, -logp_l)
            gap, low = exact_sum(w, l)
            rounded_off = (low_w + low_l) + low
        return as_array(self.beta * (gap + np.where(np.isfinite(rounded_off), rounded_off, 0)))

    def per_sample(self, **inputs: Array) -> Array:
        h = self.h(**inputs)
        loss = (1 - self.smoothing) * softplus(-h)
        return loss + self.smoothing * softplus(h) if self.smoothing else loss

    def d_logp_w(self, logp_w: Array, logp_l: Array, ref_w: Array, ref_l: Array) -> Sequence[Rule]:
        h = self.h(logp_w, logp_l, ref_w, ref_l)
        wrong = term(EACH, ("sigmoid(-h)", sigmoid(-h)), coef=-self.beta * (1 - self.smoothing))
        right = term(EACH, ("sigmoid(h)", sigmoid(h)), coef=self.beta * self.smoothing)
        return [wrong, right] if self.smoothing else [wrong]

    def d_ref_l(self, logp_w: Array, logp_l: Array, ref_w: Array, ref_l: Array) -> Sequence[Rule]:
        return self.d_logp_w(logp_w, logp_l, ref_w, ref_l)

    def d_logp_l(self, logp_w: Array, logp_l: Array, ref_w: Array, ref_l: Array) -> Sequence[Rule]:
        return [replace(r, coef=-r.coef) for r in self.d_logp_w(logp_w, logp_l, ref_w, ref_l)]

    def d_ref_w(self, logp_w: Array, logp_l: Array, ref_w: Array, ref_l: Array) -> Sequence[Rule]:
        return self.d_logp_l(logp_w, logp_l, ref_w, ref_l)

    def inner_names(self) -> tuple[str, ...]:
        return ("h",)

    def parts(self) -> Mapping[str, tuple[Op, Mapping[str, str]]]:
        return {
            "logp_w - ref_w": (Subtract(), {"x": "logp_w", "y": "ref_w"}),
            "logp_l - ref_l": (Subtract(), {"x": "logp_l", "y": "ref_l"}),
            "gap": (Subtract(), {"x": "logp_w - ref_w", "y": "logp_l - ref_l"}),
            "h": (Multiple(self.beta), {"x": "gap"}),
            "-h": (Multiple(-self.beta), {"x": "gap"}),
            "sigmoid(h)": (Sigmoid(), {"x": "h"}),
            "sigmoid(-h)": (Sigmoid(), {"x": "-h"}),
        }

    @classmethod
    def variants(cls) -> Sequence[Op]:
        return (cls(), cls(beta=0.7, smoothing=0.2, reduction="sum"), cls(smoothing=0.3, reduction="none"))


ACTIONS = {"a": "actions are indices, not differentiable"}


def taken(a: Array, count: int) -> tuple[str, Array]:
    """The 0/1 pattern that is 1 at each sample's action, with its name."""
    return f"[{{{a.ndim}}} = {entry_at('a', a.ndim)}]", one_hot(a, count)[1]


def random_actions(op: Op, rng: np.random.Generator, shapes: Mapping[str, Shape]) -> Array:
    """An action of each sample."""
    return np.asarray(rng.integers(0, shapes["z"][-1], shapes["a"]))


class LogProbability(Op):
    """q = log softmax(z)_a, the log-probability log pi(a | z) of the action a under a softmax policy with logits z.

    Shapes:    z (... i), a (...) integers 0 <= a < i -> q (...)
    Formula:   q = sum_i [i = a] log(exp(z_i) / sum_j exp(z_j))
    Jacobians: dq/dz = [i = a] - softmax(z)_i   (| i)
    Source:    Sutton, Barto, "Reinforcement Learning" (2018), eq. 13.2 and exercise 13.3
    """

    inputs = {"z": "... i", "a": "..."}
    output = "..."
    symbol = "q"
    data = ACTIONS

    def check(self, **inputs: Array) -> None:
        check_classes(f"{self.label}.a", inputs["a"], inputs["z"].shape[-1])

    def compute(self, z: Array, a: Array) -> Array:
        return of_class(log_softmax(z), a)

    def d_z(self, z: Array, a: Array) -> Sequence[Rule]:
        each = "... i -> ... | ... i"
        return [term(each, taken(a, z.shape[-1])), term(each, ("softmax(z)", softmax_and_rest(z)[0]), coef=-1)]

    def _jacobian(self, wrt: str, arrays: dict[str, Array], signature: Signature, sizes: dict[str, int]) -> Jacobian:
        """Held as one factor, without the cancellation of 1 - p."""
        textbook = super()._jacobian(wrt, arrays, signature, sizes)
        slope = CrossEntropyIndex().slope(z=arrays["z"], y=arrays["a"])
        held = Factor(slope, signature.inputs["z"], "dq/dz")
        exact = build_term(f"{self.label}.d_z", [held], signature.output, signature.inputs["z"], {}, -1.0)
        return Jacobian((exact,), textbook.out_shape, textbook.in_shape, lambda: textbook)

    def parts(self) -> Mapping[str, tuple[Op, Mapping[str, str]]]:
        return {"softmax(z)": (Softmax(), {"x": "z"})}

    def sample(self, rng: np.random.Generator, shapes: Mapping[str, Shape]) -> dict[str, Array]:
        return {**super().sample(rng, shapes), "a": random_actions(self, rng, shapes)}


class PolicyGradient(FromLogits):
    """L = -A log pi(a | z): the surrogate whose gradient is that of REINFORCE, with advantage A and action a.

    The policy is pi = softmax(z). A is an input like others, so there is a Jacobian by it; in the policy gradient it is
    held fixed.

    Shapes:    z (... i), a (...) integers 0 <= a < i, A (...) -> L (), the mean; reduction="none": L (...)
    Formula:   L = -A q with q = sum_i [i = a] log(exp(z_i) / sum_j exp(z_j))
    Jacobians: dL/dz = A softmax(z)_i - A [i = a]   (| i)
               dL/dA = -q                           (|)    all times 1/N for the mean over N samples
    Source:    Williams, "Simple Statistical Gradient-Following Algorithms" (1992); Sutton, Barto (2018), sec. 13.3-13.4
    """

    inputs = {"z": "... i", "a": "...", "A": "..."}
    data = ACTIONS

    def check(self, **inputs: Array) -> None:
        check_classes(f"{self.label}.a", inputs["a"], inputs["z"].shape[-1])

    def per_sample(self, z: Array, a: Array, A: Array) -> Array:
        return -A * of_class(log_softmax(z), a)

    def slope(self, **inputs: Array) -> Array:
        return inputs["A"][..., None] * CrossEntropyIndex().slope(z=inputs["z"], y=inputs["a"])

    def d_z(self, z: Array, a: Array, A: Array) -> Sequence[Rule]:
        each, advantage = "..., ... i -> ... | ... i", ("A", A)
        return [
            term(each, advantage, ("softmax(z)", softmax_and_rest(z)[0])),
            term(each, advantage, taken(a, z.shape[-1]), coef=-1),
        ]

    def d_A(self, z: Array, a: Array) -> Rule:
        return term(EACH, ("q", of_class(log_softmax(z), a)), coef=-1)

    def inner_names(self) -> tuple[str, ...]:
        return ("q",)

    def parts(self) -> Mapping[str, tuple[Op, Mapping[str, str]]]:
        return {"softmax(z)": (Softmax(), {"x": "z"}), "q": (LogProbability(), {"z": "z", "a": "a"})}

    def sample(self, rng: np.random.Generator, shapes: Mapping[str, Shape]) -> dict[str, Array]:
        return {**super().sample(rng, shapes), "a": random_actions(self, rng, shapes)}


OPS: tuple[Op, ...] = (BradleyTerry(), DPO(), LogProbability(), PolicyGradient())
