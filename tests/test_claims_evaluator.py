"""What claims evaluate to: one line each, a context, a claim and its verdict."""

from __future__ import annotations

import pytest

from jacobians.claims.check import check

NETWORK = "W^{(i)} : n_(i) x n_(i-1)\nb^{(i)} : n_(i)\na0 : n_(0)\ng : function\nl : function -> scalar\nk : layer\n"
NETWORK += "z^{(i)} = W^{(i)} a^{(i-1)} + b^{(i)}\na^{(i)} = g^{(i)}(z^{(i)})\nL = l(a^{(3)})\nloss is L"
BATCH = "W : 3 x 2\nX : 2 x m\nm : samples\nl : function -> scalar\nZ = W X\nJ = \\frac{1}{m} l(Z)\ngradients are sum"

CLAIMS = [
    # a letter of labels, also where a size has it, is an index elsewhere
    (NETWORK, r"\frac{\partial L}{\partial W^{(k)}_{ji}} = \delta^{(k)}_j a^{(k-1)}_i", "true"),
    # equations without signs of products are LaTeX
    ("W : 3 x 2\nx : 2\nb : 3\na = W x + b", r"\frac{\partial a}{\partial x} = W", "true"),
    ("W : 3 x 2\nx : 2\na = W x", r"\frac{\partial a_1}{\partial W_{1j}} = x_j", "true"),
    ("w : 2\nx : 2\nz = w^T x", r"\frac{\partial z}{\partial x} = w", "true"),
    # what every layer has is, without a label, that of the layer that is spoken of
    (NETWORK + "\nr_(k) = D(L, z_(k))", r"\frac{\partial L}{\partial b^{(k)}} = r", "true"),
    ("h_0 : 3\nh_(t) = tanh(h_(t-1))", r"\frac{\partial h_1}{\partial h_0} = \text{diag}(1 - (h_1)^2)", "true"),
    ("h0 : scalar\nh_(t) = tanh(h_(t-1))", r"\frac{\partial h_t}{\partial h_{t-1}} = 1 - h_t^2", "true"),
    ("W_{f}^{(k)} : 3 x 2\nx : 2\nz_(k) = W_f_(k) @ x", r"\frac{\partial z^{(k)}}{\partial x} = W_f^{(k)}", "true"),
    # a prime behind brackets
    ("x : 3\ng : function\na = g(x)", r"\frac{\partial a_i}{\partial x_i} = [g(x_i)]^{'}", "true"),
    # error signals with bare labels; they are quantities
    (NETWORK, r"\frac{\partial L}{\partial b^k} = \delta^k", "true"),
    (NETWORK, r"\delta^{(k)} = \delta'(z^{(k)})", "ill-formed"),
    # of the sum of the samples' losses are only the gradients of what there is for every sample
    (BATCH, r"dW = \frac{1}{m} dZ X^T", "true"),
    (BATCH, r"dW = dZ X^T", "false"),
]


@pytest.mark.parametrize(("context", "claim", "status"), CLAIMS)
def test_claim(context: str, claim: str, status: str) -> None:
    verdict = check(context, claim, explain=False)
    assert verdict.status == status, verdict.worst.reason
