"""The README's table of ops is the one that the list gives; `python -m tests.test_readme` writes it anew."""

from __future__ import annotations

import re
from pathlib import Path

from jacobians.sheet import table

README = Path(__file__).parent.parent / "README.md"
TABLE = re.compile(r"(?<=<!-- ops: begin -->\n)(.*?)(?=<!-- ops: end -->)", re.S)


def test_table_of_ops_is_generated():
    found = TABLE.search(README.read_text(encoding="utf-8"))
    assert found is not None
    assert found[0].strip() == table().strip(), "run `python -m tests.test_readme`"


if __name__ == "__main__":
    text = README.read_text(encoding="utf-8")
    README.write_text(TABLE.sub(lambda _: table() + "\n", text), encoding="utf-8")
