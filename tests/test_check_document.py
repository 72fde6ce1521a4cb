"""Documents from end to end: both notes of the examples, what holds where, places, exit status."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import jacobians as jac
from jacobians.claims.document import check_document
from jacobians.claims.documents import read_text
from jacobians.errors import InputError, MathSyntaxError, ModelError

NOTES = Path(__file__).parent.parent / "examples" / "notes"
WRONG_LAYER, STRAY_SUM, WRONG_BIAS = (17, 111), (18, 112), (42, 136)


@pytest.fixture(scope="module")
def english():
    return check_document(NOTES / "backpropagation_en.md", explain=False)


@pytest.fixture(scope="module")
def german():
    return check_document(NOTES / "backpropagation_de.md", explain=False)


def markdown(text, **options):
    return check_document(read_text(text, "markdown"), explain=False, **options)


def statuses(report):
    return [line.link.status for line in report.lines if line.link.status != "declaration"]


# ----- the notes -----


def test_the_english_note_has_three_slips_each_twice(english):
    status = {line.place[0]: line.link.status for line in english.lines}
    assert {n: s for n, s in status.items() if s not in ("true", "declaration")} == {
        **dict.fromkeys(WRONG_LAYER, "false"),
        **dict.fromkeys(STRAY_SUM, "ill-formed"),
        **dict.fromkeys(WRONG_BIAS, "false"),
    }
    assert english.counts == {"declaration": 46, "true": 30, "ill-formed": 2, "false": 4}
    assert english.exit_status == 1
    assert not english


def test_the_reason_of_each_slip(english):
    reasons = {line.place[0]: line.link.reason for line in english.lines}
    assert all("not for every layer" in reasons[n] for n in WRONG_LAYER)
    assert all("the index j is summed over inside" in reasons[n] for n in STRAY_SUM)
    assert all("the numbers differ" in reasons[n] for n in WRONG_BIAS)


@pytest.mark.parametrize("line", [28, 39, 122, 133])
def test_a_function_of_a_preactivation_is_read_with_a_note(english, line):
    (found,) = [found for found in english.lines if found.place[0] == line]
    assert found.link.status == "true"
    assert any("f_theta(z_(k)[j](" in note and "is read as f_theta" in note for note in found.link.notes)


def test_what_the_english_note_defines(english):
    said = [found.said for found in english.definitions]
    assert "z_(i) = W_(i) a_(i - 1) + b_(i)" in said
    assert "a_(i) = g_(i)(z_(i))" in said
    assert "f_theta = a_(L)" in said
    assert {found.name: found.place for found in english.definitions}["delta"] == (15, 1)


def test_the_lines_after_a_wrong_one_are_right_again(english):
    notes = {line.place[0]: line.link.notes for line in english.lines}
    assert "the line above is wrong; this one is right again" in notes[43]
    assert "the line above is wrong; this one is right again" in notes[19]


def test_the_german_note_is_right_throughout(german):
    assert german.counts == {"declaration": 31, "true": 17}
    assert german.exit_status == 0
    assert german
    assert [line.place for line in german.lines if line.place[0] == 68 and line.link.status == "true"] == [
        (68, 29),
        (68, 68),
        (68, 128),
    ]


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (r"0 & i\neq k", r"0 & i = k", 68),
        (r"x_{l} & \text{sonst}", r"x_{k} & \text{sonst}", 68),
        (r"+\frac{\partial f}{\partial z}\frac{\partial z}{\partial s}$", "$", 38),
        (
            r"=\frac{\partial L}{\partial f}\frac{\partial f}{\partial x}$",
            r"=\frac{\partial L}{\partial g}\frac{\partial f}{\partial x}$",
            51,
        ),
        (r"J_{g}(f(x))J_{f}(x) =", r"J_{f}(x)J_{g}(f(x)) =", 59),
        (r"\text{Id}_{m}\otimes x$", r"x \otimes \text{Id}_{m}$", 68),
    ],
)
def test_the_german_note_with_a_mistake_is_not(old, new, line):
    text = (NOTES / "backpropagation_de.md").read_text(encoding="utf-8")
    assert text.count(old) == 1
    changed = check_document(
        read_text(text.replace(old, new), "markdown"), side=NOTES / "backpropagation_de.model.md", explain=False
    )
    wrong = {found.place[0] for found in changed.lines if found.link.status not in ("true", "declaration")}
    assert wrong == {line}


def test_without_its_side_file_the_german_note_says_what_is_missing():
    text = (NOTES / "backpropagation_de.md").read_text(encoding="utf-8")
    report = check_document(read_text(text, "markdown"), explain=False)
    assert report.exit_status == 1
    reasons = {line.place[0]: line.link.reason for line in report.lines if line.link.status == "not understood"}
    assert reasons[38] == "z is not declared; say what it is, as in `z : 3` or `z = ...`"
    assert set(reasons) == {38, 41, 42, 50, 51}


def test_skipped_embeds_and_the_side_file_are_noted(german):
    assert any("![[Neuronale Netze#Neuron]] embeds another note" in note for note in german.notes)
    assert "models are taken from backpropagation_de.model.md" in german.notes


# ----- models, and where they hold -----

TWO_MODELS = r"""
```model
x : n
y = W @ x
W : m x n
```
$\frac{\partial y}{\partial x} = W$

