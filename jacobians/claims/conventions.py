"""The conventions that a document may follow without saying so, tried where a claim fails in the usual ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from jacobians.claims.context import Context, Settings
from jacobians.claims.values import Orientation
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c


@dataclass(frozen=True, slots=True)
class Convention:
    """A convention by its name, as it reads after "true where", and the settings that it means."""

    name: str
    settings: Settings


class Layout(NamedTuple):
    """How derivatives are laid out: of arrays, and of a number by a vector and by a matrix."""

    #: The axes of the variable stand before those of what is differentiated.
    inputs_first: bool
    #: The gradient of a number by a column is a column, a row, or whichever fits (an array of one axis).
    gradient: Orientation
    #: The gradient of a number by a matrix has the shape of the transposed matrix.
    matrix_turned: bool = False


LAYOUTS: dict[str, Layout] = {
    "mixed": Layout(False, "free"),
    "strict mixed": Layout(False, "column"),
    "numerator": Layout(False, "row", True),
    "row gradients": Layout(False, "row"),
    "denominator": Layout(True, "column"),
    "variable first": Layout(True, "free"),
}

#: (setting, value, what it is called). A setting that the document states is not tried.
ALTERNATIVES: tuple[tuple[str, object, str], ...] = (
    ("layout", "denominator", "derivatives are in denominator layout (inputs first)"),
    ("layout", "numerator", "derivatives are in numerator layout (the gradient of a number is a row)"),
    ("star", "matrix product", "* is the matrix product"),
    ("dot", "elementwise", r"\cdot is the elementwise product"),
    ("juxtaposition", "elementwise", "a product without a sign is elementwise"),
    ("otimes", "Kronecker", r"\otimes is the Kronecker product"),
    ("otimes", "elementwise", r"\otimes is the elementwise product"),
    ("otimes", "outer product", r"\otimes is the outer product"),
    ("vec", "row", "vec stacks rows"),
    ("vec", "column", "vec stacks columns"),
    ("inverse", "elementwise", "the power -1 is the reciprocal of every entry"),
    ("gradients", "sum", "dZ belongs to the sum of the samples' losses, and only dW and db to their mean"),
    ("overline", "gradient", "an overline is the gradient of the loss"),
)


def alternatives(context: Context, left: t.Tree, right: t.Tree) -> Iterator[Convention]:
    """The conventions that could make a difference for this equation and that the document does not state."""
    there = _constructs((*left.walk(), *right.walk()))
    for setting, value, name in ALTERNATIVES:
        if setting in context.stated or getattr(context.settings, setting) == value or setting not in there:
            continue
        yield Convention(name, replace(context.settings, **{setting: value}))  # type: ignore[arg-type]


def _constructs(parts: tuple[t.Tree, ...]) -> set[str]:
    """The settings that matter to what a formula has in it."""
    there: set[str] = set()
    for part in parts:
        if isinstance(part, c.Partial | c.JacobianOf):
            there.add("layout")
        elif isinstance(part, t.Juxtaposition):
            there.add("juxtaposition")
        elif isinstance(part, t.Binary):
            there.update(SIGNS.get(part.op, ()) if not part.hadamard else ())
            if part.op == "^":
                there.add("inverse")
        elif isinstance(part, t.Call) and part.function == "vec":
            there.add("vec")
        elif isinstance(part, t.Name):
            if part.text.startswith("d") and len(part.text) > 1:
                there.add("gradients")
            if "bar" in part.text:
                there.add("overline")
    return there


SIGNS = {"*": ("star",), "·": ("dot",), "×": ("dot",), "⊗": ("otimes",)}
