"""Jacobians on a terminal: named axes, slices side by side, zeros dimmed, large tensors cut as NumPy cuts them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from rich.text import Text

from jacobians.forms.toeplitz import toeplitz
from jacobians.jacobian import Jacobian
from jacobians.structure import axis_names
from jacobians.terms import Array, Factor, Labels, Term

#: Entries shown at each end of an axis that is cut.
EDGE = 3
#: Arrays with more entries than this are cut.
THRESHOLD = 300
#: Slices shown at each end.
SLICES = 3
#: Matrices shown of a tensor that is cut.
MATRICES = 8
#: A tensor of more matrices than this is cut, however small they are.
MOST = 24
#: Arrays with more entries than this are not looked through for structure.
STRUCTURE = 100_000
#: Lines of one formula that are shown.
LINES = 8

Entry = Callable[[tuple[int, ...]], float]


@dataclass(frozen=True)
class Block:
    """A piece of text of fixed width with a heading, to be put beside others."""

    lines: tuple[Text, ...]

    @property
    def width(self) -> int:
        """Columns it takes."""
        return max((line.cell_len for line in self.lines), default=0)


def structure_line(J: Jacobian) -> str:
    """`(4 | 4, 3): 3-D tensor, 4·4·3 = 48 entries, 12 can differ from zero`."""
    out = ", ".join(map(str, J.out_shape)) or "scalar"
    inp = ", ".join(map(str, J.in_shape)) or "scalar"
    rank = len(J.shape)
    kind = {0: "number", 1: "vector", 2: "matrix"}.get(rank, f"{rank}-D tensor")
    product = "·".join(map(str, J.shape))
    entries = f"{product} = {J.size:,}" if rank > 1 else f"{J.size:,}"
    plural = "entry" if J.size == 1 else "entries"
    nonzero = nonzeros(J)
    zeros = "none is zero by structure" if nonzero == J.size else f"{nonzero:,} can differ from zero"
    return f"({out} | {inp})  {kind}, {entries} {plural}, {zeros}"


def nonzeros(J: Jacobian) -> int:
    """The entries that can differ from zero; where 0/1 patterns were multiplied away, by the terms that print."""
    patterns = any(f.value.dtype == bool for t in J.shown.terms for f in t.factors)
    return min(J.nnz, J.shown.nnz) if patterns and J.size <= STRUCTURE else J.nnz


def toeplitz_text(J: Jacobian) -> str:
    """What is Toeplitz about a Jacobian with 0/1 patterns; empty where nothing is, or its array is large."""
    patterns = any(f.value.dtype == bool for t in J.shown.terms for f in t.factors)
    found = toeplitz(J) if patterns and J.size <= STRUCTURE else None
    return str(found) if found is not None and found.moving else ""


def numbers(J: Jacobian, digits: int = 4, width: int = 80) -> Text:
    """The entries: a row, a matrix, or matrices side by side, one per index of the leading axes."""
    cut = J.size > THRESHOLD
    dense = None if cut else J.dense()
    names = axis_names(J.shown.terms, len(J.shape)) if J.shape else ()
    *lead, rows, columns = (1,) * (2 - len(J.shape)) + J.shape
    spare = max(0, 2 - len(J.shape))  # a vector is shown as a row, a number as one cell

    def entry(index: tuple[int, ...]) -> float:
        return float(J[index[spare:]] if dense is None else dense[index[spare:]])

    heads = list(_heads(lead, cut))
    if cut or len(heads) > MOST:
        heads = _fewer(heads)
    tables = [[] if head is None else _values(entry, head, rows, columns, cut) for head in heads]
    write = _writer([v for values in tables for row in values for v in row if v is not None], digits)
    blocks = []
    for head, values in zip(heads, tables, strict=True):
        if head is None:
            blocks.append(Block((Text(""), Text("..."))))
        else:
            title = (Text(_head_text(names, head), style="bold"),) if head else ()
            blocks.append(Block((*title, *_matrix(values, write, width))))
    return _side_by_side(blocks, width)


def array_text(array: Array, digits: int = 4, width: int = 80, labels: Labels = ()) -> Text:
    """An array as `numbers` writes a Jacobian: a row, a matrix, or matrices side by side; `labels` name its axes."""
    if len(labels) != array.ndim or len(set(labels)) < array.ndim:
        labels = tuple("ijklmnop"[: array.ndim])
    sizes = dict(zip(labels, array.shape, strict=True))
    factors = (Factor(np.asarray(array, np.float64), labels, "x"),)
    return numbers(Jacobian((Term(factors, labels, (), sizes),), array.shape, ()), digits, width)


def in_lines(formula: str, width: int, most: int = LINES) -> str:
    """A long sum in lines that begin with a summand; what needs more than `most` lines ends in how much is left out."""
    lines: list[str] = []
    count = 0
    for line in sum_lines(formula, width):
        if len(lines) == most:
            left = len(_summands(formula)) - count
            return "\n".join([*lines, f"... and {left} more summand{'s' * (left > 1)}"])
        lines.append(line)
        count += len(_summands(line))
    return "\n".join(lines)


def sum_lines(formula: str, width: int) -> list[str]:
    """A sum, in text or LaTeX, in lines that begin with a summand; more characters than `width` only for a long one."""
    lines = [""]
    for summand in _summands(formula):
        if lines[-1] and len(lines[-1]) + 1 + len(summand) > width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {summand}".strip()
    return lines


def _summands(formula: str) -> list[str]:
    """The terms of a sum with the signs before them; a sign inside brackets begins none."""
    found, depth = [""], 0
    for word in formula.split(" "):
        if word in "+-" and depth == 0 and found[-1]:
            found.append("")
        depth += sum((c in "([{") - (c in ")]}") for c in word)
        found[-1] = f"{found[-1]} {word}".strip()
    return found


def axes_text(J: Jacobian) -> str:
    """`rows j, columns k` for the last two axes."""
    if len(J.shape) < 2:
        return f"entries {axis_names(J.shown.terms, 1)[0]}" if J.shape else ""
    names = axis_names(J.shown.terms, len(J.shape))
    lead = f"one matrix for each {', '.join(names[:-2])}; " if len(names) > 2 else ""
    return f"{lead}rows {names[-2]}, columns {names[-1]}"


def _head_text(names: Labels, head: Sequence[int]) -> str:
    return ", ".join(f"{name} = {k}" for name, k in zip(names, head, strict=False))


def _shown_indices(size: int, cut: bool, edge: int = EDGE) -> list[int | None]:
    """The indices along one axis; None is where the dots stand."""
    if not cut or size <= 2 * edge + 1:
        return list(range(size))
    return [*range(edge), None, *range(size - edge, size)]


def _heads(lead: Sequence[int], cut: bool) -> Iterator[tuple[int, ...] | None]:
    per_axis = [_shown_indices(n, cut, SLICES if len(lead) == 1 else 1) for n in lead]
    dots = False
    for head in itertools.product(*per_axis):
        if None in head:
            if not dots:
                yield None
            dots = True
        else:
            dots = False
            yield tuple(k for k in head if k is not None)


def _fewer(heads: list[tuple[int, ...] | None]) -> list[tuple[int, ...] | None]:
    """The first and the last matrices of many."""
    known = [head for head in heads if head is not None]
    if len(known) <= MATRICES:
        return heads
    return [*known[: MATRICES // 2], None, *known[-MATRICES // 2 :]]


def _values(entry: Entry, head: tuple[int, ...], rows: int, columns: int, cut: bool) -> list[list[float | None]]:
    """The entries of one matrix that are shown; None stands for dots."""
    across = _shown_indices(columns, cut)
    return [
        [None if r is None or c is None else entry((*head, r, c)) for c in across] for r in _shown_indices(rows, cut)
    ]


def _matrix(values: list[list[float | None]], write: Callable[[float], str], room: int) -> list[Text]:
    """The lines of one matrix; rows that need more room go on in the next line, as NumPy writes them."""
    cells = [["..." if v is None else write(v) for v in row] for row in values]
    widths = [max(len(row[k]) for row in cells) for k in range(len(cells[0]))]
    if starts := _line_starts(widths, room):  # one width for all keeps the lines of a row aligned
        widths = [max(widths)] * len(widths)
        starts = _line_starts(widths, room)
    lines = []
    for row in cells:
        line = Text("[")
        for k, (cell, w) in enumerate(zip(row, widths, strict=True)):
            if k in starts:
                lines.append(line)
                line = Text()
            line.append(" " if k else "")
            line.append(cell.rjust(w), style="dim" if cell.strip() in ("0", "...") else "")
        lines.append(line.append("]"))
    return lines


def _line_starts(widths: Sequence[int], room: int) -> set[int]:
    """The columns that a further line of a row begins with."""
    starts, used = set(), 1
    for k, width in enumerate(widths):
        if k and used + width + 1 > room:
            starts.add(k)
            used = 1
        used += width + 1  # the gap, or the closing bracket
    return starts


def _writer(values: Sequence[float], digits: int) -> Callable[[float], str]:
    """One way to write all numbers of a Jacobian, decimal points aligned; exact zeros are a plain 0."""
    sizes = [abs(v) for v in values if v != 0 and np.isfinite(v)]
    largest, smallest = max(sizes, default=1.0), min(sizes, default=1.0)
    if all(v == int(v) for v in sizes) and largest < 10**digits:
        return lambda v: str(int(v)) if np.isfinite(v) else str(v)
    if largest >= 1e5 or largest < 1e-3 or (smallest < largest * 10.0**-digits and smallest < 1e-4):
        return lambda v: "0" if v == 0 else f"{v:.{digits - 1}e}"
    decimals = max(0, digits - 1 - math.floor(math.log10(largest)))
    # exact zeros keep the column of the units, so that decimal points stay aligned
    return lambda v: "0".ljust(decimals + 2) if v == 0 and decimals else f"{v:.{decimals}f}"


def _joined(lines: Sequence[Text]) -> Text:
    return Text("\n").join(lines)


def _side_by_side(blocks: Sequence[Block], width: int, gap: int = 3) -> Text:
    """Blocks in rows that fit the width."""
    rows: list[list[Block]] = []
    used = 0
    for block in blocks:
        if not rows or used + gap + block.width > width:
            rows.append([])
            used = -gap
        rows[-1].append(block)
        used += gap + block.width
    lines = []
    for number, row in enumerate(rows):
        if number:
            lines.append(Text(""))
        for k in range(max(len(b.lines) for b in row)):
            line = Text()
            for b in row:
                cell = b.lines[k].copy() if k < len(b.lines) else Text("")
                cell.append(" " * (b.width - cell.cell_len + gap))
                line.append_text(cell)
            line.rstrip()
            lines.append(line)
    return _joined(lines)
