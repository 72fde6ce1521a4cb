r"""Notations: options from text and files, every option printed, formulas that an option changes, all read back."""

from __future__ import annotations

import pytest

import jacobians as jac
from jacobians.claims.check import Checker, context_of
from jacobians.claims.notated import Notated, context_for, written
from jacobians.claims.surfaces import read_claim
from jacobians.errors import InputError
from jacobians.notation import parse, sentences_de, sentences_en
from jacobians.notation.conventions import conventions, layout_line
from jacobians.notation.options import Notation
from jacobians.notation.to_latex import LatexWriter
from jacobians.notation.tree import Call, Name, Number
from tests import derived_models
from tests.corpus import corpus
from tests.notations import NOTATIONS, read_back, true_lines
from tests.redpen import TRUTHS
from tests.test_katex import problems
from tests.test_presets import CONTEXT

RANKS = {"W1": 2, "b1": 1, "z1": 1, "x": 1, "delta1": 1, "L": 0, "yhat": 1, "s": 0, "X": 2, "score": 1}

#: Notation, a formula in plain text, its LaTeX.
SIGNS = [
    ("layers=(k)", "W1 @ x", r"W^{(1)} \, x"),
    ("layers=[k]", "W1.T @ a_(k-1)", r"W^{[1]\top} \, a^{[k - 1]}"),
    ("layers=_k", "W1[i, j] + a_(k-1)[i]", r"(W_{1})_{i j} + (a_{k - 1})_{i}"),
    ("layers=_k", "W1.T @ x^2 + z1^2", r"W^\top_{1} \, x^{2} + \left(z_{1}\right)^{2}"),
    ("layers=k", "W1.T @ z1[j]^2", r"\left(W^{1}\right)^\top \, \left(z^{1}_{j}\right)^{2}"),
    ("layers=k", "z[j]^2 + x[j]^2", r"\left(z_{j}\right)^{2} + x_{j}^{2}"),
    ("bold", "W1 @ x + s + b1", r"\mathbf{W}^{(1)} \, \mathbf{x} + s + \mathbf{b}^{(1)}"),
    ("bold", "delta1 + yhat", r"\boldsymbol{\delta}^{(1)} + \hat{\mathbf{y}}"),
    ("bold", "W1[i, j] - x[j] + X[i]", r"W^{(1)}_{i j} - x_{j} + \mathbf{X}_{i}"),
    ("derivative=D", "D(z1, x)", r"D_{x} z^{(1)}"),
    ("derivative=D", "D(L, z1) @ D(z1, x)", r"\left(D_{z^{(1)}} L\right) \, D_{x} z^{(1)}"),
    ("derivative=D", "D(z1[i], x[j])", r"\frac{\partial z^{(1)}_{i}}{\partial x_{j}}"),
    ("derivative=D", "D(z1, score)", r"J_{z^{(1)}}\left(\mathrm{score}\right)"),
    ("derivative=d", "dx + dscore", r"dx + \mathrm{dscore}"),
    ("derivative=J", "D(z1, W1)", r"J_{z^{(1)}}\left(W^{(1)}\right)"),
    ("derivative=J", "D(L, s)", r"\frac{\partial L}{\partial s}"),
    ("kronecker=brackets", "kronecker(i, j) - x[j]", "[i = j] - x_{j}"),
    ("hadamard=circ", "z1 * x", r"z^{(1)} \circ x"),
    ("transpose=T", "(W1 @ x).T", r"\left(W^{(1)} \, x\right)^T"),
    ("transpose=roman", "x.T @ W1.T", r"x^{\mathrm{T}} \, W^{(1)\mathrm{T}}"),
    (r"names.delta=\epsilon,names.W1=A_{\mathrm{in}}", "delta1 + W1 @ x", r"\epsilon^{(1)} + A_{\mathrm{in}} \, x"),
    (r"names.W1=A_{\mathrm{in}}", "W1[i, j]", r"A_{\mathrm{in}, i j}"),
    (r"names.W=\Theta,layers=[k]", "dW1 + W2", r"d \Theta^{[1]} + \Theta^{[2]}"),
    ("names.g=h", "g(x) + g'(x)", r"h\left(x\right) + h'\left(x\right)"),
    ("names.L=C", "a_(L)", "a^{(L)}"),
]


