"""LaTeX of one op's Jacobian in every form, with letters for sizes where the form does not need numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import partial
from typing import Any, Literal, get_args

import numpy as np
import sympy as sp

from jacobians.errors import FormError, unknown
from jacobians.forms import general, kronecker, tensor
from jacobians.forms.entries import SliceLayout, array_latex, number_latex, slice_list
from jacobians.forms.writers import Writer, latex_writer
from jacobians.jacobian import Form, Jacobian
from jacobians.notation import name_to_latex
from jacobians.op import Op, Shape
from symbolic.derive import entry_array, shapes_of
from symbolic.index import Frame, derived, frame
from symbolic.printer import index_latex
from symbolic.scope import Expr, Symbolic, symbols

Vec = Literal["row", "column"]
#: Sizes of the two instances on which a form with letters is proved: primes that no formula contains as a number, or
#: their doubles, for ops that halve. Some ops take only small sizes; those are numbers in both instances.
PROOFS = ((11, 13, 17, 19, 23, 29, 31), (13, 17, 19, 23, 29, 31, 37))
SMALL_PROOFS = ((2, 3, 5, 7, 11), (3, 2, 7, 5, 13))
LEAST = PROOFS[0][0]
SIZE_LETTERS = "mnklqrst"


def latex(op: Op, wrt: str, form: Form = "index", sizes: Mapping[str, Any] | None = None, vec: Vec = "row") -> str:
    r"""LaTeX for math mode of the Jacobian of an op by its input `wrt`.

    `index`, `tensor`, `kronecker` and, with dots, `general` have letters for the sizes; `entries` and `slices` (in a
    line, `stacked` or `beside` one another) are written for given `sizes`, of labels or of inputs (as in
    `symbolic.entries`), with entries `x_{1}` that count from 1; so are `symbols`, the matrix vec(output) x vec(input)
    in the names of the terms.

    Raises:
        FormError: there is no such form, or it could not be proved.
        InputError: `wrt` is no differentiable input, an unknown form, sizes that do not exist.
    """
    op.require_input(wrt)
    match form:
        case "index":
            f = frame(op, wrt, None if sizes is None else shapes_of(op, sizes))
            return index_latex(derived(f), size_letters(f))
        case "tensor":
            return with_letters(op, wrt, lambda J, writer: tensor(J).write(writer))
        case "kronecker":
            return with_letters(op, wrt, lambda J, writer: kronecker(J, vec).latex(writer))
        case "entries":
            return array_latex(entry_cells(op, wrt, shapes_of(op, sizes)), cell=str)
        case "slices" | "stacked" | "beside":
            return _slices(op, wrt, shapes_of(op, sizes), form)
        case "symbols":
            point = op.sample(np.random.default_rng(0), shapes_of(op, sizes))
            return op.jacobian(wrt, **point).latex("symbols", vec)
        case "general":
            of, by = name_to_latex(op.symbol), name_to_latex(wrt)
            return with_letters(op, wrt, lambda J, writer: general(J, of, by, writer))
    raise unknown("symbolic.latex", "form", form, get_args(Form))


# ----- letters for sizes -----


def size_letters(f: Frame) -> dict[Expr, str]:
    """A letter for every size symbol of a formula: n, or m x n as for matrices; none that an index or an input has."""
    signature = f.scope.labels
    labels = dict.fromkeys((*f.scope.output, *(a for spec in signature.values() for a in spec)))
    taken = {a.name for a in f.ranges} | {*signature, f.op.symbol}
    free = [letter for letter in SIZE_LETTERS if letter not in taken]
    chosen = free[1:2] if len(labels) == 1 else free
    named = zip((f.scope.size(a) for a in labels), chosen, strict=False)
    return {size: letter for size, letter in named if size.is_Symbol}


def with_letters(
    op: Op, wrt: str, write: Callable[[Jacobian, Writer], str], letters: Mapping[Expr, str] | None = None
) -> str:
    """A form proved on numeric instances, its sizes written as letters; the same on instances of different sizes.

    Raises:
        FormError: the form is another one for other sizes.
    """
    shown = []
    letters = size_letters(frame(op, wrt)) if letters is None else letters
    for shapes in _instances(op):
        signature, numbers = op.sizes(shapes)
        scope = Symbolic(op, signature)
        names = {n: letters[scope.size(a)] for a, n in numbers.items() if n >= LEAST and scope.size(a) in letters}
        J = op.jacobian(wrt, **op.sample(np.random.default_rng(0), shapes))
        shown.append(write(J, latex_writer(partial(_sized, names=names), partial(_number, names=names))))
    if len(set(shown)) > 1:
        raise FormError(
            f"{op.label} by {wrt}: the form depends on the sizes, {shown[0]} and {shown[1]}; use given sizes"
        )
    return shown[0]


def _instances(op: Op) -> list[Mapping[str, Shape]]:
    """Shapes with the labels of the op's example: of different primes, of their doubles, else as the op takes them."""
    signature, _ = op.sizes(op.example_shapes(SMALL_PROOFS[0])[0])
    labels = dict.fromkeys(a for spec in signature.inputs.values() for a in spec)
    for factor in (1, 2):
        found: list[Mapping[str, Shape]] = []
        for primes in PROOFS if len(labels) <= len(PROOFS[0]) else ():
            sizes = dict(zip(labels, (factor * p for p in primes), strict=False))
            shapes = {name: tuple(sizes[a] for a in spec) for name, spec in signature.inputs.items()}
            if _takes(op, shapes):
                found.append(shapes)
        if len(found) == len(PROOFS):
            return found
    return [op.example_shapes(sizes)[0] for sizes in SMALL_PROOFS]


