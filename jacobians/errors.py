"""Every error a user can meet, and how it is worded.

One message has four parts: where, what was expected (labels with sizes), what came, and what fixes it or fixed it:
`Linear.W: expected (o i) = (2, 3), got (3, 2); x fixes i = 3`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

#: Columns of a line that a message shows: two spaces and this fit a terminal.
LONGEST_LINE = 76


class JacobiansError(ValueError):
    """The parent of every error raised on purpose: catch this one to catch them all."""


class ShapeError(JacobiansError):
    """A rank or a size that does not fit."""


class InputError(JacobiansError):
    """A name that does not exist, a missing input, an array of the wrong kind, a bad option."""


class EntryError(JacobiansError, IndexError):
    """An index outside a Jacobian's axes."""


class FormError(JacobiansError):
    """A form (tensor, Kronecker, ...) that this Jacobian does not have, or that could not be proved equal."""


class DenseLimitError(JacobiansError):
    """A dense array that would exceed the memory limit."""


class MathSyntaxError(JacobiansError):
    """Text that is not in the notation: carries `line`, `column` (1-based) and shows a caret."""

    def __init__(self, problem: str, text: str = "", line: int = 1, column: int = 1) -> None:
        """Word the problem with its place and the offending line."""
        self.problem, self.text, self.line, self.column = problem, text, line, column
        shown = text.splitlines()[line - 1] if text and line <= len(text.splitlines()) else ""
        start = max(0, column - LONGEST_LINE) if len(shown) > LONGEST_LINE else 0
        part = shown[start : start + LONGEST_LINE]
        picture = f"\n  {part}\n  {' ' * (column - 1 - start)}^" if shown else ""
        super().__init__(f"line {line}, column {column}: {problem}{picture}")


class ModelError(JacobiansError):
    """Equations that do not make a model: a cycle, an unknown function, a size that stays open."""


class DivergenceError(JacobiansError):
    """The loss or a parameter is no longer finite; the message says the step and what to do."""


class ConvergenceError(JacobiansError):
    """An iteration that stopped before it reached its tolerance; the message says both and what to do."""


def shape_text(sizes: Iterable[int | None]) -> str:
    """`(2, 3)`, `(4)`, `()`; an open size prints as `?`."""
    return "(" + ", ".join("?" if n is None else str(n) for n in sizes) + ")"


def declaration(name: str, sizes: Iterable[int | None] | int) -> str:
    """`declare it, as in `W : 3 x 2``, with an example for the sizes that are open."""
    examples = [None] * sizes if isinstance(sizes, int) else sizes
    return f"declare it, as in `{name} : {' x '.join(str(n or 2) for n in examples) or 'scalar'}`"


def labels_text(labels: Iterable[str]) -> str:
    """`(o i)`."""
    return "(" + " ".join(labels) + ")"


def shape_error(
    where: str, labels: Sequence[str], expected: Sequence[int | None], got: Sequence[int | None], why: str = ""
) -> ShapeError:
    """The one wording of a misfit between labelled sizes and a shape that came."""
    because = f"; {why}" if why else ""
    expected_text = f"{labels_text(labels)} = {shape_text(expected)}"
    return ShapeError(f"{where}: expected {expected_text}, got {shape_text(got)}{because}")


def unknown(where: str, kind: str, got: str, known: Iterable[str]) -> InputError:
    """The one wording of a name that does not exist."""
    return InputError(f"{where}: unknown {kind} {got!r}; known are {', '.join(known) or 'none'}")
