"""Every display of Markdown, notebooks and pages passes KaTeX in strict mode."""

from __future__ import annotations

import re
from html import unescape

import pytest

from tests.derivations import CASES
from tests.test_katex import problems

pytestmark = pytest.mark.katex


def test_every_formula_of_every_document_passes_katex():
    formulas: dict[str, None] = {}
    for make in CASES.values():
        derivation = make()
        text = derivation.markdown()
        formulas |= dict.fromkeys(re.findall(r"\$\$\n(.*?)\n\$\$", text, flags=re.DOTALL))
        formulas |= dict.fromkeys(re.findall(r"\$([^$\n]+)\$", re.sub(r"\$\$\n.*?\n\$\$", "", text, flags=re.DOTALL)))
        page = derivation.html()
        formulas |= dict.fromkeys(map(unescape, re.findall(r'<code class="tex">(.*?)</code>', page, flags=re.DOTALL)))
    assert len(formulas) > 200
    wrong = [(tex, said) for tex, said in zip(formulas, problems(list(formulas)), strict=True) if said]
    assert not wrong
