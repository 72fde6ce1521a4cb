"""The width of formulas, and where they break; `test_tex.py` compares the widths with those that TeX measures."""

from __future__ import annotations

import re
from functools import cache

import pytest

import jacobians as jac
from jacobians.notation import parse, to_latex
from symbolic.documents.breaking import INDENT, rows
from symbolic.documents.math_list import Fence, Fraction, Group, Scripts, Sign, Table, Words, math_list
from symbolic.documents.widths import size_of, width_of, words_width
from tests.derivations import by_hand, derived

WIDE = to_latex(
    parse("sum_k(D(L, z2[k]) * D(z2[k], W1[i, j])) + a * b * c - x / y + (u + v) * (p + q) + tanh(z1 - z2) * x[j]")
)


def test_a_formula_is_taken_apart():
    items = math_list(
        r"\sum_{k} \frac{a}{b} \left(x'\right)^{2} \text{if $i$} \begin{bmatrix} a & b \\ c & d \end{bmatrix}"
    ).items
    assert [type(item) for item in items] == [Scripts, Fraction, Scripts, Words, Table]
    assert isinstance(items[2].base, Fence)
    assert items[3].text == "if $i$"
    assert [len(row) for row in items[4].rows] == [2, 2]


@pytest.mark.parametrize(
    ("tex", "kind"), [("a - b", "binary"), ("-b", "letter"), ("= -b", "letter"), ("(-b", "letter")]
)
def test_a_minus_is_a_sign_between_two_things_only(tex, kind):
    (minus,) = [item for item in math_list(tex).items if isinstance(item, Sign) and item.tex == "-"]
    assert minus.kind == kind


@pytest.mark.parametrize(
    "tex", ["", "{", r"\frac", r"\left(", r"\begin{bmatrix} a", "^", "a_", r"\text{", r"\bigl", "}"]
)
def test_what_is_cut_off_is_measured_too(tex):
    assert isinstance(math_list(tex), Group)
    assert 0 <= width_of(tex) < 5


def test_widths_add_up():
    assert width_of("a b") == pytest.approx(0.529 + 0.429)
    assert width_of("a + b") == pytest.approx(0.529 + 0.429 + 0.778 + 4 / 9)
    assert width_of(r"\frac{a + b}{c}") == pytest.approx(width_of("a + b") + 0.24)
    assert width_of(r"\Biggl( a \Biggr)") == pytest.approx(0.529 + 2 * 0.79)
    assert size_of(r"\frac{a}{b}").height > size_of("a").height
    assert words_width("so $a + b$") == pytest.approx(words_width("so ") + width_of("a + b"))


def test_a_formula_that_fits_stays_in_one_row():
    assert rows(WIDE, width_of(WIDE) + 0.01) == [WIDE]


@cache
def lines() -> list[str]:
    """The formulas of derivations of several styles."""
    found = [by_hand(), derived(), derived("recurrent"), derived(style="matrix")]
    contents = [derivation.content() for derivation in found]
    return [c.printer.tex(line.body) for c in contents for section in c.sections for line in section.lines]


@pytest.mark.parametrize("width", [25, 34, 41])
def test_rows_are_no_wider_than_asked_and_lose_nothing(width):
    broken = {tex: rows(tex, width) for tex in lines()}
    assert sum(len(parts) > 1 for parts in broken.values()) > 1
    for tex, parts in broken.items():
        assert all(width_of(row) <= width + 1e-9 for row in parts), parts
        assert same(tex) == same(" ".join(parts))


def same(tex: str) -> str:
    r"""The formula without blanks, the sizes of brackets, and the \cdot between factors."""
    return re.sub(r"\\(qquad|left|right|[bB]igg?[lr]|cdot|,)|\s", "", tex)


def test_rows_go_on_with_their_sign():
    first, *more = rows(WIDE, 16)
    assert more
    assert first.startswith(r"\sum")
    assert all(re.match(r"\\qquad (\+|-|\\odot|\\cdot|=)", row) for row in more)


def test_the_sign_of_a_definition_is_one_sign():
    assert width_of("a := b") == pytest.approx(0.529 + 0.429 + 0.278 + 0.778 + 10 / 18)
    assert rows("a b c := d + e", 3) == ["a b c", r"\qquad := d", r"\qquad + e"]


@pytest.mark.parametrize(
    "tex", [r"\left(a + b + c + d\right)", r"\frac{a + b + c + d}{e}", r"\tanh\left(a + b + c + d\right)"]
)
def test_brackets_and_fractions_are_not_broken_where_the_row_breaks_beside_them(tex):
    line = f"= {tex} + y"
    assert rows(line, width_of(line) - 0.5) == [f"= {tex}", rf"{INDENT}+ y"]


def test_brackets_get_a_fixed_size_where_nothing_else_helps():
    assert rows(r"\left(a + b + c + d\right)^{2}", 6) == [r"\bigl( a + b + c", r"\qquad + d \bigr)^{2}"]


def test_the_derivative_of_a_long_sum_becomes_an_operator():
    tex = r"\frac{\partial \left(a + b + c + d\right)}{\partial x}"
    assert rows(tex, width_of(tex)) == [tex]
    assert rows(tex, 6) == [r"\frac{\partial}{\partial x} \bigl( a + b + c", r"\qquad + d \bigr)"]


def test_no_sign_is_torn_from_what_it_works_on():
    for tex in (r"\partial L", r"\nabla_{W} L", r"\tanh x", r"-x", r"\mathrm{d} W"):
        assert rows(f"{tex}", 0.1) == [tex]


def test_the_checker_reads_broken_lines_as_whole_ones():
    model = jac.mlp([3, 5, 2])
    tex = to_latex(parse("sum_k(D(L, z2[k]) * D(z2[k], W1[i, j])) + 2 * D(L, W1[i, j]) - 2 * D(L, W1[i, j])"))
    broken = rows(f"= {tex}", 9)
    assert len(broken) > 2
    body = " \\\\\n".join(f"& {row}" for row in broken)
    head, reason = r"\frac{\partial L}{\partial W^{(1)}_{i j}}", r"\text{(chain rule)}"
    claim = rf"\begin{{align*}} {head} {body} && {reason} \end{{align*}}"
    assert jac.check(model, claim).status == "true"
    assert jac.check(model, claim.replace("+ 2", "+ 3")).status == "false"
