"""Closed forms by hand in plain NumPy, each for its one task: what any general machinery is measured against.

They take the leaves of the task by name and give the Jacobians in the order asked for, each in fresh memory.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import as_strided, sliding_window_view

Array = np.ndarray

#: From so many entries on a product of a column and a row by BLAS is faster than a broadcast product.
BLAS_PAYS = 4096


def outer(A: Array, v: Array) -> Array:
    """A ⊗ v."""
    if A.size * v.size < BLAS_PAYS:
        return A[..., None] * v
    return np.dot(A.reshape(-1, 1), v.reshape(1, -1)).reshape(*A.shape, v.size)  # matmul does not ask BLAS here


def identity_outer(n: int, v: Array) -> Array:
    """Id_n ⊗ v, the Jacobian of W v by W: zero pages, and v written n times."""
    J = np.zeros((n, n, v.size))
    J.reshape(n * n, v.size)[:: n + 1] = v
    return J


def linear(W: Array, x: Array, b: Array) -> list[Array]:
    return [identity_outer(b.size, x)]


def loss_and_output(W1: Array, b1: Array, W2: Array, b2: Array, x: Array, y: Array) -> list[Array]:
    a1 = np.tanh(W1 @ x + b1)
    e = W2 @ a1 + b2 - y
    e += e
    by_b1 = W2 * (1 - a1 * a1)
    loss_by_b1 = e @ by_b1
    return [
        *(loss_by_b1[:, None] * x, loss_by_b1, e[:, None] * a1, e),
        *(by_b1[:, :, None] * x, by_b1, identity_outer(e.size, a1), np.eye(e.size)),
    ]


def output_by_parameters(W1: Array, b1: Array, W2: Array, b2: Array, W3: Array, b3: Array, x: Array) -> list[Array]:
    a1 = np.tanh(W1 @ x + b1)
    a2 = np.tanh(W2 @ a1 + b2)
    by_b2 = W3 * (1 - a2 * a2)
    by_b1 = by_b2 @ W2
    by_b1 *= 1 - a1 * a1
    return [outer(by_b1, x), by_b1, outer(by_b2, a1), by_b2, identity_outer(b3.size, a2), np.eye(b3.size)]


def layers_by_weights(W1: Array, b1: Array, W2: Array, b2: Array, W3: Array, b3: Array, x: Array) -> list[Array]:
    a1 = np.tanh(W1 @ x + b1)
    a2 = np.tanh(W2 @ a1 + b2)
    z2_by_z1, z3_by_z2 = W2 * (1 - a1 * a1), W3 * (1 - a2 * a2)
    return [
        identity_outer(b1.size, x),
        *(outer(z2_by_z1, x), identity_outer(b2.size, a1)),
        *(outer(z3_by_z2 @ z2_by_z1, x), outer(z3_by_z2, a1), identity_outer(b3.size, a2)),
    ]


def softmax(z: Array, y: int) -> list[Array]:
    p = np.exp(z - z.max())
    p /= p.sum()
    J = outer(-p, p)
    J.ravel()[:: p.size + 1] += p
    gradient = p.copy()
    gradient[y] -= 1
    return [J, gradient]


def conv2d(x: Array, K: Array) -> list[Array]:
    (c, h, w), o = x.shape, len(K)
    by_x = np.zeros((o, h, w, c, h, w))
    so, su, sv, sc, sh, sw = by_x.strides
    for p in range(3):  # every place of the kernel: one strided write of all pairs (u, u + p - 1), (v, v + q - 1)
        for q in range(3):
            u, v = max(1 - p, 0), max(1 - q, 0)
            corner = by_x[:, u:, v:, :, u + p - 1 :, v + q - 1 :]
            shape = (o, h - abs(p - 1), w - abs(q - 1), c)
            as_strided(corner, shape, (so, su + sh, sv + sw, sc))[...] = K[:, None, None, :, p, q]
    padded = np.zeros((c, h + 2, w + 2))
    padded[:, 1:-1, 1:-1] = x
    windows = np.ascontiguousarray(sliding_window_view(padded, (3, 3), axis=(1, 2)).transpose(1, 2, 0, 3, 4))
    by_K = np.zeros((o, h, w, o, c, 3, 3))
    for k in range(o):
        by_K[k, :, :, k] = windows
    return [by_x, by_K]


def self_attention(X: Array, W_Q: Array, W_K: Array, W_V: Array) -> list[Array]:
    (t, m), e, s = X.shape, W_V.shape[1], W_Q.shape[1] ** -0.5
    Q, K, V = X @ W_Q, X @ W_K, X @ W_V
    S = Q @ K.T * s
    P = np.exp(S - S.max(axis=1, keepdims=True))
    P /= P.sum(axis=1, keepdims=True)
    by_S = (s * P)[:, None, :] * (V.T - (P @ V)[:, :, None])  # (t, e, j): s times dY[t, e] / dS[t, j]
    by_Q, by_K = by_S @ K, by_S @ X  # by_K: without its second factor, Q
    by_X = np.einsum("tej,tm->tejm", by_S, Q @ W_K.T)
    by_X += np.einsum("tj,em->tejm", P, W_V.T)
    np.einsum("tetm->tem", by_X)[...] += by_Q @ W_Q.T
    by_W_V = np.zeros((t, e, m, e))
    np.einsum("teme->tem", by_W_V)[...] = (P @ X)[:, None, :]
    return [by_X, X[:, None, :, None] * by_Q[:, :, None, :], np.einsum("tem,td->temd", by_K, Q), by_W_V]


def deep(x: Array, **params: Array) -> list[Array]:
    J, a = None, x
    for k in range(1, len(params) // 2 + 1):
        W = params[f"W{k}"]
        a = np.tanh(W @ a + params[f"b{k}"])
        J = W.copy() if J is None else W @ J
        J *= (1 - a * a)[:, None]
    return [J]


def classifier(W1: Array, b1: Array, W2: Array, b2: Array, W3: Array, b3: Array, x: Array, y: int) -> list[Array]:
    z1 = W1 @ x + b1
    a1 = np.maximum(z1, 0)
    z2 = W2 @ a1 + b2
    a2 = np.maximum(z2, 0)
    z3 = W3 @ a2 + b3
    d3 = np.exp(z3 - z3.max())
    d3 /= d3.sum()
    d3[y] -= 1
    d2 = d3 @ W3 * (z2 > 0)
    d1 = d2 @ W2 * (z1 > 0)
    return [outer(d1, x), d1, outer(d2, a1), d2, outer(d3, a2), d3]


def batch_classifier(
    W1: Array, b1: Array, W2: Array, b2: Array, W3: Array, b3: Array, x: Array, y: Array
) -> list[Array]:
    z1 = x @ W1.T + b1
    a1 = np.maximum(z1, 0)
    z2 = a1 @ W2.T + b2
    a2 = np.maximum(z2, 0)
    z3 = a2 @ W3.T + b3
    d3 = np.exp(z3 - z3.max(axis=1, keepdims=True))
    d3 /= d3.sum(axis=1, keepdims=True)
    d3[np.arange(y.size), y] -= 1
    d3 /= y.size
    d2 = d3 @ W3
    d2 *= z2 > 0
    d1 = d2 @ W2
    d1 *= z1 > 0
    return [d1.T @ x, d1.sum(axis=0), d2.T @ a1, d2.sum(axis=0), d3.T @ a2, d3.sum(axis=0)]


def each_output_by_parameters(
    W1: Array, b1: Array, W2: Array, b2: Array, W3: Array, b3: Array, x: Array
) -> list[Array]:
    """The output of every sample (a row of x) by all parameters."""
    a1 = np.tanh(x @ W1.T + b1)
    a2 = np.tanh(a1 @ W2.T + b2)
    n, o = len(x), b3.size
    by_b2 = W3 * (1 - a2 * a2)[:, None, :]
    by_b1 = (by_b2.reshape(n * o, -1) @ W2).reshape(n, o, -1)
    by_b1 *= (1 - a1 * a1)[:, None, :]
    by_W3, by_b3 = np.zeros((n, o, o, a2.shape[1])), np.zeros((n, o, o))
    np.einsum("nooi->noi", by_W3)[...] = a2[:, None, :]
    np.einsum("noo->no", by_b3)[...] = 1
    each_outer = "noj,ni->noji"
    return [np.einsum(each_outer, by_b1, x), by_b1, np.einsum(each_outer, by_b2, a1), by_b2, by_W3, by_b3]


def layer_norm(x: Array, gamma: Array, beta: Array) -> list[Array]:
    n = x.size
    centred = x - x.mean()
    scale = 1 / np.sqrt(centred @ centred / n + 1e-5)
    normed, rows = centred * scale, gamma * scale
    J = np.column_stack([rows, rows * normed]) @ np.stack([np.full(n, -1 / n), normed / -n])
    J.ravel()[:: n + 1] += rows
    return [J]


FORMS = {
    "N1a": linear,
    "N1b": linear,
    "N2": loss_and_output,
    "N3": output_by_parameters,
    "N4": layers_by_weights,
    "N5": softmax,
    "N6": conv2d,
    "N7": self_attention,
    "N8": deep,
    "N9": classifier,
    "N10": each_output_by_parameters,
    "N11": layer_norm,
    "G1": batch_classifier,
}
