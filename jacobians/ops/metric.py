"""Losses of distances between embeddings, of a pair or of a triplet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

import numpy as np

from jacobians.errors import InputError, shape_text
from jacobians.op import Op, Rule, Shape, term
from jacobians.ops.elementwise import Multiple, Shift, real_option
from jacobians.ops.labels import entry_at
from jacobians.ops.losses import Loss, first_true
from jacobians.ops.norms import Norm, Normalize, SquaredNorm
from jacobians.ops.pointwise import Subtract
from jacobians.ops.rectifiers import ReLU
from jacobians.special import positive_part
from jacobians.terms import Array, as_array

VECTOR = "... i -> ... | ... i"


def norm(d: Array) -> Array:
    """The length of each vector."""
    return Norm(-1).compute(d)


def direction(d: Array) -> Array:
    """Each vector divided by its length; 0 for the vector 0, whose factor is 0 wherever its Jacobian is given."""
    zero = np.all(d == 0, axis=-1, keepdims=True)
    return np.where(zero, 0, Normalize(-1).compute(np.where(zero, 1, d)))


def refuse(where: str, bad: Array, expected: str, got: str, why: str) -> None:
    """An InputError for the first sample where `bad` holds."""
    if bad.any():
        at = first_true(bad)
        place = f" at sample {shape_text(at)}" if at else ""
        raise InputError(f"{where}: expected {expected}, got {got}{place}; {why}")


def at_least_zero(where: str, name: str, value: float) -> float:
    """An option that is a finite number and not negative."""
    if real_option(where, name, value) < 0:
        raise InputError(f"{where}: expected {name} >= 0, got {value!r}")
    return float(value)


class TripletLoss(Loss):
    """L = max(0, norm(a - p) - norm(a - n) + margin) of anchor a, positive p and negative n.

    squared=True squares both norms. At the kink the derivative is taken as 0, as where the hinge is off. Where it is
    on, a distance of 0 has no derivative: asking for that Jacobian is an error; with squares there is one.

    Shapes:    a (... i), p (... i), n (... i) -> L (), the mean over samples; reduction="none": L (...)
    Formula:   L = max(0, norm(a - p) - norm(a - n) + margin)
    Jacobians: dL/da = [norm(a - p) + 1 > norm(a - n)] normalize(a - p)_i
                       - [norm(a - p) + 1 > norm(a - n)] normalize(a - n)_i   (| i)
               dL/dp = -[norm(a - p) + 1 > norm(a - n)] normalize(a - p)_i    (| i)
               dL/dn = [norm(a - p) + 1 > norm(a - n)] normalize(a - n)_i     (| i)
               for margin=1; all times 1/N for the mean over N samples
    Source:    Schroff, Kalenichenko, Philbin, "FaceNet" (2015), eq. 2 (squared); Jacobians: own derivation
    """

    inputs = {"a": "... i", "p": "... i", "n": "... i"}
    letters = "mrsto"  # n is an input
    analytic = False

    def __init__(self, margin: float = 1.0, squared: bool = False, reduction: str = "mean") -> None:
        """Take the margin, whether distances are squared, and the reduction over samples."""
        self.margin = at_least_zero(self.label, "margin", margin)
        self.squared = squared
        super().__init__(reduction)

    def distance(self, d: Array) -> Array:
        """The norm, or its square."""
        return SquaredNorm(-1).compute(d) if self.squared else norm(d)

    def gap(self, a: Array, p: Array, n: Array) -> Array:
        """What the hinge is taken of."""
        return self.distance(a - p) - self.distance(a - n) + self.margin

    def per_sample(self, a: Array, p: Array, n: Array) -> Array:
        return np.maximum(0, self.gap(a, p, n))

    def active(self, a: Array, p: Array, n: Array) -> tuple[str, Array]:
        """The 0/1 pattern of the samples whose hinge is on."""
        square = "^2" if self.squared else ""
        to_p, to_n = (f"norm({entry_at('a', a.ndim - 1)} - {entry_at(x, a.ndim - 1)}){square}" for x in "pn")
        margin = f" + {self.margin:g}" if self.margin else ""
        return f"[{to_p}{margin} > {to_n}]", as_array(self.gap(a, p, n) > 0)

    def d_a(self, a: Array, p: Array, n: Array) -> Sequence[Rule]:
        if not self.squared:
            away, near = self.d_p(a, p, n), self.d_n(a, p, n)
            return [replace(away, coef=-away.coef), replace(near, coef=-near.coef)]
        on = self.active(a, p, n)
        return [term(f"..., {VECTOR}", on, ("n", n), coef=2), term(f"..., {VECTOR}", on, ("p", p), coef=-2)]

    def d_p(self, a: Array, p: Array, n: Array) -> Rule:
        return self.slope("p", a - p, self.active(a, p, n), -1)

    def d_n(self, a: Array, p: Array, n: Array) -> Rule:
        return self.slope("n", a - n, self.active(a, p, n), 1)

    def slope(self, name: str, d: Array, on: tuple[str, Array], sign: int) -> Rule:
        """The derivative by p or n, at d = a - p or a - n."""
        if self.squared:
            return term(f"..., {VECTOR}", on, (f"a - {name}", d), coef=2 * sign)
        why = "a distance has no derivative at 0 where the hinge is on; squared=True has"
        refuse(f"{self.label}.{name}", on[1] & np.all(d == 0, axis=-1), f"{name} != a", f"{name} = a", why)
        return term(f"..., {VECTOR}", on, (f"normalize(a - {name})", direction(d)), coef=sign)

    def parts(self) -> Mapping[str, tuple[Op, Mapping[str, str]]]:
        differences: dict[str, tuple[Op, Mapping[str, str]]] = {
            f"a - {x}": (Subtract(), {"x": "a", "y": x}) for x in "pn"
        }
        return differences | {f"normalize(a - {x})": (Normalize(-1), {"x": f"a - {x}"}) for x in "pn"}

    def kink_distance(self, **inputs: Array) -> float:
        """How far the gap is from 0 for its steepness; and without squares, the distances themselves."""
        to_p, to_n = (norm(inputs["a"] - inputs[x]) for x in "pn")
        steepness = 2 * (to_p + to_n) if self.squared else as_array(2.0)
        hinge = np.min(np.abs(self.gap(**inputs)) / np.where(steepness == 0, 1, steepness))
        return float(hinge if self.squared else min(hinge, to_p.min(), to_n.min()))

    def sample(self, rng: np.random.Generator, shapes: Mapping[str, Shape]) -> dict[str, Array]:
        """Random vectors; where no hinge is on, p and n change places, and at least one is."""
        drawn = super().sample(rng, shapes)
        return drawn if (self.gap(**drawn) > 0).any() else {**drawn, "p": drawn["n"], "n": drawn["p"]}

    @classmethod
    def variants(cls) -> Sequence[Op]:
        return (cls(), cls(margin=0.3, squared=True, reduction="sum"), cls(margin=0, reduction="none"))


class Pair(Loss):
    """A loss of two vectors and a label t, which is data: one value for similar pairs, another for dissimilar ones."""

    inputs = {"x": "... i", "y": "... i", "t": "..."}
    #: The label of a similar pair, that of a dissimilar one.
    similar: ClassVar[int]
    dissimilar: ClassVar[int]

    def check(self, **inputs: Array) -> None:
        t = inputs["t"]
        if (bad := (t != self.similar) & (t != self.dissimilar)).any():
            at = first_true(bad)
            raise InputError(
                f"{self.label}.t: expected {self.similar} (similar) or {self.dissimilar} (dissimilar), got {t[at]} at "
                f"sample {shape_text(at)}; give every pair one of these two labels"
            )

    def pairs(self, t: Array, label: int) -> tuple[str, Array]:
        """The 0/1 pattern of the pairs with this label."""
        return f"[{entry_at('t', t.ndim)} = {label}]", t == label

    def sample(self, rng: np.random.Generator, shapes: Mapping[str, Shape]) -> dict[str, Array]:
        """Random vectors and labels; the first pair is a similar one, which has no hinge."""
        t = np.asarray(rng.choice([self.similar, self.dissimilar], shapes["t"]))
        t.reshape(-1)[0] = self.similar
        return {**super().sample(rng, shapes), "t": t}


class ContrastiveLoss(Pair):
    """L = (1 - t) D^2 / 2 + t max(0, margin - D)^2 / 2 with D = norm(x - y); t = 0: similar, t = 1: dissimilar.

    The squared hinge has no kink at D = margin. A dissimilar pair has one at D = 0: asking for its Jacobian is an
    error.

    Shapes:    x (... i), y (... i), t (...) 0 or 1 -> L (), the mean over samples; reduction="none": L (...)
    Formula:   L = (1 - t) D^2 / 2 + t max(0, margin - D)^2 / 2 with D = norm(x - y)
    Jacobians: dL/dx = [t = 0] (x - y)_i - [t = 1] relu(1 - D) normalize(x - y)_i    (| i)
               dL/dy = -[t = 0] (x - y)_i + [t = 1] relu(1 - D) normalize(x - y)_i   (| i)
               for margin=1; all times 1/N for the mean over N samples
    Source:    Hadsell, Chopra, LeCun, "Dimensionality Reduction by Learning an Invariant Mapping" (2006), eq. 4
    """

    data = {"t": "labels are 0 or 1"}
    similar, dissimilar = 0, 1
    domain = (-0.6, 0.6)

    def __init__(self, margin: float = 1.0, reduction: str = "mean") -> None:
        """Take the distance from which on a dissimilar pair costs nothing, and the reduction over samples."""
        self.margin = at_least_zero(self.label, "margin", margin)
        super().__init__(reduction)

    def per_sample(self, x: Array, y: Array, t: Array) -> Array:
        D = norm(x - y)
        overlap = positive_part(self.margin - D)
        return np.where(t == self.similar, D * D, overlap * overlap) / 2

    def d_x(self, x: Array, y: Array, t: Array) -> Sequence[Rule]:
        d = x - y
        alike, apart = self.pairs(t, self.similar), self.pairs(t, self.dissimilar)
        overlap = positive_part(self.margin - norm(d))
        equal = apart[1] & (overlap > 0) & np.all(d == 0, axis=-1)
        why = "the distance of a dissimilar pair has no derivative at 0"
        refuse(f"{self.label}.y", equal, "y != x where t = 1", "y = x", why)
        pushed = (f"relu({self.margin:g} - D)", overlap), ("normalize(x - y)", direction(d))
        return [
            term(f"..., {VECTOR}", alike, ("x - y", d)),
            term(f"..., ..., {VECTOR}", apart, *pushed, coef=-1),
        ]

    def d_y(self, x: Array, y: Array, t: Array) -> Sequence[Rule]:
        return [replace(rule, coef=-rule.coef) for rule in self.d_x(x, y, t)]

    def kink_distance(self, **inputs: Array) -> float:
        D = norm(inputs["x"] - inputs["y"])
        return float(np.min(np.where(inputs["t"] == self.dissimilar, D, np.inf)))

    def inner_names(self) -> tuple[str, ...]:
        return ("D",)

    def parts(self) -> Mapping[str, tuple[Op, Mapping[str, str]]]:
        return {
            "x - y": (Subtract(), {"x": "x", "y": "y"}),
            "normalize(x - y)": (Normalize(-1), {"x": "x - y"}),
            "D": (Norm(-1), {"x": "x - y"}),
            "-D": (Multiple(-1.0), {"x": "D"}),
            f"{self.margin:g} - D": (Shift(self.margin), {"x": "-D"}),
            f"relu({self.margin:g} - D)": (ReLU(), {"x": f"{self.margin:g} - D"}),
        }

    @classmethod
    def variants(cls) -> Sequence[Op]:
        return (cls(), cls(reduction="sum"), cls(margin=0.7, reduction="none"))


OPS: tuple[Op, ...] = (TripletLoss(), ContrastiveLoss())
