r"""Superscripts: layers `^{(k)}`, transposes `^{[l]\top}`, primes, stars, powers."""

from __future__ import annotations

from jacobians.notation.latex_stream import BRACKETS
from jacobians.notation.latex_subscripts import SYMBOLS, Scripts, SubscriptParser
from jacobians.notation.tokens import Kind, Token
from jacobians.notation.tree import Negative, Number, Tree

LABEL_BRACKETS = frozenset((Kind.OPEN, Kind.LIST_OPEN, Kind.ANGLE_OPEN, Kind.LESS))
#: What cannot be in a label.
NO_LABEL = frozenset((Kind.DIVIDE, Kind.COMMAND, Kind.EQUALS))
TRANSPOSES = frozenset(("T", "t", "Tr", "tr"))


class SuperscriptParser(SubscriptParser):
    """Reads what stands above."""

    def above(self, found: Scripts) -> None:
        self.advance()
        if found.power is not None:
            raise self.error("expected one exponent, got two; put the first power in brackets", self.last)
        if not self.take(Kind.GROUP_OPEN):
            self.bare_superscript(found)
            return
        if self.is_label_ahead():
            found.label = self.label_in_brackets()
            found.named_end = self.last
        while not self.at(Kind.GROUP_CLOSE):
            if not self.superscript_sign(found):
                found.power = self.nested(self.relation)
                if not self.at(Kind.GROUP_CLOSE):
                    self.fail("an operator or }")
        self.advance()
        if found.label is not None and not (found.transposed or found.primes):
            found.named_end = self.last

    def superscript_sign(self, found: Scripts) -> bool:
        """A transpose, primes or a star; behind a label also `^T`."""
        closes = self.ahead().kind is Kind.GROUP_CLOSE
        if self.at(Kind.POWER) and found.label is not None:
            self.advance()
            group = self.take(Kind.GROUP_OPEN)
            self.superscript_sign(found) if group else self.bare_superscript(found)
            return not group or self.take(Kind.GROUP_CLOSE)
        if self.at(Kind.PRIME):
            found.primes += self.primes()
        elif closes and self.is_transpose(self.token, behind_label=found.label is not None):
            self.advance()
            found.transposed = True
        elif closes and self.at(Kind.HADAMARD):
            self.advance()
            found.starred = True
        elif self.at(Kind.MINUS) and self.is_transpose(self.ahead()) and self.ahead(2).kind is Kind.GROUP_CLOSE:
            start = self.advance()
            self.advance()
            found.transposed = True
            found.power = Negative(Number("1"), span=self.span(start))
        else:
            return False
        return True

    def bare_superscript(self, found: Scripts) -> None:
        """One sign above, without braces; plain text also has brackets and signed numbers there."""
        token = self.token
        if self.at(Kind.PRIME):
            found.primes += self.primes()
        elif self.take(Kind.HADAMARD):
            found.starred = True
        elif self.is_transpose(token):
            self.advance()
            found.transposed = True
        elif token.kind is Kind.WORD and token.value[0] == "T" and self.is_transpose_letter("T"):
            self.part(1)
            found.transposed = True
        elif self.plain and token.kind in BRACKETS and self.is_label_ahead():
            found.label = self.label_in_brackets()
            found.named_end = self.last
        elif self.plain and (token.kind in BRACKETS or token.kind is Kind.MINUS):
            found.power = self.nested(self.exponent)
        else:
            found.power = self.argument()

    # ----- what it is -----

    def is_transpose(self, token: Token, behind_label: bool = False) -> bool:
        if token.kind is Kind.TRANSPOSE:
            return True
        letter = token.kind in (Kind.WORD, Kind.NAME) and token.value in TRANSPOSES
        return letter and (behind_label or self.is_transpose_letter(token.value))

    def is_transpose_letter(self, letter: str) -> bool:
        """Not declared, or as an array, which is no exponent."""
        array = letter == "T" and (self.rank(letter) or 0) > 0
        return array or not self.symbols.declared(letter)

    def is_label_ahead(self) -> bool:
        """A bracket that fills the superscript, save for a transpose: a label if what is in it may be one."""
        if self.token.kind not in LABEL_BRACKETS:
            return False
        close = self.closing_angle() if self.at(Kind.LESS) else self.partner(self.position)
        inner = self.tokens[self.position + 1 : close] if close else []
        if not close or not inner or inner[0].kind is Kind.MINUS:
            return False
        if self.plain:
            return all(token.kind in (*SYMBOLS, Kind.PLUS, Kind.MINUS) for token in inner)
        behind = self.tokens[close + 1]
        ends = behind.kind in (Kind.GROUP_CLOSE, Kind.POWER, Kind.PRIME) or self.is_transpose(behind, True)
        return ends and not any(token.kind in NO_LABEL for token in inner)

    def closing_angle(self) -> int | None:
        """Where `^{<t>}` ends."""
        for place in range(self.position, len(self.tokens)):
            if self.tokens[place].kind in (Kind.GREATER, Kind.GROUP_CLOSE, Kind.END):
                return place if self.tokens[place].kind is Kind.GREATER else None
        return None

    def label_in_brackets(self) -> Tree:
        """What stands between the bracket that opens here and its partner."""
        self.advance()
        before, self.implicit_product = self.implicit_product, True
        label = self.nested(self.expression)
        self.implicit_product = before
        if self.token.kind not in (Kind.CLOSE, Kind.LIST_CLOSE, Kind.ANGLE_CLOSE, Kind.GREATER):
            self.fail("an operator or the closing bracket of the label")
        self.advance()
        return label
