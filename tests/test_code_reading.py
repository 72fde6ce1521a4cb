"""Code as a surface: what NumPy and PyTorch code is read into, where it stands, and what is refused."""

from __future__ import annotations

import random

import pytest

from jacobians.errors import MathSyntaxError
from jacobians.notation import Binary, Call, Index, Iverson, List, Name, Negative, Number, Span, Transpose, parse
from jacobians.notation.code import MAX_STATEMENTS, looks_like_code, parse_code
from jacobians.notation.code_functions import ALIASES, ELEMENTWISE
from jacobians.notation.tree_calculus import Apply, Dots, Gradient, Slice, Sum
from jacobians.ops import OPS

A, B, W, d, i, j, k, x, y, z = map(Name, "A B W d i j k x y z".split())
one, two = map(Number, "12")
TRUE = Name("True")


def read(code):
    *_, statement = parse_code(code if "\n" in code else f"value = {code}")
    return statement.expression


#: Code, and the same in the plain notation.
SAME = {
    "W2.T @ d2 * tanh(z1)": "W2.T @ d2 * tanh(z1)",
    "np.dot(W, x) + b": "W @ x + b",
    "W.dot(x).dot(y)": "W @ x @ y",
    "np.matmul(A, B)": "A @ B",
    "torch.mm(A, B.t())": "A @ B.T",
    "np.transpose(A) @ A.transpose(1, 0)": "A.T @ A.T",
    "A.transpose() @ A.swapaxes(0, 1)": "A.T @ A.T",
    "np.outer(delta, a.T)": "delta ⊗ a.T",
    "np.multiply(a, b) - np.divide(a, b)": "a * b - a / b",
    "np.subtract(np.add(a, b), c)": "a + b - c",
    "1.0 - a**2": "1.0 - a^2",
    "np.power(a, 3) / np.square(b)": "a^3 / b^2",
    "-x + +y": "-x + y",
    "-x**2": "-x^2",
    "1 / (1 + np.exp(-z))": "1 / (1 + exp(-z))",
    "np.reciprocal(x)": "1 / x",
    "np.log1p(x)": "log(1 + x)",
    "F.softmax(z, dim=-1)": "softmax(z, axis=-1)",
    "scipy.special.expit(z)": "sigmoid(z)",
    "torch.nn.functional.relu(z)": "relu(z)",
    "tf.reduce_sum(x, axis=0)": "sum(x, axis=0)",
    "np.sum(x, axis=1, keepdims=True)": "sum(x, axis=1, keepdims=True)",
    "np.sum(x, 0)": "sum(x, axis=0)",
    "x.sum(0)": "sum(x, axis=0)",
    "x.sum(0, True)": "sum(x, axis=0, keepdims=True)",
    "x.sum(axis=None, keepdims=False)": "sum(x)",
    "x.mean(-1, keepdim=True)": "mean(x, axis=-1, keepdims=True)",
    "x.var(1, unbiased=False)": "var(x, axis=1, unbiased=False)",
    "np.maximum(0, z)": "maximum(0, z)",
    "max(z, 0)": "maximum(z, 0)",
    "np.max(x, 1)": "max(x, axis=1)",
    "np.abs(x) + np.linalg.norm(x, 2)": "abs(x) + norm(x, 2)",
    "np.linalg.inv(A) @ b": "inverse(A) @ b",
    "np.diag(p) - np.eye(3) + np.identity(n)": "diag(p) - Id(3) + Id(n)",
    "np.ones((2, n)) + torch.zeros(2, 3)": "ones(2, n) + zeros(2, 3)",
    "np.ones_like(x)": "ones_like(x)",
    "x.reshape(2, -1)": "reshape(x, shape=[2, -1])",
    "np.reshape(x, (2, 3), order='F')": "reshape(x, shape=[2, 3], order=F)",
    "x.flatten()": "flatten(x)",
    "np.transpose(x, (0, 2, 1))": "permute(x, axes=[0, 2, 1])",
    "np.concatenate([h, x], axis=0)": "concat(h, x, axis=0)",
    "np.where(z > 0, 1, 0.01)": "where(z > 0, 1, 0.01)",
    "dA if z > 0 else 0": "where(z > 0, dA, 0)",
    "dA * (0 < z < 1)": "dA * [0 < z < 1]",
    "(z > 0) & (z != 1)": "[z > 0] * [z != 1]",
    "(z > 0).astype(float)": "[z > 0]",
    "np.array(dA, copy=True)": "dA",
    "sigmoid_prime(z) * tanh_derivative(a)": "sigmoid'(z) * tanh'(a)",
    "sigmoid(x, derivative=True)": "sigmoid'(x)",
    "self.sigmoid(x, deriv=False)": "sigmoid(x)",
    "f_prime(z) * self.activation_prime(z)": "f'(z) * activation'(z)",
    "relu_backward(dA, Z)": "relu_backward(dA, Z)",
    "cost_derivative(a, y)": "cost_derivative(a, y)",
    "J_grad(theta)": "J_grad(theta)",
    "layers.relu(z) + z.sigmoid()": "relu(z) + sigmoid(z)",
    "self.W1 @ params['W2'] + cache[\"A1\"]": "W1 @ W2 + A1",
    "grads['dW1'] + grads['b1']": "dW1 + db1",
    "encoder.W - decoder.W": "W_encoder - W_decoder",
    "self.fc1.weight @ x": "weight_fc1 @ x",
    "params['W' + str(l)] + p[f'W{l}'] + q['W%d' % (l - 1)]": "W_(l) + W_(l) + W_q_(l - 1)",
    "x[i] * W[i, j] + A[i][j] + a[-1] + h[t-1]": "x[i] * W[i, j] + A[i][j] + a[-1] + h[t-1]",
    "self.weights[k].T": "weights[k].T",
    "self.layers[k].W + caches[l]['A']": "W[k] + A[l]",
    "X.shape[1] + len(X)": "size(X, axis=1) + size(X, axis=0)",
    "1_000 * 0x1F + 1.": "1000 * 31 + 1.",
    "δ1 @ θ": "delta1 @ theta",
}


