"""Two arrays, entry by entry, with NumPy broadcasting: a delta for every axis that both share with the output.

An axis of size 1 that is stretched keeps a label of its own; leading axes that an input lacks are absent from its
labels. In the patterns of this file the words x, y and z stand for all labels of that input and of the output.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from jacobians.op import Op, OpenShape, Rule, Shape, Signature, term
from jacobians.ops.elementary import Power, Reciprocal
from jacobians.ops.elementwise import require
from jacobians.terms import Array, Labels, letters

#: inf - inf, 0 times inf and the like are NaN, what is too large is inf: passed on, without a warning.
IEEE = np.errstate(invalid="ignore", over="ignore")


class Pointwise(Op):
    """z = f(x, y) for every pair of entries that broadcasting brings together."""

    inputs = {"x": "...", "y": "..."}
    output = "..."
    symbol = "z"
    letters = "ijklm"

    def signature(self, shapes: Mapping[str, OpenShape]) -> Signature:
        rank = max(len(shape) for shape in shapes.values())
        axes = letters(self.letters, rank)
        stretched = letters("uvwst", rank)
        aligned = {name: (1,) * (rank - len(shape)) + tuple(shape) for name, shape in shapes.items()}

        def labels(name: str) -> Labels:
            first = rank - len(shapes[name])
            return tuple(
                stretched[k]
                if aligned[name][k] == 1 and any(s[k] not in (1, None) for s in aligned.values())
                else axes[k]
                for k in range(first, rank)
            )

        return Signature({name: labels(name) for name in shapes}, axes, axes)

    def rule(self, wrt: str, known: Callable[[str], Any]) -> Rule:
        signature = self.signature({name: known(name).shape for name in self.inputs})
        axes = {**signature.inputs, self.symbol: signature.output}
        made = super().rule(wrt, known)
        assert isinstance(made, Rule)
        words = [" ".join(axes.get(word, (word,))) for word in made.pattern.split()]
        return replace(made, pattern=" ".join(words))

    def example_shapes(self, sizes: Sequence[int]) -> Sequence[Mapping[str, Shape]]:
        n, m = sizes[:2]
        pairs: list[tuple[Shape, Shape]] = [
            ((n,), (n,)), ((n, m), (n, m)), ((n, m), (m,)), ((m,), (n, m)), ((n, 1), (m,)), ((1, m), (n, 1)),
            ((n, m), ()), ((), (n,)), ((), ()),
        ]  # fmt: skip
        return [{"x": x, "y": y} for x, y in pairs]


class Add(Pointwise):
    """z = x + y.

    Shapes:    x (...), y (...) -> z (...), with broadcasting
    Formula:   z_i = x_i + y_i
    Jacobians: dz/dx = δ_ii'   (i | i')
               dz/dy = δ_ii'   (i | i')
    Source:    own derivation, checked by the contract test
    """

    @IEEE
    def compute(self, x: Array, y: Array) -> Array:
        return x + y

    def d_x(self) -> Rule:
        return term("-> z | x")

    def d_y(self) -> Rule:
        return term("-> z | y")


class Subtract(Pointwise):
    """z = x - y.

    Shapes:    x (...), y (...) -> z (...), with broadcasting
    Formula:   z_i = x_i - y_i
    Jacobians: dz/dx = δ_ii'   (i | i')
               dz/dy = -δ_ii'   (i | i')
    Source:    own derivation, checked by the contract test
    """

    @IEEE
    def compute(self, x: Array, y: Array) -> Array:
        return x - y

    def d_x(self) -> Rule:
        return term("-> z | x")

    def d_y(self) -> Rule:
        return term("-> z | y", coef=-1.0)


class Hadamard(Pointwise):
    """z = x ⊙ y, the product of the entries.

    Shapes:    x (...), y (...) -> z (...), with broadcasting
    Formula:   z_i = x_i y_i
    Jacobians: dz/dx = δ_ii' y_i   (i | i')
               dz/dy = δ_ii' x_i   (i | i')
    Source:    Petersen, Pedersen, "The Matrix Cookbook" (2012), eq. 39
    """

    @IEEE
    def compute(self, x: Array, y: Array) -> Array:
        return x * y

    def d_x(self, y: Array) -> Rule:
        return term("y -> z | x", ("y", y))

    def d_y(self, x: Array) -> Rule:
        return term("x -> z | y", ("x", x))


class Divide(Pointwise):
    """z = x / y, the quotient of the entries, for y other than 0.

    Shapes:    x (...), y (...) -> z (...), with broadcasting
    Formula:   z_i = x_i / y_i
    Jacobians: dz/dx = δ_ii' (1/y)_i   (i | i')
               dz/dy = -δ_ii' x_i (1/y^2)_i   (i | i')
    Source:    own derivation, checked by the contract test
    """

    domain = {"y": (0.4, 2.0)}

    def check(self, **inputs: Array) -> None:
        y = inputs["y"]
        require("Divide.y", y, y != 0, "other than 0", "mask the entry")

    @IEEE
    def compute(self, x: Array, y: Array) -> Array:
        return x / y

    def d_x(self, y: Array) -> Rule:
        return term("y -> z | x", ("1/y", 1 / y))

    def d_y(self, x: Array, y: Array) -> Rule:
        return term("x , y -> z | y", ("x", x), ("1/y^2", (1 / y) * (1 / y)), coef=-1.0)

    def parts(self) -> Mapping[str, tuple[Op, Mapping[str, str]]]:
        return {"1/y": (Reciprocal(), {"x": "y"}), "1/y^2": (Power(-2), {"x": "y"})}


class Scale(Op):
    """y = c x with a number c that is itself an input.

    Shapes:    c (), x (...) -> y (...)
    Formula:   y_i = c x_i
    Jacobians: dy/dc = x_i   (i |)
               dy/dx = δ_ii' c   (i | i')
    Source:    own derivation, checked by the contract test
    """

    inputs = {"c": "", "x": "..."}
    output = "..."
    letters = "ijklm"

    @IEEE
    def compute(self, c: Array, x: Array) -> Array:
        return c * x

    def d_c(self, x: Array) -> Rule:
        return term("... -> ... |", ("x", x))

    def d_x(self, c: Array) -> Rule:
        return term("-> ... | ...", ("c", c))

    def example_shapes(self, sizes: Sequence[int]) -> Sequence[Mapping[str, Shape]]:
        return [{"c": (), "x": shape} for shape in ((sizes[0],), (sizes[0], sizes[1]), ())]


OPS: tuple[Op, ...] = (Add(), Subtract(), Hadamard(), Divide(), Scale())
