"""What a lexer hands to the parser: tokens that say what a sign *means*, whatever the surface spells it with."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

#: Longest formula, in characters.
MAX_LENGTH = 20_000


class Kind(Enum):
    """The meaning of a token."""

    NUMBER = auto()
    NAME = auto()  # the value is the name in ASCII
    LABEL_OPEN = auto()  # a layer label that is an expression follows its name: a ^{( k - 1 )}, a_( k - 1 )
    LABEL_CLOSE = auto()
    SUM = auto()  # the value lists the bound letters; the body follows in brackets
    DERIVATIVE = auto()  # "(a, b)" follows: the derivative of a by b
    PARTIAL = auto()
    PLUS = auto()
    MINUS = auto()
    MATMUL = auto()
    HADAMARD = auto()
    DOT = auto()
    OUTER = auto()
    DIVIDE = auto()
    POWER = auto()
    TRANSPOSE = auto()
    PRIME = auto()
    EQUALS = auto()
    SAME = auto()
    DIFFERENT = auto()
    LESS = auto()
    LESS_EQUAL = auto()
    GREATER = auto()
    GREATER_EQUAL = auto()
    OPEN = auto()
    CLOSE = auto()
    LIST_OPEN = auto()  # also opens an index and an Iverson bracket
    LIST_CLOSE = auto()
    NORM = auto()  # opens and closes
    COMMA = auto()
    COLON = auto()
    ELEMENT = auto()
    TIMES = auto()
    NEWLINE = auto()
    END = auto()
    # ----- only in LaTeX -----
    WORD = auto()  # letters side by side: which names they are is decided by declarations
    COMMAND = auto()  # the value is the command without its backslash, or what stands for several of them
    SUBSCRIPT = auto()
    GROUP_OPEN = auto()
    GROUP_CLOSE = auto()
    BRACE_OPEN = auto()
    BRACE_CLOSE = auto()
    ANGLE_OPEN = auto()
    ANGLE_CLOSE = auto()
    BAR = auto()  # opens and closes
    BAR_OPEN = auto()
    BAR_CLOSE = auto()
    NORM_OPEN = auto()
    NORM_CLOSE = auto()
    NULL_OPEN = auto()  # the \left. of what is evaluated
    EVALUATED = auto()  # the \right| of what is evaluated; the point follows as a subscript
    NABLA = auto()
    COMPOSE = auto()
    DOTS = auto()
    ARROW = auto()
    SEMICOLON = auto()
    BEGIN = auto()  # the value is the kind of matrix
    FINISH = auto()
    CELL = auto()
    ROW = auto()
    TEXT = auto()  # words between formulas
    SEPARATOR = auto()  # between statements

    __hash__ = object.__hash__  # members are single objects: the parser looks up tables by kind all the time


@dataclass(frozen=True, slots=True, eq=False)
class Origin:
    """Where a token of a macro comes from: the call's place in the source, and the call around that one."""

    begin: int
    end: int
    parent: Origin | None

    @property
    def calls(self) -> list[Origin]:
        """The calls around one another, the outermost first."""
        calls, origin = [self], self.parent
        while origin:
            calls.append(origin)
            origin = origin.parent
        return calls[::-1]


@dataclass(slots=True, eq=False)
class Token:
    """A token: its meaning, the text it was written as, and where (line and column count from 1, the offset from 0)."""

    kind: Kind
    value: str
    text: str
    line: int
    column: int
    offset: int
    origin: Origin | None = None

    @property
    def shown(self) -> str:
        """How an error calls it."""
        if self.kind is Kind.END:
            return "the end"
        return "the end of the line" if self.kind is Kind.NEWLINE else repr(self.text)
