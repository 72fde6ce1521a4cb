"""The layout detective: conventions by claims with known ones, round trips over all pairs, the command."""

from __future__ import annotations

import json
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
import sympy as sp

import jacobians as jac
from jacobians.claims.check import Checker, check, context_of
from jacobians.claims.layouts import investigated
from jacobians.claims.layouts_detective import Detective, sides
from jacobians.claims.layouts_rewriting import Rewriting
from jacobians.claims.layouts_table import CHOICES, QUESTION_OF, QUESTIONS, chosen
from jacobians.errors import InputError, MathSyntaxError
from jacobians.notation.alike import regrouped
from jacobians.notation.patching import one_sign
from tests.corpus import corpus

MAP = "n, m : size\nx : n\nW : m x n\nb : m\nl : function -> scalar\nz = W @ x + b\nL = l(z)"
DEEP = (
    "n, m, p : size\nx : n\nV : m x n\nW : p x m\nl : function -> scalar\ny = V @ x\nh = tanh(y)\nz = W @ h\nL = l(z)"
)
QUADRATIC = "n : size\nx : n\na : n\nA : n x n\nf = x.T @ A @ x\nr = norm(x)\ng = a.T @ x"
KRONECKER = "n, m, p, q : size\nA : m x n\nX : n x p\nB : p x q\nu : m\nv : n\n⊗ is Kronecker"
OUTER = "n, m : size\nu : m\nv : n\nM : m x n\nM = u ⊗ v"
DENOMINATOR = f"layout is denominator\n{MAP}"
ROWS = "n, m, p : size\nvectors are rows\nx : n\nV : n x m\nW : m x p\nl : function -> scalar\n"
ROWS += "y = x @ V\nh = tanh(y)\nz = h @ W\nL = l(z)"

LAYOUTS = ("mixed", "denominator", "numerator", "row-gradients")
ARRAYS = ("function-first", "variable-first")
NUMERATOR = ("mixed", "numerator", "row-gradients", "function-first")
COLUMN = ("mixed", "denominator", *ARRAYS)


def right_layouts(context: str, claim: str) -> set[str]:
    """The layouts it is right in, all else as the context has it."""
    detective, _ = investigated(context, claim)
    statements = [sides(tree) for tree in detective.chains]
    return {
        x.key
        for x in QUESTIONS[0].choices
        if detective.finding(statements, chosen(detective.home, x), direct=True).right
    }


# ----- in which layouts -----

LAID_OUT = [
    # a Jacobian of vectors: numbers have their outputs or their inputs first
    (MAP, "D(z, x) = W", NUMERATOR),
    (MAP, "D(z, x) = W.T", ("denominator", "variable-first")),
    (DEEP, "D(z, x) = D(z, h) @ D(h, x)", NUMERATOR),
    (DEEP, "D(z, x) = D(h, x) @ D(z, h)", ("denominator", "variable-first")),
    # the gradient of a number: a column, a row, or an array of one axis that is both
    (MAP, r"\frac{\partial L}{\partial x} = W^T \frac{\partial L}{\partial z}", COLUMN),
    (MAP, r"\frac{\partial L}{\partial x} = \frac{\partial L}{\partial z} W", ("numerator", "row-gradients", *ARRAYS)),
    (QUADRATIC, "D(g, x) = a", COLUMN),
    (QUADRATIC, "D(g, x) = a.T", ("numerator", "row-gradients", *ARRAYS)),
    (QUADRATIC, "D(f, x) = x.T @ (A + A.T)", ("numerator", "row-gradients", *ARRAYS)),
    # both at once: the chain rule of each layout
    (MAP, "D(L, x) = D(L, z) @ D(z, x)", ("numerator", "row-gradients", "function-first")),
    (MAP, "D(L, x) = D(z, x).T @ D(L, z)", ("mixed", "function-first")),
    (MAP, "D(L, x) = D(z, x) @ D(L, z)", ("denominator", "variable-first")),
    # by a matrix: its own shape, or that of the transpose
    (MAP, r"\frac{\partial L}{\partial W} = \frac{\partial L}{\partial z} x^T", COLUMN),
    (MAP, r"\frac{\partial L}{\partial W} = x \frac{\partial L}{\partial z}", ("numerator",)),
    (MAP, r"\frac{\partial L}{\partial W} = (\frac{\partial L}{\partial z})^T x^T", ("row-gradients", *ARRAYS)),
    (QUADRATIC, r"\frac{\partial f}{\partial A} = x x^T", {*LAYOUTS, *ARRAYS}),
    # three axes
    (MAP, r"\frac{\partial z_i}{\partial W_{kl}} = \delta_{ik} x_l", {*LAYOUTS, *ARRAYS}),
    (MAP, r"\frac{\partial z}{\partial W} = \mathrm{Id}_m \otimes x", NUMERATOR),
    (
        MAP,
        r"\frac{\partial L}{\partial W} = \frac{\partial L}{\partial z} \frac{\partial z}{\partial W}",
        ("mixed", "row-gradients", "function-first"),
    ),
    # in no layout
    (MAP, "D(z, x) = 2 * W", ()),
    (MAP, r"\frac{\partial L}{\partial x} = W^T x", ()),
    # what the document says of its layout says nothing of the claim
    (DENOMINATOR, "D(z, x) = W", NUMERATOR),
]


