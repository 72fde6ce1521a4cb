"""Values and Jacobians of a loss against mpmath: its definition as written, with more digits than it can lose."""

from __future__ import annotations

import mpmath
import numpy as np

#: Below this a float64 has lost digits or is 0.
SMALLEST = mpmath.mpf(2) ** -1020


def exact(array):
    """The same array in mpmath's numbers."""
    return np.vectorize(lambda v: mpmath.mpf(float(v)), otypes=[object])(array)


def agrees(got, want, scale, tolerance=1e-12):
    """Relative to the true value, or to `scale` where that is larger: there the definition itself subtracts."""
    assert np.all(np.isfinite(got)), got
    size = max(abs(want), scale)
    if size < SMALLEST:
        assert abs(got) < 1e-300, (got, want)
    else:
        assert abs(mpmath.mpf(float(got)) - want) <= tolerance * size, (got, mpmath.nstr(want, 20))


def check(op, definition, inputs, digits=80, scale=0.0):
    """The op's value and all its Jacobians; `definition(**inputs)` is a number, or an array for reduction="none".

    The derivatives are differences of the definition with a third of the digits for the step. `scale` is that of the
    summands of the value; a number, or one for "value" and for each input.
    """
    scales = scale if isinstance(scale, dict) else dict.fromkeys(("value", *inputs), scale)
    with mpmath.workdps(digits):
        step = mpmath.mpf(10) ** (-digits // 3)
        points = {name: exact(value) for name, value in inputs.items()}
        agrees(op.forward(**inputs), definition(**points), scales.get("value", 0.0))
        for wrt in op.differentiable():
            J = op.jacobian(wrt, **inputs).dense()
            for k in np.ndindex(J.shape):
                ahead, behind = points[wrt].copy(), points[wrt].copy()
                ahead[k], behind[k] = ahead[k] + step, behind[k] - step
                rise = definition(**{**points, wrt: ahead}) - definition(**{**points, wrt: behind})
                agrees(J[k], rise / (2 * step), scales.get(wrt, 0.0))
