"""One named step of a network: an op and where its inputs come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jacobians.errors import InputError
from jacobians.op import Op
from jacobians.options import own_signature


@dataclass(frozen=True)
class Node:
    """`name = op(sources)`; a hidden node is a part of somebody's equation that has no name of its own."""

    name: str
    op: Op
    sources: Mapping[str, str]
    #: The right side in plain notation; also what a hidden node prints as.
    text: str = ""
    #: The named node in whose equation a hidden node stands; empty for a named node.
    part_of: str = ""
    #: The whole equation as it was written.
    line: str = field(default="", compare=False)

    @property
    def hidden(self) -> bool:
        """Whether it is a part of an equation without a name of its own."""
        return bool(self.part_of)

    @property
    def differentiable_sources(self) -> tuple[str, ...]:
        """The sources that it has a Jacobian by, each once; class indices, masks and the like are left out."""
        return tuple(dict.fromkeys(source for key, source in self.sources.items() if key not in self.op.data))

    @property
    def display(self) -> str:
        """What formulas call it."""
        return self.text if self.hidden else self.name

    @property
    def equation(self) -> str:
        """`z1 = W1 @ x + b1`, what error messages name."""
        return self.line or f"{self.part_of or self.name} = {self.text or self.call}"

    @property
    def call(self) -> str:
        """`linear(x, W1, b1)`, with the options that are not the default ones: `softmax(z, axis=0)`."""
        if function := getattr(self.op, "function", ""):  # nobody defined it: g(z)
            return f"{function}({', '.join(self.sources.values())})"
        cls: type = type(self.op)
        defaults = {key: p.default for key, p in own_signature(cls).parameters.items()}
        chosen = {key: getattr(self.op, key, default) for key, default in defaults.items()}
        options = [f"{k}={_option(v)}" for k, v in chosen.items() if repr(v) != repr(defaults[k])]
        return f"{self.op.name}({', '.join([*self.sources.values(), *options])})"


def _option(value: Any) -> str:
    """An option in the language of models: `true`, `[1, 2]`, `same`."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(_option, value))}]"
    return str(value)


def node(name: str, op: Op, /, **sources: str) -> Node:
    """A node for `Model(...)`: `node("z1", Linear(), x="x", W="W1", b="b1")`.

    Raises:
        InputError: no op.
    """
    if not isinstance(op, Op):
        raise InputError(f"node {name}: expected an op such as Tanh(), with brackets; got {op!r}")
    made = Node(name, op, sources)
    return Node(name, op, sources, made.call)
