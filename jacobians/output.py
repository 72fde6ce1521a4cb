"""Where a command's result goes: into a file that was asked for, else to the standard output."""

from __future__ import annotations

import sys
from pathlib import Path

from jacobians.errors import InputError


def put_out(content: str | bytes, path: Path | None, binary: str) -> None:
    """Write to the file, and say so; without one print what is text.

    Raises:
        InputError: bytes without a file, in the words of `binary`; the file cannot be written.
    """
    if path is not None:
        from jacobians.files import write_file

        write_file(path, content.encode() if isinstance(content, str) else content)
        print(f"written: {path}", file=sys.stderr)
    elif isinstance(content, str):
        print(content)
    else:
        raise InputError(binary)
