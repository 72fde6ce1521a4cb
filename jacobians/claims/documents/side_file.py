"""Models for a document that cannot be edited: a Markdown file whose headings name the document's headings."""

from __future__ import annotations

from pathlib import Path

from jacobians.claims.documents.document import Draft, ModelBlock
from jacobians.claims.documents.files import checked_text, read_file
from jacobians.claims.documents.markdown import markdown, read_fence
from jacobians.claims.documents.passage import Passage


def read_side_file(path: Path | str) -> list[ModelBlock]:
    """The models of a side file, each with the headings above it: blocks fenced as ```` ```model ````, or bare text.

    Raises:
        InputError: the file cannot be read.
    """
    text = checked_text(read_file(Path(path)), str(path))
    lines, draft = text.split("\n"), Draft()
    tokens = markdown().parse(text)
    headings = [
        (token.map[0], token.map[1], len(token.markup), tokens[index + 1].content)
        for index, token in enumerate(tokens)
        if token.type == "heading_open" and token.map and token.markup.startswith("#")
    ]
    fences = [(token.map[0], token) for token in tokens if token.type == "fence" and token.map]
    sections = [(0, None), *((after, (level, title)) for _, after, level, title in headings)]
    ends = [*(first for first, *_ in headings), len(lines)]
    for (first, heading), end in zip(sections, ends, strict=True):
        if heading:
            draft.enter(*heading)
        inside = [(line, fence) for line, fence in fences if first <= line < end]
        for line, fence in inside:
            read_fence(Passage.found(lines, line + 1, fence.content.rstrip()), fence.info, draft)
        if not inside:
            _read_bare(lines, first, end, draft)
    return [part for part in draft.parts if isinstance(part, ModelBlock)]


def _read_bare(lines: list[str], first: int, end: int, draft: Draft) -> None:
    """The lines of a section as a model."""
    while first < end and not lines[first].strip():
        first += 1
    passage = Passage("\n".join(lines[first:end]), [(number, 1) for number in range(first + 1, end + 1)])
    if first < end:
        draft.model(passage.listing(0, len(passage.text)))
