"""Which Jacobians are (block) Toeplitz matrices: every row is the one before, shifted, as in a convolution.

The output's axes and the input's are paired from the last ones backwards: of a convolution (o y x | c h w) the pairs
are x with w, y with h, o with c. A pair is shift invariant if J stays the same where both of its indices move on, by a
fixed step each, all other indices as they are. One such pair makes the matrix (or each of its blocks) Toeplitz, two of
them block Toeplitz with Toeplitz blocks.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from jacobians.structure import axis_names
from jacobians.terms import Array, Factor, Labels, Term

if TYPE_CHECKING:
    from jacobians.jacobian import Jacobian

#: What is proved for all values is proved on random ones, drawn from this seed.
SEED = 20
#: A name in a 0/1 pattern that is no function: `x` in `[x[{0}] = max(x)]`.
_VALUE = re.compile(r"\b[A-Za-z]\w*\b(?!\()")
#: The names of matrices with that many shift invariant pairs.
KINDS = {1: "Toeplitz", 2: "block Toeplitz with Toeplitz blocks (BTTB)"}


@dataclass(frozen=True)
class Level:
    """A pair of axes that J is shift invariant in: J[out + down, inp + right] = J[out, inp].

    `diagonals` are the values of `down * inp - right * out` at which J can differ from zero; a Hankel level has a
    negative `right`, so these are its antidiagonals.
    """

    out: str
    inp: str
    down: int
    right: int
    diagonals: tuple[int, ...]
    banded: bool

    @property
    def repeats(self) -> bool:
        """Equal blocks on the main diagonal, zeros elsewhere: a batch axis, channels that do not mix."""
        return (self.down, self.right, self.diagonals) == (1, 1, (0,))

    def text(self, block: bool) -> str:
        """`y | h: every row is the one before shifted right by 1, zero off diagonals 0 to 2`."""
        pair = f"{self.out} | {self.inp}"
        if self.repeats:
            return f"{pair}: the same on the whole diagonal, zero elsewhere"
        line, way, step = ("row", "right", self.right) if self.down == 1 else ("column", "down", self.down)
        way, step = (way, step) if step > 0 else ("left", -step)
        of, lines = "block " * block, "antidiagonal" if self.right < 0 else "diagonal"
        plural = "s" * (len(self.diagonals) > 1)
        zeros = f", zero off {of}{lines}{plural} {_ranges(self.diagonals)}" if self.banded else ""
        return f"{pair}: every {of}{line} is the one before shifted {way} by {step}{zeros}"


@dataclass(frozen=True)
class Toeplitz:
    """What is Toeplitz about the matrix vec(output) x vec(input), vec row by row; print it.

    `levels` are the shift invariant pairs of axes, outermost first; `rows` and `columns` the shape of the matrix that
    they make; `blocks` how many such matrices stand under and beside one another, `block_axes` over which axes; `scope`
    says for which values of the factors all that holds.
    """

    levels: tuple[Level, ...]
    rows: int
    columns: int
    blocks: tuple[int, int]
    block_axes: tuple[Labels, Labels]
    scope: str

    def __bool__(self) -> bool:
        """Whether there is any such structure."""
        return bool(self.levels)

    @property
    def moving(self) -> tuple[Level, ...]:
        """The levels that are more than equal blocks on the diagonal."""
        return tuple(level for level in self.levels if not level.repeats)

    @property
    def kind(self) -> str:
        """`banded Toeplitz`, `block Toeplitz with Toeplitz blocks (BTTB)`, `Hankel`, `not Toeplitz`."""
        moving = self.moving
        if not moving:
            equal = "block diagonal with equal blocks" if any(self.block_axes) else "multiple of the identity"
            return equal if self.levels else "not Toeplitz"
        if any(level.right < 0 for level in moving):
            return "Hankel" if len(moving) == 1 else f"{len(moving)}-level block Hankel"
        name = KINDS.get(len(moving), f"{len(moving)}-level block Toeplitz")
        steps = [max(level.down, level.right) for level in moving]
        stride = "" if max(steps) == 1 else f", stride {' x '.join(map(str, dict.fromkeys(steps)))}"
        return ("banded " if all(level.banded for level in moving) else "") + name + stride

    def __str__(self) -> str:
        """The kind, then a line for each level."""
        size = f"{self.rows} x {self.columns}"
        if not self.levels:
            return f"not Toeplitz: no pair of axes of the matrix {size} is shift invariant"
        head = f"{self.kind}, {size}"
        if self.moving and self.blocks != (1, 1):
            sides = " | ".join(" ".join(axes) for axes in self.block_axes if axes)
            head = f"{self.blocks[0]} x {self.blocks[1]} blocks ({sides}), each {head}"
        inner = self.moving[-1:]
        lines = (f"  {level.text(block=level not in inner)}" for level in self.levels)
        return "\n".join([f"{head}{', ' * bool(self.scope)}{self.scope}", *lines])


def toeplitz(J: Jacobian) -> Toeplitz:
    """What is Toeplitz about J's matrix, found and proved on the entries; empty (false) where nothing is.

    Raises:
        DenseLimitError: the dense array would be too large.
    """
    found = _levels(J)
    again = {(v.out, v.inp, v.down, v.right): v for v in _levels(_redrawn(J))}
    drawn = tuple(again.get((v.out, v.inp, v.down, v.right)) for v in found)
    always = None not in drawn
    if always:  # a diagonal that is zero at these values only is none that is zero for all
        found = tuple(v for v in drawn if v is not None)
    scope = _scope(J, always)
    names = axis_names(J.shown.terms, len(J.shape))
    n = len(J.out_shape)
    sides = tuple(zip(names[:n], J.out_shape, strict=True)), tuple(zip(names[n:], J.in_shape, strict=True))
    moving = [v for v in found if not v.repeats]
    within = {a for v in moving or found for a in (v.out, v.inp)}
    axes = tuple(tuple(a for a, size in side if a not in within and size > 1) for side in sides)
    if not moving:
        return Toeplitz(found, math.prod(J.out_shape), math.prod(J.in_shape), (1, 1), (axes[0], axes[1]), scope)
    rows, columns = (math.prod(size for a, size in side if a in within) for side in sides)
    blocks = tuple(math.prod(size for a, size in side if a not in within) for side in sides)
    return Toeplitz(found, rows, columns, (blocks[0], blocks[1]), (axes[0], axes[1]), scope)


def _scope(J: Jacobian, always: bool) -> str:
    """`for all values of W`; where 0/1 patterns depend on values, as in max pooling, `at these values of x`."""
    factors = [f for t in J.shown.terms for f in t.factors]
    names = [f.name for f in factors if f.value.dtype != bool]
    inside = [name for f in factors if f.value.dtype == bool for name in _VALUE.findall(f.name)]
    listed = ", ".join(dict.fromkeys([*names, *inside]))
    when = "for all values" if always and not inside else "at these values"
    return f"{when} of {listed}" if listed else ""


def _levels(J: Jacobian) -> tuple[Level, ...]:
    array = J.dense()
    names = axis_names(J.shown.terms, len(J.shape))
    n, m = len(J.out_shape), len(J.in_shape)
    pairs = [(n - k, n + m - k) for k in range(min(n, m), 0, -1)]
    levels = (_level(np.moveaxis(array, pair, (0, 1)), names[pair[0]], names[pair[1]]) for pair in pairs)
    return tuple(level for level in levels if level is not None)


def _level(array: Array, out: str, inp: str) -> Level | None:
    """The smallest step under which the first two axes are shift invariant."""
    if min(array.shape[:2]) < 2:
        return None  # a single row or column says nothing
    close = 1e-12 * float(np.max(np.abs(array), initial=0.0))
    for down, right in _steps(*array.shape[:2]):
        here, there = _shifted(array, down, right)
        if np.any(here != 0) and np.allclose(here, there, rtol=0, atol=close):
            rows, columns = np.nonzero(np.any(array != 0, axis=tuple(range(2, array.ndim))))
            diagonals = tuple(map(int, np.unique(down * columns - right * rows)))
            every = {down * c - right * r for r, c in np.ndindex(array.shape[:2])}
            return Level(out, inp, down, right, diagonals, len(diagonals) < len(every))
    return None


def _steps(rows: int, columns: int) -> Iterator[tuple[int, int]]:
    """Plain Toeplitz, strides, strides of a transposed convolution, Hankel."""
    yield from ((1, right) for right in range(1, columns))
    yield from ((down, 1) for down in range(2, rows))
    yield from ((1, -right) for right in range(1, columns))


def _shifted(array: Array, down: int, right: int) -> tuple[Array, Array]:
    """The entries that have a partner `down` rows below and `right` columns beside them, and these partners."""
    if right > 0:
        return array[:-down, :-right], array[down:, right:]
    return array[:-down, -right:], array[down:, :right]


def _redrawn(J: Jacobian) -> Jacobian:
    """The same terms with other numbers in place of all but the 0/1 patterns; equal names get equal numbers."""
    from jacobians.jacobian import Jacobian as Same

    rng = np.random.default_rng(SEED)
    drawn: dict[tuple[str, tuple[int, ...]], Array] = {}

    def other(f: Factor) -> Factor:
        if f.value.dtype == bool:
            return f
        key = f.name, f.value.shape
        if key not in drawn:
            drawn[key] = rng.standard_normal(f.value.shape)
        return Factor(drawn[key], f.labels, f.name)

    terms = (Term(tuple(map(other, t.factors)), t.out, t.inp, t.sizes, t.coef) for t in J.shown.terms)
    return Same(terms, J.out_shape, J.in_shape)


def _ranges(numbers: tuple[int, ...]) -> str:
    """`0 to 2`, `0, 2 and 4`."""
    if len(numbers) > 2 and numbers[-1] - numbers[0] == len(numbers) - 1:
        return f"{numbers[0]} to {numbers[-1]}"
    words = list(map(str, numbers))
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
