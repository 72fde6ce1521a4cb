"""What the numbers were measured on: processor, threads, BLAS, versions."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import libraries

PACKAGES = "numpy jax torch autograd casadi sympy".split()


def describe(threads: int) -> dict[str, Any]:
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "threads": threads,
        "python": platform.python_version(),
        "blas": _blas(threads),
        "versions": {p: v for p in PACKAGES if (v := _version(p))},
        "set": libraries.settings(threads),
        "unset": libraries.UNSET,
    }


def lines(found: dict[str, Any]) -> list[str]:
    """The same, to print."""
    versions = ", ".join(f"{name} {number}" for name, number in found["versions"].items())
    setting = " ".join(f"{k}={v}" for k, v in found["set"].items())
    return [
        f"{found['processor']}, {found['cores']} cores, Python {found['python']}, {versions}",
        f"{found['threads']} threads; BLAS: {found['blas']}",
        f"set in the processes that are timed: {setting}; not set: {', '.join(found['unset'])}",
    ]


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    named = [x for x in cpuinfo.read_text().splitlines() if x.startswith("model name")] if cpuinfo.exists() else []
    return named[0].split(":")[1].strip() if named else platform.processor()


def _blas(threads: int) -> str:
    """NumPy's BLAS as a process that is timed sees it."""
    code = (
        "import numpy, threadpoolctl\n"
        "for p in threadpoolctl.threadpool_info():\n"
        "    print(p['internal_api'], p['version'], p.get('architecture', ''), p['num_threads'], 'threads')"
    )
    environment = libraries.environment(threads)
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    return "; ".join(done.stdout.split("\n")).strip("; ")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
