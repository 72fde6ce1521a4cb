"""What `jacobians hessian` prints: the second derivatives of a run, with formula, structure, numbers, eigenvalues."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from rich.console import Console
from rich.text import Text

from jacobians.curvature import PRINTED, check, check_gauss_newton
from jacobians.display import nonzeros, structure_line
from jacobians.errors import DenseLimitError, FormError, InputError, JacobiansError
from jacobians.jacobian import Jacobian
from jacobians.likelihoods import output_of_network
from jacobians.notation import name_to_latex
from jacobians.pages import print_equations, print_indented, print_jacobian
from jacobians.run import Run
from jacobians.show import JSON_ENTRIES, Shown
from jacobians.structure import axis_names

#: Eigenvalues of larger matrices are not computed, and the check leaves larger ones to smaller networks.
ROWS, CHECKED = 1_000, 250_000
#: An eigenvalue is 0 below this part of the largest.
ZERO = 1e-10


@dataclass(frozen=True)
class Block:
    """One block of the Hessian, or of its Gauss-Newton part through a node."""

    run: Run
    of: str
    wrt: str
    other: str
    #: The node that the Gauss-Newton matrix goes through; empty for the Hessian.
    through: str = ""

    @cached_property
    def J(self) -> Jacobian:
        """The block, of.shape + wrt.shape | other.shape."""
        if self.through:
            return self.run.gauss_newton(self.of, self.wrt, self.other, self.through)
        return self.run.hessian(self.of, self.wrt, self.other)

    @property
    def name(self) -> str:
        """`∂²L/∂W1²`, `∂²L/∂W1∂W2`, `G(W1, W2)`."""
        if self.through:
            return f"G({self.wrt}, {self.other})"
        return f"∂²{self.of}/∂{self.wrt}" + ("²" if self.wrt == self.other else f"∂{self.other}")

    @property
    def kronecker(self) -> str | None:
        """The matrix of a block with more than two axes as a sum of Kronecker products; None where there is none."""
        if len(self.J.out_shape) < 2 and len(self.J.in_shape) < 2:
            return None
        try:
            return str(self.J.kronecker())
        except FormError:
            return None

    @property
    def tensor(self) -> str | None:
        """The tensor form, None where only the index form is known."""
        return Shown(self.of, self.wrt, self.J).tensor

    @cached_property
    def eigenvalues(self) -> np.ndarray[Any, Any] | None:
        """In ascending order, for a square block of a number; None for others and for large ones."""
        square = self.wrt == self.other and self.run.values[self.of].ndim == 0
        if not square or self.J.in_shape == () or self.run.values[self.wrt].size > ROWS:
            return None
        return np.linalg.eigvalsh(self.J.matrix())

    @property
    def latex(self) -> str:
        r"""`\frac{\partial^2 L}{\partial W^{(1)}_{i j} \partial W^{(1)}_{k l}} &= ...`, with proved other forms."""
        names = list(axis_names(self.J.shown.terms, len(self.J.shape)))
        ranks = [self.run.values[name].ndim for name in (self.of, self.wrt)]
        ends = (names[: ranks[0]], names[ranks[0] : sum(ranks)], names[sum(ranks) :])
        of, wrt, other = (
            name_to_latex(name, axes) for name, axes in zip((self.of, self.wrt, self.other), ends, strict=True)
        )
        if self.through:
            return rf"G_{{{''.join(names)}}} &= {self.J.latex('index')}"
        by = rf"\partial {wrt}\, \partial {other}"
        return rf"\frac{{\partial^2 {of}}}{{{by}}} &= {self.J.latex('index')}"

    def as_json(self) -> dict[str, Any]:
        """Everything about it that JSON can hold."""
        found = self.eigenvalues
        return {
            "of": self.of,
            "wrt": self.wrt,
            "other": self.other,
            "through": self.through or None,
            "out_shape": list(self.J.out_shape),
            "in_shape": list(self.J.in_shape),
            "pattern": self.J.pattern.splitlines(),
            "index": str(self.J),
            "tensor": self.tensor,
            "kronecker": self.kronecker,
            "latex": self.J.latex("index"),
            "nonzero_by_structure": nonzeros(self.J),
            "eigenvalues": None if found is None else found.tolist(),
            "entries": self.J.dense().tolist() if self.J.size <= JSON_ENTRIES else None,
        }

    def verdict(self) -> tuple[bool | None, str]:
        """Whether the witness agrees, in a sentence; None where it could not be asked."""
        if self.J.size > CHECKED:
            return None, f"Not checked: {self.name} has {self.J.size:,} entries, more than {CHECKED:,}."
        try:
            if self.through:
                found = check_gauss_newton(self.run, self.J, self.of, self.wrt, self.other, self.through)
            else:
                found = check(self.run, self.J, self.of, self.wrt, self.other)
            return found.agrees, f"{found}."
        except DenseLimitError:
            raise
        except JacobiansError as reason:
            return None, f"Not checked: {reason}."


def blocks(
    run: Run, of: str | None, wrt: Sequence[str], other: str | None, gauss_newton: bool, through: str | None
) -> list[Block]:
    """The blocks asked for; without `wrt` every parameter (or other leaf) by itself.

    Raises:
        InputError: an unknown name, or nothing to differentiate by.
    """
    model = run.model
    end = of or model.output
    for name in (end, *wrt, *([other] if other else []), *([through] if through else [])):
        model.require(name, "hessian")
    leaves = model.parameters() or model.differentiable()
    chosen = list(wrt) or [name for name in leaves if model.paths(end, name).count]
    if not chosen:
        raise InputError(f"hessian: {end} depends on none of {', '.join(leaves)}; name what to differentiate by: --wrt")
    if other and not wrt:
        raise InputError(f"hessian: --and {other} is the second of two names; give the first too: --wrt {chosen[0]}")
    pairs = [(name, other or name) for name in chosen]
    if not (gauss_newton or through):
        return [Block(run, end, one, two) for one, two in pairs]
    return [Block(run, end, one, two, through or output_of_network(run, end, one, two)) for one, two in pairs]


# ----- formats -----


def print_blocks(out: Console, run: Run, found: Sequence[Block], digits: int, source: str, check: bool) -> None:
    """Equations, every block, and the witness' verdicts last."""
    print_equations(out, run, source)
    for block in found:
        out.print()
        if block.through:
            through = run.model.display(block.through)
            text = f"Gauss-Newton: the Hessian of {block.of} without the curvature of {through}"
            out.print(Text(text, style="dim"))
        if not block.J.terms:
            out.print(Text(block.name, style="bold cyan").append(" = 0", style="default"))
            out.print(
                Text(f"  the derivative of {block.of} by {block.wrt} does not depend on {block.other}", style="dim")
            )
            continue
        print_jacobian(out, block.name, block.J, block.tensor or block.kronecker, digits)
        if any(f.name == "M" for t in block.J.shown.terms for f in t.factors):
            out.print(Text(f"  M is the sum of more than {PRINTED} terms, as one array", style="dim"))
        if block.eigenvalues is not None:
            print_indented(out, Text(spectrum(block.eigenvalues, digits)), Text("  "))
    if check:
        out.print()
        for agrees, sentence in (block.verdict() for block in found):
            style = "yellow" if agrees is None else "green" if agrees else "bold red"
            print_indented(out, Text(sentence, style=style), Text(""))


