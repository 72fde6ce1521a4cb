"""The table of peers: `python benchmarks/peers.py`, everything; `--quick` for a first look.

    python benchmarks/peers.py --tasks "N1* N4" --peers "ours* hand* jax_rev" --json found.json --again
    python benchmarks/peers.py --json found.json --report         # the tables of a run again

Needs Linux and the extra `benchmarks`. Ends with status 1 where a result is wrong or ours is missing.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import libraries
import surroundings
import table
import tasks
from conductor import run_task


def better(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Of two runs of a pair the one with the lower median, with the lower of both first calls."""
    slower = old.get("seconds", float("inf")) > new.get("seconds", float("inf"))
    kept = dict(new if slower or "seconds" not in old or table.wrong(new) else old)
    firsts = [run["first"] for run in (old, new) if "first" in run]
    return kept | ({"first": min(firsts)} if firsts else {})


def run(arguments: argparse.Namespace, results: dict[str, Any]) -> None:
    """Measure what was asked for, and keep it after every task."""
    everything = tasks.build()
    wanted = libraries.chosen(libraries.PEERS, arguments.peers)
    wanted = list(
        dict.fromkeys([libraries.REFERENCE, *wanted])
    )  # the reference comes first: results are compared with it
    names = libraries.chosen(everything, arguments.tasks)
    for position, name in enumerate(names, 1):
        peers = [p for p in wanted if libraries.takes_part(p, name)]
        if arguments.quick:
            peers = [p for p in peers if p not in libraries.SLOW_TO_START]
        print(
            f"{position}/{len(names)} {name} {everything[name].title}: {', '.join(peers)}", file=sys.stderr, flush=True
        )
        with tempfile.TemporaryDirectory() as folder:
            found = run_task(name, peers, arguments.threads, arguments.quick, Path(folder) / "reference.npz")
        entry = results["tasks"].setdefault(name, {"title": everything[name].title, "pairs": {}})
        for peer, facts in found.items():
            old = entry["pairs"].get(peer) if arguments.again else None
            entry["pairs"][peer] = better(old, facts) if old else facts
        results["tasks"] = {n: results["tasks"][n] for n in everything if n in results["tasks"]}
        if arguments.json:
            table.write_json(arguments.json, results)


def report(results: dict[str, Any]) -> str:
    found = [bar for name, entry in results["tasks"].items() for bar in table.bars(name, entry["pairs"])]
    parts = [
        "\n".join(surroundings.lines(results["surroundings"])),
        table.summary(results["tasks"]),
        table.verdicts(found),
        f"{sum(bar.reached for bar in found)} of {len(found)} bars reached",
        "Warm medians of every peer:",
        table.medians(results["tasks"]),
        table.imports(results["tasks"]),
        "In short:",
        table.short(results["tasks"]),
        "\n".join(table.remarks(results["tasks"])),
    ]
    return "\n\n".join(part for part in parts if part)


def fails(pairs: dict[str, dict[str, Any]]) -> bool:
    return any(table.wrong(facts) or ("failed" in facts and peer.startswith("ours")) for peer, facts in pairs.items())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", default="*", help="patterns, separated by blanks")
    parser.add_argument("--peers", default="*", help="patterns, separated by blanks")
    parser.add_argument("--threads", type=int, default=2, help="threads of BLAS and of the libraries (default 2)")
    parser.add_argument("--json", type=Path, help="where results are kept; what the file has is completed")
    parser.add_argument(
        "--again", action="store_true", help="of the run in the JSON file and of this one keep the better"
    )
    parser.add_argument(
        "--quick", action="store_true", help="few samples, one first call, nothing that compiles for long"
    )
    parser.add_argument("--report", action="store_true", help="measure nothing, print what the JSON file has")
    arguments = parser.parse_args()
    if arguments.report and not (arguments.json and arguments.json.exists()):
        parser.error("--report prints what a run has kept: give its file as --json FILE")
    results: dict[str, Any] = {"tasks": {}}
    if arguments.json and arguments.json.exists():
        results = json.loads(arguments.json.read_text())
    if not arguments.report:
        results["surroundings"] = surroundings.describe(arguments.threads)
        run(arguments, results)
    print(report(results))
    sys.exit(any(fails(entry["pairs"]) for entry in results["tasks"].values()))


if __name__ == "__main__":
    main()
