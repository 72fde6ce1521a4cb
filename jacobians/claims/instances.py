"""The instances of a context: every size and layer that a claim is looked at in, and what its parts are worth there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import product

import numpy as np

from jacobians.claims.bindings import Scope
from jacobians.claims.context import Context, Settings
from jacobians.claims.errors import ClaimError
from jacobians.claims.evaluator import Evaluator
from jacobians.claims.functions import elementwise
from jacobians.claims.instance import Configuration, Instance
from jacobians.claims.letters import index_letters, label_letters
from jacobians.claims.values import Value
from jacobians.errors import MathSyntaxError
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from jacobians.notation.names import with_layer

CONFIGURATIONS: tuple[Configuration, ...] = ("different sizes", "equal sizes")


@dataclass(slots=True)
class Instances:
    """The instances of one context; values are kept from one claim to the next."""

    context: Context
    _evaluators: dict[object, Evaluator] = field(default_factory=dict)
    _shapes: dict[object, dict[object, tuple[int, ...]]] = field(default_factory=dict)
    _equations: list[tuple[t.Tree, str | None]] | None = None

    def labels(self, *trees: t.Tree) -> Iterator[Mapping[str, int]]:
        """Every combination of values of the free label letters."""
        varying = self.context.varying
        letters = label_letters(self.context, *trees, *(() if varying is None else (varying,)))
        ranges = [range(self.context.labels[x][0], self.context.labels[x][1] + 1) for x in letters]
        for values in product(*ranges):
            yield dict(zip(letters, values, strict=True))

    def first(self, settings: Settings | None = None) -> Evaluator:
        """The evaluator of the instance with different sizes."""
        return self.evaluator(CONFIGURATIONS[0], settings or self.context.settings, False, False)

    def evaluator(self, configuration: Configuration, settings: Settings, positive: bool, precise: bool) -> Evaluator:
        key = (configuration, settings, positive, precise)
        if key not in self._evaluators:
            home = (configuration, self.context.settings, positive, precise)
            if key != home:  # the same point under another convention
                base = self.evaluator(configuration, self.context.settings, positive, precise)
                same = settings.gradients == base.settings.gradients  # the convention that changes what a name is worth
                names = base._names if same else {}
                self._evaluators[key] = replace(base, settings=settings, _cache={}, _caches={}, _names=names)
            else:
                instance = Instance(self.context, configuration, positive, precise)
                self._evaluators[key] = Evaluator(instance, settings=settings)
        return self._evaluators[key]

    def value(self, tree: t.Tree, settings: Settings) -> Value | None:
        """The value of a part of a claim under some settings, in the first layer where it has one."""
        return next((value for _, value in self._values(tree, (tree,), settings)), None)

    def _values(
        self, tree: t.Tree, claim: tuple[t.Tree, ...], settings: Settings | None = None
    ) -> Iterator[tuple[object, Value]]:
        """The value of a part of a claim for every value of the claim's labels where it exists."""
        ev = self.first(settings)
        letters = index_letters(self.context, tree, *claim)
        bound = {x for part in claim for p in part.walk() if isinstance(p, c.Sum) for x in p.indices}
        for labels in self.labels(tree, *claim):
            scope = Scope(tuple(sorted(labels.items())), tuple((x, x) for x in (*letters, *bound)))
            try:
                with np.errstate(all="ignore"):
                    ev.start(scope, tree)
                    yield scope.labels, ev.value(tree, scope)
            except ClaimError:
                continue

    def shape(self, name: str) -> tuple[int, ...] | None:
        """The shape of a quantity in the first instance, of a labelled one in its first layer that exists."""
        if self.context.is_generic(name):
            first, last = self.context.labels.get(self.context.label_of(name), (0, -1))
            for number in self.context.family(name) or range(max(first, 0), last + 1):
                if (shape := self.shape_of(t.Name(with_layer(name, str(number))), ())) is not None:
                    return shape
            return None
        return self.shape_of(t.Name(name), ())

    def shape_of(self, tree: t.Tree, claim: tuple[t.Tree, ...]) -> tuple[int, ...] | None:
        """The shape of a part of a claim, in the first layer where it has one; None where it has no value by itself."""
        return next(iter(self.shapes_of(tree, claim).values()), None)

    def shapes_of(self, tree: t.Tree, claim: tuple[t.Tree, ...]) -> dict[object, tuple[int, ...]]:
        """The shape of a part of a claim for every value of the claim's labels where it exists."""
        key = (tree, claim)
        if key not in self._shapes:
            self._shapes[key] = {labels: value.shape for labels, value in self._values(tree, claim)}
        return self._shapes[key]

    def size(self, name: str) -> int:
        """The number of a named size in the first instance."""
        return self.first().instance.size_of_name(name)

    def size_called(self, number: int) -> t.Tree:
        """A size of the first instance as it is called: the name of the only size of this number, else the number."""
        sizes = self.first().instance.sizes
        names = [name for name, value in sizes.items() if value == number and name.isidentifier()]
        return t.Name(names[0]) if len(names) == 1 else t.Number(str(number))

    def is_zero(self, tree: t.Tree, claim: tuple[t.Tree, ...]) -> bool:
        """Whether a part of a claim is zero wherever it has a value."""
        return not any(np.any(value.array) for _, value in self._values(tree, claim))

    def is_elementwise(self, function: str) -> bool:
        """Whether a function acts on every entry by itself."""
        declared = self.context.functions.get(function)
        if declared is not None:
            return declared.kind in ("elementwise", "defined")
        return elementwise(function) is not None or (len(function) == 1 and function.isalpha())

    def equations(self) -> list[tuple[t.Tree, str | None]]:
        """The right sides of the equations, each with its label's letter."""
        if self._equations is None:
            own = [(e.expression, e.label) for e in self.context.equations.values()]
            if self.context.model is not None:
                from jacobians.notation.reading import parse

                for text in self.context.model.equations().values():
                    try:
                        own.append((parse(text), None))
                    except MathSyntaxError:
                        continue
            self._equations = own
        return self._equations
