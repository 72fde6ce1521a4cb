"""The derivative as a sum over all paths: which there are, one summand each, and where they are too many to list."""

from __future__ import annotations

import pytest

import jacobians as jac
from jacobians.errors import InputError
from jacobians.notation import to_latex, to_plain
from jacobians.notation import tree as t
from jacobians.notation.options import Notation
from symbolic.steps.derivation import Derivation
from symbolic.steps.engine import derivation
from symbolic.steps.graph import Graph
from symbolic.steps.language import rule_sentence
from symbolic.steps.paths import MOST, Paths, arrows
from symbolic.steps.reading import asked, starts
from tests.derived_models import CASES, LAYERED
from tests.test_steps_accumulation import GENERAL, SCALARS

#: Three stages with three ways through each: 27 paths.
MANY = "x0 : scalar\n" + "\n".join(
    f"u{k} = sin(x{k})\nv{k} = exp(x{k})\nw{k} = x{k}^2\nx{k + 1} = u{k} * v{k} + w{k}" for k in range(3)
)


def _graph(model: jac.Model | str, of: str, wrt: str) -> Graph:
    instances = next(starts(model))
    return Graph(instances.context, asked(instances, of, "of"), asked(instances, wrt, "wrt"))


def _listed(found: Derivation) -> list[str]:
    facts = found.parts[0].title.facts
    return [to_plain(tree) for name, tree in facts.items() if name.startswith("path")]


@pytest.mark.parametrize("name", [name for name in CASES if name not in GENERAL])
def test_every_line_is_true(name: str) -> None:
    checked = derivation(*CASES[name], style="paths").check()
    assert checked.ok, "\n".join(checked.failures())
    assert checked.points >= 3 * len(checked.links) > 0


def test_the_sum_over_all_paths_of_lecture_notes() -> None:
    found = derivation(SCALARS, "L", "s", style="paths")
    assert _listed(found) == [
        "s -> x -> f -> g -> L",
        "s -> y -> f -> g -> L",
        "s -> z -> f -> g -> L",
        "s -> x -> f -> h -> L",
        "s -> y -> f -> h -> L",
        "s -> z -> f -> h -> L",
    ]
    (part,) = found.shown
    first, *_, last = [to_plain(step.line) for step in part.steps]
    assert first == " + ".join(f"D(L, {b}) D({b}, f) D(f, {a}) D({a}, s)" for b in ("g", "h") for a in ("x", "y", "z"))
    assert last == (
        "h tanh'(f) y cos(s) + h tanh'(f) x exp(s) + 2 h tanh'(f) s + 2 g f y cos(s) + 2 g f x exp(s) + 4 g f s"
    )
    assert found.check().ok


def test_the_paths_are_those_of_a_run() -> None:
    model = jac.Model.parse(SCALARS)
    run = model.run(model.random_point(seed=0))
    assert _listed(derivation(model, "L", "s", style="paths")) == [str(path) for path in run.paths("L", "s")]


@pytest.mark.parametrize(("language", "start"), [("en", "The paths from "), ("de", "Pfade von ")])
def test_the_title_lists_them(language: str, start: str) -> None:
    title = derivation(*CASES["shared"], style="paths").parts[0].title
    said = rule_sentence(title.rule, title.facts, Notation(language=language))
    assert said[0] == start
    assert [to_plain(x) for x in said if isinstance(x, t.Comparison)] == ["W -> z2 -> L", "W -> z1 -> h -> z2 -> L"]


def test_a_path_in_latex() -> None:
    assert to_latex(arrows((t.Name("x"), t.Name("f"), t.Name("L")))) == r"x \to f \to L"


def test_one_path_is_the_chain_rule() -> None:
    found = derivation(jac.mlp([3, 5, 2]), "z2", "x", style="paths")
    (part,) = found.shown
    assert part.steps[0].reason.rule == "chain rule"
    assert [to_plain(step.line) for step in part.steps] == [
        "D(z2, a1) @ D(a1, z1) @ D(z1, x)",
        "W2 @ diag(tanh'(z1)) @ W1",
    ]


def test_like_terms_are_collected() -> None:
    """Two numbers, 3 and 4, become one."""
    found = derivation("x : scalar\nu = 3 * x\nv = 4 * x\nL = u + v", "L", "x", style="paths")
    assert [to_plain(step.line) for step in found.shown[0].steps][-1] == "7"


def test_too_many_paths_are_added_layer_by_layer() -> None:
    assert Paths(_graph(MANY, "x3", "x0")).count == 27 > MOST
    found = derivation(MANY, "x3", "x0", style="paths")
    title = found.parts[0].title
    assert (title.rule, to_plain(title.facts["count"])) == ("many paths", "27")
    assert found.parts[-1].title.rule == "result"
    assert len(found.parts) == 12
    assert found.check().ok


@pytest.mark.parametrize("name", ["mlp", "shared", "rnn", "paths"])
def test_the_count_is_that_of_the_list(name: str) -> None:
    paths = Paths(_graph(*CASES[name]))
    assert paths.count == len(list(paths)) > 0


@pytest.mark.parametrize(("wrt", "line"), [("L", "1"), ("y", "0")])
def test_by_itself_and_by_what_has_no_influence(wrt: str, line: str) -> None:
    found = derivation("x : 3\ny : 2\nL = 1/2 * norm(x)^2", "L", wrt, style="paths")
    assert to_plain(found.result) == line


def test_layers_in_general_have_no_list_of_paths() -> None:
    with pytest.raises(InputError, match=r"lists the paths from W_\(k\), .* take style='backward'"):
        derivation(LAYERED, "C", "W^{(k)}", style="paths")