@pytest.mark.parametrize("code", SAME)
def test_code_is_the_plain_notation_in_other_words(code):
    assert read(code) == parse(SAME[code])


TREES = {
    "np.einsum('ij, jk -> ik', A, B)": Call("einsum", (A, B), keywords=(("equation", Name("ij,jk->ik")),)),
    "x[:, j]": Index(x, (Slice(), j)),
    "x[1:k]": Index(x, (Slice(one, k),)),
    "x[..., None]": Index(x, (Dots(), Name("None"))),
    "x[:, np.newaxis]": Index(x, (Slice(), Name("None"))),
    "np.einsum('i,i->', x, y, optimize=True)": Call("einsum", (x, y), keywords=(("equation", Name("i,i->")),)),
    "W.grad": Gradient(W),
    "f(x)(y)": Apply(Call("f", (x,)), (y,)),
    "self.act[k](z)": Apply(Index(Name("act"), (k,)), (z,)),
    "[x, -1]": List((x, Negative(one))),
    "sum(W[j, i] * d[j] for j in range(2) if j != i)": Sum(
        ("j",),
        Binary("*", Index(W, (j, i)), Index(d, (j,))),
        Number("0"),
        Binary("-", two, one),
        parse("j != i"),
    ),
    "sum(x[i] for i in range(1, k))": Sum(("i",), Index(x, (i,)), one, Binary("-", k, one)),
}


@pytest.mark.parametrize("code", TREES)
def test_what_the_plain_notation_cannot_say(code):
    assert read(code) == TREES[code]


def test_a_condition_is_one_or_zero():
    assert read("x > 0") == Iverson(parse("x > 0"))


