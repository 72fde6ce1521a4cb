"""Definitions found in documents, and sizes that nobody declares."""

from __future__ import annotations

import pytest

from jacobians.claims.context_text import read_context
from jacobians.claims.discovery import discover
from jacobians.claims.document import check_document
from jacobians.claims.documents import read_text
from jacobians.claims.open_sizes import with_sizes
from jacobians.errors import ModelError
from jacobians.notation.latex_parser import parse_latex
from jacobians.notation.to_plain import to_plain


def sizes(context):
    return {name: tuple(to_plain(n) for n in leaf.sizes) for name, leaf in context.leaves.items()}


def found(text):
    return [d.said for d in discover(read_text(text, "markdown")).found]


def statuses(text):
    report = check_document(read_text(text, "markdown"), explain=False)
    return [line.link.status for line in report.lines if line.link.status != "declaration"]


# ----- sizes -----


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (
            "z = W @ x + b\na = tanh(z)\nL = 1/2 * norm(a - y)^2",
            {"W": ("m_W", "n_W"), "x": ("n_W",), "b": ("m_W",), "y": ("m_W",)},
        ),
        (  # a number is added to a number, a loss is one
            "s = w.T @ x + b\na = sigmoid(s)\nL = 1/2 * (a - y)^2",
            {"w": ("n_w",), "x": ("n_w",), "b": (), "y": ()},
        ),
        (r"z = w x + b", {"w": (), "x": (), "b": ()}),  # two columns have no product
        (r"b_j = \sum_i w_{ji} x_i", {"w": ("m_w", "n_w"), "x": ("n_w",)}),
        ("v = w - eta * d\nq = w.T @ w", {"w": ("n_w",), "eta": (), "d": ("n_w",)}),
        ("z = w * x + b", {"w": ("n_w",), "x": ("n_w",), "b": ("n_w",)}),
        ("s = u / v\nt = exp(s)", {"u": (), "v": ()}),  # nothing shows an array
        ("f(x) = x.T @ A @ x + c.T @ x", {"A": ("n_x", "n_x"), "c": ("n_x",)}),
        ("x : n\nW : m x n\nz = W @ x + b", {"x": ("n",), "W": ("m", "n"), "b": ("m",)}),
        ("vectors are rows\nZ = X @ W + b", {"X": ("m_X", "n_X"), "W": ("n_X", "n_W"), "b": ("n_W",)}),
    ],
)
def test_open_sizes_follow_from_the_equations(model, expected):
    assert sizes(with_sizes(read_context(model))) == expected


def test_labels_are_counted_out():
    context = with_sizes(read_context("g : function\nz_(k) = W_(k) @ a_(k-1) + b_(k)\na_(k) = g_(k)(z_(k))\na0 = x"))
    assert sizes(context) == {
        "W1": ("m_W1", "n_W1"),
        "b1": ("m_W1",),
        "W2": ("m_W2", "m_W1"),
        "b2": ("m_W2",),
        "W3": ("m_W3", "m_W2"),
        "b3": ("m_W3",),
        "x": ("n_W1",),
    }


def test_the_quantity_before_the_first_layer_is_a_leaf():
    assert "h0" in with_sizes(read_context("h_(t) = tanh(U @ h_(t-1))")).leaves


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (
            "x : n\nW : n x m\nz = W @ x",
            r"in `z = W @ x`: W @ x expected equal sizes, got m and n by the declaration of",
        ),
        (
            "x : 3\ny = A @ x\nA : 2 x 5",
            "in `y = A @ x`: A @ x expected equal sizes, got 5 and 3 by the declaration of",
        ),
        (
            "x : n\nu : m\ny = A @ x\nw = A @ u",
            "in `w = A @ u`: A @ u expected equal sizes, got n and m by `y = A @ x`",
        ),
    ],
)
def test_sizes_that_contradict_one_another(model, message):
    with pytest.raises(ModelError, match=message):
        with_sizes(read_context(model))


