"""Terms by example: the five rules, equality, and sizes at which the dense array is out of reach."""

from __future__ import annotations

import functools
import itertools
import tracemalloc

import numpy as np
import pytest

from jacobians import InputError, Jacobian, Linear, delta_einsum
from jacobians.constructors import identity, zero
from jacobians.ops.softmax import Softmax
from jacobians.terms import Factor, Term

x3 = np.array([1.0, 2.0, 4.0])
W23 = np.array([[1.0, -2.0, 3.0], [5.0, 7.0, -11.0]])


# ----- the five rules -----


def test_three_dimensional_tensor_of_a_linear_layer():
    J = delta_einsum("i -> o | o i", x3, o=2)
    want = np.zeros((2, 2, 3))
    want[0, 0], want[1, 1] = x3, x3
    np.testing.assert_array_equal(J.dense(), want)
    assert (J.shape, J.out_shape, J.in_shape, J.pattern) == ((2, 2, 3), (2,), (2, 3), "i -> o | o i")
    assert (J.nnz, J.nbytes, J.size) == (6, x3.nbytes, 12)


def test_hidden_labels_are_summed():
    np.testing.assert_allclose(delta_einsum("o i, i -> o |", W23, x3).dense(), W23 @ x3)


def test_deltas_on_one_side():
    np.testing.assert_array_equal(delta_einsum("-> | i i", i=3).dense(), np.eye(3))
    np.testing.assert_array_equal(delta_einsum("i -> i i |", x3).dense(), np.diag(x3))


def test_a_label_in_no_factor_means_ones():
    np.testing.assert_array_equal(delta_einsum("i -> o | i", x3, o=2).dense(), np.stack([x3, x3]))


def test_a_repeated_label_in_a_factor_is_its_diagonal():
    square = np.arange(9.0).reshape(3, 3)
    np.testing.assert_array_equal(delta_einsum("i i -> | i", square).dense(), np.diag(square))
    assert delta_einsum("i i -> |", square).dense() == np.trace(square)


@pytest.mark.parametrize(
    ("outer", "inner", "size"),
    [("-> | i", "-> i |", 7), ("-> | i i", "-> j j |", 7), ("-> | i j", "-> i j |", 35), ("-> | i i", "-> i j |", 7)],
)
def test_closed_loops_of_deltas_leave_their_size(outer, inner, size):
    def ones(pattern, sizes):
        return delta_einsum(pattern, **{a: n for a, n in sizes.items() if a in pattern})

    sizes = {"i": 7, "j": 5} if size == 35 else {"i": 7, "j": 7}
    product = ones(outer, sizes) @ ones(inner, sizes)
    assert [t.coef for t in product.terms] == [size]
    assert product.dense() == size
    assert product.dense().shape == ()


def test_a_loop_beside_other_labels_leaves_its_size_once():
    product = delta_einsum("-> o | k o", o=2, k=5) @ delta_einsum("i -> k o | i", x3, k=5, o=2)
    assert product.pattern == "i -> o | i"
    assert product.terms[0].coef == 5


def test_the_chain_moves_labels_only():
    J = delta_einsum("o p -> o | p", W23) @ delta_einsum("p -> p | p", x3) @ delta_einsum("i -> o | o i", x3[:2], o=3)
    assert J.pattern == "o q, q, i -> o | q i".replace("q", "p")
    assert J.terms[0].factors[0].value is W23, "no array was copied"


def test_labels_that_meet_by_chance_stay_apart():
    J = delta_einsum("o i -> o | i", W23) @ delta_einsum("i o -> i | o", np.arange(15.0).reshape(3, 5))
    np.testing.assert_allclose(J.dense(), W23 @ np.arange(15.0).reshape(3, 5))
    assert len(set(J.terms[0].sizes)) == 3


# ----- merging -----


def test_six_stacked_softmaxes_are_64_terms_and_2_merged():
    rng = np.random.default_rng(0)
    layers = [Softmax().jacobian("x", x=rng.standard_normal(5)) for _ in range(6)]
    product = functools.reduce(Jacobian.__matmul__, layers)
    merged = product.merge()
    assert (len(product.terms), len(merged.terms)) == (64, 2)
    want = functools.reduce(np.matmul, [J.dense() for J in layers])
    np.testing.assert_allclose(merged.dense(), want, rtol=1e-12, atol=1e-15)
    assert str(product) == str(merged), "what prints is the product before anything was multiplied"


