"""The LaTeX surface: what it is read into, where its parts stand, what its errors say, and what it survives."""

from __future__ import annotations

import random
import re
import subprocess
import sys
from pathlib import Path

import pytest

from jacobians.errors import MathSyntaxError
from jacobians.notation import Macro, Name, collect_macros, parse_latex, parse_statements
from jacobians.notation.places import slice_of
from jacobians.notation.symbols import Symbols
from jacobians.notation.tree_calculus import Membership
from tests.latex_trees import shown

READINGS = Path(__file__).parent / "readings"


def declared(line):
    """`W:2 x:1 | labelled | label letters | functions | sizes`."""
    quantities, *others = (part.split() for part in line.split("|"))
    ranks = (word.partition(":") for word in quantities)
    return Symbols({name: int(rank) if rank else None for name, _, rank in ranks}, *map(set, others))


def readings(name):
    """Formulas with what is declared and the trees they mean."""
    rows, symbols = [], Symbols()
    for line in (READINGS / name).read_text(encoding="utf-8").splitlines():
        if line.startswith("==="):
            symbols = declared(line.removeprefix("==="))
        elif line.startswith("    "):
            rows[-1][2].append(line.strip())
        elif line and not line.startswith("#"):
            rows.append((line, symbols, []))
    return rows


READ = readings("features.txt") + readings("notes.txt")
TEXTS = [text for text, _, _ in READ]


@pytest.mark.parametrize(("text", "symbols", "trees"), READ, ids=TEXTS)
def test_reading(text, symbols, trees):
    assert [shown(tree) for tree in parse_statements(text, symbols)] == trees


def test_one_formula_is_one_tree():
    assert parse_latex("x") == Name("x")
    assert parse_latex(r"\begin{aligned} a &= b \\ &= c \end{aligned}") == parse_latex("a = b = c")


# ----- the notes: chains over many rows -----

SPLIT = r"""
\begin{split}
\delta^{(L-1)}_j
&:= \frac{\partial \mathcal{l}}{\partial \mathrm{z}^{(L-1)}_j} \\
&= \left\langle
      \frac{\partial \mathcal{l}}{\partial \mathrm{z}^{(L)}} ,
      \frac{\partial \mathrm{z}^{(L)}}{\partial \mathrm{z}^{(L-1)}_j}
   \right\rangle \\
&= \left\langle
      \boldsymbol{\delta}^{(L)},
      \frac{\partial \mathrm{z}^{(L)}}{\partial \mathrm{z}^{(L-1)}_j}
   \right\rangle
\end{split}
"""


def test_rows_that_begin_with_equals_are_one_chain_with_places_in_every_line():
    chain = parse_latex(SPLIT, declared("z:1 delta:1 | z delta | L | l |"))
    assert shown(chain) == (
        "delta<(L - 1)>[j] = ∂(l, z<(L - 1)>[j]) = inner(∂(l, z<L>), ∂(z<L>, z<(L - 1)>[j]))"
        " = inner(delta<L>, ∂(z<L>, z<(L - 1)>[j]))"
    )
    assert [part.span.line for part in chain.parts] == [3, 4, 5, 9]
    assert slice_of(SPLIT, chain.parts[2].children[0].span) == r"\frac{\partial \mathcal{l}}{\partial \mathrm{z}^{(L)}}"
    assert slice_of(SPLIT, chain.parts[3].span).endswith(r"\right\rangle")


# ----- places -----

