"""Mistakes with index letters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from jacobians.claims.matching import substituted
from jacobians.claims.redpen.edits import (
    Above,
    Local,
    in_index,
    is_target,
    shifted,
)
from jacobians.claims.redpen.operator import Mistake
from jacobians.claims.redpen.site import Site
from jacobians.notation import tree as t


def _outside_sums(tree: t.Tree, above: Above) -> bool:
    return not (in_index(tree, above) or is_target(tree, above))


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


MISTAKES: tuple[Mistake, ...] = (
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
)
