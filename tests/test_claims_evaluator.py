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
]


@pytest.mark.parametrize(("context", "claim", "status"), CLAIMS)
def test_claim(context: str, claim: str, status: str) -> None:
    verdict = check(context, claim, explain=False)
    assert verdict.status == status, verdict.worst.reason
