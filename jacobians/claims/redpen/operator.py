"""A kind of mistake: how it is undone, how it is made, and what a student is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from jacobians.claims.redpen.edits import Edited, Local, everywhere
from jacobians.claims.redpen.site import Site
from jacobians.notation.tree import Tree

#: From a claim's site to a local change; a change may also be of the whole side.
Changes = Callable[[Site], Local]


@dataclass(frozen=True, slots=True)
class Mistake:
    """One kind of mistake.

    `fix` undoes it, `make` makes it; where one change is both (two factors exchanged), `make` is left out. A smaller
    `cost` is tried and offered first. Mistakes of one `family` can be the same formula under two names.
    """

    key: str
    #: What is wrong, as a heading: "a transpose is missing".
    name: str
    #: One sentence for a student.
    sentence: str
    fix: Changes
    make: Changes | None = None
    cost: float = 1
    family: str = ""

    def corrections(self, site: Site, side: Tree) -> Iterator[Edited]:
        """The side with one mistake of this kind undone, for every place where there may be one."""
        return everywhere(side, self.fix(site))

    def mistakes(self, site: Site, side: Tree) -> Iterator[Edited]:
        """The side with one mistake of this kind made: not every one of them is wrong."""
        return everywhere(side, (self.make or self.fix)(site))
