"""Per-sample Jacobians of data sets: each sample's own, in chunks, in little memory; what is refused."""

from __future__ import annotations

import sys
import tracemalloc

import cloudpickle
import dask
import dask.array as da
import numpy as np
import pytest
import zarr

import jacobians as jac
from jacobians import settings
from jacobians.errors import DenseLimitError, InputError
from jacobians.per_sample import PerSample
from tests.data_sets import NETWORK, POINT, N, X, Y, changed_array, network_array, one_by_one, recorded

# ----- the numbers -----

#: Equations, the node, leaves to differentiate by, leaves with samples, and whether samples go through it together.
MODELS = {
    "column form": ("x : 5\nW : 3 x 5\nz = W @ x + b\nL = 1/2 * norm(tanh(z) - y)^2", "L", "W b x", "x y", True),
    "row form": ("x : 5\nW : 5 x 3\nz = tanh(x @ W + b)", "z", "W b x", "x", True),
    "x @ y of two vectors": ("x : 5\ny : 5\nw : 5\ns = tanh(x @ y) * (w @ x)", "s", "w x y", "x y", True),
    "a quadratic form": ("x : 5\nA : 5 x 5\nq = x @ A @ x", "q", "A x", "x", True),
    "matrix of a sample, vector of a sample": ("M : 3 x 5\nx : 5\nz = w * (M @ x)\nw : 3", "z", "w M x", "M x", True),
    "vector of a sample, matrix of a sample": ("M : 5 x 3\nx : 5\nz = w * (x @ M)\nw : 3", "z", "w M x", "M x", True),
    "attention": (
        "X : 4 x 3\nW_Q : 3 x 2\nW_K : 3 x 2\nW_V : 3 x 5\nY = self_attention(X, W_Q, W_K, W_V)",
        "Y", "W_Q W_V X", "X", True,
    ),
    "softmax of columns": ("X : 4 x 3\nw : 3\nP = softmax(X * w, axis=0)", "P", "w X", "X", True),
    "flattened": ("X : 4 x 3\nW : 2 x 12\nz = W @ flatten(X)", "z", "W X", "X", True),
    "batch normalization": ("X : 7 x 3\nY = batch_norm(X, gamma, beta)", "Y", "gamma X", "X", False),
    "a number times a vector": ("t : scalar\nw : 5\nz = tanh(t * w)", "z", "w t", "t", False),
    "not of the samples": ("x : 5\nw : 3\nu = tanh(w)\nz = x @ x", "u", "w", "x", False),
}  # fmt: skip


@pytest.mark.parametrize("name", MODELS)
def test_every_sample_has_its_own_jacobian(name):
    text, of, by, own, together = MODELS[name]
    model, wrt, leaves = jac.Model.parse(text), by.split(), own.split()
    points = [model.random_point(seed) for seed in range(10)]
    samples = {leaf: np.stack([p[leaf] for p in points]) for leaf in leaves}
    found = model.jacobian_array(of, wrt, samples, point=points[0], chunk=5)  # 5 is also a size of most of the models
    for leaf in wrt:
        assert found[leaf].chunks[0] == (5, 5)
        np.testing.assert_allclose(found[leaf], one_by_one(model, of, leaf, samples, points[0]), rtol=1e-11, atol=1e-12)
    function = PerSample(model, of, wrt, leaves, {k: v for k, v in points[0].items() if k not in leaves}, np.float64)
    assert (function.why_single == "") == together, function.why_single


@pytest.mark.parametrize("op", [op for op in jac.OPS.values() if op.differentiable()], ids=lambda op: op.name)
def test_every_op_gives_the_same_for_many_samples_as_for_each(op):
    shapes = _example(op)
    model = jac.Model(
        {f"in_{k}": s for k, s in shapes.items()}, [jac.node("out", op, **{k: f"in_{k}" for k in shapes})]
    )
    wrt = [f"in_{name}" for name in op.differentiable()]
    for leaves in {("in_" + next(iter(shapes)),), tuple(model.leaves)}:
        points = [model.random_point(seed) for seed in range(4)]
        fixed = {name: value for name, value in points[0].items() if name not in leaves}
        samples = {name: np.stack([p[name] for p in points]) for name in leaves}
        found = PerSample(model, "out", wrt, leaves, fixed, np.float64)(np.arange(4), *samples.values())
        for name, values in zip(wrt, found, strict=True):
            expected = one_by_one(model, "out", name, samples, fixed)
            np.testing.assert_allclose(values, expected, rtol=1e-10, atol=1e-12, err_msg=name)


def _example(op):
    for count in range(9, 0, -1):  # as many sizes as the op asks for
        try:
            return op.example_shapes([2, 3, 5, 7, 11, 13, 17, 19, 23][:count])[0]
        except ValueError:
            continue
    raise AssertionError(op)


