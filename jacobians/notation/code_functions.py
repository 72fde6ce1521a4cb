"""What the functions of NumPy, SciPy and PyTorch mean in the tree: `np.outer(a, b)` is `a ⊗ b`, `x.sum(0)` a sum."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from jacobians.notation.names import GREEK
from jacobians.notation.tree import Binary, Call, Iverson, List, Name, Negative, Number, Operator, Span, Transpose, Tree

#: Where functions come from; the module itself means nothing.
MODULES = frozenset(
    "np numpy jnp jax xp cp cupy torch F functional nn tf math mx scipy special sp linalg lax scipy_special onp anp K"
    " keras activations".split()
)
#: What binds two arrays.
OPERATORS: dict[str, Operator] = {
    **dict.fromkeys(("dot", "matmul", "mm", "mv", "bmm"), "@"),
    **dict.fromkeys(("multiply", "mul"), "*"),
    **dict.fromkeys(("divide", "true_divide", "div"), "/"),
    **dict.fromkeys(("subtract", "sub"), "-"),
    **dict.fromkeys(("power", "pow"), "^"),
    **dict.fromkeys(("outer", "ger"), "⊗"),
    "add": "+",
}
#: Copies, and changes of the type of number: the same values.
TRANSPARENT = frozenset(
    "array asarray asanyarray ascontiguousarray tensor as_tensor from_numpy contiguous copy deepcopy clone detach numpy"
    " item float double float32 float64 cpu cuda to astype type requires_grad_ type_as".split()
)
#: Their first option is the axis, also without its name.
REDUCTIONS = frozenset(
    "sum mean var std max min prod cumsum argmax argmin softmax log_softmax logsumexp squeeze expand_dims".split()
)
#: Functions whose derivative has a name, `sigmoid_prime`; beside them single letters and Greek ones.
ELEMENTWISE = frozenset(
    "abs exp log sqrt square sin cos tan arctan arcsinh erf tanh sigmoid log_sigmoid softplus softsign hard_tanh relu"
    " leaky_relu elu selu silu mish gelu".split()
)
ALIASES = {
    "absolute": "abs",
    "amax": "max",
    "amin": "min",
    "asinh": "arcsinh",
    "atan": "arctan",
    "cat": "concat",
    "clamp": "clip",
    "concatenate": "concat",
    "det": "determinant",
    "diag_embed": "diag",
    "diagflat": "diag",
    "expit": "sigmoid",
    "eye": "Id",
    "hardtanh": "hard_tanh",
    "identity": "Id",
    "inv": "inverse",
    "lrelu": "leaky_relu",
    "logistic": "sigmoid",
    "logsigmoid": "log_sigmoid",
    "ravel": "flatten",
    "sigm": "sigmoid",
    "swapaxes": "transpose",
    "unsqueeze": "expand_dims",
    "vdot": "inner",
    "view": "reshape",
}
OPTIONS = {"dim": "axis", "keepdim": "keepdims", "negative_slope": "slope", "a_min": "low", "a_max": "high"}
#: Options that say how numbers are stored, not which they are.
STORAGE = frozenset("dtype device requires_grad inplace copy optimize".split())
DERIVATIVE_ENDINGS = ("_prime", "_derivative", "_deriv", "Prime", "_grad", "_gradient")
DERIVATIVE_OPTIONS = ("derivative", "deriv", "derive", "prime", "grad")
_GREEK_FUNCTIONS = frozenset((*GREEK.split(), "act", "activation"))
_LOGARITHMS = {"log2": "2", "log10": "10"}

Options = Mapping[str, Tree]


class UnknownOptionError(ValueError):
    """An option that would change the meaning of a function that is written as a sign."""


def function_tree(name: str, args: Sequence[Tree], options: Options, span: Span) -> Tree:
    """The tree of a call; `args` of a method begin with what stands before its dot.

    Raises:
        UnknownOptionError: an option, or a number of arguments, that has no meaning here.
    """
    name = name.removeprefix("reduce_")
    name = ALIASES.get(name, name)
    options = {OPTIONS.get(key, key): value for key, value in options.items() if key not in STORAGE}
    if name in TRANSPARENT and args and not options:
        return args[0]
    if name in OPERATORS and len(args) == 2:
        _require_none(name, options)
        return Binary(OPERATORS[name], args[0], args[1], span=span)
    if (build := BUILDERS.get(name)) and args:
        return build(args, options, span)
    if name in REDUCTIONS:
        return _reduction(name, args, options, span)
    if derived := _derivative(name, args, options, span):
        return derived
    return Call(name, tuple(args), keywords=tuple(options.items()), span=span)


def is_function(name: str) -> bool:
    """Whether the name is that of a function of the libraries, whatever stands before it."""
    known = (OPERATORS, BUILDERS, REDUCTIONS, TRANSPARENT, ELEMENTWISE, ALIASES, OTHERS)
    return any(name.removeprefix("reduce_") in names for names in known)


#: The rest of the functions that are methods of arrays, too.
OTHERS = frozenset("trace inverse inner norm diagonal einsum clip flatten maximum minimum kron".split())


def _require_none(name: str, options: Options) -> None:
    if options:
        raise UnknownOptionError(f"option {next(iter(options))} of {name}")


def _transposed(args: Sequence[Tree], options: Options, span: Span) -> Tree:
    """Without axes, or with those of a matrix; two axes of more than two are exchanged."""
    axes = _flat([*args[1:], *options.values()])
    numbers = [_whole(axis) for axis in axes]
    if numbers in ([], [1, 0], [-1, -2]) or (numbers in ([0, 1], [-2, -1]) and len(args) == 3):
        return Transpose(args[0], span=span)
    if len(args) == 3:
        return Call("swapaxes", tuple(args), span=span)
    return _permuted(args, options, span)


def _permuted(args: Sequence[Tree], options: Options, span: Span) -> Tree:
    axes = _flat([*args[1:], *options.values()])
    if [_whole(axis) for axis in axes] == [1, 0]:
        return Transpose(args[0], span=span)
    return Call("permute", (args[0],), keywords=(("axes", List(tuple(axes))),), span=span)


def _reshaped(args: Sequence[Tree], options: Options, span: Span) -> Tree:
    given = dict(options)
    given.pop("newshape", None)
    sizes = [*args[1:], *(options[key] for key in ("newshape",) if key in options)]
    shape = sizes[0] if len(sizes) == 1 and not isinstance(sizes[0], Number | Negative) else List(tuple(_flat(sizes)))
    return Call("reshape", (args[0],), keywords=(("shape", shape), *given.items()), span=span)


def _reduction(name: str, args: Sequence[Tree], options: Options, span: Span) -> Tree:
    """The axis and keepdims by name; two arrays of `max` are compared entry by entry."""
    if name in ("max", "min") and len(args) == 2 and not (_is_number(args[1]) or isinstance(args[1], List)):
        return Call(f"{name}imum", tuple(args), keywords=tuple(options.items()), span=span)
    named = dict(zip(("axis", "keepdims"), args[1:3], strict=False))
    if len(args) > 3 or named.keys() & options.keys() or not _is_flag(named.get("keepdims")):
        raise UnknownOptionError(f"argument {len(args)} of {name}")
    given = {**named, **options}
    ordered = [key for key in ("axis", "keepdims") if key in given]
    kept = [key for key in ordered if not _is_default(key, given[key])]
    rest = [key for key in given if key not in ordered]
    return Call(name, tuple(args[:1]), keywords=tuple((key, given[key]) for key in (*kept, *rest)), span=span)


def _is_flag(tree: Tree | None) -> bool:
    return tree is None or (isinstance(tree, Name) and tree.text in ("True", "False"))


def _is_default(key: str, value: Tree) -> bool:
    return value == Name("None" if key == "axis" else "False")


def _derivative(name: str, args: Sequence[Tree], options: Options, span: Span) -> Tree | None:
    """`sigmoid_prime(z)`, `sigmoid(z, derivative=True)`: the derivative of a function of one variable."""
    flag = next((key for key in DERIVATIVE_OPTIONS if key in options and _is_flag(options[key])), None)
    if flag:
        rest = tuple((key, value) for key, value in options.items() if key != flag)
        return Call(name, tuple(args), int(options[flag] == Name("True")), rest, span=span)
    ending = next((ending for ending in DERIVATIVE_ENDINGS if name.endswith(ending)), "")
    function = ALIASES.get(base := name.removesuffix(ending), base)
    if not ending or options or len(args) != 1 or not _has_derivative(function, "grad" in ending):
        return None
    return Call(function, tuple(args), 1, span=span)


def _has_derivative(name: str, gradient: bool) -> bool:
    """`J_grad` may be that of a function of many variables."""
    return name in ELEMENTWISE or (not gradient and (len(name) == 1 or name in _GREEK_FUNCTIONS))


def _filled(name: str) -> Callable[[Sequence[Tree], Options, Span], Tree]:
    """`np.ones((2, 3))`: the sizes one by one."""

    def build(args: Sequence[Tree], options: Options, span: Span) -> Tree:
        _require_none(name, options)
        return Call(name, tuple(_flat(args)), span=span)

    return build


def _operator(op: Operator, name: str, number: str, number_first: bool = False) -> Callable[..., Tree]:
    """`np.square(x)` is `x^2`, `np.reciprocal(x)` is `1/x`."""

    def build(args: Sequence[Tree], options: Options, span: Span) -> Tree:
        _require_none(name, options)
        left, right = (Number(number), args[0]) if number_first else (args[0], Number(number))
        return Binary(op, left, right, span=span)

    return build


def _logarithm(name: str) -> Callable[[Sequence[Tree], Options, Span], Tree]:
    def build(args: Sequence[Tree], options: Options, span: Span) -> Tree:
        _require_none(name, options)
        return Binary("/", Call("log", tuple(args), span=span), Call("log", (Number(_LOGARITHMS[name]),)), span=span)

    return build


def _where(args: Sequence[Tree], options: Options, span: Span) -> Tree:
    """Its condition is a comparison, not a number."""
    condition = args[0].condition if isinstance(args[0], Iverson) else args[0]
    return Call("where", (condition, *args[1:]), keywords=tuple(options.items()), span=span)


def _einsum(args: Sequence[Tree], options: Options, span: Span) -> Tree:
    if len(args) == 1 or not isinstance(args[0], Name) or not set(",->") & set(args[0].text):
        raise UnknownOptionError("einsum without an equation such as 'ij,jk->ik'")
    equation = Name("".join(args[0].text.split()), span=args[0].span)
    return Call("einsum", tuple(args[1:]), keywords=(("equation", equation), *options.items()), span=span)


def _joined(name: str) -> Callable[[Sequence[Tree], Options, Span], Tree]:
    """`np.concatenate([a, b], axis=0)`: the arrays one by one."""

    def build(args: Sequence[Tree], options: Options, span: Span) -> Tree:
        arrays = args[0].items if isinstance(args[0], List) else args[:1]
        axis = {"axis": args[1]} if len(args) == 2 else {}
        return Call(name, tuple(arrays), keywords=tuple({**axis, **options}.items()), span=span)

    return build


BUILDERS: dict[str, Callable[[Sequence[Tree], Options, Span], Tree]] = {
    "transpose": _transposed,
    "t": _transposed,
    "permute": _permuted,
    "reshape": _reshaped,
    "ones": _filled("ones"),
    "zeros": _filled("zeros"),
    "ones_like": _filled("ones_like"),
    "zeros_like": _filled("zeros_like"),
    "square": _operator("^", "square", "2"),
    "reciprocal": _operator("/", "reciprocal", "1", number_first=True),
    "log1p": lambda args, options, span: Call("log", (Binary("+", Number("1"), args[0]),), span=span),
    "expm1": lambda args, options, span: Binary("-", Call("exp", tuple(args), span=span), Number("1"), span=span),
    "negative": lambda args, options, span: Negative(args[0], span=span),
    "log2": _logarithm("log2"),
    "log10": _logarithm("log10"),
    "where": _where,
    "einsum": _einsum,
    "concat": _joined("concat"),
    "stack": _joined("stack"),
}


def _flat(trees: Sequence[Tree]) -> list[Tree]:
    return [item for tree in trees for item in (tree.items if isinstance(tree, List) else (tree,))]


def _is_number(tree: Tree) -> bool:
    return isinstance(tree.operand if isinstance(tree, Negative) else tree, Number)


def _whole(tree: Tree) -> int:
    """A small whole number; anything else is none of the axes of a matrix."""
    sign, number = (-1, tree.operand) if isinstance(tree, Negative) else (1, tree)
    return sign * int(number.text) if isinstance(number, Number) and number.text.isdigit() else 99
