r"""Names of the factors of a Jacobian, which are formulas in plain notation: `W1`, `tanh'(z1)`, `[{0} >= {1}]`.

`{0}`, `{1}` stand for the factor's own index letters.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from jacobians.errors import MathSyntaxError
from jacobians.notation.latex_names import subscripts
from jacobians.notation.reading import parse
from jacobians.notation.to_latex import LatexWriter, free_text
from jacobians.notation.to_latex_calculus import PRODUCT, RELATION
from jacobians.notation.tree import Tree

_PLACEHOLDER = re.compile(r"\{([0-9]+)\}")
#: A name that stands for a value, or what only looks like one: a number such as 1e5, `.T`, a function.
_IDENTIFIER = re.compile(r"[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|\.T\b|[^\W0-9]\w*+(?='*\s*\()|([^\W0-9]\w*)")
_OPENING, _CLOSING = "([,", ")],"


def name_to_latex(name: str, indices: Sequence[str] = (), factor: bool = False) -> str:
    r"""The factor in LaTeX with its indices (LaTeX-ready): `W1` and [o, p] give `W^{(1)}_{o p}`.

    A compound gets brackets, `(W^{(1)} x)_{o}`, and so does a sum without indices that is a `factor` of a product;
    placeholders take the indices instead of a subscript; what is no formula is written as text.

    >>> name_to_latex("tanh'(z1)", ["p"])
    "\\tanh'(z^{(1)})_{p}"
    """
    return _name_to_latex(name, tuple(indices), factor)


def read_factor(name: str) -> tuple[Tree, dict[int, str]]:
    """The formula of a factor's name, and what its placeholders are called in it: {0: "placeholder0"}.

    Raises:
        MathSyntaxError: it is no formula.
    """
    slots = {int(digits): f"placeholder{digits}" for digits in _PLACEHOLDER.findall(name)}
    return parse(_PLACEHOLDER.sub(r"placeholder\1", name)), slots


@lru_cache(maxsize=4096)
def _name_to_latex(name: str, indices: tuple[str, ...], factor: bool) -> str:
    try:
        tree, slots = read_factor(name)
    except MathSyntaxError:
        return free_text(name) + subscripts(indices)
    if not slots:
        writer = LatexWriter(sized=False)
        if indices:
            return writer.indexed(tree, indices)
        written = writer.text(tree, PRODUCT if factor else RELATION)
        return writer.brackets(written) if factor and written[0].isdigit() else written  # not 2 times 3 as 23
    if max(slots) >= len(indices):
        return free_text(name)
    return LatexWriter({slot: indices[k] for k, slot in slots.items()}, sized=False).text(tree)


def rename(name: str, names: Mapping[str, str]) -> str:
    """The factor with values called otherwise, all at once; a compound gets brackets where it needs them.

    >>> rename("tanh'(x) * W", {"x": "W1 @ x", "W": "a + b"})
    "tanh'(W1 @ x) * (a + b)"
    """
    return _rename(name, tuple(names.items()))


@lru_cache(maxsize=4096)
def _rename(name: str, pairs: tuple[tuple[str, str], ...]) -> str:
    names = dict(pairs)

    def replaced(match: re.Match[str]) -> str:
        if match[1] not in names:
            return match[0]
        new = names[match[1]]
        before = name[: match.start()].rstrip()[-1:] or "("
        after = name[match.end() :].lstrip()[:1] or ")"
        alone = before in _OPENING and after in _CLOSING
        return new if alone or _is_unit(new) else f"({new})"

    return _IDENTIFIER.sub(replaced, name)


def _is_unit(text: str) -> bool:
    """A name, a call or something in brackets: fits in any place where a name stood."""
    head = re.match(r"\w*'*", text)
    rest = text[head.end() :] if head else text
    if not rest:
        return not text[:1].isdigit()
    depth = 0
    for k, c in enumerate(rest):
        depth += (c == "(") - (c == ")")
        if depth == 0:
            return k == len(rest) - 1 and c == ")"
    return False
