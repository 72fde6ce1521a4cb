r"""Where mathematics starts and ends in running text: `$`, `$$`, `\(`, `\[` and the environments of displayed formulas.

A scanner of our own, because none of the libraries fits. pylatexenc (2.11, tolerant) ends with a RecursionError at
10,000 nested braces; one `$` that is not closed turns the rest of the file inside out, one brace or `\end` that does
not match swallows it, and a megabyte takes 11 seconds. The dollarmath plugin of markdown-it-py gives no places inside a
line, and has no `\(`. Here what is not closed is one note, and reading goes on behind it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

#: Environments whose rows are the reader's business, so they stay in the text of a formula ...
_OF_ROWS = "align gather multline eqnarray flalign alignat".split()
#: ... and those that only say: displayed.
_ENVIRONMENTS = [*_OF_ROWS, "equation", "displaymath", "math", "dmath"]
_BEGIN = rf"\\begin\{{(?:{'|'.join(_ENVIRONMENTS)})\*?\}}"

TEX_OPENING = re.compile(rf"\$\$?|\\[(\[]|{_BEGIN}")
#: Markdown takes one backslash of `\\(` for itself, so people write two.
MARKDOWN_OPENING = re.compile(rf"\$\$?|\\\\?[(\[]|{_BEGIN}")

#: What is no word of prose: a macro, a script, an operation, a relation.
SIGN = re.compile(r"[\\^_=∂≈∈]")
_RELATION_BETWEEN = re.compile(r"[ \t]*+(?:\n[ \t]*+)?(?::=|=|≡|≈)[ \t]*+(?:\n[ \t]*+)?")
_LETTERS = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Span:
    """A formula in a text: the offsets of all of it, and of what stands between its delimiters."""

    start: int
    end: int
    left: int
    right: int
    display: bool


def closed(text: str, opening: re.Match[str], over_paragraphs: bool = False) -> Span | None:
    r"""From a delimiter to the one that closes it, not beyond a blank line unless `over_paragraphs`; None if none does.

    `\begin{align}` is closed by its `\end` wherever that is.
    """
    opener = opening.group()
    environment = opener.startswith(r"\begin")
    found = next(
        (
            end
            for end in _ending(opener, environment or over_paragraphs).finditer(text, opening.end())
            if end.lastgroup is not None
        ),
        None,
    )
    if found is None or found.lastgroup != "end":
        return None
    display = is_display(opener)
    if environment and opener[7:-1].rstrip("*") in _OF_ROWS:
        return Span(opening.start(), found.end(), opening.start(), found.end(), display)
    return Span(opening.start(), found.end(), opening.end(), found.start(), display)


def closed_in(text: str, over_paragraphs: bool) -> Span | None:
    """The same for the delimiter at the start of a text."""
    opening = MARKDOWN_OPENING.match(text)
    return closed(text, opening, over_paragraphs) if opening else None


def is_display(opener: str) -> bool:
    """Whether this delimiter opens a formula on a line of its own."""
    return opener == "$$" or opener.endswith("[") or (opener.startswith(r"\begin") and opener != r"\begin{math}")


@lru_cache(maxsize=64)
def _ending(opener: str, over_paragraphs: bool) -> re.Pattern[str]:
    r"""Finds what closes `opener` (group `end`) or shows that nothing does (`open`); dollars in \text are passed."""
    swap = {"$": "$", "$$": "$$", r"\(": r"\)", r"\[": r"\]", r"\\(": r"\\)", r"\\[": r"\\]"}
    closer = swap.get(opener) or opener.replace("begin", "end", 1)
    in_text = r"\\(?:text\w*|mbox|hbox)\s*\{[^{}$\n]*(?:\$[^{}$\n]*\$[^{}$\n]*)+\}"
    stops = [] if closer == opener else [re.escape(opener)]
    stops += [] if over_paragraphs else [r"\n[ \t]*\n"]
    open_again = f"|(?P<open>{'|'.join(stops)})" if stops else ""
    return re.compile(rf"{in_text}|(?P<end>{re.escape(closer)}){open_again}|\\.", re.DOTALL)


def in_markdown(text: str, opening: re.Match[str]) -> Span | None:
    r"""A formula where Markdown means one: no money (`$5 and $6`), no escaped brackets (`\[sic\]`)."""
    opener = opening.group()
    span = closed(text, opening, over_paragraphs=is_display(opener))
    if span is None:
        return None
    inner = text[span.left : span.right]
    if opener == "$":
        return span if _is_tidy(inner) and not text[span.end : span.end + 1].isdigit() else None
    if opener in (r"\(", r"\["):
        return span if SIGN.search(inner) or _is_short(inner) else None
    return span


def _is_tidy(inner: str) -> bool:
    """No blank inside the dollars at either end; at both, as notebooks take it, if there is a sign of mathematics."""
    blanks = inner[0].isspace() + inner[-1].isspace()
    return blanks == 0 or (blanks == 2 and SIGN.search(inner) is not None)


def _is_short(inner: str) -> bool:
    words = _LETTERS.findall(inner)
    return bool(words) and max(map(len, words)) <= 2


def chained(text: str, spans: Iterable[Span]) -> Iterator[list[Span]]:
    """Formulas with nothing but a relation sign between them, `$A$ = $B$`, together."""
    together: list[Span] = []
    for span in spans:
        if together and not _RELATION_BETWEEN.fullmatch(text, together[-1].end, span.start):
            yield together
            together = []
        together.append(span)
    if together:
        yield together


def gaps(together: list[Span]) -> list[tuple[int, int]]:
    """The delimiters between formulas that are read as one."""
    pairs = pairwise(together)
    return [gap for one, other in pairs for gap in ((one.right, one.end), (other.start, other.left))]
