"""Every example runs and says what it promises (the digits: tests/test_descent.py, tests/test_empirical.py)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("linear.py", ["da/dW = δ_oo' x_i  =  Id_2 ⊗ x   shape (2, 2, 3), labels i -> o | o i", "xᵀ ⊗ Id_2"]),
        ("scalar_paths.py", ["s -> z -> f -> h -> L:  1.619051", "sum 6.624327", "Layer 4:  dL/ds"]),
        ("hessian.py", ["=  diag(p) - p pᵀ", "d2L/dw2 = Xᵀ X", "W2 diag(tanh'(z1)) ⊗ x xᵀ", "from 0.0000 to 0.3077"]),
        ("check_notes.py", ["backpropagation_de.md: 31 declaration, 17 true", "17:4: false", "18:4: ill-formed"]),
        ("through_time.py", ["0.6           1     0.127", "it vanishes", "it explodes", "_ki tanh'(z20)_i h19_j"]),
    ],
)
def test_example(name, lines):
    done = subprocess.run(
        [sys.executable, EXAMPLES / name], capture_output=True, text=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stderr
    for line in lines:
        assert line in done.stdout
