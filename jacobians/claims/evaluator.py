"""From the tree of a formula to its value: several points at once, free letters as axes, exact derivatives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from jacobians.claims import calculus, calls, dots, filled, indexing, products, sums, undeclared, written_out
from jacobians.claims.bindings import Reading, Scope
from jacobians.claims.context import Equation, Leaf, Settings
from jacobians.claims.einstein import summed
from jacobians.claims.errors import ClaimError, IllFormed, NotUnderstood
from jacobians.claims.functions import norm_squared, power, reciprocal
from jacobians.claims.instance import Instance
from jacobians.claims.letters import index_letters
from jacobians.claims.matching import applied_functions
from jacobians.claims.network import node_value
from jacobians.claims.values import (
    Orientation,
    Seed,
    Value,
    add,
    constant,
    letter_to_axis,
    mapped,
    scaled,
    transposed,
)
from jacobians.errors import shape_text
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c


@dataclass(slots=True)
class Evaluator:
    """Evaluates trees in one instance under one reading; every part is computed once."""

    instance: Instance
    reading: Reading = field(default_factory=Reading)
    #: Quantities that have another value than their own: where a derivative is taken at a point that is named.
    fixed: dict[str, Value] = field(default_factory=dict)
    settings: Settings = field(default_factory=Settings)
    seeds: tuple[Seed, ...] = ()
    #: Sub-formulas that something is differentiated by, as `f(x)` in dg/df.
    targets: dict[tuple[t.Tree, Scope], Seed] = field(default_factory=dict)
    #: How many values each letter takes, by the name of its axis.
    ranges: dict[str, int] = field(default_factory=dict)
    #: What a function is applied to in the claim: `f` stands for f(x) in dg/df where the claim has f(x) too.
    applied: dict[str, t.Tree] = field(default_factory=dict)
    #: What is to be said about how a part was read.
    notes: dict[t.Tree, str] = field(default_factory=dict)
    #: Values of parts of the claim, and of named quantities, which no reading or convention of a claim changes.
    _cache: dict[Any, Value] = field(default_factory=dict)
    _names: dict[Any, Value] = field(default_factory=dict)
    _caches: dict[Any, dict[Any, Value]] = field(default_factory=dict)
    _open: set[Any] = field(default_factory=set)
    _fresh: list[int] = field(default_factory=lambda: [0])

    def value(self, tree: t.Tree, scope: Scope) -> Value:
        """The value of a part of a formula.

        Raises:
            IllFormed: it has no meaning; NotUnderstood: a name that is not declared, something not supported.
        """
        key = (tree, scope, self.seeds) if not scope.values else None
        if key is not None and (known := self._cache.get(key)) is not None:
            return known
        seed = self.targets.get((tree, scope)) if self.targets else None
        handler = HANDLERS.get(type(tree))
        if handler is None:
            raise NotUnderstood(f"{type(tree).__name__} cannot be evaluated here", tree)
        try:
            if seed is not None and seed in self.seeds:
                made = calculus.identity(self.without(seed).value(tree, scope), seed)
            else:
                made = handler(self, tree, scope)
        except ClaimError as error:
            raise error.located(tree) from None
        except (ArithmeticError, ValueError, IndexError) as error:
            raise NotUnderstood(f"this cannot be computed: {error}", tree) from None
        if key is not None:
            self._cache[key] = made
        return made

    def start(self, scope: Scope, *trees: t.Tree) -> None:
        """Find how many values the free letters take in these trees; what is known for other numbers is put away.

        Raises:
            IllFormed: one letter counts axes of different sizes.
        """
        self.ranges.clear()
        for tree in trees:
            indexing.find_ranges(self, tree, scope)
        self.applied = applied_functions(self.instance, trees)
        key = (tuple(sorted(self.ranges.items())), tuple(self.applied.items()))
        self._cache = self._caches.setdefault(key, {})

    # ----- variations of this evaluator -----

    def seeded(self, seed: Seed, target: tuple[t.Tree, Scope] | None = None) -> Evaluator:
        """The same, with a further derivative carried along."""
        targets = self.targets if target is None else {**self.targets, target: seed}
        seeds = tuple(sorted((*self.seeds, seed)))
        cache = self._cache if targets is self.targets else {}
        return self.varied(seeds=seeds, targets=targets, _cache=cache)

    def without(self, *gone: Seed) -> Evaluator:
        """The same, with fewer derivatives carried along."""
        return self.varied(seeds=tuple(s for s in self.seeds if s not in gone)) if self.seeds else self

    def varied(self, **changed: Any) -> Evaluator:
        """A copy with some fields changed; dataclasses.replace takes ten times as long."""
        made = object.__new__(Evaluator)
        for name in FIELDS:
            setattr(made, name, changed[name] if name in changed else getattr(self, name))
        return made

    def at_home(self) -> Evaluator:
        """The evaluator for what equations define: in the document's conventions, whatever is tried for a claim."""
        own = self.instance.context.settings
        if self.settings is own and not (self.reading.direct or self.targets or self.applied):
            return self
        return replace(self, settings=own, reading=Reading(), targets={}, applied={}, _cache={}, _caches={})

    # ----- names -----

    def name(self, tree: t.Name, scope: Scope) -> Value:
        for name, value in scope.values:
            if name == tree.text and tree.label is None:
                return value
        if tree.label is None and tree.text in self.applied:
            return self.value(self.applied[tree.text], scope)
        if tree.label is None and (axis := dict(scope.letters).get(tree.text)) is not None:
            return indexing.letter_value(self, axis, tree)
        if tree.label is None and tree.text in scope.label():
            return constant(float(scope.label()[tree.text]))
        if (varied := undeclared.differential_of(self, tree, scope)) is not None:
            return self.value(varied, scope)
        return self.quantity(self.full_name(tree, scope), tree)

    def full_name(self, tree: t.Name, scope: Scope) -> str:
        """The name with its label counted out; `g` of g_(k) without a label is the one of the k that is spoken of."""
        label = tree.label
        if label is None and (letter := self.instance.context.label_of(tree.text)) in scope.label():
            self.notes[tree] = f"{tree.text} without a label is read as {tree.text}_({letter})"
            label = t.Name(letter)
        if label is None:
            return tree.text
        return self.instance.labelled(tree.text, self.instance.label(label, scope.label()))

    def quantity(self, name: str, at: t.Tree | None = None) -> Value:
        """The value of a leaf or of what an equation defines, by its plain name."""
        key = (name, self.seeds)
        if (known := self._names.get(key)) is not None:
            return known
        if key in self._open:
            raise NotUnderstood(f"{name} is defined by itself; label its steps, as in {name}_(t)", at)
        self._open.add(key)
        try:
            made = self._quantity(name, at)
        finally:
            self._open.discard(key)
        own = [s for s in self.seeds if s.name == name]
        for seed in own:
            made = calculus.identity(made, seed)
        self._names[key] = made
        return made

    def _quantity(self, name: str, at: t.Tree | None) -> Value:
        own = [s for s in self.seeds if s.name == name]
        if own:
            return self.without(*own).quantity(name, at)
        if any(s.direct for s in self.seeds):  # all else is held fixed
            return self.without(*(s for s in self.seeds if s.direct)).quantity(name, at)
        if name in self.fixed:
            return self.fixed[name]
        model = self.instance.context.model
        if model is not None and (name in model.leaves or name in model.nodes):
            return self.instance.model_leaf(name) if name in model.leaves else node_value(self, name)
        found = self.instance.find(name)
        if found is None:
            return undeclared.unknown_name(self, name, at)
        definition, labels = found
        if isinstance(definition, Leaf):
            return self.instance.leaf(name, definition, labels)
        return self.defined(definition, labels)

    def defined(self, e: Equation, labels: Mapping[str, int]) -> Value:
        """The right side of an equation; the letters on its left side become axes."""
        scope = Scope(tuple(labels.items()))
        for index in e.indices:
            scope = scope.with_letter(index, self.fresh(index))
        letters = [dict(scope.letters)[index] for index in e.indices]
        home, body = self.at_home(), e.expression
        if home.settings.star != "elementwise":
            body = products.elementwise_signs(body)
        if self.instance.context.settings.sums == "Einstein":
            body = summed(body, [x for x in index_letters(self.instance.context, body) if x not in e.indices])
        indexing.find_ranges(home, body, scope)
        made = home.value(body, scope)
        for letter in letters:
            made = indexing.with_letter(home, made, letter)
        rows = home.settings.vectors == "rows"
        if letters:
            return letter_to_axis(made, letters).as_("row" if rows else "column")
        named: Orientation = "row" if rows else "column"  # a gradient that has a name has the shape of its variable
        return made.as_(named if made.orientation == "free" else made.orientation)

    def fresh(self, letter: str) -> str:
        """A name for the axis of a letter that is bound here."""
        self._fresh[0] += 1
        return f"{letter}#{self._fresh[0]}"

    # ----- arithmetic -----

    def number(self, tree: t.Number, scope: Scope) -> Value:
        return constant(float(tree.value) if not self.instance.precise else self._precise(tree))

    def _precise(self, tree: t.Number) -> Any:
        import mpmath

        return mpmath.mpf(tree.value.numerator) / tree.value.denominator

    def negative(self, tree: t.Negative, scope: Scope) -> Value:
        return scaled(self.value(tree.operand, scope), -1)

    def transpose(self, tree: t.Transpose, scope: Scope) -> Value:
        inner = self.value(tree.operand, scope)
        if inner.orientation == "free" and inner.rank == 1:  # the transpose of a gradient: a column becomes a row
            return inner.as_("free")
        return transposed(inner)

    def binary(self, tree: t.Binary, scope: Scope) -> Value:
        if tree.op == "^":
            return self.power(tree, scope)
        if dots.has_dots(tree):
            return self.value(dots.written_out(self, tree, scope), scope)
        left, right = self.value(tree.left, scope), self.value(tree.right, scope)
        if tree.op in "+-":
            return self.sum_of(left, right, 1 if tree.op == "+" else -1, tree)
        if tree.op == "/":
            return self.quotient(left, right)
        return self.product_of(tree, left, right, tree.op)

    def juxtaposition(self, tree: t.Juxtaposition, scope: Scope) -> Value:
        if dots.has_dots(tree):
            return self.value(dots.written_out(self, tree, scope), scope)
        return self.product_of(tree, self.value(tree.left, scope), self.value(tree.right, scope), "")

    def product_of(self, tree: t.Binary | t.Juxtaposition, left: Value, right: Value, sign: str) -> Value:
        """The product that a sign means; vectors of ones beside a matrix are as long as it needs them."""
        if products.meaning(sign, self.settings) == "matrix product":
            left = filled.before(tree.left, left, right)
            right = filled.behind(tree.right, right, left)
        return products.product(left, right, sign, self.settings)

    def sum_of(self, a: Value, b: Value, sign: int, tree: t.Binary) -> Value:
        """a + b of equal shapes; a number is added to every entry, and a bias to every sample of a batch."""
        if a.rank and b.rank and a.shape != b.shape:
            a, b = products.broadcast(a, b)
        if a.rank and b.rank and a.shape != b.shape:
            word = "sum" if sign > 0 else "difference"
            raise IllFormed(f"a {word} needs equal shapes, got {shape_text(a.shape)} and {shape_text(b.shape)}", tree)
        sides = {v.orientation for v in (a, b) if v.rank == 1} - {"free"}
        if len(sides) > 1:
            raise IllFormed(f"a sum of a column and a row, both of size {a.shape[0]}", tree)
        split = a.split if a.split == b.split else None
        made = add(a, b, sign).as_(split=split)
        return made.as_(sides.pop() if sides else made.orientation, split) if made.rank == 1 else made

    def quotient(self, a: Value, b: Value) -> Value:
        inverse = mapped(reciprocal, b)
        if b.rank == 0:
            return products.scaled_by(a, inverse)
        if a.rank == 0:
            return products.scaled_by(a, inverse)
        return products.elementwise(a, inverse)

    def power(self, tree: t.Binary, scope: Scope) -> Value:
        base = self.value(tree.left, scope)
        exponent = self.value(tree.right, scope)
        number = exponent.array.flat[0] if exponent.array.size == 1 and len(exponent.parts) == 1 else None
        if number is None:
            return calls.general_power(base, exponent, tree)
        if isinstance(tree.left, t.Call) and tree.left.function == "norm" and number == 2 and len(tree.left.args) == 1:
            return norm_squared(self.value(tree.left.args[0], scope))
        if base.rank == 2 and base.shape[0] == base.shape[1] and self.settings.inverse == "matrix":
            return calls.matrix_power(base, float(number), tree)
        exponent_number = int(number) if float(number).is_integer() else number
        return mapped(power(exponent_number), base).as_(base.orientation, base.split if base.split else None)

    # ----- lists, conditions -----

    def list(self, tree: t.List, scope: Scope) -> Value:
        return written_out.stacked(self, tree, scope)

    def iverson(self, tree: t.Iverson, scope: Scope) -> Value:
        return written_out.condition(self, tree.condition, scope)

    def chain(self, tree: t.Chain, scope: Scope) -> Value:
        raise NotUnderstood("an equation inside a formula has no value", tree)


FIELDS = tuple(field.name for field in fields(Evaluator))

HANDLERS: dict[type[t.Tree], Callable[[Evaluator, Any, Scope], Value]] = {
    t.Number: Evaluator.number,
    t.Name: Evaluator.name,
    t.Negative: Evaluator.negative,
    t.Transpose: Evaluator.transpose,
    t.Binary: Evaluator.binary,
    t.Juxtaposition: Evaluator.juxtaposition,
    t.Index: indexing.index,
    t.List: Evaluator.list,
    t.Iverson: Evaluator.iverson,
    t.Chain: Evaluator.chain,
    t.Call: calls.call,
    t.Prime: calls.prime,
    c.Apply: calls.apply,
    c.Sum: sums.big_sum,
    c.Product: sums.big_product,
    c.Cases: written_out.cases,
    c.Partial: calculus.partial,
    c.Gradient: calculus.gradient,
    c.JacobianOf: calculus.jacobian_of,
    c.At: calls.at,
    c.Differential: calculus.differential,
}
