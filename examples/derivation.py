"""A derivation as a lecturer writes it: for layers in general, in components and in matrices, and as files.

With a folder as its argument the files are written there: LaTeX, Markdown, a page that needs no network, a notebook,
and a PDF, for which pdflatex must be installed.
"""

import sys
from pathlib import Path

import jacobians as jac
import symbolic
from jacobians.notation.options import Notation

NETWORK = r"""
k : layer
L : layer 3..3
x : n_(0)
W^{(k)} : n_(k) x n_(k-1)
b^{(k)} : n_(k)
y : n_(L)
g : function
l : function -> scalar
a^{(0)} = x
z^{(k)} = W^{(k)} a^{(k-1)} + b^{(k)}
a^{(k)} = g^{(k)}(z^{(k)})
C = l(y, a^{(L)})
"""

# dC/dW^(k) in components: error signals, the recursion, where it starts
general = symbolic.derivation(NETWORK, "C", "W^{(k)}", notation=Notation.read("seeds-en"))
print(general.text())
print(general.check())

# the 3-D tensor d(Wx + b)/dW, in German
tensor = symbolic.derivation(
    "x : 3\nW : 2 x 3\na = W @ x + b", "a", "W", style="tensor", notation=Notation.read("seeds-de")
)
print(tensor.latex())

# the gradient of a two-layer network in matrices, and as a function of NumPy arrays
gradient = symbolic.derivation(jac.mlp([3, 4, 2]), "L", "W1", style="matrix")
print(gradient.text())
print(gradient.to_numpy())

# how does one get from here to there?
print(symbolic.bridge("delta1 @ x.T", "(W2.T @ delta2 * tanh'(z1)) @ x.T", jac.mlp([3, 4, 2])))

if len(sys.argv) > 1:
    folder = Path(sys.argv[1])
    for ending in (".tex", ".md", ".html", ".ipynb", ".pdf"):
        general.save(folder / f"derivation{ending}")
        print(f"written: {folder / f'derivation{ending}'}")
