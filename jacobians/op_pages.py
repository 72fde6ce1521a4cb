"""The pages that `jacobians op` prints on a terminal: the table of all ops by family, the sheet of one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from rich.console import Console
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from jacobians.display import array_text, toeplitz_text
from jacobians.errors import InputError, shape_text, unknown
from jacobians.functions import REFUSED
from jacobians.op import Op, Shape
from jacobians.ops import FAMILIES, OPS
from jacobians.pages import console, print_indented, print_jacobian, print_lines
from jacobians.sheet import Sheet, sheet
from jacobians.show import Shown

#: Op -> input -> shapes at which the matrix of the Jacobian by that input can be read in symbols.
MATRICES: Mapping[str, Mapping[str, Mapping[str, Shape]]] = {
    "conv1d": {"x": {"x": (1, 5), "W": (1, 1, 3), "b": (1,)}, "W": {"x": (1, 5), "W": (1, 1, 3), "b": (1,)}},
    "conv2d": {"x": {"x": (1, 3, 4), "W": (1, 1, 2, 2), "b": (1,)}},
    "conv_transpose1d": {"x": {"x": (1, 3), "W": (1, 1, 3), "b": (1,)}},
    "conv_transpose2d": {"x": {"x": (1, 2, 3), "W": (1, 1, 2, 2), "b": (1,)}},
}


def print_ops(out: Console | None = None) -> None:
    """By family, for each op its name, formula, and the index form of each Jacobian, long ones cut."""
    out = out or console()
    for family, files in FAMILIES.items():
        out.print(Rule(Text(family, style="bold"), align="left", style="dim"))
        for op in (op for file in files for op in file.OPS):
            _entry(out, sheet(op))
        out.print()
    out.print(Text(f"{len(OPS)} ops; `jacobians op NAME` shows the whole sheet of one.", style="dim"))


def _entry(out: Console, page: Sheet) -> None:
    """`softmax  p_i = ...`, and below it `∂p/∂x = ...`."""
    head = Text(page.op.name, style="bold cyan").append(f"  {page.summary.rstrip('.')}", style="default")
    for k, line in enumerate(head.wrap(out, out.width - 4)):
        line.rstrip()
        out.print(Text("    " * bool(k)) + line)
    for wrt, J in page.jacobians.items():
        formula = Text(f"    ∂{page.op.symbol}/∂{wrt} = {J}", style="dim")
        formula.truncate(out.width, overflow="ellipsis")
        out.print(formula)


def require_op(name: str) -> Op:
    """The op of that name, in any of its spellings.

    Raises:
        InputError: there is none; the reason, where it has no Jacobian, else the nearest names are given.
    """
    key = name.strip().lower().replace("-", "_")
    by_class = {type(op).__name__.lower(): op for op in OPS.values()}
    if key in OPS or key in by_class:
        return OPS[key] if key in OPS else by_class[key]
    for refused, reason in REFUSED.items():
        if key.replace("_", "") == refused.replace("_", ""):
            raise InputError(f"op {name}: {reason}")
    import difflib

    near = difflib.get_close_matches(key, OPS, n=5, cutoff=0.4)
    raise unknown("op", "op", name, near or OPS)


def print_op(name: str, digits: int, out: Console | None = None) -> None:
    """The sheet of one op."""
    out = out or console()
    page = sheet(require_op(name))
    print_indented(out, Text(page.summary), Text(f"{page.op.name}   ", style="bold cyan"))
    for title in ("Shapes", "Formula"):
        out.print(_labelled(title, page.sections.get(title, "")))
    options = {k: v for k, v in vars(page.op).items() if not k.startswith("_")}
    if options:
        out.print(_labelled("Options", f"{page.op!r}; in Python: jacobians.{type(page.op).__name__}(...)"))
    if page.notes:
        out.print(_labelled("Note", page.notes))
    out.print(_labelled("Source", " ".join(page.sections.get("Source", "").split())))
    out.print()
    _example(out, page, digits)


def op_document(name: str, form: str) -> str | bytes:
    """The sheet of one op as `latex`, `md`, `html` or `pdf`.

    Raises:
        InputError: there is no such op.
        TexError: a PDF without pdflatex.
    """
    from symbolic.documents.pdf import pdf
    from symbolic.sheets import op_page

    chosen = require_op(name)
    makers = {"latex": op_page.latex, "md": op_page.markdown, "html": op_page.html}
    return makers[form](chosen) if form in makers else pdf(op_page.latex(chosen))


def _labelled(title: str, text: str) -> Table:
    table = Table.grid(padding=(0, 1))
    table.add_column(width=10)
    table.add_column(overflow="fold")
    table.add_row(Text(title, style="bold"), Text(text))
    return table


def _example(out: Console, page: Sheet, digits: int) -> None:
    out.print(Text("Example", style="bold"))
    signature, _ = page.op.sizes({name: np.shape(value) for name, value in page.inputs.items()})
    labels = {**signature.inputs, page.op.symbol: signature.output}
    for key, value in {**page.inputs, page.op.symbol: page.output}.items():
        print_indented(out, array_text(np.asarray(value), digits, 70, labels[key]), Text(f"  {key} = "))
    for wrt, J in page.jacobians.items():
        out.print()
        print_jacobian(out, f"∂{page.op.symbol}/∂{wrt}", J, Shown(page.op.symbol, wrt, J).tensor, digits)
    for name in (n for n in page.inputs if n in page.op.data):
        out.print()
        print_indented(out, Text(page.op.data[name]), Text(f"no Jacobian by {name}: "))
    _matrix(out, page.op)


def _matrix(out: Console, op: Op) -> None:
    """The matrix vec(output) x vec(input) of a small example, in symbols."""
    for wrt, shapes in MATRICES.get(op.name, {}).items():
        J = op.jacobian(wrt, **op.sample(np.random.default_rng(0), shapes))
        sizes = ", ".join(f"{name} {shape_text(shape)}" for name, shape in shapes.items())
        out.print(Text(f"\nThe matrix ∂vec({op.symbol})/∂vec({wrt}) of a smaller example, {sizes}", style="bold"))
        print_indented(out, Text(J.text("symbols")), Text("  "))
        print_lines(out, toeplitz_text(J))


def ops_json(name: str | None) -> str:
    """The sheets as JSON."""
    chosen = OPS.values() if name is None else [require_op(name)]
    return json.dumps([_op_data(sheet(op)) for op in chosen], indent=2, ensure_ascii=False)


def _op_data(page: Sheet) -> dict[str, Any]:
    return {
        "name": page.op.name,
        "class": type(page.op).__name__,
        "summary": page.summary,
        **{key.lower(): value for key, value in page.sections.items() if key != "Jacobians"},
        "note": page.notes,
        "jacobians": {
            wrt: {"index": str(J), "latex": J.latex("index"), "pattern": J.pattern.splitlines()}
            for wrt, J in page.jacobians.items()
        },
        "no_jacobian": {name: reason for name, reason in page.op.data.items() if name in page.inputs},
    }
