"""The second derivative of every op: differences of its Jacobian, JAX and SymPy agree; what has none is listed."""

from __future__ import annotations

import itertools

import mpmath
import numpy as np
import pytest
import sympy as sp

import jacobians as jac
from jacobians.checks import central_differences
from jacobians.errors import InputError
from jacobians.op import Op, term
from jacobians.ops.elementwise import Elementwise, Slope
from symbolic.derive import entry_array
from tests.contract import Case, cases, close, ops
from tests.peers import twins

ALL_OPS = pytest.mark.parametrize("op", ops(), ids=lambda op: op.name)
#: Cases with more entries of the second derivative are left to the smaller ones.
ENTRIES = 3000
#: Pairs of inputs compared for one op: with differences, and with JAX, which takes its time to compile each.
PAIRS, COMPILED = 30, 3
#: The ops without a second derivative, and a word of the error that says why.
WITHOUT: dict[str, str] = {}


def small_cases(op, most, entries=ENTRIES):
    """At most so many pairs of inputs, from all the op's cases in turn, that are quick to differentiate twice."""
    found = []
    for k, case in enumerate(cases(op)):
        size = case.op.forward(**case.inputs).size
        both = list(itertools.product(case.op.differentiable(), repeat=2))
        turned = both[k % len(both) :] + both[: k % len(both)] if both else []
        quick = (p for p in turned if size * case.inputs[p[0]].size * case.inputs[p[1]].size <= entries)
        found += [(n, case, one, two) for n, (one, two) in enumerate(quick)]
    found.sort(key=lambda item: item[0])  # one pair of every case before the second pair of any
    return [(case, one, two) for _, case, one, two in found[:most]]


def by_differences(case: Case, one: str, two: str):
    """Central differences of the Jacobian that the contract test compares with the forward pass."""
    return central_differences(
        lambda value: case.op.jacobian(one, **{**case.inputs, two: value}).dense(), case.inputs[two]
    )


@ALL_OPS
def test_second_derivative_equals_differences_of_the_jacobian(op):
    if op.name in WITHOUT:
        case, one, two = small_cases(op, 1)[0]
        with pytest.raises(InputError, match=WITHOUT[op.name]):
            case.op.hessian(one, two, **case.inputs)
        return
    for case, one, two in small_cases(op, PAIRS):
        H, want = case.op.hessian(one, two, **case.inputs), by_differences(case, one, two)
        close(H.dense(), want, 1e-6)
        close(H.shown.dense(), H.dense(), 1e-9)
        assert H.in_shape == case.inputs[two].shape, case.name


def test_every_op_is_compared():
    """All but two linear ones, whose examples are large, and one_hot, which takes data only."""
    assert {op.name for op in ops() if not small_cases(op, 1)} == {"reshape", "merge_heads", "one_hot"}


@pytest.mark.peers
@ALL_OPS
def test_second_derivative_equals_jax(op):
    import jax

    twin_of = twins("jax")[op.name]
    pairs = small_cases(op, COMPILED, entries=1000)

    def second(case, one, two, a, b):
        def value(v, w):
            return twin_of(case.op, **{**case.inputs, two: w, one: v})

        def both(v):
            return twin_of(case.op, **{**case.inputs, one: v})

        if one == two:
            return jax.jacfwd(jax.jacrev(both))(a)
        return jax.jacfwd(jax.jacrev(value, argnums=0), argnums=1)(a, b)

    @jax.jit  # all pairs at once: compiling is what takes the time
    def by_jax(points):
        return [second(*pair, *point) for pair, point in zip(pairs, points, strict=True)]

    wanted = by_jax([(case.inputs[one], case.inputs[two]) for case, one, two in pairs])
    for (case, one, two), want in zip(pairs, wanted, strict=True):
        close(case.op.hessian(one, two, **case.inputs).dense(), np.asarray(want), 1e-10)


# ----- SymPy -----

BY_SYMPY = (jac.Softmax(), jac.Normalize(), jac.Determinant(), jac.CrossEntropy(), jac.Divide(), jac.GELU(), jac.Var())


class Scaled(Op):
    """y = c x with a number c that nothing computes."""

    inputs = {"x": "i"}
    output = "i"
    constants = ("c",)

    def compute(self, x):
        return 3 * x

    def d_x(self):
        return term("-> i | i", ("c", 3.0))


def test_a_declared_constant_has_no_derivative():
    assert Scaled().hessian("x", x=np.array([1.0, 2.0])).terms == ()


