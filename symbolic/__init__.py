"""SymPy derives every Jacobian from the index formula of its op."""

from symbolic.derive import entries
from symbolic.index import index_form
from symbolic.latex import latex

__all__ = ["entries", "index_form", "latex"]
