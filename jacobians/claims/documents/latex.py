"""LaTeX files: what is hidden first (comments, listings), then mathematics, headings and macros, at their places."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from operator import itemgetter

from jacobians.claims.documents import delimiters
from jacobians.claims.documents.delimiters import TEX_OPENING, Span
from jacobians.claims.documents.document import Draft
from jacobians.claims.documents.listings import has_gradient, is_python
from jacobians.claims.documents.macros import DEFINITION, definition_end, group_end
from jacobians.claims.documents.passage import Passage

_LEVELS = "part chapter section subsection subsubsection paragraph subparagraph".split()
_LISTINGS = "verbatim verbatim* Verbatim lstlisting minted comment filecontents filecontents*".split()
_OPTION = r"(?:\[[^\]\n]*\])?"
_MODEL_LINE = re.compile(r"[ \t]*%+[ \t]*model:[ \t]*")
_COMMENT_LINE = re.compile(r"[ \t]*%+[ \t]?")
_HIDDEN = re.compile(
    rf"\\begin\{{(?P<listing>{'|'.join(map(re.escape, _LISTINGS))})\}}"
    r"|(?P<false>\\iffalse\b)|(?P<over>\\end\{document\})"
    rf"|\\(?:verb\*?|lstinline{_OPTION}|mintinline{_OPTION}\{{\w*\}})(?P<bar>[^\w\s*{{])[^\n]*?(?P=bar)"
    rf"|(?P<model>(?m:^){_MODEL_LINE.pattern}[^\n]*(?:\n[ \t]*%[^\n]*)*)|(?P<comment>%[^\n]*)|\\.",
    re.DOTALL,
)
_OPTIONS = re.compile(r"[ \t]*(?:\[(?P<options>[^\]\n]*)\])?[ \t]*(?:\{(?P<language>\w*)\})?[^\n]*\n?")
_LANGUAGE = re.compile(r"language\s*=\s*\{?(\w+)")
_SHOWN = re.compile(
    rf"\\(?P<level>{'|'.join(_LEVELS)})\*?\s*(?:\[[^\]\n]*\]\s*)?(?=\{{)"
    r"|\\(?P<input>input|include|subfile|import|subimport)\b\s*(?P<target>(?:\{[^{}\n]*\})+|[^\s\\{}]+)"
    rf"|(?P<definition>{DEFINITION.pattern})|(?P<opening>{TEX_OPENING.pattern})|\\.",
    re.DOTALL,
)
#: Fills lines that hold only a comment: stripped as blanks are, yet no blank line, which would end a paragraph.
_NO_BREAK = "\N{NO-BREAK SPACE}"

#: What is to be added to the draft, by the offset at which it stands.
Steps = list[tuple[int, Callable[[], None]]]


def read_latex(text: str, draft: Draft) -> None:
    """Add what is in a LaTeX file to the draft."""
    read_passage(Passage.whole(text), draft)


def read_snippet(passage: Passage, draft: Draft) -> None:
    """A block of LaTeX in another document: text with formulas, or nothing but one formula."""
    if TEX_OPENING.search(passage.text):
        read_passage(passage, draft)
    else:
        draft.formula(passage.cut(0, len(passage.text)), "latex", True)


def read_passage(passage: Passage, draft: Draft) -> None:
    """Add what is in LaTeX text to the draft, in order."""
    steps: Steps = []
    shown = Passage(_hide(passage, draft, steps), passage.starts)
    spans: list[Span] = []
    position = 0
    while found := _SHOWN.search(shown.text, position):
        position = _read(found, shown, draft, steps, spans)
    for together in delimiters.chained(shown.text, spans):
        formula = shown.cut(together[0].left, together[-1].right, delimiters.gaps(together))
        display = any(span.display for span in together)
        steps.append((together[0].start, partial(draft.formula, formula, "latex", display)))
    for _, step in sorted(steps, key=itemgetter(0)):
        step()


def _read(found: re.Match[str], shown: Passage, draft: Draft, steps: Steps, spans: list[Span]) -> int:
    """What a macro or a delimiter starts; the offset behind it."""
    start, text = found.start(), shown.text
    if level := found["level"]:
        end = group_end(text, found.end())
        if end is not None:
            steps.append((start, partial(draft.enter, _LEVELS.index(level), text[found.end() + 1 : end - 1])))
    elif found["input"]:
        remark = f"{found.group().strip()} was not followed; check that file too"
        steps.append((start, partial(draft.note, shown.place(start), remark)))
    elif found["definition"]:
        end = definition_end(text, start)
        if end is not None:
            steps.append((start, partial(draft.define, text[start:end])))
            return end
    elif found["opening"]:
        opening = TEX_OPENING.match(text, start)
        if opening and (span := delimiters.closed(text, opening)):
            spans.append(span)
            return span.end
        remark = f"{found.group()} is not closed; nothing was read as mathematics here"
        steps.append((start, partial(draft.note, shown.place(start), remark)))
    return found.end()


def _hide(passage: Passage, draft: Draft, steps: Steps) -> str:
    """The text with blanks where comments, listings and code are; models in comments and Python listings are kept."""
    text, pieces, kept, position = passage.text, [], 0, 0
    while found := _HIDDEN.search(text, position):
        position = found.end()
        if found.group().startswith("\\") and len(found.group()) == 2:
            continue
        if found["over"]:
            position = len(text)
        elif found["listing"]:
            position = _end_of_listing(found, passage, draft, steps)
        elif found["false"]:
            end = text.find(r"\fi", position)
            position = end + 3 if end >= 0 else len(text)
        elif found["model"]:
            steps.append((found.start(), partial(draft.model, _commented(passage, found.start(), found.end()))))
        alone = found["comment"] and not text[text.rfind("\n", 0, found.start()) + 1 : found.start()].strip()
        blank = _NO_BREAK if alone or found["model"] else " "
        pieces += [text[kept : found.start()], re.sub(r"[^\n]", blank, text[found.start() : position])]
        kept = position
    return "".join(pieces) + text[kept:]


def _end_of_listing(found: re.Match[str], passage: Passage, draft: Draft, steps: Steps) -> int:
    """The offset behind a listing, of which Python with gradients is kept."""
    text, name = passage.text, found["listing"]
    end = text.find(rf"\end{{{name}}}", found.end())
    if end < 0:
        remark = f"{found.group()} is not closed; nothing was read from here on"
        steps.append((found.start(), partial(draft.note, passage.place(found.start()), remark)))
        return len(text)
    head = _OPTIONS.match(text, found.end(), end)
    if name in ("lstlisting", "minted") and head:
        given = _LANGUAGE.search(head["options"] or "")
        language = (given[1] if given else head["language"] or "").lower()
        code = passage.listing(head.end(), end)
        if is_python(language, code.text) and has_gradient(code.text):
            steps.append((found.start(), partial(draft.formula, code, "code", True)))
    return end + len(rf"\end{{{name}}}")


def _commented(passage: Passage, start: int, end: int) -> Passage:
    """The model in the lines of a comment, without their `%`; its first line may follow `model:` at once."""
    lines: list[str] = []
    starts, offset = [], start
    for line in passage.text[start:end].split("\n"):
        mark = (_COMMENT_LINE if offset > start else _MODEL_LINE).match(line)
        skipped = mark.end() if mark else 0
        if lines or line[skipped:].strip():
            lines.append(line[skipped:])
            starts.append(passage.place(offset + skipped))
        offset += len(line) + 1
    return Passage("\n".join(lines), starts)