def spectrum(eigenvalues: np.ndarray[Any, Any], digits: int) -> str:
    """`eigenvalues from -0.25 to 0.24, 8 of 12 are 0: indefinite`."""
    low, high = float(eigenvalues[0]), float(eigenvalues[-1])
    if not np.isfinite(eigenvalues).all():
        return "eigenvalues: NaN or inf among the entries"
    floor = ZERO * max(abs(low), abs(high))
    zeros = int(np.sum(np.abs(eigenvalues) <= floor))
    negative, positive = low < -floor, high > floor
    kind = {
        (True, True): "indefinite",
        (False, True): "positive semidefinite" if zeros else "positive definite",
        (True, False): "negative semidefinite" if zeros else "negative definite",
        (False, False): "zero",
    }[negative, positive]
    low, high = (0.0 if abs(v) <= floor else v for v in (low, high))
    count = f", {zeros} of {len(eigenvalues)} {'is' if zeros == 1 else 'are'} 0" if zeros else ""
    return f"eigenvalues from {low:.{digits}g} to {high:.{digits}g}{count}: {kind}"


def as_json(run: Run, found: Sequence[Block], check: bool) -> str:
    """Model, point and blocks as JSON."""
    verdicts = [block.verdict() for block in found] if check else []
    data = {
        "model": run.model.equations(),
        "point": {k: v.tolist() for k, v in run.point.items()},
        "hessians": [block.as_json() for block in found],
        "check": [{"agrees": agrees, "verdict": sentence} for agrees, sentence in verdicts] if check else None,
    }
    return json.dumps(data, indent=2, ensure_ascii=False)


def as_latex(found: Sequence[Block]) -> str:
    """An align* environment, a line per formula."""
    return "\\begin{align*}\n" + " \\\\\n".join(block.latex for block in found) + "\n\\end{align*}"


def as_markdown(run: Run, found: Sequence[Block]) -> str:
    """Headings, formulas between $$ and the structure of each block."""
    parts = ["# Second derivatives", "```text", *(f"{k} = {v}" for k, v in run.model.equations().items()), "```"]
    for block in found:
        parts += [f"## {block.name}", "", structure_line(block.J), ""]
        parts += ["$$", "\\begin{aligned}", block.latex, "\\end{aligned}", "$$", ""]
    return "\n".join(parts)


def as_npz(found: Sequence[Block]) -> bytes:
    """All dense arrays as an .npz file, named d2L_dW1_dW2."""
    buffer = io.BytesIO()
    arrays: dict[str, Any] = {f"d2{b.of}_d{b.wrt}_d{b.other}": b.J.dense() for b in found}
    np.savez(buffer, **arrays)
    return buffer.getvalue()
