"""What claims evaluate to: one line each, a context, a claim and its verdict."""

from __future__ import annotations

import pytest

from jacobians.claims.check import check

NETWORK = "W^{(i)} : n_(i) x n_(i-1)\nb^{(i)} : n_(i)\na0 : n_(0)\ng : function\nl : function -> scalar\nk : layer\n"
NETWORK += "z^{(i)} = W^{(i)} a^{(i-1)} + b^{(i)}\na^{(i)} = g^{(i)}(z^{(i)})\nL = l(a^{(3)})\nloss is L"

CLAIMS = [
    # a letter of labels, also where a size has it, is an index elsewhere
    (NETWORK, r"\frac{\partial L}{\partial W^{(k)}_{ji}} = \delta^{(k)}_j a^{(k-1)}_i", "true"),
    # equations without signs of products are LaTeX
    ("W : 3 x 2\nx : 2\nb : 3\na = W x + b", r"\frac{\partial a}{\partial x} = W", "true"),
    ("w : 2\nx : 2\nz = w^T x", r"\frac{\partial z}{\partial x} = w", "true"),
    # what every layer has is, without a label, that of the layer that is spoken of
    (NETWORK + "\nr_(k) = D(L, z_(k))", r"\frac{\partial L}{\partial b^{(k)}} = r", "true"),
    ("h_0 : 3\nh_(t) = tanh(h_(t-1))", r"\frac{\partial h_1}{\partial h_0} = \text{diag}(1 - h_1^2)", "true"),
    ("W_{f}^{(k)} : 3 x 2\nx : 2\nz_(k) = W_f_(k) @ x", r"\frac{\partial z^{(k)}}{\partial x} = W_f^{(k)}", "true"),
]


@pytest.mark.parametrize(("context", "claim", "status"), CLAIMS)
def test_claim(context: str, claim: str, status: str) -> None:
    verdict = check(context, claim, explain=False)
    assert verdict.status == status, verdict.worst.reason
