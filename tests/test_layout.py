"""Layout ops: an example by hand for each, the structure of their Jacobians, open sizes, wrong input."""

from __future__ import annotations

import numpy as np
import pytest

from jacobians.errors import InputError, ShapeError
from jacobians.ops.join import Concat, Pad, Stack
from jacobians.ops.layout import Flatten, Reshape, Vec
from jacobians.ops.pick import Gather, Index, Slice
from jacobians.ops.relabel import Broadcast, Diagonal, Permute, Tril, Triu

M = np.array([[1, 2, 3], [4, 5, 6]])  # 2 x 3
V = np.array([1, 2, 3])
T = np.arange(30).reshape(2, 3, 5)


def sources(op, wrt="x", **inputs):
    """Where each entry of the output comes from: its place among the entries of the input, -1 for nowhere."""
    dense = op.jacobian(wrt, **inputs).dense()
    rank = np.ndim(inputs[wrt])
    table = dense.reshape(*dense.shape[: dense.ndim - rank], -1)
    assert set(np.unique(table)) <= {0.0, 1.0}
    assert set(np.unique(table.sum(axis=-1))) <= {0.0, 1.0}
    return np.where(table.any(axis=-1), table.argmax(axis=-1), -1)


# ----- one example each, to be checked by eye -----

EXAMPLES = [
    (Reshape((3, 2)), M, [[1, 2], [3, 4], [5, 6]], [[0, 1], [2, 3], [4, 5]]),
    (Reshape((-1,)), M, [1, 2, 3, 4, 5, 6], [0, 1, 2, 3, 4, 5]),
    (Flatten(), M, [1, 2, 3, 4, 5, 6], [0, 1, 2, 3, 4, 5]),
    (Vec(), M, [1, 4, 2, 5, 3, 6], [0, 3, 1, 4, 2, 5]),
    (Vec("row"), M, [1, 2, 3, 4, 5, 6], [0, 1, 2, 3, 4, 5]),
    (Slice(1), M, [[2, 3], [5, 6]], [[1, 2], [4, 5]]),
    (Slice(None, None, -2), M, [[3, 1], [6, 4]], [[2, 0], [5, 3]]),
    (Slice(-2, -1), M, [[2], [5]], [[1], [4]]),
    (Index(2), M, [3, 6], [2, 5]),
    (Index(-2, axis=0), M, [1, 2, 3], [0, 1, 2]),
    (Gather([2, 0, 2]), M, [[3, 1, 3], [6, 4, 6]], [[2, 0, 2], [5, 3, 5]]),
    (Gather([[1], [0]], axis=0), M, [[[4, 5, 6]], [[1, 2, 3]]], [[[3, 4, 5]], [[0, 1, 2]]]),
    (Broadcast((2, 3)), V, [[1, 2, 3], [1, 2, 3]], [[0, 1, 2], [0, 1, 2]]),
    (Broadcast((2, 3)), V[:2, None], [[1, 1, 1], [2, 2, 2]], [[0, 0, 0], [1, 1, 1]]),
    (Pad(((2, 1),), value=7), V, [7, 7, 1, 2, 3, 7], [-1, -1, 0, 1, 2, -1]),
    (Pad(((1, 0), (0, 1))), M, [[0, 0, 0, 0], [1, 2, 3, 0], [4, 5, 6, 0]], [[-1] * 4, [0, 1, 2, -1], [3, 4, 5, -1]]),
    (Permute((1, 0)), M, [[1, 4], [2, 5], [3, 6]], [[0, 3], [1, 4], [2, 5]]),
    (Triu(), M, [[1, 2, 3], [0, 5, 6]], [[0, 1, 2], [-1, 4, 5]]),
    (Triu(1), M, [[0, 2, 3], [0, 0, 6]], [[-1, 1, 2], [-1, -1, 5]]),
    (Tril(), M, [[1, 0, 0], [4, 5, 0]], [[0, -1, -1], [3, 4, -1]]),
    (Tril(-1), M, [[0, 0, 0], [4, 0, 0]], [[-1, -1, -1], [3, -1, -1]]),
    (Diagonal(), [[1, 2], [3, 4]], [1, 4], [0, 3]),
]


