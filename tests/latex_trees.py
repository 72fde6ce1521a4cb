"""Trees on one line, for tables of tests: every field of every tree shows, and nothing else does."""

from __future__ import annotations

from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c


def shown(tree):
    """`(W<k> a<(k - 1)>[i])`: labels in <>, indices in [], factors side by side in round brackets."""
    return "_" if tree is None else WRITERS[type(tree)](tree)


def several(trees):
    return ", ".join(map(shown, trees))


def label(tree):
    return "" if tree.label is None else f"<{shown(tree.label)}>"


def call(tree):
    options = [f"{key}={shown(value)}" for key, value in tree.keywords]
    return f"{tree.function}{label(tree)}{chr(39) * tree.primes}({', '.join([*map(shown, tree.args), *options])})"


def comparison(tree):
    rest = (f" {relation} {shown(part)}" for relation, part in zip(tree.relations, tree.parts[1:], strict=True))
    return shown(tree.parts[0]) + "".join(rest)


def total(sign):
    def write(tree):
        limits = f"={shown(tree.lower)}..{shown(tree.upper)}" if tree.lower or tree.upper else ""
        condition = f"|{shown(tree.condition)}" if tree.condition else ""
        return f"{sign}_{','.join(tree.indices)}{limits}{condition}{{{shown(tree.body)}}}"

    return write


def sizes(trees):
    return "?" if trees is None else f"R({several(trees)})"


WRITERS = {
    t.Number: lambda tree: tree.text,
    t.Name: lambda tree: tree.text + label(tree),
    t.Call: call,
    t.Negative: lambda tree: f"-{shown(tree.operand)}",
    t.Binary: lambda tree: f"({shown(tree.left)} {tree.op} {shown(tree.right)})",
    t.Juxtaposition: lambda tree: f"({shown(tree.left)} {shown(tree.right)})",
    t.Transpose: lambda tree: f"{shown(tree.operand)}.T",
    t.Prime: lambda tree: f"{{{shown(tree.operand)}}}{chr(39) * tree.order}",
    t.Index: lambda tree: f"{shown(tree.array)}[{several(tree.indices)}]",
    t.List: lambda tree: f"List({several(tree.items)})",
    t.Chain: lambda tree: " = ".join(map(shown, tree.parts)),
    t.Comparison: comparison,
    t.Iverson: lambda tree: f"Iverson({shown(tree.condition)})",
    c.Partial: lambda tree: f"{tree.sign}({several([tree.of, tree.by, *([tree.second] if tree.second else [])])})",
    c.Gradient: lambda tree: f"∇{tree.order}({shown(tree.by)}; {shown(tree.of)})",
    c.JacobianOf: lambda tree: f"J({shown(tree.of)}; {shown(tree.argument)})",
    c.Differential: lambda tree: f"diff({shown(tree.of)})",
    c.Sum: total("Σ"),
    c.Product: total("Π"),
    c.Cases: lambda tree: f"Cases({'; '.join(f'{shown(v)} if {shown(w)}' for v, w in tree.branches)})",
    c.Apply: lambda tree: f"Apply({shown(tree.function)}; {several(tree.args)})",
    c.At: lambda tree: f"At({shown(tree.body)}; {', '.join(f'{shown(a)} := {shown(b)}' for a, b in tree.values)})",
    c.Dots: lambda tree: "...",
    c.Slice: lambda tree: f"{shown(tree.start)}:{shown(tree.stop)}",
    c.Membership: lambda tree: (
        f"{shown(tree.element)} ∈ {sizes(tree.sizes)}{f' {shown(tree.within)}' if tree.within else ''}"
    ),
    c.MapsTo: lambda tree: f"{shown(tree.function)}: {sizes(tree.domain)} -> {sizes(tree.codomain)}",
}
