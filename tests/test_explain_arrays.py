"""`jac.explain`: mistakes made on purpose in the Jacobians of many ops are named, right ones are never accused."""

from __future__ import annotations

import functools
import itertools
import json
import math

import numpy as np
import pytest

import jacobians as jac
from tests.contract import plainest

OPS = (
    *("Linear", "LinearRows", "Matmul", "Bilinear", "Outer", "Quadratic", "Inner", "Hadamard", "Add", "Tanh"),
    *("Sigmoid", "GELU", "Softmax", "LogSoftmax", "LogSumExp", "LayerNorm", "RMSNorm", "BatchNorm", "Conv1d", "Conv2d"),
    *("AvgPool1d", "MaxPool1d", "SquaredError", "CrossEntropy", "GRUCell", "Attention", "Cumsum", "Var", "Normalize"),
    *("Transpose", "Inverse", "Determinant", "Highway", "Embedding"),
)
#: Arrays with more entries are left out: a small case shows the same.
LARGEST = 150
#: Jacobians of one op, those with most axes.
MOST = 1


@functools.cache
def true_jacobians(name):
    case = next(plainest(getattr(jac, name)()))
    made = [(f"{name}.{wrt}", case.op.jacobian(wrt, **case.inputs)) for wrt in case.op.differentiable()]
    few = [(label, J) for label, J in made if J.size <= LARGEST and np.count_nonzero(J.dense()) > 1]
    return sorted(few, key=lambda one: -len(one[1].shape))[:MOST]


# ----- mistakes: each makes an array of a Jacobian, or None where it cannot be made -----


def tied(J):
    """An output axis and an input axis of one length."""
    n = len(J.out_shape)
    return next(((k, m) for k in range(n) for m in range(n, len(J.shape)) if J.shape[k] == J.shape[m] > 1), None)


def square(J):
    return J.out_shape == J.in_shape and math.prod(J.out_shape) > 1


def mask(J, pair):
    sizes = [J.shape[axis] if axis in pair else 1 for axis in range(len(J.shape))]
    return np.eye(J.shape[pair[0]], dtype=bool).reshape(sizes)


def inputs_first(J):
    n = len(J.out_shape)
    return J.dense().transpose(*range(n, len(J.shape)), *range(n)) if 0 < n < len(J.shape) else None


def input_transposed(J):
    n = len(J.out_shape)
    return J.dense().transpose(*range(n), *range(n, len(J.shape))[::-1]) if len(J.in_shape) > 1 else None


def matrix(J):
    return J.matrix() if len(J.shape) > 2 else None


def matrix_by_columns(J):
    return J.matrix("column") if len(J.shape) > 2 and max(len(J.out_shape), len(J.in_shape)) > 1 else None


def reshaped_not_transposed(J):
    turned = inputs_first(J)
    return turned.reshape(J.shape) if turned is not None and turned.shape != J.shape else None


def only_diagonal(J):
    return J.dense() * mask(J, tied(J)) if tied(J) else None


def no_diagonal(J):
    return J.dense() * ~mask(J, tied(J)) if tied(J) else None


def diagonal_as_vector(J):
    return np.diagonal(J.dense()) if len(J.shape) == 2 and square(J) else None


def no_delta(J):
    pair = tied(J)
    if not pair or (J.dense() * ~mask(J, pair)).any():
        return None
    labels = list(range(len(J.shape)))
    labels[pair[1]] = pair[0]
    kept = [k for k in range(len(labels)) if k != pair[1]]
    line = np.einsum(J.dense(), labels, kept)
    return np.broadcast_to(np.expand_dims(line, pair[1]), J.shape)


def summed_over_outputs(J):
    return J.dense().sum(tuple(range(len(J.out_shape)))) if math.prod(J.out_shape) > 1 else None


def mean_over_outputs(J):
    return J.dense().mean(tuple(range(len(J.out_shape)))) if math.prod(J.out_shape) > 1 else None


