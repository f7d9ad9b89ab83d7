"""Random streams: published vectors, exact quantiles, independence of what else happens."""

import numpy as np
import pytest
from scipy import stats

from finmodel.market.streams import draw, philox, uniform, uniform52
from finmodel.numeric.quantiles import normal_quantile, poisson_quantile
from finmodel.world.identity import name_key

# Random123 1.14, tests/kat_vectors: philox4x32 with 10 rounds.
KNOWN_ANSWERS = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    (
        (0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF),
        (0xFFFFFFFF, 0xFFFFFFFF),
        (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD),
    ),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@pytest.mark.parametrize(("counter", "key", "expected"), KNOWN_ANSWERS)
def test_philox_gives_the_published_answers(counter, key, expected):
    words = philox(*(np.uint64(x) for x in (*counter, *key)))
    assert tuple(int(word) for word in words) == expected


def test_uniforms_never_reach_their_ends():
    top = np.uint64(0xFFFFFFFF)
    assert 0.0 < uniform(np.uint64(0)) < uniform(top) < 1.0
    assert 0.0 < uniform52(np.uint64(0), np.uint64(0)) < uniform52(top, top) < 1.0


def test_normal_quantile_equals_scipy_everywhere():
    p = np.concatenate(
        [np.logspace(-300, -1, 300), np.linspace(0.01, 0.99, 199), 1 - 10.0 ** -np.arange(2, 16)]
    )
    ours = np.array([normal_quantile(x) for x in p])
    np.testing.assert_allclose(ours, stats.norm.ppf(p), rtol=2e-14, atol=1e-15)


@pytest.mark.parametrize("mean", [1e-6, 0.3, 4.0, 37.0, 180.0, 400.0])
def test_poisson_quantile_equals_scipy(mean):
    p = np.concatenate([np.linspace(0.001, 0.999, 333), [1e-9, 1 - 1e-9]])
    ours = np.array([poisson_quantile(mean, u) for u in p])
    np.testing.assert_array_equal(ours, stats.poisson.ppf(p, mean))


def test_poisson_of_nothing_is_nothing():
    assert poisson_quantile(0.0, 0.999999) == 0


def test_every_part_of_a_key_matters():
    base = {"seed": np.uint64(7), "path": 1, "decision": 4, "quarter": 9}
    key, serial = np.uint64(11), np.uint64(13)
    first = draw(*base.values(), key, serial)
    others = [
        draw(*(base | {name: type(value)(value + 1)}).values(), key, serial)
        for name, value in base.items()
    ]
    others += [
        draw(*base.values(), np.uint64(12), serial),
        draw(*base.values(), key, np.uint64(14)),
    ]
    others.append(draw(np.uint64(7 + 2**32), 1, 4, 9, key, serial))
    assert all(other != first for other in others)
    assert len(set(others)) == len(others)


def test_words_are_uniform_and_uncorrelated_within_four_standard_errors():
    n = 20_000
    words = np.array(
        [draw(np.uint64(3), 0, 4, 5, np.uint64(i), np.uint64(0)) for i in range(n)], dtype=float
    )
    u = (words + 0.5) / 2**32
    assert np.all(np.abs(u.mean(axis=0) - 0.5) < 4 * np.sqrt(1 / 12 / n))
    correlations = np.corrcoef(u.T)[np.triu_indices(4, 1)]
    assert np.all(np.abs(correlations) < 4 / np.sqrt(n))
    neighbours = np.corrcoef(u[:-1, 0], u[1:, 0])[0, 1]
    assert abs(neighbours) < 4 / np.sqrt(n)


def test_name_keys_are_fixed_for_ever():
    assert name_key("SH/biomedicine") == name_key("SH/biomedicine")
    assert name_key("SH/biomedicine") != name_key("JS/biomedicine")
    assert 0 <= name_key("x") < 2**32
