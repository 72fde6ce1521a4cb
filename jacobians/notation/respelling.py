r"""Another sign, name or number in the text that a reader wrote: `\odot` for `\cdot`, `\mathbf{z}` for `\mathbf{a}`."""

from __future__ import annotations

import re

from jacobians.notation.latex_names import Scripted
from jacobians.notation.latex_spelling import head_of, respelled, scripts_of
from jacobians.notation.names import split_name
from jacobians.notation.quoting import SIGN, QuotingCodeWriter, QuotingLatexWriter, Writer
from jacobians.notation.tree import Binary, Call, Juxtaposition, Name, Number, Tree

RawEdit = tuple[int, int, str]


def attribute_edits(writer: Writer, old: Tree, new: Tree, differing: frozenset[str]) -> list[RawEdit] | None:
    """What changes the attributes of a part and leaves its parts alone; None where it must be printed."""
    if not differing:
        return []
    match old, new:
        case Binary() | Juxtaposition(), Binary() | Juxtaposition():
            return _sign_edit(writer, old, new)
        case Number(), Number():
            return [(*writer.places.range(old), new.text)]
        case Name(), Name():
            return _name_edit(writer, old, new)
        case Call(), Call() if differing <= {"primes", "function"}:
            return _head_edit(writer, old, new)
    return None


def _sign_edit(writer: Writer, old: Binary | Juxtaposition, new: Binary | Juxtaposition) -> list[RawEdit] | None:
    gap = writer.gap_of(old)
    is_latex = isinstance(writer, QuotingLatexWriter)
    if gap is None or (gap.strip() and not SIGN.fullmatch(gap.strip())):
        return None
    if not is_latex and (isinstance(old, Juxtaposition) or isinstance(new, Juxtaposition)):
        return None
    sign = writer.between(new)
    begin = writer.places.outer[id(old.left)].end
    if gap.strip() and sign.strip():
        sign = gap.replace(gap.strip(), sign.strip())
    return [(begin, begin + len(gap), sign)]


def _name_edit(writer: Writer, old: Name, new: Name) -> list[RawEdit] | None:
    place, text = writer.places.range(old), writer.places.text(old)
    if isinstance(writer, QuotingLatexWriter):
        found = respelled(text, old.text, new.text, writer.bases)
    elif old.text in text:
        found = writer.spelled(new.text).join(text.rsplit(old.text, 1))
    else:
        found = _other_layer(text, old.text, new.text)
    if found is None:
        return None
    # the shortest edit: what is the same before and behind stays, as the label does
    same = next((k for k, (a, b) in enumerate(zip(text, found, strict=False)) if a != b), min(len(text), len(found)))
    tail = 0
    while tail < min(len(text), len(found)) - same and text[-1 - tail] == found[-1 - tail]:
        tail += 1
    return [(place.begin + same, place.end - tail, found[same : len(found) - tail])]


def _other_layer(text: str, old: str, new: str) -> str | None:
    """`δ1` as `δ2`: Greek letters stand for their names."""
    before, after = split_name(old), split_name(new)
    same = before._replace(layer="") == after._replace(layer="")
    if not (same and before.layer and after.layer and text.count(before.layer) == 1):
        return None
    return text.replace(before.layer, after.layer)


def _head_edit(writer: Writer, old: Call, new: Call) -> list[RawEdit] | None:
    """Another function, or more or fewer primes."""
    begin, text = writer.places.range(old).begin, writer.places.text(old)
    if isinstance(writer, QuotingLatexWriter):
        head = head_of(text)
        if old.function == new.function:
            parts = (re.sub(r"'|\\prime(?![A-Za-z])", "", part) for part in scripts_of(head))
            written = Scripted(*parts).primed(new.primes).text
        else:
            written = writer.head(new).primed(new.primes).text
        return [(begin, begin + len(head), written)] if head else None
    if isinstance(writer, QuotingCodeWriter) or not (old.args and old.args[0].span):
        return None
    head = text[: writer.places.outer[id(old.args[0])].begin - begin].rstrip().removesuffix("(")
    bare = head.rstrip("'’′")
    if old.function != new.function and not bare.startswith(old.function):
        return None
    if old.function != new.function:
        bare = new.function + bare.removeprefix(old.function)
    return [(begin, begin + len(head), bare + "'" * new.primes)]
