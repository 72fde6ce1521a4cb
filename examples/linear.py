"""The Jacobian of a = W x + b by W, in every form.

A student asks: why is da/dW a 3-D tensor, when the book shows x^T? Both are right. The whole Jacobian has one entry
da_o/dW_o'i for every output and every weight: δ_oo' x_i, mostly zeros. Multiplied from the left by a row dL/da it
becomes dL/dW = (dL/da) x^T, which is the book's formula. Run this file to see each of them.
"""

import numpy as np

import jacobians as jac
import symbolic

x, W, b = np.array([7, 8, 9]), np.array([[1, 2, 3], [4, 5, 6]]), np.array([1, 2])
layer = jac.Linear()

for name, J in layer.jacobians(x=x, W=W, b=b).items():
    print(f"da/d{name} = {J}  =  {J.text('tensor')}   shape {J.shape}, labels {J.pattern}")

J = layer.jacobian("W", x=x, W=W, b=b)
print("\nThe tensor, one slice for each neuron o:")
print(J.text("slices"))

print("\nAs a matrix vec(a) by vec(W), both ways of stacking:")
for vec in ("row", "column"):
    print(f"{J.kronecker(vec)}\n{J.matrix(vec)}")

print("\nBacked by an upstream gradient u = dL/da it is the book's outer product u x^T:")
u = np.array([1.0, -2.0])
print(J.pull(u))
assert np.array_equal(J.pull(u), np.outer(u, x))

print("\nIn LaTeX, from SymPy's derivative of the index formula:")
print(symbolic.latex(layer, "W"))
print(symbolic.latex(layer, "W", form="tensor"))

print("\nProof:", layer.verify("W", x=x, W=W, b=b))
