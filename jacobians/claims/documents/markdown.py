r"""Markdown: its blocks by markdown-it, mathematics by inline and block rules of our own that keep places.

As in Obsidian, Quarto and Jupyter: displayed mathematics goes on until it is closed, whatever its lines begin with.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from jacobians.claims.documents import delimiters, latex
from jacobians.claims.documents.delimiters import MARKDOWN_OPENING, Span
from jacobians.claims.documents.document import Draft
from jacobians.claims.documents.listings import has_gradient, is_gradient_line, is_python
from jacobians.claims.documents.macros import definition_end
from jacobians.claims.documents.passage import Passage
from jacobians.claims.documents.prose import is_prose

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token

_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(?=[\w-]+[ \t]*:|---)(?:.*?\n)?(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_HIDDEN_HTML = re.compile(r"<!--.*?(?:-->|\Z)|<(script|style|pre|textarea)\b.*?(?:</\1\s*>|\Z)", re.DOTALL | re.I)
#: A paragraph of nothing but bold words: a heading below all others.
_BOLD_TITLE = re.compile(r"\*\*((?:[^*$\n]|(?<!\*)\*(?!\*))+)\*\*:?")
BOLD_LEVEL = 7
_EMBED = re.compile(r"!\[\[[^\]\n]{0,300}\]\]")
_PICTURE = re.compile(r"\.(?:png|jpe?g|gif|svg|webp|pdf|mp4)\b", re.I)
#: What matters for whether a display is open at the end of a line: code, formulas, escaped signs.
_INLINE = re.compile(rf"`+|{MARKDOWN_OPENING.pattern}|\\.")
_NEW_SECTION = re.compile(r"\s*(?:#{1,6}\s|```|~~~)")


def read_markdown(text: str, draft: Draft) -> None:
    """Add what is in Markdown to the draft."""
    text = _FRONT_MATTER.sub(lambda found: "\n" * found.group().count("\n"), text)
    lines = text.split("\n")
    tokens = markdown().parse(text)
    for index, token in enumerate(tokens):
        if token.type == "heading_open":
            draft.enter(int(token.tag[1:]), tokens[index + 1].content)
        elif token.type == "inline" and token.map and (title := _BOLD_TITLE.fullmatch(token.content)):
            draft.enter(BOLD_LEVEL, title[1])
        elif token.type == "inline" and token.map:
            _read_inline(Passage.found(lines, token.map[0], token.content), token.children or [], draft)
        elif token.type == "html_block" and token.map:
            shown = _HIDDEN_HTML.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), token.content)
            children = markdown().parseInline(shown)[0].children or []
            _read_inline(Passage.found(lines, token.map[0], token.content), children, draft)
        elif token.type == "fence" and token.map and token.content.strip():
            read_fence(Passage.found(lines, token.map[0] + 1, token.content.rstrip()), token.info, draft)


@cache
def markdown() -> MarkdownIt:
    """The parser: CommonMark's blocks; of what stands in a line only what can hide or hold mathematics.

    Tables stay paragraphs: `|x|` in a formula is no border of a cell.
    """
    from markdown_it import MarkdownIt  # here, since the rest of the package does without it

    parser = MarkdownIt("commonmark", {"maxNesting": 100})
    parser.inline.ruler.enableOnly(["text", "escape", "backticks", "autolink", "html_inline"])
    parser.inline.ruler.before("escape", "mathematics", _inline_mathematics)
    parser.inline.ruler.at("backticks", _placed_code)
    parser.block.ruler.before("lheading", "display", _paragraph_with_display)
    return parser


def _inline_mathematics(state: StateInline, silent: bool) -> bool:
    """A formula, a definition of a macro, an embedded note, or a delimiter that nothing closes."""
    text, start = state.src, state.pos
    if opening := MARKDOWN_OPENING.match(text, start):
        if span := delimiters.in_markdown(text, opening):
            return _push(state, "mathematics", span, silent)
        after = text[opening.end() : opening.end() + 1]
        certain = opening.group() == "$$" or opening.group().startswith(r"\begin")
        if certain or (opening.group() == "$" and after.strip() and not after.isdigit()):
            return _push(state, "unclosed", _plain_span(start, opening.end()), silent)
        return False
    if end := definition_end(text, start):
        return _push(state, "definition", _plain_span(start, end), silent)
    if embed := _EMBED.match(text, start):
        return _push(state, "embed", _plain_span(start, embed.end()), silent)
    return False


def _placed_code(state: StateInline, silent: bool) -> bool:
    """The library's rule for `code`, with the place noted."""
    from markdown_it.rules_inline import backtick

    start, count = state.pos, len(state.tokens)
    matched = backtick(state, silent)
    if len(state.tokens) > count and state.tokens[-1].type == "code_inline":
        width = len(state.tokens[-1].markup)
        state.tokens[-1].meta = {"span": Span(start, state.pos, start + width, state.pos - width, False)}
    return matched


