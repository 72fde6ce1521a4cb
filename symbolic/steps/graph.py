"""The equations of a network as a derivation walks through them: what uses what, ranks, layers by their letter."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

from jacobians.claims.context import Context
from jacobians.claims.functions import elementwise
from jacobians.claims.instances import Instances
from jacobians.errors import InputError
from jacobians.notation import tree as t
from jacobians.notation.names import split_name, with_layer
from jacobians.notation.reading import parse
from jacobians.notation.rebuild import rebuilt
from jacobians.notation.to_plain import to_plain


class Label(NamedTuple):
    """A label as letter + number: k - 1 is ("k", -1), 3 is ("", 3)."""

    letter: str
    number: int

    @property
    def tree(self) -> t.Tree:
        """As it is written."""
        number = t.Number(str(abs(self.number)))
        if not self.letter:
            return number
        letter = t.Name(self.letter)
        return t.Binary("+" if self.number > 0 else "-", letter, number) if self.number else letter


def label_of(tree: t.Tree) -> Label:
    """A label's letter and number.

    Raises:
        InputError: it is no sum of a letter and a whole number.
    """
    match tree:
        case t.Number():
            return Label("", int(tree.value))
        case t.Name(text, None):
            return Label(text, 0)
        case t.Binary("+" | "-" as sign, left, t.Number() as number):
            letter, offset = label_of(left)
            return Label(letter, offset + int(number.value) * (1 if sign == "+" else -1))
    raise InputError(f"derivation: expected a label such as k, k - 1 or 3, got {to_plain(tree)}")


@dataclass
class Graph:
    """The named quantities of a context between `wrt` and `of`."""

    context: Context
    of: t.Name
    wrt: t.Name
    #: Values at random points, which tell ranks; several graphs of one context may share them.
    instances: Instances = field(default=None)  # type: ignore[assignment]
    _depends: dict[tuple[t.Name, t.Name], bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.instances = self.instances or Instances(self.context)
        #: Whether layers are called by their numbers, also the last one.
        self.numbered = self.wrt.label is None or not label_of(self.wrt.label).letter
        self.of, self.wrt = self.named(self.of), self.named(self.wrt)

    # ----- equations -----

    @cached_property
    def equations(self) -> dict[str, tuple[t.Tree, str | None, tuple[str, ...]]]:
        """Name -> right side, the letter of its label, the letters of its entries."""
        found = {
            name: (e.expression, e.label, e.indices) for name, e in self.context.equations.items() if "[" not in name
        }
        if self.context.model is not None:
            for name, text in self.context.model.equations().items():
                found.setdefault(name, (parse(text), None, ()))
        return found

    def equation(self, name: t.Name) -> t.Tree | None:
        """The right side of the equation of a quantity; None of a leaf."""
        if name.label is None:
            found = self.equations.get(name.text)
            return found[0] if found is not None and found[1] is None else None
        label = label_of(name.label)
        number = self._counted(label)
        exact = self.equations.get(with_layer(name.text, str(number)))
        if exact is not None and exact[1] is None:
            return exact[0]
        found = self.equations.get(name.text)
        if found is None or found[1] is None:
            return None
        first, last = self.context.labels[found[1]]
        if number is not None and not first <= number <= last:
            return None
        return shifted(found[0], found[1], label)

    def entry_letters(self, name: t.Name) -> tuple[str, ...]:
        """The letters of the entry that an equation is written for; none where it is that of the whole."""
        return self.equations[name.text][2] if name.text in self.equations else ()

    def named(self, tree: t.Name) -> t.Name:
        """A name as quantities are called here: `a_(3)` of an equation for every layer, `z1` as it is."""
        if tree.label is not None:
            number = self._counted(label_of(tree.label))
            return tree if number is None else t.Name(tree.text, self._label(number).tree)
        parts = split_name(tree.text)
        base = parts.base + (f"_{parts.subscript}" if parts.subscript else "")
        if parts.layer and self.context.label_of(base):
            return t.Name(base, self._label(int(parts.layer)).tree)
        return tree

    def _label(self, number: int) -> Label:
        """The label of a layer: by its number, or counted from the last one, L - 1."""
        letter = None if self.numbered else next(iter(self._last), None)
        return Label("", number) if letter is None else Label(letter, number - self._last[letter])

    def named_by(self, tree: t.Tree) -> t.Tree:
        """The quantity whose equation has this right side; the formula itself where there is none."""
        return next((t.Name(n) for n, (right, label, _) in self.equations.items() if right == tree and not label), tree)

    def names(self, tree: t.Tree) -> Iterator[t.Name]:
        """The quantities that a formula names, each once."""
        seen: dict[t.Name, None] = {}
        for part in tree.walk():
            if isinstance(part, t.Name) and (part.label is not None or self.is_quantity(part.text)):
                seen.setdefault(self.named(part))
        yield from seen

    def is_quantity(self, text: str) -> bool:
        """Whether it is a leaf or has an equation."""
        context = self.context
        if text in self.equations or text in context.leaves:
            return True
        if context.model is not None and text in context.model.leaves:
            return True
        return self.named(t.Name(text)) != t.Name(text)

    # ----- who uses whom -----

    def uses(self, name: t.Name) -> list[t.Name]:
        """The quantities whose equations name this one and that `of` depends on, first to last."""
        found: dict[t.Name, None] = {}
        for user, (expression, letter, _) in self.equations.items():
            for part in self.names(expression):
                if (consumer := self._consumer(user, letter, part, name)) is not None and self.reaches(consumer):
                    found.setdefault(consumer)
        return list(found)

    def _consumer(self, user: str, letter: str | None, part: t.Name, name: t.Name) -> t.Name | None:
        """The instance of an equation that names a quantity: z_(k+1) for a_(k), where z_(l) names a_(l-1)."""
        if part.text != name.text or (part.label is None) != (name.label is None):
            return None
        if name.label is None or part.label is None:
            return self.named(t.Name(user)) if letter is None else None
        there, wanted = label_of(part.label), label_of(name.label)
        if letter is None:
            same = there == wanted or (
                self._counted(there) is not None and self._counted(there) == self._counted(wanted)
            )
            return self.named(t.Name(user)) if same else None
        if there.letter != letter:
            return None
        label = Label(wanted.letter, wanted.number - there.number)
        first, last = self.context.labels[letter]
        number = self._counted(label)
        if number is not None and not first <= number <= last:
            return None
        return self.named(t.Name(user, label.tree))

    def _counted(self, label: Label) -> int | None:
        """The number of a label whose letter, if it has one, stands for one number only."""
        if label.letter and label.letter not in self._last:
            return None
        return label.number + self._last.get(label.letter, 0)

    @cached_property
    def _last(self) -> dict[str, int]:
        """Letters that stand for one number only, such as L for the last layer."""
        return {letter: last for letter, (first, last) in self.context.labels.items() if first == last}

    def reaches(self, name: t.Name) -> bool:
        """Whether `of` depends on it; of a layer that only its letter tells, yes."""
        if name == self.of or (name.label is not None and self._counted(label_of(name.label)) is None):
            return True
        return self.depends(self.of, name)

    def depends(self, of: t.Name, on: t.Name) -> bool:
        """Whether one quantity depends on another."""
        if of == on:
            return True
        key = (of, on)
        if key not in self._depends:
            self._depends[key] = False
            if on.label is not None and label_of(on.label).letter:
                self._depends[key] = self._depends_generic(of, on)
            elif (expression := self.equation(of)) is not None:
                self._depends[key] = any(self.depends(part, on) for part in self.names(expression))
        return self._depends[key]

    def _depends_generic(self, of: t.Name, on: t.Name) -> bool:
        """On a layer k: a layer k + c with c > 0 may, c = 0 does where its own equation leads there, others do not."""
        wanted = label_of(on.label) if on.label is not None else Label("", 0)
        if of.label is None:
            return self.equation(of) is not None
        own = label_of(of.label)
        if own.letter != wanted.letter:
            return not own.letter and self.equation(of) is not None
        expression = self.equation(of)
        if expression is None or own.number < wanted.number:
            return False
        return any(self.depends(part, on) for part in self.names(expression))

    def between(self) -> list[t.Name]:
        """The named quantities on a way from `wrt` to `of`, both included, each after those it depends on."""
        order: dict[t.Name, None] = {}

        def visit(name: t.Name) -> None:
            if name in order or not self.depends(name, self.wrt):
                return
            if (expression := self.equation(name)) is not None and name != self.wrt:
                for part in self.names(expression):
                    visit(part)
            order.setdefault(name)

        visit(self.of)
        return [name for name in order if self.reaches(name)]

    def is_shared(self, name: t.Name, users: list[t.Name]) -> bool:
        """Whether the equations of several users say the same of different layers or steps: the weights are shared."""
        said = {re.sub(r"[0-9]", "", to_plain(self.equation(user) or user)) for user in users}
        return len(users) > 1 and self.equation(name) is None and len(said) == 1

    def counted(self, name: t.Name) -> bool:
        """Whether the label of a quantity is one number."""
        return name.label is not None and self._counted(label_of(name.label)) is not None

    def is_undefined(self, name: t.Name) -> bool:
        """Whether its equation is a function of whole arrays that nobody defined."""
        return self.is_primitive(self.equation(name))

    def is_primitive(self, tree: t.Tree | None) -> bool:
        """Whether a formula is a function of whole arrays that nobody defined, applied to something."""
        function = self.context.functions.get(tree.function) if isinstance(tree, t.Call) else None
        return function is not None and function.kind in ("number", "vector")

    def is_elementwise(self, tree: t.Call) -> bool:
        """Whether a call is a function of one variable, entry by entry."""
        if len(tree.args) != 1 or tree.keywords:
            return False
        declared = self.context.functions.get(tree.function)
        if declared is not None:
            return declared.kind == "elementwise"
        return elementwise(tree.function) is not None or len(tree.function.rstrip("0123456789")) == 1

    def is_last(self, name: t.Name) -> bool:
        """Whether a quantity is that of the last layer, which `of` is computed from."""
        letter = self.context.label_of(name.text)
        return self.counted(name) and self._counted(label_of(name.label or name)) == self.context.labels[letter][1]

    def generic_order(self) -> list[t.Name]:
        """For layers in general: the quantities of the last layer, where the recursion starts, of layer k, `wrt`."""
        own = label_of(self.wrt.label) if self.wrt.label is not None else Label("", 0)
        order: dict[t.Name, None] = {}

        def climb(name: t.Name) -> None:
            for user in self.uses(name):
                later = user.label is None or label_of(user.label).number > own.number
                if user not in order and not later:
                    climb(user)
            order.setdefault(name)

        climb(self.wrt)
        generic = list(order)
        last = self._label(self.context.labels[own.letter][1]).tree
        start = [t.Name(name.text, last) for name in generic if self.equation(name) is not None]
        return [*start, *generic]

    # ----- shapes -----

    def rank(self, tree: t.Tree) -> int:
        """The number of axes of a quantity or of a part of a formula.

        Raises:
            InputError: it has no value by itself.
        """
        return len(self.shape(tree))

    def shape(self, tree: t.Tree) -> tuple[int, ...]:
        """The shape of a part of a formula in the instance with different sizes."""
        shape = self.instances.shape_of(tree, (tree,))
        if shape is None:
            raise InputError(f"derivation: {to_plain(tree)} has no value by itself; check {to_plain(self.of)}")
        return shape

    def size(self, number: int) -> t.Tree:
        """A size as it is called."""
        return self.instances.size_called(number)


def shifted(tree: t.Tree, letter: str, to: Label) -> t.Tree:
    """An equation for the layer `letter` at another layer: every label is counted out."""
    if isinstance(tree, t.Name | t.Call) and tree.label is not None:
        own = label_of(tree.label)
        if own.letter == letter:
            tree = replace(tree, label=Label(to.letter, own.number + to.number).tree)
    return rebuilt(tree, lambda child: shifted(child, letter, to))
