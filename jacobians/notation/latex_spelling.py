r"""How a reader spells names in LaTeX: `\mathbf{W}^{(i)}` taken apart, and the same with another letter or layer."""

from __future__ import annotations

import re

from jacobians.notation.latex_names import Scripted, name_scripts
from jacobians.notation.names import split_name

_GROUP = r"\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}"
_COMMAND = r"\\[A-Za-z]+"
_SCRIPT = re.compile(rf"\s*([\^_])\s*({_GROUP}|{_COMMAND}\s*{_GROUP}|{_COMMAND}|.)", re.DOTALL)
_FONT = re.compile(
    r"(\\(?:mathbf|boldsymbol|bm|bold|mathrm|mathcal|mathsf|mathit|vec|pmb|mathbb)\s*\{?\s*)"
    rf"([A-Za-z]|{_COMMAND})(\s*\}}?)"
)
#: How a transpose is written, the longest first.
TRANSPOSE = re.compile(
    r"\\(?:mathsf|mathrm|text|rm|sf|operatorname)\s*(?:\{\s*T\s*\}|T(?![A-Za-z]))|\\top\b|\\intercal\b|\\dagger\b|(?<![A-Za-z\\])[Tt](?![A-Za-z])"
)


def scripts_of(text: str) -> Scripted:
    """A name as it was written, with what stands above and below it."""
    first = _top_level(text, "^_")
    base, rest, above, below = text[:first], text[first:], "", ""
    while match := _SCRIPT.match(rest):
        script = match[2][1:-1].strip() if match[2][0] == "{" else match[2]
        above, below = (above + script, below) if match[1] == "^" else (above, below + script)
        rest = rest[match.end() :]
    return Scripted(f"{{{text}}}") if rest.strip() else Scripted(base.rstrip(), above, below)


def _top_level(text: str, signs: str) -> int:
    """Where the first of these signs stands outside braces, or the end."""
    depth = 0
    for k, sign in enumerate(text):
        depth += (sign == "{") - (sign == "}")
        if depth == 0 and sign in signs and text[k - 1 : k] != "\\":
            return k
    return len(text)


def base_of(text: str) -> str:
    """A name without its scripts."""
    return text[: _top_level(text, "^_")].rstrip()


def head_of(call: str) -> str:
    """The text of a call up to its bracket, empty where it has none."""
    head = call[: _top_level(call, "([")]
    return "" if head == call else re.sub(r"\s*(?:\\(?:left|[bB]igg?l?))?\s*$", "", head)


def respelled(text: str, old: str, new: str, spellings: dict[str, str]) -> str | None:
    r"""The text of the name `old` as that of `new`: another letter in the same font, another number of a layer.

    `spellings` has the bases that the reader uses elsewhere; None where a layer or a subscript comes or goes.

    >>> respelled(r"\mathbf{a}^{(1)}", "a1", "z2", {})
    '\\mathbf{z}^{(2)}'
    """
    before, after = split_name(old), split_name(new)
    if bool(before.layer) != bool(after.layer) or bool(before.subscript) != bool(after.subscript):
        return None
    start = _top_level(text, "^_")
    base, scripts = text[:start], text[start:]
    if before.base != after.base:
        base = _other_base(base, before.base, after.base, spellings)
    for was, becomes in ((before.layer, after.layer), (before.subscript, after.subscript)):
        if was != becomes:
            changed = re.sub(rf"(?<![A-Za-z0-9]){re.escape(was)}(?![A-Za-z0-9])", becomes, scripts)
            if changed == scripts:
                return None
            scripts = changed
    return base + scripts


def _other_base(text: str, old: str, new: str, spellings: dict[str, str]) -> str:
    """As the reader spells it elsewhere, in the font of the letter that it replaces, or as we do."""
    if new in spellings:
        return spellings[new]
    written = name_scripts(new).base
    font = _FONT.fullmatch(text.strip())
    is_letter = re.fullmatch(rf"[A-Za-z]|{_COMMAND}", written)
    return f"{font[1]}{written}{font[3]}" if font and is_letter else written
