"""Formulas of entries as code: Σ_p δ_p W_pi is `np.einsum('p,pi->i', delta, W)`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from symbolic.steps.code_arrays import ArrayCode, no_code
from symbolic.steps.code_tables import ATOM, POWER, PRODUCT, SUM, Written
from symbolic.steps.components import array, indices
from symbolic.steps.sums import Product, read

Letters = tuple[str, ...]


class Operand(NamedTuple):
    """Code of an array, and the letters of its axes."""

    code: Written
    letters: Letters = ()


@dataclass
class EntryCode:
    """Writes formulas of entries as arrays whose axes are letters."""

    whole: ArrayCode
    #: What each letter counts: an array that is known, and its axis.
    counted: dict[str, tuple[t.Tree, int]]

    def array(self, tree: t.Tree, axes: Letters) -> str:
        """The code of the array that has an entry for every value of the letters.

        Raises:
            NoCodeError: there is none for a part of it.
        """
        products = read(tree)
        present = [{x for f in (*one.factors, *one.below) for x in free_letters(f)} for one in products]
        if not any(set(axes) <= letters for letters in present):
            raise no_code(tree, "does not have all the indices of its array")
        first, *rest = products
        term = self.term(first, axes)
        total = Written(f"-{term.at(PRODUCT)}", PRODUCT) if first.coefficient < 0 else term
        for one in rest:
            sign = "-" if one.coefficient < 0 else "+"
            total = Written(f"{total.at(SUM)} {sign} {self.term(one, axes).at(PRODUCT)}", SUM)
        return total.text

    def term(self, one: Product, axes: Letters) -> Written:
        """coefficient * Σ factors / below, without the sign; where something is summed, by einsum."""
        above, below = ([self.factor(f) for f in factors] for factors in (one.factors, one.below))
        present = {x for operand in (*above, *below) for x in operand.letters}
        own = tuple(x for x in axes if x in present)
        if len(present) > len(own):
            inverses = [Operand(Written(f"1 / {x.code.at(POWER)}", PRODUCT), x.letters) for x in below if x.letters]
            summed = [x for x in above if x.letters] + inverses
            above = [x for x in above if not x.letters] + [self.einsum(summed, own)]
            below = [x for x in below if not x.letters]
        size = abs(one.coefficient)
        counts = [str(n) if n != 1 else "" for n in (size.numerator, size.denominator)]
        over, under = (
            [*filter(None, [count]), *(self.spread(x, axes).at(POWER) for x in operands)]
            for count, operands in zip(counts, (above, below), strict=True)
        )
        text = " / ".join([" * ".join(over) or "1", *under])
        return Written(text, ATOM if len(over) == 1 and not under else PRODUCT)

    def einsum(self, operands: list[Operand], out: Letters) -> Operand:
        """The sum over all letters that are not in `out`."""
        spec = ",".join("".join(x.letters) for x in operands) + "->" + "".join(out)
        arrays = ", ".join(x.code.text for x in operands)
        return Operand(Written(f"{self.whole.library.module}.einsum({spec!r}, {arrays})"), out)

    def spread(self, operand: Operand, axes: Letters) -> Written:
        """An array with its axes in the order of the letters, and one of size 1 for every letter that it lacks."""
        if not operand.letters or operand.letters == axes:
            return operand.code
        own = tuple(x for x in axes if x in operand.letters)
        code = operand.code if operand.letters == own else self.einsum([operand], own).code
        if own == axes:
            return code
        return Written(f"{code.at(ATOM)}[{', '.join(':' if x in own else 'None' for x in axes)}]")

    # ----- factors -----

    def factor(self, tree: t.Tree) -> Operand:
        """The code of a factor, and the letters of its axes."""
        letters = tuple(free_letters(tree))
        if isinstance(tree, t.Iverson) or (isinstance(tree, t.Call) and tree.function == "kronecker"):
            return Operand(self.pattern(tree, letters), letters)
        if isinstance(tree, c.Partial | t.Index) or (isinstance(tree, t.Name) and tree in self.whole.variables):
            return self.variable(tree)
        return Operand(self.pointwise(tree, letters) if letters else self.whole.written(tree), letters)

    def variable(self, tree: t.Tree) -> Operand:
        """A named array, or a derivative that was found before, at its indices."""
        if isinstance(tree, c.Partial):
            key: t.Tree = c.Partial(array(tree.of), array(tree.by))
            at = (*indices(tree.of), *indices(tree.by))
        else:
            key, at = array(tree), indices(tree)
        if key not in self.whole.variables:
            raise no_code(tree, "is not computed before it is needed")
        letters = tuple(x.text for x in at if isinstance(x, t.Name))
        if len(letters) != len(at) or len(set(letters)) != len(letters):
            raise no_code(tree, "has an index that is no letter of its own")
        return Operand(self.whole.written(key), letters)

    def pointwise(self, tree: t.Tree, axes: Letters) -> Written:
        """A formula entry by entry: every array in it is spread over all letters."""

        def infix(left: t.Tree, sign: str, right: t.Tree, level: int) -> Written:
            a, b = self.pointwise(left, axes), self.pointwise(right, axes)
            return Written(f"{a.at(level)} {sign} {b.at(level + 1)}", level)

        match tree:
            case t.Call(_, (inner,)) if not tree.keywords:
                return self.whole.applied(tree, self.pointwise(inner, axes))
            case t.Binary("+" | "-" as sign, left, right):
                return infix(left, sign, right, SUM)
            case t.Binary("^", base, t.Number(exponent)):
                return Written(f"{self.pointwise(base, axes).at(ATOM)} ** {exponent}", POWER)
            case t.Binary("/", left, right):
                return infix(left, "/", right, PRODUCT)
            case t.Negative(inner):
                return Written(f"-{self.pointwise(inner, axes).at(PRODUCT)}", PRODUCT)
            case t.Juxtaposition(left, right) | t.Binary("*" | "@", left, right):
                return infix(left, "*", right, PRODUCT)
            case c.Sum(_, _, None, None, None) if type(tree) is c.Sum:
                own = tuple(x for x in axes if x in free_letters(tree))
                return self.spread(Operand(Written(self.array(tree, own), SUM), own), axes)
            case t.Index() | t.Name() | c.Partial() | t.Number():
                return self.spread(self.factor(tree), axes)
        raise no_code(tree)

    def pattern(self, tree: t.Tree, letters: Letters) -> Written:
        """1 where indices fit, else 0."""
        parts = tree.condition.parts if isinstance(tree, t.Iverson) else tree.children
        if isinstance(tree, t.Iverson) and set(tree.condition.relations) != {"=="}:
            raise no_code(tree)
        one, other = (self.count(part, letters) for part in parts)
        return Written(self.whole.library.numbers(f"{one} == {other}", self.whole.like))

    def count(self, tree: t.Tree, axes: Letters) -> str:
        """An index such as r + p for all values of its letters."""
        match tree:
            case t.Number(text):
                return text
            case t.Name(text, None) if text in self.counted:
                known, axis = self.counted[text]
                size = f"{self.whole.text(known, ATOM)}.shape[{axis}]"
                counted = Written(f"{self.whole.library.module}.arange({size})")
                return self.spread(Operand(counted, (text,)), axes).text
            case t.Binary("+" | "-" as sign, left, right):
                return f"{self.count(left, axes)} {sign} {self.count(right, axes)}"
            case t.Juxtaposition(left, right) | t.Binary("*", left, right):
                return f"{self.count(left, axes)} * {self.count(right, axes)}"
        raise no_code(tree)


def free_letters(tree: t.Tree, bound: frozenset[str] = frozenset()) -> dict[str, None]:
    """The index letters of a formula in the order in which they come."""
    found: dict[str, None] = {}
    if isinstance(tree, c.Sum):
        bound = bound | frozenset(tree.indices)
    places: Iterable[t.Tree] = ()
    if isinstance(tree, t.Index):
        places = tree.indices
    elif isinstance(tree, t.Comparison) or (isinstance(tree, t.Call) and tree.function == "kronecker"):
        places = tree.children
    for place in places:
        found |= dict.fromkeys(x.text for x in place.walk() if isinstance(x, t.Name) and x.text not in bound)
    for child in tree.children:
        if child not in places:
            found |= free_letters(child, bound)
    return found
