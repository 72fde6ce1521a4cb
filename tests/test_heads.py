"""Heads, attention with projections, and its module in PyTorch; wrong numbers of heads."""

from __future__ import annotations

import numpy as np
import pytest

import jacobians as jac
import symbolic
from jacobians.errors import FormError, InputError, ShapeError
from jacobians.ops.heads import CrossAttention, MergeHeads, MultiHeadAttention, SelfAttention, SplitHeads

SHAPES = {"X": (3, 5), "W_Q": (5, 4), "W_K": (5, 4), "W_V": (5, 6), "W_O": (6, 7)}


def point(op, seed=0, **shapes):
    rng = np.random.default_rng(seed)
    return {name: rng.standard_normal({**SHAPES, **shapes}[name]) for name in op.declared()}


def test_split_by_hand_and_back():
    x = np.arange(12.0).reshape(2, 6)
    heads = SplitHeads(2).forward(x=x)
    np.testing.assert_array_equal(heads, [[[0, 1, 2], [6, 7, 8]], [[3, 4, 5], [9, 10, 11]]])
    np.testing.assert_array_equal(MergeHeads().forward(x=heads), x)
    round_trip = MergeHeads().jacobian("x", x=heads) @ SplitHeads(2).jacobian("x", x=x)
    np.testing.assert_array_equal(round_trip.matrix(), np.eye(12))


@pytest.mark.parametrize("options", [{"heads": 1}, {"heads": 2}, {"heads": 2, "causal": True}])
def test_with_the_output_projection(options):
    op = SelfAttention(**options, out=True)
    inputs = point(op)
    assert op.forward(**inputs).shape == (3, 7)
    for wrt in inputs:
        assert op.verify(wrt, **inputs).agrees, wrt


def test_heads_are_attention_of_their_columns():
    op = SelfAttention(2)
    inputs = point(op)
    first = {"X": inputs["X"], "W_Q": inputs["W_Q"][:, :2], "W_K": inputs["W_K"][:, :2], "W_V": inputs["W_V"][:, :3]}
    np.testing.assert_allclose(op.forward(**inputs)[:, :3], SelfAttention().forward(**first), rtol=1e-13)
    J, K = op.jacobian("W_K", **inputs).dense(), SelfAttention().jacobian("W_K", **first).dense()
    np.testing.assert_allclose(J[:, :3, :, :2], K, rtol=1e-12, atol=1e-14)
    assert not np.any(J[:, :3, :, 2:])
    assert not np.any(J[:, 3:, :, :2])


def test_self_attention_is_the_sum_of_its_three_uses_of_x():
    op, many = SelfAttention(2, out=True), MultiHeadAttention(2)
    inputs = point(op)
    weights = {name: value for name, value in inputs.items() if name != "X"}
    parts = many.jacobians(Q=inputs["X"], K=inputs["X"], V=inputs["X"], **weights)
    total = sum(parts[name].dense() for name in "QKV")
    np.testing.assert_allclose(op.jacobian("X", **inputs).dense(), total, rtol=1e-12, atol=1e-14)
    cross = CrossAttention(2, out=True).jacobians(X=inputs["X"], M=inputs["X"], **weights)
    np.testing.assert_allclose(cross["X"].dense() + cross["M"].dense(), total, rtol=1e-12, atol=1e-14)


def test_causal_tokens_do_not_see_what_comes_later():
    op = SelfAttention(2, causal=True)
    J = op.jacobian("X", **point(op)).dense()
    sees = np.any(J != 0, axis=(1, 3))
    np.testing.assert_array_equal(sees, np.tril(np.ones((3, 3), bool)))


def test_in_a_model_the_number_of_arguments_says_whether_there_is_a_projection():
    leaves = "X : 3 x 5\nW_Q : 5 x 4\nW_K : 5 x 4\nW_V : 5 x 6\nW_O : 6 x 7"
    text = f"{leaves}\nY = self_attention(X, W_Q, W_K, W_V, W_O, heads=2)"
    model = jac.Model.parse(text)
    assert model.shapes["Y"] == (3, 7)
    run = model.run(model.random_point(seed=2))
    direct = SelfAttention(2, out=True).jacobian("W_Q", **{name: run[name] for name in model.leaves})
    np.testing.assert_allclose(run.jacobian("Y", "W_Q").dense(), direct.dense(), rtol=1e-13, atol=1e-15)
    assert "P_H_Y" in str(run.jacobian("Y", "W_Q"))


