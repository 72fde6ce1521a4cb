"""What the sheets print, read back by the reader of LaTeX and evaluated entry by entry, with indices from 0.

Entries of arrays are looked up by the LaTeX of their names, so that what prints is tied to the very factors it names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import reduce

import numpy as np

from jacobians.claims.context_text import read_context
from jacobians.notation import tree as t
from jacobians.notation.latex_parser import parse_statements
from jacobians.notation.to_latex import LatexWriter
from jacobians.notation.tree_calculus import Apply, Product, Sum

PRIMED = re.compile(r"([a-z])('+)(?=[\s},])")
FUNCTIONS: dict[str, Callable] = {
    "exp": np.exp, "log": np.log, "sqrt": np.sqrt, "abs": np.abs, "floor": np.floor, "ceil": np.ceil, "tanh": np.tanh,
    "sin": np.sin, "cos": np.cos, "tan": np.tan, "arctan": np.arctan, "arcsinh": np.arcsinh, "sign": np.sign,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)), "max": lambda *x: reduce(np.maximum, x),
    "min": lambda *x: reduce(np.minimum, x), "elu": lambda x: np.where(x > 0, x, np.exp(x) - 1),
}  # fmt: skip
WHOLE: dict[str, Callable] = {"mean": np.mean, "var": np.var, "det": np.linalg.det, "norm": np.linalg.norm}
OPERATIONS: dict[str, Callable] = {
    "+": np.add, "-": np.subtract, "*": np.multiply, "·": np.multiply, "@": np.multiply, "/": np.divide, "^": np.power,
}  # fmt: skip
RELATIONS: dict[str, Callable] = {
    "==": np.equal, "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal, "!=": np.not_equal,
}  # fmt: skip


class Values:
    """Values of formulas over all index letters at once: one axis for every letter."""

    def __init__(
        self, arrays: Mapping[str, np.ndarray], sizes: Mapping[str, int], functions: Mapping[str, Callable] = FUNCTIONS
    ) -> None:
        self.arrays, self.sizes, self.letters = arrays, sizes, tuple(sizes)
        self.functions = {**FUNCTIONS, **functions}

    def value(self, tree: t.Tree) -> np.ndarray:
        known = self.arrays.get(written(tree))
        if known is not None and np.ndim(known) == 0 and tree not in [t.Name(a) for a in self.letters]:
            return np.asarray(known)
        return getattr(self, f"_{type(tree).__name__.lower()}")(tree)

    def over(self, tree: t.Tree, axes: Sequence[str]) -> np.ndarray:
        """The value with these letters as axes, in this order."""
        full = np.broadcast_to(self.value(tree), [self.sizes[a] if a in axes else 1 for a in self.letters])
        return np.moveaxis(full, self._axes(axes), range(len(axes))).reshape([self.sizes[a] for a in axes])

    def _number(self, tree: t.Number) -> np.ndarray:
        return np.asarray(float(tree.value))

    def _name(self, tree: t.Name) -> np.ndarray:
        if tree.text in self.sizes:
            return np.arange(self.sizes[tree.text]).reshape([-1 if a == tree.text else 1 for a in self.letters])
        raise KeyError(f"{tree.text}: neither a letter nor a known number")

    def _negative(self, tree: t.Negative) -> np.ndarray:
        return -self.value(tree.operand)

    def _binary(self, tree: t.Binary) -> np.ndarray:
        return OPERATIONS[tree.op](self.value(tree.left) * 1.0, self.value(tree.right))

    def _juxtaposition(self, tree: t.Juxtaposition) -> np.ndarray:
        return self.value(tree.left) * self.value(tree.right)

    def _index(self, tree: t.Index) -> np.ndarray:
        at = [self.value(i) for i in tree.indices]
        name = written(tree.array)
        whole = self.arrays.get(name)
        if whole is None:
            raise KeyError(f"{name}: no such array among {sorted(self.arrays)}")
        places = [np.asarray(k).astype(int) for k in at]
        inside = reduce(np.logical_and, [(k >= 0) & (k < n) for k, n in zip(places, whole.shape, strict=True)])
        return np.where(inside, whole[tuple(np.clip(k, 0, n - 1) for k, n in zip(places, whole.shape, strict=True))], 0)

    def _iverson(self, tree: t.Iverson) -> np.ndarray:
        parts = [self.value(part) for part in tree.condition.parts]
        pairs = zip(tree.condition.relations, parts[:-1], parts[1:], strict=True)
        return reduce(np.logical_and, [RELATIONS[r](a, b) for r, a, b in pairs]) * 1.0

    def _call(self, tree: t.Call) -> np.ndarray:
        over = [letter.text for key, letter in tree.keywords if key == "over"]
        if over:
            extreme = np.max if tree.function == "max" else np.min
            return np.asarray(extreme(self.value(tree.args[0]), axis=self._axes(over), keepdims=True))
        if tree.function == "kronecker":
            return (self.value(tree.args[0]) == self.value(tree.args[1])) * 1.0
        if tree.function in WHOLE:
            return np.asarray(WHOLE[tree.function](self.arrays[written(tree.args[0])]))
        return self.functions[tree.function](*map(self.value, tree.args))

    def _apply(self, tree: Apply) -> np.ndarray:
        """What a reader may take for a function of a bracket is a product where it has a value."""
        return self.value(tree.function) * self.value(tree.args[0])

    def _sum(self, tree: Sum) -> np.ndarray:
        full = self.value(tree.body)
        if tree.condition is not None:
            full = full * self._iverson(t.Iverson(tree.condition))
        shape = full.shape if full.ndim else (1,) * len(self.letters)
        every = [self.sizes[a] if a in tree.indices else n for a, n in zip(self.letters, shape, strict=True)]
        full = np.broadcast_to(full, every)
        return (full.prod if isinstance(tree, Product) else full.sum)(axis=self._axes(tree.indices), keepdims=True)

    _product = _sum

    def _axes(self, letters: Sequence[str]) -> tuple[int, ...]:
        return tuple(self.letters.index(a) for a in letters)


def written(tree: t.Tree) -> str:
    return LatexWriter(sized=False).text(tree)


def parsed(tex: str, ranks: Mapping[str, int]) -> t.Tree:
    """The one statement that a formula is; `ranks` of the names in it, in plain notation."""
    lines = [f"{name} : {' x '.join('2' * rank) or 'scalar'}" for name, rank in ranks.items()]
    names = read_context("\n".join(lines))
    (tree,) = parse_statements(tex, names.symbols(), names.macros)
    return tree


def without_primes(tex: str) -> Callable[[str], str]:
    """Letters for the primed ones, which a reader takes for derivatives: i' is a letter that is free."""
    taken = set(re.findall(r"[a-zA-Z]", re.sub(r"\\[A-Za-z]+", "", tex)))
    new: dict[str, str] = {}
    for letter, primes in PRIMED.findall(tex):
        if letter + primes not in new:
            new[letter + primes] = next(c for c in "abefgjklmnopqrstuvwyz" if c not in taken)
            taken.add(new[letter + primes])
    return lambda text: PRIMED.sub(lambda m: new[m[0]], text)
