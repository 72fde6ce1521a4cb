"""Pictures with matplotlib (the extra `plot`): the loss of a descent, a Jacobian as a heat map, norms through time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from jacobians.errors import InputError
from jacobians.structure import axis_names

if TYPE_CHECKING:
    from jacobians.descent import Record
    from jacobians.jacobian import Jacobian
    from jacobians.through_time import StateJacobians

#: Rows or columns up to which each gets its own tick.
TICKS = 24


def new_axes(count: int = 1, size: tuple[float, float] = (6.0, 4.0)) -> tuple[Any, Sequence[Any]]:
    """A figure with `count` axes side by side, drawn without a window.

    Raises:
        InputError: matplotlib is not installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise InputError("plots need matplotlib, which is not installed; run `pip install 'jacobians[plot]'`") from None
    figure = Figure(figsize=(size[0] * count, size[1]), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, [figure.add_subplot(1, count, k + 1) for k in range(count)]


def plot_loss(record: Record, axes: Any = None) -> Any:
    """The loss against the step, on a logarithmic scale; returns the matplotlib axes."""
    ax = new_axes()[1][0] if axes is None else axes
    losses = np.asarray(record.losses)
    ax.plot(losses, color="C0", alpha=0.35 if len(losses) > TICKS else 1.0, linewidth=1)
    if len(losses) > TICKS:  # the losses of mini-batches scatter: their running mean is what falls
        window = max(2, len(losses) // TICKS)
        mean = np.convolve(losses, np.full(window, 1 / window), mode="valid")
        middle = np.arange(len(mean)) + (window - 1) / 2
        ax.plot(middle, mean, color="C0", linewidth=2, label=f"mean of {window} steps")
        ax.legend(frameon=False)
    if (losses > 0).all():
        ax.set_yscale("log")
    ax.set(xlabel="step", ylabel="loss", title=f"gradient descent, rate {record.rate:g}")
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def plot_jacobian(J: Jacobian, axes: Any = None, of: str = "", wrt: str = "") -> Any:
    """A heat map of the matrix vec(output) x vec(input), zero white, labelled with the names of the axes.

    The gradient of a scalar by a matrix keeps that matrix's two axes.
    """
    ax = new_axes()[1][0] if axes is None else axes
    rank = len(J.out_shape)
    names = axis_names(J.terms, len(J.shape))
    cut = 1 if rank == 0 and len(J.in_shape) == 2 else rank
    matrix = J.dense().reshape(int(np.prod(J.shape[:cut])), -1)
    limit = float(np.max(np.abs(matrix), initial=0.0)) or 1.0
    image = ax.imshow(matrix, cmap="RdBu_r", vmin=-limit, vmax=limit, aspect="auto", interpolation="nearest")
    ax.figure.colorbar(image, ax=ax, shrink=0.85)
    row, column = (_label(names[a:b], J.shape[a:b]) for a, b in ((0, cut), (cut, len(names))))
    ax.set(ylabel=_described(row, of if cut == rank else wrt), xlabel=_described(column, wrt))
    ax.set_title(f"∂{of}/∂{wrt}" if of and wrt else "Jacobian")
    for axis, size in ((ax.yaxis, matrix.shape[0]), (ax.xaxis, matrix.shape[1])):
        if size <= TICKS:
            axis.set_ticks(range(size))
    return ax


def plot_states(found: StateJacobians, axes: Any = None, label: str = "") -> Any:
    """The norms of the Jacobians by the states against the steps back, on a logarithmic scale: vanishing, exploding.

    With a `label` only the spectral norm is drawn under that name, so that several networks fit into one picture.
    """
    ax = new_axes()[1][0] if axes is None else axes
    steps = [s.steps for s in found.states]
    norms = {label or "spectral norm": [s.spectral for s in found.states]}
    if not label:
        norms["Frobenius norm"] = [s.frobenius for s in found.states]
    for name, values in norms.items():  # a norm of 0 has no place on the scale
        ax.plot(steps, [v if v > 0 else np.nan for v in values], marker="o", markersize=3, linewidth=1, label=name)
    ax.set_yscale("log")
    ax.set(xlabel="steps back", ylabel="norm", title=f"Jacobian of {found.of} by the states before")
    if len(steps) <= TICKS:
        ax.set_xticks(steps)
    ax.legend(frameon=False)
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def _label(names: Sequence[str], shape: Sequence[int]) -> str:
    """`o' i (4, 3)`."""
    return f"{' '.join(names)} ({', '.join(map(str, shape))})" if names else ""


def _described(label: str, name: str) -> str:
    return f"{name}: {label}" if name and label else label or name