@pytest.mark.parametrize(("op", "x", "y", "where"), EXAMPLES, ids=lambda v: repr(v) if hasattr(v, "forward") else "")
def test_example_by_hand(op, x, y, where):
    np.testing.assert_array_equal(op.forward(x=x), y)
    np.testing.assert_array_equal(sources(op, x=np.asarray(x)), where)


def test_concat_by_hand():
    op, parts = Concat(), {"x1": [1, 2], "x2": [3, 4, 5]}
    np.testing.assert_array_equal(op.forward(**parts), [1, 2, 3, 4, 5])
    np.testing.assert_array_equal(sources(op, "x1", **parts), [0, 1, -1, -1, -1])
    np.testing.assert_array_equal(sources(op, "x2", **parts), [-1, -1, 0, 1, 2])


def test_concat_of_three_matrices_by_hand():
    op, parts = Concat(axis=0, count=3), {"x1": [[1, 2]], "x2": [[3, 4], [5, 6]], "x3": [[7, 8]]}
    np.testing.assert_array_equal(op.forward(**parts), [[1, 2], [3, 4], [5, 6], [7, 8]])
    np.testing.assert_array_equal(sources(op, "x2", **parts), [[-1, -1], [0, 1], [2, 3], [-1, -1]])
    assert tuple(op.jacobians(**parts)) == ("x1", "x2", "x3")


def test_stack_by_hand():
    op, parts = Stack(axis=1), {"x1": [1, 2, 3], "x2": [4, 5, 6]}
    np.testing.assert_array_equal(op.forward(**parts), [[1, 4], [2, 5], [3, 6]])
    np.testing.assert_array_equal(sources(op, "x2", **parts), [[-1, 0], [-1, 1], [-1, 2]])


# ----- structure: an index pattern only on the axes that change -----

STRUCTURE = [
    (Reshape((6, 5)), T, "o i j -> o k | i j k", "δ_kk' [o = 3 i + j]"),
    (Reshape((2, 15)), T, "p j k -> i p | i j k", "δ_ii' [p = 5 j + k]"),
    (Reshape((6, 1, 5)), T, "o i j -> o p k | i j k", "δ_kk' [o = 3 i + j]"),
    (Reshape((2, 1, 3, 5)), T, "-> i p j k | i j k", "δ_ii' δ_jj' δ_kk'"),
    (Reshape((2, 3, 5)), T, "-> i j k | i j k", "δ_ii' δ_jj' δ_kk'"),
    (Reshape((3, 2, 5)), T, "o p i j -> o p k | i j k", "δ_kk' [2 o + p = 3 i + j]"),
    (Reshape((4, 3, 7)), np.ones((6, 2, 7)), "o p i j -> o p k | i j k", "δ_kk' [3 o + p = 2 i + j]"),
    (Reshape((6, 35)), np.ones((2, 3, 5, 7)), "o i j, p k l -> o p | i j k l", "[o = 3 i + j] [p = 7 k + l]"),
    (Flatten(start=1), T, "p j k -> i p | i j k", "δ_ii' [p = 5 j + k]"),
    (Vec(), T[0], "o j i -> o | i j", "[o = 3 j + i]"),
    (Vec(), T[:1, 0], "-> j | i j", "δ_jj'"),
    (Broadcast((4, 2, 3, 5)), T, "-> o i j k | i j k", "δ_ii' δ_jj' δ_kk'"),
    (Broadcast((4, 3)), np.ones((4, 1)), "-> i p | i j", "δ_ii'"),
    (Permute((2, 0, 1)), T, "-> k i j | i j k", "δ_ii' δ_jj' δ_kk'"),
    (Diagonal(), np.ones((2, 3, 3)), "-> n i | n i i", "δ_nn' δ_ii' δ_ii''"),
    (Slice(2, 0, -1), T, "o i -> n m o | n m i", "δ_nn' δ_mm' [i = 2 - o]"),
    (Slice(4, None, -2), T, "o i -> n m o | n m i", "δ_nn' δ_mm' [i = 4 - 2 o]"),
    (Index(-1, axis=1), T, "i -> n m | n i m", "δ_nn' δ_mm' [i = 2]"),
    (Gather([[0, 1]], axis=0), T, "o p i -> o p n m | i n m", "δ_nn' δ_mm' [i = indices[o, p]]"),
    (Pad(((2, 0), (0, 0))), T, "o i -> n o j | n i j", "δ_nn' δ_jj' [o = i + 2]"),
    (Triu(2), T, "i j -> n i j | n i j", "δ_nn' δ_ii' δ_jj' [j >= i + 2]"),
    (Tril(-1), T, "i j -> n i j | n i j", "δ_nn' δ_ii' δ_jj' [j <= i - 1]"),
]