PLACES = {
    r"a + \mathbf{W}_{ji}^{(k)} b": ["a", r"\mathbf{W}_{ji}^{(k)} b", r"\mathbf{W}_{ji}^{(k)}", "k", "j", "i", "b"],
    r"\left(a b\right)^\top c": [r"\left(a b\right)^\top", "a b", "a", "b", "c"],
    r"x_i^T y": ["x_i^T", "x_i", "x", "i", "y"],
    r"\frac{\partial L}{\partial W x}": ["L", "W x", "W", "x"],
    "dL/dW_i": ["L", "W_i", "W", "i"],
    r"\tanh' \left( z \right)^2 x": [r"\tanh' \left( z \right)^2", r"\tanh' \left( z \right)", "z", "2", "x"],
    r"\sum_{i=1}^{n} a_i \cdot b - c": [r"\sum_{i=1}^{n} a_i \cdot b", "1", "n", r"a_i \cdot b", "a_i", "b", "c"],
    r"\hat{\mathbf y}_i - yz": [r"\hat{\mathbf y}_i", r"\hat{\mathbf y}", "i", "yz", "y", "z"],
    "δ⁽ᵏ⁾ⱼ wᵀ": ["δ⁽ᵏ⁾ⱼ", "δ⁽ᵏ⁾", "ᵏ", "ⱼ", "wᵀ", "w"],
    "a_{12} + 1/m (b)": ["a_{12}", "a", "12", "1/m (b)", "1/m", "1", "m", "b"],
}


@pytest.mark.parametrize("text", PLACES)
def test_every_part_knows_its_text(text):
    tree = parse_latex(text)
    slices = [slice_of(text, part.span) for part in tree.walk() if part.span]
    assert slices[0] == text
    for expected in PLACES[text]:
        assert expected in slices


@pytest.mark.parametrize(("text", "symbols", "trees"), READ, ids=TEXTS)
def test_parts_stand_within_the_whole_and_carry_places(text, symbols, trees):
    for statement in parse_statements(text, symbols):
        whole = statement.span
        for part in statement.walk():
            if part.span and not isinstance(statement, Membership):  # two of them may share their sizes
                assert slice_of(text, part.span).strip() == slice_of(text, part.span) != ""
                assert whole[:2] <= part.span[:2] <= part.span[2:] <= whole[2:]


@pytest.mark.parametrize(
    "text", [r"W^\top \delta \odot g'(z)", r"\frac{\partial L}{\partial W_{ji}^{(k)}} = a_i \delta_j"]
)
def test_the_text_of_a_part_means_that_part(text):
    tree = parse_latex(text)
    for part in tree.walk():
        if slice_of(text, part.span) != r"W_{ji}^{(k)}":  # of the name, too: its label stands behind the indices
            assert parse_latex(slice_of(text, part.span)) == part


# ----- macros -----

DOCUMENT = r"""
\newcommand{\pd}[2]{\frac{\partial #1}{\partial #2}}
\renewcommand*\bx{\mathbf{x}}
\providecommand{\bx}{y}
\def\sq#1{(#1)^2}  % \def\sq#1{#1^3}
\DeclareMathOperator*{\smax}{softmax}
\newcommand{\entry}[2][a]{#1_{#2}}
\newcommand{\lost}{x
"""
MACROS = collect_macros(DOCUMENT)


def test_macros_of_a_document():
    assert dict(MACROS) == {
        "pd": Macro(2, r"\frac{\partial #1}{\partial #2}"),
        "bx": Macro(0, r"\mathbf{x}"),
        "sq": Macro(1, "(#1)^2"),
        "smax": Macro(0, r"\operatorname{softmax}"),
        "entry": Macro(2, "#1_{#2}", "a"),
    }


@pytest.mark.parametrize(
    ("text", "tree", "slices"),
    [
        (r"\pd{L}{W_{ij}} + c", "(∂(L, W[i, j]) + c)", [r"\pd{L}{W_{ij}}", "L", "W_{ij}", "c"]),
        (r"\pd L W", "∂(L, W)", [r"\pd L W", "L", "W"]),
        (r"\smax(\bx)_i", "softmax(x)[i]", [r"\smax(\bx)_i", r"\bx"]),
        (r"\sq{\sq{x} y} b", "((((x ^ 2) y) ^ 2) b)", [r"\sq{\sq{x} y}", r"\sq{x} y", r"\sq{x}", "x", "y", "b"]),
        (r"\entry{i} + \entry[b]{j}", "(a[i] + b[j])", [r"\entry{i}", "i", r"\entry[b]{j}", "b", "j"]),
        (r"\newcommand{\A}{W x} \A + b", "((W x) + b)", [r"\A + b", r"\A", "b"]),
        (r"\providecommand{\bx}{z}\bx", "x", [r"\bx"]),
    ],
)
def test_macros_stand_where_they_are_called(text, tree, slices):
    read = parse_latex(text, macros=MACROS)
    assert shown(read) == tree
    found = [slice_of(text, part.span) for part in read.walk() if part.span]
    assert [expected for expected in slices if expected not in found] == []


