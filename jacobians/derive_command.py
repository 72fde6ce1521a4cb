"""The command `jacobians derive`: a derivation step by step, in the reader's notation, in any format."""

from __future__ import annotations

import json as encoder
import sys
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from jacobians.built_in import BUILT_IN
from jacobians.errors import InputError
from jacobians.output import put_out

if TYPE_CHECKING:
    from symbolic.documents.latex import Kind
    from symbolic.steps.derivation import Derivation, Detail


class StyleOption(StrEnum):
    """What the lines are made of."""

    INDEX = "index"
    MATRIX = "matrix"
    TENSOR = "tensor"
    DIFFERENTIAL = "differential"
    PATHS = "paths"
    FORWARD = "forward"
    BACKWARD = "backward"


class DetailOption(StrEnum):
    """How many of the lines are shown."""

    EVERY_STEP = "every-step"
    LECTURE = "lecture"
    RESULT = "result"


class KindOption(StrEnum):
    """What a LaTeX file is."""

    SNIPPET = "snippet"
    ARTICLE = "article"
    BEAMER = "beamer"
    STANDALONE = "standalone"


class FormatOption(StrEnum):
    """What the derivation is written as."""

    TEXT = "text"
    LATEX = "latex"
    PDF = "pdf"
    MD = "md"
    HTML = "html"
    IPYNB = "ipynb"
    NUMPY = "numpy"
    TORCH = "torch"
    JAX = "jax"
    JSON = "json"


#: The format that a file is meant to have, by its ending.
ENDINGS = {
    ".txt": FormatOption.TEXT,
    ".tex": FormatOption.LATEX,
    ".pdf": FormatOption.PDF,
    ".md": FormatOption.MD,
    ".html": FormatOption.HTML,
    ".ipynb": FormatOption.IPYNB,
    ".py": FormatOption.NUMPY,
    ".json": FormatOption.JSON,
}
CODE = (FormatOption.NUMPY, FormatOption.TORCH, FormatOption.JAX)
#: How the other formats are made.
METHODS = {
    FormatOption.TEXT: "text",
    FormatOption.MD: "markdown",
    FormatOption.HTML: "html",
    FormatOption.IPYNB: "ipynb",
    FormatOption.NUMPY: "to_numpy",
    FormatOption.TORCH: "to_torch",
    FormatOption.JAX: "to_jax",
}


def derive(
    model: Annotated[
        Path | None,
        typer.Argument(
            help="A file of equations, also for layers in general, or a built-in network: "
            f"{', '.join(BUILT_IN)}; left out: mlp, 3-4-2."
        ),
    ] = None,
    of: Annotated[str | None, typer.Option(help="What is differentiated; default: the loss.")] = None,
    wrt: Annotated[str | None, typer.Option(help="By what: W1, 'W^{(k)}'; default: the first matrix.")] = None,
    style: Annotated[
        StyleOption | None, typer.Option(help="What the lines are made of; default: index, for code matrix.")
    ] = None,
    detail: Annotated[DetailOption, typer.Option(help="How many lines are shown.")] = DetailOption.LECTURE,
    notation: Annotated[
        str, typer.Option(help="A preset (goodfellow, ng, mml, ...), options (layers=[k],bold), or a .toml file.")
    ] = "",
    lang: Annotated[str | None, typer.Option(help="Language of the sentences: en or de.")] = None,
    entries: Annotated[bool, typer.Option("--entries", help="Write every entry of the answer out.")] = False,
    format: Annotated[FormatOption | None, typer.Option(help="Default: by the ending of -o, else text.")] = None,
    kind: Annotated[
        KindOption | None, typer.Option(help="Of LaTeX: default snippet on the terminal, article in a file.")
    ] = None,
    check: Annotated[bool, typer.Option(help="Evaluate every line and compare it with the one before.")] = True,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write to this file.")] = None,
    json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> int:
    """Derive d OF / d WRT step by step; every line has its reason and is checked with numbers.

    \b
    index          components, sums, Kronecker deltas
    matrix         W^T delta * g'(z), delta a^T
    tensor         products of full Jacobians, with Id (x) x
    differential   dL = tr(...), and what it identifies
    paths          the sum over all paths
    forward        front to back (forward accumulation)
    backward       back to front (backpropagation)

    \b
    jacobians derive --wrt W1
    jacobians derive mlp --of z2 --wrt W1 --style tensor --detail every-step
    jacobians derive layered.txt --wrt 'W^{(k)}' --notation ng --lang de -o derivation.pdf

    Exit status: 0; 1 where a line did not hold, which is a mistake of this program; 2 bad input.
    """  # noqa: D301 - \b keeps the lines that follow as they are
    from jacobians.notation.options import Notation
    from symbolic.steps.engine import derivation

    written = Notation.read(notation) if notation else Notation()
    if lang is not None:
        written = replace(written, language=lang)
    file_format = FormatOption.JSON if json else format or _by_ending(output)
    default = StyleOption.MATRIX if file_format in CODE else StyleOption.INDEX
    level = cast("Detail", detail.value.replace("-", " "))
    found = derivation(given_model(model), of, wrt, (style or default).value, level, written, entries)
    content = _made(found, file_format, kind, output is not None)
    if output is None and isinstance(content, str):
        content = content.rstrip("\n")
    put_out(content, output, "--format pdf: expected -o FILE, a PDF is no text; write -o derivation.pdf")
    return _checked(found, quiet=file_format is not FormatOption.TEXT) if check else 0


def given_model(model: Path | None) -> Any:
    """The text of a file of equations, or the built-in network of that name."""
    from jacobians.check_command import given
    from jacobians.claims.documents.files import checked_text, read_file

    if model is not None and model.is_file():
        return checked_text(read_file(model), str(model))
    return given(model if model is not None else Path("mlp")).model


def _by_ending(output: Path | None) -> FormatOption:
    """The format that a file's name asks for."""
    if output is None:
        return FormatOption.TEXT
    if output.suffix.lower() not in ENDINGS:
        raise InputError(f"-o {output}: expected a name that ends in {', '.join(ENDINGS)}, or --format")
    return ENDINGS[output.suffix.lower()]


def _made(found: Derivation, format: FormatOption, kind: KindOption | None, to_file: bool) -> str | bytes:
    """The derivation in a format."""
    snippet = kind is KindOption.SNIPPET or (kind is None and not to_file)
    document = cast("Kind", KindOption.ARTICLE.value if kind in (None, KindOption.SNIPPET) else kind.value)
    if format is FormatOption.PDF:
        return found.pdf(document)
    if format is FormatOption.LATEX:
        return found.latex() if snippet else found.document(document)
    if format is FormatOption.JSON:
        return encoder.dumps(found.as_dict(), indent=2, ensure_ascii=False)
    made: str = getattr(found, METHODS[format])()
    return made


def _checked(found: Derivation, quiet: bool) -> int:
    """Say that every line holds, or which does not."""
    report = found.check()
    for failure in report.failures():
        print(f"jacobians: this line does not hold, please report it: {failure}", file=sys.stderr)
    if report.ok and not quiet:
        print(f"\n{report}")
    return 0 if report.ok else 1
