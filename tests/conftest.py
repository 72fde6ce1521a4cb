"""Strict surroundings: warnings and floating point errors are failures, every random draw has a seed."""

from __future__ import annotations

import os
import sys

import numpy as np
import pytest

from jacobians.cli import main

#: Twins of the ops in JAX and PyTorch hold no tests; importing them needs the extra `peers`.
collect_ignore = ["peers"]

# SymPy reads this when it is first imported, which `jacobians` never does. By default it keeps the last 1000 results of
# each function, fewer than the entries of one Jacobian have; derivatives then take up to twice as long.
os.environ.setdefault("SYMPY_CACHE_SIZE", "None")


@pytest.fixture(autouse=True)
def _strict_floats(request):
    # Underflow to zero is right rounding (softmax of -1e4), everything else is a defect. But products of small finite
    # float32 matrices has been seen to set the flag `invalid`, now and then, so tests of float32 do not ask for it.
    invalid = "ignore" if "float32" in request.node.name else "raise"
    with np.errstate(over="raise", divide="raise", invalid=invalid, under="ignore"):
        yield


@pytest.fixture
def run_command(monkeypatch, capsys):
    """Run `jacobians ...`; give the exit status, standard output and standard error."""

    def run(*arguments: object):
        monkeypatch.setattr(sys, "argv", ["jacobians", *map(str, arguments)])
        status = 0
        try:
            main()
        except SystemExit as stop:
            status = int(stop.code or 0)
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return run
