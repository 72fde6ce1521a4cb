"""Small arrays that take the ways of large ones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from jacobians import memory
from jacobians.plans import dense, large, products, recipes, reduce, source, sums
from jacobians.plans.plan import _DRAFTS


@contextmanager
def as_if_large(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every array counts as a large one that is almost all zeros; nothing planned for small ones is taken up."""
    for module in (products, reduce, dense, sums, large, source, memory):
        for name in ("LARGE", "SMALL", "IN_BLOCKS", "BLOCK", "WORTH_A_CALL"):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, 1)
    monkeypatch.setattr(memory, "DEAR", 0)
    monkeypatch.setattr(recipes, "_RECIPES", {})
    _DRAFTS.clear()
    yield
    _DRAFTS.clear()