def _takes(op: Op, shapes: Mapping[str, Shape]) -> bool:
    try:
        op.sizes(shapes)
    except ValueError:  # also ShapeError: the op does not take these sizes
        return False
    return True


def _number(x: float, names: Mapping[int, str]) -> str:
    r"""Coefficients such as 2/11 written as 2/n where 11 is the size n, 1/\sqrt{11} as one over its root."""
    root = Fraction(x * x).limit_denominator(100)
    if root.numerator == 1 and abs(float(root) - x * x) < 1e-15 and _sized(root.denominator, names).strip("0123456789"):
        under_root = re.sub(r"\\tfrac\{(.*)\}\{2\}", r"\1 / 2", _sized(root.denominator, names))
        return rf"\tfrac{{1}}{{\sqrt{{{under_root}}}}}"
    near = Fraction(x).limit_denominator(10**6)
    if abs(float(near) - x) > 1e-12:
        return number_latex(x)
    above, below = near.numerator, near.denominator
    if any(n % 2 == 0 and below % n and below % (n // 2) == 0 for n in names):  # 1/(n/2) is 2/n
        above, below = 2 * above, 2 * below
    over, under = _sized(above, names), _sized(below, names)
    return over if under == "1" else rf"\tfrac{{{over}}}{{{under}}}"


def _sized(number: int, names: Mapping[int, str]) -> str:
    letters = []
    for n, letter in names.items():
        while number > 1 and number % n == 0:
            number //= n
            letters.append(letter)
    half = next((letter for n, letter in names.items() if 2 * number == n), "")
    if half:
        return " ".join([rf"\tfrac{{{half}}}{{2}}", *letters])
    return " ".join(([str(number)] if number != 1 or not letters else []) + letters)


# ----- written for given sizes -----


def entry_cells(op: Op, wrt: str, shapes: Mapping[str, Shape]) -> np.ndarray[Any, Any]:
    """LaTeX of every entry, outputs first; from the index form where there is one, so that p_1 (1 - p_1) is short."""
    try:
        cells = _from_index_form(op, wrt, shapes)
    except FormError:
        cells = _with_indexed(entry_array(op, wrt, shapes), shapes)
    shown = np.empty(cells.shape, object)
    for k in np.ndindex(cells.shape):
        shown[k] = index_latex(cells[k])
    return shown


def _from_index_form(op: Op, wrt: str, shapes: Mapping[str, Shape]) -> np.ndarray[Any, Any]:
    f = frame(op, wrt, shapes)
    form = derived(f)
    signature, numbers = op.sizes(shapes)
    sizes = {f.scope.size(a): sp.Integer(n) for a, n in numbers.items()}
    shape = (*(numbers[a] for a in signature.output), *shapes[wrt])
    cells = np.empty(shape, object)
    for k in np.ndindex(shape):
        at = dict(zip((*f.out, *f.inp), map(sp.Integer, k), strict=True))
        cells[k] = form.xreplace({**sizes, **at}).doit()
    return cells


def _with_indexed(cells: np.ndarray[Any, Any], shapes: Mapping[str, Shape]) -> np.ndarray[Any, Any]:
    """The symbols `W_0_1` of explicit entries as W[0, 1]."""
    entry = {
        symbol: sp.IndexedBase(name, real=True)[k] if k else sp.Symbol(name, real=True)
        for name, shape in shapes.items()
        for k, symbol in np.ndenumerate(symbols(name, shape))
    }
    shown = np.empty(cells.shape, object)
    for k in np.ndindex(cells.shape):
        shown[k] = sp.sympify(cells[k]).xreplace(entry)
    return shown


def _slices(op: Op, wrt: str, shapes: Mapping[str, Shape], layout: SliceLayout) -> str:
    """For every output entry the derivative by the whole input."""
    out_shape = op.out_shape(**shapes)
    if not out_shape:
        raise FormError(
            f"{op.label} by {wrt}: the output is a scalar, so there is one slice only; use the form 'entries'"
        )
    cells = entry_cells(op, wrt, shapes)
    slices = [(", ".join(str(i + 1) for i in k), array_latex(cells[k], cell=str)) for k in np.ndindex(out_shape)]
    return slice_list(slices, name_to_latex(op.symbol, ()), name_to_latex(wrt, ()), layout)
