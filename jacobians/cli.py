"""The command `jacobians`. Bad input ends in one message and exit status 2, never in a traceback."""

from __future__ import annotations

import io
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from jacobians.bridge_command import bridge
from jacobians.built_in import BUILT_IN
from jacobians.check_command import check
from jacobians.derive_command import derive
from jacobians.errors import InputError, JacobiansError
from jacobians.layout_command import layout
from jacobians.model import Model
from jacobians.output import put_out
from jacobians.sheet_commands import cheatsheet, op

app = typer.Typer(
    name="jacobians",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


class Format(StrEnum):
    """What the output is written as."""

    TEXT = "text"
    LATEX = "latex"
    MARKDOWN = "markdown"
    JSON = "json"
    NPZ = "npz"


class OrderOption(StrEnum):
    """The order in which the Jacobians along the network are multiplied."""

    FORWARD = "forward"
    BACKWARD = "backward"
    BEST = "best"


app.command(short_help="A verdict on every line of mathematics in a document.")(check)
app.command(short_help="In which conventions a formula is right.")(layout)
app.command(short_help="The sheet of one op, or the table of all.")(op)
app.command(short_help="Two pages with every op and its Jacobians.")(cheatsheet)
app.command(short_help="The named steps between two lines.")(bridge)
app.command(short_help="A derivation step by step: text, LaTeX, PDF, notebook, code.")(derive)

ModelArgument = Annotated[
    Path | None,
    typer.Argument(help=f"A file of equations, or a built-in network: {', '.join(BUILT_IN)}; left out: mlp, 3-4-2."),
]
Json = Annotated[bool, typer.Option("--json", help="The same as --format json.")]


def main() -> None:
    """Run the command; turn every expected error into one message and exit status 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # ∂ and δ print in every locale
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        status = app(sys.argv[1:] or ["--help"], prog_name="jacobians", standalone_mode=False)
    except JacobiansError as error:
        _fail(str(error))
    except MemoryError as error:
        reason = f": {error}" if str(error) else ""
        _fail(f"not enough memory{reason}; use smaller sizes, or --of and --wrt for fewer Jacobians")
    except OSError as error:  # of the standard output: files are read and written elsewhere
        sys.stdout = io.StringIO()  # what is still to be flushed would fail once more
        _fail(f"standard output: cannot be written: {error.strerror}; write to another place")
    except Exception as error:
        # click's usage errors: an unknown option or command, a missing argument
        if hasattr(error, "format_message"):
            context = getattr(error, "ctx", None)
            _fail(f"{error.format_message()}\nTry '{context.command_path if context else 'jacobians'} --help'.")
        raise
    sys.exit(status or 0)  # 130 after Ctrl-C


def _fail(message: str) -> None:
    print(f"jacobians: {message}", file=sys.stderr)
    sys.exit(2)


def _model(path: Path | None) -> Model:
    """The network of a file; where there is no such file, the built-in one of that name."""
    name = str(path or "mlp")
    if path is not None and path.is_file():
        return Model.read(path)
    if name in BUILT_IN:
        return BUILT_IN[name]()
    if name.isidentifier():
        known = ", ".join(BUILT_IN)
        raise InputError(f"model {name!r}: no such file, and no built-in network has this name; known are {known}")
    return Model.read(name)


def _out(content: str | bytes, path: Path | None) -> None:
    put_out(content, path, "npz is a binary format: name the file with -o FILE")


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"jacobians {version('jacobians')}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Explicit Jacobians of neural networks: every layer's full Jacobian, with formula, structure and proof."""


@app.command(short_help="Every Jacobian of a network, with numbers and proof.")
def show(
    model: ModelArgument = None,
    of: Annotated[list[str] | None, typer.Option(help="Of which node (repeatable); default: see above.")] = None,
    wrt: Annotated[list[str] | None, typer.Option(help="By which node or leaf (repeatable).")] = None,
    at: Annotated[Path | None, typer.Option(help="The point: a .npz or .json file of values by name.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the values that are not given.")] = 0,
    order: Annotated[OrderOption, typer.Option(help="Order of multiplication.")] = OrderOption.BEST,
    format: Annotated[Format, typer.Option(help="Output format; npz needs -o.")] = Format.TEXT,
    digits: Annotated[int, typer.Option(min=1, max=17, help="Significant digits of the numbers.")] = 4,
    check: Annotated[bool, typer.Option(help="Compare every Jacobian with independent witnesses.")] = True,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write to this file.")] = None,
    json: Json = False,
) -> None:
    """Show every Jacobian: formula, structure, shape, numbers, and the witnesses' verdict.

    Without --of and --wrt: each equation's own Jacobians, then the last node's by every leaf.
    """
    from jacobians import show as pages
    from jacobians.files import read_point

    network = _model(model)
    given = read_point(at) if at is not None else {}
    point = {**network.random_point(seed), **given}
    run = network.run(point)
    chosen = pages.pairs(network, of or (), wrt or ())
    shown = pages.collect(run, chosen, order.value)
    kind = Format.JSON if json else format
    if kind is Format.TEXT:
        from jacobians.pages import console, print_run

        out = console(record=output is not None)
        print_run(out, run, shown, digits, pages.source_of_point(network, given, at, seed), check)
        if output is not None:
            _out(out.export_text(), output)
    elif kind is Format.JSON:
        report = run.check(pairs=chosen) if check else None
        _out(pages.as_json(run, shown, report), output)
    elif kind is Format.LATEX:
        _out(pages.as_latex(shown), output)
    elif kind is Format.MARKDOWN:
        _out(pages.as_markdown(run, shown), output)
    else:
        _out(pages.as_npz(shown) if output is not None else b"", output)


@app.command(short_help="Second derivatives: Hessian, mixed blocks, Gauss-Newton.")
def hessian(
    model: ModelArgument = None,
    of: Annotated[str | None, typer.Option(help="Of which node; default: the last one.")] = None,
    wrt: Annotated[list[str] | None, typer.Option(help="By which node or leaf (repeatable).")] = None,
    other: Annotated[str | None, typer.Option("--and", help="The second name of a mixed block.")] = None,
    gauss_newton: Annotated[bool, typer.Option("--gauss-newton", help="J^T H J through the network's output.")] = False,
    through: Annotated[str | None, typer.Option(help="J^T H J through this node.")] = None,
    at: Annotated[Path | None, typer.Option(help="The point: a .npz or .json file of values by name.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the values that are not given.")] = 0,
    format: Annotated[Format, typer.Option(help="Output format; npz needs -o.")] = Format.TEXT,
    digits: Annotated[int, typer.Option(min=1, max=17, help="Significant digits of the numbers.")] = 4,
    check: Annotated[bool, typer.Option(help="Compare with differences of the first derivative.")] = True,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write to this file.")] = None,
    json: Json = False,
) -> None:
    """Show second derivatives: formula, structure, numbers, eigenvalues, and the witness' verdict.

    Without --wrt: of the last node, by each parameter twice. With --wrt W1 --and W2: the mixed block.
    """
    from jacobians import hessian_page as pages
    from jacobians.files import read_point
    from jacobians.show import source_of_point

    network = _model(model)
    given = read_point(at) if at is not None else {}
    run = network.run({**network.random_point(seed), **given})
    found = pages.blocks(run, of, wrt or (), other, gauss_newton, through)
    kind = Format.JSON if json else format
    if kind is Format.TEXT:
        from jacobians.pages import console

        out = console(record=output is not None)
        pages.print_blocks(out, run, found, digits, source_of_point(network, given, at, seed), check)
        if output is not None:
            _out(out.export_text(), output)
    elif kind is Format.JSON:
        _out(pages.as_json(run, found, check), output)
    elif kind is Format.LATEX:
        _out(pages.as_latex(found), output)
    elif kind is Format.MARKDOWN:
        _out(pages.as_markdown(run, found), output)
    else:
        _out(pages.as_npz(found) if output is not None else b"", output)


@app.command(short_help="Paths, forward accumulation, backpropagation, costs.")
def graph(
    model: ModelArgument = None,
    of: Annotated[str | None, typer.Option(help="The end of the paths; default: the last node.")] = None,
    wrt: Annotated[str | None, typer.Option(help="The start of the paths; default: the first leaf.")] = None,
    most: Annotated[int, typer.Option(min=0, help="List at most this many paths.")] = 20,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the values that are not given.")] = 0,
    json: Json = False,
) -> None:
    """Show the graph, all paths with their products, forward accumulation, backpropagation, and each order's cost."""
    from jacobians import pages

    network = _model(model)
    start = wrt or next(iter(network.differentiable()))
    end = of or network.output
    if json:
        _out(pages.graph_json(network, end, start, most, seed), None)
    else:
        pages.print_graph(network, end, start, most, seed)


@app.command(short_help="The Jacobians as NumPy code to paste.")
def plan(
    model: ModelArgument = None,
    of: Annotated[list[str] | None, typer.Option(help="Of which node (repeatable); default: the last one.")] = None,
    wrt: Annotated[
        list[str] | None, typer.Option(help="By which node or leaf (repeatable); default: all parameters.")
    ] = None,
    order: Annotated[OrderOption, typer.Option(help="Order of multiplication.")] = OrderOption.BEST,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write to this file.")] = None,
    json: Json = False,
) -> None:
    """Show the plan of some Jacobians: one straight-line function of NumPy that can be pasted, and what it costs."""
    import json as encoder

    network = _model(model)
    made = network.plan(of or [network.output], wrt or None, order=order.value)
    cost = made.cost
    if json:
        facts = {"pairs": made.pairs, **cost._asdict(), "source": made.source()}
        _out(encoder.dumps(facts, indent=2, ensure_ascii=False), output)
    else:
        head = f"# {cost.multiplications:,} multiplications of entries in products; results of {cost.bytes:,} bytes"
        _out(f"{head}\n{made.source()}", output)


@app.command(short_help="Backpropagation through time: the sum over steps, norms.")
def through_time(
    model: Annotated[
        Path | None, typer.Argument(help="A file of equations, or a built-in network; left out: rnn, 2-3-2, 3 steps.")
    ] = None,
    of: Annotated[str | None, typer.Option(help="Of which node; default: the last.")] = None,
    wrt: Annotated[str | None, typer.Option(help="By which leaf; default: a matrix that several steps share.")] = None,
    truncate: Annotated[int | None, typer.Option(min=1, help="Go back to this many steps from each loss.")] = None,
    state: Annotated[str | None, typer.Option(help="The state whose norms to show, as h for h0, h1, h2.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the values that are not given.")] = 0,
    digits: Annotated[int, typer.Option(min=1, max=17, help="Significant digits of the numbers.")] = 4,
    plot: Annotated[Path | None, typer.Option(help="Draw the norms into this file, as norms.png.")] = None,
    json: Json = False,
) -> None:
    """Show the Jacobian by a shared leaf as the sum over time steps, and how the last state depends on each before."""
    from jacobians import time_pages as pages
    from jacobians.files import write_file
    from jacobians.show import source_of_point

    network = BUILT_IN["rnn"]() if model is None else _model(model)
    end = of or network.output
    run = network.run(network.random_point(seed))
    found = run.through_time(end, wrt or pages.shared_leaf(network, end), truncate)
    states = pages.states_of(run, state, found)
    if json:
        _out(pages.as_json(run, found, states), None)
    else:
        from jacobians.pages import console

        pages.print_through_time(console(), run, found, states, digits, source_of_point(network, (), None, seed))
    if plot is not None:
        write_file(plot, pages.picture(states, plot.suffix))
        print(f"written: {plot}", file=sys.stderr)
