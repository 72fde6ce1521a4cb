"""How a name is made: `W1` is the base W with layer 1, `x_in` the base x with the subscript in."""

from __future__ import annotations

import re
from typing import NamedTuple

#: Greek letters that are not Latin ones too, as they are called in names.
GREEK = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi"
    " omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega ell"
)
_PARTS = re.compile(r"([A-Za-z]+?)([0-9]*)(?:_([A-Za-z0-9]+(?:_[A-Za-z0-9]+)*))?")


class NameParts(NamedTuple):
    """Base, layer label and subscript; the last two may be empty."""

    base: str
    layer: str
    subscript: str


def split_name(text: str) -> NameParts:
    """The parts of a name; one that is not made this way (`conv2d`, `a_`) is all base."""
    match = _PARTS.fullmatch(text)
    return NameParts(match[1], match[2], match[3] or "") if match else NameParts(text, "", "")


def with_layer(text: str, layer: str) -> str:
    """`W`, `1` is `W1`; `x_in`, `1` is `x1_in`."""
    base, underscore, subscript = text.partition("_")
    return base + layer + underscore + subscript
