"""Activations with a parameter that is an input: PReLU by its slope, Swish by its beta, softmax by its temperature."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from jacobians.composite import Composite
from jacobians.constructors import delta_einsum
from jacobians.errors import InputError
from jacobians.jacobian import Jacobian
from jacobians.op import Op, OpenShape, Rule, Shape, Signature, term
from jacobians.ops.axis import AlongAxis, first_largest
from jacobians.ops.elementary import Power, Reciprocal
from jacobians.ops.elementwise import require
from jacobians.ops.labels import entry_at, place, whole
from jacobians.ops.softmax import Softmax, exponentials
from jacobians.terms import Array, Labels, as_array, letters


class PReLU(Op):
    """y = x for x > 0, a times x else, with a slope a that is learnt: one for all entries, or one per channel.

    axis=None: one slope, a is a number. axis=k: one slope per value of the k-th axis of x, the channels. At the kink
    x = 0 the derivative by x is taken as a, as that of leaky_relu.

    Shapes:    x (...), a () -> y (...); with axis, a has the label of that axis: x (i j), a (j)
    Formula:   y_i = max(x_i, 0) + a min(x_i, 0)
    Jacobians: dy/dx = δ_ii' [x[i] > 0] + δ_ii' [x[i] <= 0] a   (i | i')
               dy/da = [x[i] <= 0] x_i                          (i |)
    Source:    He, Zhang, Ren, Sun, "Delving Deep into Rectifiers" (2015), eq. 1 and 3
    """

    name = "prelu"
    inputs = {"x": "...", "a": ""}
    output = "..."
    letters = "ijklm"
    analytic = False
    domain = {"a": (-0.5, 0.5)}

    def __init__(self, axis: int | None = None) -> None:
        """Choose one slope, or the axis of x that has a slope for each of its values."""
        if axis is not None and not whole(axis):
            raise InputError(f"{self.label}.axis: expected an integer, or None for one slope, got {axis!r}")
        self.axis = None if axis is None else int(axis)

    def signature(self, shapes: Mapping[str, OpenShape]) -> Signature:
        x = letters(self.letters, len(shapes["x"]))
        return Signature({"x": x, "a": self.channel(x, shapes["x"])}, x, x)

    def channel(self, labels: Labels, shape: OpenShape) -> Labels:
        """The label of the channels, if there are several slopes."""
        return () if self.axis is None else (labels[place(f"{self.label}.x", self.axis, shape)],)

    def slope(self, x: Array, a: Array) -> Array:
        """The slopes, with axes of size 1 where x has others than the channels."""
        if self.axis is None:
            return a
        return a.reshape([-1 if k == self.axis % x.ndim else 1 for k in range(x.ndim)])

    def compute(self, x: Array, a: Array) -> Array:
        return np.where(x <= 0, self.slope(x, a) * x, x)

    def d_x(self, x: Array, a: Array) -> Sequence[Rule]:
        c = " ".join(self.channel(letters(self.letters, x.ndim), x.shape))
        at = entry_at("x", x.ndim)
        return [
            term("... -> ... | ...", (f"[{at} > 0]", x > 0)),
            term(f"..., {c} -> ... | ...", (f"[{at} <= 0]", x <= 0), ("a", a)),
        ]

    def d_a(self, x: Array) -> Rule:
        c = " ".join(self.channel(letters(self.letters, x.ndim), x.shape))
        return term(f"..., ... -> ... | {c}", (f"[{entry_at('x', x.ndim)} <= 0]", x <= 0), ("x", x))

    def kink_distance(self, **inputs: Array) -> float:
        return float(np.min(np.abs(inputs["x"])))

    def example_shapes(self, sizes: Sequence[int]) -> Sequence[Mapping[str, Shape]]:
        n, m, c = sizes[:3]
        if self.axis is None:
            return [{"x": shape, "a": ()} for shape in ((m,), (n, m), ())]
        shapes = ((m,), (n, m), (n, m, c))
        return [{"x": s, "a": (s[self.axis],)} for s in shapes if -len(s) <= self.axis < len(s)]

    def sample(self, rng: np.random.Generator, shapes: Mapping[str, Shape]) -> dict[str, Array]:
        """Random numbers of which the last is positive and the first is negative: the slope counts."""
        drawn = super().sample(rng, shapes)
        flat = drawn["x"].reshape(-1)
        flat[-1] = abs(flat[-1])
        flat[0] = -abs(flat[0])
        return drawn

    @classmethod
    def variants(cls) -> Sequence[Op]:
        return (cls(), cls(axis=-1), cls(axis=0), cls(axis=1))


class Swish(Composite):
    """y = x sigmoid(beta x) with a number beta that is an input; beta = 1 is `silu`.

    Shapes:    x (...), beta () -> y (...)
    Formula:   y_i = x_i sigmoid(z_i) with z = beta x
    Jacobians: dy/dx = δ_ii' sigmoid(z)_i + δ_ii' x_i sigmoid'(z)_i beta   (i | i')   with z = beta x
               dy/dbeta = x_i sigmoid'(z)_i x_i                            (i |)
    Source:    Ramachandran, Zoph, Le, "Searching for Activation Functions" (2017), section 4; Jacobians: own derivation
    """

    inputs = {"x": "...", "beta": ""}
    output = "..."
    letters = "ijklm"

    def equations(self) -> str:
        return "z = beta * x\ny = x * sigmoid(z)"

    def example_shapes(self, sizes: Sequence[int]) -> Sequence[Mapping[str, Shape]]:
        return [{"x": shape, "beta": ()} for shape in (tuple(sizes[:1]), tuple(sizes[:2]), ())]


class TemperatureSoftmax(AlongAxis):
    """p = softmax(x / T) along one axis, with a temperature T > 0 that is an input.

    What prints is held without cancellation: by x as the Jacobian of softmax is where a p_i is close to 1, by T as
    -p_i (x_i - m) / T^2 with the mean m = sum_k p_k x_k.

    Shapes:    x (... i), T () -> p (... i); the axis i may stand anywhere
    Formula:   p_i = exp(x_i / T) / sum_k exp(x_k / T)
    Jacobians: dp/dx = δ_ij p_i 1/T - p_i p_j 1/T                 (i | j)
               dp/dT = -p_i x_i 1/T^2 + Σ_j p_i p_j x_j 1/T^2     (i |)
    Source:    Hinton, Vinyals, Dean, "Distilling the Knowledge in a Neural Network" (2015), eq. 1; Jacobians: own
    """

    inputs = {"x": "... i", "T": ""}
    symbol = "p"
    over_all = False
    domain = {"T": (0.4, 2.0)}

    def signature(self, shapes: Mapping[str, OpenShape]) -> Signature:
        names = self.labels(len(shapes["x"]))
        return Signature({"x": names.x, "T": ()}, names.x, names.batch)

    def example_shapes(self, sizes: Sequence[int]) -> Sequence[Mapping[str, Shape]]:
        return [{**shapes, "T": ()} for shapes in super().example_shapes(sizes)]

    @classmethod
    def variants(cls) -> Sequence[Op]:
        return (cls(), cls(axis=0), cls(axis=1))

    def check(self, x: Array, T: Array) -> None:
        require(f"{self.label}.T", T, T > 0, "> 0", "a small T is close to a maximum, a large one to a mean")

    def exponents(self, x: Array, T: Array) -> Array:
        """x / T, shifted so that rounding does not show: softmax does not see a shift."""
        with np.errstate(invalid="ignore"):  # inf - inf is NaN, and that passes on
            return as_array((x - np.max(x.real, axis=self.axis, keepdims=True)) / T)

    def compute(self, x: Array, T: Array) -> Array:
        return exponentials(self.exponents(x, T), self.axis).probability

    def d_x(self, p: Array, T: Array) -> Sequence[Rule]:
        i, _, j = self.labels(p.ndim).patterns()
        return [
            term(f"{i}, -> {i} | {i}", ("p", p), ("1/T", 1 / T)),
            term(f"{i}, {j}, -> {i} | {j}", ("p", p), ("p", p), ("1/T", 1 / T), coef=-1),
        ]

    def d_T(self, x: Array, T: Array, p: Array) -> Sequence[Rule]:
        i, _, j = self.labels(p.ndim).patterns()
        square = ("1/T^2", (1 / T) * (1 / T))
        return [
            term(f"{i}, {i}, -> {i} |", ("p", p), ("x", x), square, coef=-1),
            term(f"{i}, {j}, {j}, -> {i} |", ("p", p), ("p", p), ("x", x), square),
        ]

    def parts(self) -> Mapping[str, tuple[Op, Mapping[str, str]]]:
        return {"1/T": (Reciprocal(), {"x": "T"}), "1/T^2": (Power(-2), {"x": "T"})}

    def _jacobian(self, wrt: str, arrays: dict[str, Array], signature: Signature, sizes: dict[str, int]) -> Jacobian:
        textbook = super()._jacobian(wrt, arrays, signature, sizes)
        exact = self._exact_by_x(**arrays) if wrt == "x" else self._exact_by_T(**arrays)
        return Jacobian(exact.terms, exact.out_shape, exact.in_shape, lambda: textbook)

    def _exact_by_x(self, x: Array, T: Array) -> Jacobian:
        """The Jacobian of softmax at x / T, times 1 / T."""
        return Softmax(self.axis).jacobian("x", x=self.exponents(x, T)) * float(1 / T)

    def _exact_by_T(self, x: Array, T: Array) -> Jacobian:
        """-p_i (x_i - m) / T^2, the same for a shifted x."""
        i, _, _ = self.labels(x.ndim).patterns()
        z, p = self.exponents(x, T), self.compute(x, T)
        centred = z - np.sum(p * z, axis=self.axis, keepdims=True)
        return delta_einsum(f"{i}, {i}, -> {i} |", ("p", p), ("(x - m)/T", centred), ("1/T", 1 / T), coef=-1)


class Maxout(Op):
    """y_o = max_k (sum_i x_i W_iok + b_ok): the largest of several affine maps, the pieces k.

    Of several largest pieces the first one counts. bias=False leaves b out.

    Shapes:    x (... i), W (i o k), b (o k) -> y (... o)
    Formula:   y_o = max_k z_ok with z_ok = sum_i x_i W_iok + b_ok
    Jacobians: dy/dx = Σ_k [k = argmax(z)[o]] W_iok      (o | i)
               dy/dW = δ_oo' [k = argmax(z)[o]] x_i      (o | i o' k)
               dy/db = δ_oo' [k = argmax(z)[o]]          (o | o' k)
    Source:    Goodfellow, Warde-Farley, Mirza, Courville, Bengio, "Maxout Networks" (2013), section 3
    """

    inputs = {"x": "... i", "W": "i o k", "b": "o k"}
    output = "... o"
    optional = {"b": "bias"}
    analytic = False

    def __init__(self, bias: bool = True) -> None:
        """Choose whether there is a bias."""
        self.bias = bias

    def pieces(self, x: Array, W: Array, b: Array | None) -> Array:
        """All affine maps, (... o k)."""
        z = np.tensordot(x, W, axes=1)
        return as_array(z if b is None else z + b)

    def compute(self, x: Array, W: Array, b: Array | None = None) -> Array:
        return as_array(np.max(self.pieces(x, W, b), axis=-1))

    def winner(self, x: Array, W: Array, b: Array | None) -> tuple[str, Array]:
        """The 0/1 pattern of the piece that is the largest."""
        others = ", ".join(f"{{{n}}}" for n in range(x.ndim))
        return f"[{{{x.ndim}}} = argmax(z)[{others}]]", first_largest(self.pieces(x, W, b), -1)

    def d_x(self, x: Array, W: Array, b: Array | None) -> Rule:
        return term("... o k, i o k -> ... o | ... i", self.winner(x, W, b), ("W", W))

    def d_W(self, x: Array, W: Array, b: Array | None) -> Rule:
        return term("... o k, ... i -> ... o | i o k", self.winner(x, W, b), ("x", x))

    def d_b(self, x: Array, W: Array, b: Array) -> Rule:
        return term("... o k -> ... o | o k", self.winner(x, W, b))

    def inner_names(self) -> tuple[str, ...]:
        return ("z",)

    def example_shapes(self, sizes: Sequence[int]) -> Sequence[Mapping[str, Shape]]:
        """Without a batch axis and with one: of many samples one would always be near a kink."""
        k, o, i, n = sizes[:4]
        rest = {"W": (i, o, k), "b": (o, k)} if self.bias else {"W": (i, o, k)}
        return [{"x": (i,), **rest}, {"x": (n, i), **rest}]

    def kink_distance(self, **inputs: Array) -> float:
        """Half the gap between the two largest pieces, for what an entry of x or W can move a piece by."""
        z = np.sort(self.pieces(inputs["x"], inputs["W"], inputs.get("b")), axis=-1)
        if z.shape[-1] == 1:
            return float("inf")
        steepness = max(1.0, *(float(np.max(np.abs(inputs[name]))) for name in ("x", "W")))
        return float(np.min(z[..., -1] - z[..., -2])) / (2 * steepness)

    @classmethod
    def variants(cls) -> Sequence[Op]:
        return (cls(), cls(bias=False))


OPS: tuple[Op, ...] = (PReLU(), Swish(), TemperatureSoftmax(), Maxout())
