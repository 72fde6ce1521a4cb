"""Recording of ops: what cannot be written down faithfully is called, conditions are never assumed for good."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import special

import jacobians as jac
from jacobians.op import Op, term
from jacobians.plans.program import Program
from jacobians.plans.traced import MOST_CONDITIONS, Recorder, Traced, Untraceable

#: Points on every side of the conditions below, some of them twice.
POINTS = ([1, 2, 3], [-1, -2, -3], [0.5, -4, 2], [1, 2, 3], [3, 2, 1], [-3, -2, -1], [0, 0, 0], [-1, -2, -3])


def diagonal_op(code) -> Op:
    """An op whose value, and whose Jacobian's diagonal, is what `code` makes of x, whether it makes sense or not."""

    class Toy(Op):
        inputs = {"x": "i"}
        output = "i"

        def compute(self, x):
            return code(x)

        def d_x(self, x):
            return term("i -> i | i", ("g(x)", code(x)))

    return Toy()


def follows_the_code(code) -> None:
    """The plan equals the plain evaluation at every point, whatever was asked for before; kept results too."""
    model = jac.Model({"x": 3}, [jac.node("y", diagonal_op(code), x="x"), jac.node("z", jac.Square(), x="y")])
    plan = model.plan([("y", "x"), ("z", "x")])
    kept = plan({"x": np.array([0.1, 0.2, 0.3])})
    for x in POINTS:
        point = {"x": np.array(x, float)}
        run = model.run(point)
        results = plan(point)
        plan(point, out=kept)
        for of in ("y", "z"):
            want = run.jacobian(of, "x").dense()
            for got in (results, kept):
                np.testing.assert_allclose(got[of, "x"], want, rtol=1e-13, strict=True)


# ----- conditions -----


def by_number(x):
    return 2 * x if float(np.max(x)) > 0 else 3 * x


def by_truth(x):
    return 2 * x if bool(x.max() > 0) else 3 * x


def nested(x):
    if x[0] > 0:
        return 2 * x if x[1] > 0 else 3 * x
    return 5 * x if not x[2] > -2 else 7 * x


def both(x):
    return 2 * x if x[0] > 0 and x[1] > 0 else 3 * x


def halved(x):
    steps = 0
    while x.max() > 1:
        x, steps = x / 2, steps + 1
    return x * (steps + 1)


def close_to_one(x):
    return 2 * x if np.allclose(x, 1, atol=1.5) else 3 * x


def largest(x):
    return x * max(x)


@pytest.mark.parametrize("code", [by_number, by_truth, nested, both, halved, close_to_one, largest])
def test_conditions_on_values_are_not_baked_in(code):
    follows_the_code(code)


def test_code_with_many_conditions_is_called():
    recorder = Recorder()
    x = recorder.input("x", (MOST_CONDITIONS + 2,), np.dtype(float))
    with pytest.raises(Untraceable, match=f"more than {MOST_CONDITIONS} conditions"):
        sum(1 for entry in x if entry > 0)
    follows_the_code(lambda x: x * sum(entry > k for entry in x for k in (-2.5, -1.5, 0.5, 1.5) if entry > k))


def test_a_condition_that_is_asked_twice_is_one():
    first = Recorder()
    x = first.input("x", (3,), np.dtype(float))
    asked = (x > 0).any()
    assert not asked
    holding = {first.identity(asked.number)}
    recorder = Recorder(holding)
    x = recorder.input("x", (3,), np.dtype(float))
    assert not (x > 1).any()  # asked in another order than before
    assert (x > 0).any()
    assert (x > 0).any()
    assert list(recorder.guards.values()) == [False, True]


class Sided(Op):
    """A value and a Jacobian that ask different questions."""

    inputs = {"x": "i"}
    output = "i"

    def compute(self, x):
        return 2 * x if x[0] > 0 else 3 * x

    def d_x(self, x):
        return term("i -> i | i", ("g(x)", 5 * x if x[1] > 0 else 7 * x))


@pytest.mark.parametrize("first", ["x", "w"])
def test_questions_of_value_and_jacobian_in_any_order(first):
    """Plans that ask for the value only, for the Jacobian only, and for both, share what was recorded."""
    nodes = [jac.node("y", Sided(), x="x"), jac.node("z", jac.Hadamard(), x="y", y="w")]
    model = jac.Model({"x": 3, "w": 3}, nodes)
    plans = [model.plan("z", first), model.plan("z", ["x", "w"]), model.plan("y", "x"), model.plan("z", "w")]
    rng = np.random.default_rng(7)
    for _ in range(24):
        point = {"x": rng.normal(size=3), "w": rng.normal(size=3)}
        run = model.run(point)
        plan = plans[rng.integers(len(plans))]
        for (of, wrt), value in plan(point).items():
            np.testing.assert_allclose(value, run.jacobian(of, wrt).dense(), rtol=1e-13, atol=1e-300)


