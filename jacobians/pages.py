"""The pages that `jacobians show` and `jacobians graph` print on a terminal."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from jacobians.display import axes_text, in_lines, numbers, structure_line, toeplitz_text
from jacobians.jacobian import Jacobian
from jacobians.model import Model
from jacobians.paths import Paths, along
from jacobians.run import Run
from jacobians.show import Shown, last_steps, link, source_of_point


def console(record: bool = False) -> Console:
    """80 columns wide, as wide as narrow terminals are; colours only on a terminal."""
    import io

    quiet = {"file": io.StringIO(), "record": True} if record else {}
    found = Console()
    return Console(width=min(80, found.width) if found.is_terminal else 80, highlight=False, soft_wrap=False, **quiet)  # type: ignore[arg-type]


# ----- jacobians show -----


def print_run(out: Console, run: Run, shown: Sequence[Shown], digits: int, source: str, check: bool) -> None:
    """Equations, every Jacobian, and the witnesses' verdict last."""
    print_equations(out, run, source)
    for item in shown:
        out.print()
        print_jacobian(out, f"∂{item.of}/∂{item.wrt}", item.J, item.tensor, digits, item.index)
    if check:
        out.print()
        out.print(run.check(pairs=[(item.of, item.wrt) for item in shown]))


def print_equations(out: Console, run: Run, source: str) -> None:
    """Equations with shapes, leaves with shapes, where the values come from."""
    model = run.model
    out.print(Text("Network", style="bold"))
    table = Table.grid(padding=(0, 2))
    for name, right in model.equations().items():
        shape = ", ".join(map(str, model.shapes[name])) or "scalar"
        table.add_row("", Text(f"{name} = {right}"), Text(f"({shape})", style="dim"))
    out.print(table)
    leaves = ", ".join(f"{k} ({', '.join(map(str, s)) or 'scalar'})" for k, s in model.leaves.items())
    print_indented(out, Text(leaves, style="dim"), Text("  given: ", style="dim"))
    out.print(Text(f"  point: {source}", style="dim"))


def print_jacobian(
    out: Console, left: str, J: Jacobian, tensor: str | None, digits: int, index: str | None = None
) -> None:
    """Structure before numbers; `index` stands in for an index form that is too long."""
    room, index = out.width - len(left) - 3, index or str(J)
    print_indented(out, Text(in_lines(index, room)), Text(left, style="bold cyan").append(" = ", style="default"))
    if tensor is not None and tensor != index:
        written = Text(in_lines(tensor, room), style="green")
        print_indented(out, written, Text(" " * len(left)).append(" = ", style="green"))
    print_indented(out, Text(structure_line(J), style="dim"), Text("  "))
    if J.shape:
        print_indented(out, Text(axes_text(J), style="dim"), Text("  "))
    print_indented(out, numbers(J, digits, out.width - 4), Text("    "))
    print_lines(out, toeplitz_text(J))


def print_lines(out: Console, text: str) -> None:
    """Indented lines that keep their own indentation where they go on."""
    for line in text.splitlines():
        words = line.lstrip()
        print_indented(out, Text(words), Text(" " * (len(line) - len(words) + 2)))


def print_indented(out: Console, text: Text, first: Text) -> None:
    """Lines one under the other, `first` before the first and as much space before the others."""
    for k, part in enumerate(text.wrap(out, max(20, out.width - first.cell_len))):
        line = (first if k == 0 else Text(" " * first.cell_len)) + part
        line.rstrip()
        out.print(line)


# ----- jacobians graph -----


def print_graph(model: Model, of: str, wrt: str, most: int, seed: int) -> None:
    """Layers, paths, forward accumulation, backpropagation, costs."""
    out = console()
    paths = model.paths(of, wrt)
    run = model.run(model.random_point(seed))
    print_equations(out, run, source_of_point(model, (), None, seed))
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
        product = " · ".join(str(link(paths, b, a)) for a, b in reversed(steps))
        value = f" = {_value(path.jacobian)}" if path.jacobian.size == 1 else ""
        out.print(Text(f"  {' → '.join(path.nodes)}", style="cyan"))
        print_indented(out, Text(f"{product}{value}"), Text("      "))
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


def _chain_rule(paths: Paths, name: str, forward: bool) -> str:
    """` = ∂f/∂x ∂x/∂s + ...`, nothing for the first factors."""
    if forward:
        sources = list(paths.edges[name])
        if sources == [paths.wrt]:
            return ""
        return " = " + " + ".join(
            str(link(paths, name, s)) + ("" if s == paths.wrt else f" ∂{s}/∂{paths.wrt}") for s in sources
        )
    products = last_steps(paths, name)
    if [*map(len, products)] == [1]:
        return ""
    return " = " + " + ".join(" ".join(map(str, product)) for product in products)


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
