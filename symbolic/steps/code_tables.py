"""How functions and arrays are written with NumPy, PyTorch and JAX."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

#: How tightly Python binds: + and -, then * / @, then **, then names and calls.
SUM, PRODUCT, POWER, ATOM = range(4)


class Written(NamedTuple):
    """Code, and how tightly it binds."""

    text: str
    level: int = ATOM

    def at(self, needed: int) -> str:
        """In brackets where something tighter is needed."""
        return self.text if self.level >= needed else f"({self.text})"


@dataclass(frozen=True)
class Library:
    """One library of arrays."""

    name: str
    imports: str
    #: What its functions are called by.
    module: str

    def ones(self, sizes: str, like: str) -> str:
        """An array of ones; `like` says of which numbers."""
        return f"{like}.new_ones({sizes})" if self.name == "torch" else f"{self.module}.ones({sizes})"

    def identity(self, size: str, like: str) -> str:
        """The identity matrix."""
        return f"torch.eye({size}, dtype={like}.dtype)" if self.name == "torch" else f"{self.module}.eye({size})"

    def numbers(self, condition: str, like: str) -> str:
        """1 and 0 for true and false."""
        return f"({condition}).to({like}.dtype)" if self.name == "torch" else f"({condition}).astype({like}.dtype)"

    def sizes(self, sizes: list[str]) -> str:
        """The shape of an array."""
        return sizes[0] if len(sizes) == 1 else f"({', '.join(sizes)})"


NUMPY = Library("numpy", "import numpy as np", "np")
TORCH = Library("torch", "import torch", "torch")
JAX = Library("jax", "import jax\nimport jax.numpy as jnp", "jnp")


class Function(NamedTuple):
    """The value and the slope of a function of one variable, and how tightly they bind.

    `{np}` is the module, `{x}` the argument, `{inside}` the argument where brackets stand around it, `{f}` the value.
    """

    value: str
    slope: str
    value_level: int = ATOM
    slope_level: int = SUM


_EXP = "{np}.exp(-{x})"
FUNCTIONS: dict[str, Function] = {
    "tanh": Function("{np}.tanh({inside})", "1 - {f} ** 2"),
    "sigmoid": Function(f"1 / (1 + {_EXP})", "{f} * (1 - {f})", PRODUCT, PRODUCT),
    "relu": Function("{x} * ({x} > 0)", "({x} > 0)", PRODUCT, ATOM),
    "leaky_relu": Function("{np}.where({x} > 0, {x}, 0.01 * {x})", "0.01 + 0.99 * ({x} > 0)"),
    "elu": Function(
        "{np}.where({x} > 0, {x}, {np}.exp({inside}) - 1)",
        "{np}.where({x} > 0, {x} ** 0, {np}.exp({inside}))",
        ATOM,
        ATOM,
    ),
    "exp": Function("{np}.exp({inside})", "{f}", ATOM, ATOM),
    "log": Function("{np}.log({inside})", "1 / {x}", ATOM, PRODUCT),
    "sqrt": Function("{np}.sqrt({inside})", "1 / (2 * {f})", ATOM, PRODUCT),
    "sin": Function("{np}.sin({inside})", "{np}.cos({inside})", ATOM, ATOM),
    "cos": Function("{np}.cos({inside})", "-{np}.sin({inside})", ATOM, PRODUCT),
    "arctan": Function("{np}.arctan({inside})", "1 / (1 + {x} ** 2)", ATOM, PRODUCT),
    "abs": Function("{np}.abs({inside})", "{np}.sign({inside})", ATOM, ATOM),
    "square": Function("{x} ** 2", "2 * {x}", POWER, PRODUCT),
    "identity": Function("{x}", "{x} ** 0", ATOM, POWER),
    "reciprocal": Function("1 / {x}", "-1 / {x} ** 2", PRODUCT, PRODUCT),
    "softplus": Function("{np}.log(1 + {np}.exp({inside}))", f"1 / (1 + {_EXP})", ATOM, PRODUCT),
    "log_sigmoid": Function(f"-{{np}}.log(1 + {_EXP})", "1 / (1 + {np}.exp({inside}))", PRODUCT, PRODUCT),
    "softsign": Function("{x} / (1 + {np}.abs({inside}))", "1 / (1 + {np}.abs({inside})) ** 2", PRODUCT, PRODUCT),
    "silu": Function(f"{{x}} / (1 + {_EXP})", f"(1 + (1 + {{x}}) * {_EXP}) / (1 + {_EXP}) ** 2", PRODUCT, PRODUCT),
}
