"""Documents set by pdflatex, and what poppler sees on their pages."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import numpy as np


def pdflatex(tex: str, folder: Path) -> tuple[str, int]:
    """What pdflatex says, and the number of pages; the file is `document.pdf`."""
    (folder / "document.tex").write_text(tex, encoding="utf-8")
    command = ["pdflatex", "-halt-on-error", "-no-shell-escape", "-interaction=nonstopmode", "document.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace", check=False)
    assert done.returncode == 0, done.stdout[-2000:]
    info = subprocess.run(["pdfinfo", "document.pdf"], cwd=folder, capture_output=True, text=True, check=True).stdout
    return (folder / "document.log").read_text(errors="replace"), int(re.findall(r"Pages: +(\d+)", info)[0])


def overfull(log: str) -> list[float]:
    """Points by which lines stick out, where it is more than 2."""
    return [float(points) for points in re.findall(r"Overfull \\hbox \(([\d.]+)pt", log) if float(points) > 2]


def text(folder: Path) -> str:
    """The words on the pages, with their ligatures resolved."""
    done = subprocess.run(["pdftotext", "document.pdf", "-"], cwd=folder, capture_output=True, check=True)
    return done.stdout.decode("utf-8").replace("\ufb01", "fi").replace("\ufb02", "fl").replace("\ufb00", "ff")


def ink(folder: Path, dpi: int = 50) -> list[tuple[float, ...]]:
    """For every page how far its ink stays away from its left, top, right and bottom edge, in millimetres."""
    subprocess.run(["pdftoppm", "-gray", "-r", str(dpi), "document.pdf", "page"], cwd=folder, check=True)
    return [_margins(path, dpi) for path in sorted(folder.glob("page*.pgm"))]


def _margins(path: Path, dpi: int) -> tuple[float, ...]:
    found = re.match(rb"P5\s+(\d+)\s+(\d+)\s+\d+\s", content := path.read_bytes())
    width, height = map(int, found.groups())
    dark = np.frombuffer(content[found.end() :], np.uint8).reshape(height, width) < 160
    assert dark.any(), f"{path.name} is blank"
    rows, columns = np.flatnonzero(dark.any(1)), np.flatnonzero(dark.any(0))
    edges = columns[0], rows[0], width - 1 - columns[-1], height - 1 - rows[-1]
    return tuple(float(edge) / dpi * 25.4 for edge in edges)
