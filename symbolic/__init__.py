"""SymPy derives every Jacobian from the index formula of its op."""
