"""`jac.explain`: mistakes made on purpose in the Jacobians of many ops are named, right ones are never accused."""

from __future__ import annotations

import functools
import itertools
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
LARGEST = 600


@functools.cache
def true_jacobians(name):
    case = next(plainest(getattr(jac, name)()))
    made = [(f"{name}.{wrt}", case.op.jacobian(wrt, **case.inputs)) for wrt in case.op.differentiable()]
    return [(label, J) for label, J in made if J.size <= LARGEST and np.count_nonzero(J.dense()) > 1]


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
    assert len({label.partition(".")[0] for label, _, _ in made}) >= 4
    for label, J, wrong in made:
        found = jac.explain(wrong, J)
        assert not found.equal
        assert fits(found, MISTAKES[mistake][1]), (label, found.name)
        if found.corrected:
            np.testing.assert_allclose(corrected(found, wrong), J.dense(), rtol=1e-7, atol=1e-12, err_msg=str(found))
