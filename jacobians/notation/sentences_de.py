"""What the options of a notation mean, in German."""

SENTENCES = {
    ("cases", "if"): "falls",
    ("cases", "otherwise"): "sonst",
    ("layers", "(k)"): "Hochgestellt in runden Klammern steht die Nummer der Schicht: $W^{(1)}$ gehört zur ersten.",
    ("layers", "[k]"): "Hochgestellt in eckigen Klammern steht die Nummer der Schicht: $W^{[1]}$ gehört zur ersten.",
    (
        "layers",
        "_k",
    ): "Tiefgestellt steht die Nummer der Schicht: $W_1$ gehört zur ersten; $(W_1)_{ij}$ ist ein Eintrag davon.",
    ("layers", "k"): "Hochgestellt steht die Nummer der Schicht, keine Potenz: $W^1$ gehört zur ersten.",
    ("bold", "True"): "Vektoren und Matrizen sind fett gedruckt, Zahlen und einzelne Einträge nicht.",
    ("derivative", "D"): "$D_x y$ ist die Ableitung von $y$ nach $x$.",
    ("derivative", "J"): "$J_y(x)$ ist die Ableitung von $y$ nach $x$.",
    ("derivative", "∇"): r"$\nabla_x L$ ist die Ableitung einer Zahl $L$ nach $x$, in der Form von $x$.",
    ("derivative", "d"): "$dx$ ist die Ableitung des Verlusts nach $x$, in der Form von $x$.",
    ("kronecker", "delta"): r"$\delta_{ij}$ ist das Kronecker-Delta: 1 für $i = j$, sonst 0.",
    ("kronecker", "brackets"): "$[i = j]$ ist 1 für $i = j$, sonst 0.",
    ("hadamard", r"\odot"): r"$\odot$ multipliziert Eintrag für Eintrag.",
    ("hadamard", r"\circ"): r"$\circ$ zwischen Feldern multipliziert Eintrag für Eintrag.",
    (
        "sums",
        "Einstein",
    ): "Über einen Index, der in einem Produkt zweimal und nur auf einer Seite vorkommt, wird summiert.",
    ("vectors", "columns"): "Vektoren sind Spalten: $z = W x + b$.",
    ("vectors", "rows"): "Vektoren sind Zeilen: $z = x W + b$; $W$ ist die Transponierte der Matrix für Spalten.",
    ("vec", "column"): "vec reiht die Spalten einer Matrix aneinander.",
    ("vec", "row"): "vec reiht die Zeilen einer Matrix aneinander.",
    (
        "layout",
        "numerator",
    ): "Zählerlayout: Ausgaben zuerst; die Ableitung einer Zahl hat die transponierte Form dessen, "
    "wonach abgeleitet wird",
    ("layout", "denominator"): "Nennerlayout: Eingaben zuerst; die Ableitung einer Zahl hat die Form dessen, wonach "
    "abgeleitet wird",
    (
        "layout",
        "row-gradients",
    ): "Layout ganzer Ableitungen: Ausgaben zuerst, dann die Achsen dessen, wonach abgeleitet "
    "wird; die Ableitung einer Zahl nach einer Spalte ist eine Zeile",
    ("layout", "mixed"): "gemischtes Layout: Ausgaben zuerst; die Ableitung einer Zahl hat die Form dessen, wonach "
    "abgeleitet wird",
}
