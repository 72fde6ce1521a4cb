r"""What scripts mean: layers, indices, transposes, primes, powers.

Scripts are gathered first, in whatever order they stand, and get their meaning together, because `W^{(1)}_{12}` has an
entry where `W_{12}` may be a name.
"""

from __future__ import annotations

from jacobians.notation.latex_subscripts import Scripts
from jacobians.notation.latex_superscripts import SuperscriptParser
from jacobians.notation.latex_words import is_function
from jacobians.notation.names import with_layer
from jacobians.notation.tokens import Kind, Token
from jacobians.notation.tree import Binary, Index, Juxtaposition, Name, Number, Prime, Transpose, Tree

SCRIPTS = frozenset((Kind.SUBSCRIPT, Kind.POWER, Kind.PRIME, Kind.TRANSPOSE))


class ScriptParser(SuperscriptParser):
    """Makes names, entries, transposes and powers of scripts."""

    def scripts(self, base: str) -> Scripts:
        """All scripts that follow a name."""
        found = Scripts()
        while self.token.kind in SCRIPTS:
            if self.at(Kind.SUBSCRIPT):
                self.below(base, found)
            elif self.at(Kind.POWER):
                self.above(found)
            elif self.take(Kind.TRANSPOSE):
                found.transposed = True
            else:
                found.primes += self.primes()
        return found

    # ----- labels -----

    def labelled(self, text: str, found: Scripts) -> tuple[str, Tree | None]:
        """The name with its suffix, and its label; what is used for them is taken out of the scripts."""
        base = f"{text}_{found.suffix}" if found.suffix else text
        if found.label is None and self.is_label_power(base, found):
            found.label, found.power, found.named_end = found.power, None, self.last
        if found.label is None and self.is_numbered(base, found):
            found.label, found.items, found.named_end = found.items[0], (), found.items_end
        elif found.label is None and found.items and base in self.symbols.labelled:
            self.label_below(base, found)
        label = found.label
        if isinstance(label, Number) and label.text.isdigit():
            return with_layer(base, label.text), None
        return base, label

    def is_label_power(self, base: str, found: Scripts) -> bool:
        """A bare superscript of a labelled quantity or a function: a number, or an expression in a label letter."""
        power = found.power
        function = is_function(base, self.symbols)
        known = base if self.symbols.declared(base) else base.upper()
        if power is None or not (function or known in self.symbols.labelled):
            return False
        if isinstance(power, Number):
            below = any(self.mentions_label(item) for item in found.items)  # `h_t^2` is the square of h_t
            return not function and power.text.isdigit() and not below and not self.is_power_of_numbered(base, found)
        return self.mentions_label(power)

    def is_power_of_numbered(self, base: str, found: Scripts) -> bool:
        """`P_1^2` is the square of P1 where that is declared, and not entry 1 of P2."""
        first = found.items[0] if len(found.items) == 1 else None
        if not isinstance(first, Number) or not isinstance(found.power, Number):
            return False
        numbered = base + first.text
        if not self.symbols.declared(numbered):
            return False
        return self.rank(numbered) == 0 or not self.symbols.declared(base + found.power.text)

    def is_numbered(self, base: str, found: Scripts) -> bool:
        """`z_1` is z1 where that is declared or z has layers, but `a_{12}` of a matrix is an entry."""
        number = found.items[0] if len(found.items) == 1 else None
        if not isinstance(number, Number) or not number.text.isdigit():
            return False
        entry = self.rank(base) == 2 and len(number.text) == 2
        return self.symbols.declared(base + number.text) or (base in self.symbols.labelled and not entry)

    def mentions_label(self, tree: Tree) -> bool:
        """An expression that a label may be, with a letter of labels."""
        simple = all(isinstance(part, Name | Number | Binary | Juxtaposition) for part in tree.walk())
        return simple and any(letter in self.symbols.labels for letter in self.letters_of(tree))

    def label_below(self, base: str, found: Scripts) -> None:
        r"""`h_{t-1}`, `y_{t_k}` and `u_{ot}` where t is a letter of labels."""
        first = found.items[0]
        if len(found.items) == 1 and isinstance(first, Index) and self.mentions_label(first.array):
            found.label, found.items = first.array, first.indices
            return
        places = [k for k, item in enumerate(found.items) if self.mentions_label(item)]
        if len(places) != 1 or (len(found.items) > 1 and self.rank(base) == len(found.items)):
            return
        found.label = found.items[places[0]]
        found.items = found.items[: places[0]] + found.items[places[0] + 1 :]
        if not found.items:
            found.named_end = found.items_end

    # ----- trees -----

    def scripted_name(self, text: str, label: Tree | None, found: Scripts, start: Token, last: Token) -> Tree:
        """The name with its label, indices, star, primes, transpose and power; `last` ends the bare name."""
        items = self.entry(text, found.items)
        if items or label is not None:
            text = self.capital(text, len(items))
        named = _later(last, found.named_end)
        tree: Tree = Name(f"{text}star" if found.starred else text, label, span=self.between(start, named))
        if found.primes:
            tree = Prime(tree, found.primes, span=self.span(start))
        whole = bool(items) and (self.rank(text) or max(2, len(items))) == len(items)
        if found.transposed and whole:  # the entry of the transpose
            tree = Transpose(tree, span=self.span(start))
        if items:
            tree = Index(tree, items, span=self.between(start, _later(named, found.items_end)))
        if found.transposed and not whole:
            tree = Transpose(tree, span=self.span(start))
        return self.raised(tree, found.power, start)

    def entry(self, text: str, items: tuple[Tree, ...]) -> tuple[Tree, ...]:
        """`a_{21}` of a matrix is the entry (2, 1)."""
        number = items[0] if len(items) == 1 else None
        matrix = 2 in (self.rank(text), self.rank(self.capital(text, 2)))
        if not (matrix and isinstance(number, Number) and len(number.text) == 2 and number.text.isdigit()):
            return items
        if number.span is None or number.span.end_column - number.span.column != 2:
            return tuple(Number(digit, span=number.span) for digit in number.text)
        line, column, end_line, end = number.span
        first = number.span._replace(end_column=column + 1)
        second = type(first)(line, column + 1, end_line, end)
        return Number(number.text[0], span=first), Number(number.text[1], span=second)

    def capital(self, base: str, count: int) -> str:
        """`w_{kl}` is an entry of W where only W is declared, `w_{okl}` one of W_o."""
        letter, underscore, word = base.partition("_")
        upper = letter.upper() + underscore + word
        if len(letter) > 1 or self.symbols.declared(base) or not self.symbols.is_quantity(upper):
            return base
        return upper if count in (0, self.rank(upper)) or (self.rank(upper) is None and count == 2) else base

    def raised(self, tree: Tree, power: Tree | None, start: Token) -> Tree:
        return tree if power is None else Binary("^", tree, power, span=self.span(start))

    def script_of(self, tree: Tree, start: Token) -> Tree:
        """One script of what is no name: a bracket, a fraction, a call."""
        found = Scripts()
        if self.take(Kind.SUBSCRIPT):
            return Index(tree, self.indices(), span=self.span(start))
        if self.at(Kind.POWER):
            self.above(found)
        elif self.take(Kind.TRANSPOSE):
            found.transposed = True
        else:
            found.primes = self.primes()
        if found.starred:
            raise self.error("expected a name before the star; call the starred quantity by a name", self.last)
        if found.label is not None:
            tree = self.with_label(tree, found.label, start)
        if found.primes:
            tree = Prime(tree, found.primes, span=self.span(start))
        if found.transposed:
            tree = Transpose(tree, span=self.span(start))
        return self.raised(tree, found.power, start)

    def with_label(self, tree: Tree, label: Tree, start: Token) -> Tree:
        """`{W_{ji}}^{(k)}`; on anything but a name what is in brackets is an exponent."""
        if isinstance(tree, Index) and isinstance(tree.array, Name) and tree.array.label is None:
            return Index(self.with_label(tree.array, label, start), tree.indices, span=self.span(start))
        if not isinstance(tree, Name) or tree.label is not None:
            return Binary("^", tree, label, span=self.span(start))
        if isinstance(label, Number):
            return Name(with_layer(tree.text, label.text), span=tree.span)
        return Name(tree.text, label, span=tree.span)


def _later(first: Token, second: Token | None) -> Token:
    """Whichever token ends later."""
    if second is None or second.offset + len(second.text) < first.offset + len(first.text):
        return first
    return second
