"""Why a claim has no truth value: it is ill-formed, or this software does not know how to read it."""

from __future__ import annotations

from jacobians.errors import JacobiansError
from jacobians.notation.tree import Span, Tree


class ClaimError(JacobiansError):
    """A formula that cannot be evaluated; `span` is the part that is to blame, where that is known."""

    def __init__(self, message: str, at: Tree | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.span: Span | None = at.span if at is not None else None

    def located(self, at: Tree) -> ClaimError:
        """The same error with a place, where it had none."""
        if self.span is None:
            self.span = at.span
        return self


class IllFormed(ClaimError):  # noqa: N818  # a verdict on a claim, no failure of the program
    """No meaning in any reading: sizes do not fit, an index is free on one side only, a product of two columns."""


class NotUnderstood(ClaimError):  # noqa: N818
    """What this software cannot read or compute; the message says what would help."""


class OutsideLabels(ClaimError):  # noqa: N818
    """A label that does not exist, such as layer 4 of 3: the claim says nothing about this instance."""