@pytest.mark.parametrize(
    ("op", "x", "pattern", "text"), STRUCTURE, ids=lambda v: repr(v) if hasattr(v, "forward") else ""
)
def test_structure(op, x, pattern, text):
    J = op.jacobian("x", x=x)
    assert J.pattern == pattern
    assert str(J) == text
    assert all(f.value.dtype == bool for t in J.terms for f in t.factors)
    assert J.nnz == np.count_nonzero(J.dense())


def test_joins_keep_the_other_axes_tied():
    J = Concat(axis=0).jacobian("x2", x1=np.ones((2, 3)), x2=np.ones((5, 3)))
    assert (J.pattern, str(J)) == ("o j -> o n | j n", "δ_nn' [o = j + 2]")
    K = Stack(axis=-1, count=3).jacobian("x3", **dict.fromkeys(("x1", "x2", "x3"), np.ones((2, 3))))
    assert (K.pattern, str(K)) == ("o -> i j o | i j", "δ_ii' δ_jj' [o = 2]")


def test_scalars_get_axes():
    for op, shape in ((Reshape((1, 1)), (1, 1)), (Flatten(), (1,)), (Vec(), (1,)), (Broadcast((2, 3)), (2, 3))):
        np.testing.assert_array_equal(op.jacobian("x", x=3.0).dense(), np.ones(shape))
    np.testing.assert_array_equal(Stack().jacobian("x2", x1=3.0, x2=4.0).dense(), [0, 1])


# ----- open sizes, while the shapes of a model are inferred -----


@pytest.mark.parametrize(
    ("op", "shape", "sizes"),
    [
        (Reshape((2, -1)), (None, 6), (2, None)),
        (Reshape((2, 3)), (None,), (2, 3)),
        (Flatten(start=1), (4, None, 3), (4, None)),
        (Vec(), (None, 3), (None,)),
        (Broadcast((4, 3)), (None,), (4, 3)),
        (Slice(1, 5, 2), (None,), (2,)),
        (Slice(-2), (None,), (None,)),
        (Index(3), (4, None), (4,)),
        (Gather([[1, 2, 3]]), (4, None), (4, 1, 3)),
        (Pad(((1, 2),)), (5, None), (5, None)),
        (Permute((1, 0)), (5, None), (None, 5)),
        (Triu(), (5, None), (5, None)),
    ],
    ids=repr,
)
def test_open_sizes(op, shape, sizes):
    signature = op.signature({"x": shape})
    known = {**dict(zip(signature.inputs["x"], shape, strict=True)), **signature.sizes}
    assert tuple(known.get(a) for a in signature.output) == sizes