@pytest.mark.parametrize(("options", "plain", "latex"), SIGNS)
def test_signs_of_a_notation(options, plain, latex):
    tree = parse(plain)
    assert LatexWriter(notation=Notation.read(options), ranks=RANKS).text(tree) == latex
    assert Notation.read(options).write(tree, ranks=RANKS) == latex


@pytest.mark.katex
def test_katex_takes_the_signs():
    assert set(problems([latex for *_, latex in SIGNS])) == {None}


#: Notation, a claim about the layered network of the presets, and what it becomes.
CHANGED = [
    ("vectors=rows", r"z^{(k)} = W^{(k)} a^{(k-1)} + b^{(k)}", r"z^{(k)} = a^{(k - 1)} W^{(k)} + b^{(k)}"),
    (
        "vectors=rows",
        r"\delta^{(k)}_j = g'(z^{(k)}_j) \sum_i W^{(k+1)}_{ij} \delta^{(k+1)}_i",
        r"\delta^{(k)}_{j} = g'\left(z^{(k)}_{j}\right) \sum_{i} W^{(k + 1)}_{j i} \delta^{(k + 1)}_{i}",
    ),
    (
        "vectors=rows,layout=denominator",
        r"\frac{\partial z^{(k)}}{\partial a^{(k-1)}} = W^{(k)}",
        r"\frac{\partial z^{(k)}}{\partial a^{(k - 1)}} = W^{(k)}",
    ),
    (
        "layout=numerator",
        r"\frac{\partial L}{\partial a^{(k)}} = W^{(k+1)\top} \delta^{(k+1)}",
        r"\frac{\partial L}{\partial a^{(k)}} = \delta^{(k + 1)\top} W^{(k + 1)}",
    ),
    (
        "layout=denominator",
        r"\frac{\partial L}{\partial a^{(k)}} = \frac{\partial L}{\partial z^{(k+1)}}"
        r"\frac{\partial z^{(k+1)}}{\partial a^{(k)}} = W^{(k+1)\top} \delta^{(k+1)}",
        r"\frac{\partial L}{\partial a^{(k)}} = \frac{\partial z^{(k + 1)}}{\partial a^{(k)}} "
        r"\frac{\partial L}{\partial z^{(k + 1)}} = W^{(k + 1)\top} \delta^{(k + 1)}",
    ),
    (
        "sums=Einstein,kronecker=brackets",
        r"\frac{\partial L}{\partial W^{(k)}_{ij}} = \sum_p \delta^{(k)}_p \delta_{pi} a^{(k-1)}_j",
        r"\frac{\partial L}{\partial W^{(k)}_{i j}} = \delta^{(k)}_{p} [p = i] a^{(k - 1)}_{j}",
    ),
    (
        "sums=Einstein",  # z_i^2 has the index once only
        r"\frac{\partial \sum_i (z^{(k)}_i)^2}{\partial z^{(k)}_j} = 2 z^{(k)}_j",
        r"\frac{\partial \left(\sum_{i} \left(z^{(k)}_{i}\right)^{2}\right)}{\partial z^{(k)}_{j}} = 2 z^{(k)}_{j}",
    ),
    (
        "sums=Einstein",  # of g(z_i) the index is none
        r"z^{(k)\top} g(z^{(k)}) = \sum_i z^{(k)}_i g(z^{(k)}_i)",
        r"z^{(k)\top} g\left(z^{(k)}\right) = \sum_{i} z^{(k)}_{i} g\left(z^{(k)}_{i}\right)",
    ),
    (
        "derivative=nabla",
        r"\frac{\partial L}{\partial a^{(k)}} = W^{(k+1)\top} \frac{\partial L}{\partial z^{(k+1)}}",
        r"\nabla_{a^{(k)}} L = W^{(k + 1)\top} \nabla_{z^{(k + 1)}} L",
    ),
    (
        "derivative=d",
        r"\frac{\partial L}{\partial W^{(k)}_{ij}} = \delta^{(k)}_i a^{(k-1)}_j",
        r"dW^{(k)}_{i j} = \delta^{(k)}_{i} a^{(k - 1)}_{j}",
    ),
    (
        r"names.delta=\epsilon,layers=_k,layout=mixed",
        r"\frac{\partial L}{\partial W^{(k)}} = \delta^{(k)} a^{(k-1)\top}",
        r"\frac{\partial L}{\partial W_{k}} = \epsilon_{k} a^\top_{k - 1}",
    ),
]


