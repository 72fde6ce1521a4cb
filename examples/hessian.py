"""Second derivatives: the textbook's Hessians, and what is left of a network's when only its slopes are kept.

A lecturer shows that cross-entropy is convex in the logits, and then that the loss of a network is not convex in its
weights. Both are read off the same formulas: the Hessian of a network is a sum of two terms, one with the curvature of
the activations, which may have any sign, and one without, the Gauss-Newton matrix, which never has negative
eigenvalues. Run this file to see them.
"""

import numpy as np

import jacobians as jac


def run_of(text, **values):
    """A run of a model at its random point, but for the values given."""
    model = jac.Model.parse(text)
    return model.run({**model.random_point(0), **values})


print("Cross-entropy by the logits:")
run = run_of("z : 3\ny : scalar\np = softmax(z)\nL = cross_entropy_index(z, y)")
H = run.hessian("L", "z")
print(f"    d2L/dz2 = {H}  =  {H.text('tensor')}")
print("    eigenvalues", np.round(np.linalg.eigvalsh(H.matrix()), 4) + 0.0, "and never one below 0")

print("\nLeast squares by the weights:")
run = run_of("X : 5 x 3\nw : 3\ny : 5\nL = 1/2 * norm(X @ w - y)^2")
H, g = run.hessian("L", "w"), run.jacobian("L", "w")
print(f"    d2L/dw2 = {H.text('tensor')}")
solved = run["w"] - np.linalg.solve(H.matrix(), g.dense())  # one step of Newton's method
print("    one Newton step ends at the solution of the normal equations:", np.round(solved, 4))
assert np.allclose(solved, np.linalg.lstsq(run["X"], run["y"], rcond=None)[0])

print("\nA network, z1 = W1 x + b1, a1 = tanh(z1), z2 = W2 a1 + b2, L = 1/2 norm(z2 - y)^2:")
model = jac.mlp([3, 4, 2])
run = model.run(model.random_point(0))
H, G = run.hessian("L", "W1"), run.gauss_newton("L", "W1")
print(f"    d2L/dW1 dW1 = {H}")
print(f"    as a matrix:  {H.kronecker()}")
print(f"    without the curvature of the network:  {G.kronecker()}")
for name, matrix in (("Hessian", H.matrix()), ("Gauss-Newton", G.matrix())):
    low, high = np.linalg.eigvalsh(matrix)[[0, -1]]
    print(f"    {name:<13} eigenvalues from {np.round(low, 4) + 0.0:.4f} to {high:.4f}")
print(f"    mixed block d2L/dW1 dW2 = {run.hessian('L', 'W1', 'W2')}")
print(f"    {run.check_hessian('L', 'W1')}")

print("\nFor a likelihood it is the Fisher information, the mean of g gT over the classes that the network expects:")
model = jac.mlp([3, 4, 2], loss="cross_entropy_index")
run = model.run(model.random_point(0))
p = np.exp(run["z2"]) / np.exp(run["z2"]).sum()
gradients = [model.run({**run.point, "y": c}).jacobian("L", "b1").dense() for c in range(2)]
expected = sum(p[c] * np.outer(g, g) for c, g in enumerate(gradients))
F, G = run.fisher("L", "b1"), run.gauss_newton("L", "b1")
print(f"    F(b1, b1) = {F.text('tensor')}")
assert np.allclose(F.dense(), expected, rtol=0, atol=1e-15)
assert np.allclose(G.dense(), expected, rtol=0, atol=1e-15)

print("\nHow a step at one input moves the outputs at another, the tangent kernel:")
other = run.model.run({**run.point, "x": [1.0, 2.0, 3.0]})
K = run.ntk("z2", other, wrt=("W2", "b2"))
print(f"    {K}")
print("   ", str(np.round(K.dense(), 4)).replace("\n", "\n    "))
