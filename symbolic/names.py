"""The symbols of a calculation: one name stands for one entry, and what was given a name is written down."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from jacobians.errors import InputError
from jacobians.op import Shape
from symbolic.products import Entries
from symbolic.scope import Expr, symbols


class Names:
    """Symbols `W_0_1` for the entries of arrays, and definitions in the order in which they were made."""

    def __init__(self) -> None:
        self.definitions: list[tuple[Expr, Expr]] = []
        self._owner: dict[str, str] = {}

    def symbols(self, name: str, shape: Shape) -> Entries:
        """A symbol for every entry.

        Raises:
            InputError: the name is no identifier, or an entry would be called as one of another array.
        """
        if not name.isidentifier():
            raise InputError(f"symbols: expected a name such as x or W1 for an array, got {name!r}; rename it")
        made = symbols(name, shape)
        for symbol in made.flat:
            if (owner := self._owner.setdefault(symbol.name, name)) != name:
                raise InputError(
                    f"symbols: entries of {owner} and of {name} would both be called {symbol.name}; "
                    f"rename one of the two arrays"
                )
        return made

    def define(self, name: str, entries: Entries) -> Entries:
        """Symbols for the entries; those that are a symbol or a number stay as they are.

        Raises:
            InputError: as `symbols`.
        """
        made = self.symbols(name, entries.shape)
        for k in np.ndindex(entries.shape):
            entry: Expr = entries[k]
            if entry.is_Atom:
                made[k] = entry
            else:
                self.definitions.append((made[k], entry))
        return made

    def needed(self, expressions: Iterable[Expr]) -> list[tuple[Expr, Expr]]:
        """The definitions that the expressions go back to, each after those that it is made of itself."""
        wanted = {s for e in expressions for s in e.free_symbols} if self.definitions else set()
        found = []
        for symbol, expression in reversed(self.definitions):
            if symbol in wanted:
                found.append((symbol, expression))
                wanted |= expression.free_symbols
        return found[::-1]
