"""A Jacobian as index notation: `δ_oo' x_i`, `Σ_p W2_op tanh'(z1)_p`, in plain text and in LaTeX.

The same term that NumPy contracts is what prints: a label on two axes is a Kronecker delta, a hidden label a sum.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from fractions import Fraction

from jacobians.jacobian import Jacobian
from jacobians.structure import axis_names
from jacobians.terms import Factor, Labels, Term, free_label


@dataclass(frozen=True)
class Style:
    """How the parts of an index formula are written."""

    delta: Callable[[str, str], str]
    total: Callable[[Sequence[str]], str]
    factor: Callable[[Factor, Labels], str]
    number: Callable[[Fraction | float], str]


def index_text(J: Jacobian) -> str:
    """`δ_oo' x_i`: deltas first, then the named factors, hidden labels under a sum."""
    return _index_form(J, TEXT)


def index_latex(J: Jacobian, style: Style | None = None) -> str:
    r"""`\delta_{o o'} x_{i}`, ready for math mode; another style may write numbers otherwise."""
    return _index_form(J, style or LATEX)


def _index_form(J: Jacobian, style: Style) -> str:
    terms = J.shown.terms
    names = axis_names(terms, len(J.shape))
    result = ""
    for k, term in enumerate(terms):
        negative, parts = term_parts(term, names, style)
        body = " ".join(parts)
        sign = ("-" if negative else "") if k == 0 else (" - " if negative else " + ")
        result += sign + body
    return result or "0"


def term_parts(term: Term, names: Labels, style: Style) -> tuple[bool, list[str]]:
    """Whether a term is negative, and its factors: a number, deltas, a sum, entries."""
    name = index_letters(term, names)
    tied = ((name[a], axis) for a, axis in zip((*term.out, *term.inp), names, strict=True))
    deltas = [style.delta(first, axis) for first, axis in tied if first != axis]
    factors = [style.factor(f, tuple(name[a] for a in f.labels)) for f in term.factors]
    sums = [style.total([name[a] for a in term.hidden])] if term.hidden else []
    parts = [*deltas, *sums, *factors]
    size = nice(abs(term.coef))
    if size != 1 or not parts:
        parts.insert(0, style.number(size))
    return math.copysign(1, term.coef) < 0, parts


def index_letters(term: Term, names: Labels, taken: Collection[str] = ()) -> dict[str, str]:
    """The index letter of every label: that of the first axis it stands at, of a hidden one a letter of its own."""
    found: dict[str, str] = {}
    for label, name in zip((*term.out, *term.inp), names, strict=True):
        found.setdefault(label, name)
    for label in term.hidden:
        found[label] = free_label(label, {*names, *taken, *found.values()})
    return found


def nice(number: float) -> Fraction | float:
    """1/3 rather than 0.3333333333333333."""
    near = Fraction(number).limit_denominator(10_000)
    return near if float(near) == number else number


def joined(labels: Sequence[str]) -> str:
    """`oi`, or `o0,i0` where a label has more than one letter."""
    return ("," if any(len(a.rstrip("'")) > 1 for a in labels) else "").join(labels)


def outside_brackets(name: str) -> str:
    """A factor's name without what stands in brackets: the signs that are left decide whether it needs its own."""
    while name != (name := re.sub(r"\([^()]*\)", "", name)):
        continue
    return name


def entry_text(name: str, labels: Labels) -> str:
    """An entry of a factor in plain text: `W1_oi`, `(W_f)_12`."""
    base, labels = untransposed(name, labels)
    outside = outside_brackets(base)
    loose = bool(labels) or re.search(r" [+@-] |^-|^[\d.e-]+ \*", outside)  # would not read as one factor of a product
    compound = loose and re.search(r"[ +*/@^-]", outside) and not base.startswith("[")
    subscripted = labels and re.fullmatch(r"\w+_\w+", base)  # W_f at j, i is (W_f)_ji: W_f_ji would be another name
    name = f"({base})" if compound or subscripted else base
    index = joined(labels)
    return name + (f"_{index}" if "," not in index else f"_{{{index}}}") if labels else name


def entry_latex(name: str, labels: Labels) -> str:
    r"""An entry of a factor in LaTeX: `W^{(1)}_{o i}`."""
    from jacobians.notation import name_to_latex

    base, labels = untransposed(name, labels)
    return name_to_latex(base, [label_latex(a) for a in labels], factor=True)


def label_latex(label: str) -> str:
    r"""An index letter; a word of several letters stands upright: `\mathrm{row}`."""
    return label if len(label.rstrip("'")) == 1 or label.isdigit() else rf"\mathrm{{{label}}}"


def untransposed(name: str, labels: Labels) -> tuple[str, Labels]:
    """The entry i, j of W.T is the entry j, i of W."""
    if len(labels) == 2 and re.fullmatch(r"\w+\.T", name):
        return name[:-2], labels[::-1]
    return name, labels


def _latex_number(number: Fraction | float) -> str:
    if isinstance(number, Fraction) and number.denominator != 1:
        return rf"\tfrac{{{number.numerator}}}{{{number.denominator}}}"
    if isinstance(number, Fraction):
        return str(number)
    return power_of_ten(f"{number:.6g}")


def power_of_ten(number: str) -> str:
    r"""`1.2e-05` as `1.2 \cdot 10^{-5}`."""
    mantissa, _, exponent = number.partition("e")
    return rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if exponent else mantissa


TEXT = Style(
    delta=lambda a, b: f"δ_{joined((a, b))}",
    total=lambda labels: f"Σ_{joined(labels)}",
    factor=lambda f, labels: f.name.format(*labels) if "{" in f.name else entry_text(f.name, labels),
    number=lambda x: str(x) if isinstance(x, Fraction) else f"{x:.6g}",
)
LATEX = Style(
    delta=lambda a, b: rf"\delta_{{{label_latex(a)} {label_latex(b)}}}",
    total=lambda labels: rf"\sum_{{{', '.join(map(label_latex, labels))}}}",
    factor=lambda f, labels: entry_latex(f.name, labels),
    number=_latex_number,
)
