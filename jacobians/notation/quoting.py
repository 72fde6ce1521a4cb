"""Printers that quote: what the reader wrote is taken from the source, what is new gets the reader's signs."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

from jacobians.notation.latex_names import Scripted
from jacobians.notation.latex_spelling import TRANSPOSE, base_of, head_of, scripts_of
from jacobians.notation.names import split_name
from jacobians.notation.places import Places, Surface, missing_braces
from jacobians.notation.plain_lexer import LETTERS
from jacobians.notation.to_code import CodeWriter
from jacobians.notation.to_latex import SIGNS, LatexWriter
from jacobians.notation.to_latex_calculus import ATOM, DOTTED, FRACTION, IMPLICIT, REACHING
from jacobians.notation.to_plain import ATOM as UNIT
from jacobians.notation.to_plain import POSTFIX, RELATION, PlainWriter, Written
from jacobians.notation.tree import Binary, Call, Index, Iverson, Juxtaposition, Name, Transpose, Tree
from jacobians.notation.tree_calculus import Partial

#: A sign between two factors or terms, as the gap between them shows it.
SIGN = re.compile(r"\\(?:odot|circ|ast|star|cdot|cdotp|times|otimes|bullet)(?![A-Za-z])|[-+@⊙·⋅⊗∘×/∗∙⋆]|\.?\*\*?|\^|−")


TO_GREEK = {name: letter for letter, name in reversed(LETTERS.items()) if name != "R"}


class Piece(NamedTuple):
    """The text of a part, without brackets around it, and how tightly it binds."""

    level: int
    text: str


#: What the source has for a part of the edited tree, None where it is new.
Quotes = Callable[[Tree], Piece | None]


class _Quoting:
    """What the three writers have in common; it stands before the writer in the order of base classes."""

    places: Places
    quotes: Quotes
    _asked: dict[int, int] | None = None

    def text(self, tree: Tree, needed: int = 0) -> str:
        """The tree where something that binds as tightly as `needed` is expected."""
        if self._asked is not None:
            self._asked[id(tree)] = max(needed, self._asked.get(id(tree), 0))
            return "x"
        level, text = self.quotes(tree) or self.written(tree)  # type: ignore[attr-defined]
        if self.fits(Piece(level, text), needed):
            return str(text)
        own = self.places.outer.get(id(tree)) if id(tree) in self.places.quotable else None
        if own and own != self.places.range(tree):
            return self.places.outer_text(tree)
        return str(self.brackets(text))  # type: ignore[attr-defined]

    def fits(self, piece: Piece, needed: int) -> bool:
        """Whether it needs no brackets where something that binds as tightly as `needed` is expected."""
        return piece.level >= needed

    def needs(self, tree: Tree, like: Tree) -> dict[int, int]:
        """How tightly each part of the tree must bind at its place, written like that part of the source."""
        return self._recorded(tree)[1]

    def level(self, tree: Tree) -> int:
        """How tightly it binds when it is printed."""
        return self._recorded(tree)[0]

    def _recorded(self, tree: Tree) -> tuple[int, dict[int, int]]:
        """The level of the tree, and what its writer asks of the parts, with a letter for each of them."""
        before, self._asked = self._asked, {}
        try:
            level, _ = self.written(tree)  # type: ignore[attr-defined]
            return level, self._asked
        finally:
            self._asked = before

    def level_in_source(self, tree: Tree) -> int:
        """How tightly it binds as the reader wrote it."""
        raise NotImplementedError

    def gap_of(self, tree: Tree) -> str | None:
        """What stands between the two operands of a part of the source, brackets apart."""
        if not isinstance(tree, Binary | Juxtaposition) or not (tree.left.span and tree.right.span and tree.span):
            return None
        left, right, whole = (
            self.places.outer[id(tree.left)],
            self.places.outer[id(tree.right)],
            self.places.range(tree),
        )
        if left.begin != whole.begin or right.end != whole.end or left.end > right.begin:
            return None
        return self.places.source[left.end : right.begin]

    def between(self, tree: Binary | Juxtaposition) -> str:
        """The sign of a part with its blanks, as the reader writes it."""
        raise NotImplementedError

    def gaps(self) -> dict[str, str]:
        """The reader's signs with their blanks, by operator; the product without a sign is the empty one."""
        found: dict[str, str] = {}
        for part in self.places.parts.values():
            gap = self.gap_of(part)
            if gap is not None and (not gap.strip() or SIGN.fullmatch(gap.strip())):
                found.setdefault(part.op if isinstance(part, Binary) else "", gap)
        return found


