"""Model: the graph of a network, from equations or from Python."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from jacobians.errors import InputError, shape_text, unknown
from jacobians.node import Node
from jacobians.op import OpenShape, Shape
from jacobians.ordering import ordered
from jacobians.shapes import infer
from jacobians.terms import Array

if TYPE_CHECKING:
    from jacobians.paths import Paths
    from jacobians.plans import Plan
    from jacobians.run import Run

#: Characters of a model file: more is no file of equations.
LONGEST_FILE = 1_000_000


class Model:
    """Leaves (inputs, parameters, targets) with their shapes, and the nodes computed from them in order."""

    def __init__(
        self,
        leaves: Mapping[str, int | OpenShape],
        nodes: Sequence[Node],
        values: Mapping[str, ArrayLike] | None = None,
        text: str = "",
    ) -> None:
        """Order the nodes, find all shapes.

        Raises:
            ModelError: a name used twice or never defined, a cycle.
            ShapeError: sizes that contradict or stay open; the equation is named.
            InputError: an op that lacks an input or has one too many.
        """
        shapes: dict[str, OpenShape] = {k: (s,) if isinstance(s, int) else tuple(s) for k, s in leaves.items()}
        self.nodes: dict[str, Node] = {n.name: n for n in ordered(shapes, nodes)}
        self.shapes: dict[str, Shape] = infer(shapes, list(self.nodes.values()))
        self.leaves: dict[str, Shape] = {name: self.shapes[name] for name in shapes}
        self.values: dict[str, Array] = {k: np.asarray(v) for k, v in (values or {}).items()}
        #: The equations as they were written, where the model came from text.
        self.text = text

    # ----- ways to make one -----

    @classmethod
    def parse(cls, text: str, sizes: Mapping[str, int] | None = None) -> Model:
        """A model from equations in plain notation; `sizes` gives numbers to declared symbolic sizes.

        Raises:
            InputError: no text.
            MathSyntaxError: text that is not in the notation, with line and column.
            ModelError, ShapeError: as for the constructor.
        """
        from jacobians.equations import read_model

        if not isinstance(text, str):
            kind = type(text).__name__
            raise InputError(f"Model.parse: expected the text of a model, got {kind}; for a file use Model.read(path)")
        return read_model(text, sizes or {})

    @classmethod
    def read(cls, path: str | Path) -> Model:
        """A model from a file of equations.

        Raises:
            InputError: the file cannot be read.
            MathSyntaxError, ModelError, ShapeError: as `parse`.
        """
        try:
            with open(path, encoding="utf-8-sig") as file:  # editors on Windows put a mark in front
                text = file.read(LONGEST_FILE + 1)
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            raise InputError(
                f"model file {str(path)!r}: cannot be read: {reason}; give the path of a text file"
            ) from None
        if len(text) > LONGEST_FILE:
            raise InputError(f"model file {str(path)!r}: expected at most {LONGEST_FILE:,} characters, got more")
        return cls.parse(text)

    # ----- what it is -----

    @property
    def named(self) -> dict[str, Node]:
        """The nodes that the equations name, in order."""
        return {name: n for name, n in self.nodes.items() if not n.hidden}

    @property
    def output(self) -> str:
        """The last named node: the loss, usually."""
        return list(self.named)[-1]

    def display(self, name: str) -> str:
        """What formulas call a node or leaf."""
        return self.nodes[name].display if name in self.nodes else name

    def require(self, name: str, where: str) -> None:
        """Raise where there is no leaf or named node of this name."""
        node = self.nodes.get(name)
        if name not in self.leaves and (node is None or node.hidden):
            raise unknown(where, "name", name, [*self.leaves, *self.named])

    def equations(self) -> dict[str, str]:
        """Name -> right side, for the named nodes in order."""
        return {name: n.text or n.call for name, n in self.named.items()}

    def sources(self, name: str) -> tuple[str, ...]:
        """The leaves and named nodes that stand in a named node's own equation and can be differentiated by."""
        found: dict[str, None] = {}
        waiting = [name]
        while waiting:
            for source in self.nodes[waiting.pop()].differentiable_sources:
                if source in self.nodes and self.nodes[source].hidden:
                    waiting.append(source)
                else:
                    found[source] = None
        return tuple(k for k in (*self.leaves, *self.nodes) if k in found)

    def differentiable(self) -> tuple[str, ...]:
        """The leaves that a Jacobian can be taken by: those not only used as data (class indices, masks)."""
        used = {source for n in self.nodes.values() for source in n.differentiable_sources}
        return tuple(name for name in self.leaves if name in used)

    def parameters(self) -> tuple[str, ...]:
        """The differentiable leaves whose names begin with W, b, gamma, beta, theta: weights and biases."""
        return tuple(n for n in self.differentiable() if n[0] in "Wb" or n.startswith(("gamma", "beta", "theta")))

    # ----- points and runs -----

    def random_point(self, seed: int = 0) -> dict[str, Array]:
        """Random leaves: normal, matrices scaled by 1/sqrt(columns), away from kinks; given values are kept."""
        from jacobians.points import random_point

        return random_point(self, seed)

    def run(self, point: Mapping[str, ArrayLike] | None = None) -> Run:
        """The forward pass at a point, every value kept; leaves that the model text gives may be left out.

        Raises:
            InputError: a leaf without a value, an unknown name, an array that does not hold real numbers.
            ShapeError: a value of the wrong shape.
        """
        from jacobians.run import Run

        return Run(self, self.checked_point(point or {}))

    def plan(
        self,
        of: str | Sequence[str] | Sequence[tuple[str, str]],
        wrt: str | Sequence[str] | None = None,
        *,
        order: str = "best",
        samples: Sequence[str] = (),
        structured: bool = False,
        values: Sequence[str] = (),
    ) -> Plan:
        """Jacobians as one straight-line function, planned once and replayed at every point: `model.plan("L")(point)`.

        `of` by `wrt`, names or lists of names; without `wrt` by all parameters; or pairs, [("z1", "W1"), ("L", "b1")].
        `order` is "backward", "forward", or the cheapest known. `samples` names leaves whose first axis counts samples:
        by those only the blocks of each sample with itself are given. With `structured` the results are Jacobians that
        hold factors instead of dense arrays. `values` names nodes whose values are wanted too: results["L"].

        Raises:
            InputError: an unknown name or order, nothing asked for, a leaf without a derivative.
        """
        from jacobians.plans.asked import plan_of_model

        return plan_of_model(self, of, wrt, order, samples, structured, values)

    def jacobian_array(
        self,
        of: str,
        wrt: str | Iterable[str],
        samples: Mapping[str, Any],
        *,
        point: Mapping[str, ArrayLike] | None = None,
        chunk: int | None = None,
        path: str | Path | None = None,
        progress: bool = False,
        threads: int | None = None,
    ) -> Any:
        """The Jacobians of n samples, a dask array of shape (n, *of.shape, *wrt.shape); of several leaves by name.

        `samples` gives the leaves that differ, {"x": (n, *x.shape)}: arrays of NumPy, dask or zarr. All others are as
        in `point` or in the model's text. `chunk` samples are computed together (default: those of 64 MB of results).
        With `path` everything is computed now, `threads` chunks at once, and written to zarr in that folder; a run that
        was killed goes on where it stopped when it is called again.

        Raises:
            InputError: an unknown leaf, samples of other shapes or unequal number, a leaf without a value; a path that
                holds something else; dask or zarr missing (extra `scale`).
            DenseLimitError: the Jacobians of one sample are too large.
        """
        from jacobians.samples import jacobian_array

        return jacobian_array(self, of, wrt, samples, point, chunk, path, progress, threads)

    def missing(self) -> list[str]:
        """The leaves that the model gives no value for."""
        return [name for name in self.leaves if name not in self.values]

    def checked_point(self, point: Mapping[str, ArrayLike]) -> dict[str, Array]:
        """All leaves as arrays of the right shapes, those of the model's text among them.

        Raises:
            InputError, ShapeError: as `run`.
        """
        from jacobians.points import checked_point

        return checked_point(self, point)

    def paths(self, of: str, wrt: str) -> Paths:
        """All paths from `wrt` to `of`: how many, without listing them, and an iterator over them."""
        from jacobians.paths import Paths

        self.require(of, "paths")
        self.require(wrt, "paths")
        return Paths(self, of, wrt)

    def collapse(
        self, point: Mapping[str, ArrayLike] | None = None, of: str | None = None, wrt: str | None = None
    ) -> Model:
        """The one linear layer that a network without non-linear activations is: of = W wrt + b, W and b as numbers.

        `point` gives the parameters (default: the values of the text, else `random_point(0)`); `of` is the last node,
        `wrt` the first leaf unless named.

        Raises:
            ModelError: a node is not linear; the error names it.
        """
        from jacobians.collapse import collapse

        end, start = of or self.output, wrt or next(iter(self.differentiable()))
        self.require(end, "collapse")
        self.require(start, "collapse")
        return collapse(self, end, start, {**self.random_point(0), **(point or {})})

    def __repr__(self) -> str:
        """Leaves with shapes, then the equations."""
        leaves = ", ".join(f"{name} {shape_text(shape)}" for name, shape in self.leaves.items())
        return f"<Model {leaves}; " + "; ".join(f"{k} = {v}" for k, v in self.equations().items()) + ">"