@pytest.mark.parametrize("op", BY_SYMPY, ids=lambda op: op.name)
def test_second_derivative_equals_sympy(op):
    case = next(iter(cases(op)))
    numbers = {
        sp.Symbol("_".join([name, *map(str, index)]), real=True): sp.Float(float(value[index]), 30)
        for name, value in case.inputs.items()
        for index in np.ndindex(value.shape)
    }
    shapes = {name: value.shape for name, value in case.inputs.items()}
    for one, two in itertools.product(case.op.differentiable(), repeat=2):
        first = entry_array(case.op, one, shapes)
        by = [sp.Symbol("_".join([two, *map(str, index)]), real=True) for index in np.ndindex(shapes[two])]
        flat = [float(sp.N(sp.diff(e, s).xreplace(numbers), 30)) for e in first.ravel() for s in by]
        want = np.array(flat).reshape(*first.shape, *shapes[two])
        close(case.op.hessian(one, two, **case.inputs).dense(), want, 1e-12)


# ----- f'' far out -----

FAR = np.array([-1e4, -745.5, -38.0, -9.25, -1.5, -0.3, -1e-9, 1e-9, 0.3, 1.5, 9.25, 38.0, 745.5, 1e4])


def _sigma(x):
    return 1 / (1 + mpmath.exp(-x))


EXACT = {
    "tanh": mpmath.tanh,
    "sigmoid": _sigma,
    "log_sigmoid": lambda x: -mpmath.log1p(mpmath.exp(-x)),
    "softplus": lambda x: mpmath.log1p(mpmath.exp(x)),
    "softsign": lambda x: x / (1 + abs(x)),
    "silu": lambda x: x * _sigma(x),
    "mish": lambda x: x * mpmath.tanh(mpmath.log1p(mpmath.exp(x))),
    "gelu": lambda x: x * mpmath.ncdf(x),
    "erf": mpmath.erf,
    "arctan": mpmath.atan,
    "arcsinh": mpmath.asinh,
    "elu": lambda x: x if x > 0 else mpmath.expm1(x),
}


@pytest.mark.parametrize("name", EXACT)
def test_curvature_far_out(name):
    op = jac.OPS[name]
    with mpmath.workdps(60):  # the derivatives are differences of order h^2, h = 1e-20
        h = mpmath.mpf(10) ** -20
        f = EXACT[name]
        want = np.array([float((f(x + h) - 2 * f(x) + f(x - h)) / h**2) for x in map(mpmath.mpf, FAR)])
    got = op.hessian("x", x=FAR).dense()
    got = np.einsum("iii->i", got)
    np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-18)


@pytest.mark.parametrize("op", [op for op in ops() if isinstance(op, Elementwise)], ids=lambda op: op.name)
def test_curvature_is_quiet_at_large_inputs(op):
    for x in (np.array([1e4, 1.0, 0.25]), np.array([1e4, 1.0, 0.25]) * -1):
        try:
            op.forward(x=x)
        except InputError:
            continue
        D = op.hessian("x", x=x).dense()
        assert np.all(np.isfinite(D)) or op.name == "exp"


def test_saturated_softmax_keeps_its_digits():
    x = np.array([40.0, 0.0, 1.0])
    with mpmath.workdps(60):
        weights = [mpmath.exp(v) for v in x]
        p = [w / sum(weights) for w in weights]
        d = np.eye(3)
        want = np.array(
            [
                [
                    [float(p[i] * ((d[i, j] - p[j]) * (d[i, k] - p[k]) - p[j] * (d[j, k] - p[k]))) for k in range(3)]
                    for j in range(3)
                ]
                for i in range(3)
            ]
        )
    np.testing.assert_allclose(jac.Softmax().hessian("x", x=x).dense(), want, rtol=1e-12)
    loss = jac.CrossEntropyIndex().hessian("z", z=x, y=0).dense()
    first = [[float(p[i] * (d[i, j] - p[j])) for j in range(3)] for i in range(3)]
    np.testing.assert_allclose(loss, np.array(first), rtol=1e-12)


def test_determinant_of_a_singular_matrix_has_a_second_derivative():
    A = np.array([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [1.0, 0.0, 5.0]])
    H = jac.Determinant().hessian("A", A=A)
    want = central_differences(lambda a: jac.Determinant().jacobian("A", A=a).dense(), A)
    close(H.dense(), want, 1e-8)
    assert str(H) == "cof'(A)_ijkl"


# ----- what prints -----