def test_open_sizes_of_joins():
    assert not Concat().signature({"x1": (2,), "x2": (None,)}).sizes
    assert Concat().signature({"x1": (2,), "x2": (3,)}).sizes == {"o": 5}
    signature = Stack(count=2).signature({"x1": (None,), "x2": (7,)})
    assert (signature.inputs["x1"], signature.inputs["x2"], signature.output) == (("i",), ("i",), ("o", "i"))


# ----- wrong input -----


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: Reshape((2, -1, -1)),
            r"Reshape: expected a shape of sizes of 1 or more and at most one -1, got \(2, -1, -1\)",
        ),
        (lambda: Reshape((2, 0)), r"Reshape: expected a shape of sizes of 1 or more and at most one -1, got \(2, 0\)"),
        (
            lambda: Reshape((2.0, 3)),
            r"Reshape: expected a shape .*, got \(2.0, 3\); write it as in Reshape\(\(2, 3\)\)",
        ),
        (lambda: Broadcast((2, -1)), r"Broadcast: expected a shape of sizes of 1 or more, got \(2, -1\)"),
        (lambda: Flatten(start=-1), r"Flatten: expected start = 0, 1, 2, ... leading axes that stay, got -1"),
        (lambda: Vec("C"), r"Vec: expected order='row' or order='column', got 'C'"),
        (lambda: Permute((0, 2)), r"Permute: expected axes that are an order of 0, 1, 2, ..., got \(0, 2\)"),
        (lambda: Slice(step=0), r"Slice: expected a step other than 0, got 0"),
        (lambda: Slice(start=1.5), r"Slice: expected an integer start, got 1.5"),
        (lambda: Index(True), r"Index: expected an integer index, got True"),
        (lambda: Gather([0, -1]), r"Gather: expected an array of indices 0, 1, 2, ..., got \[0, -1\]"),
        (lambda: Gather([0.5]), r"Gather: expected an array of indices 0, 1, 2, ..., got \[0.5\]"),
        (lambda: Gather([]), r"Gather: expected an array of indices 0, 1, 2, ..., got \[\]"),
        (lambda: Pad(((1, -2),)), r"Pad: expected pairs \(before, after\) of sizes of 0 or more, got \(\(1, -2\),\)"),
        (
            lambda: Pad((1, 2)),
            r"Pad: expected pairs .*, got \(1, 2\); write one pair per axis, as in Pad\(\(\(1, 2\),\)\)",
        ),
        (lambda: Concat(count=0), r"Concat: expected a count of 1 or more inputs, got 0"),
        (lambda: Triu(0.5), r"Triu: expected an integer k, got 0.5"),
        (lambda: Tril("main"), r"Tril: expected an integer k, got 'main'"),
    ],
)
def test_wrong_options(make, message):
    with pytest.raises(InputError, match=message):
        make()


