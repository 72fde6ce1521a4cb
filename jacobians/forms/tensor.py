"""The tensor form: `Id_2 ⊗ x`, `diag(p) - p pᵀ`, `W2 diag(tanh'(z1)) W1`, `(W2ᵀ δ ⊙ tanh'(z1)) xᵀ`.

The axes, outputs then inputs, are cut into neighbouring groups that share no label; each group is a named piece.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from jacobians.errors import FormError, labels_text
from jacobians.forms.build import scaled, times, transposed
from jacobians.forms.network import Network
from jacobians.forms.tree import Node, Outer, Sum
from jacobians.jacobian import Jacobian
from jacobians.terms import Array, Factor, Term

#: Larger arrays are compared on a part: the first few values of every label.
PROOF_SIZE, PROOF_LABEL = 10**6, 5


def tensor(J: Jacobian) -> Node:
    """The Jacobian as an expression of named pieces whose value is equal to its dense array.

    Raises:
        FormError: no such form is found, or it could not be proved.
    """
    if J.size > PROOF_SIZE:
        tensor(shortened(J))  # the same labels and names on fewer values, compared entry by entry
        return tree(J)
    found = tree(J)
    prove("tensor form", found.value(), J.dense())
    return found


def tree(J: Jacobian) -> Node:
    """The tensor form of the terms that print."""
    try:
        summands = [term_tree(t) for t in J.shown.terms]
    except FormError as error:
        raise FormError(
            f"tensor form of {J}: {error}; only the index form is known, J.latex('index') (or J.kronecker(vec) where "
            "it is a Kronecker product)"
        ) from None
    return summands[0] if len(summands) == 1 else Sum(summands)


def shortened(J: Jacobian) -> Jacobian:
    """The terms that print, with only the first few values of every label."""
    terms = [_shortened(t) for t in J.shown.terms]
    shape = [min(n, PROOF_LABEL) for n in J.shape]
    return Jacobian(terms, shape[: len(J.out_shape)], shape[len(J.out_shape) :])


def _shortened(term: Term) -> Term:
    part = slice(PROOF_LABEL)
    factors = tuple(Factor(f.value[(part,) * f.value.ndim], f.labels, f.name) for f in term.factors)
    return Term(factors, term.out, term.inp, {a: min(n, PROOF_LABEL) for a, n in term.sizes.items()}, term.coef)


def prove(form: str, got: Array, want: Array) -> None:
    """Raise where the evaluated form differs from the Jacobian."""
    if got.shape != want.shape and got.shape != ():
        raise FormError(f"{form}: expected the shape {want.shape}, the form has {got.shape}; it could not be proved")
    single = np.float32 in (got.dtype, want.dtype)
    scale = max(1.0, float(np.max(np.abs(want), where=np.isfinite(want), initial=0.0)))
    if not np.allclose(got, want, rtol=0, atol=(1e-4 if single else 1e-10) * scale, equal_nan=True):
        off = float(np.max(np.abs(got - want)))
        raise FormError(f"{form}: differs from the Jacobian by up to {off:.3g}; it could not be proved")


def term_tree(term: Term) -> Node:
    """One term as an expression.

    Raises:
        FormError: its axes do not split into named pieces.
    """
    network = Network(term)
    axes = (*term.out, *term.inp)
    pieces = [_piece(network, term, start, stop) for start, stop in _groups(network, axes)]
    body: Node | None = Outer(pieces) if len(pieces) > 1 else next(iter(pieces), None)
    if len(axes) == 2 and len(pieces) == 2:  # two vectors make a matrix: u vᵀ
        body = times(pieces[0], transposed(pieces[1]))
    return scaled(term.coef, network.loose_scalars(), body)


def _groups(network: Network, axes: Sequence[str]) -> list[tuple[int, int]]:
    """The finest cut of the axes into neighbouring groups such that no factor and no delta crosses a cut."""
    spans = []
    for part in network.components():
        at = [k for k, a in enumerate(axes) if a in part]
        if at:
            spans.append((at[0], at[-1] + 1))
    groups: list[tuple[int, int]] = []
    for start, stop in sorted(spans):
        if groups and start < groups[-1][1]:
            groups[-1] = (groups[-1][0], max(stop, groups[-1][1]))
        else:
            groups.append((start, stop))
    return groups


def _piece(network: Network, term: Term, start: int, stop: int) -> Node:
    labels = (*term.out, *term.inp)[start:stop]
    if len(labels) == 1:
        return network.vector(labels[0])
    if len(labels) == 2:
        return network.matrix(*labels)
    if len(set(labels)) < len(labels):
        raise FormError(f"the axes {labels_text(labels)} do not split into neighbouring groups with different labels")
    return network.tensor(labels)
