"""Real derivations by other people, each with the context that a reader would have to write down for it.

A file `*.claims` has blocks; a block is `=== title`, the lines of its context, and then its claims:

    --- id | verdict | kind of mistake
    the claim as it is written, one or several lines

The verdicts are those of the corpus: true, false, ill-formed, convention-dependent. What it says of a claim that is
expected otherwise here stands behind a further bar, with the reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent


@dataclass(frozen=True)
class CorpusClaim:
    """A claim, its context, and what is known about it."""

    id: str
    verdict: str
    mistake: str
    text: str
    context: str
    remark: str
    file: str


def corpus(folder: Path = HERE) -> list[CorpusClaim]:
    """All claims of a folder, in the order of the files."""
    return [claim for path in sorted(folder.glob("*.claims")) for claim in _read(path)]


def _read(path: Path) -> list[CorpusClaim]:
    claims = []
    for block in path.read_text(encoding="utf-8").split("\n=== ")[1:]:
        head, *parts = block.split("\n--- ")
        context = head.partition("\n")[2]
        for part in parts:
            title, _, text = part.partition("\n")
            fields = [field.strip() for field in title.split("|")] + [""] * 3
            claims.append(CorpusClaim(fields[0], fields[1], fields[2], text.strip("\n"), context, fields[3], path.name))
    return claims
