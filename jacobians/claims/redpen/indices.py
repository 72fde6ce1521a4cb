"""Mistakes with index letters, sums and Kronecker deltas, and with axes in code."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from jacobians.claims.matching import substituted
from jacobians.claims.redpen.edits import (
    Local,
    factors,
    heads_product,
    in_index,
    is_product,
    is_sum,
    is_target,
    product_of,
    shifted,
    sign_of,
)
from jacobians.claims.redpen.operator import Mistake
from jacobians.claims.redpen.site import Site
from jacobians.claims.redpen.terms import ONE, _is_term
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c

Above = tuple[t.Tree, ...]


def _outside_sums(tree: t.Tree, above: Above) -> bool:
    return not (in_index(tree, above) or is_target(tree, above))


def add_sum(site: Site) -> Local:
    """A product with a letter that is free on this side only is summed over it."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if not _outside_sums(tree, above) or not (_is_term(tree, above) or is_product(tree)):
            return
        inside = {p.text for p in tree.walk() if isinstance(p, t.Name)}
        bound = {x for p in (*above, tree) if isinstance(p, c.Sum) for x in p.indices}
        for letter in site.letters:
            if letter in inside and letter not in bound and letter not in site.free:
                yield c.Sum((letter,), tree)
        for label in site.labels:
            if label in inside and label not in bound:
                yield c.Sum((label,), tree)

    return local


def sum_over_middle(site: Site) -> Local:
    """dL/dp_i dp_i/dz_i becomes the sum over j of dL/dp_j dp_j/dz_i: all ways from the variable to the result."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if not is_product(tree) or not heads_product(tree, above):
            return
        parts, sign = factors(tree), sign_of(tree)
        new = t.Name(next(x for x in "jklmnpqr" if x not in site.letters))
        for k in range(len(parts) - 1):
            first, second = parts[k], parts[k + 1]
            if not (isinstance(first, c.Partial) and isinstance(second, c.Partial)):
                continue
            if first.by == second.of and isinstance(first.by, t.Index):
                for letter in first.by.indices:
                    if isinstance(letter, t.Name):
                        middle = substituted(first.by, {letter.text: new})
                        both = [replace(first, by=middle), replace(second, of=middle)]
                        yield c.Sum((new.text,), product_of(sign, [*parts[:k], *both, *parts[k + 2 :]]))

    return local


def drop_sum(site: Site) -> Local:
    """A sum sign is left out."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if type(tree) is c.Sum:
            yield tree.body

    return local


def other_sum_letter(site: Site) -> Local:
    """The sum is over another letter."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if isinstance(tree, c.Sum) and len(tree.indices) == 1:
            for letter in site.letters:
                if letter not in tree.indices:
                    yield replace(tree, indices=(letter,))

    return local


def other_limits(site: Site) -> Local:
    """A sum or product begins or ends one earlier or later, or has a condition more or less."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if not isinstance(tree, c.Sum):
            return
        for by in (1, -1):
            if tree.lower is not None:
                yield replace(tree, lower=shifted(tree.lower, by))
            if tree.upper is not None:
                yield replace(tree, upper=shifted(tree.upper, by))
        if tree.condition is not None:
            yield replace(tree, condition=None)
        elif len(tree.indices) == 1:
            for letter in site.free:
                condition = t.Comparison((t.Name(tree.indices[0]), t.Name(letter)), ("!=",))
                yield replace(tree, condition=condition)

    return local


def swap_letters(site: Site) -> Local:
    """W_ij becomes W_ji."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if isinstance(tree, t.Index) and len(tree.indices) > 1 and not is_target(tree, above):
            for k in range(len(tree.indices) - 1):
                i = list(tree.indices)
                i[k], i[k + 1] = i[k + 1], i[k]
                yield replace(tree, indices=tuple(i))

    return local


def exchange_letters(site: Site) -> Local:
    """i and j change places in a whole side."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if above:
            return
        for k, i in enumerate(site.free):
            for j in site.free[k + 1 :]:
                yield substituted(tree, {i: t.Name(j), j: t.Name(i)})

    return local


def other_letter(site: Site) -> Local:
    """One index becomes another letter, or another number."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        indexed = isinstance(tree, t.Index)
        delta = isinstance(tree, t.Call) and tree.function == "kronecker"
        if not (indexed or delta) or is_target(tree, above):
            return
        places = tree.indices if isinstance(tree, t.Index) else tree.args  # type: ignore[attr-defined]
        for k, index in enumerate(places):
            for new in _others(site, index):
                if delta and new in places:
                    continue
                changed = (*places[:k], new, *places[k + 1 :])
                yield replace(tree, indices=changed) if indexed else replace(tree, args=changed)  # type: ignore[call-arg]

    return local


def _others(site: Site, index: t.Tree) -> Iterator[t.Tree]:
    if isinstance(index, t.Number):
        for by in (1, -1, 2, -2):
            if int(index.value) + by >= 0:
                yield shifted(index, by)
    else:
        yield from (t.Name(letter) for letter in site.letters if t.Name(letter) != index)


def add_index(site: Site) -> Local:
    """x becomes x_i: the index was left out."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        parent = above[0] if above else None
        if not _outside_sums(tree, above) or not isinstance(tree, t.Name):
            return
        if isinstance(parent, t.Index) and parent.array is tree:
            return
        if site.rank(tree) == 1:
            yield from (t.Index(tree, (t.Name(letter),)) for letter in site.letters)

    return local


