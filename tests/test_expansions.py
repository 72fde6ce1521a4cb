"""Ops of several stages written out: the same numbers as the op itself."""

from __future__ import annotations

import numpy as np
import pytest

import jacobians as jac
from jacobians.claims.bindings import Scope
from jacobians.claims.instances import Instances
from jacobians.notation import tree as t
from symbolic.steps.expansions import STAGES, expanded
from symbolic.steps.reading import starts

MODELS = {
    "layer_norm": "x : 5; gamma : 5; beta : 5; h = layer_norm(x, gamma, beta)",
    "layer_norm of samples": "X : 3 x 5; gamma : 5; beta : 5; h = layer_norm(X, gamma, beta)",
    "layer_norm without scale": "X : 3 x 5; h = layer_norm(X, affine=false)",
    "layer_norm inside": "X : 3 x 5; gamma : 5; beta : 5; h = X + 2 * layer_norm(X, gamma, beta)",
    "rms_norm": "X : 3 x 5; gamma : 5; h = rms_norm(X, gamma)",
    "batch_norm": "X : 7 x 3; gamma : 3; beta : 3; h = batch_norm(X, gamma, beta)",
    "attention": "Q : 3 x 2; K : 5 x 2; V : 5 x 7; h = attention(Q, K, V)",
    "self_attention": "X : 3 x 5; W_Q : 5 x 2; W_K : 5 x 2; W_V : 5 x 7; W_O : 7 x 11; "
    "h = self_attention(X, W_Q, W_K, W_V, W_O)",
    "swish": "x : 5; s : scalar; h = swish(x, s)",
    "lstm_cell_state": "\n".join(
        ["x : 2", "h0 : 3", "c0 : 3"]
        + [f"W_{g} : 3 x 2\nU_{g} : 3 x 3\nb_{g} : 3" for g in "fig"]
        + ["h = lstm_cell_state(x, h0, c0, W_f, U_f, b_f, W_i, U_i, b_i, W_g, U_g, b_g)"]
    ),
    "gru_cell": "\n".join(
        ["x : 2", "h0 : 3"]
        + [f"W_{g} : 3 x 2\nU_{g} : 3 x 3\nb_{g} : 3" for g in "rzn"]
        + ["c_n : 3", "h = gru_cell(x, h0, W_r, U_r, b_r, W_z, U_z, b_z, W_n, U_n, b_n, c_n)"]
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_the_stages_give_what_the_op_gives(name: str) -> None:
    model = jac.Model.parse(MODELS[name].replace("; ", "\n"))
    context = next(starts(model)).context
    assert len(context.equations) > 1, "nothing was written out"
    ev = Instances(context).first()
    got = ev.value(t.Name("h"), Scope()).array[0]
    point = {leaf: ev.quantity(leaf).array[0] for leaf in model.leaves}
    shapes = "\n".join(f"{k} : {' x '.join(map(str, v.shape)) or 'scalar'}" for k, v in point.items())
    again = jac.Model.parse(shapes + f"\nh = {model.equations()['h']}")
    np.testing.assert_allclose(got, again.run(point)["h"], rtol=1e-9, atol=1e-12)


def test_what_has_options_that_the_stages_do_not_know_stays() -> None:
    model = jac.Model.parse("Q : 3 x 2\nK : 5 x 2\nV : 5 x 7\nh = attention(Q, K, V, causal=true)")
    assert list(next(starts(model)).context.equations) == ["h"]


def test_stages_are_ops() -> None:
    assert set(STAGES) <= {op.name for op in jac.OPS.values()}


def test_names_that_are_taken_stay_what_they_are() -> None:
    text = "mu : 5\nv : 5\nx : 5\ngamma : 5\nbeta : 5\nh = layer_norm(x, gamma, beta) + mu * v"
    context = expanded(next(starts(jac.Model.parse(text))).context)
    assert {"mu", "v"} <= set(context.leaves)
    assert len(context.equations) == 5
