"""Plans of single ops: equal to the plain evaluation in value, shape, type and layout, however they run."""

from __future__ import annotations

import numpy as np
import pytest

import jacobians as jac
from jacobians.errors import InputError, ShapeError
from tests.contract import Case, cases, close, ops
from tests.large import as_if_large

DIFFERENTIABLE = [op for op in ops() if op.differentiable()]
EVERY = pytest.mark.parametrize("op", DIFFERENTIABLE, ids=lambda op: op.name)


def plan_of(case: Case):
    return case.op.plan(**{name: value.shape for name, value in case.inputs.items()})


def plain(op, inputs) -> dict:
    """What a plan should give, from the op's own Jacobians."""
    symbol = op.symbol if op.symbol not in inputs else f"{op.symbol}_"
    return {(symbol, wrt): J.dense() for wrt, J in op.jacobians(**inputs).items()}


def second_point(case: Case) -> dict:
    return case.op.sample(np.random.default_rng(5), {name: value.shape for name, value in case.inputs.items()})


def same(got, want, tolerance: float = 1e-11) -> None:
    """Equal keys, values, shapes and types, and arrays of their own in C order."""
    assert list(got) == list(want)
    for key, array in want.items():
        close(got[key], array, tolerance)
        assert type(got[key]) is np.ndarray
        assert got[key].dtype == array.dtype
        assert got[key].flags.c_contiguous
        assert got[key].flags.writeable


def identical(got, want) -> None:
    """The same numbers bit for bit."""
    assert list(got) == list(want)
    for key, array in want.items():
        np.testing.assert_array_equal(got[key], array, strict=True)


def apart(results, point) -> None:
    """No result shares memory with another one or with an input."""
    arrays = list(results.values())
    for k, array in enumerate(arrays):
        assert not any(np.shares_memory(array, other) for other in (*arrays[:k], *point.values()))


@pytest.fixture(name="as_if_large")
def _as_if_large(monkeypatch):
    with as_if_large(monkeypatch):
        yield


# ----- every op -----


def plainest(op) -> list[Case]:
    """The plainest case of each variant."""
    found = {repr(case.op): case for case in reversed(list(cases(op)))}
    return list(found.values())


@EVERY
def test_plans_equal_the_plain_evaluation(op):
    for case in cases(op):
        plan = plan_of(case)
        results = plan(case.inputs)
        same(results, plain(case.op, case.inputs))
        apart(results, case.inputs)
        point = second_point(case)
        fresh = plan(point)
        assert any(np.any(fresh[key] != results[key]) for key in fresh) or constant(case)
        identical(plan(point, out=results), fresh)
        identical(results, fresh)


def constant(case: Case) -> bool:
    """Whether the Jacobians are the same at both points."""
    one, two = (plain(case.op, inputs) for inputs in (case.inputs, second_point(case)))
    return all(np.array_equal(one[key], two[key]) for key in one)


def ways(case: Case) -> None:
    """New arrays, arrays of the user, threads."""
    plan, point = plan_of(case), second_point(case)
    fresh = plan(point)
    same(fresh, plain(case.op, point))
    apart(fresh, point)
    given = {key: np.full_like(array, 7.0) for key, array in fresh.items()}
    identical(plan(point, out=given), fresh)
    identical(given, fresh)
    identical(plan(point, threads=2), fresh)


@EVERY
def test_every_way_to_run_gives_the_same(op):
    for case in plainest(op):
        ways(case)


@EVERY
def test_the_arithmetic_of_large_arrays_gives_the_same(op, as_if_large):
    for case in plainest(op):
        ways(case)


@EVERY
def test_float32_stays_float32(op):
    for case in plainest(op):
        data = case.op.data
        point = {k: v if k in data or v.dtype.kind != "f" else v.astype(np.float32) for k, v in case.inputs.items()}
        want = plain(case.op, point)
        results = plan_of(case)(point)
        same(results, want, tolerance=1e-4)
        same(plan_of(case)(point, out=results), want, tolerance=1e-4)


@EVERY
def test_the_source_gives_the_same_numbers(op):
    for case in plainest(op):
        plan = plan_of(case)
        results = plan(case.inputs)
        identical(run(plan, case.inputs), results)


def run(plan, point) -> dict:
    """The listing by itself."""
    text = plan.source()
    scope: dict = {}
    exec(compile(text, "<listing>", "exec"), scope)
    imported = {name for name, value in scope.items() if type(value).__name__ == "module"}
    assert imported <= {"np", "jac"}
    return scope["jacobians"](*[point[name] for name in plan.model.leaves])


def reordered(value: np.ndarray) -> np.ndarray:
    return np.array(value, order="F")


def strided(value: np.ndarray) -> np.ndarray:
    """The same entries as every other one of a larger array, backwards along the first axis."""
    room = np.full(tuple(2 * n for n in value.shape), value.flat[0])
    view = room[tuple(slice(None, None, 2) for _ in value.shape)]
    if not value.ndim:
        return room
    view = view[::-1]
    view[...] = value
    return view


def locked(value: np.ndarray) -> np.ndarray:
    copy = value.copy()
    copy.flags.writeable = False
    return copy


class Labelled(np.ndarray):
    """A subclass as others make them."""


@EVERY
@pytest.mark.parametrize("layout", [reordered, strided, locked, lambda value: value.view(Labelled)])
def test_inputs_in_any_layout(op, layout):
    case = next(cases(op))
    plan = plan_of(case)
    want = plan(case.inputs)
    point = {name: layout(value) for name, value in case.inputs.items()}
    before = {name: value.copy() for name, value in point.items()}
    same(plan(point), want, tolerance=1e-14)
    apart(plan(point), point)
    for name, value in point.items():
        np.testing.assert_array_equal(value, before[name])


# ----- errors -----


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: jac.Linear().plan("Q", x=(3,), W=(2, 3), b=(2,)), InputError, r"unknown input 'Q'; known are x, W, b"),
        (lambda: jac.Linear().plan("W", x=(3,), W=(2, 3)), InputError, r"the shape of b is missing; pass it, as in b="),
        (
            lambda: jac.Linear().plan("W", x=(3,), W=(2, 3), b=(2,), q=(1,)),
            InputError,
            r"Linear.plan: unknown input 'q'",
        ),
        (
            lambda: jac.Linear().plan("W", x=(3,), W=(2, 5), b=(2,)),
            ShapeError,
            r"W as \(o i\) = \(2, 3\), got \(2, 5\)",
        ),
        (
            lambda: jac.Linear().plan("W", order="up", x=(3,), W=(2, 3), b=(2,)),
            InputError,
            r"unknown order 'up'; known",
        ),
        (
            lambda: jac.Embedding().plan("indices", indices=(3,), E=(5, 2)),
            InputError,
            r"Embedding: no Jacobian by indices",
        ),
    ],
)
def test_errors_of_a_plan_of_an_op(call, error, message):
    with pytest.raises(error, match=message):
        call()
