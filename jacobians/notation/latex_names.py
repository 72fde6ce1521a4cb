r"""Names in LaTeX: `W1` is `W^{(1)}`, `x_in` is `x_{\mathrm{in}}`, `delta2` is `\delta^{(2)}`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from jacobians.notation.names import GREEK, split_name

GREEK_LETTERS = frozenset(GREEK.split())
#: Functions with a command of their own.
COMMANDS = ("exp", "log", "ln", "sin", "cos", "tan", "arctan", "sinh", "cosh", "tanh", "max", "min", "det")
FUNCTIONS = {**{name: f"\\{name}" for name in COMMANDS}, "sigmoid": r"\sigma"}
#: What must be written otherwise inside \text and \mathrm.
ESCAPES = {
    **{sign: f"\\{sign}" for sign in "{}_#%&$"},
    "\\": r"\textbackslash{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
}
#: Signs of a transpose that need no braces.
TRANSPOSES = (r"\top", r"\intercal", "T")
#: À to ſ without the signs × and ÷: what the text fonts of TeX and KaTeX have.
LATIN_LETTERS = frozenset(map(chr, range(0xC0, 0x180))) - {"×", "÷"}
#: xhat, mubar, wtilde: a letter under a sign.
ACCENTED = re.compile(rf"([A-Za-z]|{'|'.join(GREEK_LETTERS)})(hat|bar|tilde)")
#: calL, boldx: a letter in a font of its own.
FONTS = {"cal": "mathcal", "bold": "mathbf"}
_FONT = re.compile(r"(cal|bold)([A-Za-z])")
#: h1 inside a subscript: a letter with its layer.
_NUMBERED = re.compile(r"([A-Za-z])([0-9]+)")
_UNDER_ACCENT = re.compile(r"(\\(?:hat|bar|tilde))\{(.*)\}")
_ONE_LETTER = re.compile(r"(?:\w|\\[A-Za-z]+)'*")


class Scripted(NamedTuple):
    """A base with what stands above and below it, kept apart because TeX takes one superscript only."""

    base: str
    above: str = ""
    below: str = ""

    @property
    def text(self) -> str:
        above = f"^{self.above}" if self.above in TRANSPOSES else f"^{{{self.above}}}" if self.above else ""
        return self.base + above + (f"_{{{self.below}}}" if self.below else "")

    def primed(self, order: int) -> Scripted:
        """The derivative of a function; behind a layer without brackets a prime would be part of its number."""
        if order and self.above[:1] in ("(", "["):
            return self._replace(above=self.above + r"\prime" * order)
        return self._replace(base=self.base + "'" * order)

    def labelled(self, label: str, layers: str) -> Scripted:
        """With the number of a layer where a notation has it: `(k)`, `[k]`, `k` above or `_k` below."""
        if layers == "_k":
            return self.with_subscripts([label])
        return self._replace(above=self.above + layers.replace("k", label))

    def with_subscripts(self, indices: Sequence[str]) -> Scripted:
        below = index_list(indices)
        return self._replace(below=f"{self.below}, {below}" if self.below and below else self.below or below)


def name_scripts(text: str, symbols: Mapping[str, str] | None = None, layers: str = "(k)") -> Scripted:
    """A name with its layer above (or where `layers` says) and its subscript below."""
    if symbols and text in symbols:
        return Scripted(symbols[text])
    if text in FUNCTIONS:
        return Scripted(FUNCTIONS[text])
    base, layer, subscript = split_name(text)
    parts = Scripted(_word(base), below=", ".join(map(_word, subscript.split("_"))) if subscript else "")
    return parts.labelled(layer, layers) if layer else parts


def function_scripts(text: str, layers: str = "(k)") -> Scripted:
    """The name of a function: a letter with its layer, or a word in upright type."""
    base, layer, subscript = split_name(text)
    if text in FUNCTIONS:
        return Scripted(FUNCTIONS[text])
    if not subscript and (len(base) == 1 or base in GREEK_LETTERS):
        return Scripted(_word(base)).labelled(layer, layers) if layer else Scripted(_word(base))
    return Scripted(rf"\operatorname{{{escaped(text)}}}")


def bold(base: str) -> str:
    r"""A base in bold type: `\mathbf{W}`, `\boldsymbol{\delta}`, `\hat{\mathbf{y}}`."""
    if accent := _UNDER_ACCENT.fullmatch(base):
        return f"{accent[1]}{{{bold(accent[2])}}}"
    if base.startswith(r"\mathbf"):
        return base
    return rf"\mathbf{{{base}}}" if len(base) == 1 else rf"\boldsymbol{{{base}}}"


def subscripts(indices: Sequence[str]) -> str:
    """`_{o p}`, nothing where there are no indices."""
    return f"_{{{index_list(indices)}}}" if indices else ""


def index_list(indices: Sequence[str]) -> str:
    """Letters side by side, anything longer with commas."""
    return (" " if all(_ONE_LETTER.fullmatch(i) for i in indices) else ", ").join(indices)


def escaped(text: str) -> str:
    r"""Text that TeX and KaTeX take literally; characters that their fonts may lack become `?`."""
    return "".join(ESCAPES.get(c, c if " " <= c <= "~" or c in LATIN_LETTERS else "?") for c in " ".join(text.split()))


def _word(text: str) -> str:
    if len(text) == 1 or text.isdigit():
        return text
    if text in GREEK_LETTERS:
        return f"\\{text}"
    if font := _FONT.fullmatch(text):
        return rf"\{FONTS[font[1]]}{{{_word(font[2])}}}"
    if accented := ACCENTED.fullmatch(text):
        return rf"\{accented[2]}{{{_word(accented[1])}}}"
    if numbered := _NUMBERED.fullmatch(text):
        return f"{numbered[1]}^{{({numbered[2]})}}"
    return rf"\mathrm{{{escaped(text)}}}"
