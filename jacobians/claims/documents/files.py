"""Reading a document's file: whatever is wrong with it is one message that says what to do."""

from __future__ import annotations

import codecs
from pathlib import Path

from jacobians.errors import InputError

#: Notes are thousands of times smaller; this leaves room for notebooks with pictures in them.
LARGEST_FILE = 20_000_000
_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


def read_file(path: Path) -> str:
    """The text of a file in UTF-8, or in what its byte order mark says.

    Raises:
        InputError: no such file, a folder, too large, or no text.
    """
    if path.is_dir():
        raise InputError(f"{path}: expected a document, got a folder; name the files in it, as in {path}/*.md")
    try:
        size = path.stat().st_size
        if size > LARGEST_FILE:
            raise InputError(
                f"{path}: expected at most {LARGEST_FILE // 10**6} MB, got {size / 1e6:.1f} MB; split the document,"
                " or clear the outputs of a notebook"
            )
        content = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"{path}: cannot be read: {error.strerror}; give a .md, .tex, .ipynb or .txt file that exists"
        ) from None
    encoding = next((name for mark, name in _MARKS.items() if content.startswith(mark)), "utf-8")
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        place = _place(content, error.start)
        raise InputError(f"{path}: expected UTF-8, got a byte that is none in {place}; save it as UTF-8") from None


def checked_text(text: str, path: str) -> str:
    r"""Text with its lines ended by `\n`.

    Raises:
        InputError: it holds a NUL, so it is no text.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise InputError(f"{path}: expected text, got a NUL character in line {line}; save it as text in UTF-8")
    return text


def _place(content: bytes, offset: int) -> str:
    line, column = content.count(b"\n", 0, offset) + 1, offset - content.rfind(b"\n", 0, offset)
    return f"line {line}, byte {column} (0x{content[offset]:02x})"
