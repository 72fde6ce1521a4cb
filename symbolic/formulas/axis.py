"""Entries of x along the axis of an op, for the formulas of `jacobians/ops/axis.py` and its kin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from jacobians.ops.axis import AlongAxis
from jacobians.terms import Labels
from symbolic.scope import Scope


def along(s: Scope, index: tuple[Any, ...]) -> tuple[Callable[..., Any], Labels]:
    """x as a function of its indices along the op's axis, batch indices as in the output entry; and those labels."""
    labels = cast(AlongAxis, s.op).labels(len(s.labels["x"]))
    batch = {a: k for a, k in zip(s.output, index, strict=True) if a in labels.batch}

    def x(*k: Any) -> Any:
        at = {**batch, **dict(zip(labels.along, k, strict=True))}
        return s.x[tuple(at[a] for a in labels.x)]

    return x, labels.along
