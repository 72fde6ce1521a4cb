"""Hessians along networks: JAX, differences and hand formulas agree; Gauss-Newton, Fisher, tangent kernel; printing."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import jacobians as jac
from jacobians import Model
from jacobians.checks import WitnessError, central_differences
from jacobians.errors import InputError
from jacobians.second import outer
from tests.contract import close

LAYERED = """
x : 3
y : 2
W1 : 5 x 3
b1 : 5
W2 : 2 x 5
b2 : 2
z1 = W1 @ x + b1
a1 = {g}(z1)
z2 = W2 @ a1 + b2
L = {loss}
"""
#: Networks where inputs are used twice, multiplied, normed; a batch; second derivatives of every kind of node.
TANGLED = {
    "shared": "w : 3\nu : 3\nL = (w @ u) * norm(w - u)^2 + sum(w * w * u)",
    "residual": "x : 3\nW : 3 x 3\nh = x + tanh(W @ x)\ng = h + sigmoid(W @ h)\nL = logsumexp(g) + 1/2 * norm(W)^2",
    "attention": "X : 3 x 2\nQ : 2 x 2\nK : 2 x 2\nS = X @ Q @ (X @ K).T\nP = softmax(S)\nY = P @ X\nL = mean(Y * Y)",
    "quotient": "a : 3\nb : 3\nr = a / norm(b)\nL = log(1 + norm(r)^2) + r @ exp(b)",
    "batch": "X : 5 x 3\nW : 2 x 3\nb : 2\ny : 5 x 2\nZ = X @ W.T + b\nA = softplus(Z)\nL = squared_error(A, y)",
}


def run_of(text: str, seed: int = 0):
    model = Model.parse(text)
    return model.run(model.random_point(seed))


def layered(g: str = "tanh", loss: str = "1/2 * norm(z2 - y)^2"):
    return run_of(LAYERED.format(g=g, loss=loss))


@pytest.fixture(scope="module")
def network():
    return layered()


# ----- witnesses -----


def all_pairs(run):
    return itertools.product([name for name in run.model.leaves if name in run.model.differentiable()], repeat=2)


@pytest.mark.parametrize("name", TANGLED)
def test_tangled_networks_agree_with_differences(name):
    run = run_of(TANGLED[name])
    for one, two in all_pairs(run):
        found = run.check_hessian("L", one, two)
        assert found.agrees, found
        assert found.largest < 1e-8
        H = run.hessian("L", one, two)
        close(H.shown.dense(), H.dense(), 1e-12)
        assert H.nnz >= np.count_nonzero(H.dense())


@pytest.mark.parametrize("g", ["tanh", "relu", "gelu", "mish", "softsign", "g"])
@pytest.mark.parametrize("loss", ["1/2 * norm(z2 - y)^2", "cross_entropy(z2, y)", "huber(z2, y)"])
def test_layered_networks_agree_with_differences(g, loss):
    run = layered(g, loss)
    for one, two in itertools.product(("W1", "b1", "W2", "x", "z1", "z2", "y"), repeat=2):
        found = run.check_hessian("L", one, two)
        assert found.agrees, found


def test_of_a_node_with_axes(network):
    H = network.hessian("z2", "W1", "x")
    assert (H.out_shape, H.in_shape) == ((2, 5, 3), (3,))
    assert network.check_hessian("z2", "W1", "x").agrees


@pytest.mark.parametrize("pair", [("W1", "W2"), ("b1", "x"), ("W1", "z2"), ("z1", "W1")], ids="-".join)
def test_exchanged_names_exchange_the_axes(network, pair):
    one, two = pair
    H, K = network.hessian("L", one, two).dense(), network.hessian("L", two, one).dense()
    n = network[one].ndim
    np.testing.assert_allclose(H, np.moveaxis(K, range(K.ndim - n, K.ndim), range(n)), rtol=1e-12, atol=1e-14)


def test_one_layer_by_hand():
    """L = 1/2 (tanh(w x) - y)^2 of numbers: L'' = x^2 (t'^2 + (t - y) t'')."""
    run = Model.parse("x : scalar\nw : scalar\ny : scalar\na = tanh(w * x)\nL = 1/2 * (a - y)^2").run(
        {"x": 0.7, "w": -1.3, "y": 0.4}
    )
    t = np.tanh(-1.3 * 0.7)
    slope, bend = 1 - t * t, -2 * t * (1 - t * t)
    want = 0.7**2 * (slope**2 + (t - 0.4) * bend)
    np.testing.assert_allclose(run.hessian("L", "w").dense(), want, rtol=1e-13)
    mixed = (t - 0.4) * slope + 0.7 * -1.3 * (slope**2 + (t - 0.4) * bend)
    np.testing.assert_allclose(run.hessian("L", "w", "x").dense(), mixed, rtol=1e-13)


def test_apply_is_the_hessian_times_a_vector(network):
    H = network.hessian("L", "W1")
    v = np.random.default_rng(1).standard_normal((5, 3))
    np.testing.assert_allclose(H.apply(v), np.tensordot(H.dense(), v, 2), rtol=1e-12, atol=1e-14)
    assert H.matrix().shape == (15, 15)


def test_composite_nodes_are_differentiated_inside():
    run = run_of("x : 2\nh : 3\nW : 3 x 2\nU : 3 x 3\nb : 3\nn = elman_cell(x, h, W, U, b)\nL = norm(n)^2")
    for one, two in (("W", "W"), ("W", "U"), ("U", "h"), ("x", "b")):
        found = run.check_hessian("L", one, two)
        assert found.agrees, found


@pytest.mark.peers
@pytest.mark.parametrize("name", ["shared", "residual", "attention", "quotient"])
def test_tangled_networks_agree_with_jax(name):
    import jax
    import jax.numpy as jnp

    twins = {
        "shared": lambda w, u: (w @ u) * jnp.sum((w - u) ** 2) + jnp.sum(w * w * u),
        "residual": _residual,
        "attention": _attention,
        "quotient": lambda a, b: (
            jnp.log(1 + jnp.sum((a / jnp.linalg.norm(b)) ** 2)) + (a / jnp.linalg.norm(b)) @ jnp.exp(b)
        ),
    }
    run = run_of(TANGLED[name], seed=2)
    names = list(run.model.leaves)
    values = [run[k] for k in names]
    blocks = jax.jit(
        jax.jacfwd(jax.jacrev(twins[name], argnums=tuple(range(len(names)))), argnums=(*range(len(names)),))
    )
    want = blocks(*values)
    for (i, one), (j, two) in itertools.product(enumerate(names), repeat=2):
        close(run.hessian("L", one, two).dense(), np.asarray(want[i][j]), 1e-11)


def _residual(x, W):
    import jax
    import jax.numpy as jnp

    h = x + jnp.tanh(W @ x)
    return jax.nn.logsumexp(h + jax.nn.sigmoid(W @ h)) + jnp.sum(W * W) / 2


def _attention(X, Q, K):
    import jax
    import jax.numpy as jnp

    Y = jax.nn.softmax(X @ Q @ (X @ K).T, axis=-1) @ X
    return jnp.mean(Y * Y)


# ----- what prints -----


@pytest.mark.parametrize("loss", ["cross_entropy_index(z, y)", "cross_entropy(z, y)"])
def test_softmax_cross_entropy_prints_as_in_the_textbook(loss):
    y = "scalar" if "index" in loss else "3"
    run = run_of(f"z : 3\ny : {y}\np = softmax(z)\nL = {loss}")
    H = run.hessian("L", "z")
    assert str(H) == "δ_ij p_i - p_i p_j"
    assert H.text("tensor") == "diag(p) - p pᵀ"
    assert H.latex("tensor") == r"\operatorname{diag}\left(p\right) - p p^{\top}"
    p = run["p"]
    np.testing.assert_allclose(H.dense(), np.diag(p) - np.outer(p, p), rtol=1e-13, atol=1e-15)
    assert str(run.jacobian("L", "z")) == ("p_i - [i = y]" if "index" in loss else "p_i - y_i")


def test_a_factor_keeps_its_formula_where_no_node_computes_it():
    run = run_of("Z : 2 x 3\nP = softmax(Z)\nL = logsumexp(Z)")
    assert str(run.jacobian("L", "Z")) == "softmax(Z)_ij"  # over all entries, which P is not


@pytest.mark.parametrize(
    "loss", ["1/2 * norm(X @ w - y)^2", "squared_error(X @ w, y)", "norm(X @ w - y)^2 / 2", "1/2 * sum((X @ w - y)^2)"]
)
def test_least_squares_prints_as_in_the_textbook(loss):
    run = run_of(f"X : 5 x 3\nw : 3\ny : 5\nL = {loss}")
    H = run.hessian("L", "w")
    assert H.text("tensor") == "Xᵀ X"
    np.testing.assert_allclose(H.dense(), run["X"].T @ run["X"], rtol=1e-12)


def test_the_hessian_by_a_matrix_keeps_its_structure():
    run = run_of("W : 2 x 3\nx : 3\ny : 2\nL = 1/2 * norm(W @ x - y)^2")
    H = run.hessian("L", "W")
    assert str(H) == "δ_ii' x_j x_k"
    assert H.nnz == 2 * 3 * 3
    assert str(H.kronecker()).startswith("Id_2 ⊗ x xᵀ")
    np.testing.assert_allclose(H.matrix(), np.kron(np.eye(2), np.outer(run["x"], run["x"])), rtol=1e-13, atol=0)


def test_layered_network_prints_both_sums(network):
    H = network.hessian("L", "z1")
    assert H.text("tensor") == ("diag(W2ᵀ (z2 - y) ⊙ tanh''(z1)) + diag(tanh'(z1)) W2ᵀ W2 diag(tanh'(z1))")
    assert str(network.gauss_newton("L", "z1")) == "Σ_k W2_ki tanh'(z1)_i W2_kj tanh'(z1)_j"


# ----- Gauss-Newton and Fisher -----


@pytest.mark.parametrize("loss", ["1/2 * norm(z2 - y)^2", "cross_entropy(z2, y)", "binary_cross_entropy_logits(z2, y)"])
@pytest.mark.parametrize("pair", [("W1", "W1"), ("W1", "b2"), ("b1", "W2")], ids="-".join)
def test_gauss_newton_is_fisher_for_likelihoods(loss, pair):
    run = layered("tanh", loss)
    J, K = (run.jacobian("z2", name).dense() for name in pair)
    H = run.hessian("L", "z2").dense()
    want = np.tensordot(np.tensordot(J, H, (0, 0)), K, (-1, 0))
    close(run.gauss_newton("L", *pair).dense(), want, 1e-13)
    close(run.fisher("L", *pair).dense(), want, 1e-13)


def test_fisher_is_the_expectation_over_the_models_own_classes():
    model = jac.mlp([3, 4, 3], "tanh", "cross_entropy_index", batch=2)
    run = model.run(model.random_point(3))
    p = np.exp(run["z2"]) / np.exp(run["z2"]).sum(axis=1, keepdims=True)
    want = 0.0
    for n, c in itertools.product(range(2), range(3)):
        single = jac.mlp([3, 4, 3], "tanh", "cross_entropy_index")
        point = {**{k: run[k] for k in ("W1", "b1", "W2", "b2")}, "x": run["x"][n], "y": c}
        g = single.run(point).jacobian("L", "W1").dense()
        want = want + p[n, c] / 2 * np.multiply.outer(g, g)
    close(run.fisher("L", "W1").dense(), want, 1e-13)


@pytest.mark.parametrize("loss", ["cross_entropy_index", "squared_error"])
def test_empirical_fisher_is_the_mean_of_outer_products(loss):
    batch = jac.mlp([3, 4, 2], "tanh", loss if "index" in loss else None, batch=5)
    if "index" not in loss:
        lines = [f"{name} : {' x '.join(map(str, shape))}" for name, shape in batch.leaves.items()]
        lines += [f"{name} = {right}" for name, right in batch.equations().items()]
        batch = Model.parse("\n".join([*lines, "y : 5 x 2", "L = squared_error(z2, y)"]))
    run = batch.run(batch.random_point(1))
    single = jac.mlp([3, 4, 2], "tanh", loss)
    want = 0.0
    for k in range(5):
        point = {**{n: run[n] for n in ("W1", "b1", "W2", "b2")}, "x": run["x"][k], "y": run["y"][k]}
        at = single.run(point)
        want = want + np.multiply.outer(at.jacobian("L", "W1").dense(), at.jacobian("L", "b2").dense()) / 5
    close(run.fisher("L", "W1", "b2", empirical=True).dense(), want, 1e-13)


def test_empirical_fisher_of_one_sample(network):
    g = network.jacobian("L", "b1").dense()
    close(network.fisher("L", "b1", empirical=True).dense(), np.outer(g, g), 1e-14)


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        ("huber(z2, y)", r"L: L = huber\(z2, y\) is not known to be minus the logarithm of a likelihood; known are"),
        ("binary_cross_entropy(sigmoid(z2), y)", r"takes probabilities.*binary_cross_entropy_logits\(z, y\)"),
        ("-1/2 * norm(z2 - y)^2", r"has the factor -0.5 in"),
        (
            "cross_entropy(z2, 2 * y)",
            r"targets 2 \* y that sum to 1, as probabilities do, got the sum -0.861539",
        ),
        ("1/2 * norm(z2 - a1[0] * y)^2", r"both sides of the squared error depend on W1"),
    ],
)
def test_losses_without_fisher_information(loss, message):
    with pytest.raises(InputError, match=message):
        layered("tanh", loss).fisher("L", "W1")


