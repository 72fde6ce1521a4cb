"""A document's prose as HTML, with formulas in their places and the details behind the paragraph they stand in."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from jacobians.claims.report_formula import details_html, formula_html
from jacobians.claims.report_pieces import Piece
from jacobians.claims.report_strings import visible_lines

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

#: Around the number of a formula while prose is escaped and rendered; as they do not print, prose has none of them.
_OPEN, _CLOSE = "\ufdd0", "\ufdd1"
_PLACE = re.compile(f"{_OPEN}(\\d+){_CLOSE}")
_SECTION = re.compile(r"\\((?:sub)*section|chapter|part|paragraph|title)\*?\{([^{}]*)\}")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_BODY = re.compile(r"\\begin\{document\}(.*?)(?:\\end\{document\}|\Z)", re.DOTALL)


def prose_html(content: Sequence[str | Piece], kind: str) -> str:
    """Prose and formulas as HTML: Markdown as it is meant, every other language as its source."""
    pieces = [part for part in content if isinstance(part, Piece)]
    numbers = iter(range(len(pieces)))
    source = "".join(
        f"{_OPEN}{next(numbers)}{_CLOSE}" if isinstance(part, Piece) else visible_lines(part) for part in content
    )
    html = _markdown(source, pieces) if kind == "markdown" else _source(source, pieces, kind)
    return _PLACE.sub(lambda found: formula_html(pieces[int(found[1])]), html)


def _details(text: str, pieces: Sequence[Piece]) -> str:
    return "".join(details_html(pieces[int(number)]) for number in _PLACE.findall(text))


# ----- Markdown -----


def _markdown(source: str, pieces: Sequence[Piece]) -> str:
    from markdown_it.token import Token

    parser = _parser()
    tokens: list[Token] = []
    waiting = ""
    for token in parser.parse(_COMMENT.sub("", source)):
        tokens.append(token)
        if waiting and token.nesting <= 0:  # the end of the paragraph or the heading
            tokens.append(Token("html_block", "", 0, content=waiting))
            waiting = ""
        if token.type == "inline":
            waiting = _details(token.content, pieces)
        elif token.type in ("fence", "code_block") and (found := _details(token.content, pieces)):
            tokens.append(Token("html_block", "", 0, content=found))
    return str(parser.renderer.render(tokens, parser.options, {}))


def _parser() -> MarkdownIt:
    """Markdown without HTML, links and pictures: what others wrote runs nothing and calls nobody."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": 100}).enable(["table", "strikethrough"])
    parser.disable(["link", "image", "autolink", "reference"])
    parser.add_render_rule("fence", _listing)
    parser.add_render_rule("code_block", _listing)
    return parser


def _listing(renderer: Any, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    return f"<pre><code>{escape(tokens[index].content)}</code></pre>\n"


# ----- LaTeX, plain text and code -----


def _source(source: str, pieces: Sequence[Piece], kind: str) -> str:
    """Paragraphs of source as they are written; of LaTeX the body, with its headings."""
    if kind == "latex" and (body := _BODY.search(source)):
        source = body[1]
    heading: Callable[[str], str | None] = _heading if kind == "latex" else lambda _: None
    blocks = [block for block in re.split(r"\n[ \t]*\n", source.strip("\n")) if block.strip()]
    return "\n".join(heading(block) or _paragraph(block, pieces) for block in blocks)


def _paragraph(block: str, pieces: Sequence[Piece]) -> str:
    return f'<p class="source">{escape(block)}</p>{_details(block, pieces)}'


def _heading(block: str) -> str | None:
    found = _SECTION.fullmatch(block.strip())
    return f"<h2>{escape(found[2])}</h2>" if found else None
