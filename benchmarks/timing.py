"""Seconds and bytes a call takes, measured inside the process that makes it."""

from __future__ import annotations

import ctypes
import gc
import os
import re
import resource
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

Call = Callable[[], Any]
now = time.perf_counter

#: A sample is a loop of calls that takes so long, so that the clock's own time does not count.
SAMPLE = 2e-3


def loops(call: Call) -> int:
    """How many calls make a sample."""
    n = 1
    while (seconds := sample(call, n)) * n < SAMPLE:
        n = max(2 * n, int(1.2 * SAMPLE / seconds))
    return n


def sample(call: Call, n: int) -> float:
    """Seconds a call, of n calls; each result is freed at once, the last one after the clock has stopped."""
    start = now()
    for _ in range(n - 1):
        call()
    last = call()
    seconds = (now() - start) / n
    del last
    return seconds


def samples(call: Call, seconds: float, n: int | None = None) -> list[float]:
    """Samples for so many seconds, three at least where they are short."""
    n = loops(call) if n is None else n
    end, found = now() + seconds, []
    while now() < end or (len(found) < 3 and now() < end + 1):
        found.append(sample(call, n))
    return found


def median(call: Call, seconds: float = 0.5) -> float:
    """Median seconds a call, warm."""
    return statistics.median(samples(call, seconds))


def ratio(call: Call, bare: Call, rounds: int = 7, seconds: float = 0.1) -> float:
    """Time of `call` over that of `bare`, the median over rounds in which they take turns."""
    n, m = loops(call), loops(bare)
    turns = [(min(samples(call, seconds, n)), min(samples(bare, seconds, m))) for _ in range(rounds)]
    return statistics.median(a / b for a, b in turns)


def cpu_of_others() -> float:
    """CPU seconds spent on this machine by everything but this process."""
    user, nice, system, _idle, _wait, *rest = map(int, Path("/proc/stat").read_text().split("\n")[0].split()[1:])
    own = resource.getrusage(resource.RUSAGE_SELF)
    return (user + nice + system + sum(rest[:3])) / os.sysconf("SC_CLK_TCK") - own.ru_utime - own.ru_stime


def _memory(key: str) -> int:
    found = re.search(rf"{key}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found
    return int(found[1]) * 1024


def peak(call: Call) -> int:
    """Bytes by which the resident set grows at most during a warm call, its result included."""
    gc.collect()
    ctypes.CDLL("libc.so.6").malloc_trim(0)  # so that no free block of the heap hides what the call takes
    Path("/proc/self/clear_refs").write_text("5")  # the high-water mark starts anew
    before = _memory("VmRSS")
    result = call()
    grown = _memory("VmHWM") - before
    del result
    return max(grown, 0)


def exponent(sizes: Sequence[float], seconds: Sequence[float]) -> float:
    """Of the power of the size that fits best."""
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])
