"""Plan: the Jacobians of a model that are asked for, as one straight-line function that is replayed at every point."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from threading import RLock
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from jacobians import settings
from jacobians.errors import InputError, ShapeError, shape_text
from jacobians.plans.draft import Draft, Key, Wanted, drafted
from jacobians.plans.function import Elsewhere, Function, Results, Unfit
from jacobians.plans.listing import listing, value_names
from jacobians.plans.locals import Holding, OpKey
from jacobians.plans.program import DType, Shape
from jacobians.terms import Array

if TYPE_CHECKING:
    from jacobians.model import Model

#: Plans that are kept, for models of a structure that was planned before.
MOST_PLANS = 256
_DRAFTS: dict[Hashable, Draft] = {}
#: What ops do is recorded once for all plans: one thread at a time.
_PLANNING = RLock()


class Cost(NamedTuple):
    """Multiplications of array entries in the products of factors, and the bytes of the results."""

    multiplications: int
    bytes: int


class Plan:
    """Made by `model.plan(...)` and `op.plan(...)`: straight-line NumPy for the Jacobians that are asked for.

    `plan(point)` gives {(of, wrt): array of shape of.shape + wrt.shape}, `plan.source()` the code, `plan.cost` what it
    costs. It is made at the first point, and once more for other types or for points where a condition that an op
    asks of its values (is a probability close to 1?) holds the other way round.
    """

    def __init__(self, model: Model, wanted: Wanted) -> None:
        """Nothing is planned yet: that waits for the types of the first point."""
        self.model, self.wanted, self.pairs = model, wanted, wanted.pairs
        self._leaves = tuple(model.leaves)
        self._drafts: dict[tuple[DType, ...], Draft] = {}
        self._types: tuple[DType, ...] = ()
        self._direct: Function = _nothing_yet
        #: The draft of the last point, which is tried first.
        self._ready: Draft | None = None

    # ----- running -----

    def __call__(
        self, point: Mapping[str, ArrayLike], out: Mapping[Key, Array] | None = None, threads: int = 1
    ) -> Results:
        """The Jacobians at a point, {(of, wrt): array of shape of.shape + wrt.shape}.

        `out` holds arrays to write into. Where they are results of this plan, their structural zeros stay and only the
        other entries are written; any other array is filled with zeros before. With `threads` > 1 large products are
        shared among that many threads (those of BLAS are not counted).

        Raises:
            InputError: as `Model.run`; `out` lacks an array or holds one of another type.
            ShapeError: as `Model.run`; an array in `out` has another shape.
            DenseLimitError: a result that no array in `out` is given for is larger than `settings.dense_limit`.
        """
        try:
            if out is None and threads == 1:
                return self._direct(point)  # type: ignore[no-any-return]
            if self._ready is not None:
                return self._into(self._ready, point, out, threads)
        except (Unfit, Elsewhere, KeyError, TypeError, AttributeError):  # the long way says what is wrong
            pass
        checked, draft = self._checked(point)  # other threads may choose another draft on the way
        while True:
            try:
                if out is not None or threads != 1:
                    return self._into(draft, checked, out, threads)
                if self.wanted.structured:
                    return self._structured(draft, checked)
                draft.require_memory()
                return draft.direct(checked)  # type: ignore[no-any-return]
            except Elsewhere as condition:
                draft = self._branch(draft, condition.number)

    def _structured(self, draft: Draft, point: Mapping[str, Array]) -> Results:
        made = draft.run(point)
        rest = made[len(made) - len(self.wanted.values) :]
        found = draft.jacobians(made, value_names(self.model, draft))
        return Results.of(draft.keys, [*found, *rest], draft.mark)

    def _into(
        self, draft: Draft, point: Mapping[str, ArrayLike], out: Mapping[Key, Array] | None, threads: int
    ) -> Results:
        """The same into given arrays, or into new ones on threads."""
        if not isinstance(threads, int) or threads < 1:
            raise InputError(f"plan: expected threads as an integer from 1, got {threads!r}")
        if self.wanted.structured:
            raise InputError("plan: out and threads are for dense results; leave them out, or structured=True")
        if out is None:
            draft.require_memory()
            targets = draft.blank(threads)
        else:
            targets = _targets(draft, out)
        if isinstance(out, Results):
            out.made, out.mark = targets, draft.mark
        made = draft.into(point, targets) if threads == 1 else draft.on_threads(point, targets, threads)
        return Results.of(draft.keys, made, draft.mark)

    def _checked(self, point: Mapping[str, ArrayLike]) -> tuple[Mapping[str, Array], Draft]:
        """The point in arrays in the order of their axes, and the draft for their types."""
        given = self.model.checked_point(point or {})
        checked = {name: np.asarray(given[name], order="C") for name in self._leaves}
        return checked, self._select(tuple([a.dtype for a in checked.values()]))

    # ----- planning -----

    def _select(self, types: tuple[DType, ...]) -> Draft:
        if types not in self._drafts:
            self._drafts[types] = self._draft(types, {})
        draft = self._drafts[types]
        self._types, self._ready = types, draft
        if not self.wanted.structured:
            small = max(draft.sizes(), default=0) <= settings.dense_limit
            self._direct = draft.direct if small else _nothing_yet
        return draft

    def _draft(self, types: tuple[DType, ...], holding: Holding) -> Draft:
        key = (structure(self.model), types, frozenset(holding.items()), self.wanted)
        with _PLANNING:
            if (known := _DRAFTS.get(key)) is None:
                if len(_DRAFTS) >= MOST_PLANS:
                    del _DRAFTS[next(iter(_DRAFTS))]
                kinds = dict(zip(self._leaves, types, strict=True))
                known = _DRAFTS[key] = drafted(self.model, self.wanted, kinds, holding)
        return known

    def _branch(self, old: Draft, number: int) -> Draft:
        """Plan again for points where a condition is the other way round."""
        types = tuple([old.graph.program.dtype(old.graph.values[name]) for name in self._leaves])
        vertex, condition = old.guards[number]
        holding = old.graph.holding.get(vertex, frozenset()) ^ {condition}
        self._drafts[types] = self._draft(types, {**old.graph.holding, vertex: holding})
        return self._select(types)

    @property
    def draft(self) -> Draft:
        """What was planned last; for float64 leaves where nothing was run."""
        return self._select(self._types or (np.dtype(np.float64),) * len(self._leaves))

    # ----- reading -----

    def source(self) -> str:
        """The code that runs, with the names of the model: to be read, and to be pasted and run elsewhere.

        What runs does the same, and reuses the memory of large arrays.
        """
        return listing(self.model, self.draft)

    @property
    def cost(self) -> Cost:
        """What it costs at every point."""
        return Cost(self.draft.multiplications, sum(self.draft.sizes()))

    def __repr__(self) -> str:
        """What is asked for."""
        return f"<Plan {', '.join(f'd{of}/d{wrt}' for of, wrt in self.pairs)}>"


def _nothing_yet(point: Mapping[str, Any]) -> Results:
    """What stands for the function of a point until there is one."""
    raise Unfit


def _targets(draft: Draft, out: Mapping[Any, Array]) -> list[Array]:
    """The given arrays, with zeros in all that this draft did not write last."""
    if not isinstance(out, Mapping):
        raise InputError(f"plan: expected out as a dict of arrays, got {type(out).__name__}; pass results of the plan")
    P = draft.graph.program
    known = out.made if isinstance(out, Results) and out.mark is draft.mark else [None] * len(draft.keys)
    targets = []
    for key, number, before in zip(draft.keys, draft.values, known, strict=True):
        target = checked_out(key, out, P.shape(number), P.dtype(number))
        if target is not before:
            target[...] = 0
        targets.append(target)
    return targets


def structure(model: Model) -> Hashable:
    """Equal for models of the same names, shapes and ops."""
    nodes = tuple([(n.name, OpKey(n.op), tuple(n.sources.items())) for n in model.nodes.values()])
    return tuple(model.leaves.items()), nodes


def checked_out(key: Key | str, out: Mapping[Any, Array], shape: Shape, dtype: DType) -> Array:
    """The array in `out` for a pair, or an error that says what it should be."""
    array = out.get(key)
    if type(array) is np.ndarray and array.shape == shape and array.dtype == dtype and array.flags.carray:
        return array
    where = f"plan: out[{key!r}]" if isinstance(key, str) else f"plan: out[{key[0]!r}, {key[1]!r}]"
    if not isinstance(array, np.ndarray):
        came = "nothing" if array is None else type(array).__name__
        raise InputError(
            f"{where}: expected an array of shape {shape_text(shape)}, got {came}; pass results of the plan"
        )
    if array.shape != shape:
        raise ShapeError(f"{where}: expected the shape {shape_text(shape)}, got {shape_text(array.shape)}")
    if array.dtype != dtype or not array.flags.c_contiguous or not array.flags.writeable:
        raise InputError(
            f"{where}: expected a writeable {dtype} array in C order, got {array.dtype} with flags "
            f"{'C' if array.flags.c_contiguous else 'not C'}, {'writeable' if array.flags.writeable else 'read-only'}; "
            "pass results of the plan"
        )
    return array
