"""Strict surroundings: warnings and floating point errors are failures, every random draw has a seed."""

from __future__ import annotations

import numpy as np
import pytest

#: Twins of the ops in JAX and PyTorch hold no tests; importing them needs the extra `peers`.
collect_ignore = ["peers"]


@pytest.fixture(autouse=True)
def _strict_floats(request):
    # Underflow to zero is right rounding (softmax of -1e4), everything else is a defect. But products of small finite
    # float32 matrices has been seen to set the flag `invalid`, now and then, so tests of float32 do not ask for it.
    invalid = "ignore" if "float32" in request.node.name else "raise"
    with np.errstate(over="raise", divide="raise", invalid=invalid, under="ignore"):
        yield