@pytest.mark.parametrize(
    ("op", "shape", "message"),
    [
        (
            Reshape((3, 4)),
            (2, 5),
            r"Reshape.x: expected 12 entries for the shape \(3, 4\), got \(2, 5\) with 10; choose sizes",
        ),
        (
            Reshape((3, -1)),
            (2, 5),
            r"Reshape.x: expected a multiple of 3 entries for the shape \(3, -1\), got \(2, 5\) with 10;",
        ),
        (
            Flatten(start=3),
            (2, 5),
            r"Flatten.x: expected at least 3 axes for start=3, got \(2, 5\) with 2; choose a smaller",
        ),
        (
            Broadcast((4, 3)),
            (2, 3),
            r"Broadcast.x: expected sizes that are 1 or those of the shape \(4, 3\), .*, got \(2, 3\)",
        ),
        (Broadcast((3,)), (2, 3), r"Broadcast.x: .* the shape \(3\), .* got \(2, 3\); choose a shape that x fits"),
        (
            Permute((1, 0)),
            (2, 3, 5),
            r"Permute.x: expected 2 axes for axes=\(1, 0\), got \(2, 3, 5\) with 3; name every axis",
        ),
        (
            Slice(1, 5),
            (2, 3),
            r"Slice.x: expected an axis -1 that holds \[1:5:1\], got \(2, 3\) with 3 entries there; .* from -3 to 3",
        ),
        (Slice(2, 1), (2, 3), r"Slice.x: expected an axis -1 that holds \[2:1:1\], got \(2, 3\) with 3 entries there"),
        (Slice(axis=2), (2, 3), r"Slice.x: expected an axis from -2 to 1, got axis 2 for the shape \(2, 3\)"),
        (Index(0), (), r"Index.x: expected an input with an axis, got axis -1 for the shape \(\)"),
        (
            Index(3),
            (2, 3),
            r"Index.x: expected an axis -1 with index 3, got \(2, 3\) with 3 entries there; .* from -3 to 2",
        ),
        (
            Gather([1, 3]),
            (2, 3),
            r"Gather.x: expected an axis -1 with index 3, got \(2, 3\) with 3 entries there; .* from 0 to 2",
        ),
        (
            Pad(((1, 2), (3, 4))),
            (3,),
            r"Pad.x: expected at least 2 axes for width=\(\(1, 2\), \(3, 4\)\), got \(3\) with 1; give a pair",
        ),
        (Triu(), (3,), r"Triu.x: expected \(... i j\) = \(\?, \?\), got \(3\)"),
        (Diagonal(), (2, 3), r"Diagonal.x: expected \(i i\) = .*, got \(2, 3\)"),
    ],
)
def test_wrong_shapes(op, shape, message):
    with pytest.raises(ShapeError, match=message):
        op.forward(x=np.ones(shape))


@pytest.mark.parametrize(
    ("op", "shapes", "message"),
    [
        (Concat(axis=0), ((2, 3), (5, 7)), r"Concat.x2: expected \(j n\) = \(\?, 3\), got \(5, 7\); x1 fixes n = 3"),
        (Concat(), ((2, 3), (5,)), r"Concat.x2: expected \(n j\) = \(2, \?\), got \(5\); x1 fixes n = 2"),
        (Concat(axis=1), ((2,), (3,)), r"Concat.x1: expected an axis from -1 to 0, got axis 1 for the shape \(2\)"),
        (Stack(), ((2, 3), (2, 5)), r"Stack.x2: expected \(i j\) = \(2, 3\), got \(2, 5\); x1 fixes j = 3"),
        (
            Stack(axis=3),
            ((2, 3), (2, 3)),
            r"Stack.x1: expected an axis from -3 to 2, got axis 3 for the shape \(2, 3\)",
        ),
    ],
)
def test_wrong_joins(op, shapes, message):
    with pytest.raises(ShapeError, match=message):
        op.forward(x1=np.ones(shapes[0]), x2=np.ones(shapes[1]))


def test_joins_know_their_inputs():
    with pytest.raises(InputError, match=r"Concat: input x3 is missing; expected x1, x2, x3; pass x3=..."):
        Concat(count=3).forward(x1=[1], x2=[2])
    with pytest.raises(InputError, match=r"Stack: unknown input 'x3'; known are x1, x2"):
        Stack().forward(x1=[1], x2=[2], x3=[3])


def test_empty_axes_are_refused():
    with pytest.raises(
        ShapeError, match=r"Flatten.x: expected \(i j\) without an empty axis, got \(2, 0\); axis j has size 0"
    ):
        Flatten().forward(x=np.ones((2, 0)))


def test_values_pass_and_float32_stays():
    x = np.array([np.nan, np.inf, 1], np.float32)
    for op in (
        Reshape((3, 1)),
        Vec(),
        Slice(0, 3),
        Gather([0, 1, 2]),
        Pad(((1, 0),)),
        Permute((0,)),
        Broadcast((2, 3)),
    ):
        y = op.forward(x=x)
        assert y.dtype == np.float32
        assert np.isnan(y).any()
        assert np.isinf(y).any()
        assert np.isfinite(op.jacobian("x", x=x).dense()).all()
