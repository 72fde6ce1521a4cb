"""Every formula that is printed passes KaTeX in strict mode; KATEX_HOME names the folder with node_modules/katex."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from pathlib import Path

import pytest

import symbolic
from jacobians.errors import FormError, ShapeError
from jacobians.forms import FORMS
from jacobians.op import Op
from jacobians.ops import FILES
from tests.contract import PRIMES, away_from_kinks

#: SymPy writes all entries out only for ops with at most so many input entries: more of the same takes minutes.
SYMPY_ENTRIES = 40
#: With more input entries than these, the entries are written for axes of two.
FEW_ENTRIES, TWOS = 20, (2, 2, 2, 2, 2)
HERE = Path(__file__).parent / "katex"


def formulas(ops: Iterable[Op]) -> Iterator[tuple[str, str]]:
    """(where, LaTeX) of every op, input and form that there is, numeric and symbolic."""
    for op in ops:
        point = away_from_kinks(op, op.example_shapes(PRIMES[0])[0], seed=0)
        many = sum(value.size for value in point.values())
        sizes = axes_of_two(op) if FEW_ENTRIES < many <= SYMPY_ENTRIES else None
        for wrt in op.differentiable():
            J = op.jacobian(wrt, **point)
            for form in FORMS:
                for vec in ("row", "column") if form == "kronecker" else ("row",):
                    for kind, write in (
                        ("numeric", lambda f=form, v=vec, J=J: J.latex(f, v)),
                        ("symbolic", lambda f=form, v=vec, op=op, w=wrt, s=sizes: symbolic.latex(op, w, f, s, v)),
                    ):
                        if kind == "symbolic" and form not in ("index", "tensor") and many > SYMPY_ENTRIES:
                            continue
                        try:
                            yield f"{op.name} by {wrt}, {kind} {form} {vec}", write()
                        except FormError:
                            continue


def axes_of_two(op: Op):
    shapes = op.example_shapes(TWOS)[0]
    try:
        op.sizes(shapes)
    except ShapeError:  # a reshape to 6 has no example of twos
        return None
    return shapes


def remembered(function: Callable, key: Callable) -> Callable:
    known: dict = {}

    def call(*arguments):
        if (k := key(*arguments)) not in known:
            known[k] = function(*arguments)
        return known[k]

    return call


@pytest.fixture
def _each_once(monkeypatch):
    """Several forms print the same index form or the same entries: SymPy works them out once."""
    latex = import_module("symbolic.latex")  # the function of that name hides the file
    derived = remembered(latex.derived, lambda f: (f.op, f.wrt, f.out, f.inp, *f.ranges.items()))
    cells = remembered(latex.entry_cells, lambda op, wrt, shapes: (op, wrt, *shapes.items()))
    monkeypatch.setattr(latex, "derived", derived)
    monkeypatch.setattr(latex, "entry_cells", cells)


def problems(tex: list[str]) -> list[str | None]:
    """KaTeX's complaint about each formula, None where it renders."""
    home = os.environ.get("KATEX_HOME", str(HERE))
    done = subprocess.run(
        ["node", str(HERE / "render.mjs"), home], input=json.dumps(tex), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"node with katex in {home} failed:\n{done.stderr}"
    return json.loads(done.stdout)


@pytest.mark.katex
def test_katex_refuses_what_is_wrong():
    assert problems([r"\delta_{o o'} x_{i}", r"W^{(1)}^{\top}", r"\frac{1}"]).count(None) == 1


@pytest.mark.katex
@pytest.mark.usefixtures("_each_once")
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.__name__.rpartition(".")[2])
def test_every_printed_formula_renders(file):
    where, tex = zip(*formulas(file.OPS), strict=True)
    assert len(tex) >= 3 * sum(len(op.differentiable()) for op in file.OPS)
    bad = [f"{w}: {error}\n  {t}" for w, t, error in zip(where, tex, problems(list(tex)), strict=True) if error]
    assert not bad, "\n".join(bad)