@pytest.mark.parametrize(("options", "claim", "latex"), CHANGED)
def test_formulas_change_with_the_notation_and_are_read_back(options, claim, latex):
    notation = Notation.read(options)
    tree = read_claim(claim, CONTEXT)[1][0]
    assert written(tree, notation, CONTEXT) == latex == notation.write(tree, CONTEXT)
    assert Checker(context_for(CONTEXT, notation)).check(latex, explain=False).status == "true"


@pytest.mark.parametrize(
    ("plain", "rows"),
    [
        ("W_(k).T", r"W^{(k)\top}"),
        ("delta_(k) @ a_(k-1).T", r"a^{(k - 1)\top} \, \delta^{(k)}"),
        ("D(L, a_(k))", r"\frac{\partial L}{\partial a^{(k)}}"),
        ("D(z_(k), a_(k-1))", r"\frac{\partial z^{(k)}}{\partial a^{(k - 1)}}"),
    ],
)
def test_a_formula_by_itself_is_transposed_for_rows(plain, rows):
    assert written(parse(plain), Notation(vectors="rows"), CONTEXT) == rows


def test_a_network_of_numbers_is_read_from_its_text():
    model = jac.Model.parse("x : 3\nW1 : 2 x 3\nb1 : 2\nz1 = W1 @ x + b1\nL = norm(z1)^2")
    notated = Notated(context_of(model), Notation(vectors="rows", names={"z": "u"}, layout="mixed"))
    tex = notated.latex(read_claim("D(L, W1) = 2 z1 @ x.T", notated.source)[1][0])
    assert tex == r"\frac{\partial L}{\partial W^{(1)}} = 2 x^\top \, u^{(1)}"
    assert Checker(notated.context).check(tex).status == "true"


# ----- everything read back -----


@pytest.fixture(scope="module")
def sample():
    """True lines of networks, of entries and of matrices."""
    claims = [*corpus(), *corpus(TRUTHS)]
    chosen = ("entries-3", "softmax-2", "batch-7", "rnn-2", "mlp-09", "de-13", "w2v-13")
    return list(true_lines(claim for claim in claims if claim.id in chosen))


#: Notations, and the lines of the sample that they have no unambiguous form for.
READ = [("nielsen", set()), ("cs231n", {"mlp-09"}), ("seeds-de", {"w2v-13"}), ("sums=Einstein", set())]


@pytest.mark.parametrize(("name", "refused"), READ)
def test_lines_of_a_notation_are_read_back_as_true(sample, name, refused):
    found = {line.id: read_back(line, Notated(line.context, NOTATIONS[name])) for line in sample}
    assert len(found) == 7
    assert {key for key, (status, _) in found.items() if status != "true"} == refused
    assert {found[key][0] for key in refused} <= {"refused"}


# ----- what cannot be written -----

