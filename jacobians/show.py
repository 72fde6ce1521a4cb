"""What `jacobians show` prints, in every format: the Jacobians of a run with formula, structure and numbers."""

from __future__ import annotations

import io
import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from jacobians.curvature import PRINTED
from jacobians.display import nonzeros, structure_line, sum_lines
from jacobians.errors import FormError, InputError
from jacobians.jacobian import Jacobian
from jacobians.model import Model
from jacobians.notation import name_to_latex
from jacobians.paths import Paths
from jacobians.run import Order, Run

#: Larger Jacobians are written to JSON without their entries.
JSON_ENTRIES = 100_000
#: Characters of LaTeX in one line of an align environment, about as many as a page is wide.
LATEX_LINE = 250


@dataclass(frozen=True)
class Link:
    """The derivative of a node by another; `direct` where other ways lead between them that it leaves out."""

    of: str
    wrt: str
    direct: bool = False

    def __str__(self) -> str:
        """`∂f/∂s`."""
        return f"∂{self.of}/∂{self.wrt}" + (" (direct)" if self.direct else "")

    @property
    def latex(self) -> str:
        r"""`\frac{\partial f}{\partial s}`."""
        fraction = rf"\frac{{\partial {name_to_latex(self.of, [])}}}{{\partial {name_to_latex(self.wrt, [])}}}"
        return rf"\left.{fraction}\right|_{{\mathrm{{direct}}}}" if self.direct else fraction


#: A sum of products of derivatives.
ChainRule = tuple[tuple[Link, ...], ...]


def link(paths: Paths, of: str, wrt: str) -> Link:
    """The derivative along one arrow; direct where it is not the whole one because other ways lead from wrt to of."""
    return Link(of, wrt, len(paths.edges[of]) > 1 and paths.model.paths(of, wrt).count > 1)


def last_steps(paths: Paths, wrt: str) -> ChainRule:
    """Back to front: the sum over the nodes t that read `wrt` of d of / d t times d t / d wrt."""
    readers = [t for t, sources in paths.edges.items() if wrt in sources]
    return tuple((*((Link(paths.of, t),) if t != paths.of else ()), link(paths, t, wrt)) for t in readers)


@dataclass(frozen=True)
class Shown:
    """One Jacobian of a run with the formulas it prints with."""

    of: str
    wrt: str
    J: Jacobian
    #: The chain rule in one step, where the product of all steps is a sum too long to print.
    rule: ChainRule = ()

    @property
    def index(self) -> str:
        """The index form in plain text; the chain rule where that is too long."""
        return " + ".join(" ".join(map(str, product)) for product in self.rule) or str(self.J)

    @property
    def tensor(self) -> str | None:
        """The tensor form in plain text, None where only the index form is known."""
        if self.rule:
            return None
        try:
            return self.J.text("tensor")
        except FormError:
            return None

    @property
    def latex(self) -> str:
        r"""`\frac{\partial L}{\partial W^{(1)}} = \sum_k ...`, with the tensor form where it is proved."""
        left = Link(self.of, self.wrt).latex
        if self.rule:
            return rf"{left} &= {_aligned(' + '.join(' '.join(f.latex for f in product) for product in self.rule))}"
        if self.J.shape:
            from jacobians.structure import axis_names

            axes = axis_names(self.J.shown.terms, len(self.J.shape))
            n = len(self.J.out_shape)
            of, wrt = name_to_latex(self.of, list(axes[:n])), name_to_latex(self.wrt, list(axes[n:]))
            index = rf"\frac{{\partial {of}}}{{\partial {wrt}}} &= {_aligned(self.J.latex('index'))}"
        else:
            index = rf"{left} &= {_aligned(self.J.latex('index'))}"
        try:
            return rf"{index} \\" + "\n" + rf"{left} &= {_aligned(self.J.latex('tensor'))}"
        except FormError:
            return index

    def as_json(self) -> dict[str, Any]:
        """Everything about it that JSON can hold."""
        small = self.J.size <= JSON_ENTRIES
        return {
            "of": self.of,
            "wrt": self.wrt,
            "out_shape": list(self.J.out_shape),
            "in_shape": list(self.J.in_shape),
            "pattern": self.J.pattern.splitlines(),
            "index": self.index,
            "tensor": self.tensor,
            "latex": self.latex.split("&= ", 1)[1] if self.rule else self.J.latex("index"),
            "nonzero_by_structure": nonzeros(self.J),
            "entries": self.J.dense().tolist() if small else None,
        }


