"""Documents: every formula is found, with the place of each of its lines; broken input is a note or one message."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from jacobians.claims.documents import Formula, ModelBlock, read_document, read_side_file, read_text
from jacobians.errors import InputError

NOTES = Path(__file__).parent.parent / "examples" / "notes"


def formulas(text: str, kind: str = "markdown") -> list[Formula]:
    return [part for part in read_text(text, kind).parts if isinstance(part, Formula)]


def texts(text: str, kind: str = "markdown") -> list[str]:
    return [formula.text for formula in formulas(text, kind)]


def places(text: str, kind: str = "markdown") -> list[tuple[str, tuple[int, int]]]:
    return [(part.text, part.starts[0]) for part in read_text(text, kind).parts]


def assert_placed(document) -> None:
    """Every line of every part stands in the file where it says."""
    lines = document.text.split("\n")
    assert document.parts
    for part in document.parts:
        first = document.cells[part.cell - 1] - 1 if part.cell else 0
        for text, (line, column) in zip(part.text.split("\n"), part.starts, strict=True):
            if "$ " not in lines[first + line - 1]:  # delimiters between joined formulas are blanks in them
                assert lines[first + line - 1][column - 1 :].startswith(text)


MARKDOWN = r"""---
title: costs $5
---
# Chain rule #
Twice $a=b$, then $a=b$ in `$code$`, \$5, $5 and $6 and $7.

> [!note] A callout with $c = d$
> $$
> e = f
> + g
> $$
> > deeper $h=i$

- $$j = k$$ in a list
	- tabs $l=m$, and $$n = o$$
  continued \(p = q\) and \[r = s\]
1. item

   $$
   \begin{split}
   t &= u \\
   - v
   \end{split}
   $$
<!-- hidden $w=x$

and $y=z$ -->
Text before: $$
A = B
- C
=
$$ and after $D=E$.

\begin{align*}
F &= G
\end{align*}