UNWRITTEN = [
    (
        "vectors=rows",
        "m, n : size\nx : n\nW : m x n\na = W @ x",
        r"\frac{\partial a}{\partial W} = \mathrm{Id}_m \otimes x",
    ),
    ("layout=denominator", "m, n : size\nx : n\nW : m x n\na = W @ x", r"J_a(W) = \mathrm{Id}_m \otimes x"),
]


@pytest.mark.parametrize(("options", "context", "claim"), UNWRITTEN)
def test_a_tensor_has_no_form_in_another_order_of_axes(options, context, claim):
    context = context_of(context)
    with pytest.raises(InputError, match=r"no form of .* was found for .*; write it by its entries"):
        written(read_claim(claim, context)[1][0], Notation.read(options), context)


def test_refusals_name_the_option_and_what_is_in_the_way():
    context = context_of("n : size\nx : n\nJ = x.T @ x")
    tree = read_claim(r"\frac{\partial J}{\partial x} = 2 x", context)[1][0]
    with pytest.raises(
        InputError, match=r"notation.derivative: J is a quantity here; give it another name, as in names.J"
    ):
        written(tree, Notation(derivative="J", layout="mixed"), context)
    named = Notated(context, Notation(names={"J": "x"}))
    with pytest.raises(InputError, match=r"notation.names: J would be written as x is, which is there too; give it"):
        _ = named.context
    same = read_claim(r"\frac{\partial x_i}{\partial x_i} = 1", context)[1][0]
    with pytest.raises(InputError, match=r"notation.sums: D\(x\[i\], x\[i\]\) has i twice without a sum"):
        written(same, Notation(sums="Einstein"), context)
    with pytest.raises(InputError, match=r"notation.vectors: rows reverse products; give the context"):
        Notation(vectors="rows").write(parse("W @ x"))
    row = context_of("n : size\nx : n row\ny : n")
    with pytest.raises(InputError, match=r"notation.vectors: x is declared as a row among columns; transpose it there"):
        context_for(row, Notation(vectors="rows"))
    function = context_of("n : size\nA : n x n\nu : n\nf(v) = A v\ny = f(u)")
    with pytest.raises(InputError, match=r"notation.vectors: the equation of f has arrays; write them as arguments"):
        context_for(function, Notation(vectors="rows"))


def test_a_transpose_is_roman_beside_a_quantity_t():
    context = context_of("n : size\nT : scalar\nx : n\ny = T x")
    tree = read_claim(r"x^\top y = T x^\top x", context)[1][0]
    notated = Notated(context, Notation(transpose="T"))
    tex = notated.latex(tree)
    assert tex == r"x^{\mathrm{T}} y = T x^{\mathrm{T}} x"
    assert Checker(notated.context).check(tex).status == "true"


def test_a_direct_derivative_keeps_the_fraction():
    context = context_of("n : size\nx : n\nl : function -> scalar\nh = x + x * x\ny = h + x\nL = l(y)")
    total, direct = (
        read_claim(rf"\frac{{\partial y}}{{\partial x}} = {right}", context)[1][0]
        for right in (r"2 \mathrm{Id}_n + 2 \operatorname{diag}(x)", r"\mathrm{Id}_n")
    )
    assert written(total, Notation(derivative="D"), context).startswith("D_{x} y = ")
    assert written(direct, Notation(derivative="D"), context).startswith(r"\frac{\partial y}{\partial x} = ")


# ----- options from text -----


def test_options_are_read_from_a_line(tmp_path):
    read = Notation.read("layers=[k], bold, transpose=T, names.delta=\\epsilon, language=de")
    assert read == Notation("[k]", {"delta": r"\epsilon"}, True, transpose="T", language="de")
    assert Notation.read("nielsen,bold=yes") == Notation("k", {"L": "C"}, True, "mixed", transpose="T")
    assert Notation.read("") == Notation()