@pytest.mark.parametrize(("context", "claim", "expected"), LAID_OUT)
def test_layouts(context, claim, expected):
    assert right_layouts(context, claim) == set(expected)


def test_derivatives_of_numbers_by_sympy_are_variable_first():
    """The two facts about SymPy in the table of who uses what."""
    A, x = sp.MatrixSymbol("A", 3, 2), sp.MatrixSymbol("x", 2, 1)
    assert (A * x).diff(x) == A.T
    a, b = sp.symbols("a b")
    assert sp.derive_by_array([a * b, a**2, b], [a, b]).shape == (2, 3)


@pytest.mark.parametrize("claim", ["W @ x = z - b", "D(L, b) = D(L, z)"])
def test_what_is_right_in_every_layout_lists_none(claim):
    assert "layout" not in {question.setting for question in jac.layouts(MAP, claim).questions}


# ----- columns and rows -----

ROW_CLAIMS = [
    "D(L, W) = h.T @ D(L, z)",
    "D(L, h) = D(L, z) @ W.T",
    "D(L, V) = x.T @ (D(L, h) * tanh'(y))",
    "D(z, h) = W.T",
    "D(L, V[i,j]) = x[i] * D(L, y[j])",
    "z = h @ W",
    "norm(x)^2 = x @ x.T",
    "D(h @ W, h) = W.T",
]


@pytest.mark.parametrize("claim", ROW_CLAIMS)
def test_rows_are_right_in_a_document_of_rows_and_found_in_one_of_columns(claim):
    """The same claim about the same network, written for rows and for columns."""
    assert check(ROWS, claim, explain=False).status == "true"
    detective, _ = investigated(DEEP, claim)
    finding = detective.finding([sides(tree) for tree in detective.chains], chosen(detective.home, CHOICES["rows"]))
    assert finding.right, finding.reason


@pytest.mark.parametrize("claim", ["D(L, W) = D(L, z) @ h.T", "D(L, h) = W.T @ D(L, z)", "D(L, W) = h @ D(L, z)"])
def test_columns_are_wrong_for_rows(claim):
    assert check(ROWS, claim, explain=False).status != "true"
    detective, _ = investigated(DEEP, claim)
    finding = detective.finding([sides(tree) for tree in detective.chains], chosen(detective.home, CHOICES["rows"]))
    assert not finding.right


def test_rows_in_another_layout():
    report = jac.layouts(DEEP, "D(z, h) = W")
    assert report.found == Detective(context_of(DEEP), "D(z, h) = W").home
    assert "denominator, rows" in [report.names(finding) for finding in report.right]


# ----- vec and the tensor product -----


def test_vec_of_columns_and_of_rows():
    column, row = "vec(A @ X @ B) = (B.T ⊗ A) @ vec(X)", "vec(A @ X @ B) = (A ⊗ B.T) @ vec(X)"
    assert jac.rewritten(KRONECKER, column, to="row-vec") == row
    assert jac.rewritten(KRONECKER, row, to="column-vec") == column
    rng = np.random.default_rng(0)
    A, X, B = rng.normal(size=(3, 5)), rng.normal(size=(5, 2)), rng.normal(size=(2, 7))
    np.testing.assert_allclose(np.kron(B.T, A) @ X.ravel("F"), (A @ X @ B).ravel("F"))
    np.testing.assert_allclose(np.kron(A, B.T) @ X.ravel(), (A @ X @ B).ravel())


