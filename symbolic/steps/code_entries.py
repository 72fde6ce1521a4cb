"""Formulas of entries as code: Σ_p δ_p W_pi is `np.einsum('p,pi->i', delta, W)`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from symbolic.steps.code_arrays import ArrayCode, no_code
from symbolic.steps.code_tables import ATOM, POWER, PRODUCT, SUM, Written
from symbolic.steps.components import array, indices
from symbolic.steps.sums import Product, read

Letters = tuple[str, ...]


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
        total: Written | None = None
        products = read(tree)
        present = [{x for f in (*one.factors, *one.below) for x in free_letters(f)} for one in products]
        if not any(set(axes) <= letters for letters in present):
            raise no_code(tree, "does not have all the indices of its array")
        for one in products:
            term = self.term(one, axes)
            if total is None:
                total = Written(f"-{term.at(PRODUCT)}", PRODUCT) if one.coefficient < 0 else term
            else:
                sign = "-" if one.coefficient < 0 else "+"
                total = Written(f"{total.at(SUM)} {sign} {term.at(PRODUCT)}", SUM)
        if total is None:
            raise no_code(tree, "is zero")
        return total.text

    def term(self, one: Product, axes: Letters) -> Written:
        """coefficient * Σ factors / below, without the sign."""
        operands = [self.factor(f) for f in one.factors]
        numbers = [text for text, letters in operands if not letters]
        parts = [(text, letters) for text, letters in operands if letters]
        if (size := abs(one.coefficient)) != 1:
            numbers.insert(0, str(size) if size.denominator == 1 else f"{size.numerator} / {size.denominator}")
        for below in one.below:
            text, letters = self.factor(below)
            if letters:
                parts.append((f"1 / {text}", letters))
            else:
                numbers.append(f"1 / {text}")
        made = [f"({x})" if "/" in x and len(numbers) + bool(parts) > 1 else x for x in numbers]
        if parts:
            made.append(self.product(parts, axes))
        return Written(" * ".join(made), PRODUCT if len(made) > 1 else ATOM) if made else Written("1")

    def product(self, parts: list[tuple[str, Letters]], axes: Letters) -> str:
        """One array as it is, several by einsum; it is spread over the letters that it does not have."""
        present = {x for _, letters in parts for x in letters}
        own = tuple(x for x in axes if x in present)
        if len(parts) == 1 and parts[0][1] == own:
            return spread(parts[0][0], own, axes)
        spec = ",".join("".join(letters) for _, letters in parts) + "->" + "".join(own)
        made = f"{self.whole.library.module}.einsum({spec!r}, {', '.join(text for text, _ in parts)})"
        return spread(made, own, axes)

    def factor(self, tree: t.Tree) -> tuple[str, Letters]:
        """The code of a factor, and the letters of its axes."""
        letters = tuple(free_letters(tree))
        if isinstance(tree, t.Iverson) or (isinstance(tree, t.Call) and tree.function == "kronecker"):
            return self.pattern(tree, letters), letters
        if isinstance(tree, c.Partial | t.Index) or (isinstance(tree, t.Name) and tree in self.whole.variables):
            return self.variable(tree)
        if not letters:
            return self.whole.text(tree, ATOM), ()
        return f"({self.pointwise(tree, letters).text})", letters

    def variable(self, tree: t.Tree) -> tuple[str, Letters]:
        """A named array, or a derivative that was found before, at its indices."""
        if isinstance(tree, c.Partial):
            key: t.Tree = c.Partial(array(tree.of), array(tree.by))
            at = (*indices(tree.of), *indices(tree.by))
            key = next((k for k in (key, c.Gradient(array(tree.by), array(tree.of))) if k in self.whole.variables), key)
        else:
            key, at = array(tree), indices(tree)
        if key not in self.whole.variables:
            raise no_code(tree, "is not computed before it is needed")
        letters = tuple(x.text for x in at if isinstance(x, t.Name))
        if len(letters) != len(at) or len(set(letters)) != len(letters):
            raise no_code(tree, "has an index that is no letter of its own")
        return self.whole.text(key, ATOM), letters

    def pointwise(self, tree: t.Tree, axes: Letters) -> Written:
        """A formula entry by entry: every array in it is spread over all letters."""

        def infix(left: t.Tree, sign: str, right: t.Tree, level: int) -> Written:
            a, b = self.pointwise(left, axes), self.pointwise(right, axes)
            return Written(f"{a.at(level)} {sign} {b.at(level + 1)}", level)

        match tree:
            case t.Call(_, (inner,)) if not tree.keywords:
                code = self.pointwise(inner, axes)
                stand_in = t.Name("spread")
                self.whole.variables[stand_in] = code.at(ATOM)
                made = self.whole.elementwise(t.Call(tree.function, (stand_in,), tree.primes), tree.function)
                del self.whole.variables[stand_in], self.whole.used[stand_in]
                return made
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
            case c.Sum():
                own = tuple(x for x in axes if x in free_letters(tree))
                return Written(spread(self.array(tree, own), own, axes))
        text, letters = self.factor(tree) if isinstance(tree, t.Index | t.Name | c.Partial | t.Number) else ("", ())
        if not text:
            raise no_code(tree)
        return Written(spread(text, letters, axes))

    def pattern(self, tree: t.Tree, letters: Letters) -> str:
        """1 where indices fit, else 0."""
        parts = tree.condition.parts if isinstance(tree, t.Iverson) else tree.children
        if isinstance(tree, t.Iverson) and set(tree.condition.relations) != {"=="}:
            raise no_code(tree)
        one, other = (self.count(part, letters) for part in parts)
        return self.whole.library.numbers(f"{one} == {other}", self.whole.like)

    def count(self, tree: t.Tree, axes: Letters) -> str:
        """An index such as r + p for all values of its letters."""
        match tree:
            case t.Number(text):
                return text
            case t.Name(text, None) if text in self.counted:
                known, axis = self.counted[text]
                size = f"{self.whole.text(known, ATOM)}.shape[{axis}]"
                return spread(f"{self.whole.library.module}.arange({size})", (text,), axes)
            case t.Binary("+" | "-" as sign, left, right):
                return f"{self.count(left, axes)} {sign} {self.count(right, axes)}"
            case t.Juxtaposition(left, right) | t.Binary("*", left, right):
                return f"{self.count(left, axes)} * {self.count(right, axes)}"
        raise no_code(tree)


def spread(text: str, letters: Letters, axes: Letters) -> str:
    """An array with an axis of size 1 for every letter that it does not have."""
    if letters == axes or not letters:
        return text
    if [x for x in axes if x in letters] != list(letters):
        raise no_code(t.Name("".join(letters)), "are indices in another order")
    return f"{text}[{', '.join(':' if x in letters else 'None' for x in axes)}]"


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
