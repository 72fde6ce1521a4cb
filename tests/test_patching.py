"""Edited formulas in the reader's own notation: what was not edited keeps its text, and the rest reads back."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from jacobians.notation import (
    Binary,
    Call,
    Chain,
    Comparison,
    Index,
    Juxtaposition,
    Name,
    Negative,
    Number,
    Span,
    Sum,
    Transpose,
    parse,
)
from jacobians.notation.alike import regrouped
from jacobians.notation.code import parse_code
from jacobians.notation.latex_parser import parse_latex
from jacobians.notation.patching import one_sign, patched
from jacobians.notation.places import Places, slice_of
from jacobians.notation.rebuild import places, rebuilt
from jacobians.notation.symbols import Symbols

SYMBOLS = Symbols()
SYMBOLS.declare(
    {"W": 2, "V": 2, "a": 1, "b": 1, "z": 1, "delta": 1, "x": 1, "y": 1, "L": 0, "l": 0, "m": 0, "dZ": 2, "q": 1}
)
SYMBOLS.labelled |= {"W", "a", "b", "z", "delta"}
SYMBOLS.labels |= {"k", "i", "r"}
SYMBOLS.functions |= {"g", "f"}


def latex(text):
    return parse_latex(text, SYMBOLS)


def code(text):
    return parse_code(f"{text}")[0].expression


READERS = {"latex": latex, "plain": parse, "code": code}

i, j, k, r, x = map(Name, "ijkrx")


def everywhere(tree, edit):
    """The tree with every part changed that the edit changes, from the outside."""
    new = edit(tree)
    return rebuilt(tree, lambda part: everywhere(part, edit)) if new is tree else new


def instead(old, new):
    return lambda part: new if part == old else part


def swapped(kind, op=None):
    def edit(part):
        right_kind = isinstance(part, kind) and (op is None or part.op == op)
        return replace(part, left=part.right, right=part.left) if right_kind else part

    return edit


def renamed(old, new):
    return lambda part: replace(part, text=new) if isinstance(part, Name) and part.text == old else part


def without(kind, field, op=None):
    return lambda part: getattr(part, field) if isinstance(part, kind) and getattr(part, "op", None) == op else part


def transposed(name):
    return lambda part: Transpose(part) if isinstance(part, Name) and part.text == name else part


def with_op(old, new):
    return lambda part: replace(part, op=new) if isinstance(part, Binary) and part.op == old else part


NOTE = (
    r"\delta^{(k)}_j = \frac{\partial \mathcal{l}}"
    r"{\partial {\left(W^{(i)} \mathrm{a}^{(i-1)} + b^{(i)}\right)}_j}"
)
DELTA = r"\delta_j^{(k)} = W^{(k)\top} \odot g'(z^{(k)}) a_j^T"
SUM = r"{W^{(k+1)}}^T x^2 - \sum_{j=1}^n W_{ij}x_j"

#: Source, edit, result.
LATEX = [
    (NOTE, instead(i, k), NOTE.replace("(i", "(k")),
    (NOTE, without(Binary, "left", "+"), NOTE.replace(" + b^{(i)}", "")),
    (
        NOTE,
        without(Binary, "right", "+"),
        NOTE.replace(r"W^{(i)} \mathrm{a}^{(i-1)} + ", "").replace(r"\left(b^{(i)}\right)", "b^{(i)}"),
    ),
    (NOTE, swapped(Juxtaposition), NOTE.replace(r"W^{(i)} \mathrm{a}^{(i-1)}", r"\mathrm{a}^{(i-1)} W^{(i)}")),
    (NOTE, transposed("W"), NOTE.replace("W^{(i)}", r"W^{(i)\top}")),
    (NOTE, renamed("a", "z"), NOTE.replace("a}^", "z}^")),
    (NOTE, with_op("+", "-"), NOTE.replace("+ b", "- b")),
    (DELTA, instead(k, r), DELTA.replace("(k)", "(r)")),
    (DELTA, without(Transpose, "operand"), DELTA.replace(r"\top", "").replace("a_j^T", "a_j")),
    (DELTA, renamed("delta", "z"), DELTA.replace(r"\delta", "z")),
    (DELTA, renamed("W", "delta"), DELTA.replace("W^", r"\delta^")),
    (DELTA, swapped(Binary, "*"), r"\delta_j^{(k)} = g'(z^{(k)}) a_j^T \odot W^{(k)\top}"),
    (DELTA, without(Binary, "right", "*"), r"\delta_j^{(k)} = g'(z^{(k)}) a_j^T"),
    (DELTA, instead(j, i), DELTA.replace("_j", "_i")),
    (DELTA, lambda part: replace(part, primes=0) if isinstance(part, Call) else part, DELTA.replace("g'", "g")),
    (DELTA, lambda part: replace(part, primes=2) if isinstance(part, Call) else part, DELTA.replace("g'", "g''")),
    (DELTA, lambda part: replace(part, function="f") if isinstance(part, Call) else part, DELTA.replace("g'", "f'")),
    (DELTA, transposed("z"), DELTA.replace("z^{(k)}", r"z^{(k)\top}")),
    (SUM, without(Transpose, "operand"), SUM.replace("{W^{(k+1)}}^T", "W^{(k+1)}")),
    (SUM, instead(Number("2"), Binary("+", k, i)), SUM.replace("x^2", "x^{k + i}")),
    (SUM, instead(Number("2"), Number("3")), SUM.replace("x^2", "x^3")),
    (SUM, without(Binary, "left", "-"), r"{W^{(k+1)}}^T x^2"),
    (SUM, swapped(Binary, "-"), r"\sum_{j=1}^n W_{ij}x_j - {W^{(k+1)}}^T x^2"),
    (
        SUM,
        lambda part: (
            Index(Transpose(part.array), part.indices) if isinstance(part, Index) and part.array == Name("W") else part
        ),
        SUM.replace("W_{ij}", "(W^T)_{ij}"),
    ),
    (
        SUM,
        lambda part: replace(part, indices=part.indices[::-1]) if isinstance(part, Index) else part,
        SUM.replace("ij}", "ji}"),
    ),
    (r"a\delta x", swapped(Juxtaposition), r"xa \delta"),
    (r"\mathbf W\,\mathbf a", transposed("W"), r"\mathbf W^\top\,\mathbf a"),
    (r"\mathbf{W}^\intercal \mathbf{z}", transposed("z"), r"\mathbf{W}^\intercal \mathbf{z}^\intercal"),
    (r"W \circ V + a \cdot b", with_op("·", "*"), r"W \circ V + a \circ b"),
    (r"\bigl( a + b \bigr) x", swapped(Juxtaposition), r"x \bigl( a + b \bigr)"),
    (r"\bigl( a + b \bigr) x", without(Binary, "left", "+"), "a x"),
    (
        r"W^{[k]} x",
        lambda part: Juxtaposition(Name("W", label=r), part) if isinstance(part, Juxtaposition) else part,
        "W^{[r]} W^{[k]} x",
    ),
    # Unicode
    ("∂L/∂W = δ xᵀ", transposed("delta"), "∂L/∂W = δᵀ xᵀ"),
    ("∂L/∂W = δ xᵀ", without(Transpose, "operand"), "∂L/∂W = δ x"),
    ("∂L/∂W = δ xᵀ", swapped(Juxtaposition), "∂L/∂W = xᵀ δ"),
    ("∂L/∂x = W^T δ ⊙ z", renamed("W", "theta"), "∂L/∂x = θ^T δ ⊙ z"),
    ("δ⁽ᵏ⁾ = W⁽ᵏ⁾ᵀ δ⁽ᵏ⁾", renamed("W", "V"), "δ⁽ᵏ⁾ = V⁽ᵏ⁾ᵀ δ⁽ᵏ⁾"),
]
PLAIN = [
    ("d1  =  W2.T@d2 * tanh'(z2)", renamed("z2", "z1"), "d1  =  W2.T@d2 * tanh'(z1)"),
    ("d1  =  W2.T@d2 * tanh'(z2)", without(Binary, "left", "*"), "d1  =  W2.T@d2"),
    ("d1  =  W2.T@d2 * tanh'(z2)", without(Transpose, "operand"), "d1  =  W2@d2 * tanh'(z2)"),
    ("δ1 = W2ᵀ@δ2 ⊙ σ'(z1)", transposed("delta2"), "δ1 = W2ᵀ@δ2ᵀ ⊙ σ'(z1)"),
    ("δ1 = W2ᵀ@δ2 ⊙ σ'(z1)", renamed("delta2", "delta3"), "δ1 = W2ᵀ@δ3 ⊙ σ'(z1)"),
    ("δ1 = W2ᵀ@δ2 ⊙ σ'(z1)", with_op("@", "*"), "δ1 = W2ᵀ⊙δ2 ⊙ σ'(z1)"),
    ("(a + b)  @ c", without(Binary, "left", "+"), "a  @ c"),
    ("(a + b)  @ c", swapped(Binary, "@"), "c  @ (a + b)"),
    ("x @ y.T", instead(Name("y"), Binary("+", Name("a"), Name("b"))), "x @ (a + b).T"),
]
CODE = [
    ("np.dot(self.weights[k].T,  delta)", swapped(Binary, "@"), "np.dot(delta,  self.weights[k].T)"),
    ("np.dot(self.weights[k].T,  delta)", without(Transpose, "operand"), "np.dot(self.weights[k],  delta)"),
    ("np.dot(W.T,  delta)", instead(Name("delta"), Binary("*", Name("delta"), Name("a"))), "np.dot(W.T,  delta * a)"),
    ("self.W1.dot(x)", renamed("W1", "W2"), "self.W2.dot(x)"),
    ("self.W1.dot(x)", transposed("x"), "self.W1.dot(x.T)"),
    ("self.W1.dot(x)", instead(Name("W1"), Binary("+", Name("A"), Name("B"))), "(A + B).dot(x)"),
    ("params['W1'] @ cache['A0']", renamed("W1", "W2"), "params['W2'] @ cache['A0']"),
    ("np.sum(dZ,  axis=1, keepdims=True)/m", instead(Number("1"), Number("0")), "np.sum(dZ,  axis=0, keepdims=True)/m"),
    (
        "dh2*(1-dh2)",
        lambda part: (
            Binary("*", Name("dh2"), Binary("*", Name("h2"), part.right)) if getattr(part, "op", "") == "*" else part
        ),
        "dh2*h2*(1-dh2)",
    ),
    ("(z > 0) & (z < 1)", lambda part: Binary("*", part, x) if part.depth == 4 else part, "((z > 0) & (z < 1)) * x"),
    ("x.T.dot(d) + x.mean(-1)", with_op("+", "-"), "x.T.dot(d) - x.mean(-1)"),
    (
        "torch.mm(A, B)",
        lambda part: Call("sum", (part,), keywords=(("axis", Number("0")),)) if isinstance(part, Binary) else part,
        "torch.sum(torch.mm(A, B), dim=0)",
    ),
]


EXAMPLES = [
    *(("latex", *example) for example in LATEX),
    *(("plain", *example) for example in PLAIN),
    *(("code", *example) for example in CODE),
]


@pytest.mark.parametrize(("surface", "source", "edit", "result"), EXAMPLES)
def test_only_what_was_edited_changes(surface, source, edit, result):
    old = READERS[surface](source)
    assert patched(source, old, everywhere(old, edit), surface) == result


def test_places_count_lines():
    source = "a =\n  b @ c\n  + d"
    product = parse("(" + source.partition("=")[2] + ")").left
    assert slice_of("(" + source.partition("=")[2] + ")", product.span) == "b @ c"
    assert slice_of(source, Span(2, 7, 3, 4)) == "c\n  +"


def test_formulas_over_several_lines():
    source = "\\begin{aligned}\n\\delta &= W^\\top x \\\\\n  &= V \\odot z\n\\end{aligned}"
    old = latex(source)
    text = patched(source, old, everywhere(old, renamed("V", "W")), "latex")
    assert text == source.replace("V", "W")


def test_macros_stay_where_they_say_the_same():
    macros = (
        r"\newcommand{\pd}[2]{\frac{\partial #1}{\partial #2}} \newcommand{\dW}{\pd{L}{W}} \newcommand{\d}{\delta} "
    )
    source = macros + r"\pd{L}{W} + \dW = \d x^T"
    old = latex(source)
    assert patched(source, old, everywhere(old, instead(Name("delta"), Name("z"))), "latex") == source.replace(
        r"\d x", "z x"
    )
    text = patched(source, old, everywhere(old, instead(Name("W"), Name("V"))), "latex")
    assert text == macros + r"\pd{L}{V} + \frac{\partial L}{\partial V} = \d x^T"


def test_what_reads_back_otherwise_is_printed():
    old = code("np.dot(a,  b)")
    seen = []

    def reads(text):
        seen.append(text)
        return None if len(seen) == 1 else code(text)

    assert patched("np.dot(a,  b)", old, replace(old, left=Name("c")), "code", reads) == "np.dot(c, b)"
    assert seen == ["np.dot(c,  b)", "np.dot(c, b)"]


# ----- random edits -----

FORMULAS = {
    "latex": [
        NOTE,
        DELTA,
        SUM,
        r"\frac{\partial L}{\partial W^{(k)}} = \delta^{(k)} {a^{(k-1)}}^\top",
        r"\frac{\partial L}{\partial W_{ij}} = \sum_{k} \left( \delta_k - y_k \right) \cdot W_{ki}\, x_j",
        r"\mathbf{W}^{\top}\,\boldsymbol{\delta} \odot \bigl(1 - \tanh^2(\mathbf{z})\bigr)",
        r"\frac{1}{m} \sum_{i=1}^{m} \left(\hat{y}_i - y_i\right)^2 + \lambda \|W\|_2^2",
        r"-\frac{y}{a} + \frac{1 - y}{1-a} = \frac{a-y}{a(1-a)}",
        r"(W x + b)^T (V y - z) / 2",
        r"W \circ V + {\rm diag}(a) \mathrm{Id}_m \otimes x",
        r"V \begin{pmatrix} a + b \\ x \end{pmatrix}",
        r"e^{-x} \exp(a\,b) \log y",
        r"\nabla_W L = \delta\, x^{\mathsf T}, ".rstrip(", "),
        r"\frac{\partial a_i}{\partial z_j} = a_i(\delta_{ij} - a_j)",
    ],
    "plain": [
        "d1  =  W2.T@d2 * tanh'(z2)",
        "1/2 * norm(z2 -y)^2 + lam*sum_i_j(W[i, j]^2)",
        "D(L,  W1) = (d1 ⊗ x) / m",
        "-(a + b)@c - x/(y*z)",
        "δ1 = W2ᵀ @ δ2 ⊙ σ'( z1 )",
        "softmax(x , axis=0)[i] * ([i == j] - a[ j ])",
        "g_(k)'(z_(k)) * (W_(k+1).T @ d_(k + 1))",
    ],
    "code": [
        "np.dot(self.weights[k].T,  delta) * sigmoid_prime(z)",
        "dout.dot(W.T)*(1 - np.tanh(z)**2) / m",
        "dnorm - dnorm.mean(-1, keepdim=True) - norm * (dnorm * norm).mean(-1, keepdim=True)",
        "np.sum( dZ, axis=1,keepdims=True)/m + params['W1'] @ x[:, j]",
        "-(y - a) * np.where(z > 0, 1, 0.01)",
        "np.outer(delta, a.T) + np.multiply(dA, Z > 0)",
        "(W.T @ (p - y)).reshape(3, -1)",
        "dA*3 if z > 0 else dA",
    ],
}


def edits(part):
    """What a slip does to one part."""
    number = isinstance(part, Number) or getattr(part, "function", "") in ("kronecker", "norm")
    found = [Negative(part)] if number else [Transpose(part), Negative(part)]
    match part:
        case Binary(op, left, right) if op in "+-*@·⊗":
            found += [replace(part, left=right, right=left), left, right]
            found += [replace(part, op={"+": "-", "-": "+", "*": "@", "@": "*"}.get(op, "*"))]
        case Juxtaposition(left, right):
            found += [replace(part, left=right, right=left), left, right]
        case Transpose(operand) | Negative(operand):
            found.append(operand)
        case Name():
            found += [
                replace(part, text="z" if part.label else "q"),
                Binary("+", part, Name("b")),
                Binary("*", part, Name("b")),
            ]
        case Number():
            found.append(replace(part, text="7"))
        case Call(function, (_,)) if part.primes or function in "gσ":
            found.append(replace(part, primes=1 - part.primes))
    return found


def in_values(tree):
    """The parts that stand for values, with the whole tree around another one: not labels, indices, options, limits."""
    kinds = Binary | Juxtaposition | Transpose | Negative | Chain | Call | Sum
    for child, put in places(tree) if isinstance(tree, kinds) else ():
        values = (
            tree.args * (tree.function != "kronecker")
            if isinstance(tree, Call)
            else [tree.body]
            if isinstance(tree, Sum)
            else tree.children
        )
        values = values[:1] if getattr(tree, "op", "") == "^" else values
        if any(child is value for value in values) and not isinstance(child, Comparison):
            yield child, put
            for inner, inner_put in in_values(child):
                yield inner, lambda new, put=put, inner_put=inner_put: put(inner_put(new))


def pulled_out(tree):
    """Minus signs before a product rather than in its first factor, and products grouped from the left."""
    tree = regrouped(one_sign(rebuilt(tree, pulled_out)))
    while isinstance(tree, Binary | Juxtaposition) and getattr(tree, "op", "") not in ("+", "-", "^"):
        if not isinstance(tree.left, Negative):
            break
        tree = Negative(replace(tree, left=tree.left.operand))
    return tree


@pytest.mark.parametrize("surface", FORMULAS)
def test_random_edits_read_back_and_keep_the_rest(surface):
    rng = random.Random(11)
    read = READERS[surface]
    for source in FORMULAS[surface]:
        old = read(source)
        assert patched(source, old, old, surface) == source
        places_ = list(in_values(old))
        for _ in range(40):
            part, put = rng.choice(places_)
            new = put(rng.choice(edits(part)))
            text = patched(source, old, new, surface)
            assert pulled_out(read(text)) == pulled_out(new), f"{source}\n{text}"
            known = Places(source, old, surface)
            for kept in new.walk():
                if id(kept) in known.quotable and not isinstance(kept, Name):  # which may get the sign of a transpose
                    assert known.text(kept) in text, f"{source}\n{text}"