# ----- errors -----

ERRORS = [
    ("((a)", 1, r"'\(' is never closed"),
    ("x +\n a)", 5, r"^line 2, column 3: '\)' closes nothing: its opening bracket is missing"),
    ("(a]", 3, r"expected the partner of '\(' in line 1, column 1, got '\]'"),
    (r"\left(x", 1, "is never closed"),
    (r"\left x", 1, "expected a bracket, got 'x'"),
    (r"x \right)", 3, r"\\right closes nothing: its \\left is missing"),
    (r"\big", 1, r"\\big expects a bracket, got the end"),
    (r"\frac{a}", 9, "expected a number, a name or a bracket, got the end"),
    (r"\mathbf", 1, r"\\mathbf expects an argument, got the end"),
    (r"\mathbf{x", 8, "'{' is never closed"),
    ("a b =", 6, "expected a number, a name or a bracket, got the end"),
    ("= b", 1, "expected something left of '=': there is no row above to go on with"),
    ("a 2 3", 5, "expected an operator or the end, got '3'"),
    ("x ¿ y", 3, "expected a formula, got '¿', which has no meaning here"),
    ("x #1", 3, "expected a formula, got '#1', which has no meaning here"),
    (
        r"\aplha + 1",
        1,
        r"unknown command \\aplha; did you mean \\alpha\? If not, define it, as in \\newcommand{\\aplha}",
    ),
    (r"\xyzzy", 1, r"unknown command \\xyzzy; define it, as in \\newcommand{\\xyzzy}{...}"),
    (r"a \approx b", 3, r"\\approx claims no equality; write = for what is exactly equal"),
    (r"a \not\in b", 3, r"expected \\not=, got \\not before something else"),
    ("a = b, c = d", 8, "expected one formula, got 2; put each into a formula of its own"),
    (r"\text{only words}", 1, "expected a formula, got nothing that claims anything"),
    ("", 1, "expected a formula, got nothing that claims anything"),
    ("a / b c", 3, "unclear whether the factor after the fraction belongs below"),
    (r"\sigma^{-1}(x)", 1, r"unclear: the inverse function of sigma, or 1/sigma\(...\); write out which"),
    ("x^a^b", 4, "expected one exponent, got two; put the first power in brackets"),
    ("(a + b)^*", 9, "expected a name before the star; call the starred quantity by a name"),
    (r"\overline{a + b}", 1, r"expected a name under \\overline; give what stands there a name"),
    (r"w_{i \to j}", 6, "expected a number, a name or a bracket"),
    (r"\begin{foo}x\end{foo}", 1, "the environment foo is not known as mathematics"),
    (r"\begin{cases} x \end{align}", 17, r"\\end{align} closes nothing: its \\begin{align} is missing"),
    (r"\begin{matrix}\end{matrix}", 1, "expected entries in a matrix, got none"),
    (r"\begin{cases}\end{cases}", 1, "expected a value and a condition in cases, got none"),
    (
        r"\begin{cases} 1 & \text{if i equals k} \end{cases}",
        19,
        "expected a condition such as i = j, got 'if i equals k'",
    ),
    (r"\begin{cases} 1 & i \end{cases}", 19, "expected a comparison such as i = j as the condition"),
    (r"\langle x \rangle", 1, "expected two factors of an inner product, got 1"),
    ("|x", 3, r"expected an operator or the closing \|, got the end"),
    (r"\sum_{a+b} x", 1, "expected an index letter below a sum"),
    (r"\sum_{i \ne j, i \ne k} x", 1, "expected one condition below a sum; write the others as factors"),
    (r"\frac{\partial}{\partial w} = L(w)", 29, "expected what is differentiated behind the derivative sign, got '='"),
    (r"\frac{\partial^3 f}{\partial x}", 16, "expected a first or a second derivative, got '3'"),
    (r"\frac{\partial^2 f}{\partial x}", 31, "expected a second variable"),
    (r"\partial^2 f", 1, "expected a second derivative as a fraction"),
    (r"\left. x \right|", 17, "expected the point as a subscript"),
    (r"\left. x \right|_{y}", 20, "expected the point as an equation, as in x = x_0"),
    ("J_f(x, y)", 1, "expected one point or variable in the bracket of a Jacobian"),
    (r"\pd{L}", 1, r"the macro \\pd expects 2 arguments, got fewer; give them in braces"),
    (r"\sq{x", 4, "'{' is never closed"),
    (r"\input{secrets}", 1, r"\\input is not carried out: write down what it stands for"),
    ("x" * 20_001, 1, "expected at most 20000 characters, got 20001; split the text"),
    ("{" * 10_000 + "}" * 10_000, 65, "expected at most 64 brackets and signs within one another"),
    (" + ".join("x" * 300), 1, "expected at most 200 operations within one another; split the formula"),
]