def test_a_batched_model_that_mixes_samples_is_found_out():
    model = jac.Model({"x": (3, 3, 7), "c": (3,)}, [jac.node("y", jac.InstanceNorm(), x="x", gamma="c", beta="c")])
    points = [model.random_point(seed) for seed in range(4)]
    function = PerSample(model, "y", ["c"], ["x"], {"c": points[0]["c"]}, np.float64)
    assert "y = instance_norm(x, c, c): the samples are not independent" in function.why_single


def test_a_cnn_takes_its_images_together():
    model = jac.cnn((2, 6, 6), channels=(3,), classes=5)
    points = [model.random_point(seed) for seed in range(3)]
    samples = {name: np.stack([p[name] for p in points]) for name in ("x", "y")}
    found = model.jacobian_array("L", model.parameters(), samples, point=points[0])
    for name, values in found.items():
        expected = one_by_one(model, "L", name, samples, points[0])
        np.testing.assert_allclose(values, expected, rtol=1e-10, atol=1e-13)
    function = PerSample(model, "L", ["W1"], ["x", "y"], {k: points[0][k] for k in model.parameters()}, np.float64)
    assert function.why_single == ""


def test_float32_stays():
    point = {name: value.astype(np.float32) if value.dtype == float else value for name, value in POINT.items()}
    found = NETWORK.jacobian_array("z2", ["W1", "b2"], {"x": X.astype(np.float32)}, point=point, chunk=4)
    for name, array in found.items():
        assert array.dtype == array.compute().dtype == np.float32
        np.testing.assert_allclose(array, one_by_one(NETWORK, "z2", name, {"x": X}, POINT), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("kind", ["list", "dask", "memmap", "zarr"])
def test_samples_may_be_any_array(kind, tmp_path):
    if kind == "memmap":
        np.save(tmp_path / "x.npy", X)
    given = {
        "list": lambda: X.tolist(),
        "dask": lambda: da.from_array(X, chunks=(3, 2)),
        "memmap": lambda: np.load(tmp_path / "x.npy", mmap_mode="r"),
        "zarr": lambda: zarr.create_array(str(tmp_path / "x.zarr"), data=X, chunks=(6, 5)),
    }[kind]()
    expected = one_by_one(NETWORK, "z2", "W1", {"x": X}, POINT)
    np.testing.assert_allclose(
        NETWORK.jacobian_array("z2", "W1", {"x": given}, point=POINT, chunk=4), expected, rtol=1e-12, atol=1e-14
    )
    on_disk = NETWORK.jacobian_array("z2", "W1", {"x": given}, point=POINT, chunk=4, path=tmp_path / "J")
    np.testing.assert_allclose(on_disk, expected, rtol=1e-12, atol=1e-14)


def test_values_of_the_model_text_are_used_and_data_that_is_not_needed_may_be_there():
    model = jac.Model.parse("x : 2\nW = [[1, 2], [3, 4], [5, 7]]\nz = W @ x\nL = squared_error(z, y)")
    J = model.jacobian_array("z", "x", {"x": np.ones((6, 2)), "y": np.zeros((6, 3))})
    np.testing.assert_array_equal(J, np.broadcast_to([[1.0, 2], [3, 4], [5, 7]], (6, 3, 2)))


# ----- chunks -----


def test_nothing_is_computed_before_it_is_needed_and_every_chunk_once(monkeypatch):
    calls = recorded(monkeypatch)
    found = network_array(["W1", "b2"])
    assert calls == []
    np.testing.assert_allclose(found["W1"][5:7], one_by_one(NETWORK, "z2", "W1", {"x": X[5:7]}, POINT), rtol=1e-12)
    assert calls == [[4, 5, 6, 7]]
    dask.compute(found)
    assert sorted(calls[1:]) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10]]


def test_the_chunk_follows_from_a_budget_of_memory():
    samples = {"x": np.zeros((100_000, 5))}
    J = NETWORK.jacobian_array("z2", "W1", samples, point=POINT)
    assert J.chunks[0][0] == 2**26 // (3 * 7 * 5 * 8)
    assert network_array(chunk=100).chunks[0] == (N,)


def test_peak_memory_is_a_few_chunks(tmp_path):
    model = jac.mlp([30, 40, 20], loss=None)
    point = model.random_point(seed=0)
    samples = {"x": np.random.default_rng(2).standard_normal((160, 30))}
    chunk = 4 * 20 * 40 * 30 * 8  # bytes; there are 40 chunks
    options = {"point": point, "chunk": 4}
    model.jacobian_array("z2", "W1", {"x": samples["x"][:8]}, path=tmp_path / "first", threads=2, **options)  # imports
    tracemalloc.start()
    try:
        J = model.jacobian_array("z2", "W1", samples, path=tmp_path / "J", threads=2, **options)
        written = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        total = model.jacobian_array("z2", "W1", samples, **options).sum(axis=0).compute(num_workers=2)
        summed = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    np.testing.assert_allclose(total, J.sum(axis=0), rtol=1e-10, atol=1e-12)
    assert written < 16 * chunk, written / chunk
    assert summed < 16 * chunk, summed / chunk


