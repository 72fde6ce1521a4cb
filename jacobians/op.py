"""Op: declared labels, a forward pass, and one delta-einsum rule per input.

A new op is one class: `inputs` and `output` declare the labels (`...` stands for leading batch axes, or for all axes
of an elementwise op), `compute` is the forward pass, and `d_x` is the rule of the input x. A rule names, among its
parameters, the inputs it needs, and the output by its `symbol`, and returns one `term` or a list of terms.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from jacobians.binding import OpenShape, Shape, Signature
from jacobians.declaration import Declaration
from jacobians.jacobian import Jacobian
from jacobians.notebooks import InNotebooks
from jacobians.rules import Rule, rule_term, term
from jacobians.terms import Array

if TYPE_CHECKING:
    from jacobians.plans import Plan
    from jacobians.verification import Verification

__all__ = ["Op", "OpenShape", "Rule", "Shape", "Signature", "term"]


class Op(Declaration, InNotebooks):
    """One operation of a network: values forward, and its full Jacobian by every input."""

    #: For every input its rule, and the values that the rule needs.
    _rules: ClassVar[dict[str, tuple[Callable[..., Any], tuple[str, ...]]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Collect the rules of the class."""
        super().__init_subclass__(**kwargs)
        own = {key[2:]: (rule, _parameters(rule)) for key, rule in vars(cls).items() if key.startswith("d_")}
        cls._rules = {**cls._rules, **own}

    # ----- what a subclass writes -----

    def compute(self, *args: Any, **kwargs: Any) -> Array:
        """The forward pass on arrays that were checked; written for float and, where `analytic`, complex arrays."""
        raise NotImplementedError

    def kink_distance(self, *args: Any, **kwargs: Any) -> float:
        """How far the point is from the nearest kink, in the units of the input; inf where there is none."""
        return float("inf")

    def rule(self, wrt: str, known: Callable[[str], Any]) -> Rule | Sequence[Rule]:
        """The terms of the Jacobian by `wrt`; `known` gives an input or, by its symbol, the output."""
        method, needs = self._rules[wrt]
        result: Rule | Sequence[Rule] = method(self, *[known(name) for name in needs])
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

    def near_kink(self, distance: float, **inputs: ArrayLike) -> bool:
        """True where the point lies within `distance` of a kink, so that differences across it mislead.

        Raises:
            InputError, ShapeError: as `forward`.
        """
        arrays, _, _ = self._bind(inputs)
        return self.kink_distance(**arrays) <= distance

    # ----- how it works -----

    def _formats(self) -> Mapping[str, str]:
        from jacobians.notebooks import op_formats

        return op_formats(self)

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


def _parameters(rule: Callable[..., Any]) -> tuple[str, ...]:
    """The names of a rule's parameters without self: the values it needs."""
    code = rule.__code__
    return code.co_varnames[1 : code.co_argcount]
