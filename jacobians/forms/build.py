"""Expressions put together without what need not be written: products in products, ones, double transposes."""

from __future__ import annotations

from collections.abc import Sequence

from jacobians.forms.tree import Diag, Hadamard, Identity, Node, Product, Scaled, Transpose


def transposed(node: Node) -> Node:
    """The transpose, carried into products: (A v)ᵀ is vᵀ Aᵀ."""
    if isinstance(node, Transpose):
        return node.body
    if isinstance(node, Diag | Identity):
        return node
    if isinstance(node, Product):
        return Product([transposed(f) for f in reversed(node.factors)])
    return Transpose(node)


def times(*factors: Node) -> Node:
    """A product without products inside; one factor is itself."""
    flat = [g for f in factors for g in (f.factors if isinstance(f, Product) else (f,))]
    return flat[0] if len(flat) == 1 else Product(flat)


def hadamard(factors: Sequence[Node]) -> Node:
    """The elementwise product; one factor is itself."""
    return factors[0] if len(factors) == 1 else Hadamard(factors)


def scaled(coef: float, scalars: Sequence[Node], body: Node | None) -> Node:
    """coef times scalars times body; the body itself where that is all."""
    return body if body and coef == 1 and not scalars else Scaled(coef, scalars, body)
