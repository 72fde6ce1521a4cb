"""The command `jacobians check` as a user meets it: what it prints and writes, its exit status, how it refuses."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

MODEL = """x : 3
W : 2 x 3
y : 2
z = W @ x
L = 1/2 * norm(z - y)^2
"""
RIGHT = r"\frac{\partial L}{\partial z} = z - y"
WRONG = r"\frac{\partial L}{\partial z} = y - z"
UNKNOWN = r"\frac{\partial L}{\partial z} = \foo"
LAYOUT = r"\frac{\partial z}{\partial x} = W^\top"


def write(path: Path, *formulas: str, model: str = MODEL) -> Path:
    block = f"```model\n{model}```\n\n" if model else ""
    path.write_text(f"# Sheet\n\n{block}" + "".join(f"So ${f}$.\n\n" for f in formulas), encoding="utf-8")
    return path


@pytest.fixture
def typed(monkeypatch):
    """Type standard input."""

    def give(content: str | bytes):
        data = content if isinstance(content, bytes) else content.encode()
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))

    return give


class TestStatus:
    @pytest.mark.parametrize(
        ("formulas", "strict", "lenient"),
        [
            ([RIGHT], 0, 0),
            ([], 0, 0),
            ([RIGHT, WRONG], 1, 1),
            ([r"\frac{\partial L}{\partial x} = W (z - y)"], 1, 1),
            ([RIGHT, UNKNOWN], 1, 0),
            ([LAYOUT], 1, 0),
            ([LAYOUT, UNKNOWN, WRONG], 1, 1),
        ],
    )
    def test_of_claims(self, run_command, tmp_path, formulas, strict, lenient):
        path = write(tmp_path / "a.md", *formulas)
        assert run_command("check", path, "--no-explain")[0] == strict
        assert run_command("check", path, "--no-explain", "--lenient")[0] == lenient

    def test_what_is_not_understood_is_counted(self, run_command, tmp_path):
        status, out, _ = run_command("check", write(tmp_path / "a.md", RIGHT, UNKNOWN), "--lenient", "-q")
        assert status == 0
        assert "2 claims: 1 true, 1 not understood" in out

    def test_a_document_that_cannot_be_read_stops_no_other(self, run_command, tmp_path):
        bad = tmp_path / "bad.md"
        bad.write_bytes(b"\xff\xfe\x00")
        status, out, err = run_command("check", tmp_path / "no.md", bad, write(tmp_path / "a.md", RIGHT))
        assert status == 2
        assert "1 claim: 1 true" in out
        assert re.search(r"jacobians: \S+no\.md: cannot be read: No such file", err)
        assert re.search(r"jacobians: \S+bad\.md: expected UTF-8", err)
        assert err.count("\n") == 2

    def test_a_defect_is_one_message(self, run_command, tmp_path, monkeypatch):
        def broken(*_):
            raise KeyError("z")

        monkeypatch.setattr("jacobians.claims.document.check_document", broken)
        status, _, err = run_command("check", write(tmp_path / "a.md", RIGHT))
        assert status == 2
        assert "a defect of jacobians (KeyError: 'z'); please report it" in err


class TestInput:
    @pytest.mark.parametrize("arguments", [[], ["-"]])
    def test_standard_input(self, run_command, typed, tmp_path, arguments):
        (tmp_path / "key.txt").write_text(MODEL, encoding="utf-8")
        typed("dL/dz = z - y\ndL/dz = y - z\n")
        status, out, err = run_command("check", *arguments, "--model", tmp_path / "key.txt")
        assert (status, err) == (1, "")
        assert "<stdin>:1:1: true: dL/dz = z - y" in out
        assert "<stdin>:2:9: false: a sign is wrong" in out

    @pytest.mark.parametrize(
        ("kind", "text"),
        [
            ("text", "dL/dz = z - y"),
            ("markdown", f"So ${RIGHT}$."),
            ("latex", f"So \\({RIGHT}\\)."),
            ("code", "dz = z - y"),
        ],
    )
    def test_kinds_of_standard_input(self, run_command, typed, tmp_path, kind, text):
        (tmp_path / "key.txt").write_text(MODEL, encoding="utf-8")
        typed(text)
        status, out, _ = run_command("check", "--kind", kind, "--model", tmp_path / "key.txt")
        assert status == 0
        assert "1 claim: 1 true" in out

    def test_bytes_that_are_no_text(self, run_command, typed):
        typed(b"a = \xff")
        assert run_command("check")[::2] == (2, "jacobians: <stdin>: expected UTF-8, got a byte that is none (0xff)\n")
        typed(b"a = \0")
        assert run_command("check")[0] == 2

    def test_a_folder_is_its_documents(self, run_command, tmp_path):
        write(tmp_path / "b.md", RIGHT)
        (tmp_path / "in").mkdir()
        write(tmp_path / "in" / "a.md", WRONG)
        for name in (".hidden.md", "c.model.md", "picture.png", "in/.git.md"):
            (tmp_path / name).write_text("$x = $", encoding="utf-8")
        status, out, _ = run_command("check", tmp_path, "-q", "--no-explain")
        assert status == 1
        assert out.splitlines()[-1].startswith("2 documents, 2 claims: 1 true, 1 false")

    def test_a_folder_without_documents(self, run_command, tmp_path):
        status, out, err = run_command("check", tmp_path)
        assert (status, out) == (2, "")
        assert "expected a folder with documents (.md, " in err

    def test_models(self, run_command, tmp_path):
        path = write(tmp_path / "a.md", RIGHT, model="")
        (tmp_path / "key.txt").write_text(MODEL, encoding="utf-8")
        (tmp_path / "values.txt").write_text(MODEL.replace("x : 3", "x = [1, 2, 4]"), encoding="utf-8")
        (tmp_path / "side.md").write_text(f"# Sheet\n\n```model\n{MODEL}```\n", encoding="utf-8")
        assert run_command("check", path)[0] == 1
        for name in ("key.txt", "values.txt", "side.md"):
            status, _, err = run_command("check", path, "--model", tmp_path / name)
            assert (name, status, err) == (name, 0, "")
        path.write_text("$dL/dz_2 = z_2 - y$", encoding="utf-8")
        assert run_command("check", path, "--model", "mlp")[0] == 0

    def test_models_that_are_none(self, run_command, tmp_path):
        path = write(tmp_path / "a.md", RIGHT)
        (tmp_path / "bad.txt").write_text("x : 3\nz = W @\n", encoding="utf-8")
        status, _, err = run_command("check", path, "--model", tmp_path / "bad.txt")
        assert status == 2
        assert re.search(r"jacobians: \S+bad\.txt: line 2, column", err)
        assert "no built-in network has this name; known are mlp" in run_command("check", path, "--model", "lenet")[2]
        assert "cannot be read" in run_command("check", path, "--model", tmp_path / "no.txt")[2]

    @pytest.mark.parametrize("name", ["-.md", "a\x1b[31m\n.md", "'; rm -rf *;.md", "\udcff.md", "[red]x.md"])
    def test_names_of_files(self, run_command, tmp_path, monkeypatch, name):
        monkeypatch.chdir(tmp_path)
        write(Path(name), WRONG)
        for format in ("text", "markdown", "html", "json"):
            status, out, err = run_command("check", f"./{name}", "--no-explain", "--format", format)
            assert (status, err) == (1, "")
            assert "\x1b" not in out
        status, _, err = run_command("check", f"./{name}", "--format", "html", "-o", "out.html")
        assert status == 1
        assert "\x1b" not in err

    def test_nothing_is_run(self, run_command, tmp_path):
        path = tmp_path / "a.md"
        path.write_text(
            "```model\n__import__('os').system('touch hacked')\n```\n$x = \\write18{touch hacked}$", "utf-8"
        )
        status, out, _ = run_command("check", path)
        assert status == 1
        assert "1 not understood" in out
        assert not Path("hacked").exists()

    @pytest.mark.parametrize(
        "text",
        [
            "$" + "{" * 10_000 + "x = y" + "}" * 10_000 + "$",
            r"\newcommand{\a}{\b\b}\newcommand{\b}{\a\a} $\a = x$",
            "$x = \\left( \\frac{1}{$",
            "$\\begin{aligned} x &= \\\\ &= \\end{aligned}$",
            "$= =$ $=$ $x =$ $= x$",
            "```python\ndW = (\n```",
            "$$\n\\begin{split}\n a &= b",
            "\ufeff$a\u2028 = b$",
            "$x_{" + "a" * 30_000 + "} = 1$",
        ],
    )
    def test_broken_text_is_no_traceback(self, run_command, tmp_path, text):
        path = tmp_path / "a.md"
        path.write_text(text, encoding="utf-8")
        for format in ("text", "markdown", "html", "json"):
            status, out, err = run_command("check", path, "--format", format)
            assert status in (0, 1)
            assert err == ""
            assert out


class TestOutput:
    def test_json(self, run_command, tmp_path):
        status, out, _ = run_command("check", write(tmp_path / "a.md", RIGHT, WRONG), tmp_path / "no.md", "--json")
        data = json.loads(out)
        assert status == data["exit_status"] == 2
        first, second = data["documents"]
        assert [f["status"] for f in first["formulas"]] == ["true", "false"]
        assert first["formulas"][1]["lines"][0]["mistake"] == "a sign is wrong"
        assert second["error"].startswith("cannot be read")

    def test_a_file(self, run_command, tmp_path):
        path, target = write(tmp_path / "a.md", WRONG), tmp_path / "out.txt"
        shown = run_command("check", path)[1]
        status, out, err = run_command("check", path, "-o", target)
        assert (status, out, err) == (1, "", f"jacobians: written: {target}\n")
        assert target.read_text(encoding="utf-8").strip() == shown.strip()

    @pytest.mark.parametrize(("format", "end"), [("html", ".html"), ("markdown", ".md"), ("text", ".txt")])
    def test_a_folder(self, run_command, tmp_path, format, end):
        (tmp_path / "in").mkdir()
        paths = [write(tmp_path / "a.md", RIGHT), write(tmp_path / "in" / "a.md", WRONG)]
        status, out, _ = run_command("check", *paths, "--format", format, "-o", tmp_path / "out")
        assert (status, out) == (1, "")
        assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [f"a-2{end}", f"a{end}"]
        assert "1 false" in (tmp_path / "out" / f"a-2{end}").read_text(encoding="utf-8")

    def test_many_pages_need_a_folder(self, run_command, tmp_path):
        paths = [write(tmp_path / name, RIGHT) for name in ("a.md", "b.md")]
        status, out, err = run_command("check", *paths, "--format", "html")
        assert (status, out) == (2, "")
        assert "a page shows one document; name a folder for the pages with -o" in err
        status, _, err = run_command("check", *paths, "--format", "html", "-o", paths[0] / "x")
        assert status == 2
        assert "expected a folder for the reports" in err

    def test_help_has_examples_and_the_exit_status(self, run_command):
        status, out, _ = run_command("check", "--help")
        assert status == 0
        assert "  jacobians check submissions/ --model key.txt --table verdicts.csv\n" in out
        assert "Exit status: 0 all claims hold" in out
        assert "  ? not understood  " in out

    def test_nobody_reads_on(self, tmp_path):
        path = write(tmp_path / "a.md", *[WRONG] * 20)
        script = "import sys; from jacobians.cli import main; main()"
        reading, writing = os.pipe()
        os.close(reading)
        command = [sys.executable, "-c", script, "check", str(path), "--no-explain"]
        done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True)
        os.close(writing)
        assert (done.returncode, done.stderr) == (1, "")


class TestTable:
    def test_a_row_for_each_claim_and_a_line_for_each_student(self, run_command, tmp_path):
        folder, key = tmp_path / "submissions", tmp_path / "key.txt"
        folder.mkdir()
        key.write_text(MODEL, encoding="utf-8")
        write(folder / "anna.md", RIGHT, WRONG, model="")
        write(folder / "ben.md", RIGHT, model="")
        write(folder / "cy.md", model="")
        (folder / "dan.md").write_bytes(b"\xff\x00")
        status, out, err = run_command("check", folder, "--model", key, "--table", tmp_path / "out.csv")
        assert status == 2
        assert "dan.md: expected UTF-8" in err
        assert [line.split()[0].rpartition("/")[2] for line in out.splitlines()[1:]] == [
            "anna.md",
            "ben.md",
            "cy.md",
            "dan.md",
        ]
        rows = list(csv.DictReader((tmp_path / "out.csv").open(encoding="utf-8")))
        found = [(Path(r["document"]).stem, r["claim"], r["status"], r["mistake"]) for r in rows]
        assert found[:4] == [
            ("anna", "1", "true", ""),
            ("anna", "2", "false", "a sign is wrong"),
            ("ben", "1", "true", ""),
            ("cy", "", "no claims", ""),
        ]
        assert found[4][:3] == ("dan", "", "unreadable")
        assert int(rows[0]["points"]) > 0

    def test_json(self, run_command, tmp_path):
        path = write(tmp_path / "a.md", RIGHT)
        assert run_command("check", path, "--table", tmp_path / "out.json")[0] == 0
        (row,) = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
        assert (row["status"], row["claim"]) == ("true", 1)

    def test_other_formats(self, run_command, tmp_path):
        status, _, err = run_command("check", write(tmp_path / "a.md", RIGHT), "--table", tmp_path / "out.xls")
        assert status == 2
        assert "expected a name that ends in .csv or .json, got 'out.xls'" in err


class TestFix:
    def test_a_corrected_copy(self, run_command, tmp_path):
        path, target = write(tmp_path / "a.md", RIGHT, WRONG, UNKNOWN), tmp_path / "b.md"
        before = path.read_bytes()
        status, _, err = run_command("check", path, "--fix", target)
        assert status == 1
        assert err == f"jacobians: written: {target} (1 line corrected)\n"
        assert path.read_bytes() == before
        assert target.read_bytes() == before.replace(WRONG.encode(), RIGHT.encode())
        assert run_command("check", target, "--lenient")[0] == 0

    def test_standard_input(self, run_command, typed, tmp_path):
        typed(f"```model\r\n{MODEL}```\r\n${WRONG}$\r\n")
        run_command("check", "-", "--kind", "markdown", "--fix", tmp_path / "b.md")
        assert (tmp_path / "b.md").read_bytes().endswith(f"${RIGHT}$\r\n".encode())

    @pytest.mark.parametrize("option", ["--fix", "-o", "--table"])
    def test_a_document_is_never_written_over(self, run_command, tmp_path, option):
        path = write(tmp_path / "a.md", WRONG)
        before = path.read_bytes()
        link = tmp_path / "link.csv"
        link.symlink_to(path)
        for target in (path, link, tmp_path / "." / "a.md") if option != "--table" else (link,):
            status, _, err = run_command("check", path, option, target)
            assert status == 2
            assert f"{option} {target}: is a document that is checked; name another file" in err
        assert path.read_bytes() == before

    def test_one_document_at_a_time(self, run_command, tmp_path):
        paths = [write(tmp_path / name, WRONG) for name in ("a.md", "b.md")]
        status, _, err = run_command("check", *paths, "--fix", tmp_path / "c.md")
        assert status == 2
        assert "expected one document, got 2; correct them one by one" in err
        assert not (tmp_path / "c.md").exists()

    def test_a_folder_that_is_not_there(self, run_command, tmp_path):
        status, _, err = run_command("check", write(tmp_path / "a.md", WRONG), "--fix", tmp_path / "no" / "b.md")
        assert status == 2
        assert "cannot be written: No such file or directory" in err
