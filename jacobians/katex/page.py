"""A page that needs no network and no server: KaTeX, its fonts, styles and scripts are in it, and nothing else runs."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from html import escape

from jacobians import katex


def offline_page(title: str, body: str, tex: str, style: str, script: str, language: str = "en") -> str:
    """A page with KaTeX and the fonts that `tex` needs, under a policy that admits nothing else.

    `body` is HTML; `script` runs behind KaTeX.
    """
    styles, scripts = katex.style(tex) + style, (katex.script(), script)
    policy = (
        f"default-src 'none'; script-src {' '.join(map(_hash, scripts))}; style-src {_hash(styles)}; font-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    return f"""<!DOCTYPE html>
<!-- {katex.NOTICE} -->
<html lang="{escape(language)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{escape(title)}</title>
<style>{styles}</style>
</head>
<body>
{body}
{"".join(f"<script>{part}</script>" for part in scripts)}
</body>
</html>
"""


def _hash(content: str) -> str:
    return f"'sha256-{b64encode(sha256(content.encode()).digest()).decode()}'"