@pytest.mark.parametrize(("text", "column", "message"), ERRORS, ids=[text[:40] for text, _, _ in ERRORS])
def test_errors_say_where_and_what(text, column, message):
    with pytest.raises(MathSyntaxError, match=message) as caught:
        parse_latex(text, macros=MACROS)
    assert (caught.value.column, caught.value.line) == (column if "\n" not in text else 3, text.count("\n") + 1)


def test_ascii_fractions_are_refused():
    with pytest.raises(MathSyntaxError, match="expected a number, a name or a bracket, got '='"):
        parse_latex("  dC      dC\n----- = -----\n dZ      dZ")


# ----- safety -----

BILLION = r"\def\a{x}" + "".join(
    rf"\def\{new}{{{(chr(92) + old) * 10}}}" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
BILLION += r"\i"
ATTACKS = {
    "code": "__import__('os').system('true')",
    **{command: rf"\{command}{{x}}" for command in ("input", "include", "csname", "catcode", "openin", "href")},
    "write18": r"\write18{rm}",
    "a billion": BILLION,
    "a macro of itself": r"\def\a{\a}\a",
    "a growing argument": r"\def\a#1{\a{#1#1}}\a{x}",
    "copies of copies": r"\def\a#1{" + "#1" * 5000 + r"}\a{" + "x" * 9000 + "}",
    "fonts": r"\mathbf{" * 2000 + "x" + "}" * 2000,
    "accents": r"\hat" * 4000 + " x",
    "fractions": r"\frac{1}{" * 1500 + "x" + "}" * 1500,
    "powers": "x^{" * 5000 + "}" * 5000,
    "calls": "f(" * 6000 + "x" + ")" * 6000,
    "differentials": "d(" * 6000 + "x" + ")" * 6000,
    "signs": "-" * 10_000 + "x",
    "bars": "|" * 10_000,
    "texts": r"\text{$" * 2000 + "x",
    "sums": r"\sum_i " * 2500 + "x",
    "environments": r"\begin{align}" * 1500,
}


@pytest.mark.parametrize("text", ATTACKS.values(), ids=ATTACKS.keys())
def test_attacks_end_in_an_error(text):
    with pytest.raises(MathSyntaxError):
        parse_latex(text)


def test_mutated_formulas_end_in_a_tree_or_an_error():
    rng = random.Random(0)
    pieces = [re.findall(r"\\[A-Za-z]+|\\.|.", text, re.DOTALL) for text in TEXTS]
    known = sorted({piece for formula in pieces for piece in formula})
    columns = []
    for _ in range(1500):
        formula = list(rng.choice(pieces))
        for _ in range(rng.randint(1, 4)):
            place = rng.randrange(len(formula) + 1)
            formula[place : place + rng.randint(0, 2)] = rng.choices(known, k=rng.randint(0, 2))
        text = "".join(formula)
        try:
            parse_statements(text)
        except MathSyntaxError as error:
            columns.append((error.column, len(text) + 1))
    assert 300 < len(columns) < 1400
    assert all(1 <= column <= end for column, end in columns)


def test_models_do_without_this_surface():
    program = "import sys, jacobians.notation; print([m for m in sys.modules if '.latex_parser' in m])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