def drop_index(site: Site) -> Local:
    """x_i becomes x."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if isinstance(tree, t.Index) and _outside_sums(tree, above):
            yield tree.array

    return local


def add_delta(site: Site) -> Local:
    """A product gets a Kronecker delta."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if not _is_term(tree, above) or isinstance(tree, t.Number):
            return
        letters = site.letters
        for k, i in enumerate(letters):
            for j in letters[k + 1 :]:
                yield t.Binary("·", t.Call("kronecker", (t.Name(i), t.Name(j))), tree)

    return local


def drop_delta(site: Site) -> Local:
    """A Kronecker delta (or a condition in brackets) is left out of a product."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if not is_product(tree):
            return
        assert isinstance(tree, t.Binary | t.Juxtaposition)
        for delta, other in ((tree.left, tree.right), (tree.right, tree.left)):
            if _is_delta(delta):
                yield other

    return local


def _is_delta(tree: t.Tree) -> bool:
    return isinstance(tree, t.Iverson) or (isinstance(tree, t.Call) and tree.function == "kronecker")


def one_to_delta(site: Site) -> Local:
    """p_i (1 - p_j) becomes p_i (δ_ij - p_j)."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if tree == ONE and above and is_sum(above[0]) and not in_index(tree, above):
            letters = site.letters
            for k, i in enumerate(letters):
                for j in letters[k + 1 :]:
                    yield t.Call("kronecker", (t.Name(i), t.Name(j)))

    return local


def delta_to_one(site: Site) -> Local:
    """δ_ij becomes 1."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if _is_delta(tree):
            yield ONE

    return local


def full_jacobian(site: Site) -> Local:
    """p ⊙ (1 - p) becomes diag(p) - p p^T: all entries of the Jacobian, not its diagonal alone."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        p = _diagonal_of(tree)
        if p is not None:
            yield t.Binary("-", t.Call("diag", (p,)), t.Juxtaposition(p, t.Transpose(p)))
        if isinstance(tree, t.Binary) and tree.op == "*" and is_product(tree.left):
            p = _diagonal_of(t.Binary("*", tree.left.right, tree.right))  # type: ignore[attr-defined]
            if p is not None:  # g ⊙ p ⊙ (1 - p) becomes p ⊙ (g - (p^T g))
                g = tree.left.left  # type: ignore[attr-defined]
                yield t.Binary("*", p, t.Binary("-", g, t.Juxtaposition(t.Transpose(p), g)))

    return local


def _diagonal_of(tree: t.Tree) -> t.Tree | None:
    """The p of p ⊙ (1 - p), of diag(p ⊙ (1 - p)), of diag(p)."""
    if isinstance(tree, t.Call) and tree.function == "diag" and len(tree.args) == 1:
        return _diagonal_of(tree.args[0]) or tree.args[0]
    if is_product(tree):
        assert isinstance(tree, t.Binary | t.Juxtaposition)
        for p, rest in ((tree.left, tree.right), (tree.right, tree.left)):
            if isinstance(rest, t.Binary) and rest.op == "-" and rest.left == ONE and rest.right == p:
                return p
    return None


def only_diagonal(site: Site) -> Local:
    """diag(p) - p p^T becomes diag(p ⊙ (1 - p)); δ_ij - p_j becomes 1 - p_j."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        left = tree.left if isinstance(tree, t.Binary) and tree.op == "-" else None
        if isinstance(left, t.Call) and left.function == "diag" and len(left.args) == 1:
            p = left.args[0]
            yield t.Call("diag", (t.Binary("*", p, t.Binary("-", ONE, p)),))
            yield left

    return local


def other_axis(site: Site) -> Local:
    """axis=0 becomes axis=1; keepdims comes or goes."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if not isinstance(tree, t.Call) or tree.function not in ("sum", "mean", "softmax", "max", "log_softmax"):
            return
        options = dict(tree.keywords)
        if "axis" in options:
            for axis in ("0", "1"):
                if options["axis"] != t.Number(axis):
                    yield replace(tree, keywords=tuple({**options, "axis": t.Number(axis)}.items()))
            yield replace(tree, keywords=tuple((k, v) for k, v in options.items() if k != "axis"))
        else:
            for axis in ("0", "1"):
                yield replace(tree, keywords=tuple({**options, "axis": t.Number(axis)}.items()))

    return local


