"""The sheet of an op, read from its docstring and its Jacobians; the table of all ops in the README."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from jacobians.jacobian import Jacobian
from jacobians.op import Op
from jacobians.ops import FAMILIES
from jacobians.terms import Array

SECTIONS = ("Shapes", "Formula", "Jacobians", "Source")
SIZES = (2, 3, 5, 7, 11)


@dataclass(frozen=True)
class Sheet:
    """What there is to know about one op, with a small numeric example."""

    op: Op
    summary: str
    sections: Mapping[str, str]
    notes: str
    inputs: dict[str, Array]
    output: Array
    jacobians: dict[str, Jacobian]


def sheet(op: Op, seed: int = 0) -> Sheet:
    """The sheet of an op at a small random point away from kinks."""
    rng = np.random.default_rng(seed)
    shapes = op.example_shapes(SIZES)[0]
    inputs = op.sample(rng, shapes)
    while op.near_kink(1e-2, **inputs):
        inputs = op.sample(rng, shapes)
    inputs = {
        k: np.round(v, 2) if v.dtype.kind == "f" and not op.data and k not in op.data else v for k, v in inputs.items()
    }
    summary, sections, notes = read_docstring(op)
    return Sheet(op, summary, sections, notes, inputs, op.forward(**inputs), op.jacobians(**inputs))


def read_docstring(op: Op) -> tuple[str, dict[str, str], str]:
    """The first line, the sections Shapes, Formula, Jacobians, Source, and whatever else the docstring says."""
    lines = (type(op).__doc__ or "").strip().splitlines()
    sections: dict[str, list[str]] = {}
    notes: list[str] = []
    current = notes
    for line in lines[1:]:
        text = line.strip()
        head = re.match(rf"({'|'.join(SECTIONS)}):\s*(.*)", text)
        if head:
            current = sections.setdefault(head[1], [])
            text = head[2]
        elif not text:
            current = notes
        if text:
            current.append(text)
    return lines[0] if lines else "", {k: "\n".join(v) for k, v in sections.items()}, " ".join(notes)


def table() -> str:
    """The Markdown tables of all ops, folded by family: name, formula, each Jacobian in index form and its pattern."""
    parts = []
    for family, files in FAMILIES.items():
        ops = [op for file in files for op in file.OPS]
        names = ", ".join(f"<code>{op.name}</code>" for op in ops)
        rows = ["| op | formula | Jacobians | labels |", "| --- | --- | --- | --- |", *map(_row, ops)]
        summary = f"<summary><b>{family}</b>: {names}</summary>"
        parts.append("\n".join([f"<details>{summary}", "", *rows, "", "</details>"]))
    return "\n".join(parts)


def _row(op: Op) -> str:
    page = sheet(op)
    jacobians = "<br>".join(f"`∂{op.symbol}/∂{wrt} = {J}`" for wrt, J in page.jacobians.items())
    patterns = "<br>".join(f"`{J.pattern}`".replace("\n", "`, `") for J in page.jacobians.values())
    cells = (f"`{op.name}`", f"`{page.summary.rstrip('.').replace('`', '')}`", jacobians, patterns)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
