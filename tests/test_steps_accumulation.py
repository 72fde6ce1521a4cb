"""Forward and backward accumulation: the order, what is kept, what it costs; every line is true."""

from __future__ import annotations

import pytest

import jacobians as jac
from jacobians.errors import InputError
from jacobians.notation import to_plain
from jacobians.notation.options import Notation
from symbolic.steps.derivation import Derivation, Style
from symbolic.steps.engine import derivation
from symbolic.steps.language import rule_sentence
from symbolic.steps.local import Jacobians
from tests.derived_models import CASES, LAYERED

GENERAL = {"layered", "layered bias"}
#: The scalar graph of lecture notes: s -> x, y, z -> f -> g, h -> L.
SCALARS = "\n".join("s : scalar,x = sin(s),y = exp(s),z = s^2,f = x * y + z,g = tanh(f),h = f^2,L = g * h".split(","))


def _first_lines(found: Derivation) -> dict[str, str]:
    """The chain rule of every part."""
    return {to_plain(part.head): to_plain(part.steps[0].line) for part in found.shown}


def _said(found: Derivation, head: str) -> list[str]:
    return next([to_plain(s.line) for s in part.steps] for part in found.shown if to_plain(part.head) == head)


@pytest.mark.parametrize("name", CASES)
def test_every_line_of_backward_accumulation_is_true(name: str) -> None:
    checked = derivation(*CASES[name], style="backward").check()
    assert checked.ok, "\n".join(checked.failures())
    assert checked.points >= 3 * len(checked.links) > 0


@pytest.mark.parametrize("name", [name for name in CASES if name not in GENERAL])
def test_every_line_of_forward_accumulation_is_true(name: str) -> None:
    checked = derivation(*CASES[name], style="forward").check()
    assert checked.ok, "\n".join(checked.failures())
    assert checked.points >= 3 * len(checked.links) > 0


# ----- the order -----


def test_front_to_back_as_in_lecture_notes() -> None:
    assert _first_lines(derivation(SCALARS, "L", "s", style="forward")) == {
        "D(x, s)": "cos(s)",
        "D(y, s)": "exp(s)",
        "D(z, s)": "2 s",
        "D(f, s)": "D(f, x) D(x, s) + D(f, y) D(y, s) + D(f, z) D(z, s)",
        "D(g, s)": "D(g, f) D(f, s)",
        "D(h, s)": "D(h, f) D(f, s)",
        "D(L, s)": "D(L, g) D(g, s) + D(L, h) D(h, s)",
    }


def test_back_to_front_as_in_lecture_notes() -> None:
    assert _first_lines(derivation(SCALARS, "L", "s", style="backward")) == {
        "D(L, h)": "g",
        "D(L, g)": "h",
        "D(L, f)": "D(L, g) D(g, f) + D(L, h) D(h, f)",
        "D(L, z)": "D(L, f) D(f, z)",
        "D(L, y)": "D(L, f) D(f, y)",
        "D(L, x)": "D(L, f) D(f, x)",
        "D(L, s)": "D(L, x) D(x, s) + D(L, y) D(y, s) + D(L, z) D(z, s)",
    }


def test_backward_through_a_network() -> None:
    found = derivation(jac.mlp([3, 5, 2]), "L", "W1", style="backward")
    assert [to_plain(part.head) for part in found.parts] == ["D(L, z2)", "D(L, a1)", "D(L, z1)", "D(L, W1)"]
    assert _said(found, "D(L, z1)") == [
        "D(L, a1) @ D(a1, z1)",
        "D(L, a1) @ diag(tanh'(z1))",
        "(z2 - y).T @ W2 @ diag(tanh'(z1))",
        "(z2 - y).T @ W2 * tanh'(z1).T",
    ]
    assert to_plain(found.result) == "W2.T @ (z2 - y) * tanh'(z1) @ x.T"


