"""What importing the package pulls in, and that every public name is there."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import jacobians as jac

HEAVY = (
    *("sympy", "symbolic", "rich", "typer", "click", "matplotlib", "sklearn", "mpmath", "jax", "torch", "hypothesis"),
    *("dask", "zarr"),
)
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
    assert output("\n".join([*lines, f"import sys; print([m for m in {HEAVY!r} if m in sys.modules])"])) == "[]"


def output(program):
    """What a program prints in a process of its own, where warnings are errors."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=False, encoding="utf-8"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def test_the_import_alone_loads_nothing_else():
    loaded = "sorted(m for m in sys.modules if m.partition('.')[0] in ('jacobians', 'numpy'))"
    assert output(f"import jacobians, sys; print({loaded})") == "['jacobians']"


def test_one_op_loads_its_own_file():
    others = "[m for m in sys.modules if m.startswith('jacobians.ops.')]"
    program = f"import jacobians as jac, sys; jac.Linear(); print({others})"
    assert output(program) == "['jacobians.ops.linear']"


def test_a_function_that_is_called_as_its_file():
    for first in ("jac.node", "jac.Model", "import jacobians.node"):  # the last two load the file for another reason
        program = (
            f"import jacobians as jac\n{first}\nfrom jacobians import node; print(jac.node is node, node.__name__)"
        )
        assert output(program) == "True node"


def test_star_import():
    program = "from jacobians import *; import jacobians; print(all(n in globals() for n in jacobians.__all__), Linear)"
    assert output(program) == "True <class 'jacobians.ops.linear.Linear'>"


def test_completion_and_misspelt_names():
    assert output("import jacobians as jac; print({'Linear', 'Model', 'node', 'settings'} <= {*dir(jac)})") == "True"
    with pytest.raises(AttributeError, match=r"^No jacobians attribute Linar$"):
        jac.Linar  # noqa: B018
    with pytest.raises(ImportError, match=r"^cannot import name 'Linar' from 'jacobians'"):
        from jacobians import Linar  # noqa: F401


def test_no_name_is_exported_twice_or_missing():
    assert len(jac.__all__) == len(set(jac.__all__))
    assert not [name for name in jac.__all__ if not hasattr(jac, name)]


def listed():
    """Public name -> the module that the list names for it."""
    tree = ast.parse(Path(jac.__file__).with_suffix(".pyi").read_text(encoding="utf-8"))
    lines = [line for line in tree.body if isinstance(line, ast.ImportFrom)]
    return {name.asname: f"jacobians.{line.module}" for line in lines for name in line.names}


def test_the_public_ops_are_those_that_there_are():
    ops = {type(op).__name__: type(op).__module__ for op in jac.OPS.values()}
    assert ops == {name: module for name, module in listed().items() if module.startswith("jacobians.ops.")}
    assert all(getattr(jac, type(op).__name__) is type(op) for op in jac.OPS.values())


def test_every_public_name_comes_from_where_it_is_defined():
    names = {name: module for name, module in listed().items() if name not in ("OPS", "settings")}
    assert {name: getattr(jac, name).__module__ for name in names} == names


def test_the_interface_that_users_rely_on():
    promised = {"Jacobian", "Linear", "Model", "Run", "Op", "OPS", "mlp", "delta_einsum", "node", "settings"}
    assert promised <= set(jac.__all__)
