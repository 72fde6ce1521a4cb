"""The names of the rules and their sentences in English.

`{fact}` is a formula; `[...]` is left out where its facts are not given.
"""

from __future__ import annotations

#: The paths that a title lists, as far as they are given.
_LISTED = "[{path1}]" + "".join(f"[, {{path{k}}}]" for k in range(2, 25))

#: For every rule a name, as it stands beside a line, and a sentence.
RULES: dict[str, tuple[str, str]] = {
    "definition": ("definition[ of {name}]", "Insert the definition[ of {name}]."),
    "chain rule": ("chain rule", "Chain rule[: {of} depends on {by} through {via}]."),
    "sum over paths": (
        "sum over all paths",
        "Every path[ from {by} to {of}] contributes the product of the derivatives along it; the paths are added.",
    ),
    "product rule": ("product rule", "Product rule: each factor is differentiated in turn, the others stay."),
    "quotient rule": (
        "quotient rule",
        "Quotient rule: numerator and denominator are differentiated in turn, over the square of the denominator.",
    ),
    "power rule": ("power rule", "Power rule: the exponent becomes a factor and drops by one."),
    "linearity": ("linearity", "The derivative of a sum is the sum of the derivatives; constant factors stay."),
    "derivative of an affine map": (
        "affine map",
        "[{of} is affine in {by}: ]only its coefficient remains.",
    ),
    "elementwise activation": (
        "elementwise activation",
        "[{name} acts on each component by itself: ]only a component's own input counts, as the Kronecker delta says.",
    ),
    "independent entries": (
        "independent entries",
        "The entries[ of {name}] are independent variables: the derivative of one by another is a Kronecker delta.",
    ),
    "contraction": (
        "Kronecker delta",
        "The Kronecker delta leaves one term of the sum[ over {letter}].",
    ),
    "definition of delta": (
        "error signal",
        "By definition, the derivative[ by {name}] is the error signal.",
    ),
    "local Jacobians": ("local Jacobians", "Insert the Jacobian of every step along the way."),
    "Jacobian of an op": ("Jacobian[ of {name}]", "Insert the Jacobian[ of {name}]."),
    "symmetry": ("symmetry", "The expression is symmetric, so the indices may change places."),
    "simplification": ("simplification", "Collect and simplify."),
    "shared weights": (
        "shared weights",
        "[{name} is used several times: ]the contributions of all uses are added.",
    ),
    "recursion": ("recursion", "The recursion[ for {head}]: from one layer to the layer before it."),
    "start of the recursion": ("start of the recursion", "The recursion starts at the last layer[ with {head}]."),
    "result": ("result", "The result[: the derivative of {of} by {by}]."),
    "probabilities": ("probabilities", "[{name} is a probability distribution: ]its entries sum to 1."),
    "insertion": ("insertion", "Insert what was found before."),
    "no path": ("no influence", "[{of} does not depend on {by}: ]the derivative is zero."),
    "differential": ("differential", "Take the differential: the linear part of a small change."),
    "trace": ("trace", "A number equals its own trace."),
    "cyclic trace": ("cyclic trace", "Under the trace, factors may be moved around in a circle."),
    "identification": (
        "identification",
        "The factor that stands before the differential is the transposed gradient.",
    ),
    "paths": ("sum over all paths", "The paths from {by} to {of}: " + _LISTED + "."),
    "many paths": (
        "too many paths to list",
        "There are {count} paths from {by} to {of}; what they have in common is added up once, layer by layer.",
    ),
    "local Jacobian": ("local Jacobian", "The Jacobian of {of} by {by}, outputs first: {space}."),
    "direct Jacobian": (
        "direct Jacobian",
        "The Jacobian of {of} by {by}, outputs first: {space}. All else in its equation is held fixed.",
    ),
    "direct Jacobians": (
        "local Jacobians",
        "Insert the Jacobian of every step along the way; all else in the equation of the step is held fixed.",
    ),
    "cases": ("by cases", "Only where the indices of the Kronecker delta are equal something is left."),
    "product in components": (
        "in components",
        "A product that sums over several axes at once is no product of matrices: the derivative of {of} by {by} in "
        "components.",
    ),
    "multiplied from the left": ("multiplied out", "Multiply out from the left."),
    "kept forward": (
        "front to back",
        "Front to back: {space} is kept[; as full arrays the step takes {cost} multiplications].",
    ),
    "kept backward": (
        "back to front",
        "Back to front: {space} is kept[; as full arrays the step takes {cost} multiplications].",
    ),
    "accumulated": ("front to back", "Front to back[: the derivative of {of} by {by}]."),
    "adjoint": ("back to front", "Back to front[: the derivative of {of} by {by}]."),
    "squared norm": ("squared norm", "The gradient of half a squared norm is the vector itself."),
    "softmax": (
        "Jacobian of softmax",
        "The Jacobian of the softmax[ {name}] is the diagonal matrix of its values minus their outer product.",
    ),
    "cross-entropy": (
        "cross-entropy of a softmax",
        "Softmax and cross-entropy together: probabilities[ {name}] minus targets.",
    ),
    "entry by entry": (
        "elementwise activation",
        "[{name} acts on each component by itself: ]its derivative multiplies entry by entry.",
    ),
    "constants": ("differential of an affine map", "[{of} is affine: ]constants drop out, coefficients stay."),
    "differential through": (
        "differential[ through {via}]",
        "The differential[ of {of}][, and that of {via} in it].",
    ),
    "inverse": (
        "differential of the inverse",
        "Differentiate A times its inverse, which is constant: a factor of the inverse on either side, and a minus.",
    ),
    "determinant": ("Jacobi's formula", "Jacobi's formula: a determinant changes by itself times a trace."),
    "transposition": ("transposition", "A factor crosses to the other side of an inner product transposed."),
    "in components": (
        "in components",
        "The derivative[ of {of}][ by {by}] has no form with whole matrices, so it is written in components.",
    ),
    "entries": ("entries", "Write all entries out."),
    # between two lines that a reader gives
    "bridge": ("the way from one line to the other", "From {of} to {by}."),
    "definition folded back": ("definition[ of {name}]", "By its definition, this is[ {name}] again."),
    "delta put in": ("Kronecker delta", "A sum with a Kronecker delta[ over {letter}] is its one term."),
    "equal indices": ("Kronecker delta", "Where the Kronecker delta is not zero, its indices are equal."),
    "only one term": ("only one term", "[{of} depends on {by} at one place only: ]one term of the sum is not zero."),
    "distribution": ("distributive law", "Multiply the sum out."),
    "factoring out": ("factoring out", "Take the common factor out."),
    "order": ("order of factors and terms", "Factors and terms may change places."),
    "renaming": ("renaming", "A letter that is summed over may have another name."),
    "sum and factor": ("factor and sum", "What does not depend on the letter may stand before the sum or under it."),
    "components": ("in components", "Write the entries of the arrays out."),
    "whole arrays": ("in whole arrays", "These are the entries of an array."),
    "slope": ("derivative[ of {name}]", "The derivative[ of {name}] is a formula of its value."),
    "softmax as exponentials": ("definition of softmax", "The softmax is the exponential over the sum of all."),
    "transpose of a product": ("transpose of a product", "The transpose of a product: the factors change places."),
    "transpose of a sum": ("transpose of a sum", "A sum is transposed term by term."),
    "diagonal matrix": ("diagonal matrix", "A diagonal matrix times a vector is their elementwise product."),
    "identity matrix": ("identity matrix", "The identity matrix changes nothing."),
    "outer product": ("outer product", "The outer product is a column times a row."),
    "inner product": ("inner product", "The inner product is a row times a column."),
    "squared norm as product": ("squared norm", "The squared norm of a vector is its inner product with itself."),
    "trace of the transpose": ("trace", "A matrix and its transpose have the same trace."),
}
#: What documents say around the derivation.
WORDS: dict[str, str] = {
    "title": "The derivative of {of} by {wrt}",
    "network": "The network:",
    "check": "Check",
    "checked": "Every line is evaluated at random points and compared with the line before it.",
}
