"""The benchmarks' tasks at small sizes: closed forms, functions and models say the same, so that no ratio rots."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest

import jacobians as jac

sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))  # scripts that import one another by bare names

import hand
import libraries
import table
import tasks

SMALL = tasks.build(small=True)
OUTSIDE = [
    (task, peer)
    for task in SMALL
    for peer, p in libraries.PEERS.items()
    if p.module in ("peer_jax", "peer_torch", "peer_autograd") and libraries.takes_part(peer, task)
    if p.function != "compiled"
]


@pytest.mark.parametrize("name", SMALL)
def test_forms_by_hand_are_our_jacobians(name):
    task = SMALL[name]
    run = jac.Model.parse(task.text).run(task.point)
    for found, pair in zip(hand.FORMS[name](**task.point), task.asked, strict=True):
        expected = run.jacobian(*pair).dense()
        assert found.shape == expected.shape
        np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("way", ["fresh", "kept", "threads"])
def test_plans_give_the_forms_by_hand(name, way):
    import peer_ours

    task = SMALL[name]
    call = getattr(peer_ours, way)(task)()
    for _ in range(2):  # kept arrays are written twice
        for found, expected in zip(peer_ours.arrays(call(), task), hand.FORMS[name](**task.point), strict=True):
            assert found.shape == expected.shape
            np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-12)


@pytest.mark.peers
@pytest.mark.parametrize(("name", "peer"), OUTSIDE)
def test_peers_solve_the_same_task(name, peer):
    task, who = SMALL[name], libraries.PEERS[peer]
    module = importlib.import_module(who.module)
    result = module.arrays(getattr(module, who.function)(task)()(), task)
    for found, expected in zip(result, hand.FORMS[name](**task.point), strict=True):
        assert found.shape == expected.shape
        np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-12)


def test_every_task_has_its_full_size():
    full = tasks.build()
    assert list(full) == list(SMALL) == list(hand.FORMS)
    assert full["N10"].inputs["x"].shape == (32, 64)
    assert full["N8"].inputs["W50"].shape == (64, 64)


def test_a_wrong_or_sparse_result_is_no_peer():
    pairs = {
        "ours": {"seconds": 3.0, "first": 1.0, "bytes": 2_000_000, "peak": 2_100_000},
        "hand": {"seconds": 2.0},
        "jax_rev": {"seconds": 4.0, "first": 100.0},
        "torch_rev": {"seconds": 1.0, "difference": 1e-3},
        "autograd": {"seconds": 1.0, "shapes": ["(2, 3)", "(3, 2)"]},
        "casadi": {"seconds": 1.0, "filled": 0.01},
    }
    assert table.fastest(pairs) == "jax_rev"
    rows = {bar.what: bar for bar in table.bars("N1a", pairs)}
    assert {what: bar.value for what, bar in rows.items()} == {
        "ours / jax_rev": 0.75,
        "ours / hand": 1.5,
        "first call, ours / JAX": 0.01,
        "peak memory / result": 1.05,
    }
    assert [bar.reached for bar in rows.values()] == [True, False, True, True]
    assert [facts["difference"] for facts in pairs.values() if table.wrong(facts) and "difference" in facts] == [1e-3]
    assert (
        table.remarks({"N1a": {"pairs": pairs}})[0] == "WRONG: N1a, torch_rev: differs by 1.0e-03 of the largest entry"
    )
