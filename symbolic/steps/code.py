"""A derivation as a short function of named arrays, for NumPy, PyTorch and JAX: the forward pass, then part by part."""

from __future__ import annotations

import keyword
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from jacobians.errors import InputError
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from jacobians.notation.names import with_layer
from jacobians.notation.to_plain import to_plain
from symbolic.steps.arrays import NoMatrixFormError, length
from symbolic.steps.code_arrays import ArrayCode, NoCodeError, no_code
from symbolic.steps.code_entries import EntryCode
from symbolic.steps.code_tables import JAX, NUMPY, TORCH, Library
from symbolic.steps.components import indices
from symbolic.steps.derivation import Part
from symbolic.steps.graph import Graph, label_of
from symbolic.steps.index import signal_of
from symbolic.steps.normal_form import Arrays

if TYPE_CHECKING:
    from symbolic.steps.derivation import Derivation

LIBRARIES = {library.name: library for library in (NUMPY, TORCH, JAX)}


def source(derivation: Derivation, library: str) -> str:
    """The function as text: it needs nothing but the library.

    Raises:
        InputError: the derivation is of another style than "matrix", or a formula of it has no short code.
    """
    of, wrt = to_plain(derivation.of), to_plain(derivation.wrt)
    if derivation.style != "matrix":
        raise InputError(
            f"derivation: code is made from style='matrix', got {derivation.style!r}; call "
            f"symbolic.derivation(model, {of!r}, {wrt!r}, style='matrix')"
        )
    undefined = [f for f in derivation.context.functions if derivation.context.functions[f].kind != "defined"]
    if undefined:
        raise InputError(
            f"derivation: there is no code for {' and '.join(undefined)}, which nobody defined; "
            "write known functions such as tanh and norm(z - y)^2 into the equations"
        )
    try:
        return _Function(derivation, LIBRARIES[library]).text()
    except (NoCodeError, NoMatrixFormError) as error:
        raise InputError(
            f"derivation: there is no short code for d {of} / d {wrt}: {error}; "
            f"take model.plan({of!r}, {wrt!r}).source()"
        ) from None


@dataclass(frozen=True)
class _Statement:
    """`target = value` with the lines that it needs before it; what it stands for, and what it reads."""

    stands_for: tuple[t.Tree, ...]
    target: str
    value: str
    before: tuple[str, ...]
    reads: tuple[t.Tree, ...]
    sizes: dict[str, str]


