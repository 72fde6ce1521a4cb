"""Sizes of a graph: found from the equations, or an error that names the equation and the sizes."""

from __future__ import annotations

import numpy as np
import pytest

import jacobians as jac


def shapes(leaves, *nodes):
    return jac.Model(leaves, nodes).shapes


def linear(name="z", **sources):
    return jac.node(name, jac.Linear(), **{"x": "x", "W": "W", "b": "b", **sources})


# ----- open sizes are found -----


def test_open_sizes_come_from_other_leaves():
    found = shapes({"x": 3, "W": (None, None), "b": 5}, linear())
    assert found == {"x": (3,), "W": (5, 3), "b": (5,), "z": (5,)}


def test_open_sizes_come_from_later_equations():
    found = shapes(
        {"x": 3, "W": (None, None), "b": (None,), "V": (2, 7), "c": (None,)},
        linear(),
        jac.node("a", jac.Tanh(), x="z"),
        linear("y", x="a", W="V", b="c"),
    )
    assert found == {"x": (3,), "W": (7, 3), "b": (7,), "V": (2, 7), "c": (2,), "z": (7,), "a": (7,), "y": (2,)}


def test_one_size_goes_through_hundreds_of_open_leaves():
    nodes = [jac.node(f"h{k}", jac.Add(), x=f"b{k}", y="x") for k in range(500)]
    found = shapes({**{f"b{k}": (None,) for k in range(499)}, "x": (None,), "b499": 7}, *nodes)
    assert set(found.values()) == {(7,)}


def test_labels_are_worked_out_once_for_the_same_shapes():
    asked = []

    class Counted(jac.Tanh):
        def signature(self, shapes):
            asked.append(dict(shapes))
            return super().signature(shapes)

    op = Counted()
    nodes = [jac.node(f"h{k}", op, x=f"h{k - 1}") for k in range(1, 6)]
    assert shapes({"h0": (5, 3)}, *nodes)["h5"] == (5, 3)
    assert asked == [{"x": (5, 3)}]
    assert shapes(
        {"h0": (5, None), "W": (7, 3)},
        *nodes,
        jac.node("y", jac.Matmul(), A="W", B="x"),
        jac.node("x", jac.Transpose(), A="h5"),
    )["y"] == (7, 5)
    assert asked == [{"x": (5, 3)}, {"x": (5, None)}]


def test_nodes_may_come_in_any_order():
    model = jac.Model(
        {"x": 3, "W": (5, None), "b": (None,)},
        [jac.node("L", jac.SquaredNorm(), x="a"), jac.node("a", jac.Tanh(), x="z"), linear()],
    )
    assert list(model.nodes) == ["z", "a", "L"]
    assert model.shapes["W"] == (5, 3)
    assert model.output == "L"


def test_an_op_that_computes_its_size_from_known_ones():
    found = shapes(
        {"x": (2, 3), "W": (5, None)}, jac.node("f", jac.Flatten(), x="x"), jac.node("z", jac.LinearMap(), x="f", W="W")
    )
    assert (found["f"], found["W"]) == ((6,), (5, 6))


def test_batch_axes_and_scalars():
    assert shapes({"x": (7, 2, 3), "W": (5, None), "b": (None,)}, linear())["z"] == (7, 2, 5)
    assert shapes({"s": ()}, jac.node("y", jac.Exp(), x="s"))["y"] == ()


# ----- sizes that contradict -----


def test_contradiction_names_the_equation_and_both_sizes():
    message = (
        r"^in z = linear\(x, W, b\): Linear expects W as \(o i\) = \(5, 3\), got \(5, 4\); the sizes of x, b fix this$"
    )
    with pytest.raises(jac.ShapeError, match=message):
        shapes({"x": 3, "W": (5, 4), "b": 5}, linear())


def test_contradiction_of_a_later_use():
    message = r"^in y = linear_map\(z, V\): LinearMap expects V as \(o i\) = \(\?, 5\), got \(\?, 7\)"
    with pytest.raises(jac.ShapeError, match=message):
        shapes({"x": 3, "W": (5, 3), "b": 5, "V": (None, 7)}, linear(), jac.node("y", jac.LinearMap(), x="z", W="V"))


def test_contradiction_of_ranks():
    with pytest.raises(jac.ShapeError, match=r"Linear expects W as \(o i\) = .*got \(5, 3, 2\); the sizes of x, b fix"):
        shapes({"x": 3, "W": (5, 3, 2), "b": 5}, linear())
    with pytest.raises(jac.ShapeError, match=r"^in z = linear\(x, W, b\): Linear.x: expected \(\.\.\. i\).*got \(\)"):
        shapes({"x": (), "W": (5, 3), "b": 5}, linear())


