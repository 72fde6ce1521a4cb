r"""A notation from text: `ng`, `layers=[k],bold,transpose=T`, `nielsen,names.C=J`, or a file `notation.toml`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from jacobians.errors import InputError, unknown
from jacobians.notation.options import Notation, allowed_values, wrong_value
from jacobians.notation.presets import PRESETS, preset

#: Values as they are typed.
ALIASES: dict[str, dict[str, str]] = {
    "derivative": {"partial": "∂", r"\partial": "∂", "nabla": "∇", r"\nabla": "∇"},
    "hadamard": {"odot": r"\odot", "circ": r"\circ"},
    "transpose": {"top": r"\top", "intercal": r"\intercal", "roman": r"\mathrm{T}"},
    "sums": {"einstein": "Einstein"},
}
#: A comma between two options, none inside of braces.
_COMMA = re.compile(r",(?![^{}]*\})")
_SWITCH = {"yes": True, "true": True, "no": False, "false": False}
EXAMPLE = "give a preset, options such as layers=[k],bold,transpose=T, or a file notation.toml"


def read_notation(source: str | Path) -> Notation:
    """The notation that a line of options or a TOML file describes; a preset named first is the start.

    Raises:
        InputError: no such preset, option or value, or a file that cannot be read.
    """
    text = str(source)
    if isinstance(source, Path) or text.endswith(".toml"):
        return _made(_from_file(Path(source)))
    return _made(_from_line(text))


def _from_line(text: str) -> Iterable[tuple[str, Any]]:
    """Options in one line: `name=value`, a switch by its name, a preset."""
    for part in filter(None, map(str.strip, _COMMA.split(text))):
        option, equals, value = (piece.strip() for piece in part.partition("="))
        if equals or option == "bold":
            yield option, value if equals else True
        else:
            yield "preset", option


def _from_file(path: Path) -> Iterable[tuple[str, Any]]:
    """Options in a TOML file; own names are a table `names`."""
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"notation: {path} cannot be read: {error.strerror}; {EXAMPLE}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"notation: {path} is not TOML: {error}") from None
    for option, value in sorted(found.items(), key=lambda item: item[0] != "preset"):
        if option == "names" and isinstance(value, dict):
            yield from ((f"names.{name}", latex) for name, latex in value.items())
        else:
            yield option, value


def _made(options: Iterable[tuple[str, Any]]) -> Notation:
    """The options one after the other."""
    made = Notation()
    for option, value in options:
        if option == "preset":
            made = _started(made, value)
        elif option.startswith("names."):
            made = replace(made, names={**made.names, option.removeprefix("names."): value})
        else:
            made = replace(made, **{option: _value(option, value)})
    return made


def _started(made: Notation, name: Any) -> Notation:
    """The preset, which stands before the options that change it."""
    options = [option.name for option in fields(Notation)]
    if name in options:
        raise InputError(f"notation.{name}: expected a value, as in {name}={_shown(name)}")
    if not isinstance(name, str) or name not in PRESETS:
        return preset(str(name))
    if made != Notation():
        raise InputError(f"notation: expected the preset {name} before the options that change it, or one preset only")
    return preset(name)


def _value(option: str, value: Any) -> Any:
    """The value of an option, as it is typed or as it is."""
    if option not in allowed_values():
        raise unknown("notation", "option", option, [*allowed_values(), "names.NAME"])
    if option == "bold" and isinstance(value, str):
        if value.lower() not in _SWITCH:
            raise wrong_value(option, value)
        return _SWITCH[value.lower()]
    return ALIASES.get(option, {}).get(value, value) if isinstance(value, str) else value


def _shown(option: str) -> str:
    values = allowed_values().get(option)
    return str(values[-1]) if values else "..."