def test_a_chunk_can_be_sent_to_another_process():
    J = cloudpickle.loads(cloudpickle.dumps(network_array()))
    np.testing.assert_allclose(J, one_by_one(NETWORK, "z2", "W1", {"x": X}, POINT), rtol=1e-12, atol=1e-14)


# ----- what is refused -----


@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        ({"samples": {"x": X, "y": Y[:-1]}}, InputError, "x has 11 samples, y has 10; give one of each per sample"),
        ({"samples": {"x": X[:, :4]}}, InputError, r"expected \(n, 5\), a row for each of n samples, got \(11, 4\)"),
        ({"samples": {"x": X[0]}}, InputError, r"samples of x: expected \(n, 5\), .* got \(5\)"),
        ({"samples": {"x": X[:0]}}, InputError, r"samples of x: expected \(n, 5\), .* got \(0, 5\)"),
        ({"samples": {"q": X}}, InputError, "samples: unknown leaf 'q'; known are x, W1, b1, W2, b2, y"),
        ({"samples": {}}, InputError, "no samples; give the values of the leaves that differ, as in {'x': ...}"),
        ({"samples": {"x": X.astype(str)}}, InputError, "samples of x: expected real numbers, got dtype <U"),
        ({"samples": {"x": [[1, 2], [3]]}}, InputError, "samples of x: expected an array .* got a ragged"),
        ({"samples": {"x": da.from_array(X)[da.from_array(Y) > 0]}}, InputError, r"call x.compute_chunk_sizes\(\)"),
        ({"wrt": "z1"}, InputError, "wrt: unknown differentiable leaf 'z1'; known are x, W1, b1, W2, b2"),
        ({"wrt": "y"}, InputError, "wrt: unknown differentiable leaf 'y'"),
        ({"wrt": ()}, InputError, "expected one leaf or more to differentiate by, got none"),
        ({"wrt": ("W1", "W1")}, InputError, "wrt names W1 twice"),
        ({"of": "z9"}, InputError, "unknown name 'z9'"),
        ({"point": {}}, InputError, "no value for W1, b1, W2, b2; give it in point={...} where"),
        ({"point": {"V": 1}}, InputError, "point: unknown leaf 'V'"),
        ({"point": {**POINT, "b1": np.ones((N, 7))}}, InputError, r"b1: expected \(7\), got \(11, 7\); one value"),
        ({"chunk": 0}, InputError, "chunk=0: expected a number of samples, as in chunk=100"),
        ({"chunk": 2.0}, InputError, "chunk=2.0: expected"),
        ({"threads": 0, "path": "J"}, InputError, "threads=0: expected a positive number"),
        ({"threads": 2}, InputError, r"progress and threads are for path=...; .* compute\(num_workers=...\)"),
        ({"progress": True}, InputError, "progress and threads are for path="),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(options, error, match, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=f"^jacobian_array: .*{match}|^jacobian_array: {match}"):
        changed_array(**options)
    assert not list(tmp_path.iterdir())


def test_a_jacobian_of_one_sample_beyond_the_limit(monkeypatch):
    monkeypatch.setattr(settings, "dense_limit", 800)
    with pytest.raises(DenseLimitError, match="of one sample need 840 bytes, the limit is 800; ask for fewer leaves"):
        network_array()


def test_an_error_in_a_chunk_names_the_sample():
    with pytest.raises(InputError, match=r"sample 6: .*expected class indices 0 <= y < 3 .*got 5"):
        NETWORK.jacobian_array("L", "W1", {"x": X, "y": np.where(np.arange(N) == 6, 5, Y)}, point=POINT).compute()
    model = jac.Model.parse("x : 5\nw : 5\ny = normalize(x) * w")
    with pytest.raises(InputError, match=r"sample 9: .*expected x != 0"):
        jac.empirical_ntk(
            model, "y", {"x": np.where(np.arange(N)[:, None] == 9, 0, X)}, wrt="w", point={"w": X[0]}, chunk=4
        ).compute()


@pytest.mark.parametrize(("module", "where"), [("dask.array", "jacobian_array"), ("zarr", "jacobian_array")])
def test_a_missing_library_names_its_extra(module, where, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, module, None)
    name = module.split(".")[0]
    with pytest.raises(InputError, match=rf"{where}: needs {name}, .* run `pip install 'jacobians\[scale\]'`"):
        network_array(path=tmp_path / "J")
