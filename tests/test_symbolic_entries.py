"""Entries in closed form: the terms of every op's rule, filled with symbols, against numbers and against SymPy."""

from __future__ import annotations

import pytest
import sympy as sp

import jacobians as jac
import symbolic
from jacobians import settings
from jacobians.errors import DenseLimitError, FormError, InputError
from jacobians.op import Op, term
from jacobians.ops import OPS
from symbolic.products import exact
from symbolic.scope import symbols
from tests.contract import PRIMES, away_from_kinks, close
from tests.evaluation import Evaluation, letters, object_array

#: Ops with a 0/1 pattern that says which of several values is the largest, or with a factor that no part explains.
BY_ORDER = (
    "max",
    "min",
    "maxout",
    "max_pool1d",
    "max_pool2d",
    "max_pool3d",
    "adaptive_max_pool1d",
    "adaptive_max_pool2d",
    "adaptive_max_pool3d",
    "global_max_pool",
    "rotary_embedding",
    "triplet_loss",
)


@pytest.mark.parametrize("op", [op for op in OPS.values() if op.name not in BY_ORDER], ids=lambda op: op.name)
def test_closed_form_equals_numbers(op):
    for variant in type(op).variants():
        for seed, shapes in enumerate(variant.example_shapes(PRIMES[0])[:2]):
            point = away_from_kinks(variant, shapes, seed)
            if sum(value.size for value in point.values()) > 120:
                continue
            numbers = Evaluation(letters(point))
            for wrt in variant.differentiable():
                J = symbolic.entries(variant, wrt, shapes, method="terms")
                close(numbers.array(object_array(J)), variant.jacobian(wrt, **point).dense(), 1e-12)


@pytest.mark.parametrize("name", BY_ORDER)
def test_no_closed_form(name):
    op = OPS[name]
    wrt = op.input_names()[0]
    with pytest.raises(FormError, match=rf'{op.label}: no closed form of its entries: .*; use method="differentiate"'):
        symbolic.entries(op, wrt, method="terms")


def test_without_a_closed_form_sympy_differentiates():
    J = symbolic.entries(OPS["max"], "x", {"x": (2,)})
    assert symbolic.entries(OPS["max"], "x", {"x": (2,)}, method="differentiate") == J


@pytest.mark.parametrize(
    ("name", "wrt"),
    [("linear", "W"), ("linear", "x"), ("bilinear", "A"), ("cumsum", "x"), ("conv1d", "W"), ("transpose", "A")],
)
def test_both_methods_give_the_same_expressions(name, wrt):
    assert symbolic.entries(OPS[name], wrt, method="terms") == symbolic.entries(OPS[name], wrt, method="differentiate")


@pytest.mark.parametrize("name", ["softmax", "sigmoid", "layer_norm", "glu", "squared_error", "norm"])
def test_both_methods_are_equal_after_simplification(name):
    op = OPS[name]
    wrt = op.input_names()[0]
    shapes = op.example_shapes((2, 2, 2, 2, 2) if name == "layer_norm" else (2, 3, 5, 7, 11))[0]
    one, two = (symbolic.entries(op, wrt, shapes, method=m) for m in ("terms", "differentiate"))
    assert one.shape == two.shape
    assert sp.simplify(one[(0,) * one.rank()] - two[(0,) * two.rank()]) == 0


ENTRIES = [
    ("tanh", {"x": (1,)}, "[[1 - tanh(x_0)**2]]"),
    ("sigmoid", {"x": ()}, "(1 - 1/(1 + exp(-x)))/(1 + exp(-x))"),
    ("mean", {"x": (3,)}, "[1/3, 1/3, 1/3]"),
    ("relu", {"x": ()}, "Piecewise((1, x > 0), (0, True))"),
    ("square", {"x": (2,)}, "[[2*x_0, 0], [0, 2*x_1]]"),
    ("cross_entropy_index", {"z": (1,), "y": ()}, "[1 - Piecewise((1, Eq(y, 0)), (0, True))]"),
]


@pytest.mark.parametrize(("name", "shapes", "text"), ENTRIES, ids=[name for name, *_ in ENTRIES])
def test_entries_read(name, shapes, text):
    op = OPS[name]
    assert str(symbolic.entries(op, op.input_names()[0], shapes, method="terms")) == text


def test_numbers_are_exact():
    third, root = sp.Rational(1, 3), 1 / sp.sqrt(3)
    assert (exact(1 / 3), exact(-2.0), exact(3**-0.5), exact(-0.6)) == (third, -2, root, sp.Rational(-3, 5))
    assert exact(0.1234567891234) == sp.Rational(0.1234567891234)


def test_outputs_first():
    J = symbolic.entries(jac.Linear(), "W", {"o": 2, "i": 3}, method="terms")
    x = symbols("x", (3,))
    assert isinstance(J, sp.ImmutableDenseNDimArray)
    assert sp.ImmutableDenseNDimArray([[list(x), [0, 0, 0]], [[0, 0, 0], list(x)]]) == J


# ----- ops of one's own -----


class Linear(Op):
    """a = c W x with a number c that depends on nothing; named as an op of the package that has another formula."""

    inputs = {"x": "i", "W": "o i"}
    output = "o"
    symbol = "a"
    weighted = False

    def compute(self, x, W):
        return 3 * W @ x

    def d_x(self, x, W):
        return term("o i -> o | i", ("W", W), coef=float(x[0]) if self.weighted else 3.0)

    def d_W(self, x):
        return term("i -> o | o i", ("3 * x", 3 * x))


def test_an_op_of_ones_own():
    assert str(symbolic.entries(Linear(), "x", {"o": 1, "i": 2})) == "[[3*W_0_0, 3*W_0_1]]"
    with pytest.raises(FormError, match=r"Linear: no entries in symbols: it has no index formula; use numbers"):
        symbolic.entries(Linear(), "x", method="differentiate")
    with pytest.raises(FormError, match=r"no closed form of its entries: 3 \* x is neither an input nor the output"):
        symbolic.entries(Linear(), "W", method="terms")


def test_terms_that_depend_on_values_are_refused():
    op = Linear()
    op.weighted = True
    with pytest.raises(FormError, match=r"no closed form of its entries: the terms .* by x depend on the values"):
        symbolic.entries(op, "x", method="terms")


# ----- what is refused -----


def test_unknown_method():
    with pytest.raises(InputError, match="unknown method 'diff'; known are terms, differentiate"):
        symbolic.entries(jac.Linear(), "W", method="diff")


def test_too_many_entries(monkeypatch):
    monkeypatch.setattr(settings, "dense_limit", 100)
    message = r"entries of Linear: the array of shape \(2\) \| \(2, 5\) needs at least 160 bytes, the limit is 100"
    with pytest.raises(DenseLimitError, match=message):
        symbolic.entries(jac.Linear(), "W", {"o": 2, "i": 5})


class Twins(Op):
    """y = x + x_0 with a matrix x and a vector x_0, whose entries would share names."""

    inputs = {"x": "i j", "x_0": "j"}
    output = "i j"

    def compute(self, x, x_0):
        return x + x_0

    def d_x(self):
        return term("-> i j | i j")


def test_two_entries_of_one_name():
    with pytest.raises(InputError, match="entries of x and of x_0 would both be called x_0_0; rename one of the two"):
        symbolic.entries(Twins(), "x", {"x": (2, 3), "x_0": (3,)}, method="terms")
