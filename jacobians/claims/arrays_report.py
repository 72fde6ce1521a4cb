"""What `explain` says: equal or not, the mistake, the entry that shows it, and how to correct the claim."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jacobians.claims.arrays_case import bar, index_text
from jacobians.errors import shape_text
from jacobians.jacobian import Jacobian
from jacobians.printing import TEXT, nice
from jacobians.terms import Factor, Labels, Term, free_label

#: Columns that a report takes on a terminal.
WIDTH = 80
#: A formula with more characters is left out of the report.
LONGEST = 300
#: A formula with more summands is no help.
SUMMANDS = 6


@dataclass(frozen=True)
class ArrayEntry:
    """One entry of both arrays, and its formula where the true one is a Jacobian."""

    index: tuple[int, ...]
    claimed: float
    true: float
    formula: str = ""

    def __str__(self) -> str:
        """`at [0, 0, 1]: claimed 0.5, true 2 = x_1`; indices count from 0."""
        at = f"at {index_text(self.index)}: " if self.index else ""
        digits = 6 if f"{self.claimed:.6g}" != f"{self.true:.6g}" else 12
        both = f"{at}claimed {self.claimed:.{digits}g}, true {self.true:.{digits}g}"
        return both + (f" = {self.formula}" if self.formula else "")


@dataclass(frozen=True)
class ArrayExplanation:
    """Whether a claimed array is the Jacobian and, where it is not, what the mistake is.

    `name` and `corrected` are empty where nothing that was tried explains the claim; then `sentence` says where the
    largest deviation is. `bool(explanation)` is `equal`.
    """

    equal: bool
    name: str
    sentence: str
    claimed_shape: tuple[int, ...]
    true_shape: tuple[int, ...]
    #: The true axes, `(o | o' i)`; without a bar where nobody said how many of them are outputs.
    axes: str
    #: The true formula in index notation, where the truth is a Jacobian.
    formula: str = ""
    #: The first entry, the last index running fastest, that shows the mistake.
    entry: ArrayEntry | None = None
    #: Python code that makes the true array of `claimed`; empty where that cannot be done.
    corrected: str = ""
    #: The largest |claimed - true| relative to the largest true entry; None where the shapes differ.
    deviation: float | None = None
    notes: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether claim and truth are equal."""
        return self.equal

    def __str__(self) -> str:
        """The verdict, the mistake, both shapes, the entry, the correction."""
        head = "equal" if self.equal else f"not equal: {self.name or 'not explained'}"
        rows = [("claimed", shape_text(self.claimed_shape)), ("true", f"{shape_text(self.true_shape)}  {self.axes}")]
        rows += [("formula", self.formula)] if 0 < len(self.formula) <= LONGEST else []
        rows += [("entry", str(self.entry))] if self.entry else []
        rows += [("corrected", self.corrected)] if self.corrected else []
        rows += [("deviation", f"{self.deviation:.1e}")] if self.deviation is not None and not self.equal else []
        rows += [("note", note) for note in self.notes]
        lines = [head, textwrap.fill(self.sentence, WIDTH, initial_indent="  ", subsequent_indent="  ")]
        return "\n".join([*lines, *(_row(key, value) for key, value in rows)])

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON; a claim of NaN or inf is null."""
        entry = self.entry
        return {
            "equal": self.equal,
            "mistake": self.name,
            "explanation": self.sentence,
            "claimed_shape": list(self.claimed_shape),
            "true_shape": list(self.true_shape),
            "axes": self.axes,
            "formula": self.formula,
            "entry": None
            if entry is None
            else {
                "where": list(entry.index),
                "claimed": entry.claimed if math.isfinite(entry.claimed) else None,
                "true": entry.true,
                "formula": entry.formula,
            },
            "corrected": self.corrected,
            "deviation": self.deviation,
            "notes": list(self.notes),
        }


def _row(key: str, value: str) -> str:
    indent = " " * 13
    if key == "corrected":  # code is not broken into lines
        return f"  {key:<11}{value}"
    return textwrap.fill(value, WIDTH, initial_indent=f"  {key:<11}", subsequent_indent=indent, break_long_words=False)


def axes_text(names: Labels, out: int | None) -> str:
    """`(o | o' i)`; `(i j k)` where nobody said which axes are outputs."""
    if not names:
        return "a number"
    return f"({' '.join(names)})" if out is None else bar(names, out)


# ----- the formula of one entry -----


def entry_formula(J: Jacobian, index: tuple[int, ...]) -> str:
    """`p_0 - p_0 p_1`: the printed terms at an index (from 0); empty where there are too many."""
    terms = J.shown.terms
    # where deltas leave nothing, the first term says which delta does
    live = [term for term in terms if _alive(term, index)] or list(terms[:1])
    if len(live) > SUMMANDS:
        return ""
    parts = [("-" if term.coef < 0 else "+", _summand(term, index)) for term in live]
    return " ".join(f"{sign} {body}" for sign, body in parts).removeprefix("+ ").replace("- ", "-", parts[0][0] == "-")


def _alive(term: Term, index: tuple[int, ...]) -> bool:
    """Whether no delta and no 0/1 pattern without a sum makes the term zero there."""
    at: dict[str, int] = {}
    if any(at.setdefault(label, k) != k for label, k in zip((*term.out, *term.inp), index, strict=True)):
        return False
    return all(f.value[tuple(at[a] for a in f.labels)] for f in term.factors if _is_fixed(f, at))


def _is_fixed(f: Factor, at: Mapping[str, object]) -> bool:
    """A 0/1 pattern all of whose indices are known."""
    return f.value.dtype == bool and all(a in at for a in f.labels)


def _summand(term: Term, index: tuple[int, ...]) -> str:
    """The term without its sign; deltas and patterns that are 1 there are left out."""
    names: dict[str, str] = {}
    parts = []
    for label, k in zip((*term.out, *term.inp), index, strict=True):
        if names.setdefault(label, str(k)) != str(k):
            parts.append(TEXT.delta(names[label], str(k)))
    at = {label: int(k) for label, k in names.items()}
    for label in term.hidden:
        names[label] = free_label(label, {*names.values()})
    parts += [TEXT.total([names[a] for a in term.hidden])] if term.hidden else []
    for f in term.factors:
        if not (_is_fixed(f, at) and f.value[tuple(at[a] for a in f.labels)]):
            parts.append(TEXT.factor(f, tuple(names[a] for a in f.labels)))
    size = nice(abs(term.coef))
    return " ".join([TEXT.number(size)] * (size != 1 or not parts) + parts)
