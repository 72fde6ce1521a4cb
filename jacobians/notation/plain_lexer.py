"""The plain surface: Python's signs and precedence, `W2.T @ d2 * tanh'(z1)`, and the Unicode letters people type."""

from __future__ import annotations

import re

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

_LETTER = "A-Za-z" + "".join(LETTERS)
_SIGN = "|".join(re.escape(sign) for sign in sorted(set(SIGNS) - {".T"}, key=len, reverse=True))
TOKEN = re.compile(
    rf"""
      (?P<blank>   (?: [^\S\n] | \#[^\n]* )+ )
    | (?P<newline> \n )
    | (?P<number>  (?: [0-9]+ (?: \.[0-9]+ | \.(?![A-Za-z_.]) )? | \.[0-9]+ ) (?: [eE][+-]?[0-9]+ )? )
    | (?P<sum>     (?: sum | ∑ ) (?P<bound> (?: _[{_LETTER}] )+ ) (?= \s*\( ) )
    | (?P<derivative> D (?= \s*\( ) )
    | (?P<name>    [{_LETTER}] (?: [{_LETTER}0-9₀-₉] | _(?!\() )* )
    | (?P<sign>    \.T(?![A-Za-z0-9_]) | {_SIGN} )
    | (?P<superscript> ⁻?[⁰¹²³⁴⁵⁶⁷⁸⁹]+ )
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
    line, line_start, position = 1, 0, 0
    while position < len(text):
        match = TOKEN.match(text, position)
        column = position - line_start + 1
        if match is None:
            problem = f"expected a number, a name or an operator, got {text[position]!r}, which has no meaning here"
            if text[position] in "\"'":
                problem += "; words stand without quotes, as in padding=same"
            raise MathSyntaxError(problem, text, line, column)
        group, written = match.lastgroup, match[0]
        if group == "newline":
            if not opened:
                tokens.append(Token(Kind.NEWLINE, "", written, line, column, position))
            line, line_start = line + 1, match.end()
        elif group == "sign":
            tokens.append(_sign(Token(SIGNS[written], written, written, line, column, position), opened, text))
        elif group == "superscript":
            tokens += _superscript(written, line, column, position)
        elif group != "blank":
            value = written if group != "sum" else match["bound"].replace("_", " ").strip()
            value = value if value.isascii() else value.translate(TO_ASCII)
            tokens.append(Token(WORDS[group or ""], value, written, line, column, position))
        position = match.end()
    if opened:
        start = opened[-1]
        raise MathSyntaxError(f"{start.shown} is never closed", text, start.line, start.column)
    tokens.append(Token(Kind.END, "", "", line, position - line_start + 1, position))
    return tokens


def _sign(token: Token, opened: list[Token], text: str) -> Token:
    """The token itself, with the stack of open brackets kept; `)` after `_(` closes a label."""
    if token.kind in CLOSING:
        opened.append(token)
    elif token.kind in (Kind.CLOSE, Kind.LIST_CLOSE):
        if not opened:
            raise MathSyntaxError(f"{token.shown} closes nothing: its opening bracket is missing", text, *token[3:5])
        closes = CLOSING[opened[-1].kind]
        if (closes is Kind.LIST_CLOSE) != (token.kind is Kind.LIST_CLOSE):
            came = f"expected the partner of {opened[-1].shown} in column {opened[-1].column}, got {token.shown}"
            raise MathSyntaxError(came, text, token.line, token.column)
        opened.pop()
        return token._replace(kind=closes)
    return token


def _superscript(written: str, line: int, column: int, offset: int) -> list[Token]:
    """`²` is `^2`, `⁻¹` is `^-1`."""
    place = (written, line, column, offset)
    sign = [Token(Kind.MINUS, "-", *place)] if written[0] == "⁻" else []
    return [
        Token(Kind.POWER, "^", *place),
        *sign,
        Token(Kind.NUMBER, written.lstrip("⁻").translate(SUPERSCRIPTS), *place),
    ]