def test_contradiction_of_a_shared_weight():
    message = r"^in y = linear_map\(z, W\): LinearMap expects W as \(o i\) = \(\?, 5\), got \(5, 3\)|expects W as"
    with pytest.raises(jac.ShapeError, match=message):
        shapes(
            {"x": 3, "W": (5, 3)},
            jac.node("z", jac.LinearMap(), x="x", W="W"),
            jac.node("y", jac.LinearMap(), x="z", W="W"),
        )


def test_contradiction_of_a_size_that_is_known_late():
    """f has 2 * 3 = 6 entries, which shows only after W, which takes 7, was read."""
    message = r"^in f = flatten\(x\): Flatten gives \(o\) = \(6\), but other equations take f as \(7\)$"
    with pytest.raises(jac.ShapeError, match=message):
        shapes(
            {"x": (2, None), "v": 3, "W": (5, 7)},
            jac.node("f", jac.Flatten(), x="x"),
            jac.node("z", jac.LinearMap(), x="f", W="W"),
            jac.node("y", jac.LinearMap(), x="v", W="x"),
        )


# ----- sizes that stay open -----


def test_open_sizes_ask_for_a_declaration():
    message = r"^W: expected a shape that the equations fix, got \(\?, 3\); declare it, as in `W : 2 x 3`$"
    with pytest.raises(jac.ShapeError, match=message):
        shapes({"x": 3, "W": (None, None), "b": (None,)}, linear())


# ----- graphs that are none -----


def test_a_cycle():
    message = r"^in (a|b) = tanh\((a|b)\): (a|b) depends on itself through (a|b); break the cycle$"
    with pytest.raises(jac.ModelError, match=message):
        shapes({"x": 3}, jac.node("a", jac.Tanh(), x="b"), jac.node("b", jac.Tanh(), x="a"))
    with pytest.raises(jac.ModelError, match="a depends on itself through a"):
        shapes({"x": 3}, jac.node("a", jac.Add(), x="a", y="x"))


def test_a_diamond_is_no_cycle():
    model = jac.Model(
        {"x": 3},
        [
            jac.node("d", jac.Add(), x="b", y="c"),
            jac.node("c", jac.Add(), x="b", y="a"),
            jac.node("b", jac.Add(), x="a", y="a"),
            jac.node("a", jac.Tanh(), x="x"),
        ],
    )
    assert list(model.nodes) == ["a", "b", "c", "d"]


def test_names_that_nobody_defines():
    with pytest.raises(jac.ModelError, match=r"^q is used but neither declared nor defined; known are x, W$"):
        shapes({"x": 3, "W": (2, 3)}, linear(b="q"))
    with pytest.raises(jac.ModelError, match=r"^q is used but neither declared nor defined; known are none$"):
        shapes({}, jac.node("a", jac.Tanh(), x="q"))


def test_names_used_twice():
    twice = "^a is defined twice; every name may stand on the left of one equation only$"
    with pytest.raises(jac.ModelError, match=twice):
        shapes({"x": 3}, jac.node("a", jac.Tanh(), x="x"), jac.node("a", jac.Exp(), x="x"))
    with pytest.raises(jac.ModelError, match=twice):
        shapes({"a": 3}, jac.node("a", jac.Tanh(), x="a"))


def test_inputs_of_a_node():
    with pytest.raises(jac.InputError, match=r"^node z: Linear needs the input b; expected x, W, b$"):
        shapes({"x": 3, "W": (2, 3)}, jac.node("z", jac.Linear(), x="x", W="W"))
    with pytest.raises(jac.InputError, match=r"^node a, Tanh: unknown input 'y'; known are x$"):
        shapes({"x": 3}, jac.node("a", jac.Tanh(), x="x", y="x"))


# ----- points -----

MODEL = jac.Model({"x": 3, "W": (5, 3), "b": 5}, [linear()])
POINT = {"x": np.arange(3.0), "W": np.ones((5, 3)), "b": np.zeros(5)}


