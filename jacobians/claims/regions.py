"""Which model is given for which formula: a document's own blocks, or a side file whose headings name its headings."""

from __future__ import annotations

import re
from collections.abc import Sequence

from jacobians.claims.context import Context
from jacobians.claims.context_text import read_context
from jacobians.claims.documents import Document, Formula, ModelBlock
from jacobians.claims.open_sizes import with_sizes
from jacobians.errors import JacobiansError


class Regions:
    """The model that is given for each formula; a text where it could not be read."""

    def __init__(self, document: Document, model: Context | None, side: Sequence[ModelBlock]) -> None:
        self.document, self.model, self.side = document, model, side
        self.notes: list[str] = []
        self._contexts: dict[str, Context] = {}
        self.formulas = [k for k, part in enumerate(document.parts) if isinstance(part, Formula)]
        if model is not None:
            with_sizes(model)  # what contradicts itself is said at once
        for block in side:
            self._read(self._whole(block))

    def at(self, number: int) -> Context | str:
        """The given model for a formula; where its block could not be read, the reason."""
        if self.model is not None:
            return self.model
        block = self._block(number)
        if block is not None and block not in self.side:
            return self._tried(block)
        text = self._whole(block) if block is not None else ""
        return self._read(text)

    def _block(self, number: int) -> ModelBlock | None:
        """The last block of the document before a formula, else the one of the side file for its innermost heading."""
        before = (part for part in reversed(self.document.parts[:number]) if isinstance(part, ModelBlock))
        if (inside := next(before, None)) is not None:
            return inside
        heading = tuple(map(_plain_title, self.document.parts[number].heading))
        fitting = [b for b in self.side if _depth(b, heading) is not None]
        return max(fitting, key=lambda b: _depth(b, heading) or 0, default=None)

    def _whole(self, block: ModelBlock) -> str:
        """A model of the side file, with what stands above its first heading."""
        above = [b.text for b in self.side if not b.heading and b is not block]
        return "\n".join([*above, block.text])

    def _tried(self, block: ModelBlock) -> Context | str:
        try:
            return self._read(block.text)
        except JacobiansError as error:
            message = str(error).partition("\n")[0]
            where = f"line {block.starts[0][0]}"
            note = f"{where}: the model could not be read: {message}"
            if note not in self.notes:
                self.notes.append(note)
            return f"the model of {where} could not be read: {message}"

    def _read(self, text: str) -> Context:
        if text not in self._contexts:
            context = read_context(text)
            with_sizes(context)
            self._contexts[text] = context
        return self._contexts[text]


def _depth(block: ModelBlock, heading: tuple[str, ...]) -> int | None:
    """How deep the heading is that a block of the side file names; None where it is not above.

    A heading that ends in dots stands for all that begin so.
    """
    place = -1
    for title in map(_plain_title, block.heading):
        wanted = title.rstrip(".… ")
        fits = (
            k for k, h in enumerate(heading) if k > place and (h == title or (wanted != title and h.startswith(wanted)))
        )
        found = next(fits, None)
        if found is None:
            return None
        place = found
    return place + 1


def _plain_title(title: str) -> str:
    return re.sub(r"[*_`]", "", title).strip().rstrip(":").casefold()
