"""Per-sample Jacobians of data sets: in chunks, on disk, after a kill; kernel and Fisher information of all samples."""

from __future__ import annotations

import signal
import subprocess
import sys
import tracemalloc
from pathlib import Path

import cloudpickle
import dask
import dask.array as da
import numpy as np
import pytest
import zarr

import jacobians as jac
from jacobians import settings, storage
from jacobians.errors import DenseLimitError, InputError
from jacobians.per_sample import PerSample

N = 11
RNG = np.random.default_rng(7)
NETWORK = jac.mlp([5, 7, 3], loss="cross_entropy_index")
POINT = NETWORK.random_point(seed=1)
X, Y = RNG.standard_normal((N, 5)), RNG.integers(0, 3, N)


def one_by_one(model, of, wrt, samples, point):
    """The reference: the plain evaluation at every sample."""
    rows = range(len(next(iter(samples.values()))))
    runs = [model.run({**point, **{name: value[k] for name, value in samples.items()}}) for k in rows]
    return np.stack([run.jacobian(of, wrt).dense() for run in runs])


def network_array(wrt="W1", of="z2", **options):
    return NETWORK.jacobian_array(of, wrt, {"x": X}, point=POINT, **{"chunk": 4, **options})


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


@pytest.fixture
def calls(monkeypatch):
    """The numbers of the samples of each chunk that was computed."""
    found = []
    call = PerSample.__call__
    monkeypatch.setattr(PerSample, "__call__", lambda self, *a: (found.append(a[0].tolist()), call(self, *a))[1])
    return found


def test_nothing_is_computed_before_it_is_needed_and_every_chunk_once(calls):
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


# ----- on disk -----


def chunk_files(path):
    """Every chunk's file, with the time it was written at."""
    return {str(f.relative_to(path)): f.stat().st_mtime_ns for f in Path(path).rglob("c/**/*") if f.is_file()}


def test_the_arrays_on_disk(tmp_path, capsys):
    found = network_array(["W1", "b2"], path=tmp_path / "J", progress=True, threads=1)
    assert "6/6" in capsys.readouterr().err
    for name in ("W1", "b2"):
        expected = one_by_one(NETWORK, "z2", name, {"x": X}, POINT)
        np.testing.assert_allclose(found[name], expected, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(zarr.open_group(tmp_path / "J", mode="r")[name][:], expected, rtol=1e-12, atol=1e-14)
    assert len(chunk_files(tmp_path / "J")) == 6


def test_finished_chunks_are_not_computed_again_and_damaged_ones_are(tmp_path, calls):
    network_array(["W1", "b2"], path=tmp_path / "J")
    before = chunk_files(tmp_path / "J")
    calls.clear()
    (tmp_path / "J/W1/c/1/0/0/0").write_bytes((tmp_path / "J/W1/c/1/0/0/0").read_bytes()[:50])  # cut off
    damaged = bytearray((tmp_path / "J/b2/c/2/0/0").read_bytes())
    damaged[len(damaged) // 2] ^= 1  # one bit
    (tmp_path / "J/b2/c/2/0/0").write_bytes(damaged)
    (tmp_path / "J/b2/c/0/0/0").unlink()
    (tmp_path / "J/b2/c/0/0/0.1234.partial").write_bytes(b"half")
    found = network_array(["W1", "b2"], path=tmp_path / "J")
    assert sorted(calls) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10]]
    after = chunk_files(tmp_path / "J")
    assert after.keys() == before.keys()
    same = {name for name in before if after[name] == before[name]}
    assert same == {"W1/c/0/0/0/0", "W1/c/2/0/0/0", "b2/c/1/0/0"}
    for name in found:
        np.testing.assert_allclose(
            found[name], one_by_one(NETWORK, "z2", name, {"x": X}, POINT), rtol=1e-12, atol=1e-14
        )
    calls.clear()
    network_array(["W1", "b2"], path=tmp_path / "J")
    assert calls == []