class QuotingPlainWriter(_Quoting, PlainWriter):
    """Plain text, and Unicode: Greek letters where the reader has some."""

    def __init__(self, places: Places, quotes: Quotes) -> None:
        self.places, self.quotes = places, quotes
        self.signs = self.gaps()
        self.transposed = next((sign for sign in ("ᵀ", "^T", "^⊤") if sign in places.source), ".T")
        self.greek = TO_GREEK if set(places.source) & set(LETTERS) else {}

    def level_in_source(self, tree: Tree) -> int:
        return self.level(tree)

    def sign(self, op: str) -> str:
        return self.signs.get(op) or super().sign(op)

    def between(self, tree: Binary | Juxtaposition) -> str:
        return self.sign(tree.op) if isinstance(tree, Binary) else " "

    def name(self, tree: Name) -> Written:
        return UNIT, self.spelled(tree.text) + self.label(tree.label)

    def spelled(self, name: str) -> str:
        """With a Greek letter where the reader writes such."""
        base = _base(name)
        return self.greek.get(base, base) + name.removeprefix(base)

    def transpose(self, tree: Transpose) -> Written:
        return POSTFIX, self.postfix_operand(tree.operand) + self.transposed


class QuotingCodeWriter(_Quoting, CodeWriter):
    """NumPy or PyTorch code; a product is `np.dot` where the reader has it so."""

    def __init__(self, places: Places, quotes: Quotes) -> None:
        self.places, self.quotes = places, quotes
        self.signs = self.gaps()
        module = re.search(r"\b(np|numpy|jnp|torch|tf|cp|xp)\.", places.source)
        self.module = module[1] if module else "np"
        self.dot = re.search(rf"\b{self.module}\.(dot|matmul|mm)\(", places.source)

    def level_in_source(self, tree: Tree) -> int:
        """A call is one unit, whatever it stands for; conditions bind loosest."""
        text, gap = self.places.text(tree), self.gap_of(tree)
        if isinstance(tree, Iverson) or (gap or "").strip() == "&" or (isinstance(tree, Call) and " if " in text):
            return RELATION
        is_call = isinstance(tree, Binary) and (gap is None or gap[0] == ".")
        return UNIT if is_call else self.level(tree)

    def sign(self, op: str) -> str:
        return self.signs.get(op) or super().sign(op)

    def between(self, tree: Binary | Juxtaposition) -> str:
        return self.sign(tree.op) if isinstance(tree, Binary) else " "

    def binary(self, tree: Binary) -> Written:
        if tree.op == "@" and self.dot and "@" not in self.signs:
            return UNIT, f"{self.dot[0]}{self.list((tree.left, tree.right))})"
        return super().binary(tree)

    def spelled(self, name: str) -> str:
        """As it is."""
        return name

    def option(self, key: str) -> str:
        return {"axis": "dim", "keepdims": "keepdim"}.get(key, key) if self.module == "torch" else key


