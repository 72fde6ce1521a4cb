"""Per-sample Jacobians on disk: finished chunks stay, damaged ones are made anew, other data is refused."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import zarr

import jacobians as jac
from jacobians import storage
from jacobians.errors import InputError
from tests.data_sets import NETWORK, POINT, N, X, changed_array, network_array, one_by_one, recorded


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


def test_finished_chunks_are_not_computed_again_and_damaged_ones_are(tmp_path, monkeypatch):
    calls = recorded(monkeypatch)
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


def test_a_killed_run_goes_on_where_it_stopped(tmp_path, monkeypatch):
    calls = recorded(monkeypatch)
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
        changed_array(path=tmp_path / "J", **options)
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
