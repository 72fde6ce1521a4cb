"""Terms with 0/1 patterns that are known while planning: the few entries that those leave, and where they are."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from jacobians.plans.patterns import Part
from jacobians.plans.products import Labelled, Sizes, arranged, pattern_array, volume
from jacobians.plans.program import Program, Shape
from jacobians.plans.reduce import axes_once, common_type, contracted
from jacobians.plans.sums import product
from jacobians.terms import Array


def scattered(P: Program, part: Part, shape: Shape) -> tuple[int, int] | None:
    """The places (in the flat array) and values of a term that patterns leave few entries of; None for other terms."""
    factors = [Labelled(v, a) for v, a in zip(part.values, part.pattern.factors, strict=True)]
    patterns = [f for f in factors if pattern_array(P, f) is not None]
    others = [f for f in factors if pattern_array(P, f) is None]
    sizes, axes = dict(enumerate(part.pattern.sizes)), part.pattern.axes
    covered = [a for f in patterns for a in f.labels]
    if not patterns or len(set(covered)) < len(covered):
        return None
    supports = [_support(P, f, set(axes)) for f in patterns]
    if any(not s or not next(iter(s.values())).size for s in supports):
        return None
    plain = [a for a in axes_once(part.pattern) if a not in covered]
    entries = [next(iter(s.values())).size for s in supports if s is not None]
    count = volume(plain, sizes) * math.prod(entries)
    if count * 4 > math.prod(shape) or count > 2**24:
        return None
    index = _index(supports, plain, sizes)
    strides = [math.prod(shape[k + 1 :]) for k in range(len(shape))]
    mesh = _mesh([s * index[a] for s, a in zip(strides, axes, strict=True)], len(plain) + len(supports))
    value = _entries(P, others, part, plain, index, mesh)
    return _indices(P, mesh), value


def _mesh(parts: Sequence[Array], rank: int) -> list[Array]:
    """One vector for each axis, whose sums are the sum of the parts: each part varies along one axis only."""
    mesh = [np.zeros(1, np.intp)] * rank
    for part in parts:
        along = _axis(part)
        mesh[along] = mesh[along] + part.reshape(-1)
    return mesh


def _axis(part: Array) -> int:
    """The axis along which a part varies."""
    return max(range(part.ndim), key=lambda k: part.shape[k], default=0)


def _indices(P: Program, mesh: Sequence[Array]) -> int:
    """All sums of an entry from each vector, flat."""
    whole = np.zeros((), np.intp)
    for vector in mesh:
        whole = np.add.outer(whole, vector)
    lists = ", ".join(str(vector.tolist()) for vector in mesh)
    return P.constant(np.ascontiguousarray(whole.reshape(-1)), f"sum(np.ix_({lists})).reshape(-1)")


def _support(P: Program, f: Labelled, axes: set[int]) -> dict[int, Array] | None:
    """Label -> index of each entry that is 1; None if two of them differ in summed labels only."""
    hits = pattern_array(P, f)
    assert hits is not None
    found = dict(zip(f.labels, np.nonzero(hits), strict=True))
    visible = [a for a in f.labels if a in axes]
    if not visible:
        return None
    place = np.zeros_like(found[visible[0]])
    for a in visible:
        place = place * hits.shape[f.labels.index(a)] + found[a]
    place.sort()
    if (place[1:] == place[:-1]).any():
        return None
    return found


def _index(supports: Sequence[dict[int, Array] | None], plain: list[int], sizes: Sizes) -> dict[int, Array]:
    """Label -> its index, broadcast over the plain labels and the entries of each pattern."""
    rank = len(plain) + len(supports)
    index = {}
    for k, a in enumerate(plain):
        index[a] = np.arange(sizes[a]).reshape([-1 if j == k else 1 for j in range(rank)])
    for k, support in enumerate(supports, start=len(plain)):
        for a, at in (support or {}).items():
            index[a] = at.reshape([-1 if j == k else 1 for j in range(rank)])
    return index


def _entries(
    P: Program, others: list[Labelled], part: Part, plain: list[int], index: Mapping[int, Array], mesh: Sequence[Array]
) -> int:
    """The values of the entries, flat: the product of the other factors, looked up at the labels of the patterns."""
    sizes, dtype = dict(enumerate(part.pattern.sizes)), common_type(P, [part])
    keep = sorted(index)
    bare = part.pattern._replace(factors=tuple(f.labels for f in others), out=tuple(keep), inp=())
    factors = contracted(P, Part(bare, tuple(f.value for f in others), 1.0), dtype)
    found = product(P, factors, part.coef, [*plain, *(a for a in keep if a not in plain)], sizes, dtype)
    if found is None:
        return P.constant(np.full((), part.coef, dtype))
    own = [a for a in plain if a in found.labels]
    looked = [a for a in found.labels if a not in plain]
    value = arranged(P, found, [*own, *looked])
    entries = math.prod(m.size for m in mesh[len(plain) :])
    if looked:
        value = _looked_up(P, value, own, looked, index, mesh[len(plain) :], sizes)
    many = (*(sizes[a] for a in plain), entries)
    value = P.spread(value, [*(a in own for a in plain), bool(looked)])
    if P.shape(value) != many:
        value = P.add(f"np.broadcast_to({{0}}, {many})", (value,), many, P.dtype(value))
    return P.reshape(value, (math.prod(many),))


def _looked_up(
    P: Program,
    value: int,
    own: Sequence[int],
    looked: Sequence[int],
    index: Mapping[int, Array],
    mesh: Sequence[Array],
    sizes: Sizes,
) -> int:
    """The entries of the last axes at the labels of the patterns, for each combination of entries of these."""
    strides = [volume(looked[k + 1 :], sizes) for k in range(len(looked))]
    rank = len(mesh)
    vectors = [np.zeros(m.size, np.intp) for m in mesh]
    for a, stride in zip(looked, strides, strict=True):
        at = index[a].reshape(index[a].shape[-rank:])
        along = _axis(at)
        vectors[along] = vectors[along] + stride * at.reshape(-1)
    places = _indices(P, vectors)
    value = P.reshape(value, (*(sizes[a] for a in own), volume(looked, sizes)))
    shape = (*(sizes[a] for a in own), *P.shape(places))
    return P.add(f"{{0}}.take({{1}}, {len(own)})", (value, places), shape, P.dtype(value))
