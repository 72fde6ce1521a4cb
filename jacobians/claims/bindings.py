"""What letters and names mean at one place of a formula, and how what is ambiguous is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from jacobians.claims.values import Value
from jacobians.notation import tree as t


@dataclass(frozen=True, slots=True)
class Scope:
    """What letters mean at one place: labels are numbers, index letters are axes, names may be replaced."""

    labels: tuple[tuple[str, int], ...] = ()
    letters: tuple[tuple[str, str], ...] = ()
    values: tuple[tuple[str, Value], ...] = ()

    def with_label(self, letter: str, number: int) -> Scope:
        return replace(self, labels=(*(p for p in self.labels if p[0] != letter), (letter, number)))

    def with_letter(self, letter: str, axis: str) -> Scope:
        return replace(self, letters=(*(p for p in self.letters if p[0] != letter), (letter, axis)))

    def with_value(self, name: str, value: Value) -> Scope:
        return replace(self, values=(*(p for p in self.values if p[0] != name), (name, value)))

    def label(self) -> Mapping[str, int]:
        return dict(self.labels)


@dataclass(frozen=True, slots=True)
class Reading:
    """How to read what can be read in more than one way: these derivatives hold all else in their equation fixed."""

    direct: frozenset[t.Tree] = frozenset()
