"""Are these notes right? Two notes on backpropagation, as they were written, checked line by line.

The English note defines its network itself: z = W a + b for every layer, any activation g, any loss l. Three of its
lines are wrong, each twice, since the card at the end repeats the text. The German note is right throughout; its graph
of numbers s -> x, y, z -> f -> g, h -> L stands in a picture, so a side file, backpropagation_de.model.md, says it in
words.
"""

from pathlib import Path

import jacobians as jac

NOTES = Path(__file__).parent / "notes"

for name in ("backpropagation_en.md", "backpropagation_de.md"):
    report = jac.check_document(NOTES / name)
    print(f"{name}: " + ", ".join(f"{count} {status}" for status, count in report.counts.items()))
    print("  taken as definitions:")
    for found in report.definitions:
        print(f"    {found}")
    for line in report.lines:
        link = line.link
        if link.status not in ("true", "declaration"):
            print(f"  {line.place[0]}:{line.place[1]}: {link.status}: {link.reason}")
            if link.explanation is not None:
                print(f"    {link.explanation.sentence}")
                print(f"    {link.explanation.corrected}")
    print()
