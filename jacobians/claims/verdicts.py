"""Verdicts: what is said about a claim, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from jacobians.claims.compare import Entry
from jacobians.notation.tree import Span, Tree
from jacobians.notebooks import InNotebooks

if TYPE_CHECKING:
    from jacobians.claims.redpen import Explanation

Status = Literal["true", "false", "ill-formed", "layout", "declaration", "not understood"]
#: From good to bad: the status of a chain is the worst of its lines.
SEVERITY: tuple[Status, ...] = ("declaration", "true", "layout", "not understood", "ill-formed", "false")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was compared: how many points, of which sizes and layers, and the largest deviation found."""

    points: int = 0
    instances: tuple[str, ...] = ()
    deviation: float = 0.0

    def __str__(self) -> str:
        if not self.points:
            return "nothing compared"
        return f"{self.points} points ({', '.join(self.instances)}), largest deviation {self.deviation:.1e}"


@dataclass(frozen=True, slots=True)
class Link:
    """The verdict on one line of a chain, judged against the chain's head and against the line before."""

    status: Status
    tree: Tree | None = None
    reason: str = ""
    notes: tuple[str, ...] = ()
    evidence: Evidence = Evidence()
    entry: Entry | None = None
    span: Span | None = None
    #: The convention under which a claim with the status `layout` is true.
    convention: str = ""
    #: Whether the step from the line before holds; None where there is no such line or it has no value.
    step: bool | None = None
    explanation: Explanation | None = None

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        made: dict[str, Any] = {
            "status": self.status,
            "reason": self.reason,
            "notes": list(self.notes),
            "points": self.evidence.points,
            "deviation": self.evidence.deviation,
        }
        if self.convention:
            made["convention"] = self.convention
        if self.entry is not None:
            made["entry"] = {"where": self.entry.where(), "claimed": self.entry.right, "true": self.entry.left}
        if self.explanation is not None:
            made["mistake"] = self.explanation.name
            made["explanation"] = self.explanation.sentence
            made["corrected"] = self.explanation.corrected
        return made


@dataclass(frozen=True, slots=True)
class Verdict(InNotebooks):
    """The verdict on a claim: its status, and a link for each of its lines."""

    text: str
    links: tuple[Link, ...]
    tree: Tree | None = None
    surface: str = "latex"
    notes: tuple[str, ...] = field(default_factory=tuple)

    @property
    def worst(self) -> Link:
        """The line that decides."""
        return max(self.links, key=lambda link: SEVERITY.index(link.status))

    @property
    def status(self) -> Status:
        """The status of the worst line."""
        return self.worst.status

    @property
    def ok(self) -> bool:
        """Whether everything that is claimed holds."""
        return self.status in ("true", "declaration")

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        """The status, and for every line that is not plainly true what is to be said about it."""
        lines = [f"{self.status}: {' '.join(self.text.split())}"]
        for number, link in enumerate(self.links, 1):
            said = _said(link)
            if len(self.links) > 1 and said:
                lines.append(f"  line {number}: {link.status}")
            lines += [f"  {line}" for line in said]
        if self.status == "true":
            lines.append(f"  {self.worst.evidence}")
        return "\n".join(lines)

    def _formats(self) -> Mapping[str, str]:
        from jacobians.notebooks import verdict_formats

        return verdict_formats(self)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "text": self.text,
            "status": self.status,
            "links": [link.as_dict() for link in self.links],
            "notes": list(self.notes),
        }


def _said(link: Link) -> list[str]:
    """The reason, the entry that shows it, the mistake and the corrected line, the notes."""
    lines = [link.reason] if link.status != "declaration" else []
    if link.entry is not None and link.status == "false":
        where = f"{link.entry.where()}: " if link.entry.where() else ""
        lines.append(f"{where}claimed {link.entry.right:.6g}, true {link.entry.left:.6g}")
    if link.explanation is not None:
        corrected = " ".join(link.explanation.corrected.split())
        lines += [link.explanation.name, link.explanation.sentence, f"corrected: {corrected}" if corrected else ""]
    return [line for line in (*lines, *link.notes) if line]