def test_merged_terms_without_arrays_are_one_number():
    J = identity((5,)) + 2 * identity((5,)) + delta_einsum("-> a | b", a=5, b=5)
    merged = J.merge()
    assert sorted((t.pattern, t.coef) for t in merged.terms) == [("-> a | b", 1.0), ("-> i | i", 3.0)]
    assert merged.nbytes == 0


def test_contracting_keeps_deltas_and_outer_products_apart():
    J = (delta_einsum("i, j -> i | j", x3[:2], x3) @ delta_einsum("i -> i | i", x3)).contract()
    assert sorted(len(f.labels) for f in J.terms[0].factors) == [1, 1]
    assert J.nbytes == 5 * 8


# ----- equality -----


def test_equal_up_to_relabelling_and_the_order_of_terms():
    one = delta_einsum("i -> o | o i", x3, o=2) + delta_einsum("o i -> o | o i", W23)
    two = delta_einsum("b a -> b | b a", W23.copy()) + delta_einsum("z -> y | y z", x3.copy(), y=2)
    assert one == two


@pytest.mark.parametrize(
    "other",
    [
        delta_einsum("i -> o | o i", np.array([1.0, 2.0, 4.000000001]), o=2),
        delta_einsum("i -> o | o i", x3, o=2, coef=1.000001),
        delta_einsum("i -> o | p i", x3, o=2, p=2),
        delta_einsum("i -> o | o i", x3, o=5),
        delta_einsum("i -> | o o i", x3, o=2),
        delta_einsum("i, i -> o | o i", x3, x3, o=2),
        delta_einsum("i -> o | o i", x3, o=2) * 2,
        delta_einsum("i -> o | o i", x3, o=2) + delta_einsum("i -> o | o i", x3, o=2),
        zero((2,), (2, 3)),
        np.zeros((2, 2, 3)),
        "i -> o | o i",
    ],
    ids=lambda J: repr(J)[:40],
)
def test_not_equal(other):
    assert not bool(np.all(delta_einsum("i -> o | o i", x3, o=2) == other))


def test_a_delta_is_not_a_matrix_of_ones():
    assert delta_einsum("-> a | b", a=3, b=3) != identity((3,))
    assert identity((3,)) != delta_einsum("-> a | b", a=3, b=3)
    hidden, trace = (delta_einsum(p, np.ones((3, 3)), i=3) for p in ("a b -> i | i", "a a -> i | i"))
    assert hidden != trace
    assert trace != hidden


def test_equal_arrays_on_other_labels_are_not_equal():
    A = np.arange(9.0).reshape(3, 3)
    assert delta_einsum("i j -> i | j", A) != delta_einsum("j i -> i | j", A)
    assert delta_einsum("i k, k j -> i | j", A, A) == delta_einsum("k j, i k -> i | j", A, A)
    assert delta_einsum("i k, j k -> i | j", A, A) != delta_einsum("i k, k j -> i | j", A, A)


def test_coefficients_are_equal_up_to_rounding():
    a, b, c = (identity((3,)) * k for k in (0.1, 0.2, 0.3))
    assert (0.1 * 0.2) * 0.3 != 0.1 * (0.2 * 0.3)
    assert (a @ b) @ c == a @ (b @ c)


def test_hundreds_of_equal_factors_in_another_order():
    A = np.array([[1.0, 2.0], [3.0, 5.0]])
    long = functools.reduce(Jacobian.__matmul__, itertools.repeat(delta_einsum("i j -> i | j", A), 300))
    (t,) = long.terms
    assert Jacobian((Term(t.factors[::-1], t.out, t.inp, t.sizes, t.coef),), (2,), (2,)) == long


def test_jacobians_are_not_hashable():
    with pytest.raises(TypeError, match="unhashable"):
        hash(identity((2,)))


# ----- number types -----