class QuotingLatexWriter(_Quoting, LatexWriter):
    """LaTeX: the reader's fonts, signs of products and transposes, and brackets of labels."""

    def __init__(self, places: Places, quotes: Quotes) -> None:
        super().__init__(sized=r"\left" in places.source)
        self.places, self.quotes = places, quotes
        self.signs = self.gaps()
        self.gap = self.signs.get("") or " "
        parts = [part for key, part in places.parts.items() if key in places.quotable]
        transposes = [
            found[-1] for part in parts if isinstance(part, Transpose) for found in [self._signs_of(part)] if found
        ]
        self.transposed = transposes[0] if transposes else r"\top"
        square = re.search(r"\^\s*\{?\s*\[", places.source) and not re.search(r"\^\s*\{?\s*\(", places.source)
        self.label_brackets = "[]" if square else "()"
        names = [part for key, part in places.parts.items() if key in places.editable and isinstance(part, Name)]
        self.bases = {_base(name.text): base_of(places.text(name)) for name in names}
        heads = {part.function: head_of(places.text(part)) for part in parts if isinstance(part, Call)}
        self.heads = {name: scripts_of(head.rstrip("'")).base for name, head in heads.items() if head}

    def _signs_of(self, part: Transpose) -> list[str]:
        return [match[0] for match in TRANSPOSE.finditer(self.places.text(part))]

    def level_in_source(self, tree: Tree) -> int:
        """Fractions with a slash and functions without brackets bind less tightly than ours."""
        level, text = self.level(tree), self.places.text(tree)
        if isinstance(tree, Partial) and self.places.range(tree.of).begin > self.places.range(tree.by).begin:
            return REACHING
        if isinstance(tree, Partial) or (isinstance(tree, Binary) and tree.op == "/"):
            return level if re.match(r"\\[dtc]?frac(?![A-Za-z])", text) and text.endswith("}") else DOTTED
        if isinstance(tree, Call) and text[-1:] not in ")]}|":
            return IMPLICIT
        return ATOM if isinstance(tree, Call) and "^" in text and not head_of(text) else level

    def fits(self, piece: Piece, needed: int) -> bool:
        """A sign stands behind no other sign."""
        return piece.level >= needed and not (needed == REACHING and piece.text.startswith("-"))

    def needs(self, tree: Tree, like: Tree) -> dict[int, int]:
        """With a slash there is no room for sums, and without brackets for nothing but a unit."""
        if isinstance(tree, Binary) and tree.op == "/" and "/" in (self.gap_of(like) or ""):
            return {id(tree.left): DOTTED, id(tree.right): FRACTION}
        if isinstance(tree, Call) and self.places.text(like)[-1:] not in ")]}|":
            return {id(part): ATOM for part in tree.args}
        return super().needs(tree, like)

    def name_scripts(self, tree: Name) -> Scripted:
        if id(tree) in self.places.quotable:
            return scripts_of(self.places.text(tree))
        if id(tree) in self.places.ragged & self.places.editable:
            text = self.places.text(tree)
            return scripts_of(text + "}" * missing_braces(text))
        if self._asked is None and (piece := self.quotes(tree)):
            return scripts_of(piece.text)
        parts = super().name_scripts(tree)
        above = parts.above
        if above[:1] == "(" and above[-1:] == ")":
            above = self.label_brackets[0] + above[1:-1] + self.label_brackets[1]
        return parts._replace(base=self.bases.get(_base(tree.text), parts.base), above=above)

    def transpose(self, tree: Transpose) -> tuple[int, str]:
        """An entry in braces: in `x_j^T` the index could be that of the transpose; names keep their scripts."""
        if isinstance(tree.operand, Name) and self._asked is None:
            piece = self.quotes(tree.operand)
            if piece and piece.level >= ATOM and not self.is_bracketed(scripts_of(piece.text).above):
                base = self.brackets(piece.text) if "^" in piece.text else piece.text
                return ATOM, base + Scripted("", self.transposed).text
        if isinstance(tree.operand, Index):
            return ATOM, Scripted(f"{{{self.text(tree.operand)}}}", self.transposed).text
        return super().transpose(tree)

    def is_bracketed(self, above: str) -> bool:
        """Whether a transpose may stand behind a label: in `a^{lT}` it would be part of it."""
        return above[:1] in ("(", "[") and above[-1:] in (")", "]")

    def index(self, tree: Index) -> tuple[int, str]:
        """The reader's subscript, if it is the same."""
        ranges = [self.places.range(i) for i in tree.indices if id(i) in self.places.quotable]
        gaps = [self.places.source[a.end : b.begin] for a, b in pairwise(ranges)]
        if self._asked is not None or len(ranges) < len(tree.indices) or any(gap.strip(" ,") for gap in gaps):
            return super().index(tree)
        below = self.places.source[ranges[0].begin : ranges[-1].end]
        text = self.indexed(tree.array, [below])
        bare = len(below) == 1 and self.places.source[: ranges[0].begin].endswith("_")
        return self.level(tree), text.removesuffix(f"_{{{below}}}") + f"_{below}" if bare else text

    def head(self, tree: Call) -> Scripted:
        parts = super().head(tree)
        return parts._replace(base=self.heads.get(tree.function, parts.base))

    def between(self, tree: Binary | Juxtaposition) -> str:
        if isinstance(tree, Juxtaposition) or tree.op == "@":
            return self.gap
        like_it = self.signs.get("∘") if tree.op == "*" else None
        return self.signs.get(tree.op) or like_it or f" {SIGNS.get(tree.op, tree.op)} "

    def binary(self, tree: Binary) -> tuple[int, str]:
        """Every product with its sign, also that with a number, which reads back the same."""
        if tree.op == "@":
            return self.side_by_side(tree.left, tree.right, self.gap)
        if tree.op in SIGNS:
            return self.product(tree.left, tree.right, self.between(tree).strip())
        return super().binary(tree)

    def juxtaposition(self, tree: Juxtaposition) -> tuple[int, str]:
        return self.side_by_side(tree.left, tree.right, self.gap)


def _base(name: str) -> str:
    return split_name(name).base


Writer = QuotingPlainWriter | QuotingCodeWriter | QuotingLatexWriter


def writer_for(surface: Surface, places: Places, quotes: Quotes) -> Writer:
    """The printer of a surface that quotes; what has neither commands nor groups is plain, whatever reads it."""
    if surface == "latex" and set(places.source) & set("\\{"):
        return QuotingLatexWriter(places, quotes)
    return (QuotingCodeWriter if surface == "code" else QuotingPlainWriter)(places, quotes)