def test_outer_product_and_kronecker():
    assert jac.rewritten(OUTER, "u ⊗ v = u @ v.T", to="Kronecker") == "u ⊗ v.T = u @ v.T"
    assert jac.rewritten(OUTER, "u ⊗ v.T = u @ v.T", to="outer-product", frm="Kronecker") == "u ⊗ v = u @ v.T"
    with pytest.raises(InputError, match=r"A ⊗ B of matrices has no form for outer-product; write it by its entries"):
        jac.rewritten(KRONECKER, "(A ⊗ B).T = A.T ⊗ B.T", to="outer-product", frm="Kronecker")


# ----- rewriting -----

REWRITTEN = [
    (DEEP, "D(z, x) = D(z, h) @ D(h, x)", "denominator", "D(z, x) = D(h, x) @ D(z, h)"),
    (MAP, "D(L, x) = D(L, z) @ D(z, x)", "mixed", "D(L, x) = D(z, x).T @ D(L, z)"),
    (MAP, "D(L, x)  =  W.T@D(L, z)", "numerator", "D(L, x)  =  D(L, z)@W"),
    (
        MAP,
        r"\frac{\partial L}{\partial W} = \frac{\partial L}{\partial z} x^T",
        "rows",
        r"\frac{\partial L}{\partial W} = x^T \frac{\partial L}{\partial z}",
    ),
    (
        MAP,
        r"\frac{\partial L}{\partial W} = \frac{\partial L}{\partial z} x^\intercal",
        "row-gradients",
        r"\frac{\partial L}{\partial W} = \left(\frac{\partial L}{\partial z}\right)^\intercal x^\intercal",
    ),
    # a sum is transposed as a whole, numbers stay where they are
    (
        DEEP,
        r"\frac{\partial L}{\partial y} = W^T \frac{\partial L}{\partial z} \odot (1 - h^2)",
        "numerator",
        r"\frac{\partial L}{\partial y} = \frac{\partial L}{\partial z} W \odot (1 - h^2)^T",
    ),
    (
        QUADRATIC,
        r"\frac{\partial f}{\partial x} = (A + A^T) x",
        "numerator",
        r"\frac{\partial f}{\partial x} = x^T (A^T + A)",
    ),
    (
        QUADRATIC,
        r"\frac{\partial f}{\partial x} = \frac{1}{2} \cdot 2 A x + A^T x",
        "numerator",
        r"\frac{\partial f}{\partial x} = \frac{1}{2} \cdot 2 x^T A^T + x^T A",
    ),
    (DEEP, "D(h, x) = diag(1 - h^2) @ V", "denominator", "D(h, x) = V.T @ diag(1 - h^2)"),
    # the chain rule through an array of three axes
    (
        MAP,
        r"\frac{\partial L}{\partial W} = \frac{\partial L}{\partial z} \frac{\partial z}{\partial W}",
        "denominator",
        r"\frac{\partial L}{\partial W} = \frac{\partial z}{\partial W} \frac{\partial L}{\partial z}",
    ),
    # entries, and formulas inside of derivatives
    (
        DEEP,
        r"\frac{\partial L}{\partial W_{ij}} = \frac{\partial L}{\partial z_i} h_j",
        "rows",
        r"\frac{\partial L}{\partial W_{ji}} = \frac{\partial L}{\partial z_i} h_j",
    ),
    (DEEP, "D(W @ h, h) = W", "rows", "D(h @ W, h) = W.T"),
    (
        None,
        "D(log(det(A)), A) + b @ b.T = inverse(A).T + b @ b.T",
        "denominator",
        "D(log(det(A)), A) + b @ b.T = inverse(A).T + b @ b.T",
    ),
    (
        None,
        r"\frac{\partial a^T X^{-1} b}{\partial X} = -X^{-T} a b^T X^{-T}",
        "numerator",
        r"\frac{\partial a^T X^{-1} b}{\partial X} = -X^{-1} b a^T X^{-1}",
    ),
    (None, r"\frac{\partial x W}{\partial x} = W^T", "columns", r"\frac{\partial (W x)}{\partial x} = W"),
    # without a space between names that are transposed, and labels without brackets
    (
        "k : layer\nx_(k) : n_(k)\nW_(k) : n_(k) x n_(k-1)\nz_(k) = W_(k) @ x_(k-1)",
        r"\frac{\partial z^k}{\partial x^{k-1}} = W^k",
        "denominator",
        r"\frac{\partial z^k}{\partial x^{k-1}} = (W^k)^\top",
    ),
    # what is right there already stays as it is
    (MAP, "D(L, x) = D(L, z) @ D(z, x)", "function-first", "D(L, x) = D(L, z) @ D(z, x)"),
    # code
    (DEEP, "dW = dz @ h.T", "rows", "dW = h.T @ dz"),
]