def test_in_a_model_a_mask_is_said_in_words():
    text = "X : 3 x 5\nW_Q : 5 x 4\nW_K : 5 x 4\nW_V : 5 x 6\nm = [[1, 0, 0], [1, 1, 0], [0, 1, 1]]"
    model = jac.Model.parse(f"{text}\nY = self_attention(X, W_Q, W_K, W_V, m, heads=2, mask=true)")
    run = model.run(model.random_point(seed=2))
    J = run.jacobian("Y", "X").dense()
    np.testing.assert_array_equal(np.any(J != 0, axis=(1, 3)), [[1, 0, 0], [1, 1, 0], [0, 1, 1]])


def test_extreme_tokens():
    op = SelfAttention(2, out=True)
    inputs = point(op)
    inputs["X"] *= 100  # scores of 1e4 and more
    for J in op.jacobians(**inputs).values():
        assert np.all(np.isfinite(J.dense()))


def test_index_form_for_one_head_only():
    assert "KroneckerDelta(e, e')" in str(symbolic.index_form(SelfAttention(), "W_V"))
    with pytest.raises(FormError, match="MultiHeadAttention: no index form with symbolic sizes: the head of a column"):
        symbolic.index_form(MultiHeadAttention(), "W_V")


@pytest.mark.peers
def test_equals_the_module_of_pytorch():
    """torch.nn.MultiheadAttention, which keeps transposes of the weights and has one width for all."""
    import torch

    op = MultiHeadAttention(2)
    same = dict.fromkeys(("W_Q", "W_K", "W_V", "W_O"), (6, 6))
    inputs = point(op, Q=(3, 6), K=(5, 6), V=(5, 6), **same)
    layer = torch.nn.MultiheadAttention(6, 2, bias=False, batch_first=True, dtype=torch.float64)

    def module(Q, K, V, W_Q, W_K, W_V, W_O):
        weights = {"in_proj_weight": torch.cat([W_Q.T, W_K.T, W_V.T]), "out_proj.weight": W_O.T}
        return torch.func.functional_call(layer, weights, (Q, K, V), {"need_weights": False})[0]

    tensors = {name: torch.tensor(value) for name, value in inputs.items()}
    np.testing.assert_allclose(op.forward(**inputs), module(**tensors).detach().numpy(), rtol=1e-12, atol=1e-13)
    for wrt in inputs:
        J = torch.func.jacrev(lambda v, wrt=wrt: module(**{**tensors, wrt: v}))(tensors[wrt])
        np.testing.assert_allclose(op.jacobian(wrt, **inputs).dense(), J.numpy(), rtol=1e-10, atol=1e-12)


# ----- wrong input -----


def test_heads_that_do_not_divide():
    with pytest.raises(
        ShapeError, match=r"SplitHeads\.x: expected a width j that heads = 3 divides, got j = 4 in \(2, 4\)"
    ):
        SplitHeads(3).forward(x=np.ones((2, 4)))
    op = SelfAttention(3)
    with pytest.raises(ShapeError, match=r"SelfAttention\.W_Q: .* divides, got d = 4 .*; d = 3 or d = 6 would do"):
        op.forward(**point(op))
    op = SelfAttention(4)
    with pytest.raises(ShapeError, match=r"SelfAttention\.W_V: expected a width e that heads = 4 divides, got e = 6"):
        op.jacobian("X", **point(op))


@pytest.mark.parametrize("heads", [0, -2, 1.5, True, "two"])
def test_heads_that_are_no_number(heads):
    with pytest.raises(InputError, match=r"expected a positive whole number of heads, got "):
        SplitHeads(heads)
    with pytest.raises(InputError, match=rf"SelfAttention: expected a positive whole number of heads, got {heads!r}"):
        SelfAttention(heads)


def test_masks_of_tokens():
    op = SelfAttention(2, mask=True)
    inputs = point(op, mask=(3, 3))
    with pytest.raises(ShapeError, match=r"SelfAttention\.mask: expected \(t t\) = \(3, 3\), got \(3, 2\)"):
        op.forward(**{**inputs, "mask": np.ones((3, 2))})
    with pytest.raises(InputError, match=r"SelfAttention\.mask: .* got 0 of 3 keys for query \(2\) of \(3\)"):
        op.forward(**{**inputs, "mask": [[1, 0, 0], [1, 1, 0], [0, 0, 0]]})
    cross = CrossAttention(mask=True)
    with pytest.raises(ShapeError, match=r"CrossAttention\.mask: expected \(t s\) = \(3, 4\), got \(4, 3\)"):
        cross.forward(**point(cross, M=(4, 5), mask=(4, 3)))
