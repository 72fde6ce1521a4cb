"""One task by one peer in a process of its own: `worker.py TASK PEER REFERENCE`.

It makes the first call, compares the result with that of the reference peer (kept in the file REFERENCE, which the
reference peer itself writes), says so in a line of JSON, and then does what the lines of its standard input ask for:
`turn SECONDS` or `peak`; each is answered by a line. The end of the input ends it.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import statistics
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import libraries
import numpy as np
import tasks
import timing
from task import Task
from threadpoolctl import threadpool_info

#: Bytes of data a process may take: forward mode by weights would ask for all there is.
MEMORY = 12 << 30


def first_call(peer: libraries.Peer, task: Task) -> tuple[timing.Call, list[np.ndarray], dict[str, Any]]:
    """The warm call, the first result as arrays, and what was found out."""
    start = timing.now()
    module = importlib.import_module(peer.module)
    facts: dict[str, Any] = {"import": timing.now() - start}
    build: Callable[[], timing.Call] = getattr(module, peer.function)(task)
    start = timing.now()
    call = build()
    result = call()
    facts["first"] = timing.now() - start
    if hasattr(module, "filled"):
        facts["filled"] = module.filled(result)
    return call, module.arrays(result, task), facts


def compare(found: list[np.ndarray], reference: Path) -> dict[str, Any]:
    """The largest difference from the reference's result, relative to its largest entry."""
    with np.load(reference) as file:
        expected = list(file.values())
    if [J.shape for J in found] != [J.shape for J in expected]:
        return {"shapes": [str([J.shape for J in found]), str([J.shape for J in expected])]}
    pairs = zip(found, expected, strict=True)
    return {"difference": max(float(abs(J - K).max() / abs(K).max()) for J, K in pairs)}


def threads() -> list[str]:
    """Every thread pool of the process."""
    return [f"{p['internal_api']} {p.get('version') or ''}: {p['num_threads']}" for p in threadpool_info()]


def turn(call: timing.Call, seconds: float, n: int) -> dict[str, Any]:
    others, start = timing.cpu_of_others(), timing.now()
    found = timing.samples(call, seconds, n)
    elapsed = timing.now() - start
    foreign = (timing.cpu_of_others() - others) / elapsed
    return {"median": statistics.median(found), "samples": len(found), "foreign": max(foreign, 0.0)}


def serve(task: Task, name: str, reference: Path, answer: Callable[[dict[str, Any]], None]) -> None:
    call, found, facts = first_call(libraries.PEERS[name], task)
    facts["bytes"] = sum(J.nbytes for J in found)
    if name == libraries.REFERENCE:
        np.savez(reference, *found)
    elif name != "fill" and reference.exists():
        facts |= compare(found, reference)
    del found
    answer({**facts, "threads": threads()})
    n = 0
    for line in sys.stdin:
        request, *arguments = line.split()
        if request == "peak":
            answer({"peak": timing.peak(call)})
        else:
            n = n or timing.loops(call)
            answer(turn(call, float(arguments[0]), n))


def main() -> None:
    name, peer, reference = sys.argv[1:]
    lines = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))

    def answer(facts: dict[str, Any]) -> None:
        print(json.dumps(facts), file=lines, flush=True)

    try:
        serve(tasks.build()[name], peer, Path(reference), answer)
    except Exception as error:  # the run goes on with the other peers
        traceback.print_exc()
        answer({"failed": f"{type(error).__name__}: {error}"})


if __name__ == "__main__":
    main()
