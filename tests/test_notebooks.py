"""Notebooks: valid, the same every time, and their code runs; what objects show in a notebook."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

import jacobians as jac
from tests.derivations import by_hand, derived


def cells(derivation) -> list[dict]:
    return json.loads(derivation.ipynb())["cells"]


def run(code: str) -> dict:
    """The code of a cell in a fresh namespace; the project itself wrote it."""
    space: dict = {}
    exec(compile(code, "cell", "exec"), space)
    return space


@pytest.mark.parametrize("style", ["index", "matrix"])
def test_the_code_of_a_notebook_checks_the_derivation(style, capsys):
    (code,) = ["".join(cell["source"]) for cell in cells(derived(style=style)) if cell["cell_type"] == "code"]
    space = run(code)
    assert space["checked"].ok
    assert space["derivation"].parts == derived(style=style).parts
    assert re.fullmatch(r"\d+ lines, \d+ points, largest deviation \d\.\de-\d\d\n", capsys.readouterr().out)


def test_a_notebook_has_what_the_format_asks_for():
    document = json.loads(derived().ipynb())
    assert (document["nbformat"], document["nbformat_minor"]) == (4, 5)
    assert document["metadata"]["kernelspec"]["name"] == "python3"
    names = [cell["id"] for cell in document["cells"]]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name) for name in names)
    for cell in document["cells"]:
        assert cell.keys() == {"cell_type", "metadata", "source", "id"} | (
            {"execution_count", "outputs"} if cell["cell_type"] == "code" else set()
        )
        assert all(isinstance(line, str) for line in cell["source"])


def test_equal_derivations_give_equal_notebooks():
    assert by_hand().ipynb() == by_hand().ipynb()


def test_a_model_cannot_end_the_string_that_it_stands_in():
    from symbolic.documents.derived import _block

    for text in ('x : 3 """ + print() + """', "a\\", 'a"', "a\x00b", r"W^{(k)} : n", "x : 3\ny = x"):
        assert run(f"kept = {_block(text)}")["kept"].strip("\n") == text


# ----- what is shown -----


def test_a_jacobian_shows_its_formula_and_shape():
    J = jac.Linear().jacobian("W", x=[1.0, 2.0, 3.0], W=np.ones((2, 3)), b=[1.0, 2.0])
    shown = J._repr_mimebundle_()
    assert shown["text/latex"] == J._repr_latex_() == "$$\n\\delta_{o o'} x_{i}\n$$"
    assert shown["text/markdown"] == "$$\n\\delta_{o o'} x_{i}\n$$\n\nshape (2, 2, 3): `i -> o | o i`"
    assert shown["text/plain"] == repr(J)
    assert J._repr_html_() is None


def test_an_op_shows_every_jacobian():
    shown = jac.Linear()._repr_mimebundle_()
    assert shown["text/markdown"].startswith("`Linear(")
    for wrt in "xWb":
        assert rf"\frac{{\partial a}}{{\partial {wrt}}} &= " in shown["text/latex"]


def test_all_ops_can_be_shown():
    for op in jac.OPS.values():
        shown = op._repr_mimebundle_()
        assert shown["text/markdown"].startswith(f"`{op!r}`: `")
        assert shown.get("text/latex", "").count(" &= ") == len(op.differentiable())


def test_a_report_shows_its_table_as_html():
    model = jac.mlp([3, 5, 2])
    report = model.run(model.random_point(seed=0)).check("L", "W1", witnesses=["complex step"])
    shown = report._repr_mimebundle_()
    assert shown.keys() == {"text/plain", "text/html"}
    assert "∂L/∂W1" in shown["text/html"]
    assert shown["text/html"] == report._repr_html_()
    assert shown["text/plain"] == str(report)
    assert report._repr_latex_() is None


def test_a_verdict_shows_its_claim_as_text():
    verdict = jac.check("x : 3", "x_1 < <b>x</b>")
    assert "<b>x</b>" not in verdict._repr_html_()
    wrong = jac.check(jac.mlp([3, 5, 2]), "dW1 = x @ delta1.T")
    assert wrong._repr_html_().startswith("<b>✗ false</b><pre>dW1 = x @ delta1.T\n")


def test_a_derivation_shows_markdown_and_latex():
    shown = derived()._repr_mimebundle_()
    assert shown.keys() == {"text/plain", "text/markdown", "text/latex"}
    assert shown["text/plain"] == derived().text()
    assert shown["text/latex"].count("$$") == 2 * len(derived().parts)
    assert not shown["text/markdown"].startswith("#")