def summed_over_inputs(J):
    n = len(J.out_shape)
    return J.dense().sum(tuple(range(n, len(J.shape)))) if math.prod(J.in_shape) > 1 else None


def first_output(J):
    return J.dense()[0] if J.out_shape and J.out_shape[0] > 1 else None


def with_identity(sign):
    def made(J):
        size = math.prod(J.out_shape)
        if not square(J):
            return None
        eye = np.eye(size).reshape(J.shape)
        multiple = np.array_equal(J.dense(), J.dense().flat[0] * eye)  # then it is a factor
        return None if multiple else J.dense() + sign * eye

    return made


def row_factor(J):
    dense = J.dense()
    n = dense.shape[0]
    others = np.count_nonzero(dense.reshape(n, -1), axis=1)
    if dense.ndim < 2 or n < 2 or others.min() < 2:
        return None
    return dense * np.linspace(0.3, 0.9, n).reshape(-1, *[1] * (dense.ndim - 1))


def outer_product(J):
    if len(J.out_shape) != 1 or len(J.in_shape) != 1 or np.linalg.matrix_rank(J.dense()) < 2 or min(J.shape) < 2:
        return None
    rng = np.random.default_rng(3)
    return J.dense() - np.outer(rng.uniform(0.5, 2, J.shape[0]), rng.uniform(0.5, 2, J.shape[1]))


def term_missing(J):
    terms = J.shown.terms
    return jac.Jacobian(terms[:-1], J.out_shape, J.in_shape).dense() if len(terms) > 1 else None


def term_twice(J):
    terms = J.shown.terms
    return jac.Jacobian((*terms, terms[0]), J.out_shape, J.in_shape).dense() if len(terms) > 1 else None


def factor_missing(J):
    term = J.shown.terms[0]
    numbers = [k for k, f in enumerate(term.factors) if f.value.dtype != bool]
    if not numbers:
        return None
    factors = list(term.factors)
    f = factors[numbers[-1]]
    factors[numbers[-1]] = type(f)(np.ones_like(f.value), f.labels, f.name)
    changed = type(term)(tuple(factors), term.out, term.inp, term.sizes, term.coef)
    return jac.Jacobian((changed, *J.shown.terms[1:]), J.out_shape, J.in_shape).dense()


def shifted(J):
    return np.roll(J.dense(), 1, -1) if J.shape and J.shape[-1] > 2 else None


def reversed_axis(J):
    return np.flip(J.dense(), -1) if J.shape and J.shape[-1] > 1 else None


def one_entry(J):
    wrong = J.dense().copy()
    wrong[(-1,) * wrong.ndim] += 0.75
    return wrong if wrong.size > 3 else None


def one_row(J):
    wrong = J.dense().copy()
    wrong[0] *= np.linspace(1.5, 2.5, wrong[0].size).reshape(wrong[0].shape)
    return wrong if J.out_shape and J.shape[0] > 2 and np.count_nonzero(wrong[0]) > 1 else None


def noisy(J):
    rng = np.random.default_rng(4)
    return J.dense() + 1e-6 * np.abs(J.dense()).max() * rng.uniform(-1, 1, J.shape)


def not_a_number(J):
    return np.where(np.arange(J.size).reshape(J.shape) == 1, np.nan, J.dense())


def transposed_and_halved(J):
    turned = inputs_first(J)
    same = turned is not None and turned.shape == J.shape and np.abs(turned - J.dense()).max() < 1e-12
    return None if turned is None or same else turned / 2


