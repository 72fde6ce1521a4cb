"""When two formulas are the same up to the order of factors and summands and the letters of their sums."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from fractions import Fraction
from functools import lru_cache

from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from symbolic.steps.sums import Product, Sums, read

#: Letters under sum signs with the marks that stand for them.
Marks = tuple[tuple[str, str], ...]
#: Orders of the letters of one product that are compared, at most.
MOST_ORDERS = 24
ALGEBRA = (t.Number, t.Negative, t.Juxtaposition, c.Sum)


def key_of(sums: Sums, marks: Marks = ()) -> str:
    """A text that is equal for sums of products that differ by order and names of letters only."""
    found: dict[str, Fraction] = {}
    for one in sums:
        text = _product(one, marks)
        found[text] = found.get(text, Fraction(0)) + one.coefficient
    return " + ".join(sorted(f"{n} {text}" for text, n in found.items() if n)) or "0"


def entry_key(tree: t.Tree, marks: Marks = ()) -> str:
    """The key of a number: an entry, or a formula of entries, whose factors commute."""
    return _entry(tree, tuple(pair for pair in marks if pair[0] in _names(tree)))


def array_key(tree: t.Tree) -> str:
    """The key of a formula of whole arrays: factors of matrix products keep their places."""
    return _array(tree, ())


@lru_cache(maxsize=65536)
def _names(tree: t.Tree) -> frozenset[str]:
    return frozenset(p.text for p in tree.walk() if isinstance(p, t.Name))


@lru_cache(maxsize=65536)
def _entry(tree: t.Tree, marks: Marks) -> str:
    match tree:
        case t.Binary(op) if op not in "^⊗":
            return f"({key_of(read(tree), marks)})"
        case _ if type(tree) in ALGEBRA and not (isinstance(tree, c.Sum) and _limited(tree)):
            return f"({key_of(read(tree), marks)})"
        case t.Call() if len(tree.args) == 1 or tree.function == "kronecker":
            inside = [entry_key(a, marks) for a in tree.args]
            return f"{_called(tree, marks)}({','.join(sorted(inside))})"
        case t.Index(array, indices):
            return f"{_array(array, marks)}[{','.join(entry_key(i, marks) for i in indices)}]"
        case c.Partial(of, by, None):
            return f"D({entry_key(of, marks)},{entry_key(by, marks)})"
        case t.Binary("^", base, exponent):
            return f"{entry_key(base, marks)}^{entry_key(exponent, marks)}"
    return _array(tree, marks)


def _limited(tree: c.Sum) -> bool:
    """Whether the letters of a sum run over a part of their axes only."""
    return (tree.lower, tree.upper, tree.condition) != (None, None, None) or not tree.indices


def _product(one: Product, marks: Marks) -> str:
    """The factors of a product; of all orders of its letters, the one with the smallest text."""
    if not one.letters:
        return _factors(one, marks)
    signatures: dict[str, list[str]] = {}
    for letter in one.letters:
        blank = tuple((x, "!" if x == letter else "?") for x in one.letters)
        signatures.setdefault(_factors(one, (*marks, *blank)), []).append(letter)
    groups = [itertools.permutations(signatures[s]) for s in sorted(signatures)]
    depth = len(marks)
    texts = (
        _factors(one, (*marks, *((x, f"#{depth + k}") for k, x in enumerate(itertools.chain(*order)))))
        for order in itertools.islice(itertools.product(*groups), MOST_ORDERS)
    )
    return f"sum{len(one.letters)} {min(texts)}"


def _factors(one: Product, marks: Marks) -> str:
    above = [x for f in one.factors for x in _powers(f, marks)]
    below = [x for f in one.below for x in _powers(f, marks)]
    for text in list(below):
        if text in above:
            above.remove(text)
            below.remove(text)
    return " ".join([*sorted(above), *sorted(f"1/{x}" for x in below)])


def _powers(factor: t.Tree, marks: Marks) -> Iterable[str]:
    """A factor; as often as a whole exponent says."""
    match factor:
        case t.Binary("^", base, t.Number() as n) if n.value.denominator == 1 and 0 < n.value < 9:
            return [entry_key(base, marks)] * int(n.value)
    return [entry_key(factor, marks)]


def _called(tree: t.Call, marks: Marks) -> str:
    label = f"_({entry_key(tree.label, marks)})" if tree.label is not None else ""
    return f"{tree.function}{label}{tree.primes * chr(39)}"


# ----- whole arrays -----


def _array(tree: t.Tree, marks: Marks) -> str:
    match tree:
        case t.Number():
            return str(tree.value)
        case t.Name(text, None):
            return dict(marks).get(text, text)
        case t.Name(text, label):
            return f"{text}_({entry_key(label, marks)})"  # type: ignore[arg-type]
        case t.Juxtaposition() | t.Binary("@" | "·"):
            return " ".join(_array(f, marks) for f in factors(tree))
        case t.Binary("*" | "∘") | t.Binary("+" | "-"):
            signs = "∘" if tree.op in "*∘" else "+"
            return f"({signs.join(sorted(_commuting(tree, signs, marks)))})"
        case t.Negative(operand):
            return f"-({_array(operand, marks)})"
        case t.Transpose(t.Transpose(operand)):
            return _array(operand, marks)
        case t.Call():
            options = "".join(f",{k}={_array(v, marks)}" for k, v in tree.keywords)
            return f"{_called(tree, marks)}({','.join(_array(a, marks) for a in tree.args)}{options})"
        case t.Index():
            return _entry(tree, marks)
    inside = ",".join(_array(child, marks) for child in tree.children)
    bound = ",".join(tree.indices) if isinstance(tree, c.Sum) else ""
    sign = tree.op if isinstance(tree, t.Binary) else tree.order if isinstance(tree, t.Prime | c.Gradient) else ""
    return f"{type(tree).__name__}{sign}{bound}({inside})"


def factors(tree: t.Tree) -> list[t.Tree]:
    """The factors of a product of matrices, however it is bracketed."""
    if isinstance(tree, t.Juxtaposition) or (isinstance(tree, t.Binary) and tree.op in "@·"):
        return [*factors(tree.left), *factors(tree.right)]
    return [tree]


def _commuting(tree: t.Tree, signs: str, marks: Marks) -> list[str]:
    """The operands of ⊙ or of + and -, those with a minus marked."""
    if isinstance(tree, t.Binary) and signs == "∘" and tree.op in "*∘":
        return [*_commuting(tree.left, signs, marks), *_commuting(tree.right, signs, marks)]
    if isinstance(tree, t.Binary) and signs == "+" and tree.op in "+-":
        right = _commuting(tree.right, signs, marks)
        right = right if tree.op == "+" else [x[1:] if x[:1] == "-" else f"-{x}" for x in right]
        return [*_commuting(tree.left, signs, marks), *right]
    return [_array(tree, marks)]
