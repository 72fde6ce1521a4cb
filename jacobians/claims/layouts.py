"""The layout detective: in which conventions a formula is right, and in which it is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from jacobians.claims.check import context_of
from jacobians.claims.context import Context
from jacobians.claims.layouts_detective import Detective
from jacobians.claims.layouts_report import Finding, LayoutReport
from jacobians.claims.open_sizes import with_sizes
from jacobians.claims.surfaces import read_claim
from jacobians.errors import InputError
from jacobians.model import Model
from jacobians.notation.to_plain import to_plain

__all__ = ["Finding", "LayoutReport", "investigated", "layouts"]


def layouts(model: Model | Context | str | None, claim: str, forms: bool = True) -> LayoutReport:
    r"""In which conventions a claim is right: layout of derivatives, columns or rows, order of vec, meaning of ⊗.

    Model and claim are those of `check`; without a model the claim says itself what its names are. Names that an
    equation of the model defines keep the shape of their quantity: an error signal is a column in every layout. With
    `forms` the claim is also written in the conventions that it is wrong in, see `rewritten`.

    >>> report = layouts("x : 2\nW : 3 x 2\nz = W @ x", "D(z, x) = W.T")
    >>> [report.names(finding) for finding in report.right][:3]
    ['denominator, columns', 'variable-first, columns', 'mixed, rows']
    >>> report.forms["mixed, columns"]
    'D(z, x) = W'

    Raises:
        InputError: nothing is claimed, or the claim is not understood in any convention.
        MathSyntaxError, ModelError: the claim or the model cannot be read.
    """
    from jacobians.claims.layouts_rewriting import with_forms

    detective, report = investigated(model, claim)
    if model is None:
        report = replace(report, taken=tuple(_taken(detective.context)))
    return with_forms(detective, report) if forms and report else report


def _taken(context: Context) -> Iterator[str]:
    """The declarations that would say what a claim without a model leaves to be guessed."""
    for name, leaf in context.leaves.items():
        yield f"{name} : {' x '.join(to_plain(size) for size in leaf.sizes if size is not None) or 'scalar'}"
    for equation in context.equations.values():
        yield equation.text


def context_of_claim(model: Model | Context | str | None, claim: str) -> Context:
    """The context of a model, with names that nobody declares; without a model, what the claim itself defines."""
    if not isinstance(claim, str):
        raise InputError(f"layouts: expected the claim as text, got {type(claim).__name__}")
    if model is not None:
        context = context_of(model)
        return with_sizes(context, read_claim(claim, context)[1], strict=False)
    return _discovered(claim, Context())


def _discovered(claim: str, start: Context) -> Context:
    """What a claim by itself says of its names."""
    from jacobians.claims.discovery import discover
    from jacobians.claims.documents.document import Document, Formula

    surface, _ = read_claim(claim, start)
    starts = tuple((line, 1) for line in range(1, claim.count("\n") + 2))
    formula = Formula(claim, surface, True, starts, ())  # type: ignore[arg-type]
    return discover(Document("claim", claim, "text", (formula,)), start).context(0)


def investigated(model: Model | Context | str | None, claim: str) -> tuple[Detective, LayoutReport]:
    """What judges the claim, and what it found; without a model the names may also be those of rows, as in x W."""
    detective = Detective(context_of_claim(model, claim), claim)
    try:
        report = detective.report()
    except InputError:
        report = None
    if model is None and not report:
        other = Detective(_discovered(claim, Context().with_settings(vectors="rows")), claim)
        ranks, others = _ranks(detective.context), _ranks(other.context)
        fits = ranks.keys() == others.keys() and all(others[name] >= rank for name, rank in ranks.items())
        if fits and (found := other.report()):
            return other, found
    return detective, report or detective.report()


def _ranks(context: Context) -> dict[str, int]:
    """How many axes the quantities have; what does not fit as a vector is taken for a number."""
    return {name: len(leaf.sizes) for name, leaf in context.leaves.items()}