LAYOUT = ("transposed", "denominator layout", "input transposed", "axes permuted")
MISTAKES = {
    "inputs first": (inputs_first, LAYOUT),
    "input transposed": (input_transposed, LAYOUT),
    "matrix": (matrix, ("flattened", "axis of size 1")),
    "matrix by columns": (matrix_by_columns, ("flattened", "flattened and transposed", "reshaped")),
    "reshape for transpose": (reshaped_not_transposed, ("reshaped", "reshape for transpose")),
    "only the diagonal": (only_diagonal, ("only the diagonal", "delta added")),
    "no diagonal": (no_diagonal, ("diagonal missing",)),
    "diagonal as a vector": (diagonal_as_vector, ("only the diagonal", "delta dropped")),
    "no delta": (no_delta, ("delta dropped",)),
    "summed over the outputs": (summed_over_outputs, ("axis summed",)),
    "mean over the outputs": (mean_over_outputs, ("axis averaged",)),
    "summed over the inputs": (summed_over_inputs, ("axis summed",)),
    "one output": (first_output, ("one slice",)),
    "sign": (lambda J: -J.dense(), ("sign",)),
    "twice": (lambda J: 2 * J.dense(), ("factor 2",)),
    "half": (lambda J: J.dense() / 2, ("factor 1/2",)),
    "1/n": (lambda J: J.dense() / max((1, *J.shape)), ("factor 1/n", "factor 1/2")),
    "a constant": (lambda J: math.pi * J.dense(), ("constant factor",)),
    "a factor per row": (row_factor, ("factor per index",)),
    "identity added": (with_identity(1), ("identity added", "term twice")),
    "identity missing": (with_identity(-1), ("identity missing", "term missing", "diagonal missing")),
    "outer product": (outer_product, ("rank-one term",)),
    "term missing": (term_missing, ("term missing",)),
    "term twice": (term_twice, ("term twice",)),
    "factor missing": (factor_missing, ("factor missing",)),
    "shifted": (shifted, ("shifted by one",)),
    "reversed": (reversed_axis, ("flipped",)),
    "absolute value": (lambda J: np.abs(J.dense()), ("absolute value",)),
    "squared": (lambda J: J.dense() ** 2, ("squared",)),
    "one entry": (one_entry, ("one entry", "not zero")),
    "one row": (one_row, ("part wrong",)),
    "noise": (noisy, ("finite differences",)),
    "transposed and halved": (transposed_and_halved, tuple(f"{name}, factor 1/2" for name in LAYOUT)),
    "not a number": (not_a_number, ("not finite",)),
}


def mistaken(name, mistake):
    """The Jacobians of one op with what a mistake makes of them, where that is another array."""
    for label, J in true_jacobians(name):
        wrong = MISTAKES[mistake][0](J)
        dense = J.dense()
        scale = np.abs(dense).max()
        if wrong is None or (wrong.shape == dense.shape and np.abs(wrong - dense).max() <= 1e-7 * scale):
            continue
        if np.abs(wrong).max() <= 1e-12 * scale:
            continue  # zero everywhere has a name of its own
        yield label, J, wrong


def fits(found, names):
    """Whether one of the names is the one given, or one that the notes say fits as well."""
    return {found.name, *itertools.chain(*(n.removeprefix("also fits: ").split("; ") for n in found.notes))} & {*names}


def corrected(found, claimed):
    """What the code of the correction makes of the claim."""
    return eval(found.corrected, {"np": np}, {"claimed": claimed})


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_are_named(mistake):
    made = [case for name in OPS for case in mistaken(name, mistake)]
    assert len({label.partition(".")[0] for label, _, _ in made}) >= 4, mistake
    for label, J, wrong in made:
        found = jac.explain(wrong, J)
        assert not found.equal
        assert fits(found, MISTAKES[mistake][1]), (label, found.name)
        if found.corrected:
            np.testing.assert_allclose(corrected(found, wrong), J.dense(), rtol=1e-7, atol=1e-12, err_msg=str(found))


@pytest.mark.parametrize("name", OPS)
def test_right_arrays_are_equal_and_unrelated_ones_get_no_cause(name):
    rng = np.random.default_rng(7)
    for label, J in true_jacobians(name):
        dense = J.dense()
        for right in (J, dense, dense.astype(np.float32), dense.tolist(), dense * (1 + 1e-13), lambda d=dense: d):
            assert jac.explain(right, J).equal, label
        assert jac.explain(dense, dense).equal
        for wrong in (dense + rng.normal(size=J.shape), rng.normal(size=(3, *J.shape))):
            found = jac.explain(wrong, J)
            assert (found.equal, found.name, found.corrected) == (False, "", ""), label


