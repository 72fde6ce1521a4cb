"""Time against width, depth, outputs and samples: `python benchmarks/scaling.py --plot scaling.png --json found.json`.

Every line is a warm plan; the exponent is fitted to the larger half of the sizes, where calls no longer count.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import libraries
import numpy as np
import surroundings
import table
import tasks
import timing
from task import model_text

import jacobians as jac

Build = Callable[[int], timing.Call]


@dataclass(frozen=True)
class Line:
    """What is asked, for which sizes, and the exponent that its multiplications or bytes grow with."""

    axis: str
    what: str
    sizes: Sequence[int]
    theory: float
    build: Build


@dataclass(frozen=True)
class Measured:
    """The seconds of a line."""

    axis: str
    what: str
    sizes: list[int]
    seconds: list[float]
    theory: float

    @property
    def exponent(self) -> float:
        """Fitted to the larger half."""
        half = len(self.sizes) // 2
        return timing.exponent(self.sizes[half:], self.seconds[half:])


def planned(sizes: Sequence[int], of: str, wrt: str | None = None, samples: int = 0) -> timing.Call:
    """The warm call of a plan of a tanh network: `of` by `wrt`, or by all parameters."""
    params, equations = tasks.network(sizes, rows=bool(samples))
    last = len(sizes) - 1
    rows = (samples,) if samples else ()
    shapes = {**params, "x": (*rows, sizes[0]), "y": (*rows, sizes[-1])}
    equations.append(f"L = squared_error(z{last}, y)")
    model = jac.Model.parse(model_text(shapes, equations))
    plan = model.plan(of, wrt, samples=["x"] if samples else [])
    rng = np.random.default_rng(0)
    point = {name: rng.standard_normal(shape) / np.sqrt(shape[-1]) for name, shape in shapes.items()}
    plan(point)
    return lambda: plan(point)


def structured(n: int) -> timing.Call:
    """The Jacobian of W x + b by an n x n matrix W, held as its factor."""
    layer, rng = jac.Linear(), np.random.default_rng(0)
    x, W = rng.standard_normal(n), rng.standard_normal((n, n))
    return lambda: layer.jacobian("W", x=x, W=W, b=x)


def doublings(first: int, last: int) -> list[int]:
    """first, 2 first, 4 first, ... and last."""
    return [*(first << k for k in range(64) if first << k < last), last]


LINES = (
    Line("width", "gradients of n-n-n", doublings(8, 4096), 2, lambda n: planned([n] * 3, "L")),
    Line("width", "output by input of n-n-n", doublings(8, 4096), 3, lambda n: planned([n] * 3, "z2", "x")),
    Line("width", "output of n-n-10 by W1", doublings(8, 2048), 2, lambda n: planned([n, n, 10], "z2", "W1")),
    Line("width", "W x + b by W, structured", doublings(8, 4096), 0, structured),
    Line("depth", "gradients, width 32", doublings(1, 1000), 1, lambda n: planned([32] * (n + 1), "L")),
    Line("depth", "output by input, width 32", doublings(1, 1000), 1, lambda n: planned([32] * (n + 1), f"z{n}", "x")),
    Line("outputs", "output of 64-64-n by W1", doublings(1, 1000), 1, lambda n: planned([64, 64, n], "z2", "W1")),
    Line("outputs", "output of 64-64-n by input", doublings(1, 1000), 1, lambda n: planned([64, 64, n], "z2", "x")),
    Line("samples", "16-16-4 by all W, b", doublings(1, 10_000), 1, lambda n: planned([16, 16, 4], "z2", samples=n)),
    Line("samples", "16-16-4 by input", doublings(1, 10_000), 1, lambda n: planned([16, 16, 4], "z2", "x", samples=n)),
)


def measure(line: Line, quick: bool) -> Measured:
    sizes = list(line.sizes)[: len(line.sizes) * 2 // 3] if quick else list(line.sizes)
    print(f"{line.axis}: {line.what}", file=sys.stderr, flush=True)
    seconds = [timing.median(line.build(n), 0.05 if quick else 0.5) for n in sizes]
    return Measured(line.axis, line.what, sizes, seconds, line.theory)


def text(found: Sequence[Measured]) -> str:
    rows = [["axis", "what", "from", "to", "exponent", "in theory"]]
    for line in found:
        ends = [f"{line.sizes[k]:,}: {table.duration(line.seconds[k])}" for k in (0, -1)]
        rows.append([line.axis, line.what, *ends, f"{line.exponent:.2f}", f"{line.theory:g}"])
    return table.markdown(rows)


def plot(found: Sequence[Measured], path: Path) -> None:
    """A panel for each axis; dotted lines have the slope of theory."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    axes = list(dict.fromkeys(line.axis for line in found))
    figure, panels = pyplot.subplots(1, len(axes), figsize=(5 * len(axes), 5), squeeze=False, layout="constrained")
    for axis, panel in zip(axes, panels[0], strict=True):
        for line in [x for x in found if x.axis == axis]:
            label = f"{line.what}: {line.exponent:.2f}, in theory {line.theory:g}"
            (drawn,) = panel.loglog(line.sizes, line.seconds, "o-", markersize=4, label=label)
            half = np.array(line.sizes[len(line.sizes) // 2 :])
            slope = line.seconds[-1] * (half / half[-1]) ** line.theory
            panel.loglog(half, slope, ":", color=drawn.get_color())
        panel.set(xlabel=axis, ylabel="seconds")
        panel.grid(alpha=0.3)
        panel.legend(fontsize="small", loc="upper left")
        panel.set_ylim(top=panel.get_ylim()[1] * 10 ** (0.35 * len(panel.lines) / 2))  # room for the legend
    figure.savefig(path, dpi=120, format=path.suffix[1:] or "png")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--axes", default="*", help="patterns, separated by blanks, of width, depth, outputs, samples")
    parser.add_argument("--threads", type=int, default=2, help="threads of BLAS (default 2)")
    parser.add_argument("--plot", type=Path, default=Path("scaling.png"), help="where the plot is saved (scaling.png)")
    parser.add_argument("--json", type=Path, help="where results are written")
    parser.add_argument("--quick", action="store_true", help="the smaller two thirds of the sizes, few samples")
    arguments = parser.parse_args()
    libraries.start_anew(arguments.threads)
    wanted = libraries.chosen([line.axis for line in LINES], arguments.axes)
    found = [measure(line, arguments.quick) for line in LINES if line.axis in wanted]
    described = surroundings.describe(arguments.threads)
    print("\n".join(surroundings.lines(described)) + "\n\n" + text(found))
    plot(found, arguments.plot)
    if arguments.json:
        lines = [dataclasses.asdict(line) | {"exponent": line.exponent} for line in found]
        table.write_json(arguments.json, {"surroundings": described, "lines": lines})


if __name__ == "__main__":
    main()
