"""The sheets of ops: what they say of an op is read back by our own reader and has the op's values."""

from __future__ import annotations

import re

import numpy as np
import pytest

from jacobians.notation import name_to_latex
from jacobians.notation import tree as t
from jacobians.ops import OPS
from jacobians.sheet import SIZES
from jacobians.structure import axis_names
from jacobians.terms import free_label
from symbolic.sheets import op_page
from symbolic.sheets.entries import entries
from symbolic.sheets.formula import formula
from symbolic.sheets.prose import formulas, sentence
from symbolic.sheets.tex import tex
from tests.sheet_pages import overfull, pdflatex
from tests.sheet_values import Values, parsed, without_primes, written
from tests.test_katex import problems


def example(op):
    shapes = op.example_shapes(SIZES)[0]
    point = op.sample(np.random.default_rng(3), shapes)
    while op.near_kink(1e-3, **point):
        point = op.sample(np.random.default_rng(4), shapes)
    return point, op.sizes(shapes)[1]


def sizes_of_letters(J) -> dict[str, int]:
    """Index letter -> size, of the axes and of what is summed."""
    names = axis_names(J.shown.terms, len(J.shape))
    sizes = dict(zip(names, J.shape, strict=True))
    for term in J.shown.terms:
        taken = set(names)
        for label in term.hidden:
            name = free_label(label, taken)
            taken.add(name)
            sizes[name] = term.sizes[label]
    return sizes


def arrays_of(op, point, J) -> dict[str, np.ndarray]:
    """Inputs, output and the factors of a Jacobian by their names in LaTeX."""
    found = {name_to_latex(name, ()): np.asarray(value) for name, value in point.items()}
    found |= {
        name_to_latex(k, ()): np.asarray(v) for k, v in vars(op).items() if isinstance(v, int | float | np.ndarray)
    }
    found[name_to_latex(op.symbol, ())] = op.forward(**point)
    for factor in (f for term in J.shown.terms for f in term.factors):
        if factor.name.startswith("1/") and factor.name[2:].isidentifier():
            found[name_to_latex(factor.name[2:], ())] = 1 / factor.value
        if largest := re.search(r"arg(?:max|min)\(\w\)", factor.name):
            found[name_to_latex(largest[0], ())] = factor.value.argmax(-1)
        if "{" not in factor.name:
            found[name_to_latex(factor.name, ())] = factor.value
    return found


def ranks_of(op, point, J) -> dict[str, int]:
    """What a reader of the sheet knows of the names in it."""
    named = {f.name: f.value for term in J.shown.terms for f in term.factors if f.name.isidentifier()}
    named |= {f.name[2:]: f.value for term in J.shown.terms for f in term.factors if f.name[2:].isidentifier()}
    known = {**point, op.symbol: op.forward(**point), **named}
    return {name: np.ndim(value) for name, value in known.items()}


def letters_for_sizes(sizes) -> dict[str, np.ndarray]:
    shown = {"N" if a == "n" else f"n_{{{a}}}": np.asarray(n) for a, n in sizes.items()}
    return shown | ({"n": next(iter(shown.values()))} if len(shown) == 1 else {})


def read_back(op, entry) -> tuple[np.ndarray, np.ndarray]:
    """What the sheet prints for a Jacobian, evaluated; and the Jacobian."""
    point, sizes = example(op)
    J = op.jacobian(entry.wrt, **point)
    rename = without_primes(f"{entry.of} {entry.at} {entry.index} ")
    letters = {rename(f"{a} ").strip(): n for a, n in sizes_of_letters(J).items()}
    groups = {"group": lambda c: np.floor(c * getattr(op, "groups", 1) / sizes.get("c", 1))}
    values = Values(letters_for_sizes(sizes) | arrays_of(op, point, J), letters, groups)
    tree = parsed(rename(f"{entry.index} "), ranks_of(op, point, J))
    return values.over(tree, list(letters)[: len(J.shape)]), J.dense()


@pytest.mark.parametrize("op", OPS.values(), ids=OPS)
def test_every_jacobian_is_read_back_with_its_value(op):
    for entry in entries(op):
        got, want = read_back(op, entry)
        np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-11, err_msg=f"{op.name} by {entry.wrt}: {entry.index}")


def printed(op) -> list[str]:
    """The formulas of a sheet in LaTeX."""
    return formulas(sentence(formula(op)))