```model
x : n
y = 3 * x
```
$\frac{\partial y}{\partial x} = W$ and $\frac{\partial y}{\partial x} = 3 \mathrm{Id}_n$
"""


def test_a_model_block_holds_until_the_next():
    assert statuses(markdown(TWO_MODELS)) == ["true", "not understood", "true"]


def test_a_model_for_the_whole_document_overrides_its_blocks():
    report = markdown(TWO_MODELS, model="x : n\nW : m x n\ny = W @ x")
    assert statuses(report) == ["true", "true", "false"]


def test_a_network_as_model():
    model = jac.Model.parse("x : 3\nW : 2 x 3\ny : 2\nz = W @ x\nL = 1/2 * norm(z - y)^2")
    right, wrong = r"\frac{\partial L}{\partial W} = (z - y) x^\top", r"\frac{\partial L}{\partial x} = W (z - y)"
    report = markdown(f"${right}$ but ${wrong}$", model=model)
    assert statuses(report) == ["true", "ill-formed"]


def test_a_side_file_names_headings(tmp_path):
    side = tmp_path / "side.md"
    side.write_text("n : size\n\n# One\nx : n\ny = 2*x\n\n# Other ...\nx : n\ny = 3*x\n", encoding="utf-8")
    claim = r"$\frac{\partial y}{\partial x} = 2 \mathrm{Id}_n$"
    text = f"# One\n{claim}\n# Two\n{claim}\n# Other thing\n{claim}\n"
    assert statuses(markdown(text, side=side)) == ["true", "not understood", "false"]


def test_a_model_that_cannot_be_read_costs_its_own_section_only():
    text = f"```model\nx : n\nx = = 2\n```\n$x = 2$\n{TWO_MODELS}"
    report = markdown(text)
    assert statuses(report) == ["not understood", "true", "not understood", "true"]
    assert any(note.startswith("line 2: the model could not be read: ") for note in report.notes)


@pytest.mark.parametrize(
    ("model", "error", "message"),
    [
        ("x : n\nx = = 2", MathSyntaxError, "line 2"),
        ("x : n\nW : n x m\nz = W @ x", ModelError, "in `z = W @ x`: .* expected equal sizes, got m and n"),
    ],
)
def test_a_given_model_must_make_sense(model, error, message):
    with pytest.raises(error, match=message):
        markdown("$x = 2$", model=model)


def test_a_document_that_is_not_there():
    with pytest.raises(InputError, match=r"nowhere\.md"):
        check_document("nowhere.md")


# ----- the report -----

DOCUMENT = r"""# Neuron
A neuron has $z = w^T x + b$ and $a = \sigma(z)$.

$$
\begin{align}
\frac{\partial a}{\partial w} &= \frac{\partial a}{\partial z} \frac{\partial z}{\partial w} \\
  &= a (1 + a) x \\
  &= a (1 - a) x
\end{align}
$$
"""


def test_places_of_lines():
    report = markdown(DOCUMENT)
    found = [(line.place, line.link.status) for line in report.lines]
    assert found == [
        ((2, 19), "declaration"),
        ((2, 39), "declaration"),
        ((6, 34), "true"),
        ((7, 6), "false"),
        ((8, 6), "true"),
    ]


def test_the_report_as_json():
    report = markdown(DOCUMENT).as_dict()
    assert json.loads(json.dumps(report)) == report
    assert report["counts"] == {"declaration": 2, "true": 2, "false": 1}
    assert report["definitions"][0] == {"name": "z", "taken_as": "z = w.T x + b", "line": 2, "column": 15}
    wrong = report["formulas"][2]["lines"][1]
    assert (wrong["line"], wrong["column"], wrong["status"]) == (7, 6, "false")


@pytest.mark.parametrize(
    "formula",
    [
        r"x \le 3",
        r"\frac{\partial L}{\partial z}",
        r"\hat\theta = \arg\min_\theta \frac{1}{m} \sum_{i=1}^m l(y^{(i)}, x^{(i)})",
        r"\theta = (W^{(1)}, b^{(1)}, \dots, W^{(L)}, b^{(L)})",
        r"\otimes",
        r"f : \mathbb{R}^n \to \mathbb{R}",
        r"\{(x_1, y_1), \dots, (x_n, y_n)\}",
    ],
)
def test_what_claims_nothing(formula):
    report = markdown(f"${formula}$")
    assert report.counts == {"declaration": 1}
    assert report.exit_status == 0


def test_a_formula_that_cannot_be_read_stops_nothing():
    report = markdown(r"$\frac{1}{ = 2$ but $(a + b)^2 = a^2 + 2ab + b^2$ and $x = \nosuch$")
    assert report.exit_status == 1
    assert statuses(report).count("not understood") == 2
    assert statuses(report).count("true") == 1


def test_macros_of_the_document():
    text = r"""\newcommand{\dd}[2]{\frac{\partial #1}{\partial #2}}
$f(x) = x^T A x$

$\dd{f}{x} = (A + A^T) x$, $\dd{f}{x} = 2 A x$
"""
    assert statuses(markdown(text)) == ["true", "false"]
