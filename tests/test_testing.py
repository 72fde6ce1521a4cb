"""Assertions for tests of formulas: silent where a claim holds, the red pen's text where it does not."""

from __future__ import annotations

import pytest

from jacobians.errors import InputError, MathSyntaxError
from jacobians.testing import assert_claim, assert_document

MODEL = """x : 3
W : 2 x 3
y : 2
z = W @ x
L = 1/2 * norm(z - y)^2
"""


def test_a_true_claim_gives_its_verdict():
    verdict = assert_claim(MODEL, r"\frac{\partial L}{\partial W} = (z - y) x^\top")
    assert verdict.status == "true"
    assert verdict.links[0].evidence.points > 0


def test_a_false_claim_is_told_in_full():
    with pytest.raises(AssertionError) as raised:
        assert_claim(MODEL, r"\frac{\partial L}{\partial z} = y - z")
    message = str(raised.value)
    assert "claim:1:33: false: a sign is wrong" in message
    assert r"  | \frac{\partial L}{\partial z} = y - z" in message
    assert r"corrected: \frac{\partial L}{\partial z} = z - y" in message
    assert "claim: 1 claim: 1 false" in message


@pytest.mark.parametrize(
    ("claim", "status"),
    [
        (r"\frac{\partial L}{\partial x} = W (z - y)", "ill-formed"),
        (r"\frac{\partial z}{\partial x} = W^\top", "layout"),
        (r"\frac{\partial L}{\partial x} = \foo", "not understood"),
    ],
)
def test_what_is_not_shown_to_hold_does_not_pass(claim, status):
    with pytest.raises(AssertionError, match=f"1 {status}"):
        assert_claim(MODEL, claim)


def test_what_claims_nothing_does_not_pass():
    with pytest.raises(AssertionError, match=r"claim: expected an equation, got 'x \\\\in R\^3', which claims nothing"):
        assert_claim(MODEL, r"x \in R^3")


def test_a_model_that_cannot_be_read_is_no_failed_claim():
    with pytest.raises(MathSyntaxError, match="line 1, column"):
        assert_claim("x 3", "x = x")


def test_documents(tmp_path):
    path = tmp_path / "notes.md"
    path.write_text(f"```model\n{MODEL}```\nSo $\\frac{{\\partial L}}{{\\partial z}} = z - y$.\n", encoding="utf-8")
    assert assert_document(path).ok
    path.write_text(path.read_text(encoding="utf-8").replace("z - y$", "y - z$"), encoding="utf-8")
    with pytest.raises(AssertionError, match=r"notes\.md:8:\d+: false: a sign is wrong"):
        assert_document(path)


def test_a_document_without_claims_does_not_pass(tmp_path):
    path = tmp_path / "empty.md"
    path.write_text("Nothing but $x$.", encoding="utf-8")
    with pytest.raises(AssertionError, match=r"empty\.md: expected a document with claims, got none"):
        assert_document(path)


def test_a_document_that_cannot_be_read_is_no_failed_claim(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        assert_document(tmp_path / "missing.md")
