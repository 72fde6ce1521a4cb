"""The way between two lines: named steps, every line checked; unequal lines, with the slip named."""

from __future__ import annotations

import random

import pytest

import jacobians as jac
from jacobians.claims.redpen.search import MISTAKES
from jacobians.errors import InputError, MathSyntaxError
from jacobians.notation.options import Notation
from jacobians.notation.reading import parse
from symbolic.steps.bridge import Limits, bridge
from symbolic.steps.bridge_derivatives import Move
from symbolic.steps.bridge_keys import array_key, key_of
from symbolic.steps.bridge_moves import Moves
from symbolic.steps.derivation import Reason
from symbolic.steps.engine import derivation
from symbolic.steps.language_de import RULES as GERMAN
from symbolic.steps.language_en import RULES as ENGLISH
from symbolic.steps.sums import read
from tests.redpen import truths, wrong

LAYERED = r"""
k : layer
L : last layer
x : n_(0)
W^{(k)} : n_(k) x n_(k-1)
b^{(k)} : n_(k)
y : n_(3)
g : function
l : function -> scalar
a^{(0)} = x
z^{(k)} = W^{(k)} a^{(k-1)} + b^{(k)}
a^{(k)} = g^{(k)}(z^{(k)})
f_\theta = a^{(L)}
E = l(y, f_\theta)
\delta^{(k)} = \frac{\partial E}{\partial z^{(k)}}
"""
#: The chains of the English note, with its three slips corrected.
LOSS, LAST = r"\mathcal{l}(y, f_\theta(x))", r"\mathcal{l}(y, \mathrm{a}^{(L)})"
Z = r"\mathrm{z}^{(k)}_j"
SUM = r"\left(\sum_i W_{ji}^{(k)} a^{(k-1)}_i + b^{(k)}_j\right)"
NOTE = {
    "delta": [
        r"\delta^{(k)}_j",
        rf"\frac{{\partial {LOSS}}}{{\partial {Z}}}",
        rf"\frac{{\partial {LOSS}}}{{\partial {{(W^{{(k)}} \mathrm{{a}}^{{(k-1)}} + b^{{(k)}})}}_j}}",
        rf"\frac{{\partial {LOSS}}}{{\partial {SUM}}}",
    ],
    "weights": [
        rf"\frac{{\partial {LOSS}}}{{\partial W_{{ji}}^{{(k)}}}}",
        rf"\frac{{\partial \mathcal{{l}}(y, f_\theta({Z}(W_{{ji}}^{{(k)}})))}}{{\partial W_{{ji}}^{{(k)}}}}",
        rf"\frac{{\partial {Z}}}{{\partial W_{{ji}}^{{(k)}}}} \cdot \frac{{\partial {LOSS}}}{{\partial {Z}}}",
        rf"\frac{{\partial {Z}}}{{\partial W_{{ji}}^{{(k)}}}} \cdot \delta^{{(k)}}_j",
        rf"\frac{{\partial {SUM}}}{{\partial W_{{ji}}^{{(k)}}}} \cdot \delta^{{(k)}}_j",
        r"a^{(k-1)}_i \cdot \delta^{(k)}_j",
    ],
    "bias": [
        rf"\frac{{\partial {LOSS}}}{{\partial b_j^{{(k)}}}}",
        rf"\frac{{\partial {Z}}}{{\partial b_j^{{(k)}}}} \cdot \frac{{\partial {LOSS}}}{{\partial {Z}}}",
        rf"\frac{{\partial {SUM}}}{{\partial b_j^{{(k)}}}} \cdot \delta^{{(k)}}_j",
        r"\delta^{(k)}_j",
    ],
    "last layer": [
        r"\delta^{(L)}_j",
        rf"\frac{{\partial {LAST}}}{{\partial \mathrm{{z}}^{{(L)}}_j}}",
        r"\frac{\partial \mathcal{l}(y, g(\mathrm{z}^{(L)}))}{\partial \mathrm{z}^{(L)}_j}",
        rf"\sum_i \frac{{\partial {LAST}}}{{\partial \mathrm{{a}}_i^{{(L)}}}} \cdot"
        r"\frac{\partial g(\mathrm{z}^{(L)})_i}{\partial \mathrm{z}^{(L)}_j}",
        rf"\frac{{\partial {LAST}}}{{\partial \mathrm{{a}}_j^{{(L)}}}} \cdot"
        r"\frac{\partial g(\mathrm{z}^{(L)}_j)}{\partial \mathrm{z}^{(L)}_j}",
        rf"\frac{{\partial {LAST}}}{{\partial \mathrm{{a}}_j^{{(L)}}}} \cdot g'(\mathrm{{z}}^{{(L)}}_j)",
    ],
    "layer before": [
        r"\delta^{(L-1)}_j",
        r"\left\langle \frac{\partial E}{\partial \mathrm{z}^{(L)}},"
        r"\frac{\partial \mathrm{z}^{(L)}}{\partial \mathrm{z}^{(L-1)}_j} \right\rangle",
        r"\left\langle \delta^{(L)}, \frac{\partial \mathrm{z}^{(L)}}{\partial \mathrm{z}^{(L-1)}_j} \right\rangle",
    ],
}
CLASSES = "x : 3\nW : 5 x 3\ny : 5 one-hot\nz1 = W @ x\np = softmax(z1)\nL = -sum(y*log(p))"
NETWORK = jac.mlp([3, 4, 2])


