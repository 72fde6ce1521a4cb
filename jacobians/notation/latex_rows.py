r"""Rows of aligned equations, remarks, commas: where a statement ends and where it goes on in the next row."""

from __future__ import annotations

from dataclasses import replace

from jacobians.notation.latex_commands import CONDITION_WORDS, LINKING_WORDS
from jacobians.notation.parser import RELATIONS
from jacobians.notation.tokens import Kind, Token

BREAKS = frozenset((Kind.ROW, Kind.CELL, Kind.SEPARATOR, Kind.TEXT, Kind.COMMA, Kind.SEMICOLON))
OPENING = frozenset(
    (Kind.OPEN, Kind.LIST_OPEN, Kind.BRACE_OPEN, Kind.GROUP_OPEN, Kind.ANGLE_OPEN, Kind.BEGIN, Kind.NULL_OPEN)
)
CLOSED = frozenset(
    (Kind.CLOSE, Kind.LIST_CLOSE, Kind.BRACE_CLOSE, Kind.GROUP_CLOSE, Kind.ANGLE_CLOSE, Kind.FINISH, Kind.EVALUATED)
)
SIGNED = frozenset((Kind.PLUS, Kind.MINUS))
PRODUCTS = frozenset((Kind.DOT, Kind.HADAMARD, Kind.OUTER, Kind.TIMES, Kind.MATMUL, Kind.DIVIDE, Kind.COMPOSE))
CLAIMS = frozenset((*RELATIONS, Kind.ELEMENT, Kind.ARROW))
#: What stands in the place of a separator before a condition, or between words.
CONDITION, PROSE = "condition", "prose"


def separated(tokens: list[Token]) -> list[Token]:
    """The tokens with one SEPARATOR between statements, and none within them; rows within brackets are left alone."""
    result: list[Token] = []
    depth = position = 0
    while position < len(tokens):
        token = tokens[position]
        if depth == 0 and (end := _end_of_break(tokens, position)) > position:
            _break(tokens, position, end, result)
            position = end
            continue
        depth += (token.kind in OPENING) - (token.kind in CLOSED)
        depth = max(depth, 0)
        result.append(token)
        position += 1
    return result


def _end_of_break(tokens: list[Token], position: int) -> int:
    while True:
        kind = tokens[position].kind
        following = tokens[position + 1].kind if position + 1 < len(tokens) else None
        if kind is Kind.OPEN and position and tokens[position - 1].kind in BREAKS:
            end = _end_of_remark(tokens, position)
            if end > position:
                position = end
                continue
        if tokens[position].value == "forall":
            position = _end_of_quantifier(tokens, position)
        elif kind in BREAKS or (kind is Kind.COLON and (following in BREAKS or following is Kind.END)):
            position += 1
        else:
            return position


def _end_of_quantifier(tokens: list[Token], position: int) -> int:
    r"""`\forall i \in G:` up to the colon."""
    depth = 0
    while tokens[position].kind is not Kind.END:
        kind = tokens[position].kind
        depth += (kind in OPENING) - (kind in CLOSED)
        position += 1
        if depth == 0 and tokens[position].kind in (Kind.COLON, Kind.COMMA, Kind.SEPARATOR, Kind.ROW, Kind.TEXT):
            return position + (tokens[position].kind is Kind.COLON)
    return position


def _end_of_remark(tokens: list[Token], position: int) -> int:
    """Where a bracket ends that has words in it."""
    depth, words = 0, False
    for place in range(position, len(tokens)):
        kind = tokens[place].kind
        words |= kind is Kind.TEXT
        depth += (kind in OPENING) - (kind in CLOSED)
        if kind is Kind.BEGIN:
            break
        if depth == 0:
            return place + 1 if words else position
    return position


def _break(tokens: list[Token], begin: int, end: int, result: list[Token]) -> None:
    """What a run of separators means: that the statement goes on, that it ends, that prose or a condition follows."""
    run, following = tokens[begin:end], tokens[end]
    before = result[-1].kind if result else None
    kinds = {token.kind for token in run}
    if following.kind is Kind.END or kinds == {Kind.CELL}:
        return
    if before is None or before is Kind.SEPARATOR:
        if _purpose(run) == CONDITION:
            result.append(replace(run[0], kind=Kind.SEPARATOR, value=CONDITION))
        return
    if following.kind in RELATIONS:
        if before is Kind.EQUALS and Kind.ROW in kinds:
            result.pop()
        return
    if before in RELATIONS or before in SIGNED or before in PRODUCTS or _goes_on(tokens, run, end):
        return
    result.append(replace(run[0], kind=Kind.SEPARATOR, value=_purpose(run)))


def _goes_on(tokens: list[Token], run: list[Token], end: int) -> bool:
    """A row that begins with a sign is a summand, unless it is an equation of its own."""
    kind = tokens[end].kind
    if any(token.kind in (Kind.COMMA, Kind.SEMICOLON, Kind.TEXT) for token in run):
        return False
    if kind in PRODUCTS:
        return True
    return kind in SIGNED and (run[-1].kind is Kind.CELL or not _claims(tokens, end))


def _purpose(run: list[Token]) -> str:
    said = [word.strip(".,;:()").lower() for token in run if token.kind is Kind.TEXT for word in token.value.split()]
    if said and said[-1] in CONDITION_WORDS:
        return CONDITION
    return PROSE if said and said[-1] not in LINKING_WORDS else ""


def _claims(tokens: list[Token], position: int) -> bool:
    """Whether the statement that begins there has a relation outside brackets."""
    depth = 0
    for token in tokens[position:]:
        if depth == 0 and (token.kind in CLAIMS or token.kind in (Kind.ROW, Kind.SEPARATOR, Kind.END)):
            return token.kind in CLAIMS
        depth += (token.kind in OPENING) - (token.kind in CLOSED)
    return False


def without_prose(tokens: list[Token]) -> list[Token]:
    """The statements without what only stands among words and claims nothing."""
    result: list[Token] = []
    position = 0
    while position < len(tokens):
        token = tokens[position]
        prose = token.kind is Kind.SEPARATOR and token.value in (CONDITION, PROSE)
        if prose and not _claims(tokens, position + 1):
            position = _end_of_statement(tokens, position + 1)
            continue
        result.append(token)
        position += 1
    return result


def _end_of_statement(tokens: list[Token], position: int) -> int:
    depth = 0
    while tokens[position].kind is not Kind.END:
        kind = tokens[position].kind
        if depth == 0 and kind is Kind.SEPARATOR:
            break
        depth += (kind in OPENING) - (kind in CLOSED)
        position += 1
    return position
