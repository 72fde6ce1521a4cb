"""Letters in pictures: what SVG writes as pieces of text and TikZ as LaTeX."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from html.entities import html5
from typing import Any, Literal, NamedTuple

from jacobians.forms.entries import number_latex
from jacobians.notation import name_to_latex
from jacobians.notation.latex_names import ACCENTED, GREEK_LETTERS, escaped
from jacobians.notation.names import split_name
from jacobians.printing import LATEX, TEXT, label_latex
from jacobians.terms import Factor, Labels

_PIECE = re.compile(r"([^\W\d_][^\W_]*)|_(\{[^}]*\}|\w+)")
#: Signs over a letter, as in xhat.
ACCENTS = {"hat": "\u0302", "bar": "\u0304", "tilde": "\u0303"}
#: The average width of a letter, in parts of its size; scripts are smaller.
LETTER, SCRIPT = 0.56, 0.7

RunStyle = Literal["italic", "upright", "above", "below"]


class Run(NamedTuple):
    """A piece of text in one style; `above` and `below` are superscripts and subscripts."""

    text: str
    style: RunStyle


@dataclass(frozen=True)
class Label:
    """The same letters twice: pieces of plain text, and LaTeX for text mode."""

    runs: tuple[Run, ...]
    latex: str

    @property
    def width(self) -> float:
        """About how wide, in parts of the size of its letters."""
        return sum(len(r.text) * LETTER * (SCRIPT if r.style in ("above", "below") else 1) for r in self.runs)

    @property
    def plain(self) -> str:
        """All pieces one after the other."""
        return "".join(r.text for r in self.runs)


def joined(*labels: Label) -> Label:
    """Labels one after the other."""
    return Label(tuple(r for one in labels for r in one.runs), "".join(one.latex for one in labels))


def words(text: str) -> Label:
    """Text as it is."""
    return Label((Run(text, "upright"),), escaped(text).replace("|", "$|$"))


def sign(plain: str, latex: str) -> Label:
    """A sign or a number; `latex` is for math mode."""
    return Label((Run(plain, "upright"),), f"${latex}$")


def formula(plain: str, latex: str) -> Label:
    """A formula in both notations; single letters of the plain one are italic, layers and indices are scripts."""
    return Label(tuple(_runs(plain)), f"${latex}$")


def index(label: str) -> Label:
    """An index letter: `o′`."""
    return Label((Run(label.replace("'", "′"), "italic"),), f"${label_latex(label)}$")


def number(x: Any) -> Label:
    r"""Two digits; whole numbers up to 9999 in full; `∞`, `nan`."""
    x = float(x)
    if not math.isfinite(x):
        return sign(f"{x}".replace("-", "−").replace("inf", "∞"), number_latex(x))
    short = f"{x:.0f}" if x == round(x) and abs(x) < 1e4 else f"{x:.2g}"
    mantissa, _, exponent = short.replace("-", "−").partition("e")
    power = (Run("·10", "upright"), Run(exponent.lstrip("+0").replace("−0", "−"), "above")) if exponent else ()
    return Label((Run(mantissa, "upright"), *power), f"${number_latex(float(short))}$")


def factor(f: Factor, labels: Labels, shown: bool, transposed: bool = False) -> Label:
    """The factor's name, with its index letters where they are `shown`."""
    if shown or "{" in f.name:
        return formula(TEXT.factor(f, labels), LATEX.factor(f, labels))
    base, flipped = (f.name[:-2], True) if re.fullmatch(r"\w+\.T", f.name) else (f.name, False)
    latex = name_to_latex(base)
    if transposed == flipped:
        return formula(base, latex)
    plain = base if re.fullmatch(r"\w+", base) else f"({base})"
    tight = latex if plain == base else rf"\left({latex}\right)"
    tight = f"{{{tight}}}" if "^" in tight else tight  # in LaTeX a second superscript on one symbol is an error
    return Label((*_runs(plain), Run("⊤", "above")), rf"${tight}^{{\top}}$")


def derivative(of: str, wrt: str, at: str) -> Label:
    """`∂a₁/∂W`: one output by the whole input."""
    above, below = name_to_latex(of, [at]), name_to_latex(wrt)
    runs = (Run("∂", "upright"), *_runs(of), Run(at, "below"), Run("/∂", "upright"), *_runs(wrt))
    return Label(runs, rf"$\partial {above} / \partial {below}$")


def _runs(text: str) -> Sequence[Run]:
    runs: list[Run] = []
    end = 0
    for match in _PIECE.finditer(text):
        runs += _upright(text[end : match.start()])
        word, below = match.groups()
        runs += _word(word) if word else [Run(below.strip("{}").replace("_", ","), "below")]
        end = match.end()
    return [*runs, *_upright(text[end:])]


def _upright(text: str) -> list[Run]:
    return [Run(text.replace("-", "−").replace("'", "′"), "upright")] if text else []


def _word(word: str) -> list[Run]:
    """Single letters, Latin or Greek, are italic and their layer a superscript; longer words stand upright."""
    base, layer, _ = split_name(word)
    accented = ACCENTED.fullmatch(base)
    base, accent = accented.groups() if accented else (base, "")
    letter = html5[f"{base};"] if base in GREEK_LETTERS else base
    head = Run(letter + ACCENTS.get(accent, ""), "italic" if len(letter) == 1 else "upright")
    return [head, *([Run(f"({layer})", "above")] if layer else [])]
