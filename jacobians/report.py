"""`run.check()`: every Jacobian of a run by every witness, side by side in one report.

Disagreement is relative to the largest entry of the Jacobian. It passes up to 1e-11 (1e-5 for central differences, 1e-4
for float32 values). A Jacobian that no independent witness could be asked about is not a pass.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console, RenderableType
from rich.progress import track

from jacobians.chain import nodes_between
from jacobians.checks import WitnessError
from jacobians.errors import unknown
from jacobians.files import write_file
from jacobians.notebooks import InNotebooks
from jacobians.terms import Array
from jacobians.witnesses import INDEPENDENT, WITNESSES, Case, Name, Shared, Testimony

if TYPE_CHECKING:
    from jacobians.run import Run

#: Below this part of the function's own size, a disagreement of an exact witness is rounding.
FLOOR = 1e-6
#: Checks of at least this many Jacobians show a progress bar on a terminal.
LONG = 60


@dataclass(frozen=True)
class Comparison:
    """One Jacobian by one witness: how far they disagree and where, or why they could not be compared."""

    of: str
    wrt: str
    shape: tuple[int, ...]
    witness: Name
    #: The largest |rule - witness| relative to the largest entry; None where they could not be compared.
    disagreement: float | None = None
    tolerance: float = 0.0
    #: Where; along random directions, the output's index and the number of the direction.
    index: tuple[int, ...] = ()
    rule: float | None = None
    found: float | None = None
    reason: str = ""

    @property
    def ok(self) -> bool | None:
        """Whether they agree; None where they could not be compared."""
        return None if self.disagreement is None else self.disagreement <= self.tolerance

    @property
    def name(self) -> str:
        """`∂z1/∂W1`."""
        return f"∂{self.of}/∂{self.wrt}"

    def __str__(self) -> str:
        """`∂z1/∂W1 at [0, 0, 1]: the rule gives 0.5, complex step 0.25`."""
        at = f" at {list(self.index)}" if self.index else ""
        return f"{self.name}{at}: the rule gives {self.rule:.6g}, {self.witness} {self.found:.6g}"


@dataclass(frozen=True)
class Report(InNotebooks):
    """What all witnesses said about all Jacobians of a run."""

    comparisons: tuple[Comparison, ...]
    #: Leaves and nodes whose values hold NaN or inf.
    not_finite: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Every Jacobian was compared with an independent witness, all agree, and every value is finite."""
        return not (self.disagreements or self.unverified or self.not_finite) and bool(self.comparisons)

    @property
    def disagreements(self) -> tuple[Comparison, ...]:
        """The comparisons that fail, in the order of the network."""
        return tuple(c for c in self.comparisons if c.ok is False)

    @property
    def worst(self) -> Comparison | None:
        """The largest disagreement, measured by what is tolerated."""
        compared = [c for c in self.comparisons if c.disagreement is not None]
        return max(compared, key=lambda c: (c.disagreement or 0.0) / c.tolerance, default=None)

    @property
    def unverified(self) -> tuple[str, ...]:
        """The Jacobians that no independent witness could be asked about."""
        asked = {c.name for c in self.comparisons if c.ok is not None and c.witness in INDEPENDENT}
        return tuple(dict.fromkeys(c.name for c in self.comparisons if c.name not in asked))

    @property
    def verdict(self) -> str:
        """One or more plain sentences."""
        from jacobians.report_text import verdict

        return verdict(self)

    def to_dict(self) -> dict[str, Any]:
        """Plain data: verdict, and every comparison."""
        entries = [{**asdict(c), "ok": c.ok} for c in self.comparisons]
        return {"ok": self.ok, "verdict": self.verdict, "not_finite": [*self.not_finite], "comparisons": entries}

    def to_json(self) -> str:
        """The same as JSON."""
        return json.dumps(self.to_dict(), indent=1, allow_nan=False)

    def save(self, path: str | Path) -> None:
        """Write the JSON; a file that is there is replaced at once or not at all.

        Raises:
            InputError: the file cannot be written.
        """
        write_file(Path(path), f"{self.to_json()}\n".encode())

    def _formats(self) -> Mapping[str, str]:
        from jacobians.notebooks import table_formats

        return table_formats(self)

    def __rich__(self) -> RenderableType:
        """The table, the notes, the verdict."""
        from jacobians.report_text import render

        return render(self)

    def __str__(self) -> str:
        """The same in plain text, 80 columns wide."""
        console = Console(file=io.StringIO(), width=80, color_system=None, force_jupyter=False)
        with console.capture() as captured:
            console.print(self)
        return "\n".join(line.rstrip() for line in captured.get().splitlines()).strip("\n")