def rules(found):
    return [step.reason.rule for step in found.lines]


def assert_steps(found):
    """There are steps, and every one of them has a name in both languages."""
    assert found.status == "steps", str(found)
    assert set(rules(found)) <= ENGLISH.keys() & GERMAN.keys()


def assert_holds(found):
    """Every line is true, looked at by a judge who has seen none of it."""
    assert_steps(found)
    checked = found.derivation.check()
    assert checked.ok, list(checked.failures())
    assert checked.points >= len(found.lines)


# ----- steps -----


@pytest.mark.parametrize("chain", NOTE)
def test_the_english_note_from_line_to_line(chain):
    for one, other in zip(NOTE[chain], NOTE[chain][1:], strict=False):
        assert_steps(bridge(one, other, LAYERED))


def test_the_english_note_from_the_first_line_to_the_last():
    found = bridge(NOTE["weights"][0], NOTE["weights"][-1], LAYERED)
    assert_holds(found)
    assert rules(found)[0] == "chain rule"
    assert found.derivation.result == found.lines[-1].line


def test_a_line_that_skips_the_sum_of_the_chain_rule_gets_it_back():
    found = bridge(NOTE["weights"][0], NOTE["weights"][2], LAYERED)
    assert rules(found) == ["chain rule", "only one term"]
    assert str(found) == (
        "D(l(y, f_theta(x)), W_(k)[j, i])\n"
        "  = sum_p(D(l(y, f_theta(x)), z_(k)[p]) D(z_(k)[p], W_(k)[j, i]))   chain rule\n"
        "  = D(z_(k)[j], W_(k)[j, i]) · D(l(y, f_theta(x)), z_(k)[j])        only one term"
    )


@pytest.mark.parametrize(
    ("model", "of", "wrt"),
    [
        (NETWORK, "L", "W1"),
        (CLASSES, "L", "z1"),
        ("x : 3\nW : 3 x 3\nh = tanh(W @ x)\nu = x + h\nL = 1/2*norm(u)^2", "L", "x"),
    ],
)
def test_every_part_of_a_derivation_from_its_head_to_its_result(model, of, wrt):
    made = derivation(model, of, wrt)
    for part in made.parts:
        assert_steps(bridge(part.head, part.result, made.context))


@pytest.mark.parametrize("skip", [1, 2, 3])
def test_lines_that_were_left_out_of_a_derivation_are_found(skip):
    made = derivation(NETWORK, "L", "W1", detail="every step")
    lines = [step.line for step in made.parts[-2].steps]
    for one, other in list(zip(lines, lines[skip:], strict=False))[::2]:
        assert_steps(bridge(one, other, made.context))


def test_components_and_matrices_of_the_error_signal():
    component = r"g'(z_j^{(k)}) \sum_q W_{qj}^{(k+1)} \delta_q^{(k+1)}"
    matrix = r"(W^{(k+1)})^\top \delta^{(k+1)} \odot g'(z^{(k)})"
    assert rules(bridge(matrix, component, LAYERED)) == ["components"]
    assert rules(bridge(component, matrix, LAYERED)) == ["whole arrays"]
    found = bridge(r"\delta^{(k)}", matrix, LAYERED)
    assert_holds(found)
    assert rules(found).count("chain rule") == 2
    assert "elementwise activation" in rules(found)


def test_softmax_and_cross_entropy_are_p_minus_y():
    found = bridge("D(L, z1[i])", "p[i] - y[i]", CLASSES)
    assert_holds(found)
    assert "probabilities" in rules(found)
    assert bridge("D(L, z1[i])", "p[i] - y[i]", CLASSES.replace(" one-hot", "")).status == "unequal"


