"""A derivation as data: chains of lines, each with the rule that leads to it, and the check of every line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, get_args

from jacobians.claims.context import Context
from jacobians.claims.judge import Judge
from jacobians.claims.verdicts import Link
from jacobians.notation.options import Derivative, Notation
from jacobians.notation.tree import Chain, Tree
from symbolic.documents.exports import Exports

if TYPE_CHECKING:
    from symbolic.documents.content import Content

Style = Literal["index", "matrix", "tensor", "differential", "paths", "forward", "backward"]
Detail = Literal["every step", "lecture", "result"]
STYLES: tuple[Style, ...] = get_args(Style)
#: The styles whose factors are whole Jacobians: outputs first, then the axes of the input.
WHOLE_JACOBIANS: tuple[Style, ...] = ("tensor", "paths", "forward", "backward")
DETAILS: tuple[Detail, ...] = get_args(Detail)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a line follows: a rule of the language tables, and the formulas that its sentence names."""

    rule: str
    facts: Mapping[str, Tree] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """One line, the right side of an equals sign, and what leads to it from the line before."""

    line: Tree
    reason: Reason
    #: The coarsest level of detail that still shows the line.
    detail: Detail = "lecture"
    #: The reason where the finer lines before this one are not shown.
    summary: Reason | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """One chain: what is sought, then line by line how it is found."""

    head: Tree
    steps: tuple[Step, ...]
    #: What the part is about; its sentence stands above the chain.
    title: Reason
    #: Whether the first line defines the head, as in a := g(z).
    defines: bool = False

    @property
    def result(self) -> Tree:
        """The last line."""
        return self.steps[-1].line

    def at(self, detail: Detail) -> Part:
        """The lines that a level of detail shows; where finer ones are left out, the next gives the whole reason."""
        wanted = DETAILS.index(detail)
        shown: list[Step] = []
        hidden = False
        for step in self.steps:
            if step is not self.steps[-1] and DETAILS.index(step.detail) < wanted:
                hidden = True
                continue
            shown.append(replace(step, reason=step.summary) if hidden and step.summary is not None else step)
            hidden = False
        return replace(self, steps=tuple(shown))


@dataclass(frozen=True, slots=True)
class Checked:
    """The verdicts on all lines, each against the head of its chain, or against a true line before it."""

    links: tuple[tuple[Tree, Link], ...]

    @property
    def ok(self) -> bool:
        """Whether every line is true."""
        return all(link.status == "true" for _, link in self.links)

    @property
    def points(self) -> int:
        """At how many points lines were compared, in all."""
        return sum(link.evidence.points for _, link in self.links)

    @property
    def deviation(self) -> float:
        """The largest deviation where a line is true."""
        return max((link.evidence.deviation for _, link in self.links), default=0.0)

    def __str__(self) -> str:
        """`23 lines hold: compared at 276 points, largest deviation 3e-16`."""
        count = len(self.links)
        if not self.ok:
            return "\n".join(self.failures())
        lines = "1 line holds" if count == 1 else f"{count} lines hold"
        return f"{lines}: compared at {self.points} points, largest deviation {self.deviation:.0e}"

    def failures(self) -> Iterator[str]:
        """What is wrong, a sentence for each line that does not hold."""
        from jacobians.notation import to_plain

        for head, link in self.links:
            if link.status != "true":
                line = to_plain(link.tree) if link.tree is not None else ""
                yield f"{to_plain(head)} = {line}: {link.status}, {link.reason}"


@dataclass(frozen=True)
class Derivation(Exports):
    """The derivative of one quantity by another, line by line."""

    #: What the names mean, with the quantities that the derivation introduces.
    context: Context
    of: Tree
    wrt: Tree
    style: Style
    parts: tuple[Part, ...]
    detail: Detail = "lecture"
    notation: Notation = field(default_factory=Notation)

    @property
    def result(self) -> Tree:
        """The derivative: the last line of the last part."""
        return self.parts[-1].result

    @cached_property
    def shown(self) -> tuple[Part, ...]:
        """The parts with the lines of the level of detail."""
        return tuple(part.at(self.detail) for part in self.parts)

    def chains(self) -> Iterator[Chain]:
        """Every part as one chain of equalities."""
        for part in self.parts:
            yield Chain((part.head, *(step.line for step in part.steps)))

    def __post_init__(self) -> None:
        """Products of whole Jacobians need columns and axes in one order, whatever the reader prefers elsewhere."""
        if self.style in WHOLE_JACOBIANS:
            sign: Derivative = "∂" if self.notation.derivative in "∇d" else self.notation.derivative
            own = replace(self.notation, layout="row-gradients", vectors="columns", derivative=sign)
            object.__setattr__(self, "notation", own)

    def check(self) -> Checked:
        """Evaluate every line, in every instance of the context: different sizes, equal sizes, every layer."""
        judge = Judge(self.context)
        links: list[tuple[Tree, Link]] = []
        for chain in self.chains():
            links += chain_links(judge, *chain.parts)
        return Checked(tuple(links))

    def content(self) -> Content:
        """What its documents say."""
        from symbolic.documents.derived import content_of

        return content_of(self)

    def as_dict(self) -> dict[str, Any]:
        """What it says, for JSON: every line in plain notation and in LaTeX, with its rule."""
        from jacobians.claims.notated import Notated
        from jacobians.notation import to_plain

        notated = Notated(self.context, self.notation)

        def formula(tree: Tree) -> dict[str, str]:
            return {"plain": to_plain(tree), "latex": notated.latex(tree)}

        parts = [
            {
                "head": formula(part.head),
                "about": part.title.rule,
                "lines": [{**formula(step.line), "rule": step.reason.rule} for step in part.steps],
            }
            for part in self.shown
        ]
        names = {"of": to_plain(self.of), "wrt": to_plain(self.wrt), "style": self.style, "detail": self.detail}
        return {**names, "result": formula(self.result), "parts": parts}

    def to_numpy(self) -> str:
        """The answer as a short NumPy function of named arrays; it needs nothing of this package.

        Raises:
            InputError: the style is not "matrix", or a formula has no short code.
        """
        from symbolic.steps.code import source

        return source(self, "numpy")

    def to_torch(self) -> str:
        """The same with PyTorch. Raises: InputError, as `to_numpy`."""
        from symbolic.steps.code import source

        return source(self, "torch")

    def to_jax(self) -> str:
        """The same with JAX. Raises: InputError, as `to_numpy`."""
        from symbolic.steps.code import source

        return source(self, "jax")

    def written(self, notation: Notation) -> Derivation:
        """The same derivation in another notation."""
        return replace(self, notation=notation)


def chain_links(judge: Judge, head: Tree, *lines: Tree) -> Iterator[tuple[Tree, Link]]:
    """The verdicts on the lines of one chain; J_a(W) = ∂a_i/∂W_kl = δ_ik x_l: only the second says what i counts to."""
    true: list[Tree] = []
    for line in lines:
        link = judge.link(head, line)
        if link.status != "true":
            link = next((found for above in true if (found := judge.link(above, line)).status == "true"), link)
        if link.status == "true":
            true.append(line)
        yield head, link
