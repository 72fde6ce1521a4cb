"""A term's factors as a graph: labels are points, matrices the lines between them, vectors sit at points.

Where that graph has no cycle, every piece of the term is a product of named matrices with vectors as diagonals between
them: `W2 diag(tanh'(z1)) W1`, `W1ᵀ (W2ᵀ δ ⊙ tanh'(z1))`.
"""

from __future__ import annotations

from collections.abc import Iterator

from jacobians.errors import FormError
from jacobians.forms.build import hadamard, times, transposed
from jacobians.forms.tree import Diag, Hadamard, Identity, Named, Node, Ones, Transpose
from jacobians.terms import Labels, Term


class Network:
    """The factors of one term, ready to be read as expressions."""

    def __init__(self, term: Term) -> None:
        """Sort the factors by rank; raises FormError where a factor or a cycle fits no matrix product."""
        self.term = term
        self.scalars: list[Node] = []
        self._vectors: dict[str, list[tuple[int, Node]]] = {a: [] for a in term.sizes}
        self._lines: dict[str, dict[str, tuple[int, Node]]] = {a: {} for a in term.sizes}
        self._tensors: dict[Labels, Node] = {}
        for k, f in enumerate(term.factors):
            if f.value.dtype == bool:
                raise FormError(f"the 0/1 pattern {f.name} over ({' '.join(f.labels)}) has no name as a matrix")
            if len(set(f.labels)) < len(f.labels):
                raise FormError(f"the factor {f.name} has the label {f.labels[0]} twice")
            self._place(k, f.labels, Named(f.name, f.value))
        self._refuse_cycles()

    def _place(self, k: int, labels: Labels, node: Named) -> None:
        if not labels:
            self.scalars.append(node)
        elif len(labels) == 1:
            self._vectors[labels[0]].append((k, node))
        elif len(labels) == 2:
            a, b = labels
            if b in self._lines[a]:  # two matrices over the same labels multiply entry by entry
                first, other = self._lines[a][b]
                k, both = first, Hadamard([other, node])
                self._lines[a][b], self._lines[b][a] = (k, both), (k, transposed(both))
            else:
                self._lines[a][b], self._lines[b][a] = (k, node), (k, Transpose(node))
        elif labels in self._tensors:
            raise FormError(f"two factors over the labels ({' '.join(labels)})")
        else:
            self._tensors[labels] = node

    def _refuse_cycles(self) -> None:
        for part in self.components():
            lines = sum(len(self._lines[a]) for a in part) // 2
            tensors = [labels for labels in self._tensors if set(labels) <= part]
            if tensors and (len(tensors) > 1 or lines or len(part) > len(tensors[0]) or self._decorated(part)):
                raise FormError(f"the factor over ({' '.join(tensors[0])}) is part of a larger product")
            if not tensors and lines >= len(part):
                raise FormError(f"the factors over ({' '.join(sorted(part))}) form a cycle")

    def _decorated(self, part: set[str]) -> bool:
        return any(self._vectors[a] for a in part)

    def components(self) -> Iterator[set[str]]:
        """The labels, grouped by the factors that connect them."""
        left = dict.fromkeys(self.term.sizes)
        while left:
            part = {next(iter(left))}
            while grown := {a for f in self.term.factors if part & {*f.labels} for a in f.labels} - part:
                part |= grown
            yield part
            left = {a: None for a in left if a not in part}

    # ----- pieces -----

    def vector(self, label: str, without: frozenset[str] = frozenset()) -> Node:
        """Everything that hangs at a label, as a vector over it; ones where nothing does."""
        branches = self._branches(label, without)
        return hadamard(branches) if branches else Ones(self.term.sizes[label])

    def _branches(self, label: str, without: frozenset[str] = frozenset()) -> list[Node]:
        found = list(self._vectors[label])
        for other, (k, line) in self._lines[label].items():
            if other not in without:
                found.append((k, times(line, self.vector(other, frozenset({label})))))
        return [node for _, node in sorted(found, key=lambda pair: pair[0])]

    def matrix(self, row: str, column: str) -> Node:
        """The matrix over two labels: a diagonal where they are one, a chain of products, or an outer product."""
        if row == column:
            branches = self._branches(row)
            return Diag(hadamard(branches)) if branches else Identity(self.term.sizes[row])
        path = self._path(row, column)
        if path is None:
            return times(self.vector(row), transposed(self.vector(column)))
        chain: list[Node] = []
        for k, label in enumerate(path):
            neighbours = frozenset({*path[max(k - 1, 0) : k], *path[k + 1 : k + 2]})
            if branches := self._branches(label, neighbours):
                chain.append(Diag(hadamard(branches)))
            if k + 1 < len(path):
                chain.append(self._lines[label][path[k + 1]][1])
        return times(*chain)

    def tensor(self, labels: Labels) -> Node:
        """A factor of rank 3 or more over exactly these labels."""
        if labels not in self._tensors:
            raise FormError(f"no name for a tensor over ({' '.join(labels)})")
        return self._tensors[labels]

    def loose_scalars(self) -> list[Node]:
        """The scalars of the term: factors of rank 0, and sums that share no label with an axis."""
        axes = {*self.term.out, *self.term.inp}
        return [*self.scalars, *(self._scalar(part) for part in self.components() if not part & axes)]

    def _scalar(self, part: set[str]) -> Node:
        """A closed sum, as `uᵀ A v`."""
        placed = [(k, a) for a in part for k, _ in self._vectors[a]]
        root = min(placed)[1] if placed else min(part)
        if any(set(labels) <= part for labels in self._tensors):
            raise FormError(f"no name for the sum over ({' '.join(sorted(part))})")
        branches = self._branches(root)
        first = branches.pop(0) if len(branches) > 1 else Ones(self.term.sizes[root])
        return times(transposed(first), hadamard(branches))

    def _path(self, start: str, end: str) -> list[str] | None:
        if start == end:
            return [start]
        stack = [[start]]
        while stack:
            path = stack.pop()
            for other in self._lines[path[-1]]:
                if other == end:
                    return [*path, end]
                if other not in path:
                    stack.append([*path, other])
        return None