@pytest.mark.parametrize(
    ("one", "other", "rule"),
    [
        (r"((W^{(k)})^\top \delta^{(k)})^\top", r"(\delta^{(k)})^\top W^{(k)}", "transpose of a product"),
        (r"\mathrm{diag}(g'(z^{(k)})) b^{(k)}", r"g'(z^{(k)}) \odot b^{(k)}", "diagonal matrix"),
        (r"W^{(k)} (a^{(k-1)} + a^{(k-1)})", r"W^{(k)} a^{(k-1)} + W^{(k)} a^{(k-1)}", "distribution"),
        (r"b^{(k)} \odot z^{(k)}", r"z^{(k)} \odot b^{(k)}", "order"),
        (r"\mathrm{tr}(W^{(k)} (W^{(k)})^\top)", r"\mathrm{tr}((W^{(k)})^\top W^{(k)})", "cyclic trace"),
        (r"\sum_i W_{ji}^{(k)} a_i^{(k-1)}", r"\sum_q W_{jq}^{(k)} a_q^{(k-1)}", "renaming"),
        (r"\sum_i b_j^{(k)} W_{ji}^{(k)}", r"b_j^{(k)} \sum_i W_{ji}^{(k)}", "sum and factor"),
        (r"b_j^{(k)} (z_j^{(k)} + a_j^{(k)})", r"b_j^{(k)} z_j^{(k)} + b_j^{(k)} a_j^{(k)}", "distribution"),
        (r"\sum_q \delta_{qj} b_q^{(k)}", r"b_j^{(k)}", "contraction"),
        (r"b_j^{(k)}", r"\sum_q \delta_{qj} b_q^{(k)}", "delta put in"),
        (r"z^{(k)}", r"W^{(k)} a^{(k-1)} + b^{(k)}", "definition"),
        (r"W^{(k)} a^{(k-1)} + b^{(k)}", r"z^{(k)}", "definition folded back"),
    ],
)
def test_one_rule_apart(one, other, rule):
    found = bridge(one, other, LAYERED)
    assert_steps(found)
    assert rules(found) == [rule]


def test_a_vector_is_added_to_every_column_of_a_matrix():
    batch = "n, p : size\nm : samples\nX : n x m\nW : p x n\nb : p\nZ = W @ X + b\nL = norm(Z)^2"
    assert_steps(bridge("D(L, W)", "D(L, Z) @ X.T", batch))


def test_lines_as_they_are_copied_from_a_book():
    plain = bridge("dW1", "delta1 @ x.T", NETWORK)
    copied = bridge(r"&= \frac{\partial L}{\partial W_1} \\", r"dW = \delta_1 x^\top, \nonumber", NETWORK)
    assert_steps(plain)
    assert_steps(copied)
    assert bridge(parse("dW1"), parse("delta1 @ x.T"), NETWORK).status == "steps"


def test_reasons_in_german():
    found = bridge(r"z^{(k)}", r"W^{(k)} a^{(k-1)} + b^{(k)}", LAYERED, Notation(language="de"))
    assert str(found).endswith("Definition von z_(k)")


def test_latex_has_every_line():
    found = bridge(NOTE["weights"][4], NOTE["weights"][5], LAYERED)
    assert found.latex().count("=") >= len(found.lines)
    assert r"\frac{\partial" in found.latex()


# ----- no steps -----


def test_the_same_line():
    assert bridge("W1 @ x", "W1 @ x", NETWORK).status == "same"


def test_equal_lines_without_a_known_way():
    found = bridge("D(L, W1)", "delta1 @ x.T", NETWORK, limits=Limits(seconds=0))
    assert found.status == "equal"
    assert found
    assert found.derivation is None
    assert found.lines == ()
    assert "no chain of known rules was found" in str(found)
    assert "3 points" in str(found)
    with pytest.raises(InputError, match="expected steps between the lines, but the two lines are equal"):
        found.latex()


def test_a_step_that_is_not_true_is_never_shown(monkeypatch):
    """A rule that is wrong leads nowhere: the line that it makes does not hold."""
    right = Moves.__call__

    def careless(self, sums):
        yield from (trail for trail in right(self, sums) if trail[0].reason.rule != "contraction")
        goal = read(parse("b1[i]"))
        if len(sums) == 1 and len(sums[0].factors) == 2:
            yield (Move(read(parse("3*b1[i]")), Reason("order")), Move(goal, Reason("order")))

    line = parse("sum_q(kronecker(q, i) * b1[q])")
    assert rules(bridge(line, "b1[i]", NETWORK)) == ["contraction"]
    monkeypatch.setattr(Moves, "__call__", careless)
    assert bridge(line, "b1[i]", NETWORK).status == "equal"


