"""What importing the package pulls in, and that every public name is there."""

from __future__ import annotations

import subprocess
import sys

import pytest

import jacobians as jac

HEAVY = ("sympy", "symbolic", "rich", "typer", "click", "matplotlib", "sklearn", "mpmath", "jax", "torch", "hypothesis")
USES = {
    "import": "import jacobians",
    "an op": """
        import jacobians as jac
        J = jac.Linear().jacobian("W", x=[1, 2, 3], W=[[1, 2, 3], [4, 5, 6]], b=[0, 1])
        assert J.dense().shape == (2, 2, 3) and str(J) == "δ_oo' x_i" and (J @ J.T).merge().nnz == 2
    """,
    "a model in Python": """
        import jacobians as jac
        model = jac.Model({"x": 3, "W": (2, 3)}, [jac.node("z", jac.LinearMap(), x="x", W="W")])
        run = model.run(model.random_point(seed=0))
        for order in ("forward", "backward", "best"):
            str(run.jacobian("z", "W", order=order))
        run.cost("z", "W"), list(run.paths("z", "x"))
    """,
    "a network from equations": """
        import jacobians as jac
        model = jac.mlp([3, 4, 2])
        run = model.run(model.random_point(seed=0))
        str(run.jacobian("L", "W1")), run.gradients()
    """,
}


@pytest.mark.parametrize("use", USES)
def test_the_core_imports_nothing_heavy(use):
    lines = [line.removeprefix("        ") for line in USES[use].splitlines()]
    program = "\n".join([*lines, f"import sys; print([m for m in {HEAVY!r} if m in sys.modules])"])
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=False, encoding="utf-8"
    )
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stdout + done.stderr


def test_no_name_is_exported_twice_or_missing():
    assert len(jac.__all__) == len(set(jac.__all__))
    assert not [name for name in jac.__all__ if not hasattr(jac, name)]


@pytest.mark.parametrize("op", jac.OPS.values(), ids=lambda op: op.name)
def test_every_op_is_public(op):
    name = type(op).__name__
    assert getattr(jac, name, None) is type(op)
    assert name in jac.__all__


def test_the_interface_that_users_rely_on():
    promised = {"Jacobian", "Linear", "Model", "Run", "Op", "OPS", "mlp", "delta_einsum", "node", "settings"}
    assert promised <= set(jac.__all__)
