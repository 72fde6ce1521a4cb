"""The command `jacobians bridge`: the named steps between two lines of a derivation."""

from __future__ import annotations

import json as encoder
from pathlib import Path
from typing import Annotated

import typer

from jacobians.derive_command import given_model


def bridge(
    first: Annotated[str, typer.Argument(help="A line, in LaTeX or plain notation; `lhs = rhs`: its right side.")],
    second: Annotated[str, typer.Argument(help="The line that follows from it, or is meant to.")],
    model: Annotated[
        Path | None, typer.Option(help="What the names mean: a file of equations, or a built-in network; default: mlp.")
    ] = None,
    notation: Annotated[str, typer.Option(help="As in `jacobians derive`.")] = "",
    latex: Annotated[bool, typer.Option("--latex", help="The lines as LaTeX.")] = False,
    json: Annotated[bool, typer.Option("--json", help="The answer as JSON.")] = False,
) -> int:
    """Find the named steps between two lines, or say that they are unequal, and why.

    \b
    jacobians bridge 'delta1 @ x.T' '(W2.T @ delta2 * tanh'"'"'(z1)) @ x.T'

    Exit status: 0 the lines are equal; 1 they are not; 2 not readable.
    """  # noqa: D301 - \b keeps the lines that follow as they are
    from jacobians.notation.options import Notation
    from symbolic.steps.bridge import bridge as found_between

    found = found_between(first, second, given_model(model), Notation.read(notation) if notation else None)
    if json:
        steps = found.derivation.as_dict()["parts"][0] if found.derivation is not None else None
        answer = {"status": found.status, "verdict": found.verdict.as_dict(), "steps": steps}
        print(encoder.dumps(answer, indent=2, ensure_ascii=False))
    else:
        print(found.latex() if latex and found.derivation is not None else found)
    if found.status == "not understood":
        return 2
    return 0 if found else 1
