"""Op: declared labels, a forward pass, and one delta-einsum rule per input.

A new op is one class: `inputs` and `output` declare the labels (`...` stands for leading batch axes, or for all axes
of an elementwise op), `compute` is the forward pass, and `d_x` is the rule of the input x. A rule names, among its
parameters, the inputs it needs, and the output by its `symbol`, and returns one `term` or a list of terms.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from inspect import Signature as Parameters
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike

from jacobians.binding import Binding, OpenShape, Shape, Signature, declared_signature, label_sizes
from jacobians.errors import InputError, unknown
from jacobians.jacobian import Jacobian
from jacobians.options import check_options, own_signature
from jacobians.rules import Rule, rule_term, term
from jacobians.terms import Array

if TYPE_CHECKING:
    from jacobians.plans import Plan
    from jacobians.verification import Verification

__all__ = ["Op", "OpenShape", "Rule", "Shape", "Signature", "term"]


class Op:
    """One operation of a network: values forward, and its full Jacobian by every input."""

    #: What the op is called on the command line and in `jac.OPS`; the class name in snake_case where not given.
    name: ClassVar[str] = ""
    #: The labels of each input, in the order of the forward pass: {"x": "... i", "W": "o i"}.
    inputs: ClassVar[Mapping[str, str]] = {}
    #: The labels of the output.
    output: ClassVar[str] = ""
    #: The letter of the output in formulas.
    symbol: ClassVar[str] = "y"
    #: Inputs without a derivative: class indices, masks; with the reason that an error gives.
    data: ClassVar[Mapping[str, str]] = {}
    #: Inputs that are there only where an option is true: {"b": "bias"}. `compute` and the rules get None without it.
    optional: ClassVar[Mapping[str, str]] = {}
    #: Labels that `...` stands for, in this order.
    letters: ClassVar[str] = "nmrst"
    #: The interval that `sample` draws each input from (of all inputs, or of some of them).
    domain: ClassVar[tuple[float, float] | Mapping[str, tuple[float, float]]] = (-2.0, 2.0)
    #: Inputs that are probabilities over the last axis in practice: random points of networks make them sum to 1.
    distributions: ClassVar[tuple[str, ...]] = ()
    #: Factors of the rules that depend on no input: {"1/size"}.
    constants: ClassVar[Collection[str]] = ()
    #: False where the forward pass is not complex differentiable as written (abs, max, comparisons).
    analytic: ClassVar[bool] = True

    __slots__ = ("__dict__", "__weakref__", "_known")
    __signature__: ClassVar[Parameters]
    _known: Binding | None
    _rules: ClassVar[dict[str, tuple[Callable[..., Any], tuple[str, ...]]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Name the class and collect its rules."""
        super().__init_subclass__(**kwargs)
        if "name" not in vars(cls):
            cls.name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", cls.__name__).lower()
        own = {key[2:]: (rule, _parameters(rule)) for key, rule in vars(cls).items() if key.startswith("d_")}
        cls._rules = {**cls._rules, **own}
        cls.__signature__ = own_signature(cls)  # not that of __new__

    def __new__(cls, *args: Any, **options: Any) -> Self:
        """Refuse options by names that the class does not have, and anything but True or False for a switch."""
        check_options(cls, args, options)
        op = super().__new__(cls)
        object.__setattr__(op, "_known", None)
        return op

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an option, and forget what followed from the options before."""
        object.__setattr__(self, name, value)
        object.__setattr__(self, "_known", None)

    def __getstate__(self) -> dict[str, Any]:
        """The options: all that a copy needs."""
        return vars(self)

    # ----- what a subclass writes -----

    def compute(self, *args: Any, **kwargs: Any) -> Array:
        """The forward pass on arrays that were checked; written for float and, where `analytic`, complex arrays."""
        raise NotImplementedError

    def signature(self, shapes: Mapping[str, OpenShape]) -> Signature:
        """The labels for inputs of these shapes; sizes may be open (None) while a model is built."""
        return declared_signature(self, shapes)

    def check(self, *args: Any, **kwargs: Any) -> None:
        """Refuse values (not shapes) that the op is not defined for, with an InputError."""

    def kink_distance(self, *args: Any, **kwargs: Any) -> float:
        """How far the point is from the nearest kink, in the units of the input; inf where there is none."""
        return float("inf")

    def rule(self, wrt: str, known: Callable[[str], Any]) -> Rule | Sequence[Rule]:
        """The terms of the Jacobian by `wrt`; `known` gives an input or, by its symbol, the output."""
        method, needs = self._rules[wrt]
        result: Rule | Sequence[Rule] = method(self, *(known(name) for name in needs))
        return result

    def parts(self) -> Mapping[str, tuple[Op, Mapping[str, str]]]:
        """How factors come about that are neither inputs nor the output: what a second derivative has to know.

        Name -> (op, what it takes: {its own input: one of mine, my output's symbol, or another part}).
        """
        return {}

    def printed(self, J: Jacobian) -> Jacobian:
        """The form that prints, of the first or of the second derivative, where it is shorter at this point."""
        return J

    @classmethod
    def variants(cls) -> Sequence[Op]:
        """Instances that together use every option: what the contract test runs; the first is the default."""
        return (cls(),)

    def example_shapes(self, sizes: Sequence[int]) -> Sequence[Mapping[str, Shape]]:
        """Shapes of all inputs to try the op with, made from these pairwise different sizes; the first is the plainest.

        Where the labels begin with `...`: without batch axes, with one, with two.
        """
        specs = self.declared()
        declared = list(dict.fromkeys(a for spec in specs.values() for a in spec.split() if a != "..."))
        size = dict(zip(declared, sizes, strict=False))
        spare = tuple(sizes[len(declared) : len(declared) + 2])
        batches: tuple[Shape, ...] = ((),)
        if any("..." in s for s in specs.values()):
            batches = ((), spare[:1], spare) if declared else (spare[:1], spare)
        return [
            {
                name: tuple(n for a in spec.split() for n in (batch if a == "..." else (size[a],)))
                for name, spec in specs.items()
            }
            for batch in batches
        ]

    def sample(self, rng: np.random.Generator, shapes: Mapping[str, Shape]) -> dict[str, Array]:
        """Random inputs of these shapes that the op is defined for."""
        return {name: np.asarray(rng.uniform(*self.interval(name), shape)) for name, shape in shapes.items()}

    def interval(self, name: str) -> tuple[float, float]:
        """Where `sample` draws this input from."""
        if isinstance(self.domain, Mapping):
            return self.domain.get(name, (-2.0, 2.0))
        return self.domain

    # ----- what a user calls -----

    def forward(self, **inputs: ArrayLike) -> Array:
        """The value of the op.

        Raises:
            InputError: a missing or unknown input, an array that does not hold real numbers.
            ShapeError: a rank or size that does not fit.
        """
        arrays, _, _ = self._bind(inputs)
        return np.asarray(self.compute(**arrays))

    def jacobian(self, wrt: str, /, **inputs: ArrayLike) -> Jacobian:
        """The full Jacobian by the input `wrt`, shape output.shape + input.shape, as a sum of delta-einsum terms.

        Raises:
            InputError: as `forward`; also where `wrt` is no differentiable input.
            ShapeError: a rank or size that does not fit.
        """
        self.require_input(wrt)
        arrays, signature, sizes = self._bind(inputs)
        return self._jacobian(wrt, arrays, signature, sizes)

    def jacobians(self, **inputs: ArrayLike) -> dict[str, Jacobian]:
        """The Jacobian by every differentiable input.

        Raises:
            InputError, ShapeError: as `forward`.
        """
        arrays, signature, sizes = self._bind(inputs)
        return {name: self._jacobian(name, arrays, signature, sizes) for name in self.differentiable()}

    def hessian(self, wrt: str, other: str | None = None, /, **inputs: ArrayLike) -> Jacobian:
        """The Jacobian of the Jacobian by `wrt`, by the input `other` (default: by `wrt` again).

        Its shape is output.shape + wrt.shape | other.shape; for a scalar output this is the Hessian.

        Raises:
            InputError: as `jacobian`; also where nothing says how a factor of the Jacobian depends on `other`.
            ShapeError: a rank or size that does not fit.
        """
        from jacobians.second import split

        by = wrt if other is None else other
        for name in (wrt, by):
            self.require_input(name)
        arrays, signature, sizes = self._bind(inputs)
        D = self._second(wrt, by, arrays, signature, sizes)
        return split(D, len(D.shape) - arrays[by].ndim).lettered()

    def plan(self, wrt: str | Sequence[str] | None = None, /, *, order: str = "best", **shapes: Shape) -> Plan:
        """The Jacobians of this op alone as one straight-line function of inputs of these shapes.

        `Linear().plan("W", x=(3,), W=(2, 3), b=(2,))({"x": ..., "W": ..., "b": ...})` gives {("a", "W"): array}.

        Raises:
            InputError: an unknown input, a shape that is missing.
            ShapeError: a rank or size that does not fit.
        """
        from jacobians.plans.asked import plan_of_op

        return plan_of_op(self, wrt, order, shapes)

    def verify(self, wrt: str, /, **inputs: ArrayLike) -> Verification:
        """Compare the Jacobian by `wrt` with a derivative made from the forward pass alone.

        The witness is the complex step, or central differences where the op is not analytic; print the result to see
        the entry that differs most.

        Raises:
            InputError, ShapeError: as `jacobian`.
        """
        from jacobians.verification import verify

        self.require_input(wrt)
        arrays, _, _ = self._bind(inputs)
        return verify(self, wrt, arrays)

    def out_shape(self, **shapes: Shape) -> Shape:
        """The shape of the output for inputs of these shapes.

        Raises:
            ShapeError: a rank or size that does not fit.
        """
        signature, sizes = self.sizes(shapes)
        return tuple(sizes[a] for a in signature.output)

    def near_kink(self, distance: float, **inputs: ArrayLike) -> bool:
        """True where the point lies within `distance` of a kink, so that differences across it mislead.

        Raises:
            InputError, ShapeError: as `forward`.
        """
        arrays, _, _ = self._bind(inputs)
        return self.kink_distance(**arrays) <= distance

    def differentiable(self) -> tuple[str, ...]:
        """The inputs that have a Jacobian."""
        return tuple(name for name in self.input_names() if name not in self.data)

    def require_input(self, wrt: str) -> None:
        """Raise an InputError where `wrt` is no input that has a Jacobian."""
        if wrt in self.data:
            raise InputError(f"{self.label}: no Jacobian by {wrt}: {self.data[wrt]}")
        if wrt not in self._binding.inputs:
            raise unknown(f"{self.label}.jacobian", "input", wrt, self.differentiable())

    def input_names(self) -> tuple[str, ...]:
        """The inputs in the order of the forward pass."""
        return tuple(self.declared())

    def declared(self) -> Mapping[str, str]:
        """The labels of each input that this instance takes: all but the optional ones that are switched off."""
        return {k: labels for k, labels in self.inputs.items() if k not in self.optional or self._has(k)}

    def _has(self, optional: str) -> bool:
        return bool(getattr(self, self.optional[optional]))

    def inner_names(self) -> tuple[str, ...]:
        """Names of values inside the op that its factors may have, beside inputs and output."""
        return ()

    @property
    def label(self) -> str:
        """What error messages call this op."""
        return type(self).__name__

    # ----- how it works -----

    def _jacobian(self, wrt: str, arrays: dict[str, Array], signature: Signature, sizes: dict[str, int]) -> Jacobian:
        def known(name: str) -> Any:
            if name in arrays:
                return arrays[name]
            return None if name in self.optional else self.compute(**arrays)

        rules = self.rule(wrt, known)
        where = f"{self.label}.d_{wrt}"
        terms = [rule_term(where, r, signature.axes, sizes) for r in ((rules,) if isinstance(rules, Rule) else rules)]
        return Jacobian(terms, tuple([sizes[a] for a in signature.output]), arrays[wrt].shape)

    def _second(
        self, wrt: str, other: str, arrays: dict[str, Array], signature: Signature, sizes: dict[str, int]
    ) -> Jacobian:
        """The second derivative, output | wrt, other."""
        from jacobians.second import second_derivative

        textbook = Op._jacobian(self, wrt, arrays, signature, sizes)  # the rule, where the op holds another form
        D = second_derivative(self, textbook, wrt, other, arrays)
        return Jacobian(D.terms, D.out_shape, D.in_shape, lambda: self.printed(D.shown))

    @property
    def _binding(self) -> Binding:
        known = self._known
        if known is None:
            known = Binding(self)
            object.__setattr__(self, "_known", known)
        return known

    def _bind(self, inputs: Mapping[str, ArrayLike]) -> tuple[dict[str, Array], Signature, dict[str, int]]:
        """Checked arrays, their labels, and the size of every label."""
        return self._binding.bind(self, inputs)

    def sizes(self, shapes: Mapping[str, Shape]) -> tuple[Signature, dict[str, int]]:
        """The signature and the size of every label, or a ShapeError that says what fixed what."""
        signature = self.signature(shapes)
        return signature, label_sizes(self.label, signature, shapes)

    def __repr__(self) -> str:
        """`LeakyReLU(slope=0.01)`."""
        options = ", ".join(f"{k}={v!r}" for k, v in vars(self).items() if not k.startswith("_"))
        return f"{type(self).__name__}({options})"


def _parameters(rule: Callable[..., Any]) -> tuple[str, ...]:
    """The names of a rule's parameters without self: the values it needs."""
    code = rule.__code__
    return code.co_varnames[1 : code.co_argcount]
