"""The red pen: mistakes are named, corrected in the reader's notation, and never invented."""

from __future__ import annotations

import random

import pytest

from jacobians.claims.check import Checker, check, context_of
from jacobians.claims.redpen.search import BY_KEY, MISTAKES, search
from jacobians.claims.redpen.site import Site
from tests.redpen import GOOD, named, truths, wrong

LAYERS = """
k : layer
L : last layer
x : n_(0)
W_(k) : n_(k) x n_(k-1)
b_(k) : n_(k)
y : n_(3)
g : function
l : function -> scalar
a0 = x
z_(k) = W_(k) @ a_(k-1) + b_(k)
a_(k) = g_(k)(z_(k))
C = l(y, a3)
loss is C
delta_(k) = D(C, z_(k))
"""
SOFTMAX = "n : size\nz : n\ny : n one-hot\np = softmax(z)\nL = -sum_k(y[k] * log(p[k]))"
BATCH = "n, p : size\nm : samples\nX : n x m\nW : p x n\nb : p\nY : p x m\nZ = W @ X + b\nJ = 1/(2*m) * norm(Z - Y)^2"

#: Context, what was written, the kind of mistake, and the line as it should be.
EXPLAINED = [
    (
        LAYERS,
        r"\delta^{(k)} = W^{(k+1)} \delta^{(k+1)} \odot g^{(k)\prime}(z^{(k)})",
        "transpose missing",
        r"\delta^{(k)} = W^{(k+1)\top} \delta^{(k+1)} \odot g^{(k)\prime}(z^{(k)})",
    ),
    (
        LAYERS,
        r"\delta^{(k)} = (W^{(k+1)})^T \delta^{(k+1)} \odot g^{(k)\prime}(a^{(k)})",
        "derivative at the wrong point",
        r"\delta^{(k)} = (W^{(k+1)})^T \delta^{(k+1)} \odot g^{(k)\prime}(z^{(k)})",
    ),
    (
        LAYERS,
        r"\delta^{(k)} = (W^{(k)})^T \delta^{(k+1)} \odot g^{(k)\prime}(z^{(k)})",
        "wrong layer",
        r"\delta^{(k)} = (W^{(k + 1)})^T \delta^{(k+1)} \odot g^{(k)\prime}(z^{(k)})",
    ),
    (
        LAYERS,
        r"\delta^{(k)} = (W^{(k+1)})^\top \delta^{(k+1)}",
        "derivative of the activation forgotten",
        r"\delta^{(k)} = (W^{(k+1)})^\top \delta^{(k+1)} \odot g^{(k)\prime}(z^{(k)})",
    ),
    (
        LAYERS,
        r"\delta^{[k]}_j = \sum_i W_{ji}^{[k+1]} \delta^{[k+1]}_i g'^{[k]}(z_j^{[k]})",
        "index letters swapped",
        None,
    ),
    (LAYERS, r"\frac{\partial C}{\partial a_i^{(k-1)}} = W_{ji}^{(k)} \delta_j^{(k)}", "sum missing", None),
    (LAYERS, r"\frac{\partial z_i^{(k)}}{\partial W_{pq}^{(k)}} = a_q^{(k-1)}", "Kronecker delta dropped", None),
    (LAYERS, r"\frac{\partial C}{b_j^{(k)}} = \delta_j^{(k)}", "differential missing", None),
    (SOFTMAX, r"\frac{\partial L}{\partial z} = y - p", "sign", r"\frac{\partial L}{\partial z} = p - y"),
    (SOFTMAX, r"\frac{\partial p_i}{\partial z_j} = p_i (1 - p_j)", "one for a delta", None),
    (SOFTMAX, r"\frac{\partial p}{\partial z} = \operatorname{diag}(p \odot (1 - p))", "only the diagonal", None),
    (
        SOFTMAX,
        r"\frac{\partial L}{\partial z_i} = \frac{\partial L}{\partial p_i} \frac{\partial p_i}{\partial z_i}",
        "one way only",
        None,
    ),
    (BATCH, "dW = X @ dZ.T", "outer product turned", "dW = dZ @ X.T"),
    (BATCH, "db = np.sum(dZ, axis=0)", "wrong axis", "db = np.sum(dZ, axis=1)"),
]


