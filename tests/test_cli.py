"""The command as a user meets it: what it prints, what it writes, how it refuses."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys

import numpy as np
import pytest

from jacobians import OPS, Model


@pytest.fixture
def small(tmp_path):
    path = tmp_path / "small.txt"
    path.write_text("x = [7, 8, 9]\nW = [[1, 2, 3], [4, 5, 6]]\nb = [1, 2]\na = W @ x + b\n", encoding="utf-8")
    return path


class TestPlan:
    def test_code_that_runs_as_it_is(self, run_command, small):
        status, out, err = run_command("plan", small, "--of", "a", "--wrt", "W", "--wrt", "x")
        assert (status, err) == (0, "")
        assert out.splitlines()[0] == "# 0 multiplications of entries in products; results of 144 bytes"
        scope: dict = {}
        exec(out, scope)
        W = np.array([[1.0, 2, 3], [4, 5, 6]])
        results = scope["jacobians"](x=np.array([7.0, 8, 9]), W=W, b=np.array([1.0, 2]))
        assert results["a", "W"].tolist() == [[[7, 8, 9], [0, 0, 0]], [[0, 0, 0], [7, 8, 9]]]
        np.testing.assert_array_equal(results["a", "x"], W)

    def test_json_and_a_file(self, run_command, tmp_path):
        _, out, _ = run_command("plan", "--json", "--order", "forward")
        data = json.loads(out)
        assert data["pairs"] == [["L", name] for name in ("W1", "b1", "W2", "b2")]
        assert data["multiplications"] > 0
        assert data["bytes"] == 8 * (12 + 4 + 8 + 2)
        path = tmp_path / "plan.py"
        run_command("plan", "-o", path)
        assert path.read_text(encoding="utf-8").startswith("# ")


class TestShow:
    def test_built_in_network(self, run_command):
        status, out, err = run_command("show")
        assert (status, err) == (0, "")
        assert "∂z1/∂W1 = δ_ii' x_j" in out
        assert "Id_4 ⊗ x" in out
        assert "(4 | 4, 3)  3-D tensor, 4·4·3 = 48 entries, 12 can differ from zero" in out
        assert max(map(len, out.splitlines())) <= 80
        assert "agree" in out.splitlines()[-1]

    def test_numbers_of_a_given_point(self, run_command, small):
        _, out, _ = run_command("show", small, "--of", "a", "--wrt", "W", "--no-check")
        assert out.splitlines()[-3:] == ["    i = 0     i = 1", "    [7 8 9]   [0 0 0]", "    [0 0 0]   [7 8 9]"]

    def test_json(self, run_command, small):
        _, out, _ = run_command("show", small, "--json")
        data = json.loads(out)
        found = {(j["of"], j["wrt"]): j for j in data["jacobians"]}
        assert found["a", "W"]["entries"] == [[[7, 8, 9], [0, 0, 0]], [[0, 0, 0], [7, 8, 9]]]
        assert found["a", "W"]["pattern"] == ["j -> i | i j"]
        assert found["a", "x"]["entries"] == [[1, 2, 3], [4, 5, 6]]
        assert data["check"]["ok"] is True

    def test_npz_and_a_point_from_a_file(self, run_command, tmp_path):
        model = Model.parse("x : 3\nW : 2 x 3\nz = tanh(W @ x)")
        (tmp_path / "model.txt").write_text("x : 3\nW : 2 x 3\nz = tanh(W @ x)", encoding="utf-8")
        point = model.random_point(5)
        np.savez(tmp_path / "point.npz", **point)
        target = tmp_path / "out.npz"
        status, out, err = run_command(
            "show", tmp_path / "model.txt", "--at", tmp_path / "point.npz", "--format", "npz", "-o", target
        )
        assert (status, out) == (0, "")
        assert "written" in err
        with np.load(target) as file:
            np.testing.assert_allclose(file["dz_dW"], model.run(point).jacobian("z", "W").dense())
        assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []

    @pytest.mark.parametrize(
        ("equations", "point", "source"),
        [
            ("x : 2\nz = tanh(x)", None, "random, seed 0"),
            ("x = [1, 2]\nz = tanh(x)", None, "values of the model"),
            ("x = [1, 2]\ny : 2\nz = x + y", None, "values of the model; else random, seed 0"),
            ("x : 2\ny : 2\nz = x + y", '{"x": [1, 2]}', "point.json; else random, seed 0"),
            ("x = [1, 2]\ny : 2\nz = x + y", '{"x": [1, 2], "y": [3, 4]}', "point.json"),
        ],
    )
    def test_where_the_point_comes_from(self, run_command, tmp_path, monkeypatch, equations, point, source):
        monkeypatch.chdir(tmp_path)
        (tmp_path / "model.txt").write_text(equations, encoding="utf-8")
        (tmp_path / "point.json").write_text(point or "", encoding="utf-8")
        at = ("--at", "point.json") if point else ()
        _, out, _ = run_command("show", "model.txt", "--no-check", *at)
        assert f"  point: {source}" in out.splitlines()

    def test_latex_and_markdown(self, run_command, small):
        _, out, _ = run_command("show", small, "--of", "a", "--wrt", "W", "--format", "latex")
        assert out.startswith("\\begin{align*}")
        assert r"\frac{\partial a_{i}}{\partial W_{i' j}} &= \delta_{i i'} x_{j} \\" in out
        assert r"\mathrm{Id}_{2} \otimes x" in out
        _, out, _ = run_command("show", small, "--format", "markdown")
        assert out.count("$$") == 6

    def test_text_in_a_file_is_what_the_terminal_shows(self, run_command, tmp_path, small):
        _, shown, _ = run_command("show", small)
        target = tmp_path / "out.txt"
        assert run_command("show", small, "-o", target) == (0, "", f"written: {target}\n")
        assert target.read_text(encoding="utf-8") == shown

    def test_a_locale_without_these_letters(self, small):
        command = [sys.executable, "-c", "from jacobians.cli import main; main()", "show", str(small), "--no-check"]
        ascii_only = {**os.environ, "PYTHONIOENCODING": "ascii"}
        printed = subprocess.run(command, capture_output=True, env=ascii_only, check=True).stdout
        assert "∂a/∂W = δ_ii' x_j" in printed.decode("utf-8")

    def test_digits(self, run_command):
        _, few, _ = run_command("show", "--of", "L", "--wrt", "b2", "--digits", "3", "--no-check")
        _, many, _ = run_command("show", "--of", "L", "--wrt", "b2", "--digits", "9", "--no-check")
        assert len(many.splitlines()[-1]) == len(few.splitlines()[-1]) + 12

    def test_large_tensors_are_cut(self, run_command, tmp_path):
        path = tmp_path / "wide.txt"
        path.write_text("x : 40\nW : 30 x 40\nz = W @ x\n", encoding="utf-8")
        _, out, _ = run_command("show", path, "--of", "z", "--wrt", "W", "--no-check")
        assert "..." in out
        assert len(out.splitlines()) < 70
        assert max(map(len, out.splitlines())) <= 80

    def test_long_rows_and_formulas_go_on_below_their_beginning(self, run_command, tmp_path):
        path = tmp_path / "rows.txt"
        path.write_text("x : 3\nW : 2 x 29\nz = W @ y\n", encoding="utf-8")
        _, out, _ = run_command("show", path, "--wrt", "y", "--no-check", "--digits", "3")
        rows = out[out.index("    [") :].splitlines()
        assert [line[:5] for line in rows] == ["    [", "     ", "     "] * 2
        assert len({line.index(".", 20) - line.index(".") for line in rows}) == 1
        path.write_text("x : 3\nh = x" + " + tanh(W @ relu(x))" * 5, encoding="utf-8")
        _, out, _ = run_command("show", path, "--wrt", "x", "--no-check")
        formula = out[out.index("∂h/∂x = ") : out.index("  (3 | 3)")].splitlines()
        assert len(formula) > 3
        assert all(line.startswith(("∂h/∂x = ", "      = ", "        ")) for line in formula)

    def test_the_table_of_witnesses_keeps_shapes_whole(self, run_command, tmp_path):
        path = tmp_path / "wide.txt"
        path.write_text("x : 109\nW : 103 x 109\nz = relu(W @ x)\nL = norm(z)^2\n", encoding="utf-8")
        _, out, _ = run_command("show", path, "--of", "z", "--of", "L")
        assert " ∂z/∂W     103×103×109 " in out
        assert max(map(len, out.splitlines())) <= 80

    def test_values_that_overflow_are_shown_without_a_warning(self, run_command, tmp_path):
        path = tmp_path / "overflow.txt"
        path.write_text("x = 1000\nz = exp(x)\n", encoding="utf-8")
        status, out, err = run_command("show", path)
        assert (status, err) == (0, "")
        assert "    [inf]" in out.splitlines()
        assert out.rstrip().endswith("Not verified: NaN or inf in z.")


class TestRefusals:
    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (("show", "nothing.txt"), "model file 'nothing.txt': cannot be read: No such file"),
            (("show", "--of", "q"), "unknown name 'q'; known are x, W1, b1"),
            (("show", "--of", "z1", "--wrt", "y"), "show: z1 does not depend on y; `jacobians graph` shows"),
            (("show", "--of", "z1", "--of", "a1", "--wrt", "y"), "show: none of z1, a1 depends on y"),
            (("show", "--of", "x"), "show: nothing to differentiate in x; --of takes z1, a1, z2, L"),
            (("show", "--of", "L", "--wrt", "L"), "show: expected two different names, got --of L --wrt L"),
            (("show", "--seed", "-1"), "'--seed': -1 is not in the range x>=0.\nTry 'jacobians show --help'."),
            (("graph", "--seed", "-1"), "'--seed': -1 is not in the range x>=0.\nTry 'jacobians graph --help'."),
            (("show", "--at", "nothing.npz"), "point nothing.npz: cannot be read"),
            (("show", "--format", "npz"), "name the file with -o FILE"),
            (("show", "--digits", "0"), "--digits"),
            (("show", "--colour"), "No such option: --colour"),
            (("op", "tahn"), "unknown op 'tahn'; known are tan, tanh"),
            (("graph", "--of", "q"), "unknown name 'q'"),
            (("graph", "--wrt", "q"), "unknown name 'q'"),
        ],
    )
    def test_one_message_and_status_2(self, run_command, arguments, message):
        status, out, err = run_command(*arguments)
        assert (status, out) == (2, "")
        assert err.startswith("jacobians: ")
        assert message in err
        assert "Traceback" not in err

    def test_a_full_disk(self, run_command, monkeypatch):
        with open("/dev/full", "w", encoding="utf-8") as full:
            monkeypatch.setattr(sys, "stdout", full)
            status, _, err = run_command("show", "--json")
            monkeypatch.undo()
            with contextlib.suppress(OSError):
                full.close()
        assert status == 2
        assert err.startswith(
            "jacobians: standard output: cannot be written: No space left on device; write to another place"
        )

    def test_interrupted(self, run_command, monkeypatch):
        def interrupt(*_):
            raise KeyboardInterrupt

        monkeypatch.setattr("jacobians.show.collect", interrupt)
        assert run_command("show") == (130, "", "")

    def test_a_broken_model_file_shows_the_place(self, run_command, tmp_path):
        path = tmp_path / "model.txt"
        path.write_text("x : 3\nz = tanh(x\n", encoding="utf-8")
        status, _, err = run_command("show", path)
        assert status == 2
        assert "line 2, column" in err
        assert "^" in err

    @pytest.mark.parametrize("content", ["[1, 2]", "not json", '{"x": "text"}', '{"x": [1, 2]}'])
    def test_a_broken_point(self, run_command, tmp_path, content):
        path = tmp_path / "point.json"
        path.write_text(content, encoding="utf-8")
        status, out, err = run_command("show", "--at", path)
        assert (status, out) == (2, "")
        assert err.startswith("jacobians: ")

    @pytest.mark.parametrize(
        ("name", "content", "message"),
        [
            ("a.npz", b"PK no archive", "a.npz: is no .npz file of arrays by name; write it by np.savez(path, x=x"),
            (
                "a.json",
                b'{"x":',
                'by name: Expecting value: line 1 column 6 (char 5); write an object such as {"x": [1',
            ),
            ("a.npy", b"", "a.npy: expected a name that ends in .npz or .json, got 'a.npy'"),
        ],
    )
    def test_a_broken_point_says_how_to_write_one(self, run_command, tmp_path, name, content, message):
        (tmp_path / name).write_bytes(content)
        status, _, err = run_command("show", "--at", tmp_path / name)
        assert status == 2
        assert message in err

    def test_a_single_array_is_no_point(self, run_command, tmp_path):
        with open(tmp_path / "single.npz", "wb") as file:
            np.save(file, np.ones(3))
        status, _, err = run_command("show", "--at", tmp_path / "single.npz")
        assert status == 2
        assert "is no .npz file of arrays by name; write it by np.savez" in err

    def test_a_long_line_is_cut_at_its_fault(self, run_command, tmp_path):
        path = tmp_path / "model.txt"
        path.write_text(f"x : 3\nz = {'x + ' * 100}?{' + x' * 100}", encoding="utf-8")
        status, _, err = run_command("show", path)
        assert status == 2
        _, line, caret = err.splitlines()
        assert max(len(line), len(caret)) <= 80
        assert line[caret.index("^")] == "?"

    def test_a_file_without_end(self, run_command):
        status, _, err = run_command("show", "/dev/zero")
        assert (status, "expected at most 1,000,000 characters, got more" in err) == (2, True)

    def test_a_file_that_cannot_be_written(self, run_command, tmp_path):
        status, _, err = run_command("show", "--format", "json", "-o", tmp_path / "no" / "file.json")
        assert status == 2
        assert "cannot be written" in err


class TestOp:
    def test_sheet(self, run_command):
        status, out, _ = run_command("op", "linear")
        assert status == 0
        for line in ("linear   a = W x + b", "∂a/∂W = δ_oo' x_i", "Id_3 ⊗ x", "o = 0", "Goodfellow"):
            assert line in out

    def test_class_names_are_understood(self, run_command):
        assert run_command("op", "LeakyReLU")[1] == run_command("op", "leaky-relu")[1]

    def test_table_has_every_op(self, run_command):
        _, out, _ = run_command("op")
        assert {line.split()[0] for line in out.splitlines() if line and not line.startswith(" ")} >= set(OPS)
        assert max(map(len, out.splitlines())) <= 80

    @pytest.mark.parametrize("name", list(OPS))
    def test_every_sheet_prints(self, run_command, name):
        status, out, err = run_command("op", name)
        assert (status, err) == (0, "")
        assert max(map(len, out.splitlines())) <= 80
        for part in ("Shapes", "Formula", "Source", "Example"):
            assert part in out

    def test_json(self, run_command):
        data = json.loads(run_command("op", "--json")[1])
        assert [sheet["name"] for sheet in data] == list(OPS)
        assert json.loads(run_command("op", "linear", "--json")[1])[0]["jacobians"]["W"]["latex"] == (
            r"\delta_{o o'} x_{i}"
        )


class TestGraph:
    SCALAR = "s = 0.5\nx = sin(s)\ny = exp(s)\nz = s^2\nf = x * y + z\ng = tanh(f)\nh = f^2\nL = g * h\n"

    def test_all_paths_of_the_scalar_graph(self, run_command, tmp_path):
        path = tmp_path / "scalar.txt"
        path.write_text(self.SCALAR, encoding="utf-8")
        status, out, _ = run_command("graph", path)
        assert status == 0
        assert "s → x, y, z → f → g, h → L" in out
        assert "Paths from s to L: 6" in out
        assert "∂f/∂s = ∂f/∂x ∂x/∂s + ∂f/∂y ∂y/∂s + ∂f/∂z ∂z/∂s" in out
        assert "∂L/∂f = ∂L/∂g ∂g/∂f + ∂L/∂h ∂h/∂f" in out
        assert max(map(len, out.splitlines())) <= 80

    def test_an_arrow_beside_other_ways_is_marked(self, run_command, tmp_path):
        path = tmp_path / "shortcut.txt"
        path.write_text("s = 2\nt = s^2\nu = t * s\n", encoding="utf-8")
        _, out, _ = run_command("graph", path)
        assert out.count("∂u/∂s = ∂u/∂t ∂t/∂s + ∂u/∂s (direct) = 12") == 2
        assert "      ∂u/∂s (direct) = 4" in out.splitlines()

    def test_json(self, run_command, tmp_path):
        path = tmp_path / "scalar.txt"
        path.write_text(self.SCALAR, encoding="utf-8")
        data = json.loads(run_command("graph", path, "--json", "--most", "2")[1])
        assert (data["path_count"], data["scalar_path_count"], len(data["paths"])) == (6, 6, 2)
        assert data["cost"]["forward"] == 6

    def test_many_paths_are_not_all_listed(self, run_command, tmp_path):
        lines = ["h0 : 2"] + [f"h{k + 1} = h{k} + tanh(h{k})" for k in range(3)]
        path = tmp_path / "residual.txt"
        path.write_text("\n".join(lines), encoding="utf-8")
        status, out, _ = run_command("graph", path, "--most", "0")
        assert status == 0
        assert "and 1 more" in out

    def test_no_path(self, run_command, tmp_path):
        path = tmp_path / "two.txt"
        path.write_text("x : 2\ny : 3\na = tanh(x)\nb = tanh(y)\n", encoding="utf-8")
        _, out, _ = run_command("graph", path)
        assert "does not depend on x" in out


@pytest.mark.parametrize("arguments", [(), ("--help",)])
def test_help_lists_every_command(run_command, arguments):
    status, out, err = run_command(*arguments)
    assert (status, err) == (0, "")
    out = " ".join(out.split())
    for line in (
        "show Every Jacobian of a network",
        "op The sheet of one op",
        "graph Paths, forward accumulation",
        "through-time Backpropagation through time",
    ):
        assert line in out


def test_version(run_command):
    status, out, _ = run_command("--version")
    assert status == 0
    assert out.startswith("jacobians 0.")
