"""A plan as source that can be read and pasted: the code that runs, with the names of the model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jacobians.plans.draft import Draft
from jacobians.plans.locals import Call
from jacobians.plans.source import Writer, base, identifier, literal

if TYPE_CHECKING:
    from jacobians.model import Model


def listing(model: Model, draft: Draft) -> str:
    """A function of the leaves that returns {(of, wrt): array}."""
    P = draft.graph.program
    taken = {"np", "jac", "jacobians"}
    names = named_values(model, draft, taken)
    for k, number in enumerate(P.constants):
        names[number] = identifier(f"c{k}", taken)
    if not draft.wanted.structured:
        for (of, wrt), value in zip(draft.wanted.pairs, draft.values, strict=False):
            names.setdefault(base(P, value), identifier(f"d{of}_d{wrt}", taken))
    writer = Writer(P, draft.values, names, "listed")
    lines = writer.statements()
    used = [k for k in P.constants if k in writer.order]
    heads = [f"{names[k]} = {P.texts[k] or literal(P.constants[k])}" for k in used]
    calls = any(isinstance(P.constants[k], Call) for k in used)
    arguments = ", ".join(names[draft.graph.values[leaf]] for leaf in model.leaves)
    imports = ["import numpy as np", *(["", "import jacobians as jac"] if calls else [])]
    body = [*lines, *_returned(draft, writer)]
    return "\n".join(
        [
            *imports,
            "",
            *([*heads, ""] if heads else []),
            "",
            *writer.decorators(),
            f"def jacobians({arguments}):",
            *(f"    {x}" for x in body),
        ]
    )


def named_values(model: Model, draft: Draft, taken: set[str]) -> dict[int, str]:
    """The values that the model has names for."""
    names: dict[int, str] = {}
    for name, value in draft.graph.values.items():
        if name in model.leaves or (name in model.nodes and not model.nodes[name].hidden):
            names.setdefault(value, identifier(name, taken))
    for name, vertex in draft.graph.named.items():
        if vertex in draft.graph.values and name in model.named:
            names.setdefault(draft.graph.values[vertex], identifier(name, taken))
    return names


def value_names(model: Model, draft: Draft) -> list[str]:
    """What the factors of structured results are called."""
    names = named_values(model, draft, set())
    return [names.get(v, f"M{k + 1}") for k, v in enumerate(draft.values)]


def _returned(draft: Draft, writer: Writer) -> list[str]:
    pairs = draft.wanted.pairs
    if draft.wanted.structured:
        return [f"return {', '.join(writer.text[v][0] for v in draft.values)}"]
    items = [f"({of!r}, {wrt!r}): {writer.text[v][0]}" for (of, wrt), v in zip(pairs, draft.values, strict=False)]
    items += [
        f"{name!r}: {writer.text[v][0]}"
        for name, v in zip(draft.wanted.values, draft.values[len(pairs) :], strict=True)
    ]
    if len(items) == 1:
        return [f"return {{{items[0]}}}"]
    return ["return {", *(f"    {item}," for item in items), "}"]
