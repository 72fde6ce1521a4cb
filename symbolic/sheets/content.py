r"""What stands on the cheat sheet: every op by family, its formula, and its Jacobians as short as they can be said.

Elementwise functions have one pattern, said once; convolutions and poolings along one, two and three axes are one
entry; inputs whose Jacobians differ by a sign or by a last factor share a line.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from jacobians.notation import name_to_latex
from jacobians.notation import tree as t
from jacobians.notation.rebuild import rebuilt
from jacobians.op import Op
from jacobians.ops import FAMILIES
from jacobians.printing import outside_brackets
from jacobians.sheet import read_docstring
from symbolic.sheets.entries import Entry, entries
from symbolic.sheets.formula import Piece, formula
from symbolic.sheets.prose import sentence

LEGEND = (
    r"$\partial x_{j}\colon \dots$ is the entry $\partial y_{i} / \partial x_{j}$ of the Jacobian, with the indices of "
    r"the output $y_{i}$ as in its formula; behind $\equiv$ the same as a matrix or tensor, axes of the output first; "
    r"$-\partial x_{j}$ is the negative of that, and $\dots\, x_{i}$ the formula before it times $x_{i}$.",
    r"$\delta_{i j}$ and $[\dots]$ are 1 where the indices are equal and where the condition holds, else 0. "
    r"Primed letters are further indices. Indices count from 0.",
    r"$n_{i}$ is the number of values of $i$, $n$ that of the only index, $N$ that of the samples; "
    r"$\mathrm{Id}_{n}$ the identity, $\mathbf{1}_{n}$ a vector of ones, $\odot$ the product of entries, "
    r"$f(x)_{i}$ the entry $i$ of $f(x)$.",
    r"$\sigma(z) = 1 / (1 + e^{-z})$, $\operatorname{normalize}(x) = x / \lVert x \rVert$, "
    r"$\operatorname{clip}(x, a, b) = \min(\max(x, a), b)$; in normalization $\sigma$ is a standard deviation.",
    r"Elementwise functions $y_{i} = f(x_{i})$ stand with $f$ and $f'$: "
    r"$\partial x_{j}\colon \delta_{i j}\, f'(x_{i}) \equiv \operatorname{diag}(f'(x))$.",
    "Of ops with 1d, 2d, 3d the first stands; a further axis has such indices and such a bracket of its own.",
    r"Leading batch axes add a $\delta$ each; losses are for one sample, their mean over $N$ is $1 / N$ times as much.",
)
#: A formula that is shorter is written again rather than referred to.
SHORT = 20
#: Letters for options in formulas.
OF_OPTIONS = ("c", "p", "before")
_DIMENSIONS = re.compile(r"(.+)([123])d")
_DIAGONAL = re.compile(
    r"(-?)((?:\\tfrac\{\d\}\{\d\}|\d) )?(?:\\operatorname\{diag\}\\left\((.*)\\right\)|(\\mathrm\{Id\}.*))"
)


@dataclass(frozen=True)
class Item:
    """One entry: the ops it is about, what it says of them, and their Jacobians, with formulas between dollar signs."""

    ops: tuple[Op, ...]
    formula: str
    jacobians: tuple[str, ...]

    @property
    def name(self) -> str:
        return ", ".join(op.name for op in self.ops)


@dataclass(frozen=True)
class Family:
    """The entries under one heading, with what holds for the elementwise ones among them."""

    title: str
    elementwise: tuple[Item, ...]
    others: tuple[Item, ...]

    @property
    def items(self) -> tuple[Item, ...]:
        """All of them, the elementwise ones first."""
        return (*self.elementwise, *self.others)


def families() -> list[Family]:
    """Every op, in the order of the list of ops."""
    return [_family(title, [op for file in files for op in file.OPS]) for title, files in FAMILIES.items()]


def _family(title: str, ops: Sequence[Op]) -> Family:
    slopes = {op: slope for op in ops if (slope := _slope(op))}
    if len(slopes) < 3:  # no pattern worth a sentence
        slopes = {}
    elementwise = tuple(Item((op,), *slope) for op, slope in slopes.items())
    rest = groupby((op for op in ops if op not in slopes), lambda op: _without_dimension(op.name))
    return Family(title, elementwise, tuple(_item(tuple(same)) for _, same in rest))


def _without_dimension(name: str) -> str:
    found = _DIMENSIONS.fullmatch(name)
    return found[1] if found else name


def _item(ops: tuple[Op, ...]) -> Item:
    """The first op; of its variants with more axes, the names."""
    op = ops[0]
    found = lines(entries(op))
    if found and (values := options(op)):
        found = (*found[:-1], f"{found[-1]} for {values}")
    return Item(ops, sentence(formula(op)), found)


def options(op: Op) -> str:
    """The values of options for which the Jacobians are written, as the docstring has them."""
    text = re.sub(r"where .*", "", read_docstring(op)[1].get("Jacobians", ""))
    values = re.findall(r"\b(\w+) ?= ?(-?[\d.]+)", " ".join(re.findall(r"\bfor (.*)", text)))
    chosen = [(name, value) for name, value in values if name in vars(op) or name in OF_OPTIONS]
    return ", ".join(
        f"{name} = ${value}$" if "_" in name else f"${name_to_latex(name, ())} = {value}$" for name, value in chosen
    )


# ----- elementwise functions -----


def _slope(op: Op) -> tuple[str, tuple[str]] | None:
    """The function and its derivative without indices; None where the op is not elementwise."""
    if len(op.input_names()) != 1 or len(op.differentiable()) != 1:
        return None
    (entry,) = entries(op)
    found = _DIAGONAL.fullmatch(entry.matrix)
    if entry.axes != 2 or not found or op.output != "...":
        return None
    pieces = [_plain(piece) for piece in formula(op)]
    split = next((k for k, piece in enumerate(pieces) if piece.words.startswith(";")), len(pieces))
    stated = _stated(pieces[split + 1 :])
    sign, number, inside, identity = found.groups()
    derived = f"${sign}{number or ''}{'' if identity and number else '1' if identity else inside}$"
    values = options(op)
    slope = stated or derived.replace(" $", "$")
    slope = slope.replace("$", r"$f'\colon ", 1)
    return sentence(_right_side(pieces[:split])), (f"{slope} for {values}" if values else slope,)


def _stated(pieces: Sequence[Piece]) -> str:
    """The derivative where the docstring states it, without its remarks on kinks."""
    if not pieces or pieces[0].tree is None or not isinstance(pieces[0].tree, t.Chain):
        return ""
    head = pieces[0].tree.parts[0]
    if not (isinstance(head, t.Call) and head.primes and head.args == (t.Name("x"),)):
        return ""
    end = next((k for k, piece in enumerate(pieces) if re.match(r";|, (also|where|a\b)", piece.words)), len(pieces))
    explained = end < len(pieces) and pieces[end].words == ", where" and pieces[-1].tree is not None
    return sentence(_right_side(pieces if explained else pieces[:end]))


def _right_side(pieces: Sequence[Piece]) -> list[Piece]:
    first = pieces[0].tree
    if isinstance(first, t.Chain):
        return [Piece("", first.parts[1]), *pieces[1:]]
    return list(pieces)


def _plain(piece: Piece) -> Piece:
    """x for x_i: what holds for every entry."""

    def without(tree: t.Tree) -> t.Tree:
        return tree.array if isinstance(tree, t.Index) else rebuilt(tree, without)

    return piece if piece.tree is None else Piece("", without(piece.tree))


# ----- inputs that share a line -----


def lines(jacobians: Sequence[Entry]) -> tuple[str, ...]:
    """The Jacobians by all inputs; equal ones, opposite ones and those with one factor more on one line."""
    groups: list[list[tuple[Entry, str]]] = []
    for entry in sorted(jacobians, key=lambda e: _needs_leader(e, jacobians)):
        for group in groups:
            how = _related(group[0][0], entry)
            if how:
                group.append((entry, how))
                break
        else:
            groups.append([(entry, "")])
    return tuple(map(_line, groups))


def _needs_leader(entry: Entry, others: Sequence[Entry]) -> bool:
    """Whether the entry is another one with one factor more, which must come first."""
    return any(_related(other, entry).startswith(r"\cdot") for other in others if other is not entry)


def _related(first: Entry, second: Entry) -> str:
    """`+` where they are equal, `-` where they differ by the sign, the last factor where that is all; else nothing."""
    if first.index == second.index:
        return "+"
    if re.search(r" [+-] ", outside_brackets(first.index)):  # a sign or a factor beside a sum is that of one term
        return ""
    if second.index in (f"-{first.index}", first.index.removeprefix("-")):
        return "-"
    rest = second.index.removeprefix(f"{first.index} ")
    if len(first.index) < SHORT:
        return ""
    return rf"\cdot {rest}" if rest != second.index and _FACTOR.fullmatch(rest) else ""


_FACTOR = re.compile(r"\(?[A-Za-z\\ ]+\)?_\{[^{}]*\}")


def _line(group: Sequence[tuple[Entry, str]]) -> str:
    leader = group[0][0]
    same = [(entry, how) for entry, how in group if how in ("", "+", "-")]
    longer = [(entry, how.removeprefix(r"\cdot ")) for entry, how in group if how.startswith(r"\cdot")]
    heads = ",\\ ".join(f"{'-' if how == '-' else ''}\\partial {entry.at}" for entry, how in same)
    matrix = rf" \equiv {_unsized(leader.matrix)}" if leader.matrix and leader.axes > 1 else ""
    line = rf"${heads}\colon {_unsized(leader.index)}{matrix}$"
    if leader.example:
        line += f" for ${leader.wrt}$ of size ${leader.example}$"
    for entry, factor in longer:
        line += rf", $\partial {entry.at}\colon \dots\, {factor}$"
    return line


def _unsized(tex: str) -> str:
    """Brackets of natural size around what is no fraction."""
    return tex if r"\frac" in tex else tex.replace(r"\left(", "(").replace(r"\right)", ")")
