"""Index formulas of the elementary functions."""

from __future__ import annotations

import sympy as sp

from symbolic.formulas.elementwise import Formula, entrywise, entrywise_with_options, number

FORMULAS: dict[str, Formula] = {
    "exp": entrywise(sp.exp),
    "log": entrywise(sp.log),
    "sqrt": entrywise(sp.sqrt),
    "square": entrywise(lambda x: x**2),
    "power": entrywise_with_options(lambda x, op: x ** number(op.exponent)),
    "reciprocal": entrywise(lambda x: 1 / x),
    "sin": entrywise(sp.sin),
    "cos": entrywise(sp.cos),
    "tan": entrywise(sp.tan),
    "arctan": entrywise(sp.atan),
    "arcsinh": entrywise(sp.asinh),
    "erf": entrywise(sp.erf),
}
