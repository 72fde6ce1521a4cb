"""Jacobians in symbols: SymPy derives them from the op's index formula, or fills the terms of the op's rule.

Derivations step by step need no SymPy; they are made of the notation's trees, see `symbolic.steps`.
"""

from symbolic.entries import NetworkEntries, entries, entries_of
from symbolic.index import index_form
from symbolic.latex import latex
from symbolic.steps.engine import derivation

__all__ = ["NetworkEntries", "derivation", "entries", "entries_of", "index_form", "latex"]