class TwoStructures(Op):
    """Full on one side, a diagonal on the other: what one plan leaves in an array is wrong for the other."""

    inputs = {"x": "i"}
    output = "i"

    def compute(self, x):
        return x.sum() * x if x[0] > 0 else x * x / 2

    def d_x(self, x):
        diagonal = term("i -> i | i", ("x", x))
        return [term("-> i | i", coef=1.5), term("i -> i | j", ("x", x), j=3)] if x[0] > 0 else [diagonal]


def test_kept_results_across_structures():
    model = jac.Model({"x": 3}, [jac.node("y", TwoStructures(), x="x")])
    plan = model.plan("y", "x")
    inputs = [np.array(x, float) for x in ([1, 2, 3], [-1, 2, 5], [2, 3, 5], [-2, 3, 7], [-3, 5, 2], [3, 1, 2])]
    kept = plan({"x": inputs[0]})
    for x in inputs:
        want = model.run({"x": x}).jacobian("y", "x").dense()
        results = plan({"x": x}, out=kept)
        np.testing.assert_array_equal(kept["y", "x"], want)
        np.testing.assert_array_equal(results["y", "x"], want)


# ----- assignments -----


def into_a_copy(x):
    y = x.copy()
    y[0] = 7.0
    return y


def doubled_in_place(x):
    y = x.copy()
    y *= 2
    return y


def by_mask(x):
    y = np.zeros_like(x)
    y[x > 0] = 1
    return y * x


def into_own_array(x):
    y = np.zeros(x.shape)
    y += x
    return y


def into_out(x):
    y = np.zeros(3)
    np.add(x, 1, out=y)
    return y


def dot_out(x):
    y = np.empty(3)
    np.dot(np.diag([1.0, 2.0, 3.0]), x, out=y)
    return 2 * y + x


def dot_out_by_position(x):
    y = np.empty(3)
    np.dot(np.diag([1.0, 2.0, 3.0]), x, y)
    return 2 * y + x


def method_out(x):
    y = np.zeros(())
    x.sum(out=y)
    return y + x


def copied_to(x):
    y = np.zeros(3)
    np.copyto(y, x)
    return y + x


def own_array_changed_later(x):
    steps = np.ones(3)
    y = x + steps
    steps += 1
    return y * steps


def own_array_filled_in_a_loop(x):
    mask, rows = np.zeros(3), []
    for k in range(3):
        mask[k] = 1
        rows.append(x * mask)
    return sum(rows)


def large_array_changed_later(x):
    weights = np.ones((3, 1000))
    y = (x[:, None] * weights).sum(1)
    weights[0] = 2
    return y + (x[:, None] * weights).sum(1)


@pytest.mark.parametrize(
    "code",
    [
        into_a_copy,
        doubled_in_place,
        by_mask,
        into_own_array,
        into_out,
        dot_out,
        dot_out_by_position,
        method_out,
        copied_to,
        own_array_changed_later,
        own_array_filled_in_a_loop,
        large_array_changed_later,
    ],
)
def test_assignments(code):
    follows_the_code(code)


# ----- shapes that depend on entries -----

COUNTING = {
    "nonzero": lambda x: x * len(np.nonzero(x > 0)[0]),
    "where of a condition": lambda x: x * len(np.where(x > 0)[0]),
    "where as an index": lambda x: x * x[np.where(x > 0)].sum(),
    "mask": lambda x: x * x[x > 0].sum(),
    "flatnonzero": lambda x: x * np.flatnonzero(x).size,
    "unique": lambda x: x * np.unique(np.sign(x)).size,
    "bincount": lambda x: x * np.bincount((x + 4).astype(int)).size,
    "setdiff1d": lambda x: x * np.setdiff1d(x, np.array([1.0])).size,
    "union1d": lambda x: x * np.union1d(x, np.array([1.0])).size,
    "repeat": lambda x: x * np.repeat(x, (x > 0).astype(int)).size,
    "repeat as a method": lambda x: x * x.repeat((x > 0).astype(int)).size,
    "delete": lambda x: x * np.delete(np.arange(6.0), (np.sign(x) + 2).astype(int)).size,
    "lstsq": lambda x: x * np.linalg.lstsq(np.stack([x, x**2], 1), x, rcond=None)[1].size,
    "roots": lambda x: x * np.roots(x).size,
}


