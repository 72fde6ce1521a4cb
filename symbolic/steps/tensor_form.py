"""From components to whole arrays: δ_ip x_q is Id_m ⊗ x, Σ_p W_pi (z - y)_p g'(z_i) is W^T (z - y) ⊙ g'(z)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import reduce
from typing import NamedTuple, TypeGuard

import numpy as np

from jacobians.errors import FormError
from jacobians.forms import tree as forms
from jacobians.forms.tensor import term_tree
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from jacobians.notation.rebuild import rebuilt
from jacobians.terms import Factor, Term
from symbolic.steps.sums import Product, Sums, read, write


class Axis(NamedTuple):
    """An axis of a Jacobian: its letter, and how many values it takes."""

    letter: str
    size: t.Tree


#: The size of an axis of a formula of whole arrays.
Size = Callable[[t.Tree, int], t.Tree]


def tensor_form(sums: Sums, out: Sequence[Axis], inp: Sequence[Axis], size: Size) -> t.Tree | None:
    """The formula of whole arrays whose components these are; None where indices are needed."""
    total: t.Tree | None = None
    for one in sums:
        try:
            positive = _Whole(one, out, inp, size).tree()
        except FormError:
            return None
        term = t.Negative(positive) if one.coefficient < 0 else positive
        total = term if total is None else plus(total, term)
    return total


class Lifted(NamedTuple):
    """A factor as a formula of whole arrays, and the letters of its axes."""

    tree: t.Tree
    labels: tuple[str, ...]


class _Whole:
    """One product, on its way to a term whose factors have stand-ins for names and whose labels have for sizes."""

    def __init__(self, one: Product, out: Sequence[Axis], inp: Sequence[Axis], size: Size) -> None:
        self.one, self.out, self.inp, self.size = one, out, inp, size
        self.size_of = {axis.letter: axis.size for axis in (*out, *inp)}
        self.letters = {*self.size_of, *one.letters}
        self._same: dict[str, str] = {}
        self._names: dict[str, t.Tree] = {}

    def tree(self) -> t.Tree:
        """The formula without its sign.

        Raises:
            FormError: there is none.
        """
        for factor in self.one.factors:
            if _is_delta(factor):
                self._tie(factor)
        above = [self.lifted(f) for f in self.one.factors if not _is_delta(f)]
        below = [self.lifted(f) for f in self.one.below]
        numbers = [tuple(f.tree for f in side if not f.labels) for side in (above, below)]
        scalar = write((Product(abs(self.one.coefficient), (), *numbers),))
        pairs = self._fractions([f for f in above if f.labels], [f for f in below if f.labels])
        if any(all(x not in labels for _, labels in pairs) for x in self.one.letters):
            raise FormError("a sum of equal summands")
        if not pairs and not self.size_of:
            return scalar
        body = self._converted(term_tree(self._term(pairs)))
        return body if scalar == t.Number("1") else t.Juxtaposition(scalar, body)

    def _tie(self, delta: t.Call) -> None:
        a, b = delta.args
        if not (isinstance(a, t.Name) and isinstance(b, t.Name) and {a.text, b.text} <= self.letters):
            raise FormError("a Kronecker delta with a number")
        first, second = self._label(a.text), self._label(b.text)
        if first != second:
            self._same[second] = first

    def _label(self, letter: str) -> str:
        while letter in self._same:
            letter = self._same[letter]
        return letter

    # ----- entries without their indices -----

    def lifted(self, tree: t.Tree) -> Lifted:
        """An entry without its indices: tanh'(z_i) is tanh'(z) over i.

        Raises:
            FormError: its parts have other indices, or an index that is no letter.
        """
        if isinstance(tree, c.Partial):
            of, by = self._side(tree.of), self._side(tree.by)
            whole = c.Partial(of.tree, by.tree)
            gradient = not of.labels and len(by.labels) == 1  # a row, where everything else of one axis is a column
            return Lifted(t.Transpose(whole) if gradient else whole, (*of.labels, *by.labels))
        found: dict[tuple[str, ...], None] = {}

        def bare(part: t.Tree) -> t.Tree:
            if isinstance(part, t.Index | c.Sum):
                made = self._side(part) if isinstance(part, t.Index) else self._summed(part)
                if made.labels:
                    found.setdefault(made.labels)
                return made.tree
            if isinstance(part, t.Iverson | c.Partial | c.Cases):
                raise FormError("a factor with a condition or a derivative in it")
            return part if isinstance(part, t.Name) else rebuilt(part, bare)

        lifted = bare(tree)
        if len(found) > 1:
            raise FormError("a factor whose parts have different indices")
        return Lifted(lifted, next(iter(found), ()))

    def _side(self, tree: t.Tree) -> Lifted:
        """An array without its indices."""
        if not isinstance(tree, t.Index):
            return Lifted(tree, ())
        names = [i.text if isinstance(i, t.Name) and i.label is None else "" for i in tree.indices]
        if all(name in self.letters for name in names):
            return Lifted(tree.array, tuple(names))
        if any(isinstance(p, t.Name) and p.text in self.letters for i in tree.indices for p in i.walk()):
            raise FormError("an index that is no letter")
        return Lifted(tree, ())

    def _summed(self, tree: c.Sum) -> Lifted:
        """A sum inside a factor: Σ_q W_iq x_q is W x over i."""
        free = dict.fromkeys(p.text for p in tree.walk() if isinstance(p, t.Name) and p.text in self.letters)
        form = tensor_form(read(tree), [Axis(x, t.Name("")) for x in free], (), self.size)
        if form is None:
            raise FormError("a factor with a sum in it")
        return Lifted(form, tuple(free))

    # ----- the term -----

    def _fractions(self, above: Iterable[Lifted], below: Iterable[Lifted]) -> list[Lifted]:
        """The factors, with those below the line under one of the same axes, else under 1."""
        made = [Lifted(f.tree, tuple(map(self._label, f.labels))) for f in above]
        for tree, letters in below:
            labels = tuple(map(self._label, letters))
            place = next((k for k, f in enumerate(made) if f.labels == labels), None)
            if place is None:
                made.append(Lifted(t.Binary("/", t.Number("1"), tree), labels))
            else:
                made[place] = Lifted(t.Binary("/", made[place].tree, tree), labels)
        return made

    def _term(self, pairs: Iterable[Lifted]) -> Term:
        """The factors under stand-ins; the size of a label is the number under which its letter is found again."""
        letters = dict.fromkeys((*self.size_of, *self.one.letters))
        sizes = {self._label(x): k + 2 for k, x in enumerate(letters)}
        self._letter = {sizes[self._label(x)]: x for x in reversed(letters)}
        factors = []
        for tree, labels in pairs:
            name = f"f{len(self._names)}"
            self._names[name] = tree
            for axis, label in enumerate(labels):
                self.size_of.setdefault(label, self.size(tree, axis))
            value = np.broadcast_to(0.0, [sizes[a] for a in labels])
            factors.append(Factor(value, labels, name))
        out, inp = (tuple(self._label(a.letter) for a in axes) for axes in (self.out, self.inp))
        return Term(tuple(factors), out, inp, sizes)

    # ----- back to notation -----

    def _converted(self, node: forms.Node) -> t.Tree:
        return CONVERTERS[type(node)](self, node)

    def named(self, node: forms.Named) -> t.Tree:
        return self._names[node.name]

    def sized(self, function: str, n: int) -> t.Tree:
        letter = self._letter[n]
        same = [size for x, size in self.size_of.items() if self._label(x) == self._label(letter)]
        return t.Call(function, (min(same, key=lambda s: isinstance(s, t.Number)),))

    def transposed(self, node: forms.Transpose) -> t.Tree:
        body = self._converted(node.body)
        return body.operand if isinstance(body, t.Transpose) else t.Transpose(body)

    def folded(self, node: forms.Product | forms.Hadamard | forms.Outer, join: Callable[..., t.Tree]) -> t.Tree:
        parts: list[t.Tree] = []
        for factor in node.factors:
            parts.append(self._converted(factor))
        return reduce(join, parts)

    def scaled(self, node: forms.Scaled) -> t.Tree:
        scalars = [self._converted(s) for s in node.scalars]
        body = [self._converted(node.body)] if node.body is not None else []
        return reduce(t.Juxtaposition, [*scalars, *body]) if scalars or body else t.Number("1")


CONVERTERS: Mapping[type[forms.Node], Callable[..., t.Tree]] = {
    forms.Named: _Whole.named,
    forms.Identity: lambda self, node: self.sized("Id", node.n),
    forms.Ones: lambda self, node: self.sized("ones", node.n),
    forms.Transpose: _Whole.transposed,
    forms.Diag: lambda self, node: t.Call("diag", (self._converted(node.body),)),
    forms.Product: lambda self, node: self.folded(node, beside),
    forms.Hadamard: lambda self, node: self.folded(node, lambda a, b: t.Binary("*", a, b, hadamard=True)),
    forms.Outer: lambda self, node: self.folded(node, lambda a, b: t.Binary("⊗", a, b)),
    forms.Scaled: _Whole.scaled,
}


def _is_delta(tree: t.Tree) -> TypeGuard[t.Call]:
    return isinstance(tree, t.Call) and tree.function == "kronecker"


def row(tree: t.Tree) -> t.Tree:
    """The transpose of a column, carried into products: (z - y)^T, v^T A for A^T v, u^T ⊙ v^T."""
    match tree:
        case t.Negative(operand):
            return t.Negative(row(operand))
        case t.Binary("+" | "-" as sign, left, right) if not (_is_plain(left) and _is_plain(right)):
            return t.Binary(sign, row(left), row(right))
        case t.Juxtaposition(number, column):
            return t.Juxtaposition(number, row(column))
        case t.Binary("@", left, right):
            return beside(row(right), row(left))
        case t.Binary("*", left, right):
            return t.Binary("*", row(left), row(right), hadamard=True)
        case t.Transpose(operand):
            return operand
        case t.Call("diag" | "Id"):
            return tree
    return t.Transpose(tree)


def _is_plain(tree: t.Tree) -> bool:
    """Whether a sum of such parts is transposed as a whole: (z - y)^T."""
    if isinstance(tree, t.Binary) and tree.op in "+-":
        return _is_plain(tree.left) and _is_plain(tree.right)
    return isinstance(tree, t.Name | t.Call)


def beside(left: t.Tree, right: t.Tree) -> t.Tree:
    """A product of arrays, without brackets around a product behind."""
    if isinstance(right, t.Binary) and right.op == "@":
        return t.Binary("@", beside(left, right.left), right.right)
    return t.Binary("@", left, right)


def plus(left: t.Tree, right: t.Tree) -> t.Tree:
    """A sum, without brackets around a sum behind; what is subtracted has its sign in front."""
    match right:
        case t.Binary("+" | "-" as sign, first, second):
            return t.Binary(sign, plus(left, first), second)
        case t.Negative(operand):
            return t.Binary("-", left, operand)
    return t.Binary("+", left, right)
