"""Plain notation for a terminal, with the reasons in a column beside the lines."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from jacobians.notation.to_plain import to_plain
from symbolic.documents.content import Content, Section
from symbolic.documents.printer import Printer

#: Blanks between a line and its reason, and the least room for reasons; with less they stand above their lines.
GAP, ROOM = 3, 24


def text(content: Content, width: int = 100) -> str:
    """The sections in plain notation, in lines of at most `width` characters where words allow it."""
    printer = content.printer
    blocks = [printer.prose_plain(content.title)]
    blocks += ["\n".join(_section(section, printer, width)) for section in content.all_sections()]
    blocks += [textwrap.fill(printer.prose_plain(remark), width) for remark in content.remarks]
    return "\n\n".join(blocks) + "\n"


def _section(section: Section, printer: Printer, width: int) -> Iterator[str]:
    if section.title:
        yield printer.prose_plain(section.title)
    shown = [
        (f"  {to_plain(line.head)}" if line.head is not None else "", f"{line.sign} {to_plain(line.body)}")
        for line in section.lines
    ]
    margin = max(len(head) for head, _ in shown) + 1
    column = margin + max(len(body) for _, body in shown) + GAP
    beside = width - column >= ROOM
    for (head, body), line in zip(shown, section.lines, strict=True):
        said = printer.prose_plain(line.sentence if beside else line.name)
        start = f"{head:<{margin}}{body}"
        if beside:
            yield from _beside(start, said, column, width)
        else:
            yield f"{start}{' ' * GAP}({said})" if said else start


def _beside(start: str, said: str, column: int, width: int) -> Iterator[str]:
    """The line with its reason, which goes on in its own column."""
    first, *more = textwrap.wrap(said, width - column) or [""]
    yield f"{start:<{column}}{first}".rstrip()
    yield from (f"{' ' * column}{part}" for part in more)
