"""Mistakes with axes in code, and with sums and means over samples."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from jacobians.claims.redpen.edits import (
    Above,
    Local,
)
from jacobians.claims.redpen.operator import Mistake
from jacobians.claims.redpen.site import Site
from jacobians.notation import tree as t


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