@pytest.mark.parametrize(("context", "claim", "to", "expected"), REWRITTEN)
def test_rewritten(context, claim, to, expected):
    assert jac.rewritten(context, claim, to=to) == expected


TRUTHS = {claim.id: claim for claim in corpus(Path(__file__).parent / "truths")}
#: A claim of each kind that the truths have, and those of this file with ⊗ and vec.
ROUND_TRIPS = [
    *(
        (TRUTHS[name].context, TRUTHS[name].text)
        for name in (
            "entries-1 entries-3 softmax-2 softmax-4 softmax-6 norm-3 scalar-5 linear-6 layered-1 layered-2 layered-3 "
            "layered-6 layered-7 two-2 two-3 two-6 batch-4 batch-8 residual-3 residual-5 residual-6 rnn-1 rnn-4 "
            "attention-4"
        ).split()
    ),
    (QUADRATIC, "D(f, x) = A @ x + A.T @ x"),
    (QUADRATIC, r"\frac{\partial r}{\partial x} = \frac{x}{r}"),
    (
        MAP,
        r"\frac{\partial L}{\partial W} = \frac{\partial L}{\partial z} \frac{\partial z}{\partial W}"
        r" = \frac{\partial L}{\partial z} x^T",
    ),
    (QUADRATIC, r"\frac{\partial f}{\partial x} a^T x = a^T x (A + A^T) x"),
    (KRONECKER, "vec(A @ X @ B) = (B.T ⊗ A) @ vec(X)"),
    (OUTER, "u ⊗ v = u @ v.T"),
]


def normal(detective, conventions):
    """The normal form of the statements: see `claims.layouts_transpose`."""
    transposer = Rewriting(detective, conventions, conventions).transposer(conventions)
    parts = [part for tree in detective.chains for part in transposer.equation(sides(tree))]
    return [regrouped(one_sign(part)) for part in parts]


@pytest.mark.parametrize(("context", "claim"), ROUND_TRIPS)
def test_round_trips_over_all_pairs_of_conventions(context, claim):
    """From any convention to any other is the same tree, whichever way it was reached; back is where one came from."""
    start, report = investigated(context, claim)
    questions = [*start.questions()]
    source = report.found
    assert source is not None
    names = [c.key for q in questions for c in q.choices if c.key not in ARRAYS]
    names = [name for name in names if not (context == KRONECKER and name == "outer-product")]  # which has no form
    forms = {}
    for name in names:
        goal = chosen(source, CHOICES[name])
        text = Rewriting(start, source, goal).text() if goal != source else claim  # judged in that convention
        forms[name] = Detective(start.context, text)
        forms[name].judge = start.judge
    expected = {name: normal(found, chosen(source, CHOICES[name])) for name, found in forms.items()}
    for one, other in permutations(names, 2):
        if QUESTION_OF[CHOICES[one]] is not QUESTION_OF[CHOICES[other]]:
            continue
        here, there = chosen(source, CHOICES[one]), chosen(source, CHOICES[other])
        statements = [Rewriting(forms[one], here, there).statement(tree) for tree in forms[one].chains]
        transposer = Rewriting(forms[one], there, there).transposer(there)
        made = [regrouped(one_sign(part)) for tree in statements for part in transposer.equation(sides(tree))]
        assert made == expected[other], (one, other)


def test_a_rewritten_claim_is_another_text_where_it_has_to_be():
    """The round trips are not those of texts that never change."""
    for name in ("layered-6", "two-3", "rnn-4", "attention-4"):
        claim = TRUTHS[name]
        report = jac.layouts(claim.context, claim.text)
        wrong = {report.names(f) for f in report.findings if not f.right}
        assert wrong
        assert all(report.forms[name] != claim.text for name in wrong)


# ----- errors -----


