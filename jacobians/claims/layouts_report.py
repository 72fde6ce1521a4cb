"""What the layout detective found: the verdict on a formula in one combination of conventions after the other."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from jacobians.claims.layouts_table import Conventions, Question, answer
from jacobians.claims.verdicts import Status


@dataclass(frozen=True, slots=True)
class Finding:
    """The verdict on a formula in one combination of conventions."""

    conventions: Conventions
    status: Status
    reason: str = ""

    @property
    def right(self) -> bool:
        return self.status == "true"


@dataclass(frozen=True, slots=True)
class LayoutReport:
    """In which conventions a formula is right; `questions` are those whose answer makes a difference for it.

    `findings` are all combinations it is right in, and those that differ in one answer from `found`.
    """

    text: str
    questions: tuple[Question, ...]
    findings: tuple[Finding, ...]
    #: The conventions it is right in that are nearest to those of the document; None where there are none.
    found: Conventions | None
    surface: str = "latex"
    #: What the names were taken to mean, where no model says so.
    taken: tuple[str, ...] = ()
    #: The formula in the conventions in which it is wrong, by their names; why, where it cannot be written there.
    forms: dict[str, str] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)

    @property
    def right(self) -> list[Finding]:
        """Where it is right."""
        return [finding for finding in self.findings if finding.right]

    def __bool__(self) -> bool:
        return self.found is not None

    def names(self, finding: Finding) -> str:
        """The answers to the questions that make a difference: `denominator, rows`."""
        return ", ".join(answer(finding.conventions, question).key for question in self.questions)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "text": self.text,
            "taken": list(self.taken),
            "right": [self.names(finding) for finding in self.right] if self.questions else bool(self),
            "questions": [_question(question) for question in self.questions],
            "findings": [{"conventions": self.names(f), "status": f.status, "reason": f.reason} for f in self.findings],
            "rewritten": self.forms,
            "not_rewritten": self.problems,
        }


def _question(question: Question) -> dict[str, Any]:
    choices = [{"name": x.key, "meaning": x.meaning, "users": list(x.users)} for x in question.choices]
    return {"name": question.name, "stake": question.stake, "conventions": choices}
