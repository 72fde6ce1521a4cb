"""Colours and lines: one table for SVG and TikZ.

Zero and non-zero differ in lightness, so that they stay apart in print and for colour-blind readers.
"""

from __future__ import annotations

from typing import NamedTuple

from jacobians.pictures.scene import Style


class Look(NamedTuple):
    """Fill and stroke in light surroundings and in dark ones ("" for none), the width of the stroke in units."""

    fill: str = ""
    stroke: str = ""
    dark_fill: str = ""
    dark_stroke: str = ""
    width: float = 0.0
    dashed: bool = False


LOOKS: dict[Style, Look] = {
    "zero": Look(fill="F3F4F6", dark_fill="2A2E35"),
    "value": Look(fill="7DB8E8", dark_fill="2F6FA8"),
    "grid": Look(stroke="C3C8D0", dark_stroke="4A505A", width=0.015),
    "edge": Look(stroke="30343A", dark_stroke="C8CDD5", width=0.03),
    "axis": Look(stroke="6B7280", dark_stroke="9AA2AE", width=0.025),
    "wire": Look(stroke="30343A", dark_stroke="C8CDD5", width=0.04),
    "node": Look(fill="CFE4F7", dark_fill="24507A", stroke="30343A", dark_stroke="C8CDD5", width=0.03),
    "pattern": Look(fill="FDE9C4", dark_fill="6B4E16", stroke="30343A", dark_stroke="C8CDD5", width=0.03, dashed=True),
    "dot": Look(fill="30343A", dark_fill="C8CDD5"),
}
#: Letters, and those that may be overlooked; what is behind everything.
INK, FAINT, PAPER = ("1F2328", "E6E9EE"), ("8A929E", "8A929E"), ("FFFFFF", "1B1E23")
