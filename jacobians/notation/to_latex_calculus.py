r"""Derivatives, sums with limits, cases and special arrays in LaTeX: `\nabla_{W} L`, `\delta_{i j}`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from jacobians.notation.languages import sentence
from jacobians.notation.latex_names import name_scripts, subscripts
from jacobians.notation.tree import Name, Tree
from jacobians.notation.tree_calculus import (
    Apply,
    At,
    Cases,
    Differential,
    Dots,
    Gradient,
    JacobianOf,
    Membership,
    Partial,
    Product,
    Slice,
    Sum,
)

if TYPE_CHECKING:
    from jacobians.notation.to_latex import LatexWriter

# How tightly a tree binds in LaTeX: \odot looser than \cdot, and that looser than standing side by side; a sum sign
# reaches over the factors behind it; a base takes scripts, and nothing reaches the last.
RELATION, SUM, NEGATIVE, REACHING, PRODUCT, DOTTED, IMPLICIT, FRACTION, ATOM, BASE, BRACKETED = range(11)
SIGNS = {"∂": r"\partial ", "d": r"\mathrm{d}", "δ": r"\delta ", "D": r"\mathrm{D}"}

Written = tuple[int, str]


def partial(writer: LatexWriter, tree: Partial) -> Written:
    r"""`\frac{\partial a}{\partial b}`; by one variable twice, `\frac{\partial^2 a}{\partial b^2}`."""
    if writer.signs_fractions and (jacobian := writer.jacobian(tree)) is not None:
        return jacobian_of(writer, jacobian)
    d = SIGNS[tree.sign]
    of, by = writer.text(tree.of, ATOM), d + writer.text(tree.by, ATOM)
    if tree.second is None:
        return FRACTION, rf"\frac{{{d}{of}}}{{{by}}}"
    same = tree.second == tree.by
    below = d + writer.raised(tree.by, "^2") if same else rf"{by} \, {d}{writer.text(tree.second, ATOM)}"
    return FRACTION, rf"\frac{{{d.rstrip()}^2 {of}}}{{{below}}}"


def gradient(writer: LatexWriter, tree: Gradient) -> Written:
    r"""`\nabla_{W} L`; without what is differentiated, `\nabla W`."""
    nabla = r"\nabla" if tree.order == 1 else rf"\nabla^{tree.order}"
    level = FRACTION if writer.notation.derivative == "∇" or isinstance(tree.of, Name) else IMPLICIT
    if tree.of is None:
        return level, f"{nabla} {writer.text(tree.by, ATOM)}"
    return level, f"{nabla}_{{{writer.text(tree.by)}}} {writer.text(tree.of, ATOM)}"


def jacobian_of(writer: LatexWriter, tree: JacobianOf) -> Written:
    """`J_{f}(x)`, `D_{x} f`."""
    if writer.notation.derivative == "D" and isinstance(tree.of, Name) and isinstance(tree.argument, Name):
        by = writer.text(tree.argument)
        if not by.startswith(r"\mathrm"):  # a word below would be part of the name
            return FRACTION, f"D_{{{by}}} {writer.text(tree.of, ATOM)}"
    argument = "" if tree.argument is None else writer.brackets(writer.text(tree.argument))
    return ATOM, f"J_{{{writer.text(tree.of)}}}{argument}"


def differential(writer: LatexWriter, tree: Differential) -> Written:
    r"""`\mathrm{d} x`."""
    return FRACTION if isinstance(tree.of, Name) else IMPLICIT, rf"\mathrm{{d}} {writer.text(tree.of, ATOM)}"


def summation(writer: LatexWriter, tree: Sum) -> Written:
    r"""`\sum_{i = 1}^{n} x_i`, `\sum_{j \ne i} x_j`, `\prod_{k} W_k`."""
    sign = r"\prod" if isinstance(tree, Product) else r"\sum"
    bound = ", ".join(name_scripts(i).text for i in tree.indices)
    if tree.lower is not None:
        bound = f"{bound} = {writer.text(tree.lower, SUM)}"
    if tree.condition is not None:
        condition = writer.text(tree.condition)
        bound = condition if tree.lower is None else rf"\substack{{{bound} \\ {condition}}}"
    below = f"_{{{bound}}}" if bound else ""
    above = "" if tree.upper is None else f"^{{{writer.text(tree.upper, SUM)}}}"
    return REACHING, f"{sign}{below}{above} {writer.text(tree.body, REACHING)}"


def cases(writer: LatexWriter, tree: Cases) -> Written:
    """One row for each value and its condition."""
    language = writer.notation.language
    when, otherwise = sentence(language, "cases", "if"), sentence(language, "cases", "otherwise")
    rows = [
        f"{writer.text(value, SUM)} & "
        + (rf"\text{{{otherwise}}}" if condition is None else rf"\text{{{when} }} {writer.text(condition)}")
        for value, condition in tree.branches
    ]
    body = r" \\ ".join(rows)
    return ATOM, rf"\begin{{cases}} {body} \end{{cases}}"


def apply(writer: LatexWriter, tree: Apply) -> Written:
    r"""`(g \circ f)'(x)`."""
    return ATOM, writer.text(tree.function, ATOM) + writer.brackets(", ".join(map(writer.text, tree.args)))


def at(writer: LatexWriter, tree: At) -> Written:
    r"""`\left. f \right|_{x = x_0}`."""
    values = ", ".join(f"{writer.text(name, SUM)} = {writer.text(value, SUM)}" for name, value in tree.values)
    return ATOM, rf"\left. {writer.text(tree.body, SUM)} \right|_{{{values}}}"


def slice_(writer: LatexWriter, tree: Slice) -> Written:
    """`:`, `1:n`."""
    ends = ["" if end is None else writer.text(end, SUM) for end in (tree.start, tree.stop)]
    return SUM, ":".join(ends)


def membership(writer: LatexWriter, tree: Membership) -> Written:
    r"""`W \in \mathbb{R}^{m \times n}`."""
    if tree.sizes is None:
        return RELATION, rf"{writer.text(tree.element, SUM)} \in \dots"
    sizes = r" \times ".join(writer.text(size, ATOM) for size in tree.sizes)
    return RELATION, rf"{writer.text(tree.element, SUM)} \in \mathbb{{R}}" + (f"^{{{sizes}}}" if sizes else "")


CALCULUS: dict[type[Tree], Callable[[LatexWriter, Any], Written]] = {
    Partial: partial,
    Gradient: gradient,
    JacobianOf: jacobian_of,
    Differential: differential,
    Sum: summation,
    Product: summation,
    Cases: cases,
    Apply: apply,
    At: at,
    Dots: lambda writer, tree: (ATOM, r"\dots"),
    Slice: slice_,
    Membership: membership,
}


# ----- functions with a notation of their own -----


def _sized(base: str) -> Callable[[LatexWriter, Sequence[Tree]], Written]:
    r"""`\mathrm{Id}_{m}`, `\mathbf{1}_{m \times n}`."""

    def write(writer: LatexWriter, args: Sequence[Tree]) -> Written:
        sizes = r" \times ".join(writer.text(size, ATOM) for size in args)
        return BASE, base + (f"_{{{sizes}}}" if sizes else "")

    return write


def _kronecker(writer: LatexWriter, args: Sequence[Tree]) -> Written:
    if writer.notation.kronecker == "brackets":
        return ATOM, f"[{' = '.join(writer.text(index, SUM) for index in args)}]"
    return BASE, r"\delta" + subscripts([writer.text(index, SUM) for index in args])


def _inner(writer: LatexWriter, args: Sequence[Tree]) -> Written:
    return BASE, rf"\langle {', '.join(map(writer.text, args))} \rangle"


def _inverse(writer: LatexWriter, args: Sequence[Tree]) -> Written:
    return ATOM, writer.raised(args[0], "^{-1}")


#: By the name of the function and the number of its arguments; None is any.
SPECIAL: Mapping[tuple[str, int | None], Callable[[LatexWriter, Sequence[Tree]], Written]] = {
    ("Id", None): _sized(r"\mathrm{Id}"),
    ("ones", None): _sized(r"\mathbf{1}"),
    ("zeros", None): _sized(r"\mathbf{0}"),
    ("kronecker", 2): _kronecker,
    ("inner", 2): _inner,
    ("inverse", 1): _inverse,
}
#: Functions that LaTeX writes otherwise than they are called.
HEADS = {"trace": r"\operatorname{tr}", "determinant": r"\det", "maximum": r"\max", "minimum": r"\min"}


def special_call(function: str, count: int) -> Callable[[LatexWriter, Sequence[Tree]], Written] | None:
    """The writer of a function that is not written as one."""
    return SPECIAL.get((function, count)) or SPECIAL.get((function, None))
