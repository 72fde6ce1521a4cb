"""What the last line of a derivation is worth, and what the run of a model says of it."""

from __future__ import annotations

import numpy as np

import jacobians as jac
from jacobians.claims.bindings import Scope
from jacobians.claims.judge import Judge
from jacobians.notation import to_plain
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from symbolic.steps.derivation import Derivation

#: One equation of a loss for every rule of whole arrays: the text, the variable, the answer.
RULES = {
    "trace": ("A : 3 x 2; B : 2 x 3; L = trace(A @ B)", "A", "B.T"),
    "inverse": ("A : 3 x 3; B : 3 x 3; L = trace(inverse(A) @ B)", "A", "-(inverse(A).T @ B.T @ inverse(A).T)"),
    "short names": ("A : 3 x 3; B : 3 x 3; L = tr(inv(A) @ B)", "A", "-(inv(A).T @ B.T @ inv(A).T)"),
    "log determinant": ("A : 3 x 3; L = logdet(A)", "A", "inverse(A).T"),
    "determinant": ("A : 3 x 3; L = det(A)", "A", "det(A) inverse(A).T"),
    "norm": ("x : 3; L = norm(x)", "x", "x/norm(x)"),
    "norm of a product": ("A : 3 x 2; B : 2 x 5; L = norm(A @ B)^2", "B", "2 A.T @ A @ B"),
    "inner product": ("x : 3; y : 2; A : 3 x 2; L = inner(x, A @ y)", "A", "x @ y.T"),
    "quadratic form": ("x : 3; A : 3 x 3; L = inner(x, A @ x)", "x", "A @ x + A.T @ x"),
    "log sum exp": ("x : 3; L = logsumexp(x)", "x", "softmax(x)"),
    "log softmax": ("x : 3; y : 3; L = sum(y*log_softmax(x))", "x", "y - (ones(n).T @ y) softmax(x)"),
    "quotient": ("x : 5; y : 5; u = x/norm(x); L = inner(u, y)", "x", "y/norm(x) - (y.T @ x/norm(x)^3) x"),
    "quotient of vectors": ("x : 5; y : 5; L = sum(y/x)", "x", "-(y/(x * x))"),
    "power": ("x : 3; L = sum(x^3)", "x", "3 x^2"),
    "mean": ("x : 3; L = mean(exp(x))", "x", "exp(x)/n"),
    "root and logarithm": ("x : 3; L = sum(sqrt(x)) + sum(log(x))", "x", "(1/2) (ones(n)/sqrt(x)) + ones(n)/x"),
    "transpose": ("X : 5 x 3; W : 5 x 2; Z = X.T @ W; L = norm(Z)^2", "X", "2 W @ Z.T"),
    "twice": ("X : 5 x 3; G = X.T @ X; L = trace(G)", "X", "2 X"),
    "rows of softmax": (
        "X : 5 x 3; Y : 5 x 3; L = sum(Y*softmax(X))",
        "X",
        "(Y - Y * softmax(X) @ ones(m, m)) * softmax(X)",
    ),
    "softmax and logarithm": (
        "X : 5 x 3; Y : 5 x 3; P = softmax(X); L = -sum(Y*log(P))",
        "X",
        "Y @ ones(m, m) * P - Y",
    ),
    "a number in every entry": ("X : 5 x 3; s : scalar; Z = X + s; L = norm(Z)^2", "s", "2 ones(n).T @ Z @ ones(m)"),
    "a number times an array": ("X : 5 x 3; s : scalar; Z = s*X; L = norm(Z)^2", "s", "2 inner(Z, X)"),
    "a row in every row": ("X : 5 x 3; v : 3; Z = X - v; L = norm(Z)^2", "v", "-(2 Z.T @ ones(n))"),
    "an array over a number": ("X : 5 x 3; s : scalar; Z = X/s; L = sum(Z)", "s", "-(ones(n).T @ X @ ones(m)/s^2)"),
}


def model_of(rule: str) -> jac.Model:
    return jac.Model.parse(RULES[rule][0].replace("; ", "\n"))


def last_value(found: Derivation, model: jac.Model, of: str, wrt: str) -> tuple[np.ndarray, np.ndarray]:
    """The value of the last line at the first point of the claims, and the Jacobian of a run at this point."""
    head = found.parts[-1].head
    letters = [i.text for e in _entries(head) if isinstance(e, t.Index) for i in e.indices if isinstance(i, t.Name)]
    ev = Judge(found.context).first()
    scope = Scope((), tuple((x, x) for x in letters))
    ev.start(scope, head, found.result)
    value = ev.value(found.result, scope)
    got = value.array[0].transpose(
        [*(value.letters.index(x) for x in letters), *range(len(letters), value.array.ndim - 1)]
    )
    point = {name: ev.quantity(name).array[0] for name in model.leaves}
    lines = [f"{name} : {' x '.join(map(str, array.shape)) or 'scalar'}" for name, array in point.items()]
    shaped = jac.Model.parse("\n".join([*lines, *(f"{k} = {v}" for k, v in model.equations().items())]))
    return got, np.asarray(shaped.run(point).jacobian(of, wrt).dense())


def _entries(head: t.Tree) -> tuple[t.Tree, ...]:
    return (head.of, head.by) if isinstance(head, c.Partial) else (head,)


def lines(found: Derivation, part: int) -> list[str]:
    """The head and the lines of one part as its level of detail shows them, in plain notation."""
    return [to_plain(found.parts[part].head), *(to_plain(step.line) for step in found.shown[part].steps)]