def check_run(
    run: Run,
    of: str | Iterable[str] | None = None,
    wrt: str | Iterable[str] | None = None,
    witnesses: Iterable[Name] | None = None,
    sympy_limit: int = 200,
    progress: bool | None = None,
    pairs: Iterable[tuple[str, str]] | None = None,
) -> Report:
    """Compare Jacobians of a run (default: all that are not zero for want of a path) with every witness.

    Which ones: all of the nodes `of` by all of the names `wrt`, or exactly `pairs`. `sympy_limit` is the most
    derivatives that SymPy takes of one op; `progress` shows a bar (default: for long checks on a terminal).

    Raises:
        InputError: an unknown name or witness.
    """
    asked = tuple(WITNESSES) if witnesses is None else tuple(witnesses)
    for name in asked:
        if name not in WITNESSES:
            raise unknown("check", "witness", name, WITNESSES)
    chosen = _pairs(run, _names(run, of), _names(run, wrt)) if pairs is None else _given(run, pairs)
    console = Console(stderr=True)
    shown = console.is_terminal and len(chosen) >= LONG if progress is None else progress
    shared = Shared(run, sympy_limit)
    comparisons: list[Comparison] = []
    with np.errstate(all="ignore"):  # what is not finite is found and reported
        for one, two in track(chosen, "checking", console=console, transient=True, disable=not shown):
            comparisons += _compare(shared, one, two, asked)
    bad = [run.model.display(name) for name, value in run.values.items() if not np.isfinite(value).all()]
    return Report(tuple(comparisons), tuple(bad))


def _names(run: Run, names: str | Iterable[str] | None) -> list[str] | None:
    chosen = [names] if isinstance(names, str) else names if names is None else list(names)
    for name in chosen or []:
        run.model.require(name, "check")
    return chosen


def _given(run: Run, pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    chosen = list(pairs)
    for pair in chosen:
        _names(run, pair)
        nodes_between(run.model, *pair)  # refuses data, which have no derivative
    return chosen


def _pairs(run: Run, ofs: list[str] | None, wrts: list[str] | None) -> list[tuple[str, str]]:
    """Every named node by every leaf and every earlier node that it depends on; what was asked for in any case."""
    model = run.model
    sources = [*model.differentiable(), *model.named] if wrts is None else wrts
    pairs = [(one, two) for one in (model.named if ofs is None else ofs) for two in sources if one != two]
    everything = ofs is not None and wrts is not None
    return [(one, two) for one, two in pairs if nodes_between(model, one, two) or everything]


def _compare(shared: Shared, of: str, wrt: str, asked: Iterable[Name]) -> Iterator[Comparison]:
    """One Jacobian by every witness that was asked and has something to say."""
    values = shared.run.values
    case: Case | None = None
    for name in asked:
        about: dict[str, Any] = {"of": of, "wrt": wrt, "shape": values[of].shape + values[wrt].shape, "witness": name}
        try:
            case = case or Case(shared, of, wrt)
            said = WITNESSES[name](case)
            if said is not None:
                yield Comparison(**about, **_measure(case, said))
        except WitnessError as reason:
            yield Comparison(**about, reason=str(reason))


def _measure(case: Case, said: Testimony) -> dict[str, Any]:
    """The largest disagreement, where, and both numbers there."""
    rule = case.values
    for owner, values in (("the Jacobian", rule), ("the witness' Jacobian", said.values)):
        if not np.isfinite(values).all():
            raise WitnessError(f"{owner} contains NaN or inf")
    gap = np.abs(rule - said.values)
    largest = max(_largest(rule), _largest(said.values))
    if gap.any() and largest * said.tolerance < said.noise:
        raise WitnessError(f"entries up to {largest:.0e} drown in the rounding of a difference")
    index = tuple(int(k) for k in np.unravel_index(int(np.argmax(gap)), gap.shape))
    single = 2**10 * float(np.finfo(case.J.dtype).eps)  # float32 keeps 7 digits
    return {
        "disagreement": float(gap[index]) / _scale(case, largest),
        "tolerance": max(said.tolerance, single),
        "index": index,
        "rule": float(rule[index]),
        "found": float(said.values[index]),
    }


def _scale(case: Case, largest: float) -> float:
    """The largest entry; where all entries are zero but for rounding, a small part of the function's own size."""
    return max(largest, FLOOR * max(1.0, _largest(case.run.values[case.of])))


def _largest(values: Array) -> float:
    return float(np.max(np.abs(values), initial=0.0))