def stated_value(op) -> np.ndarray:
    """What the sheet says that the op's output is, with what its letters stand for."""
    point, sizes = example(op)
    options = {key: value for key, value in vars(op).items() if isinstance(value, int | float) and key.isalpha()}
    options |= {letter: options[key] for letter, key in LETTERS if key in options}
    known = {**point, **options, "pi": np.pi}
    arrays = {name_to_latex(name, ()): np.asarray(value) for name, value in known.items()} | letters_for_sizes(sizes)
    ranks = {
        **{name: np.ndim(value) for name, value in known.items()},
        **LOCAL,
        op.symbol: len(op.forward(**point).shape),
    }
    first, *rest = (tree for tex in printed(op) if " = " in tex and isinstance(tree := parsed(tex, ranks), t.Chain))
    letters = letters_of([first, *rest], arrays, sizes)
    for head, line in (tree.parts for tree in reversed(rest)):
        if isinstance(head, t.Name | t.Index):  # not the derivative of an elementwise function
            name, indices = (head.array, head.indices) if isinstance(head, t.Index) else (head, ())
            arrays[written(name)] = Values(arrays, letters).over(line, [i.text for i in indices])
    head, line = first.parts
    return Values(arrays, letters).over(line, [i.text for i in getattr(head, "indices", ())])


def letters_of(trees, arrays, sizes) -> dict[str, int]:
    """Index letter -> size: of the op's own labels, and of the axes where other letters stand; windows are of 2."""
    found = dict(sizes)
    heads = [tree.parts[0] for tree in trees if isinstance(tree.parts[0], t.Index)]
    shapes = {
        written(head.array): [found.get(i.text, 0) for i in head.indices if isinstance(i, t.Name)] for head in heads
    }
    shapes |= {name: list(np.shape(value)) for name, value in arrays.items()}
    for part in (part for tree in trees for part in tree.walk() if isinstance(part, t.Index)):
        for letter, n in zip(part.indices, shapes.get(written(part.array), []), strict=False):
            if isinstance(letter, t.Name) and n:
                found.setdefault(letter.text, n)
    return dict.fromkeys("rpq", 2) | found


#: Letters in formulas for options.
LETTERS = (("c", "factor"), ("c", "offset"), ("p", "exponent"))
LOCAL = {"xhat": 1, "vhat": 2, "sigma": 0}


#: Ops whose formulas name whole matrices, or say in words what is meant: those are read, not evaluated.
IN_WORDS = frozenset(
    "adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d adaptive_max_pool1d adaptive_max_pool2d "
    "adaptive_max_pool3d batch_norm binary_focal_loss bradley_terry concat contrastive_loss cross_attention "
    "determinant diag dpo elman_cell elu embedding erf flatten focal_loss gather gelu global_avg_pool glu "
    "group_norm gru_cell highway huber index info_nce instance_norm inverse linear_attention lstm_cell "
    "lstm_cell_state merge_heads mish multi_head_attention one_hot pad policy_gradient power reshape rms_norm "
    "rotary_embedding self_attention selu sinusoidal_positions slice solve split_heads stack swiglu swish tril "
    "triplet_loss triu undefined vec weight_norm".split()
)