# ----- single cases, each with its wording -----

X, W, B = np.array([2.0, 3, 5]), np.array([[7.0, 11, 13], [17, 19, 23]]), np.array([29.0, 31])
BY_W = jac.Linear().jacobian("W", x=X, W=W, b=B)
BY_X = jac.Linear().jacobian("x", x=X, W=W, b=B)
LOGITS = np.log([2.0, 3, 5, 7])
P = np.array([2.0, 3, 5, 7]) / 17
SOFTMAX = jac.Softmax().jacobian("x", x=LOGITS)


def named(claimed, true=BY_W, **options):
    found = jac.explain(claimed, true, **options)
    return found.name, found.corrected


def test_the_report_on_a_terminal():
    assert str(jac.explain(W.T, BY_X)).splitlines() == [
        "not equal: transposed",
        "  The inputs stand first, (i | o), as in denominator layout and in SymPy; here",
        "  the outputs do.",
        "  claimed    (3, 2)",
        "  true       (2, 3)  (o | i)",
        "  formula    W_oi",
        "  entry      at [0, 1]: claimed 17, true 11 = W_01",
        "  corrected  claimed.T",
    ]
    assert str(jac.explain(W, BY_X)).splitlines() == [
        "equal",
        "  The claim is the Jacobian; the largest deviation is 0.0e+00.",
        "  claimed    (2, 3)",
        "  true       (2, 3)  (o | i)",
    ]


def test_plain_data():
    found = jac.explain(W.T, BY_X)
    assert not found
    assert jac.explain(W, BY_X)
    data = json.loads(json.dumps(found.as_dict()))
    assert data["mistake"] == "transposed"
    assert data["entry"] == {"where": [0, 1], "claimed": 17.0, "true": 11.0, "formula": "W_01"}
    assert (data["corrected"], data["deviation"], data["axes"]) == ("claimed.T", None, "(o | i)")


def test_the_3d_tensor_and_its_deltas():
    found = jac.explain(X, BY_W)
    assert (found.name, found.sentence) == (
        "delta dropped",
        "The Kronecker delta δ_oo' is left out, and with it the axis o, o'.",
    )
    np.testing.assert_array_equal(corrected(found, X), BY_W.dense())
    spread = jac.explain(np.broadcast_to(X, (2, 2, 3)), BY_W)
    assert spread.name == "delta dropped"
    assert str(spread.entry) == "at [0, 1, 0]: claimed 2, true 0 = δ_01 x_0"
    assert named(np.diag(X), X) == ("delta added", "np.diagonal(claimed, 0, 0, 1)")
    assert named(np.diag(X), np.diag([2.0, 3, 7]))[0] == "one entry"


def test_the_softmax_family():
    assert named(np.diag(P), SOFTMAX)[0] == "term missing"
    assert jac.explain(np.diag(P), SOFTMAX).sentence == "The term p_i p_j is missing."
    assert named(P * (1 - P), SOFTMAX)[0] == "only the diagonal"
    assert named(np.diag(P * (1 - P)), SOFTMAX)[0] == "only the diagonal"
    assert named(P, SOFTMAX)[0] == "term missing, delta dropped"
    assert named(np.diag(P), SOFTMAX.dense())[0] == "rank-one term"
    assert str(jac.explain(-SOFTMAX.dense(), SOFTMAX).entry).endswith("= p_0 - p_0 p_0")
    wrong = np.diag(P) - np.outer(P, np.ones(4))  # a factor of one term forgotten
    assert jac.explain(wrong, SOFTMAX).sentence == "The factor p is missing in p_i p_j."