def _aligned(formula: str) -> str:
    """A long sum in lines of an align environment."""
    return (" \\\\" + "\n" + r"&\quad ").join(sum_lines(formula, LATEX_LINE))


def pairs(model: Model, of: Sequence[str] = (), wrt: Sequence[str] = ()) -> list[tuple[str, str]]:
    """Which Jacobians to show: those asked for, else each equation's own and the last node's by every leaf."""
    for name in (*of, *wrt):
        model.require(name, "show")
    if of or wrt:
        before = [*model.differentiable(), *model.named]
        chosen = [(a, b) for a in of or model.named for b in wrt or before if a != b and model.paths(a, b).count]
        if not chosen:
            raise InputError(_no_pair(model, of, wrt))
        return chosen
    own = [(name, source) for name in model.named for source in model.sources(name)]
    last = model.output
    by_leaf = [(last, leaf) for leaf in model.differentiable() if model.paths(last, leaf).count]
    return own + [pair for pair in by_leaf if pair not in own]


def _no_pair(model: Model, of: Sequence[str], wrt: Sequence[str]) -> str:
    """Why there is no Jacobian, and what to ask for instead."""
    computed = [name for name in of if name in model.named]
    if of and not computed:
        return f"show: nothing to differentiate in {', '.join(of)}; --of takes {', '.join(model.named)}"
    if list(of) == list(wrt):
        return f"show: expected two different names, got --of {of[0]} --wrt {wrt[0]}"
    left = computed or list(model.named)
    subject = f"{left[0]} does not depend" if len(left) == 1 else f"none of {', '.join(left)} depends"
    return f"show: {subject} on {' or '.join(wrt)}; `jacobians graph` shows what depends on what"


def source_of_point(model: Model, given: Collection[str], file: Path | None, seed: int) -> str:
    """Where the values come from: `point.npz; else values of the model; else random, seed 0`."""
    sources = [str(file)] if given else []
    if any(name not in given for name in model.values):
        sources.append("values of the model")
    if any(name not in given for name in model.missing()):
        sources.append(f"random, seed {seed}")
    return "; else ".join(sources)


def collect(run: Run, chosen: Iterable[tuple[str, str]], order: Order) -> list[Shown]:
    """The Jacobians asked for."""
    return [Shown(of, wrt, run.jacobian(of, wrt, order=order), _rule(run, of, wrt)) for of, wrt in chosen]


def _rule(run: Run, of: str, wrt: str) -> ChainRule:
    paths = run.model.paths(of, wrt)
    return last_steps(paths, wrt) if paths.terms(run) > PRINTED else ()


def as_json(run: Run, shown: Sequence[Shown], check: Any) -> str:
    """Model, point, values and Jacobians as JSON."""
    model = run.model
    data = {
        "model": model.equations(),
        "shapes": {k: list(s) for k, s in model.shapes.items() if k in model.leaves or k in model.named},
        "point": {k: v.tolist() for k, v in run.point.items()},
        "values": {k: run.values[k].tolist() for k in model.named},
        "jacobians": [item.as_json() for item in shown],
        "check": json.loads(check.to_json()) if check is not None else None,
    }
    return json.dumps(data, indent=2, ensure_ascii=False)


def as_latex(shown: Sequence[Shown]) -> str:
    """An align* environment, a line per formula."""
    return "\\begin{align*}\n" + " \\\\\n".join(item.latex for item in shown) + "\n\\end{align*}"


def as_markdown(run: Run, shown: Sequence[Shown]) -> str:
    """Headings, formulas between $$ and the structure of each Jacobian."""
    parts = ["# Jacobians", "```text", *(f"{k} = {v}" for k, v in run.model.equations().items()), "```"]
    for item in shown:
        parts += [f"## ∂{item.of}/∂{item.wrt}", "", structure_line(item.J), ""]
        parts += ["$$", "\\begin{aligned}", item.latex, "\\end{aligned}", "$$", ""]
    return "\n".join(parts)


def as_npz(shown: Sequence[Shown]) -> bytes:
    """All dense arrays as an .npz file, named dL_dW1."""
    buffer = io.BytesIO()
    arrays: dict[str, Any] = {f"d{item.of}_d{item.wrt}": item.J.dense() for item in shown}
    np.savez(buffer, **arrays)
    return buffer.getvalue()