def test_float32_stays():
    x, W = x3.astype(np.float32), W23.astype(np.float32)
    J = Linear().jacobian("x", x=x, W=W, b=np.zeros(2, np.float32))
    square = delta_einsum("i j -> i | j", W[:, :2])
    for K in (J, J @ J.T, J.merge(), (J @ J.T).merge(), 0.3 * J, J[:, 1:], square + identity((2,))):
        assert K.dtype == np.float32
        assert K.dense().dtype == np.float32
    merged = (square @ square + square + delta_einsum("-> a | b", a=2, b=2)).merge()
    assert merged.dense().dtype == np.float32
    assert J.apply(x).dtype == J.pull(np.ones(2, np.float32)).dtype == np.float32
    assert J.apply(x3).dtype == np.float64


def test_other_numbers_become_float64():
    assert delta_einsum("i -> i | i", [1, 2, 3]).dense().dtype == np.float64
    assert delta_einsum("i -> i | i", [True, False]).dense().dtype == np.float64
    assert identity((3,)).dense().dtype == zero((3,), (2,)).dense().dtype == np.float64
    assert identity((3,)).apply([1, 2, 3]).dtype == np.float64


def test_scalar_by_scalar_is_an_array_without_axes():
    J = delta_einsum("-> |", coef=2.5) @ delta_einsum("-> |", coef=3)
    for dense in (J.dense(), np.asarray(J), J.apply(1.0), J.pull(1.0)):
        assert isinstance(dense, np.ndarray)
        assert (dense.shape, float(dense)) == ((), 7.5)
    factors = (Factor(np.asarray(2.0), (), "a"), Factor(np.asarray(3.0), (), "b"))
    assert float(np.asarray(Jacobian((Term(factors, (), (), {}),), (), ()).merge())) == 6


# ----- nnz -----


@pytest.mark.parametrize(
    ("patterns", "count"),
    [
        (["-> i | i"], 5),
        (["-> i | j"], 25),
        (["-> i | i", "-> i | j"], 25),
        (["-> i j | i j", "-> i j | j i"], 45),  # 25 + 25 - 5
        (["-> i j | i k", "-> i j | k j", "-> i j | j i"], 125 + 125 + 25 - 25 - 5 - 5 + 5),
    ],
)
def test_overlapping_ties_are_counted_once(patterns, count):
    made = [delta_einsum(p, **dict.fromkeys({*p} & {*"ijk"}, 5)) for p in patterns]
    assert functools.reduce(Jacobian.__add__, made).nnz == count


def test_a_pattern_counts_its_own_zeros_out():
    mask = np.array([[True, False, True], [False, False, True]])
    assert delta_einsum("o i -> o | i", mask).nnz == 3
    assert (delta_einsum("o i -> o | i", mask, coef=-1e-300) + delta_einsum("o i -> o | i", ~mask)).nnz == 6


# ----- sizes at which the dense array is out of reach -----


def test_ten_thousand_squared_takes_no_memory_beyond_its_inputs():
    n = 10_000
    inputs = {"x": np.arange(float(n)), "W": np.broadcast_to(0.5, (n, n)), "b": np.ones(n)}
    Linear().jacobian("W", **inputs)  # imports and caches
    tracemalloc.start()
    try:
        J = Linear().jacobian("W", **inputs)
        assert (J[3, 3, 7], J[3, 4, 7], J[-1, n - 1, -1]) == (7, 0, n - 1)
        row = J[5, 5]
        assert (row.shape, row[9]) == ((n,), 9)
        assert J[5].pattern.endswith("| o1 i")
        assert str(J) == "δ_oo' x_i"
        assert repr(J) == "<Jacobian (10000) | (10000, 10000): i -> o | o i>"
        assert (J.nnz, J.nbytes, J.size) == (n * n, 8 * n, n**3)
        assert (J @ J.T).shape == (n, n)
        assert (J + J).T == J.T + J.T
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1_000_000, peak


def test_division_by_a_number():
    J = delta_einsum("i -> o | o i", ("x", [1.0, 2.0, 3.0]), o=2)
    np.testing.assert_allclose((J / 4).dense(), J.dense() / 4, rtol=1e-15)
    assert str(J / 3) == "1/3 δ_oo' x_i"
    with pytest.raises(InputError, match="Jacobian / 0: expected a number other than 0"):
        J / 0
    with pytest.raises(InputError, match="Jacobian / str: expected a real number; for the product"):
        J / "2"
