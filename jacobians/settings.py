"""Package settings: plain module attributes, read at each use."""

from __future__ import annotations

#: The largest dense array, in bytes, that `Jacobian.dense()` and its kin build without being told otherwise.
dense_limit: int = 2**30