def test_fisher_refuses_losses_of_several_numbers():
    nodes = [
        jac.node("Z", jac.LinearMap(), x="X", W="W"),
        jac.node("L", jac.SquaredError(reduction="none"), a="Z", y="y"),
    ]
    model = Model({"X": (5, 3), "W": (2, 3), "y": (5, 2)}, nodes)
    run = model.run(model.random_point(0))
    with pytest.raises(InputError, match=r"expected a loss that is one number, got L with the shape \(5,\)"):
        run.fisher("L", "W")


def test_empirical_fisher_needs_samples_that_can_be_told_apart():
    run = run_of("W : 2 x 3\nX : 5 x 3\ny : 5 x 2\nZ = X @ W.T\nL = 1/2 * norm(Z - y)^2")
    with pytest.raises(InputError, match=r"cannot be told apart: Z has the shape \(5, 2\); write the loss as squared"):
        run.fisher("L", "W", empirical=True)


def test_gauss_newton_goes_through_the_node_that_is_named():
    run = layered("tanh", "huber(z2, y)")
    J, H = run.jacobian("z1", "b1").dense(), run.hessian("L", "z1").dense()
    close(run.gauss_newton("L", "b1", through="z1").dense(), J.T @ H @ J, 1e-13)
    G = run.gauss_newton("L", "b1")
    J, H = run.jacobian("z2", "b1").dense(), run.hessian("L", "z2").dense()
    close(G.dense(), J.T @ H @ J, 1e-13)


