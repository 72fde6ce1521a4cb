"""Paths: counted without listing, listed with their products, exact beyond 2^53."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import jacobians as jac
from jacobians.chain import ORDERS
from tests.graphs import chain_model, random_model
from tests.strategies import allowed


def close(got, want):
    assert got.shape == want.shape
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-13 * max(1.0, np.max(np.abs(want), initial=0.0)))


def layered(*sizes):
    """A plain network without activations: every weight is a scalar edge."""
    return chain_model(*sizes[1:], width=sizes[0])


def scalar_graph():
    """s -> x, y, z -> f (of x, y), g (of y, z) -> L: the diamond of the lecture notes, all scalars."""
    return jac.Model(
        {"s": ()},
        [
            jac.node("x", jac.Sin(), x="s"),
            jac.node("y", jac.Square(), x="s"),
            jac.node("z", jac.Exp(), x="s"),
            jac.node("f", jac.Hadamard(), x="x", y="y"),
            jac.node("g", jac.Hadamard(), x="y", y="z"),
            jac.node("L", jac.Add(), x="f", y="g"),
        ],
    )


def residual(depth):
    made, before = [], "x"
    for k in range(depth):
        made += [jac.node(f"h{k}", jac.Tanh(), x=before), jac.node(f"r{k}", jac.Add(), x=before, y=f"h{k}")]
        before = f"r{k}"
    return jac.Model({"x": 2}, made)


# ----- how many -----


def test_scalar_paths_of_a_digit_classifier():
    paths = layered(784, 128, 64, 10).paths("v3", "x")
    assert paths.scalar_count == 784 * 128 * 64 * 10 == 64_225_280
    assert (paths.count, len(paths)) == (1, 1)


def test_activations_add_no_scalar_path_and_a_full_one_does():
    one_to_one = chain_model(5, jac.Tanh(), 2, width=3)
    assert one_to_one.paths("v3", "x").scalar_count == 3 * 5 * 2
    mixing = chain_model(5, jac.Softmax(), 2, width=3)
    assert mixing.paths("v3", "x").scalar_count == 3 * 5 * 5 * 2


def test_counts_are_exact_beyond_doubles():
    model = layered(3, *[10] * 20, 7)
    assert model.paths("v21", "x").scalar_count == 3 * 7 * 10**20
    deep = residual(70).paths("r69", "x")
    assert (deep.count, deep.scalar_count) == (2**70, 2 * 2**70)
    assert 2**70 + 1 != deep.count > 2**53


def test_a_weight_has_a_path_for_every_entry_after_it():
    model = layered(3, 5, 2)
    assert model.paths("v2", "W1").scalar_count == 3 * 5 * 2
    assert model.paths("v2", "W2").scalar_count == 5 * 2
    assert model.paths("v2", "v1").scalar_count == 5 * 2


@pytest.mark.parametrize("seed", range(15))
def test_scalar_paths_are_those_of_the_graph_of_entries(seed):
    """Counted again on the explicit graph of entries, an edge where a local Jacobian may differ from zero."""
    model = random_model(seed)
    run = model.run(model.random_point(seed))
    for wrt in model.leaves:
        many = {wrt: np.ones(run[wrt].size, int)}
        for name, node in model.nodes.items():
            total = np.zeros(run[name].size, int)
            for source in dict.fromkeys(node.sources.values()):
                if source in many:
                    edge = allowed(run.local(name, source))  # by the definition of a term, in the tests' own words
                    total += edge.reshape(total.size, -1).astype(int) @ many[source]
            many[name] = total
        assert model.paths("L", wrt).scalar_count == int(many["L"].sum())


# ----- which -----


def test_the_paths_of_the_diamond_in_order():
    paths = scalar_graph().paths("L", "s")
    assert list(paths) == [
        ("s", "x", "f", "L"),
        ("s", "y", "f", "L"),
        ("s", "y", "g", "L"),
        ("s", "z", "g", "L"),
    ]
    assert (paths.count, len(paths), paths.scalar_count) == (4, 4, 4)
    assert list(paths) == list(paths), "it can be listed again"


def test_products_along_the_paths_of_the_diamond():
    model = scalar_graph()
    s = 0.7
    run = model.run({"s": s})
    found = {str(p): p.jacobian.dense() for p in run.paths("L", "s")}
    want = {
        "s -> x -> f -> L": np.cos(s) * s**2,
        "s -> y -> f -> L": 2 * s * np.sin(s),
        "s -> y -> g -> L": 2 * s * np.exp(s),
        "s -> z -> g -> L": np.exp(s) * s**2,
    }
    assert list(found) == list(want)
    for name, value in want.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-14)


def test_listing_is_lazy():
    first = next(iter(residual(70).paths("r69", "x")))
    assert first == ("x", *(f"r{k}" for k in range(70)))


@pytest.mark.parametrize("seed", range(15))
def test_the_sum_over_paths_is_the_jacobian(seed):
    model = random_model(seed)
    run = model.run(model.random_point(seed))
    for wrt in model.leaves:
        paths = model.paths("L", wrt)
        products = list(run.paths("L", wrt))
        assert len(products) == paths.count == len({p.nodes for p in products})
        total = sum((p.jacobian.dense() for p in products), np.zeros(run[wrt].shape))
        for order in ORDERS:
            close(run.jacobian("L", wrt, order).dense(), total)
        for p in products:
            assert (p.nodes[0], p.nodes[-1]) == (wrt, "L")
            assert all(a in model.nodes[b].sources.values() for a, b in itertools.pairwise(p.nodes))


def test_residual_paths_are_the_subsets_of_layers():
    model = residual(3)
    run = model.run({"x": [0.4, -1.1]})
    products = list(run.paths("r2", "x"))
    assert len(products) == 2**3
    assert {len(p.nodes) for p in products} == {4, 5, 6, 7}
    close(sum(p.jacobian.dense() for p in products), run.jacobian("r2", "x").dense())


# ----- the ends -----


def test_no_path_and_the_empty_path():
    model = scalar_graph()
    run = model.run({"s": 0.3})
    none = model.paths("x", "z")
    assert (none.count, none.scalar_count, list(none), list(run.paths("x", "z"))) == (0, 0, [], [])
    self = model.paths("f", "f")
    assert (self.count, self.scalar_count, list(self)) == (1, 1, [("f",)])
    (path,) = run.paths("f", "f")
    assert path.jacobian.dense() == 1
    assert layered(3, 5).paths("v1", "v1").scalar_count == 5


def test_unknown_names():
    with pytest.raises(jac.InputError, match=r"^paths: unknown name 'q'; known are s, x, y, z, f, g, L$"):
        scalar_graph().paths("q", "s")
    with pytest.raises(jac.InputError, match=r"^paths: unknown name 'r'"):
        scalar_graph().paths("L", "r")
