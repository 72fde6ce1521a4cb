"""Op: declared labels, a forward pass, and one delta-einsum rule per input.

A new op is one class: `inputs` and `output` declare the labels (`...` stands for leading batch axes, or for all axes
of an elementwise op), `compute` is the forward pass, and `d_x` is the rule of the input x. A rule names, among its
parameters, the inputs it needs, and the output by its `symbol`, and returns one `term` or a list of terms.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from inspect import Signature as Parameters
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike

from jacobians.errors import InputError, ShapeError, labels_text, shape_error, shape_text, unknown
from jacobians.jacobian import Jacobian
from jacobians.options import check_options, own_signature
from jacobians.terms import Array, Factor, Labels, build_term, letters, parse_pattern, real_array

if TYPE_CHECKING:
    from jacobians.verification import Verification

Shape = tuple[int, ...]
OpenShape = tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """One delta-einsum term of a rule; `Op.jacobian` fills in the batch axes and the sizes."""

    pattern: str
    factors: tuple[tuple[str, Array], ...]
    coef: float
    sizes: Mapping[str, int]


def term(pattern: str, *factors: tuple[str, Array], coef: float = 1.0, **sizes: int) -> Rule:
    """One delta-einsum term, `term("... i -> ... o | o i", ("x", x))`; factors are (name in plain notation, array).

    Names are written with the op's own input and output names (`tanh'(x)`, `p`); a network replaces those by its own.
    """
    return Rule(pattern, factors, coef, sizes)


@dataclass(frozen=True, slots=True)
class Signature:
    """The labels of every input and of the output for inputs of given shapes."""

    inputs: Mapping[str, Labels]
    output: Labels
    #: What `...` stands for in the patterns of the rules.
    axes: Labels = ()
    #: The sizes of output labels that no input has.
    sizes: Mapping[str, int] = field(default_factory=dict)


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

    __signature__: ClassVar[Parameters]
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
        return super().__new__(cls)

    # ----- what a subclass writes -----

    def compute(self, *args: Any, **kwargs: Any) -> Array:
        """The forward pass on arrays that were checked; written for float and, where `analytic`, complex arrays."""
        raise NotImplementedError

    def signature(self, shapes: Mapping[str, OpenShape]) -> Signature:
        """The labels for inputs of these shapes; sizes may be open (None) while a model is built."""
        batch = self._batch(shapes)
        inputs = {name: _expand(labels, batch) for name, labels in self.declared().items()}
        return Signature(inputs, _expand(self.output, batch), batch)

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
        if wrt not in self.input_names():
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
        terms = []
        for r in (rules,) if isinstance(rules, Rule) else rules:
            spec, out, inp = parse_pattern(r.pattern, signature.axes)
            spec = spec or ((),) * len(r.factors)  # factors without axes: "-> ... | ..." with the number c
            factors = [
                Factor(v if hasattr(v, "shape") else np.asarray(v), a, name)
                for (name, v), a in zip(r.factors, spec, strict=True)
            ]
            needed = {a: n for a, n in {**sizes, **r.sizes}.items() if a in out or a in inp}
            terms.append(build_term(f"{self.label}.d_{wrt}", factors, out, inp, needed, r.coef))
        return Jacobian(terms, tuple(sizes[a] for a in signature.output), arrays[wrt].shape)

    def _second(
        self, wrt: str, other: str, arrays: dict[str, Array], signature: Signature, sizes: dict[str, int]
    ) -> Jacobian:
        """The second derivative, output | wrt, other."""
        from jacobians.second import second_derivative

        textbook = Op._jacobian(self, wrt, arrays, signature, sizes)  # the rule, where the op holds another form
        D = second_derivative(self, textbook, wrt, other, arrays)
        return Jacobian(D.terms, D.out_shape, D.in_shape, lambda: self.printed(D.shown))

    def _bind(self, inputs: Mapping[str, ArrayLike]) -> tuple[dict[str, Array], Signature, dict[str, int]]:
        """Checked arrays, their labels, and the size of every label."""
        names = self.input_names()
        for name in inputs:
            if name not in names:
                raise unknown(self.label, "input", name, names)
        if missing := [name for name in names if name not in inputs]:
            given = f"{missing[0]}=..."
            raise InputError(f"{self.label}: input {missing[0]} is missing; expected {', '.join(names)}; pass {given}")
        arrays = {name: self._array(name, inputs[name]) for name in names}
        signature, sizes = self.sizes({name: array.shape for name, array in arrays.items()})
        self.check(**arrays)
        return arrays, signature, sizes

    def _array(self, name: str, value: ArrayLike) -> Array:
        """Integers become float64; float32 and float64 stay; everything else is refused."""
        return real_array(f"{self.label}.{name}", value, convert=name not in self.data)

    def sizes(self, shapes: Mapping[str, Shape]) -> tuple[Signature, dict[str, int]]:
        """The signature and the size of every label, or a ShapeError that says what fixed what."""
        signature = self.signature(shapes)
        sizes: dict[str, int] = {}
        for name, labels in signature.inputs.items():
            shape = shapes[name]
            if len(shape) != len(labels) or any(sizes.get(a, n) != n for a, n in zip(labels, shape, strict=True)):
                raise self._misfit(name, signature, shapes)
            if 0 in shape:
                empty = labels[shape.index(0)]
                raise ShapeError(
                    f"{self.label}.{name}: expected {labels_text(labels)} without an empty axis, "
                    f"got {shape_text(shape)}; axis {empty} has size 0"
                )
            for a, n in zip(labels, shape, strict=True):
                if sizes.setdefault(a, n) != n:  # one label twice in an input: a square matrix that is not square
                    raise self._misfit(name, signature, shapes)
        return signature, {**sizes, **signature.sizes}

    def _misfit(self, name: str, signature: Signature, shapes: Mapping[str, Shape]) -> ShapeError:
        """The error for an input that does not fit: the other inputs say what its sizes should be."""
        sizes: dict[str, int] = {}
        by: dict[str, str] = {}
        for other, labels in signature.inputs.items():
            if other != name and len(labels) == len(shapes[other]):
                for a, n in zip(labels, shapes[other], strict=True):
                    sizes.setdefault(a, n)
                    by.setdefault(a, other)
        labels, shape = signature.inputs[name], shapes[name]
        same_rank = len(labels) == len(shape)
        wrong = [a for a, n in zip(labels, shape, strict=True) if sizes.get(a, n) != n] if same_rank else labels
        why = ", ".join(f"{by[a]} fixes {a} = {sizes[a]}" for a in wrong if a in by)
        return shape_error(f"{self.label}.{name}", labels, [sizes.get(a) for a in labels], shape, why)

    def _batch(self, shapes: Mapping[str, OpenShape]) -> Labels:
        """The labels that `...` stands for: as many as the first input with `...` has axes to spare."""
        for name, labels in self.declared().items():
            words = labels.split()
            if "..." in words:
                spare = len(shapes[name]) - (len(words) - 1)
                if spare < 0:
                    raise shape_error(f"{self.label}.{name}", words, [None] * (len(words) - 1), shapes[name])
                return letters(self.letters, spare)
        return ()

    def __repr__(self) -> str:
        """`LeakyReLU(slope=0.01)`."""
        options = ", ".join(f"{k}={v!r}" for k, v in vars(self).items() if not k.startswith("_"))
        return f"{type(self).__name__}({options})"


def _expand(labels: str, batch: Labels) -> Labels:
    return tuple(a for word in labels.split() for a in (batch if word == "..." else (word,)))


def _parameters(rule: Callable[..., Any]) -> tuple[str, ...]:
    """The names of a rule's parameters without self: the values it needs."""
    code = rule.__code__
    return code.co_varnames[1 : code.co_argcount]
