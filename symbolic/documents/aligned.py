r"""A chain of formulas as rows of an aligned display: head, sign and right side, reason.

What is too wide is broken into several rows; where there is no room for reasons beside the formulas, they stand on rows
of their own, before the line that they lead to.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from symbolic.documents.breaking import rows
from symbolic.documents.content import Line, Reasons, Section
from symbolic.documents.printer import Printer
from symbolic.documents.widths import size_of, width_of, words_width

#: Between formulas and reasons, in em; `align` leaves 10 pt at least and shares out what is left.
GAP = 2.0
#: The part of the width that sentences are set in, in small type.
COLUMN = 0.36
#: Formulas are not broken for the sake of reasons beside them to less than this part of the width.
ROOM = 0.5
#: A head that takes more than this part of the width gets a row of its own.
HEAD = 0.35
#: The part of the width that formulas are broken for, since they are measured roughly.
SURE = 0.98
#: The distance of two rows, beside their own height.
SKIP = 0.75


@dataclass(frozen=True, slots=True)
class Row:
    """`head & body && reason`."""

    head: str
    body: str
    #: What is said beside the row, or on a row of its own before it, in the text mode of LaTeX.
    reason: str = ""
    placed: Literal["beside", "before"] = "beside"

    @property
    def height(self) -> float:
        """With the distance to the next row, in em."""
        own = max(size_of(self.body).height, size_of(self.head).height if self.head else 0.0, 1.0)
        return own + SKIP + 2.2 * (self.placed == "before" and bool(self.reason))


def section_rows(
    section: Section, printer: Printer, width: float, reasons: Reasons, before: Reasons = "sentences"
) -> list[Row]:
    """The rows of a section for lines of `width` em; what stands on rows of its own is said as `before` asks."""
    said = [printer.prose_tex(line.said(reasons)) for line in section.lines]
    heads, bodies = _without_wide_heads(*_sides(section.lines, printer), width)
    room = SURE * width - max(map(width_of, heads), default=0.0)
    column = _column(said, width, reasons)
    beside = column > 0 and (room - column >= ROOM * width or max(map(width_of, bodies)) <= room - column)
    if reasons != "none" and not beside:
        said = [printer.prose_tex(line.said(before)) for line in section.lines]
    made: list[Row] = []
    for head, body, reason in zip(heads, bodies, said, strict=True):
        broken = rows(body, room - column * beside)
        lines = [Row(head if not k else "", part) for k, part in enumerate(broken)]
        if reason and beside:
            lines[-1] = replace(lines[-1], reason=reason)
        elif reason:
            lines[0] = replace(lines[0], reason=reason, placed="before")
        made += lines
    return made


def _sides(lines: Sequence[Line], printer: Printer) -> tuple[list[str], list[str]]:
    """Heads, empty where a line goes on with the one before, and bodies with their signs."""
    heads: list[str] = []
    bodies: list[str] = []
    starts = [number for number, line in enumerate(lines) if line.head is not None]
    for start, end in itertools.pairwise([*starts, len(lines)]):
        chain = lines[start:end]
        head, *sides = printer.chain_tex([chain[0].head or chain[0].body, *(line.body for line in chain)])
        heads += [head, *[""] * (len(chain) - 1)]
        bodies += [f"{line.sign} {side}" for line, side in zip(chain, sides, strict=True)]
    return heads, bodies


def _column(said: list[str], width: float, reasons: Reasons) -> float:
    """The width of the reasons with the gap before them; none where nothing is said."""
    widest = max((words_width(f"({text})") for text in said if text), default=0.0)
    if not widest:
        return 0.0
    return COLUMN * width + GAP if reasons == "sentences" else widest + GAP


def _without_wide_heads(heads: list[str], bodies: list[str], width: float) -> tuple[list[str], list[str]]:
    """A wide head stands where bodies stand, and its body on the next row."""
    wide = [width_of(head) > HEAD * width for head in heads]
    return (
        ["" if big else head for head, big in zip(heads, wide, strict=True)],
        [f"{head} {body}" if big else body for head, body, big in zip(heads, bodies, wide, strict=True)],
    )
