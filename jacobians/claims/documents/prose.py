"""Telling prose from formulas in lines where nothing marks mathematics."""

from __future__ import annotations

import re

from jacobians.claims.documents.delimiters import SIGN
from jacobians.notation.names import GREEK

#: Words of formulas: functions and names of quantities that people write out.
_OF_FORMULAS = frozenset(
    """exp log ln sin cos tan tanh sinh cosh sqrt sigmoid softmax relu softplus max min argmax argmin sum prod mean var
    diag trace det norm outer dot vec if else otherwise sonst""".split()
) | frozenset(word.lower() for word in GREEK.split())
_NOT_PROSE = re.compile(r"\\(?:text\w*|mbox|operatorname\*?|math\w+)\s*\{[^{}]*\}|\\[A-Za-z]+|[_.][A-Za-z]+|`[^`]*`")
#: A word is all small letters, or a capital and small ones: `dW` and `ReLU` are none. A call `f(` is none either.
_WORD = r"(?<![\w'])[A-ZÀ-Þ]?[a-zß-ÿ]+(?![\w(]|'\()"
_WORDS = re.compile(_WORD)
_PAIR = re.compile(rf"({_WORD})[ ,;]+(?=({_WORD}))")


def is_prose(text: str) -> bool:
    """Two words side by side, or a word where no sign makes it mathematics.

    ```python
    >>> is_prose("The gradient of W is dW = dZ A^T"), is_prose("error = prediction - target"), is_prose("delta x^T")
    (True, False, False)

    ```
    """
    text = _NOT_PROSE.sub(" \N{MIDDLE DOT} ", text) if SIGN.search(text) else text
    if any(_is_word(one) and _is_word(other) for one, other in _PAIR.findall(text)):
        return True
    return SIGN.search(text) is None and any(_is_word(word) for word in _WORDS.findall(text))


def _is_word(text: str) -> bool:
    return len(text) > 1 and text.lower() not in _OF_FORMULAS and not re.fullmatch("d[a-z]|d?[a-z][0-9]*", text)
