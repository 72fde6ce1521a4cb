"""Backpropagation through time: vanishing and exploding gradients, and what truncation costs.

    python examples/through_time.py                 # print the norms and the truncated gradients
    python examples/through_time.py -o norms.png    # and draw the norms (needs the extra `plot`)

The Jacobian of the last state by the state k steps before is a product of k matrices diag(tanh'(z_t)) W_h. Where W_h
shrinks vectors its norm falls like a power of k, and the gradient no longer sees early inputs; where W_h stretches them
more than tanh' shrinks them, it grows.
"""

import argparse

import numpy as np

import jacobians as jac

network = jac.rnn([2, 8, 1], steps=20, cell="tanh", losses="every step")
point = network.random_point(seed=1)
inputs = {name: 0.1 * value for name, value in point.items() if name[0] in "xhb"}  # small: tanh' stays near 1
rotation = np.linalg.qr(point["W_h"])[0]  # all its singular values are 1
runs = {scale: network.run({**point, **inputs, "W_h": scale * rotation}) for scale in (0.6, 1.0, 1.4)}

print("Spectral norm of dh20/dh(20 - k), with W_h a scale times a rotation")
print("scale  " + "".join(f"{f'k={k}':>10}" for k in range(0, 21, 4)))
states = {scale: run.state_jacobians("h") for scale, run in runs.items()}
for scale, found in states.items():
    print(f"{scale:5}  " + "".join(f"{s.spectral:10.3g}" for s in found.states[::4]) + f"   {found.verdict[-11:]}")

print("\ndL/dW_h as the sum over its 20 uses, one for each time step; scale 0.6, the last two")
found = runs[0.6].through_time("L", "W_h")
for use in found.uses[-2:]:
    print(f"  {found.product(use)} = {use.jacobian}")
print(f"  {found.verdict}")
assert found.gap < 1e-14

print("\nTruncated: relative distance from the full gradient where each loss goes back to its last k steps")
print("scale  " + "".join(f"{f'k={k}':>10}" for k in (1, 2, 5, 10, 20)))
for scale, run in runs.items():
    gaps = (run.through_time("L", "W_h", truncate=k).gap for k in (1, 2, 5, 10, 20))
    print(f"{scale:5}  " + "".join(f"{gap:10.1e}" for gap in gaps))

parser = argparse.ArgumentParser()
parser.add_argument("-o", "--output", help="a file for the picture, such as norms.png")
if target := parser.parse_args().output:
    from jacobians.plots import new_axes, plot_states

    figure, (axes,) = new_axes()
    for scale, found in states.items():
        plot_states(found, axes, label=f"W_h = {scale} times a rotation")
    figure.savefig(target, dpi=120)
