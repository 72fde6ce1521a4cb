"""Products of values: what a sign means follows from ranks, from columns and rows, and from the document's settings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from jacobians.claims import correlation
from jacobians.claims.context import Settings
from jacobians.claims.errors import IllFormed
from jacobians.claims.values import Orientation, Value, contract, hadamard, structured
from jacobians.errors import shape_text
from jacobians.notation import tree as t
from jacobians.notation.rebuild import rebuilt

AXES = "abcdefgh"


def product(a: Value, b: Value, sign: str, settings: Settings) -> Value:
    """The product that a sign between two values means; "" is standing side by side.

    Raises:
        IllFormed: sizes that do not fit, two columns.
    """
    if a.rank == 0 or b.rank == 0:
        return scaled_by(a, b)
    kind = meaning(sign, settings)
    if kind == "elementwise":
        return elementwise(a, b)
    if kind == "outer product":
        return outer(a, b)
    if kind == "Kronecker":
        return kronecker(a, b)
    if kind in correlation.KINDS:
        return correlation.correlated(a, b, correlation.KINDS[kind])
    if (chained := chain(a, b)) is not None:
        return chained
    if sign == "·" and settings.dot == "fitting" and a.rank == b.rank == 1 and a.orientation == b.orientation:
        return _inner(a, b)
    return matrix(a, b)


def meaning(sign: str, settings: Settings) -> str:
    """Which product a sign between two arrays means in a document."""
    if sign == "*":
        return settings.star
    if sign == "∘":
        return "elementwise"
    if sign == "⊗":
        return settings.otimes
    if sign in ("·", "×"):
        return "elementwise" if settings.dot == "elementwise" else "matrix product"
    return settings.juxtaposition if sign == "" else "matrix product"


def elementwise_signs(tree: t.Tree) -> t.Tree:
    r"""With \odot told apart from `*`, where a document means another product by that."""
    tree = rebuilt(tree, elementwise_signs)
    return replace(tree, op="∘") if isinstance(tree, t.Binary) and tree.hadamard else tree


def scaled_by(a: Value, b: Value) -> Value:
    """A number times anything; the derivative of a number by one keeps what the other factor is."""
    main = a if a.rank else b
    result = hadamard(a, b)
    # dL/dq dq/dx with numbers L and q: the gradient of a number by a vector fits as a row and as a column
    return result.as_(main.orientation, main.split)


def elementwise(a: Value, b: Value) -> Value:
    """Entry by entry."""
    if a.shape != b.shape and not (a.rank + b.rank == 3 and "column" in (a.orientation, b.orientation)):
        a, b = broadcast(a, b)
    if a.shape != b.shape:
        raise IllFormed(f"an elementwise product needs equal shapes, got {_shape(a)} and {_shape(b)}")
    both = {a.orientation, b.orientation} if a.rank == 1 else set()
    if both == {"column", "row"}:
        raise IllFormed(f"an elementwise product of a column and a row, both of size {a.shape[0]}")
    split = a.split if a.split is not None and a.split == b.split else None
    return hadamard(a, b).as_(a.orientation if b.orientation == "free" else b.orientation, split)


def outer(a: Value, b: Value) -> Value:
    """All products of entries: the axes of a, then those of b."""
    left, right = AXES[: a.rank], AXES[a.rank : a.rank + b.rank]
    return contract(a, b, left, right, left + right)


def kronecker(a: Value, b: Value) -> Value:
    """The Kronecker product of matrices; a column is a matrix with one column, a row one with one row."""
    a2, b2 = as_matrix(a), as_matrix(b)
    (m, n), (p, q) = a2.shape, b2.shape
    made = contract(a2, b2, "ab", "cd", "acbd")
    start = 1 + len(made.letters)

    def merged(part):  # type: ignore[no-untyped-def]
        return part.reshape(*part.shape[:start], m * p, n * q, *part.shape[start + 4 :])

    flat = Value(made.each(merged), made.letters, 2)
    if a.rank == b.rank == 1 and 1 in flat.shape:
        row = flat.shape[0] == 1
        return Value(
            flat.each(lambda x: x.reshape(*x.shape[:start], m * p * n * q, *x.shape[start + 2 :])),
            flat.letters,
            1,
            "row" if row else "column",
        )
    return flat


def as_matrix(a: Value) -> Value:
    """A vector as a matrix with one column, or one row."""
    if a.rank != 1:
        return a
    place = 1 + len(a.letters) + (0 if a.orientation == "row" else 1)

    def wide(part):  # type: ignore[no-untyped-def]
        return part.reshape(*part.shape[:place], 1, *part.shape[place:])

    return Value(a.each(wide), a.letters, 2)


def chain(a: Value, b: Value) -> Value | None:
    """The product of two Jacobians of which one has more than two axes: all middle axes are summed.

    The inputs of one are the outputs of the other; a factor that is no derivative stands for its gradient.
    """
    if (a.split is None and b.split is None) or (
        a.rank + b.rank <= 4 and max(a.rank, b.rank) <= 2 and not _whole(a, b)
    ):
        return None
    for x, y in ((a, b), (b, a)):  # the second: denominator layout writes the factors the other way round
        middle = _middle(x, y)
        if middle is None:
            continue
        left = AXES[: x.rank]
        shared = left[x.rank - middle :]
        rest = "pqrstuvw"[: y.rank - middle]
        out = x.rank - middle
        made = contract(x, y, left, shared + rest, left[:out] + rest)
        return made.as_("free" if made.rank == 1 and out == 0 else "column", out)
    return None


def _whole(a: Value, b: Value) -> bool:
    """A derivative by a matrix, times the derivative of that matrix by a number."""
    return a.rank == b.rank == 2 and a.split == 0 and b.split == 2


def _middle(x: Value, y: Value) -> int | None:
    """How many axes of x at its end are the first ones of y."""
    inner = x.rank - x.split if x.split is not None else None
    outer_ = y.split
    if inner is None:
        fits = outer_ is not None and (x.rank == outer_ or (outer_ == 1 and x.rank == 2))  # a gradient, or a matrix
        inner = outer_ if fits else None
    if outer_ is None:
        outer_ = inner if inner is not None and y.rank == inner else None
    if inner is None or inner != outer_ or inner == 0:
        return None
    return inner if x.shape[x.rank - inner :] == y.shape[:inner] else None


def matrix(a: Value, b: Value) -> Value:
    """The matrix product, with vectors as the columns or rows that they are."""
    if a.rank == b.rank == 1:
        return _of_vectors(a, b)
    if a.rank > 2 or b.rank > 2:
        return _tensor(a, b)
    if a.rank == 2 and b.rank == 1 and b.orientation == "row":
        raise IllFormed(
            f"a matrix {_shape(a)} times a row of size {b.shape[0]}; "
            "write the row as a column, or the factors the other way round"
        )
    if a.rank == 1 and a.orientation == "column" and b.rank == 2:
        if b.shape[0] == 1:  # a column times a matrix with one row
            return contract(a, b, "a", "bc", "ac")
        raise IllFormed(f"a column of size {a.shape[0]} times a matrix {_shape(b)}; is a transpose missing?")
    if a.shape[-1] != b.shape[0]:
        raise IllFormed(f"a matrix product needs equal inner sizes, got {_shape(a)} times {_shape(b)}")
    if a.rank == 2 and b.rank == 2:
        return contract(a, b, "ab", "bc", "ac").as_(split=_kept_split(a, b))
    if a.rank == 2:
        made = contract(a, b, "ab", "b", "a")
        return made.as_(b.orientation if b.orientation == "free" else "column")
    made = contract(a, b, "a", "ab", "b")
    gradient = a.split == 0 and b.split == 1  # dL/dz dz/dx is a gradient again
    return made.as_("free" if gradient else "row", 0 if gradient else None)


def _kept_split(a: Value, b: Value) -> int | None:
    return 1 if a.split == 1 and b.split == 1 else None


def _of_vectors(a: Value, b: Value) -> Value:
    sides: tuple[Orientation, Orientation] = (a.orientation, b.orientation)
    if sides in (("row", "column"), ("row", "free"), ("free", "column"), ("free", "free")):
        return _inner(a, b)
    if sides in (("column", "row"), ("column", "free"), ("free", "row")):
        return contract(a, b, "a", "b", "ab")
    kind = sides[0] + "s"
    raise IllFormed(f"a product of two {kind} of sizes {a.shape[0]} and {b.shape[0]}; write x^T y, x y^T or x ⊙ y")


def _inner(a: Value, b: Value) -> Value:
    if a.shape != b.shape:
        raise IllFormed(f"an inner product needs equal sizes, got {a.shape[0]} and {b.shape[0]}")
    return contract(a, b, "a", "a", "")


def _tensor(a: Value, b: Value) -> Value:
    """The last axis of one with the first of the other."""
    if a.shape[-1] != b.shape[0]:
        raise IllFormed(f"a product needs equal inner sizes, got {_shape(a)} times {_shape(b)}")
    left, right = AXES[: a.rank], "pqrstuvw"[: b.rank - 1]
    return contract(a, b, left, left[-1] + right, left[:-1] + right)


def _shape(a: Value) -> str:
    return f"{a.orientation} {shape_text(a.shape)}" if a.rank == 1 and a.orientation != "free" else shape_text(a.shape)


def broadcast(a: Value, b: Value) -> tuple[Value, Value]:
    """Two summands or factors of unequal shapes: a column goes with every column of a matrix, a row with every row.

    In arrays with more axes a vector goes along the last one; axes of size 1 are repeated. What does not fit comes back
    as it is.
    """
    if a.rank == 1 and b.rank > 1:
        return _tiled(a, b.shape), b
    if a.rank > 1 and b.rank == 1:
        return a, _tiled(b, a.shape)
    if a.rank == b.rank and all(m == n or 1 in (m, n) for m, n in zip(a.shape, b.shape, strict=True)):
        shape = tuple(max(m, n) for m, n in zip(a.shape, b.shape, strict=True))
        return _stretched(a, shape), _stretched(b, shape)
    return a, b


def _tiled(v: Value, shape: tuple[int, ...]) -> Value:
    if len(shape) > 2:
        return outer(structured(np.ones(shape[:-1])), v) if v.shape[0] == shape[-1] else v
    axis = 1 if v.orientation == "row" else 0
    if v.shape[0] != shape[axis]:
        return v
    return _stretched(as_matrix(v), shape)


def _stretched(a: Value, shape: tuple[int, ...]) -> Value:
    """Axes of size 1 repeated."""
    for axis, (have, want) in enumerate(zip(a.shape, shape, strict=True)):
        if have != want:
            place = 1 + len(a.letters) + axis
            a = Value(a.each(lambda part, place=place, want=want: part.repeat(want, axis=place)), a.letters, a.rank)  # type: ignore[misc]
    return a