@pytest.mark.parametrize(
    ("op", "inputs", "printed"),
    [
        (jac.Tanh(), {"x": (3,)}, "δ_ii' δ_ii'' tanh''(x)_i"),
        (jac.ReLU(), {"x": (3,)}, "0"),
        (jac.Power(3), {"x": (3,)}, "6 δ_ii' δ_ii'' x_i"),
        (jac.SquaredNorm(), {"x": (3,)}, "2 δ_ii'"),
        (jac.LogSumExp(), {"x": (3,)}, "δ_ij softmax(x)_i - softmax(x)_i softmax(x)_j"),
        (jac.SquaredError(), {"a": (3,), "y": (3,)}, "δ_ii'"),
        (jac.CrossEntropyIndex(), {"z": (3,), "y": ()}, "δ_ij softmax(z)_i - softmax(z)_i softmax(z)_j"),
        (jac.LogDet(), {"A": (2, 2)}, "-(A^-1)_jk (A^-1)_li"),
        (jac.Determinant(), {"A": (2, 2)}, "1/det(A) cof(A)_ij cof(A)_kl - 1/det(A) cof(A)_il cof(A)_kj"),
    ],
    ids=lambda value: value.name if isinstance(value, Op) else "",
)
def test_what_prints(op, inputs, printed):
    point = op.sample(np.random.default_rng(3), inputs)
    assert str(op.hessian(next(iter(inputs)), **point)) == printed


def test_mixed_second_derivative_of_linear():
    x, W, b = np.array([1.0, 2.0, 3.0]), np.arange(6.0).reshape(2, 3), np.zeros(2)
    H = jac.Linear().hessian("x", "W", x=x, W=W, b=b)
    assert (H.out_shape, H.in_shape) == ((2, 3), (2, 3))
    assert str(H) == "δ_ii' δ_jj'"
    np.testing.assert_array_equal(H.dense(), np.einsum("ok,ij->oikj", np.eye(2), np.eye(3)))


def test_targets_that_sum_to_one_still_count_as_variables():
    """d2 L / dz dy of cross-entropy: the sum of y is 1 here, its derivative is not 0."""
    z, y = np.array([0.3, -1.0, 0.7]), np.array([0.2, 0.5, 0.3])
    got = jac.CrossEntropy().hessian("z", "y", z=z, y=y).dense()
    p = np.exp(z) / np.exp(z).sum()
    np.testing.assert_allclose(got, np.outer(p, np.ones(3)) - np.eye(3), rtol=1e-12)


# ----- what nothing explains -----


class Unexplained(Op):
    """y = x^3 with a factor that has no known origin."""

    inputs = {"x": "i"}
    output = "i"

    def compute(self, x):
        return x**3

    def d_x(self, x):
        return term("i -> i | i", ("three squares", 3 * x * x))


class Misnamed(Unexplained):
    """The factor is called x and is not."""

    def d_x(self, x):
        return term("i -> i | i", ("x", 3 * x * x))


class Misshapen(Unexplained):
    """The factor is called x and has another shape."""

    def d_x(self, x):
        return term("i j -> i | i", ("x", np.stack([x, x], axis=1)))


@pytest.mark.parametrize(
    ("op", "message"),
    [
        (Unexplained(), r"Unexplained: no second derivative by x and x: the factor three squares of dy/dx is neither"),
        (Misnamed(), r"the factor x of dy/dx differs by up to 10 from"),
        (Misshapen(), r"the factor x of dy/dx has the shape \(2, 2\), what it is said to be has \(2,\)"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_factor_that_nothing_explains_is_an_error(op, message):
    with pytest.raises(InputError, match=message):
        op.hessian("x", x=np.array([1.0, 2.0]))


def test_an_elementwise_op_without_curvature_says_so():
    class Cube(Elementwise):
        """y = x^3."""

        def compute(self, x):
            return x**3

        def derivative(self, x):
            return 3 * x * x

    with pytest.raises(InputError, match=r"Cube: no second derivative: nothing gives it; define Cube.curvature\(x\)"):
        Cube().hessian("x", x=np.array([1.0, 2.0]))
    assert Slope(jac.Tanh()).forward(x=np.zeros(2)).tolist() == [1.0, 1.0]


def test_hessian_by_data_is_refused():
    with pytest.raises(InputError, match="no Jacobian by y: class indices are not differentiable"):
        jac.CrossEntropyIndex().hessian("z", "y", z=np.zeros(3), y=1)