@pytest.mark.parametrize("code", COUNTING.values(), ids=COUNTING)
def test_shapes_that_depend_on_entries(code):
    follows_the_code(code)


# ----- other code -----

ELSEWHERE = {
    "math": lambda x: x * math.sqrt(abs(x[0])),
    "item": lambda x: x * x.max().item(),
    "list": lambda x: np.array([math.exp(v) for v in x.tolist()]),
    "int": lambda x: x * int(np.argmax(x)),
    "vectorize": lambda x: np.vectorize(math.erf)(x),
    "frompyfunc": lambda x: np.frompyfunc(math.erf, 1, 1)(x).astype(float),
    "round": lambda x: x * round(x[1]),
    "named tuple": lambda x: x * np.linalg.slogdet(np.outer(x, x) + np.eye(3)).logabsdet,
    "fft": lambda x: np.abs(np.fft.fft(x)),
    "array of entries": lambda x: np.array([x[0], x[1], x[2]]) * 2,
    "array": lambda x: np.array(x) * 2,
    "asarray": lambda x: np.asarray(x) * 2,
    "flat": lambda x: x * x.flat[0],
    "strings": lambda x: x * len([f"{v:.1f}" for v in x.tolist() if v > 0]),
}


@pytest.mark.parametrize("code", ELSEWHERE.values(), ids=ELSEWHERE)
def test_code_that_leaves_numpy(code):
    follows_the_code(code)


def test_ufuncs_of_other_libraries():
    follows_the_code(lambda x: special.expit(x))


RECORDED = {
    "brackets of sums": lambda x: x - (x - (x - 1e-3)) + (x + (x - 1e8)),
    "brackets of quotients": lambda x: (x + 5) / ((x + 7) / (x + 9)) * (x / (3 * x + 31)),
    "signs": lambda x: -1.5 - x - -2.0 - (-x) ** 2 + -(x**2) * 3,
    "powers": lambda x: (x**2) ** 3 - 2 ** (x - 1) ** 2,
    "comparisons": lambda x: ((x > 0) & (x < 2)) * x + ((x > 1) | ~(x < 0)) * 2.0,
    "exclusive or": lambda x: ((x > 0) ^ (x > 1)) * x,
    "remainders": lambda x: x // 2 % 3 + divmod(x, 2)[1],
    "several results": lambda x: np.modf(x)[0] * np.frexp(x)[1],
    "steps backwards": lambda x: x[::-1] * 1.0,
    "new axes": lambda x: (x[None] * x[:, None]).sum(0),
    "lists as indices": lambda x: x * np.outer(x, x)[np.array([0, 1]), np.array([1, 2])].sum() * x[[0, 2]].sum(),
    "masks of the code": lambda x: x * x[np.array([True, False, True])].sum(),
    "sorted": lambda x: x[np.argsort(x)] * np.sort(x),
    "number of each kind": lambda x: np.argmax(x, keepdims=True) * 1 * x + np.argmax(x, keepdims=True) * 1.0 / 2 * x,
    "truth as a number": lambda x: x * (np.argsort(x) * True) * 1.5,
    "constants": lambda x: x * np.float32(0.1) + np.float64(0.3),
    "infinite constants": lambda x: np.maximum(x, -np.inf) + np.minimum(x, np.inf),
    "products": lambda x: np.outer(np.ones(3), np.arange(3.0)) @ x + x @ np.diag([1.0, 2.0, 3.0]),
    "views": lambda x: (np.diagonal(np.multiply.outer(np.outer(x, x), x)) * 2.0).sum(1),
    "windows": lambda x: (np.lib.stride_tricks.sliding_window_view(np.outer(x, x), (2, 2)) * 2.0).reshape(-1)[:3],
    "fancy columns": lambda x: (np.outer(x, x)[:, np.array([[2, 0], [1, 2]])] * 2.0).reshape(-1)[1:4],
}


@pytest.mark.parametrize("code", RECORDED.values(), ids=RECORDED)
def test_what_is_recorded_is_what_the_code_says(code):
    recorder = Recorder()
    assert isinstance(code(recorder.input("x", (3,), np.dtype(float))), Traced)
    follows_the_code(code)


# ----- layouts -----


