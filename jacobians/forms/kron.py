"""The Kronecker form: the matrix vec(output) x vec(input) as `Id_2 ⊗ xᵀ` (row by row), `xᵀ ⊗ Id_2` (column by column).

Output axes and input axes are cut into neighbouring segments, in the order in which vec runs over them; a row segment
and a column segment make one piece, and no factor and no delta may connect two pieces.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jacobians.errors import FormError, labels_text
from jacobians.forms.build import scaled, transposed
from jacobians.forms.network import Network
from jacobians.forms.tensor import PROOF_SIZE, prove, shortened
from jacobians.forms.tree import Diag, Kron, Node, Sum, Vec
from jacobians.forms.writers import Writer, latex_writer, text_writer
from jacobians.terms import Array, Labels, Term

if TYPE_CHECKING:
    from jacobians.jacobian import Jacobian
    from jacobians.jacobian import Vec as Order

#: What vec does, in words.
ORDERS = {"row": "row by row", "column": "column by column"}
Piece = tuple[Labels, Labels]


@dataclass(frozen=True, eq=False)
class Kronecker:
    """The matrix of a Jacobian as a Kronecker product (or a sum of such), with the vec order it holds for."""

    expression: Node
    vec: Order
    pieces: tuple[Node, ...]

    def matrix(self) -> Array:
        """The matrix, evaluated from the pieces."""
        return self.expression.matrix()

    def latex(self, writer: Writer | None = None) -> str:
        r"""`\mathrm{Id}_{2} \otimes x^{\top} \quad (\text{vec row by row})`."""
        return rf"{self.expression.write(writer or latex_writer())} \quad (\text{{vec {ORDERS[self.vec]}}})"

    def __str__(self) -> str:
        """`Id_2 ⊗ xᵀ   (vec row by row)`."""
        return f"{self.expression.write(text_writer())}   (vec {ORDERS[self.vec]})"


def kronecker(J: Jacobian, vec: Order) -> Kronecker:
    """The matrix of `J.matrix(vec)` as a Kronecker product of named pieces, proved equal.

    Raises:
        FormError: no such product is found, or it could not be proved.
    """
    if J.size > PROOF_SIZE:
        kronecker(shortened(J), vec)
        return _named(J, vec)
    found = _named(J, vec)
    prove(f"Kronecker form, vec={vec!r}", found.matrix(), J.matrix(vec))
    return found


def _named(J: Jacobian, vec: Order) -> Kronecker:
    try:
        summands = [_term(t, vec) for t in J.shown.terms]
    except FormError as error:
        raise FormError(
            f"Kronecker form of {J}, vec={vec!r}: {error}; use J.matrix({vec!r}) for the numbers, or J.latex('index')"
        ) from None
    if not summands:
        raise FormError("Kronecker form: the Jacobian is zero and has no pieces; use J.matrix() for the numbers")
    products = [node for node, _ in summands]
    return Kronecker(products[0] if len(products) == 1 else Sum(products), vec, tuple(summands[0][1]))


def _term(term: Term, vec: Order) -> tuple[Node, list[Node]]:
    network = Network(term)
    step = 1 if vec == "row" else -1
    parts = [frozenset(part) for part in network.components()]
    cuts = sorted(_cuts(term.out[::step], term.inp[::step], parts), key=_plainness)
    for cut in cuts:
        try:
            pieces = [_piece(network, rows, columns, vec) for rows, columns in cut]
        except FormError:
            continue
        body = Kron(pieces) if len(pieces) > 1 else next(iter(pieces), None)  # None: a number by a number
        return scaled(term.coef, network.loose_scalars(), body), pieces
    raise FormError(
        f"the output axes {labels_text(term.out)} and the input axes {labels_text(term.inp)} do not split into "
        "neighbouring segments that no factor and no delta connects"
    )


def _cuts(rows: Labels, columns: Labels, parts: Sequence[frozenset[str]]) -> Iterator[tuple[Piece, ...]]:
    """All ways to cut the axes into pieces (row labels, column labels)."""
    if not rows and not columns:
        yield ()
        return
    for r in range(len(rows) + 1):
        for c in range(len(columns) + 1):
            head, rest = {*rows[:r], *columns[:c]}, {*rows[r:], *columns[c:]}
            if (r or c) and not any(head & part and rest & part for part in parts):
                for tail in _cuts(rows[r:], columns[c:], parts):
                    yield ((rows[:r], columns[:c]), *tail)


def _plainness(cut: Sequence[Piece]) -> tuple[int, int]:
    """Few pieces, none of which stacks several axes into one."""
    stacked = sum(len(rows) > 1 or len(columns) > 1 for rows, columns in cut)
    return stacked, len(cut)


def _piece(network: Network, rows: Labels, columns: Labels, vec: Order) -> Node:
    if len(rows) == len(columns) == 1:
        return network.matrix(rows[0], columns[0])
    if not columns:
        return _vector(network, rows, vec)
    if not rows:
        return transposed(_vector(network, columns, vec))
    if rows == columns:
        return Diag(_vector(network, rows, vec))
    raise FormError("no name for a piece over these axes")


def _vector(network: Network, labels: Labels, vec: Order) -> Node:
    """A vector over one label, or a matrix or tensor over several, stacked in the order of vec."""
    if len(labels) == 1:
        return network.vector(labels[0])
    own = labels if vec == "row" else labels[::-1]
    return Vec(network.matrix(*own) if len(own) == 2 else network.tensor(own), vec)