@pytest.mark.parametrize(
    ("one", "other", "mistake", "corrected"),
    [
        ("dW1", "x @ delta1.T", "the outer product is the wrong way round", "dW1 = delta1 @ x.T"),
        (
            r"\delta^{(k)}",
            r"(W^{(k+1)})^\top \delta^{(k+1)} \odot g'(a^{(k)})",
            "the derivative of the activation is taken at the wrong quantity",
            r"\delta^{(k)} = (W^{(k+1)})^\top \delta^{(k+1)} \odot g'(z^{(k)})",
        ),
    ],
)
def test_unequal_lines_and_the_red_pen(one, other, mistake, corrected):
    found = bridge(one, other, NETWORK if one == "dW1" else LAYERED)
    assert found.status == "unequal"
    assert not found
    assert found.verdict.worst.explanation.name == mistake
    assert found.verdict.worst.explanation.corrected == corrected
    assert mistake in str(found)


def test_no_line_that_a_mistake_made_wrong_is_bridged():
    rng = random.Random(3)
    every = truths()
    rng.shuffle(every)
    made = []
    for truth in every[:7]:
        kinds = list(MISTAKES)
        rng.shuffle(kinds)
        line = next((tree for kind in kinds for tree in wrong(truth, kind, 1, rng)), None)
        if line is not None:
            made.append(bridge(truth.left, line, truth.checker.context))
    assert len(made) >= 6
    assert {found.status for found in made} == {"unequal"}


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        ("W1 @ (", "'(' is never closed"),
        ("unheard", "unheard is not declared"),
        ("W1 x +", "line 1, column 4: expected an operator or the end"),
        (r"x = y \quad a_1 = z_1", "expected one line, got 2 statements"),
    ],
)
def test_lines_that_mean_nothing(one, reason):
    found = bridge(one, "x", NETWORK)
    assert found.status == "not understood"
    assert reason in str(found)


@pytest.mark.parametrize(
    ("one", "model", "error", "message"),
    [
        (3, NETWORK, InputError, "bridge: expected line_a as text or as a tree, got int"),
        ("x", 3, InputError, "expected a Model, the text of one, or None, got int"),
        ("x", "x : n\nx = = 2", MathSyntaxError, "line 2"),
    ],
)
def test_what_is_no_line_and_no_model(one, model, error, message):
    with pytest.raises(error, match=message):
        bridge(one, "x", model)


# ----- keys -----


def key(text):
    return key_of(read(parse(text)))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("sum_i(w[i] * x[i])", "sum_q(x[q] * w[q])"),
        ("sum_i(sum_j(W[i, j] * x[j] * u[i]))", "sum_p(u[p] * sum_q(W[p, q] * x[q]))"),
        ("x[i] * x[i] / x[i]", "x[i]"),
        ("kronecker(i, j) - x[i]", "-x[i] + kronecker(j, i)"),
        ("sin(sum_i(w[i] * x[i]))", "sin(sum_q(x[q] * w[q]))"),
    ],
)
def test_keys_of_the_same_formula(one, other):
    assert key(one) == key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("sum_i(sum_j(W[i, j] * x[j] * u[i]))", "sum_i(sum_j(W[j, i] * x[j] * u[i]))"),
        ("sum_i(W[i, i])", "sum_i(sum_j(W[i, j]))"),
        ("sum_i(sin(sum_j(W[i, j])))", "sum_i(sin(sum_j(W[j, i])))"),
        ("sum_i(sin(sum_j(W[i, j])))", "sum_i(sin(sum_j(W[j, j])))"),
        ("x[i] * y[j]", "x[j] * y[i]"),
        ("x[i] - y[i]", "y[i] - x[i]"),
        ("x[i] * x[i] * y[i]", "x[i] * y[i] * y[i]"),
        ("sum(softmax(Z, axis=0))", "sum(softmax(Z, axis=1))"),
        ("norm(x, ord=1)", "norm(x, ord=2)"),
    ],
)
def test_keys_of_different_formulas(one, other):
    assert key(one) != key(other)


def test_keys_of_arrays_keep_the_order_of_matrix_products():
    assert array_key(parse("A @ (B @ C)")) == array_key(parse("A @ B @ C"))
    assert array_key(parse("A @ B")) != array_key(parse("B @ A"))
    assert array_key(parse("A * B")) == array_key(parse("B * A"))
    assert array_key(parse("A - B")) != array_key(parse("B - A"))
