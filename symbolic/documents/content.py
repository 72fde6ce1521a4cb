"""What a document says, whatever its format: sections of prose and chains of formulas, each line with its reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from jacobians.claims.context import Context
from jacobians.notation.rebuild import rebuilt
from jacobians.notation.tree import Binary, Index, Juxtaposition, Name, Tree
from symbolic.documents.printer import Printer
from symbolic.steps.language import Prose

#: How much is said beside a line.
Reasons = Literal["names", "sentences", "none"]


@dataclass(frozen=True, slots=True)
class Line:
    """`head = body`; without a head it goes on with the line before."""

    body: Tree
    head: Tree | None = None
    sign: Literal["=", ":="] = "="
    #: The rule that leads to the line, and what stands beside it: a few words, or a sentence.
    rule: str = ""
    name: Prose = ()
    sentence: Prose = ()

    def said(self, reasons: Reasons) -> Prose:
        """What is said beside the line."""
        return self.name if reasons == "names" else self.sentence if reasons == "sentences" else ()


@dataclass(frozen=True, slots=True)
class Section:
    """Prose, and a chain of lines."""

    title: Prose
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Content:
    """A document: a title, what is given, sections, remarks."""

    title: Prose
    sections: tuple[Section, ...]
    #: What writes its formulas.
    printer: Printer
    #: Equations that the document starts from, with their own title.
    given: Section | None = None
    remarks: tuple[Prose, ...] = ()
    #: Python code that makes and checks all this again.
    code: str = ""

    @property
    def model(self) -> str:
        """The text of the network and its conventions, by which the document can be checked."""
        return self.printer.context.text

    def all_sections(self) -> Iterator[Section]:
        """What is given, then the sections."""
        if self.given is not None:
            yield self.given
        yield from self.sections


def equations(context: Context, ranks: Mapping[str, int]) -> tuple[Line, ...]:
    """The equations of a network as lines; numbers are multiplied without a sign."""
    found: list[Line] = []
    for name, equation in context.equations.items():
        head: Tree = Name(name.partition("[")[0], Name(equation.label) if equation.label else None)
        if equation.indices:
            head = Index(head, tuple(map(Name, equation.indices)))
        found.append(Line(_products_of_numbers(equation.expression, ranks), head))
    return tuple(found)


def _products_of_numbers(tree: Tree, ranks: Mapping[str, int]) -> Tree:
    """`x * y` of numbers as x y."""
    tree = rebuilt(tree, lambda child: _products_of_numbers(child, ranks))
    if isinstance(tree, Binary) and tree.op == "*":
        names = [part.text for part in tree.walk() if isinstance(part, Name)]
        if names and all(ranks.get(name) == 0 for name in names):
            return Juxtaposition(tree.left, tree.right)
    return tree
