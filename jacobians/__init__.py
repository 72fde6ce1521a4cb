"""Explicit Jacobians of neural networks: every layer's full Jacobian with named axes and known structure.

The public names stand in `__init__.pyi`; a name is loaded when it is first used, so that the import takes no time.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
