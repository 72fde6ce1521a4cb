"""The command `jacobians check`: documents in, verdicts out, and an exit status for scripts."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jacobians.claims.report_files import Checked, CheckFormat, say, write_fixed, write_reports, write_table
from jacobians.errors import InputError, JacobiansError, MathSyntaxError, ModelError

if TYPE_CHECKING:
    from jacobians.claims.document import DocumentReport
    from jacobians.claims.documents import Document


class KindOption(StrEnum):
    """The language of standard input."""

    MARKDOWN = "markdown"
    LATEX = "latex"
    TEXT = "text"
    CODE = "code"


STDIN = Path("-")


@dataclass(frozen=True, slots=True)
class Given:
    """What the names mean, as check_document takes it."""

    model: Any = None
    side: Path | None = None


def check(
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="Documents, or folders of them; left out or -: standard input.", show_default=False),
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(help="What the names mean: a file of equations, a built-in network, or a .md file of models."),
    ] = None,
    format: Annotated[CheckFormat, typer.Option(help="What the report is written as.")] = CheckFormat.TEXT,
    json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Problems and the summary only.")] = False,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Write the report to this file; of many documents, a folder.")
    ] = None,
    fix: Annotated[Path | None, typer.Option(help="Write a copy of the document with the corrected lines.")] = None,
    table: Annotated[
        Path | None, typer.Option(help="Write a row for each claim of each document: a .csv or .json file.")
    ] = None,
    explain: Annotated[bool, typer.Option("--explain/--no-explain", help="Name the mistakes and correct them.")] = True,
    lenient: Annotated[
        bool, typer.Option("--lenient", help="Exit status 1 only for what is false or ill-formed.")
    ] = False,
    kind: Annotated[KindOption, typer.Option(help="The language of standard input.")] = KindOption.TEXT,
) -> int:
    """Check every line of mathematics in a document; say what is wrong, where it shows, and the corrected line.

    Documents are Markdown, LaTeX, notebooks and text. What their names mean stands in a block fenced as ```model, in a
    file notes.model.md beside notes.md, in --model, or is taken from the document's own equations.

    \b
    ✓ true            at several random points, with different and with equal sizes
    ✗ false           the numbers differ
    ⚠ ill-formed      no reading gives it a meaning: sizes, free indices
    ↔ layout          true in another convention, which is named
    ? not understood  could not be read; the message says what would help
    · declaration     nothing is claimed

    \b
    jacobians check notes.md
    jacobians check notes.tex --format html -o notes.html
    jacobians check notes.md --fix corrected.md
    jacobians check submissions/ --model key.txt --table verdicts.csv
    echo 'dL/dz2 = z2 - y' | jacobians check --model mlp

    Exit status: 0 all claims hold; 1 at least one was not shown to hold (not true: false, ill-formed, layout, not
    understood; with --lenient only false and ill-formed count); 2 a document could not be read.
    """  # noqa: D301 - \b keeps the lines that follow as they are
    kept: dict[Path, bytes] = {}
    paths = list(documents(files or [STDIN]))
    _check_targets(paths, output, fix, table)
    checked = _checked(paths, given(model), kind, explain, kept)
    for path, reason in checked.failed.items():
        say(f"{path}: {reason}")
    if table is not None:
        write_table(checked, table)
    else:
        write_reports(checked, CheckFormat.JSON if json else format, output, quiet, lenient)
    if fix is not None and checked.reports:
        write_fixed(checked.reports[0], kept[paths[0]], fix)
    return checked.status(lenient)


# ----- what is checked -----


def documents(paths: Sequence[Path]) -> Iterator[Path]:
    """The documents named, those of a folder in order of their names; hidden files and files of models are none.

    Raises:
        InputError: a folder without documents.
    """
    from jacobians.claims.documents import KINDS

    for path in paths:
        if not path.is_dir():
            yield path
            continue
        inside = (p for p in sorted(path.rglob("*")) if p.suffix.lower() in {*KINDS, ".txt"} and p.is_file())
        found = [p for p in inside if not _is_hidden(p.relative_to(path)) and not p.name.endswith(".model.md")]
        if not found:
            endings = ", ".join([*KINDS, ".txt"])
            raise InputError(f"{path}: expected a folder with documents ({endings}), got none; name the files")
        yield from found


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def given(model: Path | None) -> Given:
    """What `--model` says: models by headings in a .md file, equations in any other, a built-in network by its name.

    Raises:
        InputError: no such file and no such network, or a file that holds no model.
    """
    from jacobians.claims.context_text import read_context
    from jacobians.claims.documents.files import checked_text, read_file

    if model is None:
        return Given()
    if model.suffix.lower() in (".md", ".markdown"):
        return Given(side=model)
    if not model.is_file() and str(model).isidentifier():
        return Given(_built_in(str(model)))
    text = checked_text(read_file(model), str(model))
    try:
        return Given(read_context(text))
    except (MathSyntaxError, ModelError) as error:
        return Given(_as_network(text, InputError(f"{model}: {error}")))


def _built_in(name: str) -> Any:
    from jacobians.built_in import BUILT_IN

    if name in BUILT_IN:
        return BUILT_IN[name]()
    raise InputError(
        f"model {name!r}: no such file, and no built-in network has this name; known are {', '.join(BUILT_IN)}"
    )


def _as_network(text: str, problem: InputError) -> Any:
    """The model of a file with values, which the other commands read."""
    from jacobians.model import Model

    try:
        return Model.parse(text)
    except JacobiansError:
        raise problem from None


def _checked(paths: Sequence[Path], names: Given, kind: KindOption, explain: bool, kept: dict[Path, bytes]) -> Checked:
    """All documents, one after the other, with a bar where there are many; `kept` gets what was read."""
    from rich.console import Console
    from rich.progress import Progress

    found = Checked()
    bar = Progress(console=Console(stderr=True), transient=True, redirect_stdout=False, redirect_stderr=False)
    bar.disable = len(paths) < 2 or not sys.stderr.isatty()
    with bar:
        for path in bar.track(paths, description="checking"):
            shown = "<stdin>" if path == STDIN else str(path)
            try:
                found.reports.append(_report(path, names, kind, explain, kept))
            except JacobiansError as error:
                found.failed[shown] = str(error).removeprefix(f"{shown}: ")
            except Exception as error:  # one document must not take the verdicts on all others with it
                found.failed[shown] = f"a defect of jacobians ({type(error).__name__}: {error}); please report it"
    return found


def _report(path: Path, names: Given, kind: KindOption, explain: bool, kept: dict[Path, bytes]) -> DocumentReport:
    from jacobians.claims.document import check_document

    if path == STDIN:
        kept[path] = _standard_input()
        return check_document(_document(kept[path], kind), names.model, names.side, explain)
    report = check_document(path, names.model, names.side, explain)
    kept[path] = path.read_bytes()
    return report


def _standard_input() -> bytes:
    if sys.stdin.isatty():
        print("jacobians: reading standard input; end it with Ctrl-D", file=sys.stderr)
    return sys.stdin.buffer.read()


def _document(content: bytes, kind: KindOption) -> Document:
    """Standard input as a document."""
    from jacobians.claims.documents import read_text
    from jacobians.claims.documents.document import Draft
    from jacobians.claims.documents.files import checked_text
    from jacobians.claims.documents.passage import Passage

    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"<stdin>: expected UTF-8, got a byte that is none (0x{content[error.start]:02x})") from None
    if kind is not KindOption.CODE:
        return read_text(text, kind.value)  # type: ignore[arg-type]
    text, draft = checked_text(text, "<stdin>"), Draft()
    draft.formula(Passage.whole(text).listing(0, len(text)), "code", True)
    return draft.document("<stdin>", text, "text")


def _check_targets(paths: Sequence[Path], output: Path | None, fix: Path | None, table: Path | None) -> None:
    """Refuse to write over what is read, and what cannot be meant, before the work is done."""
    if fix is not None and len(paths) != 1:
        raise InputError(f"--fix {fix}: expected one document, got {len(paths)}; correct them one by one")
    if table is not None and table.suffix.lower() not in (".csv", ".json"):
        raise InputError(f"--table {table}: expected a name that ends in .csv or .json, got {table.name!r}")
    for option, target in (("-o", output), ("--fix", fix), ("--table", table)):
        if target is not None and any(target.exists() and p.exists() and target.samefile(p) for p in paths):
            raise InputError(f"{option} {target}: is a document that is checked; name another file")
