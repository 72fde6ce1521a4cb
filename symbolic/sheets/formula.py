r"""The formula of an op, as its docstring states it, read by the reader of claims: trees with the words between them.

`P_ts = exp(S_ts) / sum_r exp(S_tr) with S = Q K^T` is the formula of P, the word "with", the formula of S.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from jacobians.claims.context import Context
from jacobians.claims.context_text import read_context
from jacobians.errors import MathSyntaxError
from jacobians.notation import tree as t
from jacobians.notation.latex_names import GREEK_LETTERS
from jacobians.notation.latex_parser import parse_statements
from jacobians.op import Op
from jacobians.sheet import SIZES, read_docstring

#: Where one formula ends and the next begins.
CONNECTIVE = re.compile(
    r"(;|:| is|, in| in|, likewise|, or|, the|,? and|,? with|,? for|,? over|, else|, where|, also|, at|, a(?= kink)"
    r"|,(?= [A-Za-z]\w*(?:,2k\+1|\(\w\)(?:_\w)?)? =(?!=)))(?=\s|$) ?"
)
#: Functions of more than one letter that formulas apply.
FUNCTIONS = frozenset(
    "abs arcsinh arctan ceil cof concat cos group det elu erf exp floor log max mean min norm prod sigmoid sign silu "
    "sin softmax sqrt sum tan tanh var".split()
)
#: Those that LaTeX and its reader would take for a product of letters.
UNREAD = frozenset(("cof", "group"))
#: Words that stand for numbers.
LETTERS = frozenset("before eps indices margin value".split())
_WORD = re.compile(r"(?<![\w\\])[A-Za-z]{2,}(?:_\w+)?")
_PACKED = re.compile(r"\b(sum|max|min|prod)_(?:\{([^}]*)\}|([a-z]+))")
_FRACTION = re.compile(r"(\d)/(\d|[A-Za-z]|\([^()]*\)|sqrt\(pi\)) (?=sum|exp)")
_PAIR = re.compile(r"_([a-z]),(2k(?:\+1)?)")
#: `W_ocp`, `mean(x)_nc`.
_INDICES = re.compile(r"(\b[A-Za-z]\w*?|\))_([a-z]{2,})\b")


@dataclass(frozen=True)
class Piece:
    """A part of a formula: words, or a tree."""

    words: str
    tree: t.Tree | None = None


def formula(op: Op) -> list[Piece]:
    """The section `Formula` of an op's docstring, piece by piece."""
    text = " ".join(read_docstring(op)[1].get("Formula", "").split())
    return list(_merged(_pieces(text, _names(op, text))))


def _pieces(text: str, names: Names) -> Iterator[Piece]:
    for k, part in enumerate(CONNECTIVE.split(text)):
        if k % 2:
            yield Piece(part)
        elif part:
            tree = _tree(part, names)
            yield Piece(part if tree is None else "", tree)


def _merged(pieces: Iterator[Piece]) -> Iterator[Piece]:
    """Words next to words are one piece."""
    words = ""
    for piece in pieces:
        if piece.tree is None and piece.words != ";":
            words += piece.words if not words or piece.words[0] in ",: " else f" {piece.words}"
            continue
        if piece.words == ";" and words:
            yield Piece(words)
            words = ""
        if words:
            yield Piece(words)
        words = ""
        yield piece
    if words:
        yield Piece(words)


def _tree(text: str, names: Names) -> t.Tree | None:
    """The formula that a part of the text is, None where it is words."""
    words = _WORD.findall(text)
    if any(w not in names.known and w.split("_")[0] not in names.known for w in words):
        return None
    try:
        statements = parse_statements(as_latex(text, names), names.context.symbols(), names.context.macros)
    except MathSyntaxError:
        return None
    return statements[0] if len(statements) == 1 else None


def as_latex(text: str, names: Names) -> str:
    r"""What the docstrings write shorter than LaTeX: `sum_cp`, `1/2 sum_i`, `W_oi`, `x[c, u + p]`, `x_t,2k`."""
    text = _PAIR.sub(r"_{\1, \2}", _FRACTION.sub(r"\\frac{\1}{\2} ", text)).replace("^-1", "^{-1}")
    text = re.sub(rf"({'|'.join(names.arrays)})\[([^\]]*)\]", r"\1_{\2}", text)
    text = _PACKED.sub(lambda m: rf"\{m[1]}_{{{m[2] or ', '.join(m[3])}}}", text)
    for name in sorted((n for n in names.arrays if "_" in n), key=len, reverse=True):
        base, _, below = name.partition("_")
        text = re.sub(rf"\b{name}([a-z])\b", rf"{base}_{{{below}, \1}}", text)
    text = _INDICES.sub(lambda m: m[0] if m[0] in names.known else f"{m[1]}_{{{_indices(m[2], names)}}}", text)
    return re.sub(r"(?<![\\{\w])[A-Za-z]{2,}(?![A-Za-z{'])(?!_\w+')", lambda m: _letter(m[0], names), text)


def _indices(letters: str, names: Names) -> str:
    return rf"\mathrm{{{letters}}}" if letters in names.known else " ".join(letters)


def _letter(word: str, names: Names) -> str:
    if word in GREEK_LETTERS:
        return rf"\{word} "
    if word in UNREAD:
        return rf"\operatorname{{{word}}}"
    return word if word in FUNCTIONS or word in names.arrays else rf"\mathrm{{{word}}}"


@dataclass(frozen=True)
class Names:
    """What the names of a formula mean, as far as reading needs it: their ranks; and which words are no prose."""

    arrays: tuple[str, ...]
    context: Context
    known: frozenset[str]


def _names(op: Op, text: str) -> Names:
    point = op.sample(np.random.default_rng(0), op.example_shapes(SIZES)[0])
    shapes = {name: np.shape(value) for name, value in point.items()}
    shapes[op.symbol] = op.out_shape(**shapes)
    for name, indices in re.findall(r"\b([A-Za-z]\w*?)(?:_([a-z]+))? =(?!=)", text):
        subscript = indices == "new"
        shapes.setdefault(f"{name}_new" if subscript else name, (2,) * (1 if subscript else len(indices)))
    lines = (f"{name} : {' x '.join(map(str, shape)) or 'scalar'}" for name, shape in shapes.items())
    known = FUNCTIONS | GREEK_LETTERS | {op.name, *shapes, *(key for key in vars(op)), *LETTERS}
    return Names(tuple(shapes), read_context("\n".join(lines)), known)