def test_known_functions_are_ops():
    assert OPS.keys() >= ELEMENTWISE
    written_otherwise = {"Id", "transpose", "expand_dims"}
    assert set(ALIASES.values()) <= OPS.keys() | written_otherwise


PROGRAM = '''
import numpy as np

def relu_prime(z):
    """The slope."""
    return z > 0

class Net:
    def backward(self, dy):
        print("back")
        for k in range(3):
            if k > 1:
                self.dW[k] += dy @ self.a.T; db = np.sum(dy)
            else:
                a, b = x, y
        n, m = X.shape
        return db, dy

square = lambda t: t * t
u = v = W @ x
w: float = 2
plt.show()
W @ x
'''


def test_statements_are_found_wherever_they_stand():
    found = [
        (s.target, s.augmented, s.function, s.text)
        for s in parse_code("\n".join("  " + line for line in PROGRAM.split("\n")))
    ]
    names = {name: Name(name) for name in "db a b u v w".split()}
    assert found == [
        (None, "", "relu_prime", "return z > 0"),
        (Index(Name("dW"), (k,)), "+", "backward", "self.dW[k] += dy @ self.a.T"),
        (names["db"], "", "backward", "db = np.sum(dy)"),
        (names["a"], "", "backward", "a, b = x, y"),
        (names["b"], "", "backward", "a, b = x, y"),
        (None, "", "backward", "return db, dy"),
        (None, "", "backward", "return db, dy"),
        (None, "", "square", "square = lambda t: t * t"),
        (names["u"], "", "", "u = v = W @ x"),
        (names["v"], "", "", "u = v = W @ x"),
        (names["w"], "", "", "w: float = 2"),
        (None, "", "", "W @ x"),
    ]


def test_places_count_characters():
    (statement,) = parse_code("  # ü\n  δ = (σ) @ W.T")
    assert statement.span == Span(2, 3, 2, 16)
    tree = statement.expression
    assert (tree.span, tree.left.span, tree.right.span) == (Span(2, 7, 2, 16), Span(2, 8, 2, 9), Span(2, 13, 2, 16))
    assert tree == Binary("@", Name("sigma"), Transpose(W))


def test_places_in_indented_and_broken_lines():
    (statement,) = parse_code("    x = (a +\r\n         b)\r\n")
    assert statement.text == "x = (a +\n     b)"
    assert statement.expression.right.span == Span(2, 10, 2, 11)


def test_commands_of_notebooks_do_not_count():
    assert read("%matplotlib inline\n!ls\nx = W @ y") == Binary("@", W, y)


