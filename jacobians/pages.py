"""The pages that the commands print on a terminal."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from jacobians.display import array_text, axes_text, numbers, structure_line
from jacobians.errors import unknown
from jacobians.jacobian import Jacobian
from jacobians.model import Model
from jacobians.op import Op
from jacobians.ops import OPS
from jacobians.paths import Paths, along
from jacobians.run import Run
from jacobians.sheet import Sheet, sheet
from jacobians.show import Shown, source_of_point


def console(record: bool = False) -> Console:
    """80 columns wide, as wide as narrow terminals are; colours only on a terminal."""
    import io

    quiet = {"file": io.StringIO(), "record": True} if record else {}
    found = Console()
    return Console(width=min(80, found.width) if found.is_terminal else 80, highlight=False, soft_wrap=False, **quiet)  # type: ignore[arg-type]


# ----- jacobians show -----


def print_run(out: Console, run: Run, shown: Sequence[Shown], digits: int, source: str, check: bool) -> None:
    """Equations, every Jacobian, and the witnesses' verdict last."""
    _equations(out, run, source)
    for item in shown:
        out.print()
        _jacobian(out, f"∂{item.of}/∂{item.wrt}", item.J, item.tensor, digits)
    if check:
        out.print()
        out.print(run.check(pairs=[(item.of, item.wrt) for item in shown]))


def _equations(out: Console, run: Run, source: str) -> None:
    model = run.model
    out.print(Text("Network", style="bold"))
    table = Table.grid(padding=(0, 2))
    for name, right in model.equations().items():
        shape = ", ".join(map(str, model.shapes[name])) or "scalar"
        table.add_row("", Text(f"{name} = {right}"), Text(f"({shape})", style="dim"))
    out.print(table)
    leaves = ", ".join(f"{k} ({', '.join(map(str, s)) or 'scalar'})" for k, s in model.leaves.items())
    out.print(Text(f"  given: {leaves}", style="dim"))
    out.print(Text(f"  point: {source}", style="dim"))


def _jacobian(out: Console, left: str, J: Jacobian, tensor: str | None, digits: int) -> None:
    """Structure before numbers."""
    _indented(out, Text(str(J)), Text(left, style="bold cyan").append(" = ", style="default"))
    if tensor is not None and tensor != str(J):
        _indented(out, Text(tensor, style="green"), Text(" " * len(left)).append(" = ", style="green"))
    _indented(out, Text(structure_line(J), style="dim"), Text("  "))
    if J.shape:
        _indented(out, Text(axes_text(J), style="dim"), Text("  "))
    _indented(out, numbers(J, digits, out.width - 4), Text("    "))


def _indented(out: Console, text: Text, first: Text) -> None:
    """Lines one under the other, `first` before the first and as much space before the others."""
    for k, part in enumerate(text.wrap(out, max(20, out.width - first.cell_len))):
        line = (first if k == 0 else Text(" " * first.cell_len)) + part
        line.rstrip()
        out.print(line)


# ----- jacobians op -----


def print_ops() -> None:
    """For each op its name, formula, and the index form of each Jacobian."""
    out = console()
    width = max(map(len, OPS)) + 2
    for name, op in OPS.items():
        page = sheet(op)
        jacobians = "\n".join(f"∂{op.symbol}/∂{wrt} = {J}" for wrt, J in page.jacobians.items())
        table = Table.grid(padding=(0, 1))
        table.add_column(width=width, no_wrap=True)
        table.add_column(overflow="fold")
        table.add_row(Text(name, style="bold cyan"), Text(page.summary.rstrip(".")))
        table.add_row("", Text(jacobians, style="dim"))
        out.print(table)
    out.print(Text(f"\n  {len(OPS)} ops; `jacobians op NAME` shows the whole sheet of one.", style="dim"))


def require_op(name: str) -> Op:
    """The op of that name, in any of its spellings.

    Raises:
        InputError: there is none; the nearest names are given.
    """
    key = name.strip().lower().replace("-", "_")
    by_class = {type(op).__name__.lower(): op for op in OPS.values()}
    if key in OPS or key in by_class:
        return OPS[key] if key in OPS else by_class[key]
    import difflib

    near = difflib.get_close_matches(key, OPS, n=5, cutoff=0.4)
    raise unknown("op", "op", name, near or OPS)


def print_op(name: str, digits: int) -> None:
    """The sheet of one op."""
    out = console()
    page = sheet(require_op(name))
    out.print(Text(f"{page.op.name}   ", style="bold cyan").append(page.summary, style="default"))
    for title in ("Shapes", "Formula"):
        out.print(_labelled(title, page.sections.get(title, "")))
    options = {k: v for k, v in vars(page.op).items() if not k.startswith("_")}
    if options:
        out.print(_labelled("Options", f"{page.op!r}; in Python: jacobians.{type(page.op).__name__}(...)"))
    if page.notes:
        out.print(_labelled("Note", page.notes))
    out.print(_labelled("Source", page.sections.get("Source", "")))
    out.print()
    _example(out, page, digits)


def _labelled(title: str, text: str) -> Table:
    table = Table.grid(padding=(0, 1))
    table.add_column(width=10)
    table.add_column(overflow="fold")
    table.add_row(Text(title, style="bold"), Text(text))
    return table


