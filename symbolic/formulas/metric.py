"""Index formulas, one per op of `jacobians/ops/metric.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

FORMULAS: dict[str, Callable[..., Any]] = {}