@pytest.mark.parametrize(("context", "claim", "key", "corrected"), EXPLAINED, ids=[e[2] for e in EXPLAINED])
def test_a_mistake_is_named_and_corrected(context, claim, key, corrected):
    verdict = check(context, claim)
    explanation = verdict.worst.explanation
    assert verdict.status in ("false", "ill-formed")
    assert explanation is not None
    assert explanation.keys == (key,)
    assert explanation.sentence.endswith(".")
    assert corrected is None or explanation.corrected == corrected
    assert check(context, explanation.corrected).status == "true"


@pytest.fixture(scope="module")
def claims():
    return truths()


@pytest.mark.parametrize("mistake", MISTAKES, ids=[m.key for m in MISTAKES])
def test_a_mistake_that_was_made_is_found(mistake, claims):
    """A few of each kind; the module tests.redpen counts them all."""
    rng = random.Random(mistake.key)
    made = results = 0
    for truth in rng.sample(claims, len(claims)):
        for tree in wrong(truth, mistake, 1, rng):
            found = search(Site(truth.checker.judge, truth.left, tree))
            made += 1
            results += named(found, mistake, truth) in GOOD
            if found is not None:
                assert truth.checker.judge.holds(found.left, found.right)
        if made == 3:
            break
    assert results >= made - 1
    assert results or not made


def test_every_mistake_has_a_name_and_a_sentence():
    assert len(BY_KEY) == len(MISTAKES) >= 45
    for mistake in MISTAKES:
        assert mistake.name[0].islower() or mistake.name[0].isdigit() or mistake.name[0] == "K"
        assert mistake.sentence.endswith(".")


def test_no_cause_is_invented():
    verdict = check(LAYERS, r"\delta^{(k)} = \exp(z^{(k)}) \odot \cos(b^{(k)})")
    explanation = verdict.worst.explanation
    assert verdict.status == "false"
    assert explanation is not None
    assert explanation.name == ""


SIGMOID_SLOPE = r"\delta^{(k)} = (W^{(k+1)})^\top \delta^{(k+1)} \odot a^{(k)} \odot (1 - a^{(k)})"
SPECIAL = {
    SIGMOID_SLOPE: "it holds where g is the sigmoid",
    r"\delta^{(L)} = a^{(L)} - y": "it holds where g is the sigmoid and l is the binary cross-entropy",
    r"\delta^{(k)} = (W^{(k+1)})^\top \delta^{(k+1)}": "it holds where g is the identity (a linear layer)",
}


@pytest.mark.parametrize("claim", SPECIAL)
def test_a_special_case_is_said_as_such(claim):
    verdict = check(LAYERS, claim)
    assert verdict.status == "false"
    assert SPECIAL[claim] in verdict.worst.reason


def test_what_is_wrong_for_every_activation_has_no_special_case():
    assert "holds where" not in check(LAYERS, r"\delta^{(k)} = 3 W^{(k+1)\top} \delta^{(k+1)}").worst.reason


def test_two_slips_are_named_together():
    verdict = check(LAYERS, r"\delta^{(k)} = -W^{(k+1)} \delta^{(k+1)} \odot g^{(k)\prime}(z^{(k)})")
    explanation = verdict.worst.explanation
    assert explanation is not None
    assert set(explanation.keys) == {"sign", "transpose missing"}


def test_a_line_that_is_right_after_a_wrong_one_is_true():
    claim = r"""\begin{aligned}
      \frac{\partial C}{\partial b^{(k)}} &= \delta^{(k)} \\
      &= 2 \frac{\partial C}{\partial z^{(k)}} \\
      &= \frac{\partial C}{\partial z^{(k)}} \\
    \end{aligned}"""
    first, second, third = Checker(context_of(LAYERS)).check(claim).links
    assert [link.status for link in (first, second, third)] == ["true", "false", "true"]
    assert second.explanation.keys == ("factor 2",)
    assert "the line above is wrong" in third.notes[0]


def test_a_summand_that_is_zero_is_no_correction():
    context = (
        "n : size\nx : n\nW, V : n x n\nl : function -> scalar\nu = W @ x\ns = x + V @ tanh(u)\no = W @ s\nL = l(o)"
    )
    path = r"\frac{\partial L}{\partial u} x^\top"
    claim = rf"\frac{{\partial L}}{{\partial W}} = \frac{{\partial L}}{{\partial o}} s^\top + {path} + {path}"
    explanation = check(context, claim).worst.explanation
    assert explanation.keys == ("summand too much",)
    assert r"\partial n" not in explanation.corrected
