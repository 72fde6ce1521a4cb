r"""Products and sums whose middle is dots: what stands in between follows from what stands beside the dots."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from jacobians.claims.errors import IllFormed, NotUnderstood, OutsideLabels
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from jacobians.notation.names import split_name
from jacobians.notation.rebuild import rebuilt
from jacobians.notation.to_plain import to_plain

if TYPE_CHECKING:
    from jacobians.claims.bindings import Scope
    from jacobians.claims.evaluator import Evaluator

Operation = t.Binary | t.Juxtaposition


def has_dots(tree: Operation) -> bool:
    r"""`a \cdots b`: two operations, with dots on the right side of the inner one."""
    return _is_same(tree.left, tree) and isinstance(tree.left.right, c.Dots)  # type: ignore[attr-defined]


def written_out(ev: Evaluator, tree: Operation, scope: Scope) -> t.Tree:
    r"""`\frac{\partial h_4}{\partial h_3} \cdots \frac{\partial h_2}{\partial h_1}` with the factor in the middle.

    All labels and numbers that differ from the term before the dots to the one behind them do so by the same amount,
    and go there in steps of one. Where the two are the same term it stands once.

    Raises:
        NotUnderstood: terms that differ in something else; OutsideLabels: the dots go the other way round.
    """
    written: t.Tree = tree.left.left  # type: ignore[attr-defined]
    last, end = (written.right, tree.right) if _is_same(written, tree) else (written, tree.right)  # type: ignore[attr-defined]
    steps = set(steps_between(ev, last, end, scope))
    if len({abs(n) for n in steps}) > 1:
        raise NotUnderstood(f"what do the dots between {to_plain(last)} and {to_plain(end)} stand for?", tree)
    count = abs(steps.pop()) if steps else 0
    if _is_same(written, tree) and count:
        first = _last_of(written.left, tree)  # type: ignore[attr-defined]
        if set(steps_between(ev, first, last, scope)) != {n // count for n in steps_between(ev, last, end, scope)}:
            raise OutsideLabels(f"the dots from {to_plain(last)} do not lead to {to_plain(end)}", tree)
    made = written
    for k in range(1, count):
        made = replace(tree, left=made, right=moved(ev, last, end, k, scope))
    return replace(tree, left=made, right=end) if count else made


def _is_same(tree: t.Tree, operation: Operation) -> bool:
    """Whether a part is the same operation, so that its sides are further terms."""
    return type(tree) is type(operation) and getattr(tree, "op", "") == getattr(operation, "op", "")


def _last_of(tree: t.Tree, operation: Operation) -> t.Tree:
    return tree.right if _is_same(tree, operation) else tree  # type: ignore[attr-defined]


def steps_between(ev: Evaluator, a: t.Tree, b: t.Tree, scope: Scope) -> Iterator[int]:
    """By how much the labels and numbers of b differ from those of a.

    Raises:
        NotUnderstood: something else differs.
    """
    if a == b:
        return
    here, there = _number(ev, a, scope), _number(ev, b, scope)
    numbers = isinstance(a, t.Number) or isinstance(b, t.Number)  # from x_1 to x_n
    if here is not None and there is not None and (numbers or _stem(a) == _stem(b)):
        if here != there:
            yield there - here
        return
    if len(a.children) != len(b.children) or rebuilt(a, _blank) != rebuilt(b, _blank):
        raise NotUnderstood(f"what do the dots between {to_plain(a)} and {to_plain(b)} stand for?", b)
    for x, y in zip(a.children, b.children, strict=True):
        yield from steps_between(ev, x, y, scope)


def moved(ev: Evaluator, a: t.Tree, b: t.Tree, k: int, scope: Scope) -> t.Tree:
    """The k-th term after a on the way to b."""
    here, there = _number(ev, a, scope), _number(ev, b, scope)
    if a == b or (here is not None and here == there):
        return a
    if here is not None and there is not None:
        number = t.Number(str(here + k if there > here else here - k))
        return t.Name(_stem(a), number, span=a.span) if isinstance(a, t.Name) and isinstance(b, t.Name) else number
    others = iter(b.children)
    return rebuilt(a, lambda child: moved(ev, child, next(others), k, scope))


def _stem(tree: t.Tree) -> str:
    """The name without its label; empty for a number."""
    if not isinstance(tree, t.Name):
        return ""
    parts = split_name(tree.text)
    return tree.text if tree.label is not None or not parts.layer else parts.base


def _number(ev: Evaluator, tree: t.Tree, scope: Scope) -> int | None:
    """The label of a name, the value of an index that is a whole number; None for anything else."""
    if isinstance(tree, t.Name) and tree.label is not None:
        return ev.instance.label(tree.label, scope.label())
    if isinstance(tree, t.Name) and (layer := split_name(tree.text).layer):
        return int(layer)
    if not isinstance(tree, t.Number | t.Binary | t.Name):
        return None
    try:
        value = ev.without(*ev.seeds).value(tree, scope)
    except (NotUnderstood, IllFormed):
        return None
    number = value.array.flat[0]
    return int(number) if value.array.size == 1 and not value.letters and float(number).is_integer() else None


def _blank(tree: t.Tree) -> t.Tree:
    return c.Dots()