def test_gauss_newton_asks_which_node_it_goes_through():
    run = run_of("w : 3\nu = tanh(w)\nv = sigmoid(w)\nL = u @ v")
    with pytest.raises(InputError, match=r"expected one node in L = .* that depends on w, got u, v; name the one"):
        run.gauss_newton("L", "w")
    run = run_of("w : 3\nL = logsumexp(w)")
    with pytest.raises(InputError, match="that depends on w, got none; name the one"):
        run.gauss_newton("L", "w")


# ----- the tangent kernel -----


def test_ntk_is_the_sum_over_parameters(network):
    want = sum(
        np.tensordot(J, J, (range(1, J.ndim), range(1, J.ndim)))
        for J in (network.jacobian("z2", name).dense() for name in ("W1", "b1", "W2", "b2"))
    )
    K = network.ntk("z2")
    assert (K.out_shape, K.in_shape) == ((2,), (2,))
    close(K.dense(), want, 1e-13)


def test_ntk_of_two_points_tells_their_names_apart(network):
    other = network.model.run({**network.point, "x": network["x"] + 1})
    K = network.ntk("z2", other, wrt="W1")
    J, J2 = network.jacobian("z2", "W1").dense(), other.jacobian("z2", "W1").dense()
    close(K.dense(), np.tensordot(J, J2, ((1, 2), (1, 2))), 1e-13)
    assert str(K) == "Σ_kl W2_ik tanh'(z1)_k x_l W2_jk tanh'(z1')_k x'_l"