@pytest.mark.parametrize("name", sorted(set(OPS) - IN_WORDS))
def test_a_formula_is_read_back_with_the_values_of_the_op(name):
    op = OPS[name]
    np.testing.assert_allclose(stated_value(op), op.forward(**example(op)[0]), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("op", OPS.values(), ids=OPS)
def test_every_formula_has_a_tree_for_the_output(op):
    first = formula(op)[0].tree
    assert isinstance(first, t.Chain), formula(op)
    head = first.parts[0]
    letter = head.array if isinstance(head, t.Index) else head
    assert isinstance(letter, t.Name)
    assert letter.text == ("H" if op.name == "multi_head_attention" else op.symbol)


def test_words_and_formulas_take_turns():
    first, words, cases = formula(OPS["relu"])[:3]
    assert first.tree is not None
    assert words.words == ";"
    assert cases.tree is not None
    assert sentence(formula(OPS["glu"])) == r"$y = u \odot \sigma(v)$ with $u = x W + b$, $v = x V + c$"


@pytest.mark.parametrize(
    ("name", "wrt", "index", "matrix"),
    [
        ("linear", "W", r"\delta_{o o'} x_{i}", r"\mathrm{Id}_{n_{o}} \otimes x"),
        ("softmax", "x", r"p_{i} (\delta_{i j} - p_{j})", r"\operatorname{diag}\left(p\right) - p p^{\top}"),
        ("mean", "x", r"\tfrac{1}{n}", r"\tfrac{1}{n} \mathbf{1}_{n}"),
        ("conv1d", "x", r"\sum_{p} W_{o c p} [h = u + p]", ""),
        ("attention", "K", r"\tfrac{1}{\sqrt{n_{d}}} P_{t s} Q_{t d} (V_{s e} - O_{t e})", ""),
        ("flatten", "x", r"[o = n_{j} i + j]", ""),
        ("batch_norm_inference", "mean", r"-\delta_{c c'} \gamma_{c} \frac{1}{\sigma_{c}}", None),
    ],
)
def test_entries(name, wrt, index, matrix):
    (found,) = (entry for entry in entries(OPS[name]) if entry.wrt == wrt)
    assert found.index == index
    assert matrix is None or found.matrix == matrix


def test_what_depends_on_more_than_the_sizes_names_its_example():
    examples = {op.name: e.example for op in OPS.values() for e in entries(op) if e.example}
    assert examples.keys() == {"reshape", "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d"}
    assert examples["reshape"] == r"2 \times 3 \times 5"


@pytest.mark.parametrize("op", OPS.values(), ids=OPS)
def test_pages(op):
    for page in (op_page.latex(op), op_page.markdown(op)):
        assert page.count("{") == page.count("}")
        assert re.sub(r"\\\$", "", page).count("$") % 2 == 0
        for entry in entries(op):
            assert entry.head in page


def test_an_op_without_jacobians_says_why():
    page = op_page.op_page(OPS["one_hot"])
    assert page.entries == ()
    assert ("By indices", f"no Jacobian: {OPS['one_hot'].data['indices']}") in page.facts


def test_signs_of_markdown_and_of_latex_stay_as_they_are():
    assert r"# batch\_norm\_inference" in op_page.markdown(OPS["batch_norm_inference"])
    assert r"\section*{batch\_norm\_inference}" in op_page.latex(OPS["batch_norm_inference"])
    assert tex("a `b_c` < δ") == r"a \texttt{b\_c} $<$ $\delta$"


@pytest.mark.parametrize("form", ["latex", "md", "html"])
def test_the_command_writes_the_sheet(form, tmp_path, run_command):
    target = tmp_path / "sheet"
    run_command("op", "softmax", "--format", form, "-o", str(target))
    written = target.read_text(encoding="utf-8")
    assert r"\frac{\partial p_{i}}{\partial x_{j}} = p_{i} (\delta_{i j} - p_{j})" in written.replace("&= ", "= ")


@pytest.mark.parametrize("form", ["text", "json"])
def test_text_and_json_go_to_files_too(form, tmp_path, run_command):
    target = tmp_path / "sheet"
    run_command("op", "softmax", "--format", form, "-o", str(target))
    assert "softmax" in target.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--format", "latex"), "expected the name of an op, got none; all ops on two pages: jacobians cheatsheet"),
        (("softmaxx", "--format", "md"), "op: unknown op 'softmaxx'; known are softmax"),
    ],
)
def test_what_cannot_be_written_is_said(arguments, message, run_command):
    status, out, said = run_command("op", *arguments)
    assert (status, out) == (2, "")
    assert re.search(message, said), said


@pytest.mark.tex
def test_a_pdf_needs_a_file(run_command):
    status, _, said = run_command("op", "softmax", "--format", "pdf")
    assert status == 2
    assert "pdf is a binary format: name the file with -o FILE" in said


@pytest.mark.tex
@pytest.mark.parametrize("name", ["linear", "lstm_cell", "multi_head_attention", "rotary_embedding", "gelu", "one_hot"])
def test_pages_are_set(name, tmp_path):
    log, pages = pdflatex(op_page.latex(OPS[name]), tmp_path)
    assert pages >= 1
    assert not overfull(log)


@pytest.mark.katex
def test_every_formula_of_the_pages_renders():
    shown = [(op.name, d.tex) for op in OPS.values() for _, shown in op_page.op_page(op).chapters for d in shown]
    shown += [(op.name, f) for op in OPS.values() for f in formulas(op_page.op_page(op).formula)]
    bad = [f"{name}: {e}\n  {f}" for (name, f), e in zip(shown, problems([f for _, f in shown]), strict=True) if e]
    assert not bad, "\n".join(bad)