def test_names_of_a_claim_are_variables_only_where_nothing_else_can_be_meant():
    both = parse_latex(r"\frac{\partial x^T A x}{\partial x} = (A + A^T) x")
    assert sizes(with_sizes(read_context(""), [both])) == {"A": ("m_A", "m_A"), "x": ("m_A",)}
    signal = parse_latex(r"\frac{\partial L}{\partial W} = \delta x^T")
    assert sizes(with_sizes(read_context(""), [signal])) == {}
    model = read_context("p = softmax(z)\nL = -y.T @ log(p)")
    other = parse_latex(r"\frac{\partial L}{\partial z} = q - y")
    assert "q" not in with_sizes(model, [other]).leaves


def test_a_wrong_claim_ties_no_sizes_of_the_equations():
    wrong = parse_latex(r"\frac{\partial z}{\partial x} = W^T")
    assert sizes(with_sizes(read_context("z = W @ x"), [wrong])) == {"W": ("m_W", "n_W"), "x": ("n_W",)}


# ----- definitions -----


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (r"$x \in \mathbb{R}^n$, $W \in \mathbb{R}^{m \times n}$", ["x : n", "W : m x n"]),
        (r"$f : \mathbb{R}^n \to \mathbb{R}^m$", ["f : function -> m"]),
        (r"$f : \mathbb{R}^n \to \mathbb{R}$", ["f : function -> scalar"]),
        (r"$a(W, b, x) = W x + b$", ["a(W, b, x) = W x + b"]),
        (r"$a^{(l+1)} = \tanh(W^{(l)} a^{(l)})$", ["a_(l + 1) = tanh(W_(l) a_(l))"]),
        (r"the path $(x(s), y(s))$", ["x depends on s", "y depends on s"]),
        (r"$\delta_j = \frac{\partial L}{\partial z_j}$", ["delta[j] = D(L, z[j])"]),
        (r"$\frac{\partial L}{\partial z} = p - y$", []),
        (r"$u = \frac{\partial L}{\partial z} W$", []),
        (r"$dW = \delta x^T$", []),
        (r"$w = w - \eta d$", []),
        (r"$\sigma(z) = \frac{1}{1 + e^{-z}}$", []),
        (r"$\hat\theta = \arg\min_\theta J$", []),
        (r"$\theta = (W, b)$", []),
    ],
)
def test_what_is_taken_as_a_definition(text, said):
    assert found(text) == said


def test_a_second_equation_is_a_claim_but_not_in_another_section():
    text = r"$z = W x$ and $z = x W$"
    assert found(text) == ["z = W x"]
    assert found("# One\n$f(x) = x^T x$\n# Two\n$f(x) = a^T x$\n") == ["f(x) = x.T x", "f(x) = a.T x"]


def test_a_definition_holds_in_its_section():
    text = (
        "# One\n"
        r"$f(x) = x^T x$, so $\frac{\partial f}{\partial x} = 2 x$"
        "\n# Two\n"
        r"$f(x) = a^T x$, so $\frac{\partial f}{\partial x} = a$ and not $\frac{\partial f}{\partial x} = 2 x$"
    )
    assert statuses(text) == ["true", "true", "false"]


def test_definitions_may_follow_their_use():
    text = r"$\frac{\partial z}{\partial x} = W$ and $\frac{\partial z}{\partial x} = W^T$ where $z = W x + b$"
    assert statuses(text)[0] == "true"
    assert statuses(text)[1] in ("layout", "false")


def test_a_definition_without_meaning_is_no_definition():
    text = r"$x \in \mathbb{R}^n$, $W \in \mathbb{R}^{n \times m}$, $z = W x$"
    report = check_document(read_text(text, "markdown"), explain=False)
    assert [line.link.status for line in report.lines] == ["declaration", "declaration", "ill-formed"]


def test_numbers_below_are_layers_where_a_name_never_stands_without():
    text = r"""$z_1 = W_1 x + b_1$, $a_1 = \tanh(z_1)$, $z_2 = W_2 a_1 + b_2$, $L = \frac12 \|z_2 - y\|^2$.

$\delta_2 = \frac{\partial L}{\partial z_2} = z_2 - y$, $\frac{\partial L}{\partial W_2} = \delta_2 a_1^\top$,
$\frac{\partial L}{\partial z_1} = W_2^\top \delta_2 \odot (1 - a_1^2)$,
$\frac{\partial L}{\partial z_1} = W_2^\top \delta_2 \odot (1 - z_1^2)$
"""
    assert statuses(text) == ["true", "true", "true", "false"]


