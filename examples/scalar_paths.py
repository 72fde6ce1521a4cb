"""The derivative as a sum over all paths: s -> x, y, z -> f -> g, h -> L, with every node a number.

Two dynamic programs give the same sum: forward accumulation goes front to back and finds the derivative of every node
by s; backpropagation goes back to front and finds the derivative of L by every node.
"""

from pathlib import Path

import jacobians as jac

model = jac.Model.read(Path(__file__).with_suffix(".txt"))
run = model.run()
d = {(of, wrt): float(run.jacobian(of, wrt).dense()) for of in model.named for wrt in ("s", *model.named)}

print("Sum over all paths")
total = 0.0
for path in run.paths("L", "s"):
    total += float(path.jacobian.dense())
    print(f"  {path}:  {path.jacobian.dense():.6f}")
print(f"  sum {total:.6f}")

print("\nForward accumulation, front to back")
ds = {name: d[name, "s"] for name in ("x", "y", "z")}
print("  Layer 1: ", ", ".join(f"d{k}/ds = {v:.6f}" for k, v in ds.items()))
ds["f"] = d["f", "x"] * ds["x"] + d["f", "y"] * ds["y"] + d["f", "z"] * ds["z"]
print(f"  Layer 2:  df/ds = df/dx dx/ds + df/dy dy/ds + df/dz dz/ds = {ds['f']:.6f}")
ds["g"], ds["h"] = d["g", "f"] * ds["f"], d["h", "f"] * ds["f"]
print(f"  Layer 3:  dg/ds = dg/df df/ds = {ds['g']:.6f}, dh/ds = dh/df df/ds = {ds['h']:.6f}")
ds["L"] = d["L", "g"] * ds["g"] + d["L", "h"] * ds["h"]
print(f"  Layer 4:  dL/ds = dL/dg dg/ds + dL/dh dh/ds = {ds['L']:.6f}")

print("\nBackpropagation, back to front")
dL = {"g": d["L", "g"], "h": d["L", "h"]}
print("  last layer:       ", ", ".join(f"dL/d{k} = {v:.6f}" for k, v in dL.items()))
dL["f"] = dL["g"] * d["g", "f"] + dL["h"] * d["h", "f"]
print(f"  the layer before:  dL/df = dL/dg dg/df + dL/dh dh/df = {dL['f']:.6f}")
dL |= {k: dL["f"] * d["f", k] for k in ("x", "y", "z")}
print("  the layer before: ", ", ".join(f"dL/d{k} = dL/df df/d{k} = {dL[k]:.6f}" for k in ("x", "y", "z")))
dL["s"] = sum(dL[k] * ds[k] for k in ("x", "y", "z"))
print(f"  the input:         dL/ds = dL/dx dx/ds + dL/dy dy/ds + dL/dz dz/ds = {dL['s']:.6f}")

assert abs(total - ds["L"]) < 1e-12
assert abs(dL["s"] - ds["L"]) < 1e-12
print("\nMultiplications of each order:", run.cost("L", "s"))
print(run.check("L", "s"))
