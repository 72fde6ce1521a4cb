"""What a statement of a document defines: an equation, sizes, a function, what a quantity depends on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from jacobians.claims.context import LAYERS, Equation, Function, Leaf
from jacobians.claims.functions import elementwise
from jacobians.claims.matching import substituted
from jacobians.claims.named import names_in
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from jacobians.notation.latex_commands import known_functions
from jacobians.notation.names import split_name, with_layer
from jacobians.notation.to_plain import to_plain

#: `f(x, y)`, `(x(s), y(s))`: a formula that says what a quantity depends on, and nothing else.
_LETTER = r"(?:\\(?:mathbf|boldsymbol|bm|vec)\s*)?\{?([A-Za-z])\}?\s*"
_DEPENDS = rf"{_LETTER}(?:\\left)?\(\s*([a-z](?:\s*,\s*[a-z])*)\s*(?:\\right)?\)"
DEPENDENCES = re.compile(rf"\(?\s*{_DEPENDS}(?:\s*,\s*{_DEPENDS})*\s*\)?")
#: Functions that are losses where nothing says otherwise.
LOSS_LETTERS = frozenset(("l", "ell", "L", "calL", "J", "C", "E", "loss", "cost"))


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a name is taken to mean; `pair` is the equation that says so, `said` how a report lists it."""

    name: str
    value: Leaf | Equation | Function
    said: str
    pair: tuple[t.Tree, t.Tree] | None = None

    @property
    def role(self) -> str:
        """A name may be a function and a quantity: f, and what it gives for its argument."""
        return "function" if isinstance(self.value, Function) else "quantity"


# ----- declarations -----


def declared(tree: t.Tree) -> Iterator[Meaning]:
    r"""`x \in \mathbb{R}^n`, `f : \mathbb{R}^n \to \mathbb{R}^m`, also inside of a chain."""
    if isinstance(tree, t.Chain):
        for part in tree.parts:
            yield from declared(part)
    elif isinstance(tree, c.Membership) and tree.sizes is not None and isinstance(tree.element, t.Name):
        name, label = tree.element.text, tree.element.label
        if label is None or isinstance(label, t.Name):
            sizes = tuple(map(size_tree, tree.sizes))
            shown = " x ".join(to_plain(n) if n is not None else "?" for n in sizes) or "a number"
            leaf = Leaf(name, sizes, label=label.text if isinstance(label, t.Name) else None)
            yield Meaning(name, leaf, f"{to_plain(tree.element)} : {shown}")
    elif isinstance(tree, c.MapsTo) and isinstance(tree.function, t.Name):
        yield _map(tree.function.text, tree)


def _map(name: str, tree: c.MapsTo) -> Meaning:
    domain = tuple(n for n in map(size_tree, tree.domain or ()) if n is not None)
    result = tuple(map(size_tree, tree.codomain or ()))
    if len(result) == 1 and result[0] is not None:
        to = to_plain(result[0])
        return Meaning(name, Function(name, "vector", result[0], domain=domain), f"{name} : function -> {to}")
    if tree.domain == () and tree.codomain == ():
        return Meaning(name, Function(name, "elementwise"), f"{name} : function")
    return Meaning(name, Function(name, "number", domain=domain), f"{name} : function -> scalar")


def size_tree(tree: t.Tree) -> t.Tree | None:
    """A size as contexts have them: `n_0` is the size n0, `n_{k-1}` one for every layer; other trees stay open."""
    if isinstance(tree, t.Index) and isinstance(tree.array, t.Name) and len(tree.indices) == 1:
        label = tree.indices[0]
        if isinstance(label, t.Number):
            return t.Name(with_layer(tree.array.text, label.text))
        return t.Name(tree.array.text, label)
    return tree if isinstance(tree, t.Number | t.Name) else None


# ----- equations -----


def defined(tree: t.Chain) -> Iterator[Meaning]:
    """What the first two parts of a chain define, if its left side can be defined at all."""
    parts = [part.element if isinstance(part, c.Membership) else part for part in tree.parts]
    head, right = parts[0], parts[1]
    if any(isinstance(part, c.Dots) for part in right.walk()) or is_objective(right) or is_tuple(right):
        return
    if isinstance(head, t.Call):
        yield from _function(head, right)
    elif isinstance(head, c.Apply) and all(isinstance(a, t.Name) for a in head.args):
        if (found := equation(head.function, right, (head, right))) is not None:
            yield found
    elif (found := equation(head, right, (head, right))) is not None:
        yield found


def is_objective(tree: t.Tree) -> bool:
    r"""`\arg\min_\theta L`: what is looked for, rather than what it equals."""
    first = tree
    while isinstance(first, t.Juxtaposition):
        first = first.left
    word = first.function if isinstance(first, t.Call) else first.text if isinstance(first, t.Name) else ""
    return word.startswith(("argmin", "argmax"))


def is_tuple(tree: t.Tree) -> bool:
    """`(W1, b1, ..., W_(L), b_(L))`: an abbreviation for several quantities."""
    return isinstance(tree, t.List) and not all(isinstance(item, t.Number | t.Negative | t.List) for item in tree.items)


