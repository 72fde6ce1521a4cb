"""Strict surroundings: warnings and floating point errors are failures, every random draw has a seed."""

from __future__ import annotations

import numpy as np
import pytest

#: Twins of the ops in JAX and PyTorch hold no tests; importing them needs the extra `peers`.
collect_ignore = ["peers"]


@pytest.fixture(autouse=True)
def _strict_floats():
    # underflow to zero is right rounding (softmax of -1e4), everything else is a defect
    with np.errstate(over="raise", divide="raise", invalid="raise", under="ignore"):
        yield
