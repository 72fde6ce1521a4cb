"""Tables in Markdown, and the bars that the ratios are held against."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from libraries import PEERS, REFERENCE, takes_part

Pairs = Mapping[str, Mapping[str, Any]]

#: Relative to the largest entry.
TOLERANCE = 1e-10
#: A sparse result that holds less of the entries than this is no answer to a question for dense arrays.
MOSTLY_FILLED = 0.5
#: Smaller results say nothing about memory: pages and the heap are coarser than they are.
BYTES_THAT_COUNT = 1_000_000

LIMITS = ("fill", "hand", "hand_kept", "hand_1")
COMPETITORS = tuple(p for p in PEERS if p not in LIMITS and not p.startswith("ours"))


@dataclass(frozen=True)
class Bar:
    """What has to be at most how much."""

    task: str
    what: str
    value: float | None
    limit: float

    @property
    def reached(self) -> bool:
        return self.value is not None and self.value <= self.limit

    @property
    def row(self) -> list[str]:
        verdict = "-" if self.value is None else "yes" if self.reached else "NO"
        return [self.task, self.what, number(self.value), number(self.limit), verdict]


# ----- what a task's numbers say -----


def wrong(facts: Mapping[str, Any]) -> bool:
    return "shapes" in facts or facts.get("difference", 0.0) > TOLERANCE


def seconds_of(pairs: Pairs, peer: str, key: str = "seconds") -> float | None:
    facts = pairs.get(peer, {})
    return None if wrong(facts) else facts.get(key)


def fastest(pairs: Pairs) -> str | None:
    """The competitor with the shortest median and the right dense answer."""
    right = {p: s for p in COMPETITORS if (s := seconds_of(pairs, p)) and pairs[p].get("filled", 1) >= MOSTLY_FILLED}
    return min(right, key=right.__getitem__, default=None)


def quotient(a: float | None, b: float | None) -> float | None:
    return a / b if a is not None and b else None


def bars(task: str, pairs: Pairs) -> Iterator[Bar]:
    """The bars of a task, measured."""

    def against(ours: str, other: str | None, what: str, limit: float, key: str = "seconds") -> Bar:
        theirs = seconds_of(pairs, other, key) if other else None
        return Bar(task, what, quotient(seconds_of(pairs, ours, key), theirs), limit)

    best = fastest(pairs)
    if task in ("N9", "N10"):
        yield against("ours_1", "hand_1", "ours / hand, one thread", 1.0)
    elif task == "G1":
        yield against("ours", "torch_backward", "ours / torch_backward", 1.0)
    elif task in ("N4", "N8"):
        yield against("ours", best, f"ours / {best}", 1.2)
    else:
        yield against("ours", best, f"ours / {best}", 1.1)
        yield against("ours", "hand", "ours / hand", 1.3)
    if takes_part("ours_threads", task):
        yield against("ours_threads", best, f"ours, threads=2 / {best}", 1.2)
    if task == "N1b":
        yield against("ours_kept", "ours", "ours, kept / fresh", 1 / 50)
        yield against("ours_kept", "hand", "ours, kept / hand, fresh", 1 / 50)
    yield against("ours", REFERENCE, "first call, ours / JAX", 1 / 20, "first")
    size = pairs.get("ours", {}).get("bytes", 0)
    if size >= BYTES_THAT_COUNT and task != "G1":  # of a batch, the layers' values are kept beside the gradients
        yield Bar(task, "peak memory / result", quotient(pairs["ours"].get("peak"), size), 1.1)


# ----- text -----


def duration(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}" if seconds < 1000 * size else f"{seconds / size:.0f} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def size(number_of_bytes: int | None) -> str:
    return "-" if number_of_bytes is None else f"{number_of_bytes / 1e6:.3g} MB"


def number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """A table whose first row is its head."""
    head, *rest = rows
    widths = [max(len(row[k]) for row in rows) for k in range(len(head))]
    lines = [head, ["-" * w for w in widths], *rest]
    return "\n".join("| " + " | ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) + " |" for row in lines)


def summary(tasks: Mapping[str, Mapping[str, Any]]) -> str:
    """A row for each task: ours, the limits, the fastest peer, first calls, memory."""
    head = ["task", "ours", "hand", "memory fill", "fastest peer", "", "first call", "JAX's", "peak memory", "result"]
    rows = [head]
    for name, entry in tasks.items():
        pairs = entry["pairs"]
        ours, best = pairs.get("ours", {}), fastest(pairs)
        medians = [duration(seconds_of(pairs, p)) for p in ("ours", "hand", "fill")]
        rival = [best or "-", duration(pairs[best]["seconds"] if best else None)]
        firsts = [duration(seconds_of(pairs, p, "first")) for p in ("ours", REFERENCE)]
        rows.append(
            [f"{name} {entry['title']}", *medians, *rival, *firsts, size(ours.get("peak")), size(ours.get("bytes"))]
        )
    return markdown(rows)


def short(tasks: Mapping[str, Mapping[str, Any]]) -> str:
    """What a reader wants to know first."""
    rows = [["task", "ours", "by hand", "fastest peer", "first call", "JAX's"]]
    for name, entry in tasks.items():
        pairs, best = entry["pairs"], fastest(entry["pairs"])
        warm = [duration(seconds_of(pairs, p)) for p in ("ours", "hand")]
        rival = f"{duration(pairs[best]['seconds'])} ({best})" if best else "-"
        firsts = [duration(seconds_of(pairs, p, "first")) for p in ("ours", REFERENCE)]
        rows.append([f"{name} {entry['title']}", *warm, rival, *firsts])
    return markdown(rows)


def medians(tasks: Mapping[str, Mapping[str, Any]]) -> str:
    """Every peer, warm, on every task."""
    rows = [["task", *PEERS]]
    for name, entry in tasks.items():
        rows.append([name, *(cell(entry["pairs"].get(p, {})) for p in PEERS)])
    return markdown(rows)


def cell(facts: Mapping[str, Any]) -> str:
    if wrong(facts):
        return "WRONG"
    if "failed" in facts:
        return "failed"
    return duration(facts.get("seconds"))


def imports(tasks: Mapping[str, Mapping[str, Any]]) -> str:
    """Seconds that the libraries take to load, which first calls leave out."""
    found = []
    for peer in ("ours", "jax_rev", "torch_rev", "autograd", "casadi"):
        times = [e["pairs"][peer]["import"] for e in tasks.values() if "import" in e["pairs"].get(peer, {})]
        found += [f"{peer} {duration(statistics.median(times))}"] if times else []
    return "Loading of the library, beyond NumPy: " + ", ".join(found)


def verdicts(found: Sequence[Bar]) -> str:
    return markdown([["task", "what", "measured", "at most", "reached"], *(bar.row for bar in found)])


def remarks(tasks: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """What went wrong, a line each."""
    lines = []
    for name, entry in tasks.items():
        for peer, facts in entry["pairs"].items():
            if wrong(facts):
                detail = facts.get("shapes") or f"differs by {facts['difference']:.1e} of the largest entry"
                lines.append(f"WRONG: {name}, {peer}: {detail}")
            elif "failed" in facts:
                lines.append(f"{name}, {peer}: {facts['failed'][:200]}")
    return lines


def write_json(path: Path, results: Any) -> None:
    """Whole or not at all: a run that is ended while it writes loses nothing."""
    draft = path.with_name(path.name + ".part")
    draft.write_text(json.dumps(results, indent=1) + "\n")
    draft.replace(path)