@pytest.mark.parametrize(
    ("claim", "options", "message"),
    [
        ("D(z, x) = 2 * W", {}, r"D\(z, x\) = 2 \* W is right in no convention that is known; `check` says"),
        ("D(z, x) = W", {"to": "row layout"}, r"unknown convention 'row layout'; known are mixed, denominator,"),
        (
            "D(z, x) = W",
            {"to": "rows", "frm": "mixed"},
            r"expected frm and to of one kind, got mixed and rows; leave frm out",
        ),
        (
            "D(z, x) = W",
            {"frm": "denominator", "to": "mixed"},
            r"right in the convention denominator, got D\(z, x\) = W: .*; it is right in mixed",
        ),
        (
            "D(z, W) = Id(m) ⊗ x",
            {},
            r"D\(z, W\) has more than two axes, which stand in another order there; write it by its entries",
        ),
        (
            "D(L, x) - W.T @ D(L, z) = (D(L, x) - D(L, z) @ W)*0",
            {"frm": "function-first", "to": "numerator"},
            r"gradients that are rows in one place and columns in another; write transposes",
        ),
        ("x : 3", {}, r"line 1, column 3"),
        ("W @ x", {}, r"expected an equation that claims something, got 'W @ x'; write left = right"),
        ("D(z, x) = U", {}, r"U is not declared; say what it is"),
        (3, {}, r"layouts: expected the claim as text, got int"),
    ],
)
def test_what_cannot_be_rewritten(claim, options, message):
    with pytest.raises((InputError, MathSyntaxError), match=message):
        jac.rewritten(MAP, claim, **options)


# ----- the command -----


@pytest.fixture
def map_file(tmp_path):
    path = tmp_path / "map.txt"
    path.write_text(MAP, encoding="utf-8")
    return path


class TestCommand:
    def test_right_in_some(self, run_command, map_file):
        status, out, err = run_command("layout", "D(z, x) = W.T", "--model", map_file)
        assert (status, err) == (0, "")
        assert out.splitlines()[:2] == ["D(z, x) = W.T", "right in: denominator, variable-first; columns"]
        assert "  right           denominator     SymPy (diff of matrix expressions)\n" in out
        assert "      there: D(z, x) = W\n" in out
        assert "also right in: mixed, rows" in out
        assert "\x1b" not in out

    def test_right_in_none(self, run_command, map_file):
        status, out, _ = run_command("layout", "D(z, x) = 2 * W.T", "--model", map_file)
        assert status == 1
        assert "right in no convention: " in out

    def test_every_layout(self, run_command, map_file):
        status, out, _ = run_command("layout", "D(L, b[i]) = D(L, z[i])", "--model", map_file)
        assert (status, out.splitlines()[1]) == (0, "right in every layout")

    def test_not_readable(self, run_command, map_file):
        status, out, err = run_command("layout", r"\frac{W}{x", "--model", map_file)
        assert (status, out) == (2, "")
        assert "'{' is never closed" in err

    def test_to(self, run_command, map_file):
        status, out, _ = run_command("layout", "D(L, x) = W.T @ D(L, z)", "--model", map_file, "--to", "numerator")
        assert (status, out) == (0, "D(L, x) = D(L, z) @ W\n")

    def test_from_without_to(self, run_command, map_file):
        status, _, err = run_command("layout", "D(z, x) = W", "--model", map_file, "--from", "mixed")
        assert status == 2
        assert "--from mixed: expected --to too, got none" in err

    def test_models_by_headings(self, run_command, tmp_path):
        path = tmp_path / "notes.model.md"
        path.write_text("# One\n\n```model\nx : 3\n```\n", encoding="utf-8")
        status, _, err = run_command("layout", "D(x, x) = 1", "--model", path)
        assert status == 2
        assert "expected a file of equations, got models by headings; write one to a .txt file" in err

    def test_json(self, run_command):
        status, out, _ = run_command("layout", r"\frac{\partial (A x)}{\partial x} = A^T", "--json")
        data = json.loads(out)
        assert status == 0
        assert data["taken"] == ["A : m_A x m_A", "x : m_A"]
        assert data["right"][:2] == ["denominator, columns", "variable-first, columns"]
        assert data["rewritten"]["mixed, columns"] == r"\frac{\partial (A x)}{\partial x} = A"
        assert {q["name"] for q in data["questions"]} == {"layout of derivatives", "columns or rows"}

    def test_definitions_before_the_claim(self, run_command):
        status, out, _ = run_command("layout", r"y = W x, \frac{\partial y}{\partial x} = W^T", "--to", "mixed")
        assert (status, out) == (0, "y = W x, \\frac{\\partial y}{\\partial x} = W\n")


def test_the_checker_and_the_detective_agree():
    """Right in the conventions of the document is what the checker calls true."""
    for context, claim, layouts in LAID_OUT[:12]:
        verdict = Checker(context_of(context)).check(claim, explain=False)
        assert (verdict.status == "true") == ("function-first" in layouts)
        assert (verdict.status == "layout") == ("function-first" not in layouts and bool(layouts))
