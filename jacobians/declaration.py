"""What an op says of itself: its inputs and their labels, its options, and inputs to try it with."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike

from jacobians.binding import Binding, OpenShape, Shape, Signature, declared_signature, label_sizes, remember
from jacobians.errors import InputError, unknown
from jacobians.options import OwnSignature, check_options
from jacobians.terms import Array


class Declaration:
    """All of an op but its forward pass and its derivatives."""

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
    __signature__: ClassVar[OwnSignature] = OwnSignature()
    _known: Binding | None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Name the class."""
        super().__init_subclass__(**kwargs)
        if "name" not in vars(cls):
            cls.name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", cls.__name__).lower()

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

    def __repr__(self) -> str:
        """`LeakyReLU(slope=0.01)`."""
        options = ", ".join(f"{k}={v!r}" for k, v in vars(self).items() if not k.startswith("_"))
        return f"{type(self).__name__}({options})"

    @property
    def label(self) -> str:
        """What error messages call this op."""
        return type(self).__name__

    # ----- inputs -----

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
        if not self.optional:
            return self.inputs
        return {k: labels for k, labels in self.inputs.items() if k not in self.optional or self._has(k)}

    def _has(self, optional: str) -> bool:
        return bool(getattr(self, self.optional[optional]))

    def inner_names(self) -> tuple[str, ...]:
        """Names of values inside the op that its factors may have, beside inputs and output."""
        return ()

    # ----- labels and sizes -----

    def signature(self, shapes: Mapping[str, OpenShape]) -> Signature:
        """The labels for inputs of these shapes; sizes may be open (None) while a model is built."""
        return declared_signature(self, shapes)

    def known_signature(self, shapes: Mapping[str, OpenShape]) -> Signature:
        """What `signature` gives, worked out once for the same shapes."""
        signatures, key = self._binding.signatures, tuple(shapes.items())
        known = signatures.get(key)
        return remember(signatures, key, self.signature(shapes)) if known is None else known

    def sizes(self, shapes: Mapping[str, Shape]) -> tuple[Signature, dict[str, int]]:
        """The signature and the size of every label, or a ShapeError that says what fixed what."""
        signature = self.signature(shapes)
        return signature, label_sizes(self.label, signature, shapes)

    def check(self, *args: Any, **kwargs: Any) -> None:
        """Refuse values (not shapes) that the op is not defined for, with an InputError."""

    def out_shape(self, **shapes: Shape) -> Shape:
        """The shape of the output for inputs of these shapes.

        Raises:
            ShapeError: a rank or size that does not fit.
        """
        signature, sizes = self.sizes(shapes)
        return tuple(sizes[a] for a in signature.output)

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

    # ----- inputs to try the op with -----

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