KILLED = """
import os, signal, sys
import numpy as np
import jacobians as jac
from jacobians import storage

left, write = 3, storage.write

def die_at_the_fourth(*arguments):
    global left
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
    left -= 1
    write(*arguments)

storage.write = die_at_the_fourth
model = jac.mlp([5, 7, 3], loss="cross_entropy_index")
model.jacobian_array(
    "z2", "W1", {"x": np.load(sys.argv[1])}, point=model.random_point(seed=1), chunk=1, path=sys.argv[2], threads=1
)
"""


def test_a_killed_run_goes_on_where_it_stopped(tmp_path, calls):
    np.save(tmp_path / "x.npy", X)
    done = subprocess.run(
        [sys.executable, "-c", KILLED, tmp_path / "x.npy", tmp_path / "J"], capture_output=True, text=True, check=False
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    before = chunk_files(tmp_path / "J")
    assert len(before) == 3
    J = network_array(path=tmp_path / "J", chunk=1)
    after = chunk_files(tmp_path / "J")
    assert {name: after[name] for name in before} == before
    assert (len(calls), len(after)) == (N - 3, N)
    np.testing.assert_allclose(J, one_by_one(NETWORK, "z2", "W1", {"x": X}, POINT), rtol=1e-12, atol=1e-14)


def _changed(**options):
    """The network array again, with something else in its place."""
    arguments = {"of": "z2", "wrt": "W1", "samples": {"x": X}, "point": POINT, "chunk": 4, **options}
    model = arguments.pop("model", NETWORK)
    return model.jacobian_array(arguments.pop("of"), arguments.pop("wrt"), arguments.pop("samples"), **arguments)


@pytest.mark.parametrize(
    ("options", "differs"),
    [
        ({"samples": {"x": np.vstack([X[:-1], X[-1:] + 1e-9])}}, "the samples of x"),
        ({"samples": {"x": X[:-1]}}, r"samples \(there 11, here 10\), the samples of x"),
        ({"point": {**POINT, "b1": POINT["b1"] + 1}}, "the value of b1"),
        ({"wrt": "b2"}, r"wrt \(there W1, here b2\)"),
        ({"of": "a1"}, r"of \(there z2, here a1\), the model, the value of W2, the value of b2"),
        ({"chunk": 3}, r"chunk \(there 4, here 3\)"),
        ({"model": jac.mlp([5, 7, 3], activation="relu", loss="cross_entropy_index")}, "the model"),
        ({"samples": {"x": X.astype(np.float32)}}, "the samples of x"),
    ],
)
def test_a_run_with_other_data_is_not_continued(tmp_path, options, differs):
    network_array(path=tmp_path / "J")
    before = chunk_files(tmp_path / "J")
    match = rf"'.*J' holds the Jacobians of another run, which differs in {differs}; give another path, or delete"
    with pytest.raises(InputError, match=match):
        _changed(path=tmp_path / "J", **options)
    assert chunk_files(tmp_path / "J") == before


def test_a_path_that_is_something_else_is_left_alone(tmp_path):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/notes.txt").write_text("mine")
    zarr.create_group(tmp_path / "group", attributes={"of": "somebody"})
    for name, came in (("file", "a file"), ("folder", "a folder with other"), ("group", "a zarr group of something")):
        match = f"path '.*{name}': expected a new folder or one that an earlier run began, got {came}.*another path"
        with pytest.raises(InputError, match=match):
            network_array(path=tmp_path / name)
    assert (tmp_path / "file").read_text() == (tmp_path / "folder/notes.txt").read_text() == "mine"
    with pytest.raises(InputError, match=r"path '.*file/J' cannot be written: Not a directory; give a folder in a"):
        network_array(path=tmp_path / "file/J")


def test_a_full_disk_keeps_what_is_finished(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(zarr.Array, "__setitem__", full)
    with pytest.raises(InputError, match=r"chunk \d cannot be written to '.*J': No space left .* the finished chunks"):
        network_array(path=tmp_path / "J", threads=1)


def test_a_chunk_that_is_too_large_for_a_file(tmp_path, monkeypatch):
    monkeypatch.setattr(storage, "LARGEST", 3_000)
    match = "a chunk of 4 samples by W1 takes 3,360 bytes, a file at most 3,000; choose a smaller chunk"
    with pytest.raises(InputError, match=match):
        network_array(path=tmp_path / "J")
    assert not list(tmp_path.iterdir())


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
        _changed(**options)
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


# ----- the kernel and Fisher's matrix -----


def test_the_kernel_is_that_of_all_pairs(calls):
    K = jac.empirical_ntk(NETWORK, "z2", {"x": X}, point=POINT, chunk=4)
    assert K.shape == (N, 3, N, 3)
    values = K.compute()
    runs = [NETWORK.run({**POINT, "x": x}) for x in X]
    for a, b in [(0, 0), (3, 4), (10, 2)]:
        np.testing.assert_allclose(values[a, :, b], runs[a].ntk("z2", runs[b]).dense(), rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(values, values.transpose(2, 3, 0, 1), rtol=1e-12, atol=1e-14)
    traced = jac.empirical_ntk(NETWORK, "z2", {"x": X}, wrt=("W1", "b1", "W2", "b2"), point=POINT, chunk=5, trace=True)
    np.testing.assert_allclose(traced, np.einsum("aibi->ab", values), rtol=1e-12)
    one = jac.empirical_ntk(NETWORK, "z2", {"x": X}, wrt="b1", point=POINT, trace=True).compute()
    J = one_by_one(NETWORK, "z2", "b1", {"x": X}, POINT)
    np.testing.assert_allclose(one, np.einsum("aoi,boi->ab", J, J), rtol=1e-12)


def test_fishers_matrix_is_the_mean_of_the_squares_of_gradients():
    F = jac.empirical_fisher(NETWORK, "L", {"x": X, "y": Y}, point=POINT, chunk=4).compute()
    runs = [NETWORK.run({**POINT, "x": x, "y": y}) for x, y in zip(X, Y, strict=True)]
    g = np.stack([np.concatenate([v.ravel() for v in run.gradients().values()]) for run in runs])
    assert F.shape == (35 + 7 + 21 + 3,) * 2
    np.testing.assert_allclose(F, g.T @ g / N, rtol=1e-10, atol=1e-13)
    rows = jac.mlp([5, 7, 3], loss="cross_entropy_index", batch=N).run({**POINT, "x": X, "y": Y})
    inner = jac.empirical_fisher(NETWORK, "L", {"x": X, "y": Y}, wrt="W2", point=POINT).compute()
    of_batch = rows.fisher("L", "W2", empirical=True).matrix()
    np.testing.assert_allclose(inner * N, of_batch * N**2 / np.trace(of_batch * N) * np.trace(inner), rtol=1e-9)


@pytest.mark.parametrize(
    ("function", "of", "options", "match"),
    [
        (jac.empirical_ntk, "z2", {"wrt": ()}, "empirical_ntk: z2 has no parameters; name the leaves"),
        (jac.empirical_ntk, "z2", {"wrt": ("W1", "x")}, "expected parameters that all samples share, got x"),
        (jac.empirical_fisher, "z2", {}, r"fisher: expected a loss that is one number .* got z2 .* \(3\)"),
        (jac.empirical_fisher, "L", {}, "empirical_fisher: no value for y"),
    ],
)  # fmt: skip
def test_what_the_kernel_refuses(function, of, options, match):
    point = {name: value for name, value in POINT.items() if name != "y"}
    with pytest.raises(InputError, match=match):
        function(NETWORK, of, {"x": X}, point=point, **options)


def test_the_example_on_digits(tmp_path):
    example = Path(__file__).parent.parent / "examples" / "ntk_digits.py"
    done = subprocess.run(
        [sys.executable, example, "-o", tmp_path / "kernel.png"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    for line in (
        "kernel, 2000 x 2000:",
        "of the same digit for 9",
        "Fisher information, 910 x 910:",
        "is in 5 directions",
    ):
        assert line in done.stdout
    assert (tmp_path / "kernel.png").read_bytes().startswith(b"\x89PNG")