def test_what_backward_gives():
    found = jac.explain(W.sum(0), BY_X)
    assert found.name == "axis summed"
    assert "the vector-Jacobian product with ones that backward() gives" in found.sentence
    assert named(W.mean(0), BY_X)[0] == "axis averaged"
    assert jac.explain(W.sum(1), BY_X).sentence.startswith("The inputs (i) are summed away, as by the Jacobian times")
    assert jac.explain(W[1], BY_X).sentence.startswith("This is one slice of the Jacobian, the one with o = 1;")


def test_factors_have_names():
    cases = {-1: "sign", 2: "factor 2", 1 / 3: "factor 1/n", 3: "factor n", -0.5: "sign and factor 1/2"}
    cases |= {0.75: "constant factor", 1 / math.log(2): "constant factor"}
    for factor, name in cases.items():
        found = jac.explain(factor * W, BY_X)
        assert found.name == name
        np.testing.assert_allclose(corrected(found, factor * W), W, rtol=1e-14)
    assert "1/(ln 2) times" in jac.explain(W / math.log(2), BY_X).sentence
    assert "divided by 3, the length of the axis i" in jac.explain(W / 3, BY_X).sentence
    assert "divided by 6" in jac.explain(BY_W.dense() / 6, BY_W).sentence
    found = jac.explain(W * [[0.5], [0.25]], BY_X)
    assert "depends on o alone (0.5, 0.25)" in found.sentence
    np.testing.assert_allclose(corrected(found, W * [[0.5], [0.25]]), W)
    assert "depends on axis 1 of the claim alone" in jac.explain((W * [[0.5], [0.25]]).T, BY_X).sentence


def test_numbers_at_the_ends_of_their_range():
    for true in (1e300 * W, 1e-310 * W):
        assert jac.explain(true, true).equal
        assert jac.explain(true.T, true).name == "transposed"
    assert not jac.explain(1e300 * W, 1e-300 * W).equal


def test_a_residual_path():
    square = np.array([[2.0, 3, 5], [7, 11, 13], [17, 19, 23]])
    assert named(square - np.eye(3), square) == ("identity missing", "claimed + np.eye(3)")
    assert named(square + 2 * np.eye(3), square) == ("identity added", "claimed - 2.0 * np.eye(3)")
    assert named(square + 2, square) == ("constant added", "claimed - 2.0")


def test_a_flipped_kernel():
    op = jac.Conv1d()
    x, kernel, b = np.arange(1.0, 8).reshape(1, 7) ** 2, np.array([[[2.0, 3, 7]]]), np.zeros(1)
    J, flipped = (op.jacobian("x", x=x, W=w, b=b) for w in (kernel, kernel[..., ::-1].copy()))
    assert jac.explain(flipped.dense(), J).name == "kernel flipped"
    assert jac.explain(flipped.dense(), J.dense()).name == "flipped"


def test_parts_of_the_array():
    row = W * [[1], [-1]]
    assert jac.explain(row, BY_X).sentence == (
        "Only the entries with o = 1 are wrong (the sign is wrong); all others are right."
    )
    found = jac.explain(W + np.array([[0, 0, 0], [0, 0.5, 0]]), BY_X)
    assert found.sentence == "Only the entry [1, 1] is wrong; all others are right."
    assert jac.explain(np.where(W == 13, 0, W), BY_X).sentence == (
        "Only the entry [0, 2] is wrong (zero); all others are right."
    )
    wrong = SOFTMAX.dense() + np.diag([1.0, 2, 3, 5])
    assert jac.explain(wrong, SOFTMAX).sentence.startswith("Only the entries under δ_ij are wrong")
    extra = jac.explain(BY_W.dense() + 0.5 * (BY_W.dense() == 0) * np.arange(12).reshape(2, 2, 3), BY_W)
    assert extra.sentence == "6 of 12 entries are not zero where the true Jacobian is; all others are right."
    assert named(np.zeros((2, 3)), BY_X)[0] == "zero"