class Columns(Op):
    """Factors that do not lie in the order of their axes."""

    inputs = {"x": "i", "y": "j"}
    output = "i j"

    def __init__(self, code) -> None:
        self.code = code

    def compute(self, x, y):
        return x[:, None] * y

    def d_x(self, x, y):
        return [term("i k j -> i j | k", ("f", self.code(x, y))), term("j -> i j | i", ("y", y), i=3)]


LAYOUTS = {
    "transposed": lambda x, y: np.multiply.outer(y, np.outer(x, x)).transpose(1, 2, 0) * 2.0,
    "Fortran": lambda x, y: np.multiply.outer(y, np.outer(x, x)).T * 2.0,
    "moved": lambda x, y: np.moveaxis(np.multiply.outer(y, np.outer(x, x)), 0, 2) + 1.0,
    "rolled": lambda x, y: np.rollaxis(np.multiply.outer(y, np.outer(x, x)), 0, 3) + 1.0,
    "looked up": lambda x, y: np.outer(x, y)[:, None, :][:, np.array([0, 0, 0])] * 2.0,
    "broadcast": lambda x, y: np.broadcast_to(y, (3, 3, 5)) * 2.0,
    "windows": lambda x, y: (
        np.lib.stride_tricks.sliding_window_view(np.outer(x[[0, 1, 2, 0, 1]], y), (3, 1))[..., 0] * 2.0
    ),
    "called": lambda x, y: np.array(np.multiply.outer(y, np.outer(x, x)).tolist()).T,
}


@pytest.mark.parametrize("code", LAYOUTS.values(), ids=LAYOUTS)
def test_layouts_of_factors(code):
    op = Columns(lambda x, y: code(x, y) if code(x, y).shape == (3, 3, 5) else np.moveaxis(code(x, y), 2, 1))
    model = jac.Model({"x": 3, "y": 5}, [jac.node("z", op, x="x", y="y")])
    point = {"x": np.array([2.0, 3.0, 5.0]), "y": np.array([7.0, 11.0, 13.0, 17.0, 19.0])}
    (got,) = model.plan("z", "x")(point).values()
    np.testing.assert_allclose(got, model.run(point).jacobian("z", "x").dense(), rtol=1e-14, strict=True)
    assert got.flags.c_contiguous


# ----- ops that are called -----


class Refusing(Op):
    """An op that is called, and that refuses."""

    inputs = {"x": "i"}
    output = "i"

    def check(self, x):
        if float(x[0]) > 5:
            raise jac.InputError("Refusing.x: expected x_0 of at most 5, got more; take less")

    def compute(self, x):
        return np.array(x.tolist())

    def d_x(self):
        return term("-> i | i", i=3)


def test_a_called_op_may_refuse_its_inputs():
    model = jac.Model({"x": 3}, [jac.node("y", Refusing(), x="x"), jac.node("z", jac.Square(), x="y")])
    plan = model.plan("z", "x")
    plan({"x": np.ones(3)})
    with pytest.raises(jac.InputError, match="expected x_0 of at most 5, got more"):
        plan({"x": np.full(3, 6.0)})


# ----- programs -----


def test_equal_instructions_are_one():
    program = Program()
    x = program.input("x", (3,), np.dtype(float))
    first = program.add("np.tanh({0})", (x,), (3,), np.dtype(float))
    assert program.add("np.tanh({0})", (x,), (3,), np.dtype(float)) == first
    fresh = program.add("np.zeros(3)", (), (3,), np.dtype(float), kind="fresh")
    assert program.add("np.zeros(3)", (), (3,), np.dtype(float), kind="fresh") != fresh


def test_equal_small_constants_are_one_and_unequal_ones_two():
    program = Program()
    one = program.constant(np.array([1.0, 2.0]))
    assert program.constant(np.array([1.0, 2.0])) == one
    assert program.constant(np.array([1.0, 2.0 + 1e-15])) != one
    assert program.constant(np.array([1, 2])) != one
    assert program.constant(np.array([[1.0, 2.0]])) != one


def test_what_nothing_uses_is_left_out():
    program = Program()
    x = program.input("x", (3,), np.dtype(float))
    used = program.add("np.exp({0})", (x,), (3,), np.dtype(float))
    unused = program.add("np.sin({0})", (x,), (3,), np.dtype(float))
    check = program.add("{0}.check()", (unused,), (), np.dtype(float), kind="check")
    assert program.needed([used]) == [x, used, unused, check]
    assert unused not in Program.needed(_without(program, check), [used])


def _without(program: Program, number: int) -> Program:
    other = Program()
    for k, at in enumerate(program.code):
        if k != number:
            other.add(at.template, at.operands, at.shape, at.dtype, at.level, at.kind)
    return other
