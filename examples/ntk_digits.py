"""The tangent kernel and the Fisher information of 2,000 handwritten digits, from per-sample Jacobians in chunks.

    python examples/ntk_digits.py                    # train, compute, check
    python examples/ntk_digits.py -o kernel.png      # and draw the kernel, sorted by digit

The data are the 1,797 images of 8 x 8 pixels that scikit-learn ships, and the first 203 of them once more, one pixel
further to the right. dask computes the Jacobians in chunks and drops them: they are never in memory as a whole. Needs
the extras `scale`, `digits` and, for the picture, `plot`.
"""

from __future__ import annotations

import argparse

import numpy as np
from sklearn.datasets import load_digits

import jacobians as jac
from jacobians.plots import new_axes

WIDTHS = [64, 12, 10]
PARAMETERS = ["W1", "b1", "W2", "b2"]
CHUNK = 500

digits = load_digits()
shifted = np.roll(digits.images[:203], 1, axis=2).reshape(203, 64)
images = np.concatenate([digits.data, shifted]) / 16
labels = np.concatenate([digits.target, digits.target[:203]])

# The model of ONE image: z1 = W1 x + b1, a1 = tanh(z1), z2 = W2 a1 + b2, cross-entropy of softmax(z2) and the digit.
model = jac.mlp(WIDTHS, activation="tanh", loss="cross_entropy_index")


def trained() -> dict[str, np.ndarray]:
    """The parameters after a short training."""
    batch = jac.mlp(WIDTHS, activation="tanh", loss="cross_entropy_index", batch=100)
    start = {name: value for name, value in batch.random_point(seed=1).items() if name in PARAMETERS}
    record = jac.descend(batch, {"x": images, "y": labels}, start, rate=0.5, steps=100, seed=2)
    print(record)
    return record.parameters


def difference(one: np.ndarray, other: np.ndarray) -> str:
    """The largest difference, relative to the largest entry; an error where it is more than rounding."""
    value = np.max(np.abs(one - other)) / np.max(np.abs(other))
    assert value < 1e-12, value
    return f"{value:.0e}"


def kernel_of(point: dict[str, np.ndarray]) -> np.ndarray:
    """K[a, b], the sum over the ten outputs and all parameters of dz2(a)/dtheta dz2(b)/dtheta; its properties."""
    K = jac.empirical_ntk(model, "z2", {"x": images}, point=point, chunk=CHUNK, trace=True).compute()
    np.linalg.cholesky(K + 1e-12 * np.trace(K) * np.eye(len(K)))  # an error where an eigenvalue is below -1e-12 tr K
    runs = [model.run({**point, "x": x, "y": 0}) for x in images[:4]]
    pairs = np.array([[np.trace(one.ntk("z2", other).dense()) for other in runs] for one in runs])
    print(f"kernel, {K.shape[0]} x {K.shape[1]}:")
    print(f"  asymmetry, relative              {difference(K, K.T)}")
    print("  smallest eigenvalue              above -1e-12 tr K, by Cholesky")
    print(f"  from run.ntk, first four images  {difference(K[:4, :4], pairs)}")
    near = np.argsort(-cosines(K), axis=1)[:, 1]  # the nearest other image
    print(f"  the nearest image is of the same digit for {np.mean(labels[near] == labels):.1%}")
    return K


def fisher_of(point: dict[str, np.ndarray]) -> np.ndarray:
    """The mean of g g^T over all images, g the gradient of an image's loss by all parameters; its properties."""
    F = jac.empirical_fisher(model, "L", {"x": images, "y": labels}, point=point, chunk=CHUNK).compute()
    eigenvalues = np.linalg.eigvalsh(F)[::-1]
    few = jac.empirical_fisher(model, "L", {"x": images[:30], "y": labels[:30]}, wrt="W2", point=point).compute()
    runs = [model.run({**point, "x": x, "y": y}) for x, y in zip(images[:30], labels[:30], strict=True)]
    direct = np.mean([run.fisher("L", "W2", empirical=True).matrix() for run in runs], axis=0)
    print(f"Fisher information, {F.shape[0]} x {F.shape[1]}:")
    print(f"  asymmetry, relative              {difference(F, F.T)}")
    print(f"  smallest eigenvalue, relative    {eigenvalues[-1] / eigenvalues[0]:.0e}")
    print(f"  from run.fisher, W2, 30 images   {difference(few, direct)}")
    print(f"  half of its trace is in {np.searchsorted(np.cumsum(eigenvalues), np.trace(F) / 2) + 1} directions")
    return F


def cosines(K: np.ndarray) -> np.ndarray:
    """K[a, b] / sqrt(K[a, a] K[b, b])."""
    length = np.sqrt(np.diag(K))
    return K / np.outer(length, length)


def draw(path: str, K: np.ndarray) -> None:
    """The cosines of the kernel, images sorted by digit."""
    order = np.argsort(labels, kind="stable")
    figure, (axes,) = new_axes(1, size=(6.5, 5.5))
    picture = axes.imshow(cosines(K)[np.ix_(order, order)], cmap="viridis", interpolation="antialiased")
    ends = np.cumsum(np.bincount(labels))
    for end in ends[:-1]:
        axes.axhline(end - 0.5, color="white", linewidth=0.4)
        axes.axvline(end - 0.5, color="white", linewidth=0.4)
    middles = ends - np.bincount(labels) / 2
    axes.set_xticks(middles, range(10))
    axes.set_yticks(middles, range(10))
    axes.set(xlabel="digit", ylabel="digit", title="tangent kernel of 2,000 digits, cosines")
    figure.colorbar(picture)
    figure.savefig(path, dpi=120)


def main() -> None:
    """Train, compute, report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--output", help="a file for the picture, such as kernel.png")
    arguments = parser.parse_args()
    point = trained()
    K = kernel_of(point)
    fisher_of(point)
    if arguments.output:
        draw(arguments.output, K)
        print(f"wrote {arguments.output}")


if __name__ == "__main__":
    main()
