r"""A context from text: declarations, equations and conventions, one a line.

n, m : size
x : n                          W : m x n
k : layer                      also `layer 1..4`, `step 0..3`; z_(k), W_(k) then stand for every layer
k : layer 3..1                 code loops from the last layer to the first
y : m one-hot                  domains: positive, probability, one-hot, binary, symmetric, class
g : function                   undefined, elementwise; `l : function -> scalar`, `f : function -> m`
z = W @ x + b                  in plain notation or LaTeX; by entries: `b_j = \sum_i w_{ji} x_i`
h(u) = max(0, u)               a function with an equation
loss is L                      conventions: see SENTENCES
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields, replace
from functools import partial
from typing import get_args, get_type_hints

from jacobians.claims.context import LAYERS, LOSSES, Context, Domain, Equation, Function, Leaf, Settings
from jacobians.claims.matching import substituted
from jacobians.claims.named import names_in
from jacobians.errors import MathSyntaxError, ModelError
from jacobians.notation.model_text import MAX_MODEL_LENGTH
from jacobians.notation.reading import parse
from jacobians.notation.tree import Binary, Call, Index, Name, Number, Tree

#: Domains by the words that say them.
DOMAINS: dict[str, Domain] = {word: word for word in get_args(Domain)}
LATEX = re.compile(r"\\[A-Za-z]|[_^]\{|\^[A-Za-z]")
DECLARATION = re.compile(r"(?P<names>[^:=]+?)\s*(?::(?!=)|\\in\b|∈|\bin\b)\s*(?P<what>.+)")
RANGE = re.compile(r"(layer|step|sample|label)s?(?:\s+(\d+)\s*\.\.\s*(\d+))?")
FUNCTION = re.compile(r"(?:(elementwise)\s+)?function(?:\s*(?:->|→|\\to)\s*(.+))?")
SENTENCE = re.compile(r"(?P<what>.+?)\s+(?:is|are)\s+(?P<value>.+)")

#: The setting that a sentence `what is value` sets; it takes the values that `Settings` has for it.
SENTENCES = {"*": "star", "·": "dot", "⊗": "otimes"} | {
    field.name: field.name for field in fields(Settings) if field.name not in ("star", "dot", "otimes")
}
#: Values that are said otherwise.
SAID: dict[str, dict[str, object]] = {
    "layout": {"function first": "mixed"},
    "indices": {"from 0": 0, "from 1": 1},
}
SAME = {r"\cdot": "·", r"\ast": "*", r"\otimes": "⊗"}


def read_context(text: str, start: Context | None = None) -> Context:
    """The context that a text describes, added to `start` where one is given.

    Raises:
        MathSyntaxError: a line that is none of the above, with its place.
        ModelError: a name that is introduced twice.
    """
    if len(text) > MAX_MODEL_LENGTH:
        raise ModelError(f"a context has at most {MAX_MODEL_LENGTH} characters, got {len(text)}; split it")
    context = start or Context()
    context = replace(context, text=text)
    lines = _lines(text)
    _declare_labels(context, [line for _, line in lines])
    for number, line in lines:  # declarations first: how equations are read depends on them
        if not _is_equation(line):
            _Line(context, line, number, text).declaration_or_sentence()
    for number, line in lines:
        if _is_equation(line):
            _Line(context, line, number, text).equation()
    _name_first_steps(context)
    _find_loss(context)
    return context


def _values(setting: str) -> tuple[object, ...]:
    """The values that a setting can have."""
    return get_args(get_type_hints(Settings)[setting])


def _lines(text: str) -> list[tuple[int, str]]:
    stripped = ((n, re.sub(r"(?<!\\)#.*", "", line).strip()) for n, line in enumerate(text.splitlines(), 1))
    return [(n, line) for n, line in stripped if line]


def _is_equation(line: str) -> bool:
    head = re.split(r"(?<![:<>!])=", line, maxsplit=1)
    return len(head) == 2 and DECLARATION.fullmatch(head[0].strip() + ": x") is not None and ":" not in head[0]


def _declare_labels(context: Context, lines: list[str]) -> None:
    """Letters in labels such as z_(k - 1) are layers, also where nobody says so."""
    for line in lines:
        for letter in re.findall(r"_\(\s*([a-z])\b", line) + re.findall(r"\^\{?[\[(]\s*([a-z])\b", line):
            if letter not in context.labels:
                context.labels[letter] = (1, LAYERS)


class _Line:
    """One line of a context."""

    def __init__(self, context: Context, line: str, number: int, text: str) -> None:
        self.context, self.line, self.number, self.text = context, line, number, text

    def fail(self, problem: str) -> MathSyntaxError:
        column = self.text.splitlines()[self.number - 1].find(self.line) + 1
        return MathSyntaxError(problem, self.text, self.number, max(column, 1))

    def parsed(self, text: str) -> Tree:
        """A part of the line: both sides of an equation in one notation; `W x` without a sign is LaTeX too."""
        from jacobians.notation.latex_parser import parse_latex

        readers: list[Callable[[str], Tree]] = [parse, partial(parse_latex, symbols=self.context.symbols())]
        first: MathSyntaxError | None = None
        for read in readers[::-1] if LATEX.search(self.line if _is_equation(self.line) else text) else readers:
            try:
                return read(text)
            except MathSyntaxError as error:
                first = first or error
        assert first is not None
        raise self.fail(first.problem)

    # ----- declarations and sentences -----

    def declaration_or_sentence(self) -> None:
        if sentence := SENTENCE.fullmatch(self.line):
            self.sentence(sentence["what"].strip(), sentence["value"].strip())
            return
        found = DECLARATION.fullmatch(self.line)
        if found is None:
            raise self.fail("expected a declaration `x : 3`, an equation `z = W @ x`, or a sentence `vectors are rows`")
        what = found["what"].strip()
        for name in found["names"].split(","):
            self.declare(name.strip(), what)

    def sentence(self, what: str, value: str) -> None:
        what = SAME.get(what, what)
        if what in ("loss", "the loss"):
            self.context.loss = _plain_name(self.parsed(value))
            return
        if what == "samples":
            self.context.samples = self.parsed(value)
            return
        if what not in SENTENCES:
            raise self.fail(f"expected one of {', '.join(SENTENCES)} or loss before `is`, got {what!r}")
        name = SENTENCES[what]
        values = {**{v: v for v in _values(name) if isinstance(v, str)}, **SAID.get(name, {})}
        value = value.replace("element-wise", "elementwise").replace("matrix multiplication", "matrix product")
        if value not in values:
            raise self.fail(f"{what} is {' or '.join(values)}, got {value!r}")
        self.context.stated.add(name)
        self.context.settings = replace(self.context.settings, **{name: values[value]})  # type: ignore[arg-type]

    def declare(self, name: str, what: str) -> None:
        if what == "samples":
            self.context.sizes[name] = None
            self.context.samples = Name(name)
            return
        if found := RANGE.fullmatch(what):
            first, last = int(found[2] or 1), int(found[3] or LAYERS)
            self.context.labels[name] = (min(first, last), max(first, last))
            self.context.descending |= {name} if first > last else set()
            return
        if re.fullmatch("last (layer|step|sample|label)", what):
            self.context.labels[name] = (LAYERS, LAYERS)
            return
        if what == "size" or re.fullmatch(r"size\s+\d+", what):
            number = re.search(r"\d+", what)
            self.context.sizes[name] = int(number[0]) if number else None
            return
        if found := FUNCTION.fullmatch(what):
            self.function(name, found[2])
            return
        self.leaf(name, what)

    def function(self, name: str, result: str | None) -> None:
        name = _plain_name(self.parsed(name))
        if result is None:
            self.context.functions[name] = Function(name, "elementwise")
        elif result in ("scalar", "R", "number"):
            self.context.functions[name] = Function(name, "number")
        else:
            self.context.functions[name] = Function(name, "vector", self.parsed(re.sub(r"^R\^", "", result)))

    def leaf(self, name: str, what: str) -> None:
        words = what.replace("\\times", "x").replace("×", "x").split()
        domain: Domain = "real"
        row = False
        while words and words[-1] in (*DOMAINS, "row", "column"):
            word = words.pop()
            row, domain = (True, domain) if word == "row" else (row, DOMAINS.get(word, domain))
        base, label = _base(_with_subscript(self.parsed(name)))
        if not base:
            raise self.fail(f"expected a name before the colon, got {name!r}")
        sizes = self.sizes(" ".join(words))
        self.context.leaves[base] = Leaf(base, sizes, domain, row, label, self.number)

    def sizes(self, text: str) -> tuple[Tree | None, ...]:
        text = re.sub(r"^(?:\\mathbb\s*\{?R\}?|R)\s*(?:\^|$)", "", text.strip()).strip()
        text = text[1:-1] if text[:1] in ("{", "(") and text[-1:] in ("}", ")") else text
        if text in ("scalar", "number", ""):
            return ()
        parts = re.split(r"\s*,\s*|(?<=[\s\d)])x(?=[\s\d])", text)
        return tuple(self.size(part.strip()) for part in parts)

    def size(self, text: str) -> Tree:
        tree = self.parsed(text)
        for part in tree.walk():
            if not isinstance(part, Number | Name | Binary):
                raise self.fail(f"expected a size: a number or a name, got {text!r}")
        if isinstance(tree, Number) and (not tree.text.isdigit() or int(tree.text) < 1):
            raise self.fail(f"expected a size: a whole number from 1, got {text!r}")
        for name in names_in(tree):
            if name.label is None and name.text not in self.context.labels:
                self.context.sizes.setdefault(name.text, None)
        return tree

    # ----- equations -----

    def equation(self) -> None:
        left, right = re.split(r":?(?<![<>!])=", self.line, maxsplit=1)
        head = self.parsed(left.strip())
        if isinstance(head, Call) and head.function == "kronecker":  # an error signal that is defined by entries
            head = Index(Name("delta"), head.args)
        if isinstance(head, Call):
            parameters = tuple(a.text for a in head.args if isinstance(a, Name))
            if len(parameters) != len(head.args):
                raise self.fail("expected names in the brackets of a function that is defined")
            name = head.function + "'" * head.primes  # what a prime means may be defined too
            self.context.functions[name] = Function(name, "defined", None, parameters, self.parsed(right.strip()))
            return
        whole, indices = head, tuple[str, ...]()
        if isinstance(head, Index):
            indices = tuple(k.text for k in head.indices if isinstance(k, Name))
            if len(indices) != len(head.indices):
                raise self.fail("expected index letters on the left side of an equation by entries")
            head = head.array
        body = self.parsed(right.strip())
        if indices and not {part.text for part in body.walk() if isinstance(part, Name)} & set(indices):
            head, indices = _with_subscript(whole), ()  # E_n = ... without an n on the right: n is part of the name
        base, label = _base(head)
        if not base:
            raise self.fail("expected a name on the left side, as in z = W @ x + b")
        try:
            self.context.define(Equation(base, body, indices, self.line, self.number, label))
        except ModelError as error:
            raise self.fail(str(error)) from None


def _with_subscript(tree: Tree) -> Tree:
    """What is declared has a name: `W_{f}^{(k)}` is W_f with the label k, no entry of W."""
    if isinstance(tree, Index) and isinstance(tree.array, Name) and len(tree.indices) == 1:
        (subscript,) = tree.indices
        if isinstance(subscript, Name | Number) and "_" not in tree.array.text:
            return Name(f"{tree.array.text}_{subscript.text}", tree.array.label, span=tree.span)
    return tree


def _base(tree: Tree) -> tuple[str, str | None]:
    """The name, and the letter of its label."""
    if not isinstance(tree, Name):
        return "", None
    if tree.label is None:
        return tree.text, None
    if isinstance(tree.label, Name):
        return tree.text, tree.label.text
    return "", None


def _plain_name(tree: Tree) -> str:
    return tree.text if isinstance(tree, Name) else ""


def _name_first_steps(context: Context) -> None:
    """`h_0 : 3` is the first of the h_(t) where there are such, which formulas know as h0."""
    parts = {name: name.rpartition("_") for name in context.leaves}
    numbered = {name: (base, number) for name, (base, _, number) in parts.items() if number.isdigit()}
    first = {name: base + number for name, (base, number) in numbered.items() if context.is_generic(base)}
    context.leaves = {first.get(n, n): replace(leaf, name=first.get(n, n)) for n, leaf in context.leaves.items()}
    renamed: dict[str, Tree] = {name: Name(text) for name, text in first.items()}
    for key, e in context.equations.items():
        context.equations[key] = replace(e, expression=substituted(e.expression, renamed))


def _find_loss(context: Context) -> None:
    if not context.loss:
        context.loss = next((name for name in LOSSES if name in context.equations), "")