def _push(state: StateInline, kind: str, span: Span, silent: bool) -> bool:
    if not silent:
        state.push(kind, "", 0).meta = {"span": span}
    state.pos = span.end
    return True


def _plain_span(start: int, end: int) -> Span:
    return Span(start, end, start, end, False)


def _read_inline(passage: Passage, children: Sequence[Token], draft: Draft) -> None:
    """The formulas and the code in a paragraph, in order."""
    spans = [(child.type, child.meta["span"]) for child in children if "span" in child.meta]
    formulas = delimiters.chained(passage.text, (span for kind, span in spans if kind == "mathematics"))
    first_of = {together[0]: together for together in formulas}
    for kind, span in spans:
        found = passage.text[span.left : span.right]
        if span in first_of:
            together = first_of[span]
            formula = passage.cut(span.left, together[-1].right, delimiters.gaps(together))
            draft.formula(formula, "latex", any(one.display for one in together))
        elif kind == "code_inline" and is_gradient_line(found):
            draft.formula(passage.cut(span.left, span.right), "code", False)
        elif kind == "definition":
            draft.define(found)
        elif kind == "embed" and not _PICTURE.search(found):
            draft.note(passage.place(span.start), f"{found} embeds another note, which was not read; check it too")
        elif kind == "unclosed":
            draft.note(passage.place(span.start), f"{found} is not closed; nothing was read as mathematics here")


def read_fence(passage: Passage, info: str, draft: Draft) -> None:
    """A fenced block: a model, mathematics, or Python with gradients; other languages are none of our business."""
    language = re.split(r"[\s,}]", info.strip().lstrip("{.").lower())[0]
    whole = passage.listing(0, len(passage.text))
    if language == "model":
        draft.model(whole)
    elif language == "math":
        draft.formula(passage.cut(0, len(passage.text)), "latex", True)
    elif language in ("latex", "tex"):
        latex.read_snippet(passage, draft)
    elif is_python(language, whole.text) and has_gradient(whole.text):
        draft.formula(whole, "code", True)


def _paragraph_with_display(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A paragraph in which a display goes on over several lines: `- b` in it begins no list, `=` no heading."""
    line, goes_on = start, False
    while line < end and not state.isEmpty(line) and not (line > start and _interrupts(state, line, end)):
        last = _end_of_display(state, line, end)
        goes_on = goes_on or last > line
        line = last + 1
    if silent or not goes_on:
        return goes_on
    state.line = line
    state.push("paragraph_open", "p", 1).map = [start, line]
    inline = state.push("inline", "", 0)
    inline.content = state.getLines(start, line, state.blkIndent, False).strip()
    inline.map, inline.children = [start, line], []
    state.push("paragraph_close", "p", -1)
    return True


def _interrupts(state: StateBlock, line: int, end: int) -> bool:
    """Whether another block starts here, by CommonMark's rules for the lines of a paragraph."""
    if state.sCount[line] - state.blkIndent > 3 or state.sCount[line] < 0:
        return False
    around, state.parentType = state.parentType, "paragraph"
    try:
        return any(rule(state, line, end, True) for rule in state.md.block.ruler.getRules("paragraph"))
    finally:
        state.parentType = around


def _end_of_display(state: StateBlock, line: int, end: int) -> int:
    """The line in which the display that is open at the end of this line is closed; the line itself where none is."""
    opener = _open_at_end(_line(state, line))
    after_blank = False
    for later in range(line + 1, end if opener else line):
        text = _line(state, later)
        if not text.strip():
            after_blank = True
            continue
        ended = after_blank and (is_prose(text) or _NEW_SECTION.match(text))
        if not opener or ended or (opener != "$$" and opener in text):
            return line
        if span := delimiters.closed_in(f"{opener} {text}", over_paragraphs=True):
            opener = _open_at_end(text[span.end - len(opener) - 1 :])
            if opener is None:
                return later
    return line


def _line(state: StateBlock, line: int) -> str:
    return state.src[state.bMarks[line] : state.eMarks[line]]


def _open_at_end(text: str) -> str | None:
    """The delimiter of a display that this line opens and does not close."""
    position = 0
    while found := _INLINE.search(text, position):
        position = found.end()
        if found.group().startswith("`"):
            code_end = text.find(found.group(), position)
            position = code_end + len(found.group()) if code_end >= 0 else position
        elif opening := MARKDOWN_OPENING.match(text, found.start()):
            if span := delimiters.in_markdown(text, opening):
                position = span.end
            elif delimiters.is_display(opening.group()):
                return opening.group()
    return None
