"""Runs a task by all peers: a process for each, alive side by side, which take turns.

One process for all would let the thread pool of one library (its workers spin for a while after a call) and the heap
that another has left behind disturb the next; one process after the other would put minutes of a shared machine's
moods between two numbers whose ratio counts. So every peer has a process of its own, and short turns go round.
"""

from __future__ import annotations

import json
import selectors
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import libraries

#: A turn is repeated where other processes took more than this part of a core meanwhile.
FOREIGN = 0.1
#: So many first calls are made before the one of the process that is timed.
FIRSTS = 4
#: Seconds that a first call may take.
CAP = 150


class Worker:
    """A process that holds one peer's call."""

    def __init__(self, task: str, peer: str, reference: Path, threads: int) -> None:
        """Start it and wait for its first call."""
        script = Path(__file__).with_name("worker.py")
        self.process = subprocess.Popen(
            [sys.executable, str(script), task, peer, str(reference)],
            env=libraries.environment(libraries.PEERS[peer].threads or threads),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.turns: list[dict[str, float]] = []
        self.facts: dict[str, Any] = self._answer()

    @property
    def alive(self) -> bool:
        return "failed" not in self.facts

    def ask(self, request: str) -> dict[str, Any]:
        assert self.process.stdin
        self.process.stdin.write(request + "\n")
        self.process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            line = self.process.stdout.readline() if selector.select(CAP) else ""
        if line:
            return dict(json.loads(line))
        failed = f"no answer in {CAP} s" if self.process.poll() is None else f"died ({self.process.returncode})"
        self.process.kill()
        return {"failed": failed}

    def turn(self, seconds: float) -> None:
        """A turn, again where the machine was busy with something else; the quietest of three counts."""
        tries: list[dict[str, Any]] = []
        for _ in range(3):
            tries.append(self.ask(f"turn {seconds}"))
            if "failed" in tries[-1]:
                self.facts |= tries[-1]
                return
            if tries[-1]["foreign"] < FOREIGN:
                break
        self.turns.append(min(tries, key=lambda t: t["foreign"]))

    def close(self) -> None:
        for stream in (self.process.stdin, self.process.stdout):
            if stream:
                stream.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def summary(self) -> dict[str, Any]:
        """The facts of the first call, and the median over all turns."""
        if not self.alive or not self.turns:
            return self.facts
        return {
            **self.facts,
            "seconds": statistics.median(t["median"] for t in self.turns),
            "fastest_turn": min(t["median"] for t in self.turns),
            "samples": sum(t["samples"] for t in self.turns),
            "foreign": round(max(t["foreign"] for t in self.turns), 3),
        }


def run_task(task: str, peers: list[str], threads: int, quick: bool, reference: Path) -> dict[str, dict[str, Any]]:
    """What was found for each peer."""
    again = _first_calls(task, [] if quick else peers, threads, reference)
    workers = {p: Worker(task, p, reference, threads) for p in peers}
    try:
        alive = [w for w in workers.values() if w.alive]
        for worker in alive:
            worker.facts |= worker.ask("peak")
        for _ in range(2 if quick else 7):
            for worker in [w for w in alive if w.alive]:
                time.sleep(0.05)  # threads of the last one go to sleep
                worker.turn(0.08 if quick else 0.25)
    finally:
        for worker in workers.values():
            worker.close()
    found = {p: w.summary() for p, w in workers.items()}
    for peer, firsts in again.items():
        if firsts and "first" in found[peer]:
            found[peer]["first"] = statistics.median([*firsts, found[peer]["first"]])
    return found


def _first_calls(task: str, peers: list[str], threads: int, reference: Path) -> dict[str, list[float]]:
    """First calls of more processes, in turns, where a single measurement would decide too much."""
    firsts: dict[str, list[float]] = {p: [] for p in libraries.FIRST_CALLS if p in peers}
    for _ in range(FIRSTS):
        for peer, found in firsts.items():
            worker = Worker(task, peer, reference, threads)
            worker.close()
            if worker.alive:
                found.append(worker.facts["first"])
    return firsts
