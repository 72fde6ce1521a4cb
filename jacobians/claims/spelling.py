"""What subscripts of a document mean: `z_1` and `h_t` name a layer or a step, `W_h` is a name, `x_i` is an entry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from jacobians.claims.named import names_in, statement_name
from jacobians.notation import tree as t
from jacobians.notation.symbols import Symbols


def spelled(statements: Iterable[t.Tree]) -> Symbols:
    """The names with subscripts, found from how the whole document uses them.

    A name that stands with one number below and never otherwise is one for every number; one that is defined from its
    own last value, `h_t = f(h_{t-1})`, is one for every step, and so is what has that letter below beside it; the same
    above, as in `z^l = W^l a^{l-1}`.
    """
    trees = list(statements)
    uses = _Uses(trees)
    found = Symbols()
    steps = set(_steps(trees))
    layers = set(_layers(trees))
    found.labels.update(steps | layers)
    for power in _powers(trees):
        if layers and _is_step(power.right, layers | {"L"}):
            found.labelled.add(_base(power.left))
            found.labels.update({"L"} & {part.text for part in power.right.walk() if isinstance(part, t.Name)})
    for name, below in uses.below.items():
        if name in uses.bare:
            continue
        if all(isinstance(k, t.Number) for k in below) or (steps and all(_is_step(k, steps) for k in below)):
            found.labelled.add(name)
    for name in uses.below:
        words = {k.text for k in uses.below[name] if isinstance(k, t.Name) and k.text in uses.quantities - steps}
        if name[:1].isupper() or name == "b":
            found.quantities.update(dict.fromkeys(f"{name}_{word}" for word in words))
    return found


class _Uses:
    """How each name is used: with which single subscripts, and whether also without or with more of them."""

    def __init__(self, trees: list[t.Tree]) -> None:
        self.below: dict[str, list[t.Tree]] = {}
        self.bare: set[str] = set()
        for tree in trees:
            self._note(tree)
        self.quantities = {name.text for tree in trees for name in names_in(tree)}

    def _note(self, tree: t.Tree) -> None:
        if isinstance(tree, t.Index) and isinstance(tree.array, t.Name) and tree.array.label is None:
            if len(tree.indices) == 1:
                self.below.setdefault(tree.array.text, []).append(tree.indices[0])
            else:
                self.bare.add(tree.array.text)
            children: Iterable[t.Tree] = tree.indices
        elif isinstance(tree, t.Name):
            self.bare.add(tree.text)
            children = tree.children
        else:
            children = tree.children
        for child in children:
            if not (isinstance(tree, t.Index) and isinstance(child, t.Name | t.Number)):
                self._note(child)


def _steps(trees: Iterable[t.Tree]) -> Iterator[str]:
    """Letters of recurrences: t of `h_t = tanh(W h_{t-1})`."""
    for tree in trees:
        if not isinstance(tree, t.Chain) or not isinstance(tree.parts[0], t.Index) or len(tree.parts[0].indices) != 1:
            continue
        head, letter = statement_name(tree.parts[0]), tree.parts[0].indices[0]
        for part in tree.parts[1].walk():
            own = isinstance(part, t.Index) and statement_name(part) == head
            if own and isinstance(letter, t.Name) and _is_shifted(part.indices[0], letter):  # type: ignore[attr-defined]
                yield letter.text


def _layers(trees: Iterable[t.Tree]) -> Iterator[str]:
    """Letters above a name on the left side, with the one before them above a name on the right side."""
    for tree in trees:
        if isinstance(tree, t.Chain):
            for head in _powers([tree.parts[0]]):
                letter = head.right
                before = (_is_shifted(power.right, letter) for power in _powers(tree.parts[1:]))
                if isinstance(letter, t.Name) and any(before):
                    yield letter.text


def _powers(trees: Iterable[t.Tree]) -> Iterator[t.Binary]:
    """What looks like powers of names, and of their entries."""
    for tree in trees:
        for part in tree.walk():
            if isinstance(part, t.Binary) and part.op == "^" and _base(part.left):
                yield part


def _base(tree: t.Tree) -> str:
    name = statement_name(tree)
    return name.text if name is not None and name.label is None else ""


def _is_shifted(tree: t.Tree, letter: t.Tree) -> bool:
    return isinstance(tree, t.Binary) and tree.op in "+-" and tree.left == letter and isinstance(tree.right, t.Number)


def _is_step(tree: t.Tree, steps: set[str]) -> bool:
    """`t`, `t - 1`, `3`, `t_k`: never any other letter by itself."""
    if isinstance(tree, t.Index):
        tree = tree.array
    names = {part.text for part in tree.walk() if isinstance(part, t.Name)}
    return names <= steps and all(isinstance(part, t.Name | t.Number | t.Binary) for part in tree.walk())