def test_ntk_refuses_runs_that_do_not_belong_together(network):
    other = network.model.run({**network.point, "W2": network["W2"] + 0.25})
    with pytest.raises(InputError, match=r"expected the same W2 in both runs, got values that differ by up to 0.25"):
        network.ntk("z2", other)
    with pytest.raises(InputError, match="expected two runs of one model"):
        network.ntk("z2", layered("relu"))
    with pytest.raises(InputError, match=r"y has no parameters; name the leaves"):
        run_of("x : 3\ny = tanh(x)").ntk("y")


# ----- zero, unknown, near a kink -----


def test_zero_where_the_derivative_does_not_depend_on_the_other(network):
    H = network.hessian("z1", "W1")
    assert (H.shape, H.terms, str(H)) == ((5, 5, 3, 5, 3), (), "0")
    assert network.hessian("z1", "W1", "W2").terms == ()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("L", "Q"), "unknown name 'Q'"),
        (("L", "W1", "Q"), "unknown name 'Q'"),
        (("Q", "W1"), "unknown name 'Q'"),
    ],
)
def test_unknown_names(network, arguments, message):
    for method in (network.hessian, network.gauss_newton, network.fisher):
        with pytest.raises(InputError, match=message):
            method(*arguments)


def test_data_have_no_hessian():
    run = run_of("W : 3 x 2\nx : 2\ny : scalar\nL = cross_entropy_index(W @ x, y)")
    with pytest.raises(InputError, match="no Jacobian by y"):
        run.hessian("L", "W", "y")