def test_forward_through_a_network() -> None:
    found = derivation(jac.mlp([3, 5, 2]), "L", "W1", style="forward")
    assert _said(found, "D(z2, W1)") == [
        "D(z2, a1) @ D(a1, W1)",
        "W2 @ D(a1, W1)",
        "W2 @ (diag(tanh'(z1)) ⊗ x)",
        "W2 @ diag(tanh'(z1)) ⊗ x",
    ]
    assert to_plain(found.result) == "W2.T @ (z2 - y) * tanh'(z1) @ x.T"


@pytest.mark.parametrize(
    ("style", "name", "line"),
    [
        ("backward", "shared", "D(L, z1) @ D(z1, W) + D(L, z2) @ (Id(n) ⊗ h)"),
        ("forward", "residual", "D(L, u) @ D(u, x)"),
    ],
)
def test_a_direct_jacobian_stands_itself_where_the_quotient_is_total(style: Style, name: str, line: str) -> None:
    assert to_plain(derivation(*CASES[name], style=style).parts[-1].steps[0].line) == line


def test_shared_weights_are_called_so() -> None:
    found = derivation(*CASES["rnn"], style="backward")
    assert found.parts[-1].steps[0].reason.rule == "shared weights"


def test_layers_in_general_start_at_the_last_one() -> None:
    found = derivation(LAYERED, "C", "W^{(k)}", style="backward")
    rules = [(to_plain(part.head), part.title.rule) for part in found.parts]
    assert rules == [
        ("D(C, z_(L))", "start of the recursion"),
        ("D(C, a_(k))", "recursion"),
        ("D(C, z_(k))", "recursion"),
        ("D(C, W_(k))", "result"),
    ]


def test_forward_needs_a_first_layer() -> None:
    with pytest.raises(InputError, match=r"such as W_\(1\), got W_\(k\) of any; take style='backward'"):
        derivation(LAYERED, "C", "W^{(k)}", style="forward")


# ----- what is kept, and what it costs -----


@pytest.mark.parametrize(
    ("style", "said"),
    [
        ("backward", {"D(L, z2) : p": "", "D(L, a1) : m": "p m", "D(L, z1) : m": "m^2"}),
        (
            "forward",
            {"D(z1, W1) : m x m x n": "", "D(a1, W1) : m x m x n": "m^3 n", "D(z2, W1) : p x m x n": "p m^2 n"},
        ),
    ],
)
def test_the_shape_that_is_kept_and_the_multiplications(style: Style, said: dict[str, str]) -> None:
    """Why one goes back to front for a number: what is kept has the shape of a layer, not that times the weights'."""
    facts = [part.title.facts for part in derivation(jac.mlp([3, 5, 2]), "L", "W1", style=style).parts[:-1]]
    assert {to_plain(f["space"]): to_plain(f["cost"]) if "cost" in f else "" for f in facts} == said


def test_the_sentence_says_so_in_both_languages() -> None:
    title = derivation(jac.mlp([3, 5, 2]), "L", "W1", style="backward").parts[1].title
    words = {
        language: [x for x in rule_sentence(title.rule, title.facts, Notation(language=language)) if isinstance(x, str)]
        for language in ("en", "de")
    }
    assert words["en"] == ["Back to front: ", " is kept; as full arrays the step takes ", " multiplications."]
    assert words["de"][0] == "Von hinten nach vorn: "


def test_given_sizes_are_multiplied() -> None:
    """The transformer's sizes stay numbers: 3 * 4 * 3 * 6 multiplications for ∂L/∂G = ∂L/∂Y ∂Y/∂G."""
    found = derivation(jac.transformer_block(), "L", "W1", style="backward")
    costs = [to_plain(part.title.facts["cost"]) for part in found.parts if "cost" in part.title.facts]
    assert costs[0] == "216"


def test_numbers_have_neither_shape_nor_cost() -> None:
    found = derivation(SCALARS, "L", "s", style="backward")
    assert {part.title.rule for part in found.parts} == {"adjoint", "result"}


def test_a_wrong_local_jacobian_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    right = Jacobians.local
    monkeypatch.setattr(Jacobians, "local", lambda self, of, by: self.plus([right(self, of, by)] * 2))
    for style in ("forward", "backward"):
        assert not derivation(SCALARS, "L", "s", style=style).check().ok  # type: ignore[arg-type]
