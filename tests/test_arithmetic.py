"""What multiplies arrays: counted against arrays that count their own products, and the limit of dense arrays."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from jacobians import delta_einsum, settings
from jacobians.arithmetic import counted
from jacobians.errors import DenseLimitError
from tests.counting import counting, products_of
from tests.strategies import LAWS, chains

x3 = np.array([1.0, 2.0, 4.0])


@LAWS
@given(chains(2))
def test_counted_is_what_the_arrays_themselves_count(chain):
    product = chain[0] @ chain[1]
    with counted() as tally, products_of() as own:
        counting(product).merge()
    assert tally.multiplications == own.count
    with counted(dry=True) as dry:
        product.merge()
    assert dry.multiplications == own.count


@LAWS
@given(chains(2))
def test_a_dry_run_computes_nothing_and_keeps_the_structure(chain):
    product = chain[0] @ chain[1]
    wet = product.merge()
    with counted(dry=True), products_of() as own:
        dry = counting(product).merge()
    assert own.count == 0
    assert (dry.shape, dry.pattern) == (wet.shape, wet.pattern)
    assert [[f.value.shape for f in t.factors] for t in dry.terms] == [
        [f.value.shape for f in t.factors] for t in wet.terms
    ]


def test_counts_by_hand():
    W, V = np.ones((2, 3)), np.ones((3, 5))
    J = delta_einsum("o i -> o | i", W) @ delta_einsum("o i -> o | i", V)
    with counted() as tally:
        J.merge()
    assert tally.multiplications == 2 * 3 * 5
    with counted() as tally:
        (delta_einsum("i -> i | i", x3) @ delta_einsum("i -> i | i", x3)).merge()
    assert tally.multiplications == 3
    with counted() as tally:
        (delta_einsum("o i -> o | i", W) @ delta_einsum("i -> o | o i", V[0], o=3)).merge()
    assert tally.multiplications == 0, "an outer product stays apart"


@pytest.mark.parametrize("n", [1, 3])
def test_bare_deltas_add_their_coefficients(n):
    delta = delta_einsum("-> i | i", i=n)
    assert (delta + 2 * delta).merge() == 3 * delta


def test_counting_ends_with_its_block():
    with counted() as outer:
        with counted() as inner:
            (delta_einsum("i -> i | i", x3) @ delta_einsum("i -> i | i", x3)).merge()
        assert (outer.multiplications, inner.multiplications) == (0, 3)


# ----- the limit of dense arrays -----

BIG = delta_einsum("i -> o | o i", x3, o=1000)
MESSAGE = (
    r"^dense: the array of shape \(1000\) \| \(1000, 3\) needs 24,000,000 bytes, the limit is 23,999,999; "
    r"at most 3,000 of its 3,000,000 entries differ from zero\. "
    r"Ways out: J\.apply\(v\) and J\.pull\(u\) for products, J\[i, k, l\] for entries, J\.terms for the factors; "
    r"or dense\(limit=\.\.\.\), jacobians\.settings\.dense_limit = \.\.\.$"
)


def test_dense_limit_argument():
    with pytest.raises(DenseLimitError, match=MESSAGE):
        BIG.dense(limit=23_999_999)
    assert BIG.dense(limit=24_000_000).shape == (1000, 1000, 3)


def test_dense_limit_setting(monkeypatch):
    monkeypatch.setattr(settings, "dense_limit", 23_999_999)
    for refused in (BIG.dense, BIG.matrix, lambda: np.asarray(BIG), lambda: np.asarray(BIG, np.float32)):
        with pytest.raises(DenseLimitError, match=MESSAGE):
            refused()
    np.testing.assert_array_equal(BIG[0].dense()[0], x3)
    np.testing.assert_array_equal(BIG.apply(np.ones((1000, 3))), np.full(1000, 7.0))
    assert BIG.dense(limit=2**25).size == 3_000_000


def test_default_limit_is_one_gibibyte():
    assert settings.dense_limit == 2**30
    with pytest.raises(DenseLimitError, match=r"shape \(\) \| \(200000, 1000\) needs 1,600,000,000 .* 200,000,000"):
        delta_einsum("-> | a b", a=200_000, b=1000).dense()


def test_an_entry_of_a_slice_that_is_too_large_is_still_there(monkeypatch):
    monkeypatch.setattr(settings, "dense_limit", 8)
    assert BIG[7, 7, 2] == 4
    with pytest.raises(DenseLimitError, match=r"shape \(\) \| \(3\) needs 24 bytes, the limit is 8"):
        BIG[7, 7].dense()
