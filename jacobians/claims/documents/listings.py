"""Python in documents: which code states a gradient."""

from __future__ import annotations

import ast
import re
import warnings

#: Longer lines are no formula that somebody wrote in a sentence.
_LONGEST_LINE = 500
#: Words of every script that only happen to start like the gradients `dW`, `dout`, `dscores`.
_OTHER = (
    "data|dataset|dataloader|date|debug|decay|default|degree|depth|description|dest|device|df|dict|dim|dims|dir|dist"
    "|distance|done|dpi|draw|dropout|dt|dtype|duration"
)
_GRADIENT_NAME = rf"d(?!(?:{'|'.join(word[1:] for word in _OTHER.split('|'))})(?:_|\b))[A-Za-z]\w*|\w*?grad\w*"
_TARGET = rf"(?<!\w)(?:\w+\.)?(?:{_GRADIENT_NAME})(?:\s*\[[^\]\n]*\])?"
#: `dW = ..`, `dx, dW = ..`, `self.db += ..`, `grads["dW"] = ..`.
_ASSIGNMENT = re.compile(rf"^[^=#\n]*?{_TARGET}[\s,\w)\]'\"]{{0,80}}[-+*/]?=(?!=)", re.MULTILINE)
_TARGETS = re.compile(_TARGET)
_LANGUAGES = frozenset("python python3 py py3 ipython ipython3 numpy".split())


def has_gradient(code: str) -> bool:
    """Whether any line assigns to a name such as `dW` or `grad_x`."""
    return _ASSIGNMENT.search(code) is not None


def is_gradient_line(code: str) -> bool:
    """Whether `code` from a sentence is one assignment of a gradient or of an expression: `dW = dZ @ A.T / m`."""
    if len(code) > _LONGEST_LINE or "=" not in code:
        return False
    body = _statements(code.strip().replace("\n", " "))
    if len(body) != 1 or not isinstance(body[0], ast.Assign | ast.AugAssign):
        return False
    if isinstance(body[0].value, ast.Constant):
        return False
    return isinstance(body[0].value, ast.BinOp) or _TARGETS.match(code.strip()) is not None


def is_python(language: str, code: str) -> bool:
    """Whether a listing is Python: it says so, or it says nothing and is."""
    return language in _LANGUAGES or (not language and bool(_statements(code)))


def _statements(code: str) -> list[ast.stmt]:
    """The syntax of Python code, which is never run; nothing where it is none."""
    try:
        with warnings.catch_warnings(action="ignore"):  # "\\d" in a string is not our reader's concern
            return ast.parse(code).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
