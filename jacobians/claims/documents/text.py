"""Plain text in which nothing marks mathematics: every line that is a formula, and no line of prose."""

from __future__ import annotations

import re
from itertools import pairwise

from jacobians.claims.documents.document import Draft
from jacobians.claims.documents.markdown import markdown, read_fence, read_markdown
from jacobians.claims.documents.passage import Passage
from jacobians.claims.documents.prose import is_prose

_RELATION = re.compile(r"(?<![<>=!~-])=(?![=>])|:=|[≈≡∈]|\\(?:approx|equiv|in)\b")
_GOES_ON = re.compile(r"&?\s*(?::?=(?![=>])|[≈≡]|\+\s|\\(?:approx|equiv)\b)")
_BULLET = r"(?:[-*•]|\(?\d+[.)]|⇒|→|=>)\s+"
_LINKING_WORD = r"(?:so|then|thus|hence|therefore|and|also|finally|now|with|where)(?:\s*[,:]\s*|\s+)"
_LEAD = re.compile(rf"\s*(?:{_BULLET}|{_LINKING_WORD})", re.IGNORECASE)
_LABEL = re.compile(r"[^=]*?:\s+")
_REMARK = r"(?<!\s)(?:\s{2,}(?:\(|\[|//|<-|←|--)|\s+#).*"
_CLAUSE = r"(?<![\s,]),?\s+(?:for\s+(?:all|every|each)|where|with|since|because|using|by|as|which|from)\s.*"
_TAIL = re.compile(rf"(?:{_REMARK}|{_CLAUSE}|(?<![\s.,;])[\s.,;]+)$")
_CODE = re.compile(r"@|\bnp\.|\.T\b|\.dot\(")


def read_plain_text(text: str, draft: Draft) -> None:
    """Add what is in a text file to the draft: as Markdown where it marks mathematics, else its lines of formulas."""
    if _marks_mathematics(text):
        read_markdown(text, draft)
        return
    headings, fences = _blocks(text)
    whole, lines = Passage.whole(text), text.split("\n")
    run: list[tuple[int, int]] = []
    offset = skipped = 0
    for number, line in enumerate(lines):
        start, end = _trimmed(line)
        if number in headings or number in fences or not _continues(line[start:end], bool(run)):
            _add(whole, run, draft)
            run = []
        if number in headings:
            draft.enter(*headings[number])
        elif number in fences:
            info, content, skipped = fences[number]
            read_fence(Passage.found(lines, number + 1, content), info, draft)
        elif number >= skipped and _is_formula(line[start:end]):
            run.append((offset + start, offset + end))
        offset += len(line) + 1
    _add(whole, run, draft)


def read_formulas(text: str, draft: Draft) -> None:
    """Add a file of nothing but formulas in plain notation, one a line, `#` before a comment."""
    whole, offset = Passage.whole(text), 0
    for line in text.split("\n"):
        draft.formula(whole.cut(offset, offset + len(line.partition("#")[0])), "plain", True)
        offset += len(line) + 1


def _marks_mathematics(text: str) -> bool:
    """Whether anything is marked as Markdown marks formulas; a model beside them is not enough."""
    tokens = markdown().parse(text)
    inline = [child for token in tokens for child in token.children or []]
    other_fence = any(token.type == "fence" and token.info.strip() != "model" for token in tokens)
    return other_fence or any(token.type == "mathematics" for token in inline)


def _blocks(text: str) -> tuple[dict[int, tuple[int, str]], dict[int, tuple[str, str, int]]]:
    """By the line where they start: headings (level and title), fenced blocks (info, content, the line after)."""
    headings, fences = {}, {}
    tokens = markdown().parse(text)
    for token, following in pairwise(tokens):
        if token.type == "heading_open" and token.map and token.markup.startswith("#"):
            headings[token.map[0]] = (len(token.markup), following.content)
    for token in tokens:
        if token.type == "fence" and token.map:
            fences[token.map[0]] = (token.info, token.content.rstrip(), token.map[1])
    return headings, fences


def _trimmed(line: str) -> tuple[int, int]:
    """Where the formula in a line starts and ends, without bullets, linking words, labels and remarks."""
    start, end = 0, len(line)
    while lead := _LEAD.match(line, start):
        start = lead.end()
    label = _LABEL.match(line, start)
    if label and is_prose(label.group()):
        start = label.end()
    while tail := _TAIL.search(line, start, end):
        end = tail.start()
    return start + len(line[start:end]) - len(line[start:end].lstrip()), end


def _is_formula(text: str) -> bool:
    return any(letter.isalpha() for letter in text) and not is_prose(text) and "://" not in text


def _continues(text: str, open_run: bool) -> bool:
    """Whether a line goes on with the formula of the line before: it starts with `=` or `+`."""
    return open_run and _GOES_ON.match(text) is not None


def _add(whole: Passage, run: list[tuple[int, int]], draft: Draft) -> None:
    """Lines as one formula, if a relation makes them one."""
    if not run:
        return
    between = [(one[1], other[0]) for one, other in pairwise(run)]
    found = whole.cut(run[0][0], run[-1][1], between)
    relation = _RELATION.search(found.text)
    if relation and found.text[: relation.start()].strip():
        draft.formula(found, "code" if _CODE.search(found.text) else "latex", True)
