"""When two formulas are the same up to the order of factors and summands and the letters of their sums."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping
from fractions import Fraction

from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from symbolic.steps.sums import Product, Sums, is_plain, read, without_common

#: Orders of the letters of one product that are compared, at most.
MOST_ORDERS = 24
#: Texts of factors that are kept; they are found by the object, as comparing two trees takes as long as a new text.
MOST_TEXTS = 20000
ALGEBRA = (t.Number, t.Negative, t.Juxtaposition, c.Sum)
_NAME = re.compile(r"<([^<>]*)>")
_DELTA = re.compile(r"kronecker\(([^(),]*),([^(),]*)\)")
_texts: dict[tuple[bool, int], tuple[t.Tree, str]] = {}


def key_of(sums: Sums) -> str:
    """A text that is equal for sums of products that differ by order and names of letters only."""
    found: dict[str, Fraction] = {}
    for one in sums:
        text = _product(one)
        found[text] = found.get(text, Fraction(0)) + one.coefficient
    return " + ".join(sorted(f"{n} {text}" for text, n in found.items() if n)) or "0"


def entry_key(tree: t.Tree) -> str:
    """The key of a number: an entry, or a formula of entries, whose factors commute."""
    return _kept(tree, True, _entry)


def array_key(tree: t.Tree) -> str:
    """The key of a formula of whole arrays: factors of matrix products keep their places."""
    return _kept(tree, False, _array)


def _kept(tree: t.Tree, commutes: bool, write: Callable[[t.Tree], str]) -> str:
    key = commutes, id(tree)
    if key not in _texts:
        if len(_texts) > MOST_TEXTS:
            _texts.clear()
        _texts[key] = (tree, write(tree))
    return _texts[key][1]


# ----- numbers -----


def _entry(tree: t.Tree) -> str:
    match tree:
        case t.Number():
            return str(tree.value)
        case t.Binary(op) if op not in "^⊗":
            return _inner(read(tree))
        case _ if type(tree) in ALGEBRA and (is_plain(tree) or not isinstance(tree, c.Sum)):
            return _inner(read(tree))
        case t.Call() if len(tree.args) == 1 or tree.function == "kronecker":
            return _called(tree, entry_key)
        case t.Index(array, indices):
            return f"{array_key(array)}[{','.join(map(entry_key, indices))}]"
        case c.Partial(of, by, None):
            return f"D({entry_key(of)},{entry_key(by)})"
        case t.Binary("^", base, exponent):
            return f"{entry_key(base)}^{entry_key(exponent)}"
    return array_key(tree)


def _inner(sums: Sums) -> str:
    """A formula inside of another one: its letters are not those of the sums around it."""
    return f"({key_of(sums).replace('#', '##')})"


def _product(one: Product) -> str:
    """The factors of a product; of all orders of its letters, the one with the smallest text."""
    above = [text for f in one.factors for text in _powers(f)]
    below = [text for f in one.below for text in _powers(f)]
    over, under = without_common(above, below)
    texts = [*over, *(f"1/{text}" for text in under)]
    if not one.letters:
        return " ".join(sorted(_marked(text, {}) for text in texts))
    signatures: dict[str, list[str]] = {}
    for letter in one.letters:
        blank = {**dict.fromkeys(one.letters, "?"), letter: "!"}
        own = sorted(_marked(text, blank) for text in texts if f"<{letter}>" in text)
        signatures.setdefault(" ".join(own), []).append(letter)
    groups = [itertools.permutations(signatures[s]) for s in sorted(signatures)]
    orders = itertools.islice(itertools.product(*groups), MOST_ORDERS)
    marks = ({x: f"#{k}" for k, x in enumerate(itertools.chain(*order))} for order in orders)
    return f"sum{len(one.letters)} " + min(" ".join(sorted(_marked(text, m) for text in texts)) for m in marks)


def _marked(text: str, marks: Mapping[str, str]) -> str:
    """The text of a factor with marks for letters; δ_ij is δ_ji."""
    text = _NAME.sub(lambda found: f"<{marks.get(found[1], found[1])}>", text)
    return _DELTA.sub(lambda found: f"kronecker({','.join(sorted(found.groups()))})", text)


def _powers(factor: t.Tree) -> list[str]:
    """A factor; as often as a whole exponent says."""
    match factor:
        case t.Binary("^", base, t.Number() as n) if n.value.denominator == 1 and 0 < n.value < 9:
            return [entry_key(base)] * int(n.value)
    return [entry_key(factor)]


def _called(tree: t.Call, key: Callable[[t.Tree], str]) -> str:
    label = f"_({entry_key(tree.label)})" if tree.label is not None else ""
    given = [*map(key, tree.args), *(f"{option}={_array(value)}" for option, value in tree.keywords)]
    return f"{tree.function}{label}{tree.primes * chr(39)}({','.join(given)})"


# ----- whole arrays -----


def _array(tree: t.Tree) -> str:
    match tree:
        case t.Number():
            return str(tree.value)
        case t.Name(text, None):
            return f"<{text}>"
        case t.Name(text, label):
            return f"{text}_({entry_key(label)})"  # type: ignore[arg-type]
        case t.Juxtaposition() | t.Binary("@" | "·"):
            return " ".join(_array(f) for f in factors(tree))
        case t.Binary("*" | "∘") | t.Binary("+" | "-"):
            signs = "∘" if tree.op in "*∘" else "+"
            return f"({signs.join(sorted(_commuting(tree, signs)))})"
        case t.Negative(operand):
            return f"-({_array(operand)})"
        case t.Transpose(t.Transpose(operand)):
            return _array(operand)
        case t.Call():
            return _called(tree, _array)
        case t.Index():
            return _entry(tree)
    inside = ",".join(_array(child) for child in tree.children)
    bound = ",".join(tree.indices) if isinstance(tree, c.Sum) else ""
    return f"{type(tree).__name__}{_sign(tree)}{bound}({inside})"


def _sign(tree: t.Tree) -> str:
    """What tells a tree from others of its kind with the same parts."""
    match tree:
        case t.Binary(op):
            return op
        case t.Comparison(_, relations):
            return " ".join(relations)
        case t.Prime(_, order) | c.Gradient(_, _, order):
            return str(order)
    return ""


def factors(tree: t.Tree) -> list[t.Tree]:
    """The factors of a product of matrices, however it is bracketed."""
    if isinstance(tree, t.Juxtaposition) or (isinstance(tree, t.Binary) and tree.op in "@·"):
        return [*factors(tree.left), *factors(tree.right)]
    return [tree]


def _commuting(tree: t.Tree, signs: str) -> list[str]:
    """The operands of ⊙ or of + and -, those with a minus marked."""
    if isinstance(tree, t.Binary) and signs == "∘" and tree.op in "*∘":
        return [*_commuting(tree.left, signs), *_commuting(tree.right, signs)]
    if isinstance(tree, t.Binary) and signs == "+" and tree.op in "+-":
        right = _commuting(tree.right, signs)
        right = right if tree.op == "+" else [x[1:] if x[:1] == "-" else f"-{x}" for x in right]
        return [*_commuting(tree.left, signs), *right]
    return [_array(tree)]
