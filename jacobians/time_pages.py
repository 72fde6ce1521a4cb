"""The page of `jacobians through-time`: the sum over the uses of a shared leaf, the norms of the states' Jacobians."""

from __future__ import annotations

import json
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from jacobians.display import numbers
from jacobians.errors import InputError
from jacobians.jacobian import Jacobian
from jacobians.model import Model
from jacobians.pages import print_equations, print_indented
from jacobians.paths import Paths
from jacobians.run import Run
from jacobians.show import JSON_ENTRIES
from jacobians.through_time import StateJacobians, ThroughTime, sequences, step_of


def shared_leaf(model: Model, of: str) -> str:
    """The leaf to take where none is asked for: one that several equations use, a square matrix where there is one.

    Raises:
        InputError: no leaf is used in two equations.
    """
    model.require(of, "through-time")
    uses = {leaf: sum(leaf in s for s in Paths(model, of, leaf).edges.values()) for leaf in model.differentiable()}
    shared = [leaf for leaf, count in uses.items() if count > 1]
    if not shared:
        raise InputError(f"through-time: no leaf is used in two equations on the way to {of}; name one with --wrt")
    shapes = {leaf: model.shapes[leaf] for leaf in shared}
    square = (leaf for leaf, shape in shapes.items() if len(shape) == 2 and shape[0] == shape[1])
    return next(square, shared[0])


def states_of(run: Run, state: str | None, found: ThroughTime) -> StateJacobians | None:
    """The Jacobians of the last state; None where none were asked for and the summands do not stand for time steps."""
    stepwise = all(step_of(run.model, use.node) is not None for use in found.uses) and sequences(run.model)
    return run.state_jacobians(state) if state is not None or stepwise else None


def print_through_time(
    out: Console, run: Run, found: ThroughTime, states: StateJacobians | None, digits: int, source: str
) -> None:
    """The network, the summands with their numbers, their sum, the table of norms."""
    print_equations(out, run, source)
    many = f"{len(found.uses)} equation{'s' if len(found.uses) > 1 else ''}"
    out.print(Text(f"\nBackpropagation through time: ∂{found.of}/∂{found.wrt} as a sum", style="bold"))
    if not found.uses:
        out.print(f"  {found.of} does not depend on {found.wrt}: there is nothing to sum, the Jacobian is zero.")
        return
    verb = "use" if len(found.uses) > 1 else "uses"
    out.print(f"  {many} {verb} {found.wrt}; ∂⁺ holds everything else in the equation fixed")
    for use in found.uses:
        _summand(out, found.product(use), use.norm, use.jacobian, digits, str(use.jacobian))
    _summand(out, f"sum = {found.left_side}", found.norm, found.jacobian, digits)
    print_indented(out, Text(found.verdict, style="dim"), Text("  "))
    if states is not None:
        out.print(Text("\nHow the last state depends on the states before", style="bold"))
        out.print(_norms(states))
        print_indented(out, Text(states.verdict, style="dim"), Text("  "))


def _summand(out: Console, left: str, norm: float, J: Jacobian, digits: int, right: str = "") -> None:
    out.print()
    out.print(Text(f"  {left}", style="bold cyan").append(f"   norm {norm:.4g}", style="not bold dim default"))
    if right:
        print_indented(out, Text(right), Text("    = "))
    print_indented(out, numbers(J, digits, out.width - 6), Text("      "))


def _norms(states: StateJacobians) -> Table:
    table = Table.grid(padding=(0, 2))
    for justify in ("left", "left", "right", "right", "right"):
        table.add_column(justify=justify)
    table.add_row("", "", "steps back", "spectral norm", "Frobenius norm", style="dim")
    for s in states.states:
        table.add_row("", Text(f"∂{states.of}/∂{s.state}"), str(s.steps), f"{s.spectral:.4g}", f"{s.frobenius:.4g}")
    return table


def as_json(run: Run, found: ThroughTime, states: StateJacobians | None) -> str:
    """The same as JSON."""
    data = {
        "equations": run.model.equations(),
        "of": found.of,
        "wrt": found.wrt,
        "truncate": found.truncate,
        "terms": [
            {"node": u.node, "immediate": str(u.immediate), "index": str(u.jacobian), "entries": _entries(u.jacobian)}
            for u in found.uses
        ],
        "sum": _entries(found.jacobian),
        "relative_distance_from_full": found.gap,
        "states": _states_json(states),
    }
    return json.dumps(data, indent=2, ensure_ascii=False)


def _states_json(states: StateJacobians | None) -> dict[str, Any] | None:
    if states is None:
        return None
    norms = [
        {"state": s.state, "steps_back": s.steps, "spectral_norm": s.spectral, "frobenius_norm": s.frobenius}
        for s in states.states
    ]
    return {"of": states.of, "norms": norms, "rate": states.rate}


def _entries(J: Jacobian) -> Any:
    return J.dense().tolist() if J.size <= JSON_ENTRIES else None


def picture(states: StateJacobians | None, suffix: str) -> bytes:
    """The plot of the norms as a file of the format that the suffix names.

    Raises:
        InputError: no states; matplotlib is not installed or does not know the format.
    """
    import io

    from jacobians.plots import new_axes, plot_states

    if states is None:
        raise InputError("through-time: --plot: the model has no states to plot, such as h0, h1, h2")
    figure, (axes,) = new_axes()
    known = figure.canvas.get_supported_filetypes()
    if suffix.lstrip(".").lower() not in known:
        raise InputError(f"through-time: --plot: expected a file name that ends in .png, .svg or .pdf, got {suffix!r}")
    plot_states(states, axes)
    buffer = io.BytesIO()
    figure.savefig(buffer, format=suffix.lstrip(".").lower(), dpi=120)
    return buffer.getvalue()
