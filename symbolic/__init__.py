"""Jacobians in symbols: SymPy derives them from the op's index formula, or fills the terms of the op's rule."""

from symbolic.entries import NetworkEntries, entries, entries_of
from symbolic.index import index_form
from symbolic.latex import latex

__all__ = ["NetworkEntries", "entries", "entries_of", "index_form", "latex"]
