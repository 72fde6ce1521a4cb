"""Sentences with formulas between dollar signs as HTML, and the pages of the sheets."""

from __future__ import annotations

from html import escape
from importlib.resources import files

from jacobians.katex.page import offline_page
from symbolic.sheets.prose import spans

STYLE = """
:root { color-scheme: light dark; --paper: #fdfdfb; --ink: #1d2126; --dim: #646b76; --line: #d9dbd6; }
@media (prefers-color-scheme: dark) { :root { --paper: #16181c; --ink: #e4e6ea; --dim: #9aa1ac; --line: #363b44; } }
body { margin: 0; background: var(--paper); color: var(--ink); font: 17px/1.6 Georgia, "Times New Roman", serif; }
main { max-width: 60rem; margin: 0 auto; padding: 2rem 1.2rem 4rem; }
main.wide { max-width: 110rem; font-size: 15px; columns: 26rem; column-gap: 2rem; column-rule: 1px solid var(--line); }
main.wide > h1 { column-span: all; }
h1 { font-size: 1.6rem; margin: 0 0 1rem; }
h2 { font-size: 1.1rem; margin: 1.4rem 0 0.5rem; border-bottom: 1px solid var(--line); break-after: avoid; }
p { margin: 0.5rem 0; overflow-wrap: break-word; }
p.display { overflow-x: auto; overflow-y: hidden; }
p.entry { break-inside: avoid; padding-left: 1em; text-indent: -1em; }
p.entry > span { margin-left: 1em; }
code.tex { font: inherit; }
"""


def html_words(text: str) -> str:
    """Words and formulas."""
    return "".join(_formula(part) if is_formula else _with_code(part) for is_formula, part in spans(text))


def _formula(tex: str) -> str:
    return f'<code class="tex">{escape(tex)}</code>'


def _with_code(text: str) -> str:
    return "".join(f"<code>{escape(p)}</code>" if k % 2 else escape(p) for k, p in enumerate(text.split("`")))


def page(title: str, body: str) -> str:
    """A page that needs no network; KaTeX sets its formulas when it is opened."""
    script = (files("symbolic.documents") / "templates" / "page.js").read_text(encoding="utf-8")
    return offline_page(title, body, body, STYLE, script)
