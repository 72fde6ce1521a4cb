"""Large results that are almost all zeros: only the pages that are written take memory."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

import numpy as np
import pytest

import jacobians as jac
from jacobians import memory

WIDTH = 200  # the Jacobian by W has 64 MB, of which 320 kB are not zero


def resident() -> int:
    """Bytes of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


@pytest.fixture
def affine():
    model = jac.Model.parse(f"x in R^{WIDTH}\nW in R^({WIDTH}x{WIDTH})\nb in R^{WIDTH}\nz = W @ x + b")
    return model, model.random_point()


def by_hand(point) -> np.ndarray:
    want = np.zeros((WIDTH, WIDTH, WIDTH))
    for i in range(WIDTH):
        want[i, i] = point["x"]
    return want


@pytest.mark.parametrize("way", ["plan", "out", "threads", "dense"])
def test_the_diagonal_of_a_large_result_is_written_and_nothing_else(affine, way):
    model, point = affine
    plan = model.plan("z", "W")
    if way == "dense":
        found = model.run(point).jacobian("z", "W").dense()
    elif way == "out":
        found = plan({**point, "x": -point["x"]})
        found = plan(point, out=found)["z", "W"]
    else:
        found = plan(point, **({"threads": 2} if way == "threads" else {}))["z", "W"]
    assert np.array_equal(found, by_hand(point))
    assert found.flags.c_contiguous
    found[1, 2, 3] = 7.0  # an array like any other
    assert found[1, 2, 3] == 7
    assert np.count_nonzero(found) == WIDTH**2 + 1


@pytest.mark.skipif(sys.platform != "linux", reason="what is resident is read from /proc")
@pytest.mark.parametrize("way", ["plan", "dense"])
def test_it_takes_the_memory_of_what_is_written(affine, way):
    model, point = affine
    plan, J = model.plan("z", "W"), model.run(point).jacobian("z", "W")
    make = {"plan": lambda: plan(point)["z", "W"], "dense": J.dense}[way]
    make()
    before = resident()
    found = make()
    assert resident() - before < found.nbytes / 10
    assert found[3, 3, 5] == point["x"][5] != 0


def test_arrays_that_are_written_all_over_are_ordinary():
    assert memory.mostly_untouched((WIDTH,) * 3, 8, [memory.stretches("iij", (WIDTH,) * 3)])
    assert not memory.mostly_untouched((WIDTH,) * 3, 8, [memory.stretches("ijk", (WIDTH,) * 3)])
    assert not memory.mostly_untouched((2, 2, 5_000_000), 8, [memory.stretches("iij", (2, 2, 5_000_000))])  # half of it
    assert not memory.mostly_untouched((20, 20, 20), 8, [memory.stretches("iij", (20, 20, 20))])
    assert memory.stretches("ijik", (3, 5, 3, 7)) == (15, 7)
    assert memory.stretches("ijj", (3, 5, 5)) == (15, 1)


def test_zeros_of_any_type_and_shape():
    for shape in ((3, 5), (7,), (), (0, 4)):
        for dtype in (np.float32, np.float64):
            found = memory.zeros(shape, dtype)
            assert (found.shape, found.dtype) == (shape, dtype)
            assert not found.any()


def test_systems_without_such_pages_get_ordinary_zeros(monkeypatch):
    monkeypatch.setattr(memory, "_PRIVATE", 0)
    assert memory.zeros((3, 5)).flags.owndata


def test_the_listing_is_plain_numpy(affine):
    source = affine[0].plan("z", "W").source()
    assert f"np.zeros(({WIDTH}, {WIDTH}, {WIDTH}))" in source
    assert "memory" not in source
