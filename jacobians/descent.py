"""Gradient descent on the mean loss of m samples, theta <- theta - rate * (1/m) sum_i dl_i/dtheta, by our Jacobians.

A model of one sample (`x : 64`) is run once for every sample and its gradients are averaged. A model of a batch
(`x : 32 x 64`, the loss a mean over the rows) takes that many samples at once.

Source: Bottou, Curtis, Nocedal, "Optimization Methods for Large-Scale Machine Learning", SIAM Review 2018, section 3.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from jacobians.errors import DivergenceError, InputError, shape_text, unknown
from jacobians.terms import Array

if TYPE_CHECKING:
    from jacobians.model import Model

Stopped = Literal["steps", "no improvement"]


@dataclass(frozen=True)
class Record:
    """What happened: the loss before every step, the parameters after the last, and why it stopped."""

    losses: Array
    parameters: dict[str, Array]
    stopped: Stopped
    rate: float

    @property
    def steps(self) -> int:
        """How many steps were taken."""
        return len(self.losses)

    def __str__(self) -> str:
        """`200 steps at rate 0.1: loss 2.31 -> 0.047; stopped: steps`."""
        first, last = self.losses[0], self.losses[-1]
        rose = " (it rose: try a smaller rate)" if last > first else ""
        return (
            f"{self.steps} steps at rate {self.rate:g}: loss {first:.4g} -> {last:.4g}{rose}; stopped: {self.stopped}"
        )


def descend(
    model: Model,
    samples: Mapping[str, ArrayLike],
    start: Mapping[str, ArrayLike] | None = None,
    *,
    rate: float = 0.1,
    steps: int = 100,
    batch: int | None = None,
    loss: str | None = None,
    patience: int | None = None,
    min_improvement: float = 0.0,
    seed: int = 0,
    progress: bool = False,
) -> Record:
    """Gradient descent of every leaf that is in `start` and not in `samples` (default: the model's parameters, random).

    `samples` gives the data, one sample per row: for a model of one sample `batch` rows at a time (default: all), for a
    model of a batch as many rows as it takes; rows are shuffled anew each time all were used. Stops early where
    `patience` steps in a row did not lower the best loss by more than `min_improvement`.

    Raises:
        InputError: a leaf without a value, samples of unequal number, an option out of range.
        ShapeError: a value of the wrong shape.
        DivergenceError: the loss or a parameter becomes NaN or inf.
    """
    _check_options(rate, steps, patience)
    target = loss or model.output
    model.require(target, "descend")
    if model.shapes[target] != ():
        raise InputError(f"descend: {target} has shape {shape_text(model.shapes[target])}; expected a scalar loss")
    data = _Samples.of(model, samples, batch)
    parameters = _start(model, data, start, seed)
    stopped: Stopped = "steps"
    losses: list[float] = []
    best, since = np.inf, 0
    with np.errstate(over="ignore", invalid="ignore"):  # divergence is found below and named
        for step, points in _bar(zip(range(steps), data.batches(seed), strict=False), steps, progress):
            value, gradients = _mean_gradients(model, target, points, parameters)
            losses.append(value)
            _refuse_divergence(step, rate, losses)
            since = 0 if value < best - min_improvement else since + 1
            best = min(best, value)
            if patience is not None and since >= patience:
                stopped = "no improvement"
                break
            parameters = {name: theta - rate * gradients[name] for name, theta in parameters.items()}
            _refuse_divergence(step, rate, losses, parameters)
    return Record(np.array(losses), parameters, stopped, rate)


def _mean_gradients(
    model: Model, loss: str, points: Sequence[Mapping[str, Array]], parameters: Mapping[str, Array]
) -> tuple[float, dict[str, Array]]:
    """The mean loss over the points and its gradients."""
    total = 0.0
    sums = {name: np.zeros(theta.shape) for name, theta in parameters.items()}
    plan = model.plan(loss, tuple(parameters), values=(loss,))
    for point in points:
        found = plan({**model.values, **point, **parameters})
        total += float(found[loss])
        for name in parameters:
            sums[name] += found[loss, name]
    return total / len(points), {name: s / len(points) for name, s in sums.items()}


@dataclass(frozen=True)
class _Samples:
    """The data: what every step takes whole, what it takes row by row, and how many rows make a step."""

    whole: dict[str, Array]
    rows: dict[str, Array] = field(default_factory=dict)
    count: int = 1
    batch: int = 1
    #: Whether a row is a run of its own, or the rows of a step go into one run.
    single: bool = True

    @classmethod
    def of(cls, model: Model, samples: Mapping[str, ArrayLike], batch: int | None) -> _Samples:
        arrays = {name: np.asarray(value) for name, value in samples.items()}
        for name in arrays:
            if name not in model.leaves:
                raise unknown("descend: samples", "leaf", name, model.leaves)
        whole = {k: v for k, v in arrays.items() if v.shape == model.leaves[k]}
        rows = {k: v for k, v in arrays.items() if k not in whole}
        if not rows:
            return cls(whole)
        single = all(v.ndim == len(model.leaves[k]) + 1 for k, v in rows.items())
        _check_rows(model, rows, single)
        count = len(next(iter(rows.values())))
        return cls(whole, rows, count, _rows_per_step(model, rows, count, single, batch), single)

    def batches(self, seed: int) -> Iterator[list[dict[str, Array]]]:
        """For every step the points to run, without the parameters; for ever."""
        rng = np.random.default_rng(seed)
        while True:
            order = np.arange(self.count) if self.batch == self.count else rng.permutation(self.count)
            for first in range(0, self.count - self.batch + 1, self.batch):
                chosen = order[first : first + self.batch]
                if self.single:
                    yield [{**self.whole, **{k: v[i] for k, v in self.rows.items()}} for i in chosen]
                else:
                    yield [{**self.whole, **{k: v[chosen] for k, v in self.rows.items()}}]


def _check_rows(model: Model, rows: Mapping[str, Array], single: bool) -> None:
    """Every array has a row per sample, of the shape that the model takes, and as many rows as the others."""
    first = next(iter(rows))
    for name, value in rows.items():
        shape = model.leaves[name] if single else model.leaves[name][1:]
        if value.ndim == 0 or value.shape[1:] != shape:
            wanted = ", ".join(map(str, ("m", *shape)))
            raise InputError(
                f"descend: samples of {name}: expected ({wanted}), a row for each of m samples, "
                f"got {shape_text(value.shape)}"
            )
        if len(value) != len(rows[first]):
            raise InputError(
                f"descend: {first} has {len(rows[first])} samples, {name} has {len(value)}; give one of each per sample"
            )


def _rows_per_step(model: Model, rows: Mapping[str, Array], count: int, single: bool, batch: int | None) -> int:
    """The batch size: what is asked for, or what the model's own shapes say."""
    own = set() if single else {model.leaves[name][0] for name in rows}
    if own and (len(own) > 1 or batch not in (None, *own)):
        raise InputError(
            f"descend: batch={batch}: the model takes {' or '.join(map(str, sorted(own)))} rows at once by its own "
            "shapes; leave batch out, or build the model for that many rows"
        )
    size = own.pop() if own else count if batch is None else batch
    if not 1 <= size <= count:
        raise InputError(f"descend: a step takes {size} rows, the samples have {count}; expected 1 to {count} rows")
    return size


def _start(model: Model, data: _Samples, start: Mapping[str, ArrayLike] | None, seed: int) -> dict[str, Array]:
    """The parameters to begin with."""
    if start is None:
        drawn = model.random_point(seed)
        start = {name: drawn[name] for name in model.parameters() if name not in data.whole and name not in data.rows}
    for name in start:
        if name not in model.differentiable():
            raise unknown("descend: start", "differentiable leaf", name, model.differentiable())
    if not start:
        raise InputError("descend: the model has no parameter (a leaf W..., b...); name the leaves in start={...}")
    return {name: np.array(value, dtype=np.float64) for name, value in start.items()}


def _check_options(rate: float, steps: int, patience: int | None) -> None:
    if not (np.isfinite(rate) and rate > 0):
        raise InputError(f"descend: rate={rate!r}: expected a positive number, as in rate=0.1")
    if steps < 1 or (patience is not None and patience < 1):
        raise InputError(f"descend: steps={steps}, patience={patience}: expected at least 1")


def _refuse_divergence(
    step: int, rate: float, losses: Sequence[float], parameters: Mapping[str, Array] | None = None
) -> None:
    bad = [name for name, theta in (parameters or {}).items() if not np.isfinite(theta).all()]
    if np.isfinite(losses[-1]) and not bad:
        return
    what = f"{bad[0]} contains NaN or inf" if bad else f"the loss is {losses[-1]}"
    before = f" (it was {losses[-2]:.4g} a step before)" if len(losses) > 1 and not bad else ""
    raise DivergenceError(f"descend, step {step}: {what}{before}; rate={rate:g} is too large, try rate={rate / 10:g}")


def _bar(items: Iterator[Any], total: int, shown: bool) -> Any:
    """The steps, behind a progress bar where it is wanted."""
    if not shown:
        return items
    from rich.console import Console
    from rich.progress import track

    return track(items, "descending", total=total, console=Console(stderr=True), transient=True)