REFUSED = {
    "x = {1: 2}": (1, 5, "got a dictionary; write the value that is meant under a name of its own"),
    "y = 1\nx = 'words'": (2, 5, "got a string"),
    "x = y % 2": (1, 5, "got %"),
    "x = a and b": (1, 5, "got `and` or `or`"),
    "x = not a": (1, 5, "got `not`"),
    "x = a & b": (1, 5, "got & between what is no condition"),
    "x = a is b": (1, 5, "got `is`"),
    "x = [t for t in a]": (1, 5, "got a list comprehension"),
    "x = sum(t for t in a)": (1, 8, "got a sum over something else than one range"),
    "x = sum(t for t in range(3) for s in range(3))": (1, 8, "something else than one range"),
    "x = f(*a)": (1, 7, "got a starred argument"),
    "x = f(**a)": (1, 7, r"got \*\*"),
    "x = a[::2]": (1, 9, "got a slice with a step"),
    "x = 2j": (1, 5, "got the constant 2j"),
    "x = 1e999": (1, 5, "longer than 100 characters or that a float cannot hold"),
    "x = f('word')": (1, 7, "got a string"),
    "x = f(key='two words')": (1, 11, "got a string"),
    "x = _y": (1, 5, "the name '_y': names are of letters and digits"),
    "x = params['two words']": (1, 12, "the name 'two words'"),
    "x = é + 1": (1, 5, "the name 'é'"),
    "x = np.einsum(A, B)": (1, 5, "got einsum without an equation such as 'ij,jk->ik'"),
    "x = tf.matmul(A, B, transpose_a=True)": (1, 5, "got option transpose_a of matmul"),
    "x = np.sum(A, 0, B)": (1, 5, "got argument 3 of sum"),
    "x = f(y).bias": (1, 5, "got bias of an expression"),
    "x //= 2": (1, 1, "got //"),
    "f(x).a = 2": (1, 1, "got a of an expression"),
    "x.T = 2": (1, 1, "got a target that is neither a name nor an entry"),
    "  x = = 2": (1, 7, r"got what Python refuses \(invalid syntax\); mend the line or leave it out"),
    "x = (1,\n": (1, 5, "was never closed"),
    "x = '\0'": (1, 1, "null bytes|a character that no text has; remove it"),
    "x = \ud800": (1, 1, "a character that no text has; remove it"),
    "\n x = " + "(" * 65 + "1" + ")" * 65: (2, 70, "at most 64 brackets within one another; split the expression"),
    "x = " + "+a" * 201: (1, 5, "more than 200 operations within one another"),
    "x = " + "-" * 9000 + "a": (1, 1, "less deeply nested; split the expression"),
    "x = " + "a + " * 4000 + "a": (1, 1, "less deeply nested; split the expression"),
    "x = " * (MAX_STATEMENTS + 1) + "a": (1, 1, "more than 2000 statements"),
    "#" * 20_001: (1, 1, "at most 20000 characters of code, got 20001; split the text"),
}


@pytest.mark.parametrize("code", REFUSED, ids=lambda code: repr(code[:30]))
def test_what_is_refused_is_named_with_its_place(code):
    line, column, message = REFUSED[code]
    with pytest.raises(MathSyntaxError, match=message) as error:
        parse_code(code)
    assert (error.value.line, error.value.column) == (line, column)


def test_the_other_lines_are_read_all_the_same():
    problems = []
    (statement,) = parse_code("x = {}\ny = W @ z\n", problems)
    assert statement.target == y
    assert [problem.line for problem in problems] == [1]


@pytest.mark.parametrize(
    "line",
    [
        "dW = dZ @ A.T / m",
        "dW1 = np.dot(dZ1, X.T)",
        "a = 1 - a**2",
        "dC += dh * o[t]",
        "db = dz.sum(axis=0)",
        "return x.T.dot(d)",
        "A = cache['A1']",
        "s = x[:, 0]",
    ],
)
def test_looks_like_code(line):
    assert looks_like_code(line)


@pytest.mark.parametrize(
    "line",
    [
        "z = W x + b",
        "W2.T @ d2 * tanh'(z1)",
        "D(L, W1) = d1 @ x.T",
        "y = W.T @ sum_i(x[i])",
        "dL/da = a_(k-1) @ W.T",
        "W.T x = y",
        "return home",
        "www.example.org",
        "$W^T$ and x.T",
        "x = 2\ny = x.T",
        "",
        "x.T" + "(" * 70,
    ],
)
def test_does_not_look_like_code(line):
    assert not looks_like_code(line)


def test_damaged_code_only_raises_our_error():
    rng = random.Random(5)
    codes = list(SAME) + list(TREES) + PROGRAM.split("\n\n")
    signs = "()[]{}.,:=+-*/@%&|~<>!'\"\\\n\t #0xe_jδé\0"
    for _ in range(3000):
        text = list(rng.choice(codes))
        for _ in range(rng.randint(1, 3)):
            place = rng.randrange(len(text) + 1)
            text[place : place + rng.randint(0, 2)] = rng.choice([[], [rng.choice(signs)], text[:4]])
        try:
            parse_code("".join(text))
        except MathSyntaxError:
            continue