def test_a_point_may_hold_lists_and_integers():
    run = MODEL.run({"x": [0, 1, 2], "W": np.ones((5, 3), int), "b": [0] * 5})
    np.testing.assert_array_equal(run["z"], np.full(5, 3.0))
    assert all(run[name].dtype == np.float64 for name in ("x", "W", "b", "z"))


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"q": 1.0}, jac.InputError, r"^run: unknown leaf 'q'; known are x, W, b$"),
        ({"x": [1, 2]}, jac.ShapeError, r"^run: x: expected \(axis0\) = \(3\), got \(2\)"),
        ({"W": np.ones((3, 5))}, jac.ShapeError, r"^run: W: expected \(axis0 axis1\) = \(5, 3\), got \(3, 5\)"),
        ({"b": 1.0}, jac.ShapeError, r"^run: b: expected \(axis0\) = \(5\), got \(\)"),
        ({"x": [1j, 2, 3]}, jac.InputError, r"^run: x: expected an array of real numbers, got complex numbers \(dtype"),
        ({"x": ["a", "b", "c"]}, jac.InputError, r"^run: x: expected an array of real numbers, got text \(dtype <U1\)"),
        ({"x": [[1], [2, 3]]}, jac.InputError, r"^run: x: expected an array of real numbers, got a ragged sequence"),
        (
            {"x": [None] * 3},
            jac.InputError,
            r"^run: x: expected an array of real numbers, got objects \(dtype",
        ),
    ],
    ids=str,
)
def test_bad_points(change, error, message):
    with pytest.raises(error, match=message):
        MODEL.run({**POINT, **change})


def test_missing_values_are_all_named():
    message = (
        r"^run: no value for W, b; give a point such as model\.random_point\(seed=0\), "
        r"or write the value into the model, as in `W = \[\.\.\.\]`$"
    )
    with pytest.raises(jac.InputError, match=message):
        MODEL.run({"x": POINT["x"]})


def test_an_error_of_an_op_names_the_equation():
    model = jac.Model({"x": 2, "y": 2}, [jac.node("q", jac.Divide(), x="x", y="y")])
    with pytest.raises(jac.InputError, match=r"^in q = divide\(x, y\): Divide\.y: expected"):
        model.run({"x": [1, 2], "y": [0, 1]})


def test_values_of_the_model_are_the_default():
    model = jac.Model({"x": 3}, [jac.node("a", jac.Square(), x="x")], values={"x": [1, 2, 3]})
    np.testing.assert_array_equal(model.run()["a"], [1, 4, 9])
    np.testing.assert_array_equal(model.run({"x": [0, 1, 0]})["a"], [0, 1, 0])


def test_random_points_are_reproducible_and_differ():
    one, again, other = MODEL.random_point(1), MODEL.random_point(1), MODEL.random_point(2)
    for name, shape in MODEL.leaves.items():
        assert one[name].shape == shape
        np.testing.assert_array_equal(one[name], again[name])
        assert not np.array_equal(one[name], other[name])
    assert np.std([MODEL.random_point(k)["W"] for k in range(200)]) == pytest.approx(3**-0.5, rel=0.1)


def test_random_points_keep_away_from_kinks():
    model = jac.Model({"x": (50,)}, [jac.node("a", jac.ReLU(), x="x")])
    for seed in range(20):
        assert model.run(model.random_point(seed)).kink_distance("a") > 1e-3


def test_random_points_suit_the_ops():
    model = jac.Model(
        {"z": (7, 5), "y": (7,), "p": (3,), "q": (3,)},
        [
            jac.node("L", jac.CrossEntropyIndex(), z="z", y="y"),
            jac.node("M", jac.KL(), p="p", q="q"),
        ],
    )
    run = model.run(model.random_point(0))
    assert run["y"].dtype.kind == "i"
    assert run["p"].min() > 0 < run["q"].min()


def test_what_a_model_says_about_itself():
    assert MODEL.parameters() == ("W", "b")
    assert MODEL.equations() == {"z": "linear(x, W, b)"}
    assert repr(MODEL) == "<Model x (3), W (5, 3), b (5); z = linear(x, W, b)>"
    assert repr(MODEL.run(POINT)) == "<Run x (3,), W (5, 3), b (5,), z (5,)>"


@pytest.mark.parametrize("text", [None, 5, b"x : 3", ["x : 3"]])
def test_a_model_is_parsed_from_text(text):
    with pytest.raises(jac.InputError, match=r"^Model.parse: expected the text of a model, got \w+; for a file use"):
        jac.Model.parse(text)


def test_a_file_with_a_byte_order_mark(tmp_path):
    (tmp_path / "model.txt").write_bytes(b"\xef\xbb\xbfx : 3\r\nz = tanh(x)\r\n")
    assert jac.Model.read(tmp_path / "model.txt").shapes["z"] == (3,)


@pytest.mark.parametrize("op", ["tanh", jac.Tanh])
def test_a_node_needs_an_op(op):
    with pytest.raises(jac.InputError, match=r"^node z: expected an op such as Tanh\(\), with brackets; got "):
        jac.node("z", op, x="x")
