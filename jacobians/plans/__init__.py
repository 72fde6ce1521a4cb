"""Plans: Jacobians as straight-line NumPy code, made once for a structure and replayed at every point."""

from jacobians.plans.plan import Cost, Plan

__all__ = ["Cost", "Plan"]
