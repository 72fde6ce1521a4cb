"""A derivation as the content of a document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jacobians.notation.languages import sentence
from jacobians.notation.to_plain import to_plain
from jacobians.notation.tree_calculus import Gradient
from symbolic.documents.content import Content, Line, Section, equations
from symbolic.documents.printer import Printer
from symbolic.steps.language import Prose, rule_name, rule_sentence, words

if TYPE_CHECKING:
    from symbolic.steps.derivation import Derivation, Part, Step


def content_of(derivation: Derivation) -> Content:
    """The network, the parts with the reasons of their lines in the reader's language, and the layout."""
    notation = derivation.notation
    printer = Printer(notation, derivation.context)
    given = equations(derivation.context, printer.notated.ranks)
    # the sign ∇ means the shape of the variable, whatever the layout
    gradients = any(isinstance(part.head, Gradient) for part in derivation.shown)
    layout = sentence(notation.language, "layout", "mixed" if gradients else notation.layout)
    return Content(
        words("title", notation, of=derivation.of, wrt=derivation.wrt),
        tuple(_section(part, derivation) for part in derivation.shown),
        printer,
        Section(words("network", notation), given) if given else None,
        ((f"{layout[:1].upper()}{layout[1:]}.",),) if layout else (),
        _code(derivation),
    )


def _code(derivation: Derivation) -> str:
    """Python code that makes the derivation and checks it; the names come from the model's text, never raw."""
    text = derivation.context.text
    asked = ", ".join(map(repr, (to_plain(derivation.of), to_plain(derivation.wrt), derivation.style)))
    return f"""import symbolic

model = {_block(text)}
derivation = symbolic.derivation(model, {asked}, {derivation.detail!r})
checked = derivation.check()
assert checked.ok, "\\n".join(checked.failures())
print(f"{{len(checked.links)}} lines, {{checked.points}} points, largest deviation {{checked.deviation:.1e}}")
"""


def _block(text: str) -> str:
    """A text of several lines as Python writes it; what could end the string early is written with escapes."""
    if '"""' in text or not text.replace("\n", "").isprintable():
        return repr(text)
    raw = "r" if "\\" in text else ""
    return f'{raw}"""\n{text}\n"""'


def _section(part: Part, derivation: Derivation) -> Section:
    notation = derivation.notation
    lines = tuple(
        Line(
            step.line,
            part.head if number == 0 else None,
            ":=" if part.defines and number == 0 else "=",
            step.reason.rule,
            *_reason(step, derivation),
        )
        for number, step in enumerate(part.steps)
    )
    return Section(rule_sentence(part.title.rule, part.title.facts, notation), lines)


def _reason(step: Step, derivation: Derivation) -> tuple[Prose, Prose]:
    """The name and the sentence of a step's rule; where only results are shown, nothing leads from line to line."""
    if derivation.detail == "result":
        return (), ()
    rule, facts = step.reason.rule, step.reason.facts
    return rule_name(rule, facts, derivation.notation), rule_sentence(rule, facts, derivation.notation)