def test_nothing_is_invented():
    found = jac.explain(W * [[1.1, 1.3, 1.7], [1.9, 2.3, 2.9]], BY_X)
    assert found.sentence == (
        "Nothing that was tried explains it: 6 of 6 entries differ. The largest deviation is at [1, 2]: claimed 66.7, "
        "true 23 = W_12."
    )
    found = jac.explain(np.ones((4, 5)), BY_W)
    assert found.sentence == (
        "The claim has the shape (4, 5), (2, 2, 3) = (o | o' i) was expected, and nothing that was tried makes the one "
        "of the other."
    )
    assert (found.name, found.deviation) == ("", None)


def test_several_explanations_fit():
    found = jac.explain(BY_W.dense().sum(0), BY_W)  # the sum over o of δ_oo' x_i
    assert (found.name, found.notes) == ("delta dropped", ("also fits: axis summed",))
    symmetric = np.array([[2.0, 3], [3, 5]])
    assert jac.explain(symmetric.T, symmetric).equal


def test_rounding():
    third = 1 / np.array([[3.0, 7], [11, 13]])
    single = third.astype(np.float32)
    assert jac.explain(single, third).equal
    assert "up to 1e-04, the precision of the numbers" in jac.explain(single, third).sentence
    assert named(single.astype(float), third)[0] == "float32 rounding"
    noisy = third + 1e-6 * np.array([[1, -2], [3, -1]])
    assert "finite differences (forward ones with a step of about 9e-06" in jac.explain(noisy, third).sentence
    found = jac.explain(noisy.T, third)
    assert found.name == "transposed"
    assert found.notes[0] == "equal to the claim up to 1e-05 only, as finite differences are"
    assert "9.00000" not in str(found)
    assert "claimed 0.333334" in str(jac.explain(noisy, third).entry)


def test_numbers():
    loss = jac.SquaredError()
    J = loss.jacobian("a", a=[5.0], y=[3.0])
    assert jac.explain(J.dense(), J).equal
    assert jac.explain(3.0, 3).equal
    assert jac.explain(-3, 3.0).name == "sign"
    assert jac.explain(1.7, 3.0).sentence.startswith("Nothing that was tried explains it: 1 of 1 entries differ.")
    assert jac.explain([3.0], 3.0).name == "axis of size 1"
    assert jac.explain(math.nan, 3.0).sentence.startswith("The number is NaN")
    assert jac.explain(0, 3.0).name == "zero"
    assert jac.explain(0, 0).equal
    assert jac.explain(1, 0).name == ""
    assert jac.explain(1.0 + 1e-8, 1.0).name == "float32 rounding"
    assert str(jac.explain(3.0, 3)).splitlines()[-1] == "  true       ()  a number"


def test_not_finite():
    found = jac.explain(np.where(W == 13, np.inf, W), BY_X)
    assert found.sentence.startswith(
        "1 of 6 entries are inf, the first at [0, 2]; all others are right: a division by 0"
    )
    assert str(found.entry) == "at [0, 2]: claimed inf, true 13 = W_02"
    assert "; others differ too" in jac.explain(np.where(W == 13, np.nan, W + 1), BY_X).sentence
    assert json.dumps(found.as_dict(), allow_nan=False)


def test_the_split_of_an_array():
    tensor = np.arange(30.0).reshape(2, 3, 5) ** 1.5
    assert str(jac.explain(tensor, tensor)).splitlines()[-1] == "  true       (2, 3, 5)  (i j k)"
    assert jac.explain(tensor, tensor, out=1).axes == "(i | j k)"
    for out in (None, 1):
        found = jac.explain(tensor.transpose(1, 2, 0), tensor, out=out)
        assert (found.name, found.corrected) == ("denominator layout", "np.transpose(claimed, (2, 0, 1))")
    assert jac.explain(tensor.transpose(1, 2, 0), tensor, out=3).name == "transposed"
    assert jac.explain(tensor.sum(0), tensor, out=1).sentence.startswith("The outputs (i) are summed away")
    assert jac.explain(tensor.sum(0), tensor).sentence == "The axis i is summed away."


