"""The derivation of every op's Jacobian: every line is true, or the reason is said why there is none."""

from __future__ import annotations

import pytest

import jacobians as jac
import symbolic
from jacobians.errors import InputError
from jacobians.op import Op
from jacobians.ops.elementwise import Elementwise
from symbolic.derive import shapes_of

#: Ops without a derivation, and what the reason names: inner values that no equation has, conditions on values.
REFUSED = {
    "einsum": "does not say all",
    "gather": "does not say all",
    "maxout": "argmax",
    "l1_norm": "sign",
    "max": "argmax",
    "min": "argmin",
    "determinant": "cof",
    "max_pool1d": "places of a window",
    "max_pool2d": "places of a window",
    "max_pool3d": "places of a window",
    "adaptive_max_pool1d": "floor",
    "adaptive_max_pool2d": "floor",
    "adaptive_max_pool3d": "floor",
    "adaptive_avg_pool1d": "floor",
    "adaptive_avg_pool2d": "floor",
    "adaptive_avg_pool3d": "floor",
    "weight_norm": "made of vhat",
    "batch_norm_inference": "made of sigma",
    "instance_norm": "made of sigma",
    "group_norm": "made of sigma",
    "rotary_embedding": "made of theta",
    "linear_attention": "made of z",
    "multi_head_attention": "made of P_H",
    "absolute_error": "sign",
    "huber": "clip",
    "focal_loss": "made of q",
    "binary_focal_loss": "made of alpha",
    "contrastive_loss": "made of D",
    "cosine_embedding_loss": "made of s",
    "info_nce": "made of P",
    "dpo": "made of h",
}


def _model(op: Op) -> jac.Model:
    shapes = {name: tuple(shape) for name, shape in shapes_of(op, None).items()}
    return jac.Model(shapes, [jac.node("out_", op, **{name: name for name in op.input_names()})])


#: Elementwise ops are derived alike: every third of them.
ELEMENTWISE = [name for name, op in jac.OPS.items() if isinstance(op, Elementwise)]
NAMES = [n for n, op in jac.OPS.items() if op.differentiable() and n not in {*ELEMENTWISE} - {*ELEMENTWISE[::3]}]


@pytest.mark.parametrize("name", NAMES)
def test_every_line_of_an_op_is_true(name: str) -> None:
    op = jac.OPS[name]
    wrt = op.differentiable()[0]
    if name in REFUSED:
        with pytest.raises(InputError, match=REFUSED[name]):
            symbolic.derivation(_model(op), "out_", wrt)
        return
    checked = symbolic.derivation(_model(op), "out_", wrt).check()
    assert checked.ok, "\n".join(checked.failures())
    assert checked.points > 0


def test_options_of_nodes_made_in_python_are_said() -> None:
    model = jac.Model({"Z": (3, 5)}, [jac.node("P", jac.Softmax(axis=0), x="Z")])
    assert model.equations() == {"P": "softmax(Z, axis=0)"}
    assert symbolic.derivation(model, "P", "Z").check().ok
