"""PDF by pdflatex, which sees nothing but an empty folder with the one file that it is to set."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from jacobians.errors import JacobiansError

#: Seconds that one run may take.
LIMIT = 60.0
#: What TeX may read and write outside of its folder: only what belongs to TeX itself; it starts no other program.
_SANDBOX = {"openin_any": "p", "openout_any": "p", "shell_escape": "f", "max_print_line": "1000"}
_COMMAND = ("-no-shell-escape", "-halt-on-error", "-interaction=nonstopmode", "-file-line-error")
_INSTALL = (
    "Debian and Ubuntu: `apt install texlive-latex-recommended texlive-pictures lmodern` "
    "(and texlive-latex-extra for standalone); macOS: MacTeX; Windows: MiKTeX"
)
#: The folders that programs are looked for in where the environment does not say.
_PATH = os.defpath
_PROBLEM = re.compile(r"^(?:!\s*(?P<bare>.+)|\S*?:(?P<line>\d+):\s*(?P<located>.+))$", re.MULTILINE)
_MISSING = re.compile(r"File [`'](?P<file>[^`']+)' not found")
_LINE = re.compile(r"^l\.(\d+)", re.MULTILINE)


class TexError(JacobiansError):
    """TeX is not there, or could not set a document; the message has TeX's own first problem and its line."""


def pdf(tex: str, limit: float = LIMIT) -> bytes:
    """The PDF of a LaTeX file.

    pdflatex runs in an empty folder, with no access to other folders and no programs to call, for at most `limit`
    seconds.

    Raises:
        TexError: pdflatex is not installed (the message says what to install), takes too long, or finds a problem.
    """
    program = shutil.which("pdflatex")
    if program is None:
        raise TexError(f"pdf: pdflatex was not found; install it ({_INSTALL}), or write LaTeX and set it elsewhere")
    with tempfile.TemporaryDirectory(prefix="jacobians-") as folder:
        Path(folder, "document.tex").write_text(tex, encoding="utf-8")
        printed, failed = _run([program, *_COMMAND, "document.tex"], folder, limit)
        made = Path(folder, "document.pdf")
        if failed or not made.is_file():
            raise TexError(f"pdf: {problem(printed, tex)}")
        return made.read_bytes()


def _run(command: list[str], folder: str, limit: float) -> tuple[str, bool]:
    """What was printed, and whether it failed; what runs too long is ended with everything it started."""
    found = os.environ.get("PATH", _PATH)
    environment = {"PATH": found, "HOME": folder, "TEXMFVAR": folder, "TMPDIR": folder, **_SANDBOX}
    environment |= {name: os.environ[name] for name in ("SYSTEMROOT", "TEMP") if name in os.environ}  # for Windows
    started = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        printed, _ = started.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        _end(started)
        raise TexError(
            f"pdf: pdflatex took more than {limit:g} seconds; give a shorter document or more time"
        ) from None
    except BaseException:
        _end(started)
        raise
    return printed.decode("utf-8", "replace"), started.returncode != 0


def _end(started: subprocess.Popen[bytes]) -> None:
    if hasattr(os, "killpg"):
        os.killpg(started.pid, signal.SIGKILL)
    started.kill()
    started.communicate()


def problem(printed: str, tex: str) -> str:
    """TeX's first problem in one sentence: what it says, in which line, and what stands there."""
    found = _PROBLEM.search(printed)
    if found is None:
        return "pdflatex made no PDF and did not say why"
    said = (found["bare"] or found["located"]).strip().rstrip(".")
    if missing := _MISSING.search(said):
        return f"LaTeX has no file {missing['file']}; install the package that has it ({_INSTALL})"
    at = found["line"] or (_LINE.search(printed, found.end()) or [None, None])[1]
    lines = tex.splitlines()
    if at is None or not 0 < int(at) <= len(lines):
        return f"pdflatex says: {said}"
    return f"pdflatex says: {said}; in line {at}: {lines[int(at) - 1].strip()}"
