"""What the options of a notation mean, in English."""

SENTENCES = {
    ("cases", "if"): "if",
    ("cases", "otherwise"): "otherwise",
    ("layers", "(k)"): "A superscript in brackets is the number of a layer: $W^{(1)}$ belongs to the first.",
    ("layers", "[k]"): "A superscript in square brackets is the number of a layer: $W^{[1]}$ belongs to the first.",
    (
        "layers",
        "_k",
    ): "A subscript is the number of a layer: $W_1$ belongs to the first; $(W_1)_{ij}$ is an entry of it.",
    ("layers", "k"): "A superscript is the number of a layer and no power: $W^1$ belongs to the first.",
    ("bold", "True"): "Vectors and matrices are bold; numbers and single entries are not.",
    ("derivative", "D"): "$D_x y$ is the derivative of $y$ by $x$.",
    ("derivative", "J"): "$J_y(x)$ is the derivative of $y$ by $x$.",
    ("derivative", "∇"): r"$\nabla_x L$ is the derivative of a number $L$ by $x$, in the shape of $x$.",
    ("derivative", "d"): "$dx$ is the derivative of the loss by $x$, in the shape of $x$.",
    ("kronecker", "delta"): r"$\delta_{ij}$ is the Kronecker delta: 1 where $i = j$, else 0.",
    ("kronecker", "brackets"): "$[i = j]$ is 1 where $i = j$, else 0.",
    ("hadamard", r"\odot"): r"$\odot$ multiplies entry by entry.",
    ("hadamard", r"\circ"): r"$\circ$ between arrays multiplies entry by entry.",
    ("sums", "Einstein"): "Over an index that occurs twice in a product and on one side only, a sum is taken.",
    ("vectors", "columns"): "Vectors are columns: $z = W x + b$.",
    ("vectors", "rows"): "Vectors are rows: $z = x W + b$; $W$ is the transpose of that for columns.",
    ("vec", "column"): "vec stacks the columns of a matrix.",
    ("vec", "row"): "vec stacks the rows of a matrix.",
    ("layout", "numerator"): "numerator layout: outputs first; the derivative of a number has the transposed shape of "
    "what it is taken by",
    ("layout", "denominator"): "denominator layout: inputs first; the derivative of a number has the shape of what it "
    "is taken by",
    (
        "layout",
        "row-gradients",
    ): "layout of whole Jacobians: outputs first, then the axes of what the derivative is taken "
    "by; the derivative of a number by a column is a row",
    ("layout", "mixed"): "mixed layout: outputs first; the derivative of a number has the shape of what it is taken by",
}
