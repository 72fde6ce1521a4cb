"""All entries as numbers: arrays and slices, large ones shortened to their edges as NumPy does."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from jacobians.errors import FormError, shape_text
from jacobians.forms.dots import misleading
from jacobians.printing import power_of_ten
from jacobians.terms import Array

if TYPE_CHECKING:
    from jacobians.jacobian import Jacobian


#: What LaTeX's bmatrix takes by default; longer axes are shortened.
MATRIX_COLUMNS = 10
#: How slices stand: equations in a line, one under the other, matrices side by side under their headings.
SliceLayout = Literal["slices", "stacked", "beside"]
#: Between lines of matrices, and between headings and the matrices under them.
APART, UNDER = r"\\[6pt]", r"\\[12pt]"
#: At dots that stand for something else than what is beside them.
STAR, STAR_MEANS = r"\ast", "not all as beside the dots"


def edges(J: Jacobian, longest: int | None = None) -> tuple[Array, list[bool]]:
    """The array with only the edges of long axes, and which axes were cut; the whole is not built.

    Where the array is large, axes are long that have more than their edges, else those of more than `longest` entries.
    """
    threshold, edge = _limits()
    cut = [n > 2 * edge and (J.size > threshold or (longest is not None and n > longest)) for n in J.shape]
    ends = [(slice(None, edge), slice(-edge, None)) if c else (slice(None),) for c in cut]

    def block(chosen: tuple[slice, ...], axis: int) -> Array:
        if axis == len(ends):
            return np.asarray(J[chosen].dense() if chosen else J.dense())
        return np.concatenate([block((*chosen, part), axis + 1) for part in ends[axis]], axis=axis)

    return (block((), 0) if any(cut) else J.dense()), cut


def _limits() -> tuple[int, int]:
    options = np.get_printoptions()
    return int(options["threshold"]), int(options["edgeitems"])


# ----- plain text -----


def entries_text(J: Jacobian) -> str:
    """The array as NumPy prints it, from its edges only."""
    return "\n".join(array_lines(*edges(J)))


def array_lines(array: Array, cut: Sequence[bool]) -> list[str]:
    """Lines of text, columns aligned; dots stand for what was cut."""
    cells = np.empty(array.shape, object)
    for k in np.ndindex(array.shape):
        cells[k] = _number_text(array[k])
    if array.ndim == 0:
        return [str(cells[()])]
    dotted = with_dots(cells, cut, lambda rows, columns: "...")
    width = max((len(c) for c in dotted.ravel()), default=0)
    return _nested(dotted, width)


def _nested(cells: Array, width: int) -> list[str]:
    if (cells == "...").all():
        return ["..."]
    if cells.ndim == 1:
        return ["[" + " ".join(f"{c:>{width}}" for c in cells) + "]"]
    lines: list[str] = []
    for k, row in enumerate(cells):
        lines += [""] if k and cells.ndim > 2 else []
        lines += _nested(np.asarray(row), width)
    lines = [" " + line if line else line for line in lines]
    return ["[" + lines[0][1:], *lines[1:-1], lines[-1] + "]"] if len(lines) > 1 else ["[" + lines[0][1:] + "]"]


def _number_text(x: Any) -> str:
    """Four digits; whole numbers in full."""
    whole = math.isfinite(x) and x == round(x) and abs(x) < 1e9
    return f"{x:.0f}" if whole else f"{x:.4g}"


def _shown_outputs(J: Jacobian, cut: Sequence[bool], base: int = 0) -> list[tuple[tuple[int, ...] | None, str]]:
    """Positions in the shortened array with the true index of the output entry; None where entries were left out."""
    n = len(J.out_shape)
    if not n:
        raise FormError(
            f"slices: the output is a scalar, shape {shape_text(J.out_shape)}, so there is one slice only; use the "
            "form 'entries'"
        )
    edge = _limits()[1]
    kept = [
        [*range(edge), *range(size - edge, size)] if short else range(size)
        for size, short in zip(J.out_shape, cut[:n], strict=True)
    ]
    shown: list[tuple[tuple[int, ...] | None, str]] = []
    for at in itertools.product(*(range(len(k)) for k in kept)):
        if any(cut[k] and at[k] == edge and not any(at[k + 1 :]) for k in range(n)):  # something was left out before
            shown.append((None, ""))
        shown.append((at, ", ".join(str(k[i] + base) for k, i in zip(kept, at, strict=True))))
    return shown


# ----- LaTeX -----


def number_latex(x: Any) -> str:
    r"""Four digits: `0.1234`, `1.2 \cdot 10^{-5}`, `\infty`."""
    number = float(x)
    if not math.isfinite(number):
        return r"\mathrm{nan}" if math.isnan(number) else ("-" if number < 0 else "") + r"\infty"
    return power_of_ten(_number_text(number))


def entries_latex(J: Jacobian) -> str:
    """All entries; a vector as a transposed row, rank 3 as a list of matrices, rank 4 as a matrix of matrices.

    Of axes with more than ten entries the first and the last are written; dots between equal entries that stand for
    something else have a star, which is explained behind the matrix.
    """
    array, cut = edges(J, MATRIX_COLUMNS)
    return explained(array_latex(array, cut, marks=misleading(J, array, cut)))


def slices_latex(J: Jacobian, of: str = "J", wrt: str = "", layout: SliceLayout = "slices") -> str:
    """For every output entry the derivative by the whole input, one matrix each; indices from 1."""
    array, cut = edges(J, MATRIX_COLUMNS)
    n = len(J.out_shape)
    shown = _shown_outputs(J, cut, base=1)
    marks = misleading(J, array, cut) if J.in_shape else np.zeros(J.shape, bool)
    inner = [(index, "" if at is None else array_latex(array[at], cut[n:], marks=marks[at])) for at, index in shown]
    return explained(slice_list(inner, of, wrt, layout))


def slice_list(slices: Sequence[tuple[str, str]], of: str, wrt: str, layout: SliceLayout = "slices") -> str:
    r"""`\frac{\partial a_{1}}{\partial W} = ..., \quad ...` from (index, matrix) pairs; dots for an empty matrix.

    "slices" is a line of equations, "stacked" one equation under the other, "beside" the matrices side by side, each
    under its heading; there a last index runs along a line, the ones before it from line to line.
    """
    named = [(_slice_name(of, wrt, index), index, matrix) for index, matrix in slices]
    if layout == "slices":
        return r", \quad ".join(f"{name} = {matrix}" if matrix else r"\ldots" for name, _, matrix in named)
    if layout == "stacked":
        lines = [f"{name} &= {matrix}" if matrix else r"& \quad \vdots" for name, _, matrix in named]
        return rf"\begin{{aligned}} {f' {APART} '.join(lines)} \end{{aligned}}"
    return _beside(named)


def _slice_name(of: str, wrt: str, index: str) -> str:
    one = f"{{{of}}}_{{{index}}}" if "_" in of else f"{of}_{{{index}}}"  # no double subscript
    return rf"\frac{{\partial {one}}}{{\partial {wrt}}}" if wrt else one


def _beside(named: Sequence[tuple[str, str, str]]) -> str:
    """Lines of headings over lines of matrices; the slices of a line differ in their last index."""
    lines: list[list[tuple[str, str]]] = []
    before, broken = None, False
    for name, index, matrix in named:
        if not matrix:
            broken = True
            continue
        leading = index.rpartition(", ")[0]
        if leading != before:
            lines += [[], []] if broken else [[]]  # an empty line: lines were left out
        elif broken:
            lines[-1].append((r"\cdots", r"\cdots"))
        lines[-1].append((name.replace(r"\frac", r"\dfrac", 1), matrix))
        before, broken = leading, False
    width = max(map(len, lines))
    pairs = [[" & ".join(part) for part in zip(*line, strict=True)] if line else [r"\vdots"] for line in lines]
    rows = r" \\ \\ ".join(f" {UNDER} ".join(pair) for pair in pairs)  # an empty row, since matrices are deep
    return rf"\begin{{array}}{{{'c' * width}}} {rows} \end{{array}}"


def explained(latex: str) -> str:
    """With a word about starred dots, where there are any."""
    return rf"{latex} \quad ({STAR}\colon \text{{{STAR_MEANS}}})" if rf"dots^{{{STAR}}}" in latex else latex


def array_latex(
    array: Array,
    cut: Sequence[bool] = (),
    cell: Callable[[Any], str] = number_latex,
    marks: Array | None = None,
) -> str:
    """An array of any rank with amsmath's bmatrix; `cut` says which axes hold only their two edges.

    `marks` says which cells of the dotted matrices (the last two axes) are dots with a star.
    """
    array = np.asarray(array)
    cut = cut or [False] * array.ndim
    if array.ndim == 0:
        return cell(array[()])
    if array.ndim == 1:
        row = marks[None] if marks is not None else None
        return array_latex(array[None], [False, *cut], cell, row) + r"^{\top}"
    if array.ndim % 2:
        inner = [array_latex(p, cut[1:], cell, None if marks is None else marks[k]) for k, p in enumerate(array)]
        if cut[0]:
            inner.insert(len(inner) // 2, r"\ldots")
        return r"\left[ " + r", \; ".join(inner) + r" \right]"
    cells = np.empty(array.shape[:2], object)
    for k in np.ndindex(cells.shape):
        inside = marks[k] if marks is not None and array.ndim > 2 else None
        cells[k] = array_latex(array[k], cut[2:], cell, inside)
    dotted = with_dots(cells, cut[:2], _dots)
    if marks is not None and array.ndim == 2:
        dotted[marks] += f"^{{{STAR}}}"
    return bmatrix(dotted)


def bmatrix(cells: Array) -> str:
    """A matrix of LaTeX strings; amsmath's bmatrix takes 10 columns, a wider one is an array."""
    rows = r" \\ ".join(" & ".join(row) for row in cells)
    if cells.shape[1] > MATRIX_COLUMNS:
        return rf"\left[\begin{{array}}{{{'c' * cells.shape[1]}}} {rows} \end{{array}}\right]"
    return rf"\begin{{bmatrix}} {rows} \end{{bmatrix}}"


def _dots(rows: bool, columns: bool) -> str:
    return r"\ddots" if rows and columns else r"\vdots" if rows else r"\cdots"


def with_dots(cells: Array, cut: Sequence[bool], dots: Callable[[bool, bool], str]) -> Array:
    """The cells with dots in the middle of every cut axis; `dots(row cut, column cut)` says which ones."""
    full = cells
    middles = [n // 2 if short else None for n, short in zip(cells.shape, cut, strict=True)]
    for axis, middle in enumerate(middles):
        if middle is not None:
            full = np.insert(full, middle, "", axis=axis)
    for k in np.ndindex(full.shape):
        hit = [m is not None and i == m for i, m in zip(k, middles, strict=True)]
        if any(hit):
            full[k] = dots(any(hit[:-1]), hit[-1])
    return full
