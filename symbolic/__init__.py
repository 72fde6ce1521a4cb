"""Jacobians in symbols: SymPy derives them from the op's index formula, or fills the terms of the op's rule.

Derivations step by step need no SymPy; they are made of the notation's trees, see `symbolic.steps`. The public names
stand in `__init__.pyi`; each is loaded when it is first used.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
