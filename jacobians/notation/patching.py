r"""The corrected line in the reader's own notation: what was not edited keeps its text, fonts and spaces included."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

from jacobians.notation.alike import alike, operator, regrouped
from jacobians.notation.latex_commands import GREEK_NAMES, KINDS
from jacobians.notation.places import Places, Range, Surface
from jacobians.notation.quoting import Piece, writer_for
from jacobians.notation.rebuild import rebuilt
from jacobians.notation.respelling import attribute_edits
from jacobians.notation.to_plain import POSTFIX
from jacobians.notation.tree import Binary, Index, Juxtaposition, Prime, Span, Transpose, Tree

#: Before and behind a place that brackets or commas mark off already, so that anything may stand there.
_BEFORE = {"latex": re.compile(r"(?:(?<!\\)[(\[,&]|\\\\)\s*$"), "plain": re.compile(r"[(\[,]\s*$")}
_BEHIND = {
    "latex": re.compile(r"\s*(?:(?:\\right\s*)?[)\],&]|\\\\|\\end\b)"),
    "plain": re.compile(r"\s*[)\],]"),
}
#: The brace of an argument or a script; one that only groups marks nothing off for a reader.
_ARGUMENT = re.compile(r"(?:([\^_])|\\([A-Za-z]+)|(\}))\s*\{\s*$")
_BARE_ARGUMENT = re.compile(r"(?:[\^_]|\\[dtc]?frac)\s*$")
_COMMAND_AT_END = re.compile(r"\\[A-Za-z]+$")
#: The first part of these carries scripts in LaTeX, and TeX takes one above and one below.
_SCRIPTED = (Index, Transpose, Prime)


class Edit(NamedTuple):
    """Characters of the source and what replaces them."""

    begin: int
    end: int
    text: str


def patched(
    source: str, old: Tree, new: Tree, surface: Surface, reads: Callable[[str], Tree | None] | None = None
) -> str:
    r"""The source of `old` with what was edited in `new`, which was made from `old` by exchanging parts of it.

    Parts of `new` that are the very same objects as in `old` keep their text. Only what is new is printed, with the
    reader's signs as far as the source shows them. With `reads` the text is read again, and where that gives another
    tree than `new` more of it is printed.

    >>> from dataclasses import replace
    >>> from jacobians.notation import Name, parse
    >>> source = "d1  =  W2.T@d2 * tanh'(z2)"
    >>> claim = parse(source)
    >>> slope = claim.parts[1].right
    >>> right = replace(claim.parts[1], right=replace(slope, args=(Name("z1"),)))
    >>> patched(source, claim, replace(claim, parts=(claim.parts[0], right)), "plain")
    "d1  =  W2.T@d2 * tanh'(z1)"
    """
    text = ""
    for printed in (False, True):
        text = Patcher(source, old, surface, printed).whole(new)
        if reads is None or _is_same(reads(text), new):
            break
    return text


def _is_same(read: Tree | None, new: Tree) -> bool:
    """Whether it is the same formula up to grouping."""
    return read is not None and regrouped(one_sign(read)) == regrouped(one_sign(new))


def one_sign(tree: Tree) -> Tree:
    r"""The formula with one sign for each product: `\circ` between arrays is `\odot`, and `@` stands for no sign."""
    tree = rebuilt(tree, one_sign)
    if isinstance(tree, Binary) and tree.op == "@":
        return Juxtaposition(tree.left, tree.right, span=tree.span)
    return replace(tree, op="*") if isinstance(tree, Binary) and tree.op == "∘" else tree


class Patcher:
    """Writes the parts of an edited tree, from the source where they stem from it.

    With `printed` only parts without any change are quoted, and everything around them is printed.
    """

    def __init__(self, source: str, old: Tree, surface: Surface, printed: bool = False) -> None:
        self.source, self.old, self.surface, self.printed = source, old, surface, printed
        self.places = Places(source, old, surface)
        self.writer = writer_for(surface, self.places, self.quote)
        self._by_place: dict[tuple[type[Tree], Span | None], Tree] = {
            (type(part), part.span): part for part in old.walk() if part.span
        }

    def whole(self, new: Tree) -> str:
        """The source with the new tree in the place of the old one."""
        place = self.places.range(self.old) if self.old.span else Range(0, len(self.source))
        new = regrouped(new, self.is_held_together)
        piece = self.quote(new, self.old) or Piece(*self.writer.written(new))
        return self.source[: place.begin] + piece.text + self.source[place.end :]

    def is_held_together(self, part: Tree) -> bool:
        """Whether the reader put brackets around a part."""
        return id(part) in self.places.outer and self.places.outer[id(part)] != self.places.range(part)

    def level(self, before: Tree, after: Tree) -> int:
        """How tightly the old text binds with its changes inside, its sign maybe one of them."""
        if isinstance(after, Binary | Juxtaposition) and operator(before) != operator(after):
            return self.writer.level(after)
        return self.writer.level_in_source(before)

    def quote(self, new: Tree, old: Tree | None = None) -> Piece | None:
        """The text of a part that the source has, maybe with changes inside; `old` is what stood in its place."""
        if id(new) in self.places.quotable:
            return Piece(self.writer.level_in_source(new), self.places.text(new))
        for before in (old, self._by_place.get((type(new), new.span))):
            if before is None or id(before) not in self.places.quotable:
                continue
            edits = self.edits(before, new)
            if edits is not None:
                return Piece(self.level(before, new), self.spliced(self.places.range(before), edits))
        return None

    # ----- the old text with changes inside -----

    def edits(self, old: Tree, new: Tree) -> list[Edit] | None:
        """What makes the text of `new` from that of `old`; None where they are not made alike."""
        likeness = None if self.printed else alike(old, new)
        if likeness is None or (self.surface == "code" and "&" in (self.writer.gap_of(old) or "")):
            return None
        own = attribute_edits(self.writer, old, new, likeness.differing)
        if own is None:
            return None
        edits = [Edit(*edit) for edit in own]
        needs = self.writer.needs(new, old)
        for before, after in likeness.pairs:
            if before is after and not likeness.differing:
                continue
            part = self.part_edits(old, before, after, needs.get(id(after), 0))
            if part is None or self._cut_into_others(part, before, old):
                return None
            edits += part
        edits.sort()
        return None if any(first.end > second.begin for first, second in pairwise(edits)) else edits

    def part_edits(self, parent: Tree, before: Tree, after: Tree, needed: int) -> list[Edit] | None:
        """What puts `after` in the place of `before`."""
        if before.span is None or id(before) not in self.places.editable:
            return [] if before == after else None
        inner, outer = self.places.range(before), self.places.outer[id(before)]
        needed = 0 if self.is_marked_off(outer) else self.needed(outer, needed)
        moved = before is not after and id(after) in self.places.quotable
        edits = [] if before is after else None if moved else self.edits(before, after)
        if edits is not None:
            if inner != outer or self.level(before, after) >= needed:
                return edits
            return [Edit(*inner, self.writer.brackets(self.spliced(inner, edits)))]
        if id(before) not in self.places.quotable or (self.is_scripted(parent, before) and inner == outer):
            return None
        piece = self.quote(after) or Piece(*self.writer.written(after))
        if self.is_scripted(parent, before) and not isinstance(parent, Index) and "^" in piece.text:
            # brackets keep the two superscripts apart
            return [Edit(*inner, piece.text)]
        if self.writer.fits(piece, needed):
            return [Edit(*outer, self.braced(outer, piece.text))]
        return [Edit(*inner, piece.text if inner != outer else self.writer.text(after, needed))]

    def needed(self, place: Range, needed: int) -> int:
        """In code a method needs a unit before its dot, whatever it means."""
        return (
            max(needed, POSTFIX) if self.surface == "code" and self.source[place.end : place.end + 1] == "." else needed
        )

    def is_scripted(self, parent: Tree, part: Tree) -> bool:
        base = parent.children[0] is part and isinstance(parent, _SCRIPTED)
        return self.surface == "latex" and (
            base or (isinstance(parent, Binary) and parent.op == "^" and parent.left is part)
        )

    def is_marked_off(self, place: Range) -> bool:
        """Whether brackets, braces or commas of the parent stand around the place."""
        before, behind = self.source[: place.begin], self.source[place.end : place.end + 40]
        surface = "latex" if self.surface == "latex" else "plain"
        if surface == "latex" and (brace := _ARGUMENT.search(before)) and behind.lstrip()[:1] == "}":
            return brace[2] is None or not (brace[2] in KINDS or brace[2] in GREEK_NAMES)
        return bool(_BEFORE[surface].search(before) and _BEHIND[surface].match(behind))

    def braced(self, place: Range, text: str) -> str:
        """`x^2` has no braces, `x^{k + 1}` needs them."""
        short = len(text) == 1 or _COMMAND_AT_END.fullmatch(text)
        if self.surface != "latex" or short or not _BARE_ARGUMENT.search(self.source[: place.begin]):
            return text
        return f"{{{text}}}"

    def _cut_into_others(self, edits: Sequence[Edit], part: Tree, parent: Tree) -> bool:
        """Whether an edit of this part would change the text of another."""
        others = [self.places.range(other) for other in parent.children if other is not part and other.span]
        mine = self.places.range(part)
        others = [place for place in others if not (place.begin <= mine.begin and mine.end <= place.end)]
        return any(Range(edit.begin, edit.end).overlaps(place) for edit in edits for place in others)

    def spliced(self, place: Range, edits: Sequence[Edit]) -> str:
        """The text of the place with the edits; a command does not run into a letter behind it."""
        text, at = "", place.begin
        for edit in [*edits, Edit(place.end, place.end, "")]:
            for more in (self.source[at : edit.begin], edit.text):
                gap = " " if more[:1].isalpha() and _COMMAND_AT_END.search(text) else ""
                text += gap + more
            at = edit.end
        return text
