"""The sheets of ops: what they say of an op is read back by our own reader and has the op's values."""

from __future__ import annotations

import re

import numpy as np
import pytest

from jacobians.notation import name_to_latex
from jacobians.ops import OPS
from jacobians.sheet import SIZES
from jacobians.structure import axis_names
from jacobians.terms import free_label
from symbolic.sheets.entries import entries
from tests.sheet_values import Values, parsed, without_primes


def example(op):
    shapes = op.example_shapes(SIZES)[0]
    point = op.sample(np.random.default_rng(3), shapes)
    while op.near_kink(1e-3, **point):
        point = op.sample(np.random.default_rng(4), shapes)
    return point, op.sizes(shapes)[1]


def sizes_of_letters(J) -> dict[str, int]:
    """Index letter -> size, of the axes and of what is summed."""
    names = axis_names(J.shown.terms, len(J.shape))
    sizes = dict(zip(names, J.shape, strict=True))
    for term in J.shown.terms:
        taken = set(names)
        for label in term.hidden:
            name = free_label(label, taken)
            taken.add(name)
            sizes[name] = term.sizes[label]
    return sizes


def arrays_of(op, point, J) -> dict[str, np.ndarray]:
    """Inputs, output and the factors of a Jacobian by their names in LaTeX."""
    found = {name_to_latex(name, ()): np.asarray(value) for name, value in point.items()}
    found |= {name_to_latex(k, ()): np.asarray(v) for k, v in vars(op).items() if isinstance(v, int | float | np.ndarray)}
    found[name_to_latex(op.symbol, ())] = op.forward(**point)
    for factor in (f for term in J.shown.terms for f in term.factors):
        if factor.name.startswith("1/") and factor.name[2:].isidentifier():
            found[name_to_latex(factor.name[2:], ())] = 1 / factor.value
        if largest := re.search(r"arg(?:max|min)\(\w\)", factor.name):
            found[name_to_latex(largest[0], ())] = factor.value.argmax(-1)
        if "{" not in factor.name:
            found[name_to_latex(factor.name, ())] = factor.value
    return found


def ranks_of(op, point, J) -> dict[str, int]:
    """What a reader of the sheet knows of the names in it."""
    named = {f.name: f.value for term in J.shown.terms for f in term.factors if f.name.isidentifier()}
    named |= {f.name[2:]: f.value for term in J.shown.terms for f in term.factors if f.name[2:].isidentifier()}
    known = {**point, op.symbol: op.forward(**point), **named}
    return {name: np.ndim(value) for name, value in known.items()}


def letters_for_sizes(sizes) -> dict[str, np.ndarray]:
    shown = {"N" if a == "n" else f"n_{{{a}}}": np.asarray(n) for a, n in sizes.items()}
    return shown | ({"n": next(iter(shown.values()))} if len(shown) == 1 else {})


def read_back(op, entry) -> tuple[np.ndarray, np.ndarray]:
    """What the sheet prints for a Jacobian, evaluated; and the Jacobian."""
    point, sizes = example(op)
    J = op.jacobian(entry.wrt, **point)
    rename = without_primes(f"{entry.of} {entry.at} {entry.index} ")
    letters = {rename(f"{a} ").strip(): n for a, n in sizes_of_letters(J).items()}
    groups = {"group": lambda c: np.floor(c * getattr(op, "groups", 1) / sizes.get("c", 1))}
    values = Values(letters_for_sizes(sizes) | arrays_of(op, point, J), letters, groups)
    tree = parsed(rename(f"{entry.index} "), ranks_of(op, point, J))
    return values.over(tree, list(letters)[: len(J.shape)]), J.dense()


@pytest.mark.parametrize("op", OPS.values(), ids=OPS)
def test_every_jacobian_is_read_back_with_its_value(op):
    for entry in entries(op):
        got, want = read_back(op, entry)
        np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-11, err_msg=f"{op.name} by {entry.wrt}: {entry.index}")