def test_functions():
    assert jac.explain(lambda: W, BY_X).equal
    assert jac.explain(lambda w, scale=1: scale * w, BY_X, at={"w": W, "scale": 2}).name == "factor 2"
    assert jac.explain(W, (lambda x: W @ x, X)).equal
    assert jac.explain(np.diag(np.exp(X)), (np.exp, X)).equal
    assert jac.explain(np.exp(X), (np.exp, X)).name == "delta dropped"
    kinked = jac.explain(np.diag(np.sign(X - 4)), (lambda x: np.abs(x - 4), X))
    assert kinked.equal
    assert "up to 1e-06" in kinked.sentence
    real = jac.explain(np.diag(1 / X), (lambda x: np.array([math.log(v) for v in x]), X))
    assert real.equal
    assert jac.explain(4.0, (lambda x: x**2, 2.0)).equal


@pytest.mark.parametrize(
    ("claimed", "true", "message"),
    [
        (W + 1j, W, r"explain\(claimed\): expected an array of real numbers, got complex numbers \(dtype complex128\)"),
        (W.astype(object), W, r"explain\(claimed\): expected an array of real numbers, got objects"),
        ("W x", W, r"explain\(claimed\): expected an array of real numbers, got text"),
        (None, W, r"explain\(claimed\): expected an array of real numbers, got objects"),
        ({"W": 1}, W, r"explain\(claimed\): expected an array of real numbers, got objects"),
        ([[1, 2], [3]], W, r"explain\(claimed\): expected an array of real numbers, got a ragged sequence"),
        ([], W, r"explain\(claimed\): expected numbers, got an array of shape \(0\) without entries"),
        (W, np.ones((0, 3)), r"explain\(true\): expected numbers, got an array of shape \(0, 3\) without entries"),
        (W, np.full(3, np.nan), r"explain\(true\): expected finite numbers, got NaN or inf; compare at another point"),
        (
            W,
            np.exp,
            r"explain\(true\): expected a Jacobian, an array, or a pair \(function, point\), got the function exp",
        ),
        (W, (np.exp, "x"), r"explain\(true\): exp, the point: expected an array of real numbers, got text"),
        (W, "W", r"explain\(true\): expected an array of real numbers, got text"),
        (
            np.broadcast_to(1.0, (10**6, 10**5)),
            W,
            r"explain\(claimed\): the array of shape \(1000000, 100000\) needs 800,000,000,000 bytes, the limit is",
        ),
    ],
)
def test_what_is_no_array_of_real_numbers(claimed, true, message):
    with pytest.raises(jac.InputError, match=f"^{message}"):
        jac.explain(claimed, true)


def test_functions_that_fail_and_options_that_do_not_fit():
    with pytest.raises(jac.InputError, match=r"^explain\(claimed\): <lambda> failed with ZeroDivisionError: "):
        jac.explain(lambda: 1 / 0, W)
    with pytest.raises(jac.InputError, match=r"^explain\(true\): <lambda> failed with IndexError: "):
        jac.explain(W, (lambda x: x[9], X))
    with pytest.raises(jac.InputError, match=r"^explain\(claimed\): at=\{\.\.\.\} holds the arguments of a function"):
        jac.explain(W, W, at={"x": 1})
    with pytest.raises(jac.InputError, match=r"^explain\(out=4\): expected the number of output axes, 0 to 2$"):
        jac.explain(W, W, out=4)
    with pytest.raises(jac.InputError, match=r"^explain\(out=0\): expected 1, the number of outputs that `true` has"):
        jac.explain(W, BY_X, out=0)

    class Broken:
        def __array__(self, dtype=None, copy=None):
            raise RuntimeError("no numbers today")

    with pytest.raises(jac.InputError, match=r"got Broken \(RuntimeError: no numbers today\)"):
        jac.explain(Broken(), W)
