"""Handwritten digits: a 64-32-10 network trained by explicit Jacobians, its gradients checked before and after.

    python examples/digits.py                 # train, print the accuracy
    python examples/digits.py -o digits.png   # and draw the loss and one Jacobian

The data are the 1,797 images of 8 x 8 pixels that scikit-learn ships. Needs the extras `digits` and, for the picture,
`plot`.
"""

from __future__ import annotations

import argparse

import numpy as np
from sklearn.datasets import load_digits

from jacobians import Model, mlp
from jacobians.descent import descend
from jacobians.plots import new_axes, plot_jacobian, plot_loss

BATCH = 64
WIDTHS = [64, 32, 10]

# The data: 16 gray levels become numbers from 0 to 1; a fixed quarter of the images is held out.
digits = load_digits()
shuffled = np.random.default_rng(0).permutation(len(digits.target))
held_out, kept = np.split(shuffled, [len(shuffled) // 4])
images, labels = digits.data / 16, digits.target

# The network: z1 = x W1^T + b1, a1 = tanh(z1), z2 = a1 W2^T + b2, mean cross-entropy of softmax(z2) and the class.
network = mlp(WIDTHS, activation="tanh", loss="cross_entropy_index", batch=BATCH)
single = mlp(WIDTHS, activation="tanh", loss="cross_entropy_index")
PARAMETERS = ["W1", "b1", "W2", "b2"]


def gradients_agree(parameters: dict[str, np.ndarray]) -> None:
    """Compare dL/dW1, dL/db1, dL/dW2, dL/db2 with every witness, for three samples."""
    for k in kept[:3]:
        run = single.run({"x": images[k], "y": labels[k], **parameters})
        report = run.check(of="L", wrt=PARAMETERS)
        assert report.ok, report
    print(report.verdict)


def accuracy(parameters: dict[str, np.ndarray], rows: np.ndarray) -> float:
    """The part of the images that are read rightly."""
    model: Model = mlp(WIDTHS, activation="tanh", loss="cross_entropy_index", batch=len(rows))
    run = model.run({"x": images[rows], "y": labels[rows], **parameters})
    return float(np.mean(np.argmax(run["z2"], axis=1) == labels[rows]))


def draw(path: str, record, k: int) -> None:
    """The loss, and how each pixel of one image moves each of the ten outputs."""
    figure, (left, right) = new_axes(2)
    plot_loss(record, left)
    run = single.run({"x": images[k], "y": labels[k], **record.parameters})
    plot_jacobian(run.jacobian("z2", "x"), right, of="z2", wrt="x")
    right.set_title(f"∂z2/∂x at an image of a {labels[k]}")
    figure.savefig(path, dpi=120)


def main() -> None:
    """Train, check, report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--output", help="a file for the picture, such as digits.png")
    arguments = parser.parse_args()

    start = {name: value for name, value in network.random_point(seed=1).items() if name in PARAMETERS}
    print("before:", end=" ")
    gradients_agree(start)
    samples = {"x": images[kept], "y": labels[kept]}
    record = descend(network, samples, start, rate=0.5, steps=600, seed=2)
    print(record)
    print("after: ", end=" ")
    gradients_agree(record.parameters)
    print(f"accuracy on the {len(kept):,} images trained on: {accuracy(record.parameters, kept):.1%}")
    print(f"accuracy on the {len(held_out):,} images held out: {accuracy(record.parameters, held_out):.1%}")
    if arguments.output:
        draw(arguments.output, record, held_out[0])
        print(f"wrote {arguments.output}")


if __name__ == "__main__":
    main()
