"""The options of an op, its constructor's arguments: which there are, and which are switches."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from jacobians.errors import InputError, unknown


def check_options(cls: type, args: Sequence[Any], options: Mapping[str, Any]) -> None:
    """Refuse an option that a class does not have, and a switch that is neither on nor off.

    Raises:
        InputError: the name of no option, a value for a class without options, a value other than True and False for
            an option declared as bool.
    """
    if not args and not options:
        return
    declared, switches, closed = _declared(cls)
    if closed:
        for name in options:
            if name not in declared:
                raise unknown(cls.__name__, "option", name, declared)
    if not declared and args:
        raise InputError(f"{cls.__name__}: expected no options, got {len(args)}")
    for name, value in (*zip(declared, args, strict=False), *options.items()):
        if name in switches and not isinstance(value, bool | np.bool_):
            raise InputError(f"{cls.__name__}: expected {name}=True or {name}=False, got {value!r}")


@lru_cache(maxsize=1024)
def _declared(cls: type) -> tuple[Sequence[str], Collection[str], bool]:
    """The options of a class, those that are switches, and whether there are no others."""
    parameters = own_signature(cls).parameters
    switches = frozenset(name for name, parameter in parameters.items() if parameter.annotation in (bool, "bool"))
    return tuple(parameters), switches, all(p.kind is not p.VAR_KEYWORD for p in parameters.values())


@lru_cache(maxsize=1024)
def own_signature(cls: type) -> inspect.Signature:
    """What the constructor takes; nothing where the class writes none."""
    if cls.__init__ is object.__init__:  # type: ignore[misc]
        return inspect.Signature()
    _, *parameters = inspect.signature(cls.__init__).parameters.values()  # type: ignore[misc]
    return inspect.Signature(parameters)


class OwnSignature:
    """The `__signature__` of a class that writes a `__new__`: what its constructor takes, read when it is asked for."""

    def __get__(self, instance: object, owner: type) -> inspect.Signature:
        """The signature of the class."""
        return own_signature(owner)
