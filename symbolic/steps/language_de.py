"""Die Namen der Regeln und ihre Sätze auf Deutsch.

`{fact}` ist eine Formel; `[...]` entfällt, wo die Angaben dafür fehlen.
"""

from __future__ import annotations

#: Die Pfade, die eine Überschrift aufzählt, soweit sie angegeben sind.
_LISTED = "[{path1}]" + "".join(f"[, {{path{k}}}]" for k in range(2, 25))

#: Zu jeder Regel ein Name, wie er neben einer Zeile steht, und ein Satz.
RULES: dict[str, tuple[str, str]] = {
    "definition": ("Definition[ von {name}]", "Die Definition[ von {name}] einsetzen."),
    "chain rule": ("Kettenregel", "Kettenregel[: {of} hängt über {via} von {by} ab]."),
    "sum over paths": (
        "Summe über alle Pfade",
        "Jeder Pfad[ von {by} nach {of}] trägt das Produkt der Ableitungen längs des Pfades bei; "
        "die Pfade werden addiert.",
    ),
    "product rule": (
        "Produktregel",
        "Produktregel: Die Faktoren werden der Reihe nach abgeleitet, die übrigen bleiben stehen.",
    ),
    "quotient rule": (
        "Quotientenregel",
        "Quotientenregel: Zähler und Nenner werden der Reihe nach abgeleitet, geteilt durch das Quadrat des Nenners.",
    ),
    "power rule": ("Potenzregel", "Potenzregel: Der Exponent wird zum Faktor und sinkt um eins."),
    "linearity": (
        "Linearität",
        "Die Ableitung einer Summe ist die Summe der Ableitungen; konstante Faktoren bleiben davor stehen.",
    ),
    "derivative of an affine map": (
        "affine Abbildung",
        "[{of} ist affin in {by}: ]Nur der Koeffizient bleibt stehen.",
    ),
    "elementwise activation": (
        "elementweise Aktivierung",
        "[{name} wirkt auf jede Komponente für sich: ]Nur ihre eigene Eingabe zählt, und das sagt das Kronecker-Delta.",
    ),
    "independent entries": (
        "unabhängige Einträge",
        "Die Einträge[ von {name}] sind unabhängige Variablen: "
        "Die Ableitung des einen nach dem anderen ist ein Kronecker-Delta.",
    ),
    "contraction": (
        "Kronecker-Delta",
        "Das Kronecker-Delta lässt von der Summe[ über {letter}] einen Summanden übrig.",
    ),
    "definition of delta": (
        "Fehlersignal",
        "Die Ableitung[ nach {name}] ist nach Definition das Fehlersignal.",
    ),
    "local Jacobians": ("lokale Jacobi-Matrizen", "Die Jacobi-Matrix jedes Schritts auf dem Weg einsetzen."),
    "Jacobian of an op": ("Jacobi-Matrix[ von {name}]", "Die Jacobi-Matrix[ von {name}] einsetzen."),
    "symmetry": ("Symmetrie", "Der Ausdruck ist symmetrisch, also dürfen die Indizes die Plätze tauschen."),
    "simplification": ("Vereinfachung", "Zusammenfassen und vereinfachen."),
    "shared weights": (
        "geteilte Gewichte",
        "[{name} wird mehrmals verwendet: ]Die Beiträge aller Verwendungen werden addiert.",
    ),
    "recursion": ("Rekursion", "Die Rekursion[ für {head}]: von einer Schicht zur Schicht davor."),
    "start of the recursion": ("Anfang der Rekursion", "Die Rekursion beginnt bei der letzten Schicht[ mit {head}]."),
    "result": ("Ergebnis", "Das Ergebnis[: die Ableitung von {of} nach {by}]."),
    "probabilities": (
        "Wahrscheinlichkeiten",
        "[{name} ist eine Wahrscheinlichkeitsverteilung: ]Die Einträge ergeben zusammen 1.",
    ),
    "insertion": ("Einsetzen", "Einsetzen, was vorher gefunden wurde."),
    "no path": ("kein Einfluss", "[{of} hängt nicht von {by} ab: ]Die Ableitung ist null."),
    "differential": ("Differential", "Das Differential bilden: den linearen Teil einer kleinen Änderung."),
    "trace": ("Spur", "Eine Zahl ist gleich ihrer Spur."),
    "cyclic trace": ("zyklische Spur", "Unter der Spur dürfen die Faktoren im Kreis verschoben werden."),
    "identification": (
        "Identifikation",
        "Der Faktor, der vor dem Differential steht, ist der transponierte Gradient.",
    ),
    "paths": ("Summe über alle Pfade", "Pfade von {by} nach {of}: " + _LISTED + "."),
    "many paths": (
        "zu viele Pfade zum Aufzählen",
        "Es gibt {count} Pfade von {by} nach {of}; was sie gemeinsam haben, wird einmal addiert, Schicht für Schicht.",
    ),
    "local Jacobian": ("lokale Ableitung", "Die Ableitung von {of} nach {by}, Ausgaben zuerst: {space}."),
    "direct Jacobian": (
        "direkte Ableitung",
        "Die Ableitung von {of} nach {by}, Ausgaben zuerst: {space}. Alles andere in der Gleichung bleibt fest.",
    ),
    "direct Jacobians": (
        "lokale Ableitungen",
        "Die Ableitung jedes Schritts auf dem Weg einsetzen; alles andere in seiner Gleichung bleibt fest.",
    ),
    "cases": ("nach Fällen", "Nur wo die Indizes des Kronecker-Deltas gleich sind, bleibt etwas stehen."),
    "product in components": (
        "in Komponenten",
        "Ein Produkt, das über mehrere Achsen zugleich summiert, ist kein Matrixprodukt: die Ableitung von {of} nach "
        "{by} in Komponenten.",
    ),
    "multiplied from the left": ("ausmultipliziert", "Von links ausmultiplizieren."),
    "kept forward": (
        "von vorn nach hinten",
        "Von vorn nach hinten: {space} wird behalten[; als ganze Felder kostet der Schritt {cost} Multiplikationen].",
    ),
    "kept backward": (
        "von hinten nach vorn",
        "Von hinten nach vorn: {space} wird behalten[; als ganze Felder kostet der Schritt {cost} Multiplikationen].",
    ),
    "accumulated": ("von vorn nach hinten", "Von vorn nach hinten[: die Ableitung von {of} nach {by}]."),
    "adjoint": ("von hinten nach vorn", "Von hinten nach vorn[: die Ableitung von {of} nach {by}]."),
    "squared norm": ("Quadrat der Norm", "Der Gradient der halben quadrierten Norm ist der Vektor selbst."),
    "softmax": (
        "Jacobi-Matrix von Softmax",
        "Die Jacobi-Matrix des Softmax[ {name}] ist die Diagonalmatrix seiner Werte minus ihr äußeres Produkt.",
    ),
    "cross-entropy": (
        "Kreuzentropie eines Softmax",
        "Softmax und Kreuzentropie zusammen: Wahrscheinlichkeiten[ {name}] minus Zielwerte.",
    ),
    "entry by entry": (
        "elementweise Aktivierung",
        "[{name} wirkt auf jede Komponente für sich: ]Ihre Ableitung multipliziert Eintrag für Eintrag.",
    ),
    "constants": (
        "Differential einer affinen Abbildung",
        "[{of} ist affin: ]Konstanten fallen weg, Koeffizienten bleiben stehen.",
    ),
    "differential through": (
        "Differential[ über {via}]",
        "Das Differential[ von {of}][, und darin das von {via}].",
    ),
    "inverse": (
        "Differential der Inversen",
        "A mal seine Inverse ist konstant; ableiten: auf jeder Seite ein Faktor der Inversen, und ein Minus.",
    ),
    "determinant": (
        "Formel von Jacobi",
        "Formel von Jacobi: Eine Determinante ändert sich um sich selbst mal eine Spur.",
    ),
    "transposition": (
        "Transposition",
        "Ein Faktor wechselt transponiert auf die andere Seite eines inneren Produkts.",
    ),
    "in components": (
        "in Komponenten",
        "Die Ableitung[ von {of}][ nach {by}] hat keine Form mit ganzen Matrizen; sie steht in Komponenten.",
    ),
    "entries": ("Einträge", "Alle Einträge ausschreiben."),
    # zwischen zwei Zeilen, die jemand angibt
    "bridge": ("der Weg von einer Zeile zur anderen", "Von {of} zu {by}."),
    "definition folded back": ("Definition[ von {name}]", "Nach seiner Definition ist das wieder[ {name}]."),
    "delta put in": ("Kronecker-Delta", "Eine Summe mit einem Kronecker-Delta[ über {letter}] ist ihr einer Summand."),
    "equal indices": ("Kronecker-Delta", "Wo das Kronecker-Delta nicht null ist, sind seine Indizes gleich."),
    "only one term": (
        "nur ein Summand",
        "[{of} hängt nur an einer Stelle von {by} ab: ]Nur ein Summand ist nicht null.",
    ),
    "distribution": ("Distributivgesetz", "Die Summe ausmultiplizieren."),
    "factoring out": ("Ausklammern", "Den gemeinsamen Faktor ausklammern."),
    "order": ("Reihenfolge", "Faktoren und Summanden dürfen vertauscht werden."),
    "renaming": ("Umbenennung", "Ein Buchstabe, über den summiert wird, darf anders heißen."),
    "sum and factor": (
        "Faktor und Summe",
        "Was nicht vom Buchstaben abhängt, darf vor oder unter der Summe stehen.",
    ),
    "components": ("in Komponenten", "Die Einträge der Felder hinschreiben."),
    "whole arrays": ("als ganze Felder", "Das sind die Einträge eines Feldes."),
    "slope": ("Ableitung[ von {name}]", "Die Ableitung[ von {name}] ist eine Formel ihres Wertes."),
    "softmax as exponentials": (
        "Definition der Softmax",
        "Die Softmax ist die Exponentialfunktion, geteilt durch die Summe aller.",
    ),
    "transpose of a product": (
        "Transponierte eines Produkts",
        "Die Transponierte eines Produkts: Die Faktoren tauschen die Plätze.",
    ),
    "transpose of a sum": ("Transponierte einer Summe", "Eine Summe wird gliedweise transponiert."),
    "diagonal matrix": (
        "Diagonalmatrix",
        "Eine Diagonalmatrix mal ein Vektor ist ihr elementweises Produkt.",
    ),
    "identity matrix": ("Einheitsmatrix", "Die Einheitsmatrix ändert nichts."),
    "outer product": ("äußeres Produkt", "Das äußere Produkt ist eine Spalte mal eine Zeile."),
    "inner product": ("inneres Produkt", "Das innere Produkt ist eine Zeile mal eine Spalte."),
    "squared norm as product": (
        "quadrierte Norm",
        "Die quadrierte Norm eines Vektors ist sein inneres Produkt mit sich selbst.",
    ),
    "trace of the transpose": ("Spur", "Eine Matrix und ihre Transponierte haben dieselbe Spur."),
}
#: Was Dokumente um die Herleitung herum sagen.
WORDS: dict[str, str] = {
    "title": "Die Ableitung von {of} nach {wrt}",
    "network": "Das Netz:",
    "check": "Probe",
    "checked": "Jede Zeile wird an zufälligen Punkten ausgewertet und mit der Zeile davor verglichen.",
}