@dataclass
class _Function:
    """The statements of a function, and its frame."""

    derivation: Derivation
    library: Library
    variables: dict[t.Tree, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        derivation = self.derivation
        assert isinstance(derivation.of, t.Name)
        assert isinstance(derivation.wrt, t.Name)
        self.graph = Graph(replace(derivation.context, varying=None), derivation.of, derivation.wrt)
        self.arrays = Arrays(self.graph)
        self.of, self.wrt = self.graph.of, self.graph.wrt
        context = self.graph.context
        names = context.model.leaves if context.model is not None else context.leaves
        self.leaves = {t.Name(name): None for name in names}
        for name in self.leaves:
            self.variables[name] = identifier(name)

    def text(self) -> str:
        """The whole text."""
        for part in self.derivation.parts:  # what a line names is computed before it
            for step in part.steps:
                for name in self.graph.names(step.line):
                    self.variables.setdefault(name, identifier(name))
        backward = [self.statement(part) for part in self.derivation.parts]
        needed = self.needed(backward)
        forward = self.forward([name for one in needed for name in one.reads if isinstance(name, t.Name)])
        reads = {name for one in (*forward, *needed) for name in one.reads}
        *body, last = [*forward, *needed]
        sizes = {size: value for one in (*body, last) for size, value in one.sizes.items()}
        lines = [f"{size} = {value}" for size, value in sizes.items()]
        lines += [line for one in body for line in (*one.before, f"{one.target} = {one.value}")]
        lines += [*last.before, f"return {last.value}"]
        arguments = [name for name in self.leaves if name in reads]
        head = f"def {self.name()}({', '.join(self.variables[name] for name in arguments)}):"
        text = (part for line in self.docstring(arguments) for part in wrapped(line))
        inside = "\n".join(f"    {line}".rstrip() for line in (*text, *lines))
        return f"{self.library.imports}\n\n\n{head}\n{inside}\n"

    def name(self) -> str:
        """`gradient_L_by_W1`; of a vector `jacobian_z2_by_x`."""
        what = "jacobian" if self.graph.rank(self.of) else "gradient"
        return f"{what}_{identifier(self.of)}_by_{identifier(self.wrt)}"

    def docstring(self, arguments: list[t.Name]) -> Iterator[str]:
        """The formula, the layout, the shapes."""
        of, wrt = to_plain(self.of), to_plain(self.wrt)
        if self.graph.rank(self.of):
            yield f'"""The Jacobian of {of} by {wrt}: outputs first (numerator layout).'
        else:
            yield f'"""The gradient of {of} by {wrt}, in the shape of {wrt}.'
        yield ""
        yield f"Formula: {to_plain(self.derivation.parts[-1].head)} = {to_plain(self.derivation.result)}"
        result = ([self.of] if self.graph.rank(self.of) else []) + [self.wrt]
        shapes = ", ".join(f"{self.variables[name]} {self.shape(name)}" for name in arguments)
        axes = " x ".join(x for name in result for x in self.sizes(name))
        yield f"Shapes:  {shapes} -> ({axes})"
        yield '"""'

    def sizes(self, name: t.Name) -> list[str]:
        """The sizes of a quantity as they are called."""
        return [to_plain(self.graph.size(number)) for number in self.graph.shape(name)]

    def shape(self, name: t.Name) -> str:
        return f"({' x '.join(self.sizes(name))})"

    # ----- the parts -----

    def statement(self, part: Part) -> _Statement:
        """The shortest line of a part that has code.

        Raises:
            NoCodeError: none has.
        """
        name = part.title.facts["by"]
        assert isinstance(name, t.Name)
        problems: dict[t.Tree, InputError] = {}
        derivatives = (c.Gradient, c.Partial)
        lines = [step.line for step in part.steps if not isinstance(step.line, derivatives) or len(part.steps) == 1]
        for line in sorted(lines, key=length):
            try:
                made = self.coded(part.head, line)
            except (NoCodeError, NoMatrixFormError) as error:
                problems[line] = error
                continue
            return self.named(name, made)
        raise problems[part.result]

    def coded(self, head: t.Tree, line: t.Tree) -> tuple[str, ArrayCode]:
        """The code of a line: of whole arrays, or of entries where the head is one."""
        code = self.code()
        axes = indices(head)
        if isinstance(head, c.Partial):
            axes = (*indices(head.of), *indices(head.by))
        if not axes and not _by_entries(line):
            return code.text(line), code
        letters = tuple(x.text for x in axes if isinstance(x, t.Name))
        return EntryCode(code, self.counted(head, line)).array(line, letters), code

    def code(self) -> ArrayCode:
        like = self.variables[next(iter(self.leaves))]
        return ArrayCode(self.arrays, self.library, self.variables, like)

    def counted(self, *trees: t.Tree) -> dict[str, tuple[t.Tree, int]]:
        """What each letter counts: an axis of an argument, else of a derivative that was found before."""
        arguments: dict[str, tuple[t.Tree, int]] = {}
        derivatives: dict[str, tuple[t.Tree, int]] = {}
        for part in (part for tree in trees for part in tree.walk()):
            if isinstance(part, t.Index) and isinstance(part.array, t.Name):
                gradient = c.Gradient(part.array, self.of)
                found, known = (arguments, part.array) if part.array in self.leaves else (derivatives, gradient)
                for axis, index in enumerate(part.indices):
                    if isinstance(index, t.Name) and known in self.variables:
                        found.setdefault(index.text, (known, axis))
        return derivatives | arguments

    def named(self, name: t.Name, made: tuple[str, ArrayCode]) -> _Statement:
        """The derivative by a quantity under the name of its error signal, or as dL_da1."""
        signal = signal_of(self.graph, name)
        signs = (c.Gradient(name, self.of), c.Partial(self.of, name), *([signal] if signal is not None else []))
        target = identifier(signal) if signal is not None else f"d{identifier(self.of)}_d{identifier(name)}"
        for sign in signs:
            self.variables[sign] = target
        value, code = made
        return _Statement(signs, target, value, tuple(code.before), tuple(code.used), code.sizes)

    def needed(self, statements: list[_Statement]) -> list[_Statement]:
        """The statements that the last one depends on."""
        read = set(statements[-1].stands_for)
        kept: list[_Statement] = []
        for one in reversed(statements):
            if read & set(one.stands_for):
                kept.insert(0, one)
                read |= set(one.reads)
        return kept

    # ----- the forward pass -----

    def forward(self, names: list[t.Name]) -> list[_Statement]:
        """The equations of quantities and of what they depend on, each after those it depends on."""
        made: dict[t.Name, _Statement] = {}
        for name in names:
            self._compute(name, made)
        return list(made.values())

    def _compute(self, name: t.Name, made: dict[t.Name, _Statement]) -> None:
        expression = self.graph.equation(name)
        if name in made or expression is None:
            return
        for part in self.graph.names(expression):
            self.variables.setdefault(part, identifier(part))
            self._compute(part, made)
        code = self.code()
        letters = self.graph.entry_letters(name)
        if letters or _by_entries(expression):
            value = EntryCode(code, self.counted(expression)).array(expression, letters)
        else:
            value = code.text(expression)
        made[name] = _Statement((name,), self.variables[name], value, tuple(code.before), tuple(code.used), code.sizes)


def _by_entries(tree: t.Tree) -> bool:
    """Whether a formula is one of entries."""
    return any(isinstance(part, c.Sum | t.Index) for part in tree.walk())


def wrapped(line: str) -> list[str]:
    """A line of the docstring on as many lines as it needs, at the width of most editors."""
    return textwrap.wrap(line, 110, subsequent_indent=" " * 9, break_long_words=False, break_on_hyphens=False) or [""]


def identifier(name: t.Tree) -> str:
    """A name as Python takes it.

    Raises:
        NoCodeError: it is that of a layer in general.
    """
    assert isinstance(name, t.Name)
    text = name.text
    if name.label is not None:
        label = label_of(name.label)
        if label.letter:
            raise no_code(name, "belongs to a layer in general; ask for one layer, such as wrt='W1'")
        text = with_layer(text, str(label.number))
    return f"{text}_" if keyword.iskeyword(text) or text in ("np", "torch", "jax", "jnp", "e") else text
