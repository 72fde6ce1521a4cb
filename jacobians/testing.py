r"""Assertions for tests of formulas: what a docstring or a chapter claims is checked with every run of pytest.

```python
from jacobians.testing import assert_claim, assert_document

def test_the_formula_in_the_docstring():
    assert_claim("x : 3\nW : 2 x 3\nz = W @ x\nl : function -> scalar\nL = l(z)", "D(L, W) = outer(D(L, z), x)")

def test_the_chapter():
    assert_document("docs/backpropagation.md")
```
"""

from __future__ import annotations

from pathlib import Path

from jacobians.claims.check import check
from jacobians.claims.context import Context
from jacobians.claims.document import DocumentReport, FormulaReport, check_document
from jacobians.claims.documents.document import Document, Formula
from jacobians.claims.verdicts import Verdict
from jacobians.model import Model


def assert_claim(model: Model | Context | str | None, claim: str) -> Verdict:
    r"""Assert that a claim about a network holds: `assert_claim(model, r"\frac{\partial L}{\partial z_2} = z_2 - y")`.

    Model and claim are those of `jacobians.check`, so is what is raised for a model that cannot be read. A text that
    claims nothing (`x \in R^3`, a formula without `=`) does not pass either.

    Raises:
        AssertionError: it is not true; the message is the red pen's text.
    """
    __tracebackhide__ = True  # pytest shows the line of the test, not this one
    verdict = check(model, claim)
    if verdict.status == "declaration":
        raise AssertionError(f"claim: expected an equation, got {claim!r}, which claims nothing; write left = right")
    if not verdict.ok:
        raise AssertionError(_text(_report(verdict)))
    return verdict


def assert_document(
    path: Path | str, model: Model | Context | str | None = None, side: Path | str | None = None
) -> DocumentReport:
    """Assert that every claim in a document holds, and that there is one; the arguments are those of `check_document`.

    Raises:
        AssertionError: a claim was not shown to hold, or there is none; the message is the red pen's text.
        InputError: the document cannot be read.
    """
    __tracebackhide__ = True
    report = check_document(path, model, side)
    if not any(line.link.status != "declaration" for line in report.lines):
        raise AssertionError(
            f"{path}: expected a document with claims, got none; mark formulas with $, as in $z = W x$"
        )
    if any(line.link.status not in ("true", "declaration") for line in report.lines):
        raise AssertionError(_text(report))
    return report


def _report(verdict: Verdict) -> DocumentReport:
    """The verdict on one claim as the report on a document of one formula."""
    starts = tuple((line, 1) for line in range(1, verdict.text.count("\n") + 2))
    formula = Formula(verdict.text, verdict.surface, True, starts, ())  # type: ignore[arg-type]
    document = Document("claim", verdict.text, "text", (formula,))
    return DocumentReport(document, (FormulaReport(formula, verdict, ()),))


def _text(report: DocumentReport) -> str:
    from jacobians.claims.report_text import report_text

    return "\n" + report_text(report, quiet=True)
