"""The command `jacobians layout`: in which conventions a formula is right, and how it reads in the others."""

from __future__ import annotations

import json as encoder
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jacobians.errors import InputError

if TYPE_CHECKING:
    from jacobians.claims.layouts_report import LayoutReport


def layout(
    formula: Annotated[str, typer.Argument(help="A formula in LaTeX, plain notation or Python; -: standard input.")],
    model: Annotated[
        Path | None, typer.Option(help="What the names mean: a file of equations, or a built-in network.")
    ] = None,
    to: Annotated[str | None, typer.Option(help="Write the formula in this convention, and nothing else.")] = None,
    frm: Annotated[str | None, typer.Option("--from", help="The convention it is in; default: found out.")] = None,
    json: Annotated[bool, typer.Option("--json", help="The report as JSON.")] = False,
) -> int:
    """Say in which conventions a formula is right, who uses them, and how it reads in the others.

    \b
    mixed, denominator, numerator, row-gradients    layout of derivatives
    function-first, variable-first                  order of axes, as array libraries have them
    columns, rows                                   W x or x W
    column-vec, row-vec                             what vec stacks
    outer-product, Kronecker                        what the sign of a tensor product means

    Without --model the names are what the formula makes of them; definitions may stand before it.

    \b
    jacobians layout '∂(A x)/∂x = A^T'
    jacobians layout 'D(L, W2) = D(L, z2) @ a1.T' --model mlp
    jacobians layout 'D(z2, x) = D(z2, a1) @ D(a1, x)' --model mlp --to denominator

    Exit status: 0 right in some convention; 1 right in none; 2 not readable, or without a form in --to.
    """  # noqa: D301 - \b keeps the lines that follow as they are
    from jacobians.claims.layouts import layouts

    text = sys.stdin.read().strip() if formula == "-" else formula
    if frm is not None and to is None:
        raise InputError(f"--from {frm}: expected --to too, got none; name the convention to write the formula in")
    names = _given(model)
    report = layouts(names, text, forms=to is None)
    if report and to is not None:
        _print_rewritten(names, text, to, frm, json)
    elif json:
        print(encoder.dumps(report.as_dict(), indent=2, ensure_ascii=False))
    else:
        _print(report)
    return 0 if report else 1


def _given(model: Path | None) -> Any:
    """What `--model` says."""
    from jacobians.check_command import given

    found = given(model)
    if found.side is not None:
        raise InputError(
            f"--model {model}: expected a file of equations, got models by headings; write one to a .txt file"
        )
    return found.model


def _print_rewritten(names: Any, text: str, to: str, frm: str | None, json: bool) -> None:
    from jacobians.claims.layouts_rewriting import rewritten

    made = rewritten(names, text, to, frm)
    print(encoder.dumps({"text": text, "to": to, "rewritten": made}, indent=2, ensure_ascii=False) if json else made)


def _print(report: LayoutReport) -> None:
    from jacobians.claims.layouts_text import print_layouts
    from jacobians.claims.report_text import check_console

    print_layouts(check_console(), report)
