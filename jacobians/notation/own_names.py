"""Names in the reader's own LaTeX, and the plain names that this LaTeX is read back as."""

from __future__ import annotations

from collections.abc import Mapping

from jacobians.errors import InputError, MathSyntaxError
from jacobians.notation.latex_names import FONTS
from jacobians.notation.names import split_name, with_layer
from jacobians.notation.symbols import Symbols
from jacobians.notation.tree import Index, Name, Number

_LETTERS = [*map(chr, range(ord("A"), ord("Z") + 1)), *map(chr, range(ord("a"), ord("z") + 1))]
#: A letter in a font of its own is a name of its own.
_FONTS = Symbols(quantities=dict.fromkeys(font + letter for font in FONTS for letter in _LETTERS))


def plain_name(latex: str) -> str | None:
    r"""The name that the LaTeX is read as: `\epsilon` is epsilon, `\hat{y}_{\mathrm{out}}` is yhat_out.

    None where it is no LaTeX of one name.
    """
    from jacobians.notation.latex_parser import parse_latex

    try:
        tree = parse_latex(latex, _FONTS)
    except MathSyntaxError:
        return None
    if isinstance(tree, Index) and isinstance(tree.array, Name) and len(tree.indices) == 1:
        (below,) = tree.indices
        return f"{tree.array.text}_{below.text}" if isinstance(below, Name | Number) else None
    return tree.text if isinstance(tree, Name) and tree.label is None else None


def own_name(text: str, names: Mapping[str, str]) -> str | None:
    """The plain name of what the reader calls `text` otherwise; None where it keeps its name."""
    if text in names:
        return plain_name(names[text])
    parts = split_name(text)
    for base, subscript in ((f"{parts.base}_{parts.subscript}", ""), (parts.base, parts.subscript)):
        if base in names:
            renamed = plain_name(names[base]) or base
            renamed = f"{renamed}_{subscript}" if subscript else renamed
            return with_layer(renamed, parts.layer) if parts.layer else renamed
    if text[0] == "d" and (variable := own_name(text[1:], names) if text[1:] else None):  # the gradient by it
        return f"d{variable}"
    return None


def check_names(names: Mapping[str, str]) -> None:
    """Refuse what cannot be printed and read back as a name.

    Raises:
        InputError: no LaTeX of one name, or the same for two.
    """
    seen: dict[str, str] = {}
    for name, latex in names.items():
        plain = plain_name(latex) if isinstance(latex, str) else None
        if plain is None or not split_name(plain).base:
            raise InputError(
                f"notation.names: expected the LaTeX of one name for {name}, got {latex!r}; give a letter, such as "
                r"\epsilon, \hat{y} or W_{\mathrm{in}}"
            )
        if plain in seen:
            raise InputError(f"notation.names: {seen[plain]} and {name} are both {latex}; give them different names")
        seen[plain] = name
