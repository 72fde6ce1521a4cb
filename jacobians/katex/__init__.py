"""KaTeX, as its authors published it, for pages that show formulas without a network.

`katex.min.js`, `katex.min.css` (MIT licence, LICENSE) and the fonts (SIL Open Font License, fonts/LICENSE) are copies
of the npm package's `dist`; SHA256SUMS has their checksums. Everything that a page needs is put into the page itself.
"""

from __future__ import annotations

import re
from base64 import b64encode
from functools import cache
from pathlib import Path

VERSION = "0.19.1"
#: To stand in every page that holds KaTeX, as its licences ask.
NOTICE = (
    f"KaTeX {VERSION}, (c) 2013-2020 Khan Academy and other contributors, MIT licence, https://katex.org. "
    "Its fonts: (c) 2009-2010 Design Science, Inc., (c) 2014-2018 Khan Academy, SIL Open Font License 1.1."
)
#: Fonts that only these macros ask for; every other font is needed by ordinary formulas.
_SPECIAL = {
    "Caligraphic": r"\\(?:math)?cal\b|\\oldstyle",
    "Fraktur": r"\\(?:math)?frak\b",
    "SansSerif": r"\\(?:math|text)?sf(?:family)?\b",
    "Script": r"\\mathscr\b",
    "Typewriter": r"\\(?:math|text)?tt(?:family)?\b|\\verb|\\url",
    "Main-Italic": r"\\(?:text|math)?it\b|\\emph|\\text(?:sl|md)\b",
    "Main-BoldItalic": r"\\bold|\\bm\b|\\pmb|\\(?:text|math)(?:it|bf)\b",
    "Math-BoldItalic": r"\\bold|\\bm\b|\\pmb|\\mathbf",
}
_FONT_FACE = re.compile(r"@font-face\{[^}]*?src:url\(fonts/KaTeX_([\w-]+)\.woff2\)[^}]*\}")
_HERE = Path(__file__).parent


@cache
def script() -> str:
    """The JavaScript, which defines `katex`."""
    return (_HERE / "katex.min.js").read_text(encoding="utf-8")


def style(tex: str) -> str:
    """The style sheet with those fonts in it that formulas such as `tex`, their macros included, may need."""

    def face(found: re.Match[str]) -> str:
        if not needs(found[1], tex):
            return ""
        return re.sub(r"src:[^;}]*", lambda _: f"src:url({_font(found[1])})", found.group(), count=1)

    return _FONT_FACE.sub(face, (_HERE / "katex.min.css").read_text(encoding="utf-8"))


def needs(font: str, tex: str) -> bool:
    """Whether formulas such as `tex` may need a font, `Main-Italic`."""
    asks = next((macros for name, macros in _SPECIAL.items() if font.startswith(name)), "")
    return re.search(asks, tex) is not None


@cache
def _font(name: str) -> str:
    content = (_HERE / "fonts" / f"KaTeX_{name}.woff2").read_bytes()
    return f"data:font/woff2;base64,{b64encode(content).decode()}"