```math
H = I
```
```model
x : 3
z = W @ x
```
| $J$ | $|K|$ |
|---|---|
Setext $L = M$
---
$N$ = $O$ but $P$ or $Q$
<div>
$R = S$ <!-- $no$ -->
</div>
"""


def test_markdown_places():
    document = read_text(MARKDOWN, "markdown")
    assert [part.text for part in document.parts] == [
        "a=b",
        "a=b",
        "c = d",
        "e = f\n+ g",
        "h=i",
        "j = k",
        "l=m",
        "n = o",
        "p = q",
        "r = s",
        "\\begin{split}\nt &= u \\\\\n- v\n\\end{split}",
        "A = B\n- C\n=",
        "D=E",
        "\\begin{align*}\nF &= G\n\\end{align*}",
        "H = I",
        "x : 3\nz = W @ x",
        "J",
        "|K|",
        "L = M",
        "N  =  O",
        "P",
        "Q",
        "R = S",
    ]
    assert_placed(document)
    assert document.notes == ()


def test_repeated_formulas_have_their_own_columns():
    assert places("$a$ $a$ `$a$` $a$") == [("a", (1, 2)), ("a", (1, 6)), ("a", (1, 16))]


def test_headings_are_a_path():
    text = "# One\n$a=b$\n### Deep $x$\n$c=d$\n## Two\n$e=f$\n# Three\n$g=h$"
    assert [(f.text, f.heading) for f in formulas(text)] == [
        ("a=b", ("One",)),
        ("x", ("One", "Deep $x$")),
        ("c=d", ("One", "Deep $x$")),
        ("e=f", ("One", "Two")),
        ("g=h", ("Three",)),
    ]


def test_place_of_a_column_survives_quotes_and_delimiters():
    display, inline = formulas("> - $$\n>   a = b\n>   $$\n\ntext $u$ = $v$")
    assert display.display
    assert display.place(1, 5) == (2, 9)
    assert (inline.text, inline.place(1, 8)) == ("u  =  v", (5, 14))
    assert not inline.display


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$5 and $6", []),
        ("costs $5, or $x = y$.", ["x = y"]),
        ("US$5 (about AU$7)", []),
        (r"\$a = b\$", []),
        ("$ a = b $", ["a = b"]),
        ("$ a and $ b", []),
        ("$a $ and $b$", ["b"]),
        ("$x$2", []),
        (r"\\(a = b\\) and \\[c = d\\]", ["a = b", "c = d"]),
        (r"\[sic\] and \(optional\) and \[1\] and \(x\)", ["x"]),
        (r"$a \text{ if $b$ holds}$", [r"a \text{ if $b$ holds}"]),
        ("see [[note#$x$ y|$z$]]", ["x", "z"]),
        ("START\nBasic\n$a=b$\nBack: $c=d$\n<!--ID: 1-->\nEND", ["a=b", "c=d"]),
        ("```\n$a=b$\n```\n    $c=d$\n\n~~~sh\n$e=f$\n~~~", []),
        ("$$\n\na = b\n\n= c\n\n$$", ["a = b\n\n= c"]),
        ("```latex\na = b\n```", ["a = b"]),
        ("```tex\nso $a = b$ % $c$\n```", ["a = b"]),
        ("<script>\n$a=b$\n</script>\n", []),
    ],
)
def test_what_is_mathematics_in_markdown(text, expected):
    assert texts(text) == expected


def test_gradients_in_code():
    text = (
        "Use `dW = dZ @ A.T / m`, not `lr = 0.01` or `f(x=1)` or `W1 -= lr * dW1`.\n\n"
        "- code\n\n  ```python\n  def f():\n      dx = dout * w\n  ```\n\n"
        "```python\ndata = load()\n```\n```sh\ndx=1\n```"
    )
    document = read_text(text, "markdown")
    assert [(part.text, part.surface) for part in document.parts] == [
        ("dW = dZ @ A.T / m", "code"),
        ("W1 -= lr * dW1", "code"),
        ("def f():\n    dx = dout * w", "code"),
    ]
    assert_placed(document)


def test_lines_end_only_where_files_end_them():
    document = read_text("\u2028\n$a = b$\x0c$$\nc\u2028= d\x85\n$$", "markdown")
    assert [(part.text, part.starts[0]) for part in document.parts] == [("a = b", (2, 2)), ("c\u2028= d", (3, 1))]
    assert_placed(document)


def test_code_of_others_warns_nobody(recwarn):
    assert texts("`dW = '\\d' + x`\n\n```\ngrad = '\\d'\n```") == ["dW = '\\d' + x", "grad = '\\d'"]
    assert not recwarn.list


def test_code_is_never_run(tmp_path):
    target = tmp_path / "made"
    texts(f"`dW = open({str(target)!r}, 'w') + 1`\n\n```python\ngrad = open({str(target)!r}, 'w')\n```")
    assert not target.exists()


LATEX = r"""\documentclass{article}
\newcommand{\R}{\mathbb{R}} % the $reals$
\def\vec#1{\mathbf{#1}}
\DeclareMathOperator*{\diag}{diag}
\begin{document}
\section{Chain $g \circ f$} \label{s}
Inline $a = b$, 50\% of \( c = d \) and $e = f % not this $
  + g$, then $$h = i$$.
% model:
%   x : 3
% z = W @ x

% an ordinary comment, $j = k$
\[
  l = m
% a comment between
    + n % note
\]
\subsection*{Gradients}
\begin{align*}
  o &= p \\
    &= q
\end{align*}
\begin{equation}\begin{aligned} r &= s \end{aligned}\end{equation}
\verb|$t$| \lstinline{x} \begin{verbatim} $u = v$ \end{verbatim}
\begin{lstlisting}[language=Python]
    for i in range(3):
        dW += np.outer(d, x)
