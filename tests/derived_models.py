"""The models that every style of derivation is tried on: pairwise different prime sizes, `of` a loss or a vector."""

from __future__ import annotations

from typing import NamedTuple

import jacobians as jac

LAYERED = r"""
k : layer
x : n_(0)
W^{(k)} : n_(k) x n_(k-1)
b^{(k)} : n_(k)
y : n_(L)
L : layer 3..3
g : function
l : function -> scalar
a^{(0)} = x
z^{(k)} = W^{(k)} a^{(k-1)} + b^{(k)}
a^{(k)} = g^{(k)}(z^{(k)})
C = l(y, a^{(L)})
"""


class Case(NamedTuple):
    """A model in equations, what is differentiated, and by what."""

    model: jac.Model | str
    of: str
    wrt: str


def _case(text: str, of: str, wrt: str) -> Case:
    return Case(jac.Model.parse(text.replace("; ", "\n")), of, wrt)


CASES = {
    "affine": _case("x : 3; W : 2 x 3; a = W @ x + b", "a", "W"),
    "mlp": Case(jac.mlp([3, 5, 2]), "L", "W1"),
    "mlp bias": Case(jac.mlp([3, 5, 2], activation="sigmoid"), "L", "b1"),
    "mlp vector": Case(jac.mlp([3, 5, 2]), "z2", "x"),
    "mlp tensor": Case(jac.mlp([3, 5, 2]), "z2", "W1"),
    "five layers": Case(jac.mlp([3, 5, 2, 7, 11, 13]), "L", "W1"),
    "layered": Case(LAYERED, "C", "W^{(k)}"),
    "layered bias": Case(LAYERED, "C", "b^{(k)}"),
    "last layer": Case(LAYERED, "C", "z^{(L)}"),
    "last but one": Case(LAYERED, "C", "z^{(L-1)}"),
    "residual": _case("x : 3; W : 3 x 3; h = tanh(W @ x); u = x + h; L = 1/2*norm(u)^2", "L", "x"),
    "shared": _case("x : 3; W : 3 x 3; z1 = W @ x; h = tanh(z1); z2 = W @ h; L = norm(z2)^2", "L", "W"),
    "softmax": _case("x : 3; W : 5 x 3; y : 5; z1 = W @ x; p = softmax(z1); L = -sum(y*log(p))", "L", "z1"),
    "cross-entropy": _case("x : 3; W : 5 x 3; y : 5; z1 = W @ x; L = cross_entropy(z1, y)", "L", "W"),
    "batch": _case(
        "X : 7 x 3; W : 3 x 2; b : 2; Y : 7 x 2; Z1 = X @ W + b; A1 = sigmoid(Z1); L = 1/2*norm(A1 - Y)^2", "L", "W"
    ),
    "batch bias": _case(
        "X : 7 x 3; W : 3 x 2; b : 2; Y : 7 x 2; Z1 = X @ W + b; A1 = sigmoid(Z1); L = 1/2*norm(A1 - Y)^2", "L", "b"
    ),
    "columns of samples": Case(
        "n, m, s : size\nX : n x s\nW : m x n\nb : m\nZ1 = W @ X + b\nL = 1/2 * norm(tanh(Z1))^2", "L", "b"
    ),
    "input of layers": Case(LAYERED, "C", "x"),
    "layer norm": _case(
        "x : 5; gamma : 5; beta : 5; t : 5; h = layer_norm(x, gamma, beta); L = 1/2*norm(h - t)^2", "L", "x"
    ),
    "batch norm": _case(
        "X : 7 x 3; gamma : 3; beta : 3; T : 7 x 3; H = batch_norm(X, gamma, beta); L = 1/2*norm(H - T)^2", "L", "X"
    ),
    "attention": _case("Q : 3 x 2; K : 5 x 2; V : 5 x 7; O = attention(Q, K, V); L = norm(O)^2", "L", "Q"),
    "rnn": Case(jac.rnn([2, 3, 2], steps=3), "L", "W_h"),
    "convolution": _case("X : 1 x 7; W : 2 x 1 x 3; b : 2; O = conv1d(X, W, b); L = norm(O)^2", "L", "W"),
    "paths": _case("s : scalar; x = sin(s); y = exp(s); f = x*y; g = tanh(f); h = f^2; L = g*h", "L", "s"),
}
