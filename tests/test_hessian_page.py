"""The command `jacobians hessian` as a user meets it: what it prints, what it writes, how it refuses."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest

from jacobians.cli import main
from jacobians.hessian_page import spectrum


@pytest.fixture
def run_command(monkeypatch, capsys):
    """Run `jacobians hessian ...`; give the exit status, standard output and standard error."""

    def run(*arguments: object):
        monkeypatch.setattr(sys, "argv", ["jacobians", "hessian", *map(str, arguments)])
        status = 0
        try:
            main()
        except SystemExit as stop:
            status = int(stop.code or 0)
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return run


@pytest.fixture
def least_squares(tmp_path):
    path = tmp_path / "squares.txt"
    path.write_text("X = [[1, 2], [3, 4], [5, 7]]\nw = [1, -1]\ny = [1, 2, 3]\nL = 1/2 * norm(X @ w - y)^2\n")
    return path


def test_built_in_network(run_command):
    status, out, err = run_command()
    assert (status, err) == (0, "")
    for name in ("W1", "b1", "W2", "b2"):
        assert f"∂²L/∂{name}² = " in out
        assert f"∂²L/∂{name}² agrees with the central differences" in out
    assert "= Id_2 ⊗ a1 a1ᵀ (vec row by row)" in " ".join(out.split())
    assert "eigenvalues from 0 to 0.8279, 6 of 8 are 0: positive semidefinite" in out
    assert "(2, 4 | 2, 4)  4-D tensor, 2·4·2·4 = 64 entries, 32 can differ from zero" in out
    assert max(map(len, out.splitlines())) <= 80


def test_numbers_of_a_given_model(run_command, least_squares):
    _, out, _ = run_command(least_squares, "--wrt", "w", "--no-check")
    assert out.splitlines()[-7:] == [
        "∂²L/∂w² = Σ_k X_ki X_kj",
        "        = Xᵀ X",
        "  (2 | 2)  matrix, 2·2 = 4 entries, none is zero by structure",
        "  rows i, columns j",
        "    [35 49]",
        "    [49 69]",
        "  eigenvalues from 0.1348 to 103.9: positive definite",
    ]


def test_mixed_block(run_command):
    _, out, _ = run_command("--wrt", "W1", "--and", "b2")
    assert "∂²L/∂W1∂b2 = W2_ki tanh'(z1)_i x_j" in out
    assert "∂²L/∂W1∂b2 agrees" in " ".join(out.split())
    assert "eigenvalues" not in out


def test_gauss_newton(run_command):
    _, out, _ = run_command("--wrt", "b1", "--gauss-newton")
    assert "Gauss-Newton: the Hessian of L without the curvature of z2" in out
    assert "G(b1, b1) = Σ_k W2_ki tanh'(z1)_i W2_kj tanh'(z1)_j" in out
    assert "positive semidefinite" in out
    assert "G(b1, b1) agrees with the central differences" in out
    _, out, _ = run_command("--wrt", "b1", "--through", "z1")
    assert "without the curvature of z1" in out


def test_gauss_newton_through_a_part_of_an_equation(run_command, least_squares):
    _, out, _ = run_command(least_squares, "--wrt", "w", "--gauss-newton")
    assert "without the curvature of X @ w" in out
    assert "G(w, w) agrees" in out


def test_a_block_that_is_zero_says_why(run_command):
    _, out, _ = run_command("--of", "z1", "--wrt", "W1")
    assert "∂²z1/∂W1² = 0\n  the derivative of z1 by W1 does not depend on W1\n" in out


def test_json(run_command, least_squares):
    _, out, _ = run_command(least_squares, "--wrt", "w", "--json")
    data = json.loads(out)
    (block,) = data["hessians"]
    assert (block["of"], block["wrt"], block["other"], block["through"]) == ("L", "w", "w", None)
    assert (block["index"], block["tensor"]) == ("Σ_k X_ki X_kj", "Xᵀ X")
    np.testing.assert_allclose(block["entries"], [[35, 49], [49, 69]], rtol=1e-12)
    np.testing.assert_allclose(sum(block["eigenvalues"]), 104, rtol=1e-12)
    assert data["check"][0]["agrees"] is True


def test_other_formats(run_command, least_squares, tmp_path):
    _, out, _ = run_command(least_squares, "--wrt", "w", "--format", "latex")
    assert r"\frac{\partial^2 L}{\partial w_{i}\, \partial w_{j}} &= \sum_{k} X_{k i} X_{k j}" in out
    _, out, _ = run_command(least_squares, "--wrt", "w", "--format", "markdown")
    assert "## ∂²L/∂w²" in out
    target = tmp_path / "second.npz"
    status, _, _ = run_command(least_squares, "--wrt", "w", "--format", "npz", "-o", target)
    assert status == 0
    np.testing.assert_allclose(np.load(target)["d2L_dw_dw"], [[35, 49], [49, 69]], rtol=1e-12)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--and", "W1"], "hessian: --and W1 is the second of two names; give the first too: --wrt W1"),
        (["--wrt", "Q"], "hessian: unknown name 'Q'; known are x, W1"),
        (["--of", "x"], "hessian: x depends on none of W1, b1, W2, b2; name what to differentiate by: --wrt"),
        (["--format", "npz"], "npz is a binary format: name the file with -o FILE"),
    ],
)
def test_refusals(run_command, arguments, message):
    status, out, err = run_command(*arguments)
    assert (status, out) == (2, "")
    assert message in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([-1.0, 0.5], "eigenvalues from -1 to 0.5: indefinite"),
        ([0.0, 0.5], "eigenvalues from 0 to 0.5, 1 of 2 is 0: positive semidefinite"),
        ([0.25, 0.5], "eigenvalues from 0.25 to 0.5: positive definite"),
        ([-2.0, -1e-15, 1e-15], "eigenvalues from -2 to 0, 2 of 3 are 0: negative semidefinite"),
        ([-2.0, -1.0], "eigenvalues from -2 to -1: negative definite"),
        ([0.0, 0.0], "eigenvalues from 0 to 0, 2 of 2 are 0: zero"),
    ],
)
def test_spectrum(values, text):
    assert spectrum(np.array(values), 4) == text
