r"""LaTeX as our printers write it, taken apart into what TeX calls a math list: atoms with scripts, fractions, fences.

Everything about the look of a formula is decided on this list: how wide it is, where it may break. It is made from the
LaTeX, not from the tree, so that it sees the very signs that the reader's notation has put in.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

Kind = Literal["letter", "operator", "binary", "relation", "open", "close", "comma", "space"]

_TOKENS = re.compile(r"\\[A-Za-z]+|\\.|:=|\s+|.", re.DOTALL)
BINARY = frozenset(r"+ - * \odot \circ \cdot \times \otimes \ast \star \pm".split())
RELATIONS = frozenset(r"= < > : \le \ge \ne \in \to \mapsto := \coloneqq \approx \equiv \sim".split())
#: Large signs whose limits stand below and above in a displayed formula.
LARGE = frozenset(r"\sum \prod \max \min".split())
FUNCTIONS = frozenset(r"\exp \log \ln \sin \cos \tan \arctan \sinh \cosh \tanh \det \operatorname".split()) | LARGE
#: Widths of explicit spaces, in em.
SPACES = {r"\,": 1 / 6, r"\:": 2 / 9, r"\;": 5 / 18, r"\ ": 1 / 3, r"\!": -1 / 6, r"\quad": 1, r"\qquad": 2, "~": 1 / 3}
OPENING = frozenset(("(", "[", r"\{", r"\langle", r"\lVert", r"\lvert", r"\lbrace"))
CLOSING = frozenset((")", "]", r"\}", r"\rangle", r"\rVert", r"\rvert", r"\rbrace"))
FRACTIONS = frozenset((r"\frac", r"\tfrac", r"\dfrac"))
TEXTS = frozenset((r"\text", r"\mbox", r"\textbf", r"\textit"))
#: Commands with one argument: fonts, accents, roots.
COVERS = frozenset(
    r"\mathrm \mathbf \mathbb \mathcal \boldsymbol \operatorname \mathsf \mathit \hat \bar \tilde \vec \sqrt"
    r" \underline \overline \substack".split()
)
#: Commands that only say how something is set, and draw nothing.
SILENT = frozenset((r"\limits", r"\nolimits", r"\displaystyle", r"\textstyle", r"\nonumber"))
SIZED = re.compile(r"\\[bB]igg?([lrm])")


class Node:
    """A piece of a formula."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Sign(Node):
    """One character or command."""

    tex: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Group(Node):
    """`{...}`, or a whole formula: items, where each starts in the source, and where the last one ends."""

    items: tuple[Node, ...]
    starts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Scripts(Node):
    """A base with what stands above and below it."""

    base: Node
    above: tuple[Node, ...]
    below: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Fraction(Node):
    r"""`\frac{a}{b}`, or in small type `\tfrac{a}{b}`."""

    above: Node
    below: Node
    small: bool


@dataclass(frozen=True, slots=True)
class Cover(Node):
    r"""A command with one argument: `\hat{x}`, `\mathbf{x}`, `\sqrt{x}`."""

    command: str
    body: Node


@dataclass(frozen=True, slots=True)
class Words(Node):
    r"""`\text{...}`."""

    text: str


@dataclass(frozen=True, slots=True)
class Fence(Node):
    r"""`\left( ... \right)`."""

    left: str
    right: str
    body: Group


@dataclass(frozen=True, slots=True)
class Table(Node):
    r"""`\begin{bmatrix} ... \end{bmatrix}` and its like: rows of cells."""

    name: str
    rows: tuple[tuple[Group, ...], ...]


@lru_cache(maxsize=4096)
def math_list(tex: str) -> Group:
    """The formula taken apart; a command that is not known here counts as a letter."""
    return _Reader(tex).group()


class _Reader:
    """Reads one formula from left to right."""

    def __init__(self, tex: str) -> None:
        found = list(_TOKENS.finditer(tex))
        self.tokens = [token.group() for token in found] + [""]
        self.offsets = [token.start() for token in found] + [len(tex)]
        self.place = 0

    @property
    def token(self) -> str:
        return self.tokens[self.place]

    def advance(self) -> str:
        token = self.token
        self.place = min(self.place + 1, len(self.tokens) - 1)
        return token

    def skip_space(self) -> None:
        while self.token.isspace() or self.token in SILENT:
            self.advance()

    def group(self, *ends: str) -> Group:
        """Items up to one of the tokens `ends`, which stays."""
        items: list[Node] = []
        starts: list[int] = []
        self.skip_space()
        while self.token and self.token not in ends:
            starts.append(self.offsets[self.place])
            items.append(self.scripted(items))
            self.skip_space()
        return Group(tuple(items), (*starts, self.offsets[self.place]))

    def scripted(self, before: Sequence[Node]) -> Node:
        """An item with its primes, subscripts and superscripts."""
        base = Group((), ()) if self.token in "^_" else self.item(before)
        above: list[Node] = []
        below: list[Node] = []
        while self.token and self.token in "^_'":
            sign = self.advance()
            if sign == "'":
                above.append(Sign(r"\prime", "letter"))
            else:
                (above if sign == "^" else below).append(self.argument())
        return Scripts(base, tuple(above), tuple(below)) if above or below else base

    def argument(self) -> Node:
        self.skip_space()
        return self.item(())

    def item(self, before: Sequence[Node]) -> Node:
        token = self.advance()
        if token == "{":
            inner = self.group("}")
            self.advance()
            return inner
        if token in FRACTIONS:
            above = self.argument()
            return Fraction(above, self.argument(), token == r"\tfrac")
        if token in TEXTS:
            return Words(self.raw())
        if token in COVERS:
            return Cover(token, self.argument())
        if token == r"\left":
            return self.fence()
        if token == r"\begin":
            return self.table()
        if sized := SIZED.fullmatch(token):
            return Sign(token + self.advance(), {"l": "open", "r": "close", "m": "relation"}[sized[1]])  # type: ignore[arg-type]
        return Sign(token, _kind(token, before))

    def raw(self) -> str:
        """The text between braces as it stands."""
        self.skip_space()
        self.advance()
        depth, start = 1, self.place
        while self.token and (depth := depth + (self.token == "{") - (self.token == "}")):
            self.advance()
        text = "".join(self.tokens[start : self.place])
        self.advance()
        return text

    def fence(self) -> Fence:
        self.skip_space()
        left = self.advance()
        body = self.group(r"\right")
        self.advance()
        self.skip_space()
        return Fence(left, self.advance(), body)

    def table(self) -> Table:
        name = self.raw()
        if name == "array":
            self.raw()
        rows: list[list[Group]] = [[]]
        while self.token:
            rows[-1].append(self.group("&", r"\\", r"\end"))
            if (end := self.advance()) == r"\\":
                rows.append([])
            elif end != "&":
                break
        self.raw()
        return Table(name, tuple(tuple(row) for row in rows if any(cell.items for cell in row)))


def _kind(token: str, before: Sequence[Node]) -> Kind:
    """What a sign is, which for + and - depends on what stands before it."""
    if token in BINARY:
        last = before[-1] if before else None
        unary = last is None or (isinstance(last, Sign) and last.kind in ("binary", "relation", "open", "comma"))
        return "letter" if unary else "binary"
    tables: tuple[tuple[frozenset[str] | dict[str, float], Kind], ...] = (
        (RELATIONS, "relation"),
        (FUNCTIONS, "operator"),
        (SPACES, "space"),
        (OPENING, "open"),
        (CLOSING, "close"),
    )
    if token in (",", ";"):
        return "comma"
    return next((kind for table, kind in tables if token in table), "letter")