def _function(head: t.Call, right: t.Tree) -> Iterator[Meaning]:
    """`f(x) = x^T A x`; of several arguments the quantity that depends on them, `a(W, b, x) = W x + b`."""
    parameters = tuple(a.text for a in head.args if isinstance(a, t.Name) and a.label is None)
    if head.primes or head.label is not None or len(parameters) != len(head.args) or not parameters:
        return
    if head.function in known_functions() or elementwise(head.function) is not None:
        return
    quantity = equation(t.Name(head.function), right, (head, right))
    if quantity is None:
        return
    yield quantity
    if len(parameters) == 1:
        function = Function(head.function, "defined", None, parameters, right)
        yield Meaning(head.function, function, quantity.said, (head, right))


def equation(head: t.Tree, right: t.Tree, pair: tuple[t.Tree, t.Tree]) -> Meaning | None:
    """The equation of a name, of a labelled name, or by entries; None where the left side is no such thing."""
    indices: tuple[str, ...] = ()
    if isinstance(head, t.Index):
        indices = tuple(k.text for k in head.indices if isinstance(k, t.Name) and k.label is None)
        if len(set(indices)) != len(head.indices):
            return None
        head = head.array
    if not isinstance(head, t.Name):
        return None
    name, label = head.text, head.label
    if isinstance(label, t.Binary) and isinstance(label.left, t.Name) and isinstance(label.right, t.Number):
        right, label = _shifted(right, label), label.left  # a_(k+1) = ... in a_k is a_(k) = ... in a_(k-1)
    if label is not None and not isinstance(label, t.Name):
        return None
    if any(other.text == name and (other.label == label or label is None) for other in names_in(right)):
        return None
    letter = label.text if label is not None else None
    if letter == "L":
        name, letter = with_layer(name, str(LAYERS)), None
    said = f"{to_plain(pair[0])} = {to_plain(pair[1])}"
    return Meaning(name, Equation(name, right, indices, said, label=letter), said, pair)


def _shifted(right: t.Tree, label: t.Binary) -> t.Tree:
    """The right side with k - 1 in place of k where the left side has k + 1."""
    assert isinstance(label.left, t.Name)
    back: t.Tree = t.Binary("-" if label.op == "+" else "+", label.left, label.right)
    return substituted(right, {label.left.text: back})


def is_derivative(tree: t.Tree) -> bool:
    """Whether derivatives stand in it, so that it is a claim rather than a definition."""
    return any(isinstance(p, c.Partial | c.Gradient | c.JacobianOf | c.Differential | t.Prime) for p in tree.walk())


def is_one_derivative(tree: t.Tree) -> bool:
    """`dl/dz` by itself: what an error signal is defined as."""
    return isinstance(tree, c.Partial | c.Gradient)


# ----- what depends on what -----


def dependences(text: str) -> Iterator[Meaning]:
    """`f(x, y)`, `(x(s), y(s))` by themselves: undefined functions of the quantities in brackets."""
    if not DEPENDENCES.fullmatch(text.strip(" .,;")):
        return
    for name, inside in re.findall(_DEPENDS, text):
        arguments = tuple(t.Name(a.strip()) for a in inside.split(","))
        if name in (a.text for a in arguments):
            continue
        of = f"{name}_of"
        said = f"{name} depends on {', '.join(a.text for a in arguments)}"
        yield Meaning(name, Equation(name, t.Call(of, arguments), text=said), said)
        yield Meaning(of, Function(of, "number"), "")


def undefined(call: t.Call) -> Function:
    """A function that nothing defines: of one array elementwise, a loss and a function of several to a number."""
    number = len(call.args) > 1 or split_name(call.function).base in LOSS_LETTERS
    return Function(call.function, "number" if number else "elementwise")


# ----- targets -----


def targets(tree: t.Tree) -> Iterator[str]:
    """Vectors that weigh logarithms, y of `-sum_i y_i log p_i` and of `-y^T log p`: their entries sum to one."""
    for part in tree.walk():
        inside = part.body.walk() if isinstance(part, c.Sum) and len(part.indices) == 1 else ()
        for factors in map(_two_factors, inside):
            if factors and isinstance(factors[0], t.Index) and _is_log(factors[1]) and len(factors[0].indices) == 1:
                yield _text(factors[0].array)
        factors = _two_factors(part)
        if factors and isinstance(factors[0], t.Transpose) and _is_log(factors[1]):
            yield _text(factors[0].operand)


def _two_factors(tree: t.Tree) -> tuple[t.Tree, t.Tree] | None:
    product = isinstance(tree, t.Juxtaposition) or (isinstance(tree, t.Binary) and tree.op in "*·@")
    return (tree.left, tree.right) if product else None  # type: ignore[attr-defined]


def _is_log(tree: t.Tree) -> bool:
    return isinstance(tree, t.Call) and tree.function in ("log", "ln")


def _text(tree: t.Tree) -> str:
    return tree.text if isinstance(tree, t.Name) and tree.label is None else ""
