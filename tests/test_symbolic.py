"""SymPy's derivatives: index forms by whole strings, equal to the explicit entries and to the numeric Jacobian."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
import sympy as sp

import jacobians as jac
import symbolic
from jacobians.errors import FormError, InputError, ShapeError
from jacobians.ops import OPS
from symbolic.convert import from_sympy, nd_array, to_sympy
from symbolic.index import derived, frame
from symbolic.latex import entry_cells
from symbolic.scope import symbols
from tests.contract import PRIMES, away_from_kinks, close
from tests.evaluation import DIGITS, Evaluation, exact

ALL_OPS = pytest.mark.parametrize("op", list(OPS.values()), ids=lambda op: op.name)
#: Their formulas are written out entry by entry.
GIVEN_SIZES_ONLY = (
    "max",
    "min",
    "inverse",
    "determinant",
    "logdet",
    "solve",
    "adaptive_max_pool1d",
    "adaptive_max_pool2d",
    "adaptive_max_pool3d",
    "global_max_pool",
    "maxout",
    "rotary_embedding",
    "linear_attention",
)


def evaluated(op, wrt, point) -> np.ndarray:
    """The index form at every integer index, with the numbers of the point put in."""
    f = frame(op, wrt, {name: value.shape for name, value in point.items()})
    form = derived(f)
    signature, numbers = op.sizes({name: value.shape for name, value in point.items()})
    values = {"indices": np.asarray(getattr(op, "indices", 0)), op.symbol: op.forward(**point), **point}
    sizes = {f.scope.size(a): n for a, n in numbers.items() if f.scope.size(a).is_Symbol}
    scalars = {sp.Symbol(name, real=True): exact(v) for name, v in values.items() if not v.ndim}
    arrays = {name: np.vectorize(exact, otypes=[object])(value) for name, value in values.items()}
    letters = Evaluation({**sizes, **scalars}, arrays)
    J = np.empty((*(numbers[a] for a in signature.output), *point[wrt].shape))
    with mpmath.workdps(DIGITS):
        for k in np.ndindex(J.shape):
            J[k] = letters.at(dict(zip((*f.out, *f.inp), k, strict=True))).value(form)
    return J


@ALL_OPS
def test_index_form_equals_the_hand_rule(op):
    """And so the explicit entries, which test_op_contract.py compares with the hand rule at the same points."""
    for v, variant in enumerate(type(op).variants()):
        many = variant.example_shapes(PRIMES[0])
        for k, shapes in enumerate(many[:2] if v == 0 else many[:2][-1:]):
            point = away_from_kinks(variant, shapes, seed=k)
            if sum(value.size for value in point.values()) > 60:
                continue
            for wrt in variant.differentiable():
                try:
                    got = evaluated(variant, wrt, point)
                except FormError:
                    continue  # test_no_index_form_with_symbolic_sizes names them
                close(got, variant.jacobian(wrt, **point).dense(), 1e-12)


@pytest.mark.parametrize("name", GIVEN_SIZES_ONLY)
def test_no_index_form_with_symbolic_sizes(name):
    op = OPS[name]
    wrt = op.input_names()[0]
    with pytest.raises(FormError, match=rf"no index form with symbolic sizes.*symbolic\.entries\(op, '{wrt}', sizes\)"):
        symbolic.index_form(op, wrt)
    assert symbolic.entries(op, wrt).rank() > 0
    assert symbolic.latex(op, wrt, "entries")


# ----- how index forms read -----


INDEX = [
    ("linear", "x", "W[o, i]", "W_{o i}"),
    ("linear", "W", "KroneckerDelta(o, o')*x[i]", r"\delta_{o o'} x_{i}"),
    ("linear", "b", "KroneckerDelta(o, o')", r"\delta_{o o'}"),
    ("softmax", "x", "(KroneckerDelta(i, j) - p[j])*p[i]", r"p_{i} \left(\delta_{i j} - p_{j}\right)"),
    ("sigmoid", "x", "(1 - y[i])*KroneckerDelta(i, i')*y[i]", r"\delta_{i i'} y_{i} \left(1 - y_{i}\right)"),
    ("tanh", "x", "(1 - y[i]**2)*KroneckerDelta(i, i')", r"\delta_{i i'} \left(1 - y_{i}^{2}\right)"),
    ("undefined", "x", "KroneckerDelta(i, i')*g'(x[i])", r"\delta_{i i'} {g'}\left(x_{i}\right)"),
    ("relu", "x", None, r"\delta_{i i'} \left[ x_{i} > 0 \right]"),
    ("sum", "x", "1", "1"),
    ("mean", "x", "1/n_i", r"\frac{1}{n}"),
    ("var", "x", None, r"\frac{2 \left(x_{i} - \frac{\sum_{p=1}^{n} x_{p}}{n}\right)}{n}"),
    ("norm", "x", "x[i]/y", r"\frac{x_{i}}{y}"),
    ("normalize", "x", None, r"\frac{\delta_{i j} - u_{i} u_{j}}{\sqrt{\sum_{p=1}^{n} x_{p}^{2}}}"),
    ("cumsum", "x", "Piecewise((1, i >= j), (0, True))", r"\left[ i \geq j \right]"),
    ("prod", "x", None, r"\left(\prod_{p=1}^{i - 1} x_{p}\right) \prod_{p=i + 1}^{n} x_{p}"),
    ("quadratic", "x", None, r"\sum_{p=1}^{n} A_{i p} x_{p} + \sum_{p=1}^{n} A_{p i} x_{p}"),
    ("log_softmax", "x", None, r"\delta_{i j} - \frac{e^{x_{j}}}{\sum_{p=1}^{n} e^{x_{p}}}"),
    ("slice", "x", "KroneckerDelta(i, 2*o + 1)", r"\delta_{i, 2 o}"),
    ("cross_entropy_index", "z", None, r"\frac{e^{z_{i}}}{\sum_{p=1}^{n} e^{z_{p}}} - \delta_{i y}"),
    ("subtract", "y", "-KroneckerDelta(i, i')", r"- \delta_{i i'}"),
]


@pytest.mark.parametrize(("name", "wrt", "text", "tex"), INDEX, ids=[f"{n}-{w}" for n, w, *_ in INDEX])
def test_index_form_reads(name, wrt, text, tex):
    if text:
        assert str(symbolic.index_form(OPS[name], wrt)) == text
    assert symbolic.latex(OPS[name], wrt) == tex


def test_index_form_without_the_output_letter():
    assert str(symbolic.index_form(OPS["exp"], "x", name_output=False)) == "exp(x[i])*KroneckerDelta(i, i')"
    assert str(symbolic.index_form(OPS["exp"], "x")) == "KroneckerDelta(i, i')*y[i]"


def test_index_form_with_batch_axes():
    shapes = {"x": (5, 3), "W": (2, 3), "b": (2,)}
    assert str(symbolic.index_form(jac.Linear(), "W", shapes)) == "KroneckerDelta(o, o')*x[n, i]"
    assert str(symbolic.index_form(jac.Linear(), "x", shapes)) == "KroneckerDelta(n, n')*W[o, i]"
    batched = symbolic.index_form(OPS["softmax"], "x", {"x": (2, 3)})
    assert str(batched) == "(KroneckerDelta(i, j) - p[n, j])*KroneckerDelta(n, n')*p[n, i]"


# ----- entries -----


def test_entries_are_outputs_first():
    J = symbolic.entries(jac.Linear(), "W", {"o": 2, "i": 3})
    x = symbols("x", (3,))
    assert isinstance(J, sp.ImmutableDenseNDimArray)
    assert J.shape == (2, 2, 3)
    assert sp.ImmutableDenseNDimArray([[list(x), [0, 0, 0]], [[0, 0, 0], list(x)]]) == J
    assert symbolic.entries(jac.Linear(), "W", {"x": (3,), "W": (2, 3), "b": (2,)}) == J


def test_entries_equal_derive_by_array_in_our_order():
    A, x = symbols("A", (2, 3)), symbols("x", (3,))
    output = sp.Array([sum(a * v for a, v in zip(row, x, strict=True)) for row in A])
    theirs = sp.derive_by_array(output, nd_array(A))
    assert theirs.shape == (2, 3, 2)
    ours = from_sympy(theirs, in_rank=2)
    assert ours.shape == (2, 2, 3)
    assert ours[0, 0, 1] == x[1]
    assert ours[0, 1, 1] == 0
    assert to_sympy(ours, out_rank=1) == sp.ImmutableDenseNDimArray(theirs)


@pytest.mark.parametrize(
    ("sizes", "kind", "message"),
    [
        ({"o": 2}, InputError, r"sizes of Linear: the size of i is missing; expected i=..., o=..."),
        ({"o": 2, "k": 3}, InputError, r"sizes of Linear: unknown label 'k'; known are i, o"),
        ({"o": 2, "i": 0}, ShapeError, r"expected a positive whole number for i, got 0; as in i=3"),
        ({"x": (3,), "W": (2, 3)}, InputError, r"shapes for Linear: the shape of b is missing; expected x, W, b"),
        ({"x": (3,), "V": (2, 3), "b": (2,)}, InputError, r"unknown input 'V'; known are x, W, b"),
        ({"x": (3,), "W": (2, 5), "b": (2,)}, ShapeError, r"expected .* = .*3.*, got"),
    ],
)
def test_bad_sizes(sizes, kind, message):
    with pytest.raises(kind, match=message):
        symbolic.entries(jac.Linear(), "W", sizes)


def test_no_derivative():
    with pytest.raises(InputError, match="unknown input 'V'; known are x, W, b"):
        symbolic.index_form(jac.Linear(), "V")
    with pytest.raises(InputError, match="unknown form 'matrix'; known are index, tensor, slices, kronecker, entries"):
        symbolic.latex(jac.Linear(), "W", "matrix")


# ----- the other forms -----


FORMS = [
    ("linear", "W", "tensor", r"\mathrm{Id}_{m} \otimes x"),
    ("linear", "W", "kronecker", r"\mathrm{Id}_{m} \otimes x^{\top} \quad (\text{vec row by row})"),
    ("linear_rows", "W", "kronecker", r"x^{\top} \otimes \mathrm{Id}_{m} \quad (\text{vec row by row})"),
    ("softmax", "x", "tensor", r"\operatorname{diag}\left(p\right) - p p^{\top}"),
    ("mean", "x", "tensor", r"\tfrac{1}{n} \mathbf{1}_{n}"),
    ("quadratic", "x", "tensor", r"A x + A^{\top} x"),
    ("matmul", "B", "kronecker", r"A \otimes \mathrm{Id}_{n} \quad (\text{vec row by row})"),
    ("trace", "A", "tensor", r"\mathrm{Id}_{n}"),
]


@pytest.mark.parametrize(("name", "wrt", "form", "tex"), FORMS, ids=[f"{n}-{f}" for n, _, f, _ in FORMS])
def test_forms_with_letters_for_sizes(name, wrt, form, tex):
    assert symbolic.latex(OPS[name], wrt, form) == tex


def test_kronecker_by_columns():
    shown = symbolic.latex(jac.Linear(), "W", "kronecker", vec="column")
    assert shown == r"x^{\top} \otimes \mathrm{Id}_{m} \quad (\text{vec column by column})"


def test_no_tensor_form_says_why():
    with pytest.raises(FormError, match=r"0/1 pattern .* only the index form is known"):
        symbolic.latex(OPS["cumsum"], "x", "tensor")


def test_slices_and_entries_count_from_one():
    linear = jac.Linear()
    assert symbolic.latex(linear, "W", "slices", {"o": 2, "i": 3}) == (
        r"\frac{\partial a_{1}}{\partial W} = \begin{bmatrix} x_{1} & x_{2} & x_{3} \\ 0 & 0 & 0 \end{bmatrix}, \quad "
        r"\frac{\partial a_{2}}{\partial W} = \begin{bmatrix} 0 & 0 & 0 \\ x_{1} & x_{2} & x_{3} \end{bmatrix}"
    )
    assert symbolic.latex(linear, "x", "entries", {"o": 2, "i": 3}) == (
        r"\begin{bmatrix} W_{1 1} & W_{1 2} & W_{1 3} \\ W_{2 1} & W_{2 2} & W_{2 3} \end{bmatrix}"
    )
    assert symbolic.latex(OPS["softmax"], "x", "entries", {"x": (2,)}) == (
        r"\begin{bmatrix} p_{1} \left(1 - p_{1}\right) & - p_{1} p_{2} \\ "
        r"- p_{1} p_{2} & p_{2} \left(1 - p_{2}\right) \end{bmatrix}"
    )
    with pytest.raises(FormError, match="the output is a scalar"):
        symbolic.latex(OPS["norm"], "x", "slices")


def test_entries_without_an_index_form():
    cells = entry_cells(OPS["determinant"], "A", {"A": (2, 2)})
    assert cells.tolist() == [["A_{2 2}", "- A_{2 1}"], ["- A_{1 2}", "A_{1 1}"]]