\end{lstlisting}
\input{chapters/two}
\iffalse $w = x$ \fi
\begin{multline} y \\ = z \end{multline}
$A$ = $B$
\end{document}
$C = D$
"""


def test_latex_places():
    document = read_text(LATEX, "latex")
    assert [part.text for part in document.parts] == [
        r"g \circ f",
        "a = b",
        "c = d",
        "e = f\n+ g",
        "h = i",
        "  x : 3\nz = W @ x",
        "l = m\n\n+ n",
        "\\begin{align*}\no &= p \\\\\n&= q\n\\end{align*}",
        r"\begin{aligned} r &= s \end{aligned}",
        "for i in range(3):\n    dW += np.outer(d, x)",
        r"\begin{multline} y \\ = z \end{multline}",
        "A  =  B",
    ]
    assert_placed(document)
    headings = [part.heading for part in document.parts]
    assert headings[0] == (r"Chain $g \circ f$",)
    assert headings[-1] == (r"Chain $g \circ f$", "Gradients")
    assert document.macros.split("\n") == [
        r"\newcommand{\R}{\mathbb{R}}",
        r"\def\vec#1{\mathbf{#1}}",
        r"\DeclareMathOperator*{\diag}{diag}",
    ]
    assert document.notes == (r"line 30, column 1: \input{chapters/two} was not followed; check that file too",)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"$ a = b $ and $x$2", ["a = b", "x"]),
        (r"a \\[2pt] b \\(c) $d$", ["d"]),
        (r"\newcommand{\x}[1][{$a$}]{$b$} $c$", ["c"]),
        ("% $a$\n$b$", ["b"]),
        (r"\\% $a$" + "\n$b$", ["b"]),
        ("\\begin{minted}[linenos]{python}\ngrad = x\n\\end{minted}", ["grad = x"]),
        ("\\begin{minted}{r}\ngrad = x\n\\end{minted}", []),
        ("% model: x : 3\n% z = x\n\n% y = x", ["x : 3\nz = x"]),
        ("\\begin{alignat}{2}\na &= b\n\\end{alignat}", ["\\begin{alignat}{2}\na &= b\n\\end{alignat}"]),
    ],
)
def test_what_is_mathematics_in_latex(text, expected):
    assert [part.text for part in read_text(text, "latex").parts] == expected


@pytest.mark.parametrize(
    ("text", "kind", "note", "expected"),
    [
        ("a $x = y\n\nb $c = d$", "latex", r"line 1, column 3: \$ is not closed", ["c = d"]),
        ("a $x = y\n\nb $c = d$", "markdown", r"line 1, column 3: \$ is not closed", ["c = d"]),
        ("a $x and $y$", "markdown", r"line 1, column 3: \$ is not closed", ["y"]),
        ("$$\na = b\n\nSo that is all.\n\n$$c = d$$", "markdown", r"line 1, column 1: \$\$ is not closed", ["c = d"]),
        ("$$\na = b\n\n# Next\n\n$$c = d$$", "markdown", r"line 1, column 1: \$\$ is not closed", ["c = d"]),
        (r"\begin{align} a $b$", "markdown", r"line 1, column 1: \\begin\{align\} is not closed", ["b"]),
        (r"\[ a = b" + "\n\n" + r"\[ c = d \]", "latex", r"line 1, column 1: \\\[ is not closed", ["c = d"]),
        ("\\begin{verbatim}\n$a$", "latex", r"\\begin\{verbatim\} is not closed; nothing was read from here on", []),
        (
            "![[Other note#Part]] and ![[picture.png]] $a$",
            "markdown",
            r"Other note#Part\]\] embeds another note",
            ["a"],
        ),
        (r"\include{part} $a$", "latex", r"\\include\{part\} was not followed; check that file too", ["a"]),
    ],
)
def test_notes(text, kind, note, expected):
    document = read_text(text, kind)
    assert [part.text for part in document.parts] == expected
    assert len(document.notes) == 1
    assert re.search(note, document.notes[0])


def test_definitions_anywhere_are_macros():
    text = "$\\newcommand{\\R}{\\mathbb{R}}$\n\n\\def\\b#1{\\bar{#1}} text\n\n"
    text += "$$\\newcommand{\\v}{v} \\v = w$$\n`\\def\\no{}`"
    document = read_text(text, "markdown")
    assert [part.text for part in document.parts] == [r"\v = w"]
    assert document.macros == "\\newcommand{\\R}{\\mathbb{R}}\n\\def\\b#1{\\bar{#1}}\n\\newcommand{\\v}{v}"
    assert_placed(document)


def notebook(*cells: tuple[str, object]) -> str:
    listed = [{"cell_type": kind, "metadata": {}, "source": source} for kind, source in cells]
    return json.dumps({"cells": listed, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def test_notebook():
    text = notebook(
        ("markdown", ["# Part\n", "text $ a = b $\n", "\n", "> $$\n", "> c = d\n", "> $$"]),
        ("raw", "$no$"),
        ("code", "%matplotlib inline\nimport numpy as np\n!ls\n  \ndW = x @ y"),
        ("code", "%%bash\ndW=1"),
        ("code", "data = load()\nwidth = dim = 3\nif dW == 3: pass"),
        ("markdown", "$e = f"),
        ("code", ["cache['dW'] = x\n", "np.dot?"]),
    )
    document = read_text(text, "notebook", "work.ipynb")
    assert [(part.text, part.cell, part.starts[0]) for part in document.parts] == [
        ("a = b", 1, (2, 8)),
        ("c = d", 1, (5, 3)),
        ("\nimport numpy as np\n\n\ndW = x @ y", 3, (1, 1)),
        ("cache['dW'] = x", 7, (1, 1)),
    ]
    assert {part.heading for part in document.parts} == {("Part",)}
    assert document.notes == ("cell 6, line 1, column 1: $ is not closed; nothing was read as mathematics here",)
    assert document.text.split("\n")[:3] == ["[cell 1: markdown]", "# Part", "text $ a = b $"]


def test_notebook_places():
    document = read_text(
        notebook(("code", "x = 1"), ("markdown", "first\n\n- $a = b$"), ("code", "dx = 2\ndy = 3")), "notebook"
    )
    assert_placed(document)
    assert [part.cell for part in document.parts] == [2, 3]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"cells": [', r"work.ipynb: expected a notebook, got text that is not JSON \(.*line 1 column .*; save it as"),
        ("[" * 100_000, "not JSON; save it as a notebook of format 4"),
        ('{"worksheets": [], "nbformat": 3}', "a list of `cells`, got format 3; save it as a notebook of format 4"),
        ('{"cells": 3}', "list of `cells`, got an object without them; save"),
        ("[]", "list of `cells`, got a list; save"),
        (
            '{"cells": [{"cell_type": "code", "source": [1]}]}',
            "work.ipynb, cell 1: expected a `cell_type` and a `source`",
        ),
        ('{"cells": ["x"]}', "cell 1: expected a `cell_type` and a `source` of text; save"),
    ],
)
def test_broken_notebooks(text, message):
    with pytest.raises(InputError, match=message):
        read_text(text, "notebook", "work.ipynb")


PLAIN = """Notes of Monday: nothing special = really nothing
# Forward
z = W x + b,
1. dL/dW = delta x^T      (outer product)
So, dL/db = delta.
The gradient of x: ∂L/∂x = W^T delta
Here the gradient is dW = 3
δ^(l) = (W^(l+1))^T δ^(l+1)
      = something else
  + g   # not that