def test_options_are_read_from_a_file(tmp_path):
    path = tmp_path / "own.toml"
    path.write_text("layers = '_k'\nbold = true\npreset = 'ng'\n[names]\nW = '\\Theta'\n", encoding="utf-8")
    expected = Notation("_k", {"L": "J", "W": r"\Theta"}, True, "mixed", "d", transpose="T")
    assert Notation.read(path) == expected == Notation.read(str(path))
    path.write_text("layers = ", encoding="utf-8")
    with pytest.raises(InputError, match=r"own.toml is not TOML: "):
        Notation.read(path)
    with pytest.raises(InputError, match=r"missing.toml cannot be read: No such file or directory; give a preset, "):
        Notation.read(tmp_path / "missing.toml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("layers=[l]", r"notation.layers: expected \(k\) or \[k\] or _k or k, got '\[l\]'"),
        ("bold=maybe", "notation.bold: expected no or yes, got 'maybe'"),
        ("language=fr", "notation.language: expected de or en, got 'fr'"),
        ("layers", "notation.layers: expected a value, as in layers=k"),
        ("foo=1", "notation: unknown option 'foo'; known are layers, layout, derivative, .*names.NAME"),
        ("bold,ng", "notation: expected the preset ng before the options that change it"),
        ("ngg", "unknown preset 'ngg'; did you mean ng"),
        ("names.x=a b", r"notation.names: expected the LaTeX of one name for x, got 'a b'; give a letter, such as"),
        ("names.x=u,names.y=u", "notation.names: x and y are both u; give them different names"),
    ],
)
def test_a_bad_option_says_what_is_allowed_and_what_came(text, message):
    with pytest.raises(InputError, match=message):
        Notation.read(text)


def test_a_bad_value_in_python_is_refused():
    with pytest.raises(InputError, match=r"notation.bold: expected no or yes, got 1"):
        Notation(bold=1)  # type: ignore[arg-type]


# ----- what is told -----


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_conventions_are_told_in_both_languages(language):
    assert {len(conventions(Notation(language=language, **{option: value}))) for option, value in OTHERS} == {6, 7}
    lines = {layout_line(Notation(layout=x, language=language)) for x in ("numerator", "denominator", "mixed")}
    assert len(lines) == 3


def test_both_languages_say_the_same():
    assert sentences_de.SENTENCES.keys() == sentences_en.SENTENCES.keys()


OTHERS = [("layers", "_k"), ("bold", True), ("derivative", "J"), ("sums", "Einstein"), ("vectors", "rows")]


def test_what_is_told():
    assert layout_line(Notation()).startswith("numerator layout: outputs first; ")
    assert layout_line(Notation(derivative="∇")).startswith("mixed layout: ")
    assert layout_line(Notation(layout="denominator", language="de")).startswith("Nennerlayout: Eingaben zuerst; ")
    told = conventions(Notation(layers="[k]", vectors="rows", derivative="d"))
    assert told[:3] == [
        "A superscript in square brackets is the number of a layer: $W^{[1]}$ belongs to the first.",
        "Vectors are rows: $z = x W + b$; $W$ is the transpose of that for columns.",
        "$dx$ is the derivative of the loss by $x$, in the shape of $x$.",
    ]


def test_the_slope_of_a_numbered_layer_is_no_power():
    slope = Call("g", (Name("z", Number("3")),), 1, (), Number("3"))
    assert LatexWriter(notation=Notation()).text(slope) == r"g^{(3)\prime}\left(z^{(3)}\right)"
    with pytest.raises(InputError, match=r"g'\^3 would be read as a power"):
        LatexWriter(notation=Notation(layers="k")).text(slope)


def test_the_function_of_a_numbered_layer_is_that_of_the_layer():
    checker = Checker(context_of(derived_models.LAYERED))
    claim = r"\frac{\partial a^{(2)}}{\partial z^{(2)}} = \operatorname{diag}(g^{(2)\prime}(z^{(2)}))"
    assert checker.check(claim, explain=False).status == "true"
    assert checker.check(claim.replace(r"g^{(2)\prime}", r"g^{(1)\prime}"), explain=False).status == "false"