def add_batch_sum(site: Site) -> Local:
    """db = dZ becomes the sum over the samples."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if not above and site.rank(tree) == 2 and site.judge.context.samples is not None:
            for axis in ("0", "1"):
                yield t.Call("sum", (tree,), 0, (("axis", t.Number(axis)),))
                yield t.Call("sum", (tree,), 0, (("axis", t.Number(axis)), ("keepdims", t.Name("True"))))

    return local


def drop_batch_sum(site: Site) -> Local:
    """A sum along an axis is left out."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if isinstance(tree, t.Call) and tree.function in ("sum", "mean") and tree.args:
            yield tree.args[0]

    return local


def sum_for_mean(site: Site) -> Local:
    """A sum becomes a mean, a mean a sum."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if isinstance(tree, t.Call) and tree.function in ("sum", "mean"):
            yield replace(tree, function="mean" if tree.function == "sum" else "sum")

    return local


MISTAKES: tuple[Mistake, ...] = (
    Mistake(
        "sum missing",
        "a sum is missing",
        "The variable reaches the result by several ways, one for each value of this index: they are summed.",
        add_sum,
        drop_sum,
        1,
        "sum",
    ),
    Mistake(
        "one way only",
        "a sum is missing: only one way through the middle is taken",
        "Every output in the middle depends on the variable, so the chain rule sums over all of them.",
        sum_over_middle,
        drop_sum,
        1,
        "sum",
    ),
    Mistake(
        "sum too much",
        "a sum too much",
        "Only one summand is there: a Kronecker delta leaves no other, or the index is free.",
        drop_sum,
        add_sum,
        1,
        "sum",
    ),
    Mistake(
        "sum over the wrong index",
        "the sum is over the wrong index",
        "Summed is over the index that stands on the right side alone.",
        other_sum_letter,
        None,
        1,
        "sum",
    ),
    Mistake(
        "limits",
        "the limits of a sum or product, or its condition, are wrong",
        "Write out the first and the last summand: one is missing or too much.",
        other_limits,
        None,
        2,
        "limits",
    ),
    Mistake(
        "index letters swapped",
        "two index letters are swapped",
        "The first index of a weight counts the units of its own layer, the second those of the layer before.",
        swap_letters,
        None,
        1,
        "letter",
    ),
    Mistake(
        "letters exchanged",
        "two letters are exchanged throughout",
        "Free letters mean on the right side what they mean on the left.",
        exchange_letters,
        None,
        2,
        "letter",
    ),
    Mistake(
        "wrong index",
        "a wrong index",
        "Follow each index from the left side: another one belongs here.",
        other_letter,
        None,
        1,
        "letter",
    ),
    Mistake(
        "index missing",
        "an index is missing",
        "An entry is meant here, not the whole array.",
        add_index,
        drop_index,
        2,
        "letter",
    ),
    Mistake(
        "index too much",
        "an index too much",
        "The whole array is meant here, not one entry.",
        drop_index,
        add_index,
        2,
        "letter",
    ),
    Mistake(
        "Kronecker delta dropped",
        "a Kronecker delta is dropped",
        "The derivative of one entry by another is 1 where both are the same entry and 0 elsewhere: that is the delta.",
        add_delta,
        drop_delta,
        1,
        "delta",
    ),
    Mistake(
        "Kronecker delta too much",
        "a Kronecker delta too much",
        "This derivative is not zero where the two indices differ.",
        drop_delta,
        add_delta,
        1,
        "delta",
    ),
    Mistake(
        "one for a delta",
        "1 stands where a Kronecker delta belongs",
        "Off the diagonal the 1 is missing: softmax has p_i (delta_ij - p_j).",
        one_to_delta,
        delta_to_one,
        1,
        "delta",
    ),
    Mistake(
        "only the diagonal",
        "only the diagonal of the Jacobian is kept",
        "Every output depends on every input here, so the Jacobian is full: softmax is no elementwise function.",
        full_jacobian,
        only_diagonal,
        1,
        "delta",
    ),
    Mistake(
        "wrong axis",
        "the sum is along the wrong axis",
        "Summed is over the axis that the left side does not have.",
        other_axis,
        None,
        1,
        "axis",
    ),
    Mistake(
        "not summed over the samples",
        "the sum over the samples is missing",
        "The bias is shared by all samples, so its gradient is the sum over them.",
        add_batch_sum,
        drop_batch_sum,
        1,
        "axis",
    ),
    Mistake(
        "sum for mean",
        "a sum stands where a mean belongs, or a mean where a sum does",
        "Whether the loss is a sum or a mean over the samples decides this.",
        sum_for_mean,
        None,
        1,
        "number",
    ),
)