def test_a_recurrence_counts_steps():
    text = r"""$h_t = \tanh(W_{hh} h_{t-1} + W_{xh} x_t + b_h)$

$\frac{\partial h_t}{\partial h_{t-1}} = \mathrm{diag}(1 - h_t^2) W_{hh}$,
$\frac{\partial h_t}{\partial h_{t-1}} = W_{hh} \mathrm{diag}(1 - h_t^2)$,
$\frac{\partial h_3}{\partial h_1} = \frac{\partial h_3}{\partial h_2} \frac{\partial h_2}{\partial h_1}$
"""
    assert statuses(text) == ["true", "false", "true"]


def test_targets_of_a_cross_entropy_sum_to_one():
    text = r"""$p_i = \frac{e^{z_i}}{\sum_j e^{z_j}}$, $L = -\sum_i y_i \log p_i$

$\frac{\partial L}{\partial z_j} = p_j - y_j$, $\frac{\partial L}{\partial z_j} = y_j - p_j$
"""
    assert "the entries of y sum to one" in found(text)
    assert statuses(text) == ["true", "false"]


def test_gradients_in_code():
    code = "dz = z - y\ndW = np.outer(dz, x)\ndb = 2 * dz"
    text = f"Let $z = W x + b$, $L = \\frac12 \\|z - y\\|^2$.\n\n```python\n{code}\n```\n"
    assert statuses(text) == ["true", "true", "false"]


def test_a_given_model_is_not_defined_again():
    document = read_text(r"$z = W x$, $u = 2 z$", "markdown")
    start = read_context("x : n\nW : m x n\nz = W @ x")
    assert [d.said for d in discover(document, start).found] == ["u = 2 z"]


def test_a_path_of_scalars_that_nothing_says_is_not_understood():
    chain = r"\frac{\partial f}{\partial s} = \frac{\partial f}{\partial x} \frac{\partial x}{\partial s}"
    report = check_document(read_text(f"${chain}$", "markdown"), explain=False)
    (line,) = report.lines
    assert line.link.status == "not understood"
    assert "say what it is, as in `" in line.link.reason


def test_layers_above_without_brackets():
    text = r"""$z^l = W^l a^{l-1} + b^l$, $a^l = \sigma(z^l)$, $C = \frac12 \|a^L - y\|^2$

$\delta^L = (a^L - y) \odot \sigma'(z^L)$, $\delta^l = (W^{l+1})^T \delta^{l+1} \odot \sigma'(z^l)$,
$\delta^l = (W^l)^T \delta^{l+1} \odot \sigma'(z^l)$, $\frac{\partial C}{\partial W^l_{jk}} = a^{l-1}_k \delta^l_j$
"""
    assert found(text) == ["z_(l) = W_(l) a_(l - 1) + b_(l)", "a_(l) = sigmoid(z_(l))", "C = (1/2) norm(a_(L) - y)^2"]
    assert statuses(text) in (["true", "true", "ill-formed", "true"], ["true", "true", "false", "true"])


def test_calculus_of_numbers():
    assert statuses(r"$(g \circ f)'(x) = g'(f(x)) \cdot f'(x)$") == ["true"]
    assert statuses(r"$y = \sigma(z)$, $\frac{dy}{dz} = y (1 - y)$, $\frac{dy}{dz} = y (1 + y)$") == ["true", "false"]


def test_indices_from_zero():
    text = r"$y_i = e^{a_i} / u$, $u = e^{a_0} + e^{a_1} + e^{a_2}$, $\frac{\partial y_0}{\partial a_2} = -y_0 y_2$"
    assert statuses(text) == ["true"]


def test_a_claim_is_not_blamed_for_an_equation_without_meaning():
    text = r"$c = x y$, $x \in \mathbb{R}^n$, $y \in \mathbb{R}^m$ and $\frac{\partial c}{\partial x} = y$"
    report = check_document(read_text(text, "markdown"), explain=False)
    last = list(report.lines)[-1].link
    assert last.status == "not understood"
    assert last.reason.startswith("it rests on c = x y, where a product of two columns")
