"""Which method of a printer writes which kind of tree: the same for every surface."""

from __future__ import annotations

from jacobians.notation.tree import (
    Binary,
    Call,
    Chain,
    Comparison,
    Index,
    Iverson,
    Juxtaposition,
    List,
    Name,
    Negative,
    Number,
    Prime,
    Transpose,
    Tree,
)
from jacobians.notation.tree_calculus import (
    Apply,
    At,
    Cases,
    Differential,
    Dots,
    Gradient,
    JacobianOf,
    Membership,
    Partial,
    Product,
    Slice,
    Sum,
)

#: The method that writes a kind of tree.
WRITERS: dict[type[Tree], str] = {
    Number: "number",
    Name: "name",
    Call: "call",
    Negative: "negative",
    Binary: "binary",
    Juxtaposition: "juxtaposition",
    Transpose: "transpose",
    Prime: "prime",
    Index: "index",
    List: "items",
    Chain: "chain",
    Comparison: "comparison",
    Iverson: "iverson",
    Partial: "partial",
    Gradient: "gradient",
    JacobianOf: "jacobian_of",
    Differential: "differential",
    Sum: "sum",
    Product: "sum",
    Cases: "cases",
    Apply: "apply",
    At: "at",
    Dots: "dots",
    Slice: "slice",
    Membership: "membership",
}
