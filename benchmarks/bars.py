"""The bars beside the table of peers: `python benchmarks/bars.py`; `--only "calls planning"`, `--quick`.

Needs Linux and the extra `benchmarks`.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import math
import sys
from pathlib import Path

import libraries
import surroundings
import table

GROUPS = ("calls", "structured", "planning", "symbolic")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="*", help=f"patterns, separated by blanks, of {', '.join(GROUPS)}")
    parser.add_argument("--threads", type=int, default=2, help="threads of BLAS (default 2)")
    parser.add_argument("--json", type=Path, help="where results are written")
    parser.add_argument("--quick", action="store_true", help="smaller sizes, few samples")
    arguments = parser.parse_args()
    libraries.start_anew(arguments.threads)
    found: list[table.Bar] = []
    for group in libraries.chosen(GROUPS, arguments.only):
        print(group, file=sys.stderr, flush=True)
        try:
            for bar in importlib.import_module(f"bars_{group}").bars(arguments.quick):
                found.append(bar)
        except Exception as error:  # the other groups have their turn
            found.append(table.Bar(group, f"failed: {type(error).__name__}: {error}"[:100], math.inf, 0))
    print("\n".join(surroundings.lines(surroundings.describe(arguments.threads))) + "\n")
    print(table.verdicts(found))
    print(f"\n{sum(bar.reached for bar in found)} of {len(found)} bars reached")
    if arguments.json:
        table.write_json(arguments.json, [dataclasses.asdict(bar) | {"reached": bar.reached} for bar in found])


if __name__ == "__main__":
    main()