def test_the_witness_keeps_away_from_kinks():
    run = Model.parse("x : 2\nL = norm(relu(x))^2").run({"x": [1e-7, 1.0]})
    with pytest.raises(WitnessError, match="relu: a kink within 1e-07"):
        run.check_hessian("L", "x")


def test_the_outer_product_of_jacobians():
    rng = np.random.default_rng(4)
    J = jac.delta_einsum("i -> o | o i", rng.standard_normal(3), o=2)
    K = jac.delta_einsum("o i -> o | i", rng.standard_normal((5, 7)))
    both = outer(J, K)
    assert (both.out_shape, both.in_shape) == ((2, 5), (2, 3, 7))
    np.testing.assert_allclose(both.dense(), np.einsum("aij,bk->abijk", J.dense(), K.dense()), rtol=1e-14)


def test_a_wrong_hessian_is_caught(network):
    """The witness tells apart what symmetry cannot: a Hessian without its second sum."""
    from jacobians.curvature import check

    G = network.gauss_newton("L", "W1")
    found = check(network, G, "L", "W1", "W1")
    assert not found.agrees
    assert str(found).startswith("∂²L/∂W1² differs from the central differences: entry [")
    want = central_differences(lambda v: network.moved("W1", v).jacobian("L", "W1").dense(), network["W1"])
    close(network.hessian("L", "W1").dense(), want, 1e-7)