dA = dZ @ W.T   # NumPy
loss = mean(error), where error = y - t
see https://example.org/?a=b
===========
a == b, a => b, a <= b
W ∈ R^(m×n)
da/dz
  = a (1 - a)

```model
x : 3
```
"""


def test_plain_text():
    document = read_text(PLAIN, "text")
    assert [(part.text, getattr(part, "surface", "model")) for part in document.parts] == [
        ("z = W x + b", "latex"),
        ("dL/dW = delta x^T", "latex"),
        ("dL/db = delta", "latex"),
        ("∂L/∂x = W^T delta", "latex"),
        ("δ^(l) = (W^(l+1))^T δ^(l+1)\n= something else\n+ g", "latex"),
        ("dA = dZ @ W.T", "code"),
        ("loss = mean(error)", "latex"),
        ("W ∈ R^(m×n)", "latex"),
        ("da/dz\n= a (1 - a)", "latex"),
        ("x : 3", "model"),
    ]
    assert_placed(document)
    assert document.parts[0].heading == ("Forward",)


def test_text_that_marks_mathematics_is_read_like_markdown():
    assert texts("So $a = b$ holds.\nc = d\n", "text") == ["a = b"]
    assert texts("```math\na = b\n```\nc = d\n", "text") == ["a = b"]


def test_files_of_formulas():
    text = "# comment\nz = W @ x  # more\n\n  a = tanh(z)\n"
    assert [(f.text, f.surface, f.starts) for f in formulas(text, "plain")] == [
        ("z = W @ x", "plain", ((2, 1),)),
        ("a = tanh(z)", "plain", ((4, 3),)),
    ]


@pytest.mark.parametrize(
    ("name", "count", "displays"), [("backpropagation_de.md", 44, 4), ("backpropagation_en.md", 50, 13)]
)
def test_notes_of_others(name, count, displays):
    document = read_document(NOTES / name)
    assert len(document.parts) == count
    assert sum(part.display for part in document.parts) == displays
    assert_placed(document)


def test_formulas_of_a_sentence_are_one():
    joined = [
        f for f in formulas((NOTES / "backpropagation_de.md").read_text(encoding="utf-8")) if f.starts == ((38, 15),)
    ]
    assert joined[0].text.startswith(r"\frac{\partial f}{\partial s}  =  \frac{\partial f}{\partial x}")


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.md", b"\xef\xbb\xbf$a = b$\r\n\r\n> $c = d$\r\n", [("a = b", (1, 2)), ("c = d", (3, 4))]),
        ("a.MD", "é $a = b$".encode("utf-16"), [("a = b", (1, 4))]),
        ("a.tex", b"x\r$a = b$\r", [("a = b", (2, 2))]),
        ("a.ltx", b"$a = b$", [("a = b", (1, 2))]),
        ("a.qmd", b"```{python}\ndx = 1\n```", [("dx = 1", (2, 1))]),
        ("a.txt", b"a = b", [("a = b", (1, 1))]),
        ("a.log", b"a = b", [("a = b", (1, 1))]),
        ("a.jac", b"a = b", [("a = b", (1, 1))]),
        ("a.md", b"", []),
        ("a.tex", b"", []),
        ("a.txt", b"", []),
    ],
)
def test_files(tmp_path, name, content, expected):
    (tmp_path / name).write_bytes(content)
    document = read_document(tmp_path / name)
    assert [(part.text, part.starts[0]) for part in document.parts] == expected
    assert document.path == str(tmp_path / name)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b"a\n\nb \xe4 c",
            r"a.md: expected UTF-8, got a byte that is none in line 3, byte 3 \(0xe4\); save it as UTF-8",
        ),
        (b"a\n\0", "a.md: expected text, got a NUL character in line 2; save it as text"),
        (b" " * 20_000_001, "expected at most 20 MB, got 20.0 MB; split the document"),
    ],
)
def test_files_that_are_no_documents(tmp_path, content, message):
    (tmp_path / "a.md").write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_document(tmp_path / "a.md")


def test_missing_files(tmp_path):
    with pytest.raises(
        InputError, match=r"none.md: cannot be read: No such file.*; give a .md, .tex, .ipynb or .txt file"
    ):
        read_document(tmp_path / "none.md")
    with pytest.raises(InputError, match=r"expected a document, got a folder; name the files in it, as in .*/\*.md"):
        read_document(tmp_path)
    with pytest.raises(InputError, match="read_text: unknown kind of document 'html'; known are markdown, latex"):
        read_text("", "html")


def test_side_file(tmp_path):
    path = tmp_path / "notes.model.md"
    path.write_text(
        "x : 2\n\n# One\n\n  y : 3\n  z = y\n## Part\n```model\nu : 5\n```\nprose\n# Two\n\n# Three\nv : 7\n"
    )
    blocks = read_side_file(path)
    assert [(block.text, block.heading, block.starts[0]) for block in blocks] == [
        ("x : 2", (), (1, 1)),
        ("y : 3\nz = y", ("One",), (5, 3)),
        ("u : 5", ("One", "Part"), (9, 1)),
        ("v : 7", ("Three",), (15, 1)),
    ]
    assert all(isinstance(block, ModelBlock) for block in blocks)
    assert blocks[1].place(2, 3) == (6, 5)


HOSTILE = {
    "braces": "$" + "{" * 10_000 + "}" * 10_000 + "$",
    "open braces": r"\newcommand{\a}" + "{" * 10_000 + " $a$",
    "definitions": r"\def\a{" * 1_000,
    "dollars": "$" * 3_001,
    "odd dollars": "$ a $$ b " * 501,
    "money": "$5 and " * 1_000,
    "brackets": r"\[ " * 1_000,
    "bracket lines": "\\[\n\n" * 1_000,
    "environments": "\\begin{align}\n" * 1_000,
    "listings": r"\begin{verbatim}" * 1_000,
    "quotes": "> " * 5_000 + "$a$",
    "lists": "- " * 2_000 + "$a$",
    "backticks": " ".join("`" * n for n in range(1, 200)) + " $a$",
    "long line": "word " * 40_000 + "$a$",
    "backslashes": "\\" * 5_001,
    "comments": "<!--" * 3_000,
    "iffalse": r"\iffalse " * 1_000,
    "equals": "= " * 2_000,
    "colons": "a: " * 5_000,
    "links": "[" * 5_000 + "![[" * 2_000,
    "tabs": "\t" * 5_000 + "$a$",
    "text": r"$\text{" * 1_000,
    "code": "`dW = " + "(" * 5_000 + "`\n\n```python\ngrad = " + "-" * 50_000 + "1\n```",
    "separators": "$a\x0cb$ \x85 $c\u2028d$ \x1c\n$e$",
}


@pytest.mark.parametrize("kind", ["markdown", "latex", "text"])
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_read(name, kind):
    document = read_text(HOSTILE[name], kind)
    lines = document.text.split("\n")
    for part in document.parts:
        for text, (line, column) in zip(part.text.split("\n"), part.starts, strict=True):
            assert 1 <= line <= len(lines)
            assert 1 <= column <= len(lines[line - 1]) + 1
            assert len(text) <= len(lines[line - 1])
