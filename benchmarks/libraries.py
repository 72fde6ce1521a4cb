"""Who takes part, in which tasks, and what surroundings their processes get."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True)
class Peer:
    """A function of a module that takes a task and gives what builds the call."""

    module: str
    function: str
    tasks: str = "*"
    #: The number of threads, where it is not that of the run.
    threads: int | None = None


#: "fill" and "hand*" are limits, "ours*" this project, the rest competitors. Nobody goes forward for gradients.
PEERS: Mapping[str, Peer] = {
    "jax_rev": Peer("peer_jax", "reverse"),
    "jax_fwd": Peer("peer_jax", "forward", "N1[ab] N[2-8] N1[01]"),
    "torch_rev": Peer("peer_torch", "reverse"),
    "torch_fwd": Peer("peer_torch", "forward", "N1[ab] N[2-8] N1[01]"),
    "torch_backward": Peer("peer_torch", "backward", "N9 G1"),
    "torch_compile": Peer("peer_torch", "compiled"),
    "autograd": Peer("peer_autograd", "jacobian"),
    "casadi": Peer("peer_casadi", "jacobian", "N1[ab] N[234589] N11"),
    "fill": Peer("peer_numpy", "fill"),
    "hand": Peer("peer_numpy", "by_hand"),
    "hand_kept": Peer("peer_numpy", "by_hand_kept", "N1[ab]"),
    "hand_1": Peer("peer_numpy", "by_hand", "N9 N10", threads=1),
    "ours": Peer("peer_ours", "fresh"),
    "ours_kept": Peer("peer_ours", "kept"),
    "ours_1": Peer("peer_ours", "fresh", "N9 N10", threads=1),
    "ours_threads": Peer("peer_ours", "threads", "N4 N9 N10", threads=1),  # idle threads of BLAS keep a core busy
}
#: A BLAS kernel or cache size that is forced from outside is not what users have.
UNSET = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
#: What every result is compared with, and whose first call ours is measured against.
REFERENCE = "jax_rev"
#: A first call is a single measurement: of these the median over several processes.
FIRST_CALLS = ("ours", REFERENCE)
#: Left out of a quick run.
SLOW_TO_START = ("torch_compile",)


def chosen(names: Iterable[str], patterns: str) -> list[str]:
    """The names that one of the patterns, separated by blanks, fits."""
    return [name for name in names if any(fnmatchcase(name, p) for p in patterns.split())]


def takes_part(peer: str, task: str) -> bool:
    return bool(chosen([task], PEERS[peer].tasks))


def settings(threads: int) -> dict[str, str]:
    """What is set in the processes that are timed.

    Large blocks otherwise come from the kernel or from the heap after the history of the process, and page faults then
    cost up to ten times the arithmetic. Here arrays below 32 MB come from a warm heap and larger ones are fresh pages,
    for everyone alike. A compiler's cache on disk would make a first call none.
    """
    one = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    return {
        **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), str(threads)),
        **({"XLA_FLAGS": one} if threads == 1 else {}),
        "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
        "MALLOC_TRIM_THRESHOLD_": str(4 << 30),
        "TORCHINDUCTOR_FORCE_DISABLE_CACHES": "1",
        "PYTHONWARNINGS": "ignore",
    }


def environment(threads: int) -> dict[str, str]:
    """The environment of a process that is timed."""
    return {k: v for k, v in os.environ.items() if k not in UNSET} | settings(threads)


def start_anew(threads: int) -> None:
    """The same command in that environment: a heap and thread pools are set up when a process starts."""
    wanted = environment(threads)
    if dict(os.environ) != wanted:
        os.execve(sys.executable, [sys.executable, *sys.argv], wanted)
