"""The plain surface: Python's signs and precedence, `W2.T @ d2 * tanh'(z1)`, and the Unicode letters people type."""

from __future__ import annotations

import re
from dataclasses import replace

from jacobians.errors import MathSyntaxError
from jacobians.notation.names import GREEK
from jacobians.notation.tokens import MAX_LENGTH, Kind, Token

LETTERS = {
    **dict(zip("αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΥΦΨΩℓ", GREEK.split(), strict=True)),
    **{"ϵ": "epsilon", "ϕ": "phi", "µ": "mu", "ℝ": "R"},
}
TO_ASCII = str.maketrans({**LETTERS, **dict(zip("₀₁₂₃₄₅₆₇₈₉", "0123456789", strict=True))})
SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")

SIGNS = {
    "+": Kind.PLUS,
    "-": Kind.MINUS,
    "−": Kind.MINUS,
    "@": Kind.MATMUL,
    "*": Kind.HADAMARD,
    "⊙": Kind.HADAMARD,
    "·": Kind.DOT,
    "⋅": Kind.DOT,
    "⊗": Kind.OUTER,
    "/": Kind.DIVIDE,
    "^": Kind.POWER,
    "**": Kind.POWER,
    ".T": Kind.TRANSPOSE,
    "ᵀ": Kind.TRANSPOSE,
    "'": Kind.PRIME,
    "’": Kind.PRIME,
    "′": Kind.PRIME,
    "=": Kind.EQUALS,
    ":=": Kind.EQUALS,
    "==": Kind.SAME,
    "!=": Kind.DIFFERENT,
    "≠": Kind.DIFFERENT,
    "<": Kind.LESS,
    "<=": Kind.LESS_EQUAL,
    "≤": Kind.LESS_EQUAL,
    ">": Kind.GREATER,
    ">=": Kind.GREATER_EQUAL,
    "≥": Kind.GREATER_EQUAL,
    "(": Kind.OPEN,
    "_(": Kind.LABEL_OPEN,
    ")": Kind.CLOSE,
    "[": Kind.LIST_OPEN,
    "]": Kind.LIST_CLOSE,
    "‖": Kind.NORM,
    "∂": Kind.PARTIAL,
    ",": Kind.COMMA,
    ":": Kind.COLON,
    "∈": Kind.ELEMENT,
    "×": Kind.TIMES,
}
CLOSING = {Kind.OPEN: Kind.CLOSE, Kind.LABEL_OPEN: Kind.LABEL_CLOSE, Kind.LIST_OPEN: Kind.LIST_CLOSE}

BRACKETS = frozenset((*CLOSING, Kind.CLOSE, Kind.LIST_CLOSE))

_LETTER = "A-Za-z" + "".join(LETTERS)
_SIGN = "|".join(re.escape(sign) for sign in sorted(set(SIGNS) - {".T"}, key=len, reverse=True))
TOKEN = re.compile(
    rf"""
      (?P<newline> \n )
    | (?P<number>  (?: [0-9]+ (?: \.[0-9]+ | \.(?![A-Za-z_.]) )? | \.[0-9]+ ) (?: [eE][+-]?[0-9]+ )? )
    | (?P<sum>     (?: sum | ∑ ) (?P<bound> (?: _[{_LETTER}] )+ ) (?= \s*\( ) )
    | (?P<derivative> D (?= \s*\( ) )
    | (?P<name>    [{_LETTER}] (?: [{_LETTER}0-9₀-₉] | _(?!\() )* )
    | (?P<sign>    \.T(?![A-Za-z0-9_]) | {_SIGN} )
    | (?P<superscript> ⁻?[⁰¹²³⁴⁵⁶⁷⁸⁹]+ )
    | \#[^\n]*
    | (?P<unknown> \S )
    """,
    re.VERBOSE,
)
WORDS = {"number": Kind.NUMBER, "name": Kind.NAME, "sum": Kind.SUM, "derivative": Kind.DERIVATIVE}


def plain_tokens(text: str, limit: int = MAX_LENGTH) -> list[Token]:
    """The tokens of a plain text, the last of kind END; a line break inside brackets counts as a blank.

    Raises:
        MathSyntaxError: a character that has no meaning, a bracket without its partner, a text that is too long.
    """
    if len(text) > limit:
        raise MathSyntaxError(f"expected at most {limit} characters, got {len(text)}; split the text")
    tokens: list[Token] = []
    opened: list[Token] = []
    line, line_start, ascii_only = 1, 0, text.isascii()
    for match in TOKEN.finditer(text):  # blanks match nothing, comments no group
        group, written, position = match.lastgroup, match[0], match.start()
        column = position - line_start + 1
        if group == "sign":
            token = Token(SIGNS[written], written, written, line, column, position)
            tokens.append(_bracket(token, opened, text) if token.kind in BRACKETS else token)
        elif group in WORDS:
            value = written if group != "sum" else match["bound"].replace("_", " ").strip()
            value = value if ascii_only else value.translate(TO_ASCII)
            tokens.append(Token(WORDS[group], value, written, line, column, position))
        elif group == "newline":
            if not opened:
                tokens.append(Token(Kind.NEWLINE, "", written, line, column, position))
            line, line_start = line + 1, position + 1
        elif group == "superscript":
            tokens += _superscript(written, line, column, position)
        elif group:
            problem = f"expected a number, a name or an operator, got {written!r}, which has no meaning here"
            hint = "; words stand without quotes, as in padding=same" if written in "\"'" else ""
            raise MathSyntaxError(problem + hint, text, line, column)
    if opened:
        start = opened[-1]
        raise MathSyntaxError(f"{start.shown} is never closed", text, start.line, start.column)
    tokens.append(Token(Kind.END, "", "", line, len(text) - line_start + 1, len(text)))
    return tokens


def _bracket(token: Token, opened: list[Token], text: str) -> Token:
    """The token itself, with the stack of open brackets kept; `)` after `_(` closes a label."""
    if token.kind in CLOSING:
        opened.append(token)
        return token
    if not opened:
        problem = f"{token.shown} closes nothing: its opening bracket is missing"
        raise MathSyntaxError(problem, text, token.line, token.column)
    closes = CLOSING[opened[-1].kind]
    if (closes is Kind.LIST_CLOSE) != (token.kind is Kind.LIST_CLOSE):
        came = f"expected the partner of {opened[-1].shown} in column {opened[-1].column}, got {token.shown}"
        raise MathSyntaxError(came, text, token.line, token.column)
    opened.pop()
    return token if token.kind is closes else replace(token, kind=closes)


def _superscript(written: str, line: int, column: int, offset: int) -> list[Token]:
    """`²` is `^2`, `⁻¹` is `^-1`."""
    place = (written, line, column, offset)
    sign = [Token(Kind.MINUS, "-", *place)] if written[0] == "⁻" else []
    return [
        Token(Kind.POWER, "^", *place),
        *sign,
        Token(Kind.NUMBER, written.lstrip("⁻").translate(SUPERSCRIPTS), *place),
    ]
