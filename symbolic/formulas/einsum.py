"""Index formula of the general einsum."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from symbolic.scope import Scope


def einsum(s: Scope, *index: Any) -> Any:
    """The sum over all labels that the output lacks of the product of the operands' entries."""
    at = dict(zip(s.output, index, strict=True))
    summed = tuple(dict.fromkeys(a for labels in s.labels.values() for a in labels if a not in at))

    def entry(*values: Any) -> Any:
        here = {**at, **dict(zip(summed, values, strict=True))}
        return math.prod(getattr(s, name)[tuple(here[a] for a in labels)] for name, labels in s.labels.items())

    return s.total(summed, entry)


FORMULAS: dict[str, Callable[..., Any]] = {"einsum": einsum}