def _example(out: Console, page: Sheet, digits: int) -> None:
    out.print(Text("Example", style="bold"))
    for key, value in {**page.inputs, page.op.symbol: page.output}.items():
        _indented(out, array_text(np.asarray(value), digits, 70), Text(f"  {key} = "))
    for wrt, J in page.jacobians.items():
        out.print()
        _jacobian(out, f"∂{page.op.symbol}/∂{wrt}", J, Shown(page.op.symbol, wrt, J).tensor, digits)


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
    }


# ----- jacobians graph -----


def print_graph(model: Model, of: str, wrt: str, most: int, seed: int) -> None:
    """Layers, paths, forward accumulation, backpropagation, costs."""
    out = console()
    paths = model.paths(of, wrt)
    run = model.run(model.random_point(seed))
    _equations(out, run, source_of_point(model, (), None, seed))
    if not paths.count:
        out.print(f"\n{of} does not depend on {wrt}: there is no path, and the Jacobian is zero.")
        return
    _layers(out, paths)
    _paths(out, run, paths, most)
    _sweep(out, run, paths, forward=True)
    _sweep(out, run, paths, forward=False)
    cost = run.cost(of, wrt)
    out.print(Text(f"\nMultiplications for ∂{of}/∂{wrt}, structure taken into account", style="bold"))
    for order, label in (("forward", "front to back"), ("backward", "back to front"), ("best", "best order found")):
        out.print(f"  {label:17}{cost[order]:>10,}")


def _layers(out: Console, paths: Paths) -> None:
    out.print(Text("\nLayers", style="bold"))
    out.print("  " + " → ".join(", ".join(layer) for layer in paths.layers))


def _paths(out: Console, run: Run, paths: Paths, most: int) -> None:
    scalar = paths.scalar_count
    through = "" if scalar == paths.count else f", {scalar:,} through single entries"
    out.print(Text(f"\nPaths from {paths.wrt} to {paths.of}: {paths.count:,}{through}", style="bold"))
    total: Any = 0.0
    listed = 0
    for path in paths.products(run):
        if listed == most:
            break
        listed += 1
        total = total + path.jacobian.dense()
        steps = list(zip(path.nodes, path.nodes[1:], strict=False))
        product = " · ".join(_step(paths, b, a) for a, b in reversed(steps))
        value = f" = {_value(path.jacobian)}" if path.jacobian.size == 1 else ""
        out.print(Text(f"  {' → '.join(path.nodes)}", style="cyan"))
        out.print(Text(f"      {product}{value}"))
    if listed < paths.count:
        out.print(Text(f"  ... and {paths.count - listed:,} more (--most)", style="dim"))
        return
    J = run.jacobian(paths.of, paths.wrt)
    gap = float(np.max(np.abs(np.asarray(total) - J.dense()), initial=0.0))
    result = f" = {_value(J)}" if J.size == 1 else ""
    out.print(f"  sum of all paths = ∂{paths.of}/∂{paths.wrt}{result}   (largest difference {gap:.1g})")


def _sweep(out: Console, run: Run, paths: Paths, forward: bool) -> None:
    """The lines of forward accumulation or backpropagation, a layer at a time."""
    title = "Forward accumulation, front to back" if forward else "Backpropagation, back to front"
    out.print(Text(f"\n{title}", style="bold"))
    layers = paths.layers[1:] if forward else paths.layers[-2::-1]
    for number, layer in enumerate(layers, 1):
        for name in layer:
            of, wrt = (name, paths.wrt) if forward else (paths.of, name)
            right = _chain_rule(paths, name, forward)
            J = run.jacobian(of, wrt, order="forward" if forward else "backward")
            value = f" = {_value(J)}" if J.size == 1 else f"   {structure_line(J).split('  ')[0]}"
            out.print(Text(f"  {number}  ", style="dim").append(f"∂{of}/∂{wrt}{right}{value}", style="default"))


def _step(paths: Paths, of: str, wrt: str) -> str:
    """`∂f/∂s` along one arrow, marked where it is not the whole ∂f/∂s because other ways lead from s to f too."""
    others = len(paths.edges[of]) > 1 and paths.model.paths(of, wrt).count > 1
    return f"∂{of}/∂{wrt}" + (" (direct)" if others else "")


def _chain_rule(paths: Paths, name: str, forward: bool) -> str:
    """` = ∂f/∂x ∂x/∂s + ...`, nothing for the first factors."""
    if forward:
        sources = list(paths.edges[name])
        if sources == [paths.wrt]:
            return ""
        return " = " + " + ".join(
            _step(paths, name, s) + ("" if s == paths.wrt else f" ∂{s}/∂{paths.wrt}") for s in sources
        )
    targets = [t for t, sources in paths.edges.items() if name in sources]
    if targets == [paths.of]:
        return ""
    return " = " + " + ".join((f"∂{paths.of}/∂{t} " if t != paths.of else "") + _step(paths, t, name) for t in targets)


def _value(J: Jacobian) -> str:
    return f"{float(J.dense().ravel()[0]):.6g}"


def graph_json(model: Model, of: str, wrt: str, most: int, seed: int) -> str:
    """The same as JSON."""
    paths = model.paths(of, wrt)
    run = model.run(model.random_point(seed))
    listed = [nodes for nodes, _ in zip(paths, range(most), strict=False)]
    data = {
        "equations": model.equations(),
        "edges": {n: {s: str(along(run, ways)) for s, ways in sources.items()} for n, sources in paths.edges.items()},
        "layers": paths.layers,
        "path_count": paths.count,
        "scalar_path_count": paths.scalar_count,
        "paths": listed,
        "cost": run.cost(of, wrt),
    }
    return json.dumps(data, indent=2, ensure_ascii=False)
