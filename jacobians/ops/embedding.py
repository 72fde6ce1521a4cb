"""Embedding and one-hot: rows of a table by their numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from jacobians.errors import InputError, shape_text
from jacobians.op import Op, OpenShape, Rule, Shape, Signature, term
from jacobians.ops.labels import entry_at, whole
from jacobians.ops.losses import first_true
from jacobians.terms import Array, as_array


def check_indices(where: str, indices: Array, size: int, table: str) -> None:
    """Refuse what is no row number of a table of this size."""
    if (bad := ~((indices >= 0) & (indices < size) & (indices == np.floor(indices)))).any():
        at = first_true(bad)
        raise InputError(
            f"{where}: expected whole numbers from 0 to {size - 1} for {table}, got {indices[at]} at {shape_text(at)} "
            f"of {shape_text(indices.shape)}; rows count from 0, and none from the end"
        )


class Embedding(Op):
    """y_n = the row of the table E that indices_n names: one-hot vectors times E, without the product.

    Shapes:    E (v d), indices (n) or any other shape, whole numbers 0 <= indices < v -> y (n d)
    Formula:   y_nd = E_vd with v = indices_n
    Jacobians: dy/dE = δ_dd' [v = indices[n]]   (n d | v d')
    Source:    Bengio, Ducharme, Vincent, Jauvin, "A Neural Probabilistic Language Model" (2003); Jacobian: own
    """

    inputs = {"E": "v d", "indices": "..."}
    output = "... d"
    data = {"indices": "row numbers are not differentiable"}

    def compute(self, E: Array, indices: Array) -> Array:
        return as_array(E[indices.astype(int)])

    def d_E(self, E: Array, indices: Array) -> Rule:
        hits = indices[..., None] == np.arange(E.shape[0])
        return term("... v -> ... d | v d", (f"[{{{indices.ndim}}} = {entry_at('indices', indices.ndim)}]", hits))

    def check(self, **inputs: Array) -> None:
        rows = inputs["E"].shape[0]
        check_indices(f"{self.label}.indices", inputs["indices"], rows, f"a table E of {rows} rows")

    def example_shapes(self, sizes: Sequence[int]) -> Sequence[Mapping[str, Shape]]:
        d, v, n, m, _ = sizes
        return [{"E": (v, d), "indices": shape} for shape in ((n,), (), (n, m))]

    def sample(self, rng: np.random.Generator, shapes: Mapping[str, Shape]) -> dict[str, Array]:
        rows = shapes["E"][0]
        return {**super().sample(rng, shapes), "indices": np.asarray(rng.integers(0, rows, shapes["indices"]))}


class OneHot(Op):
    """y_n = the unit vector of length `classes` with its 1 at indices_n; constant between whole numbers.

    Shapes:    indices (n) or any other shape, whole numbers 0 <= indices < classes -> y (n i)
    Formula:   y_ni = 1 for i = indices_n, else 0
    Jacobians: none: indices are whole numbers. For y x by x, or a table by its entries, see embedding and matmul.
    Source:    Bishop, "Pattern Recognition and Machine Learning" (2006), sec. 4.1 (1-of-K coding)
    """

    inputs = {"indices": "..."}
    output = "... i"
    data = {"indices": "a one-hot vector jumps where its index does and is constant in between; its input is data"}

    def __init__(self, classes: int) -> None:
        """Take the length of the vectors."""
        if not whole(classes) or classes < 1:
            raise InputError(f"{self.label}: expected a positive whole number of classes, got {classes!r}")
        self.classes = int(classes)

    def compute(self, indices: Array) -> Array:
        return as_array(indices[..., None] == np.arange(self.classes), np.float64)

    def signature(self, shapes: Mapping[str, OpenShape]) -> Signature:
        return replace(super().signature(shapes), sizes={"i": self.classes})

    def check(self, **inputs: Array) -> None:
        check_indices(f"{self.label}.indices", inputs["indices"], self.classes, f"classes = {self.classes}")

    @classmethod
    def variants(cls) -> Sequence[Op]:
        return (cls(3), cls(5))

    def sample(self, rng: np.random.Generator, shapes: Mapping[str, Shape]) -> dict[str, Array]:
        return {"indices": np.asarray(rng.integers(0, self.classes, shapes["indices"]))}


OPS: tuple[Op, ...] = (Embedding(), OneHot(3))
