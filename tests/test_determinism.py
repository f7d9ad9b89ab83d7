"""Same scenario and seed, same bits; adding something disturbs nothing else."""

import os
import subprocess
import sys
import threading

import numpy as np
import pytest

from finmodel.errors import Interrupted
from finmodel.market import columns as state
from finmodel.market.births import bear_firms
from finmodel.market.path import new_books, new_pool, run_path
from finmodel.market.run import first_room, simulate
from finmodel.market.state import FIRM_ROW, Now
from tests.conftest import ROOT, small_world

ARRAYS = (
    "panel",
    "sectors",
    "fine",
    "flow",
    "fund_flow",
    "ownership",
    "exits",
    "cell_mean",
    "cell_se",
)


def same(a, b, names=ARRAYS):
    for name in names:
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name), err_msg=name)


@pytest.mark.parametrize("threads", [2, 3, 8])
def test_threads_do_not_change_a_bit(threads):
    world = small_world()
    same(
        simulate(world, paths=7, seed=9, threads=1),
        simulate(world, paths=7, seed=9, threads=threads),
    )


def test_a_path_does_not_depend_on_how_many_there_are():
    world = small_world()
    few, many = (simulate(world, paths=n, seed=9) for n in (3, 8))
    np.testing.assert_array_equal(few.panel, many.panel[:3])
    assert not np.array_equal(many.panel[0], many.panel[1])


def test_room_does_not_change_a_bit():
    world = small_world()
    room = first_room(world)
    results = [
        run_path(world.arrays, np.uint64(4), 2, wide, 1)
        for wide in (room, room._replace(firms=7 * room.firms, holdings=99_999, funds=5_000))
    ]
    for name in ("cells", "flow", "fund_flow", "ledger"):
        np.testing.assert_array_equal(getattr(results[0][3], name), getattr(results[1][3], name))


@pytest.mark.parametrize("field", ["firms", "holdings", "chain", "exits"])
def test_too_little_room_is_noticed_and_mended(monkeypatch, field):
    world = small_world()
    expected = simulate(world, paths=2, seed=9)
    little = first_room(world)._replace(**{field: 2})
    monkeypatch.setattr("finmodel.market.run.first_room", lambda *_, **__: little)
    same(expected, simulate(world, paths=2, seed=9))


def test_details_change_nothing_and_too_little_room_for_them_is_mended(monkeypatch):
    world = small_world()
    plain, detailed = (simulate(world, paths=2, seed=9, detailed=n) for n in (0, 1))
    same(plain, detailed)
    assert len(detailed.details) == 1
    little = first_room(world, is_detailed=True, has_fund_money=True)._replace(events=3, lots=2)
    monkeypatch.setattr("finmodel.market.run.first_room", lambda *_, **__: little)
    again = simulate(world, paths=1, seed=9, detailed=1)
    first, second = detailed.details[0], again.details[0]
    np.testing.assert_array_equal(first.events, second.events)
    for found, expected in zip(second.money, first.money, strict=True):
        np.testing.assert_array_equal(found, expected)


def test_other_seeds_give_other_futures():
    world = small_world()
    assert not np.array_equal(
        simulate(world, paths=1, seed=0).panel, simulate(world, paths=1, seed=2**62).panel
    )


MONEY_COLUMNS = [getattr(state, name) for name in dir(state) if name.endswith("_M")]


def _two_or_three_regions(n):
    names = ["SH", "JS", "ZJ"][:n]
    listed = ",".join(f'"{name}"' for name in names)
    shares = ",".join(f"{name}={1 / n!r}" for name in names)
    away = [f"funds.{kind}.away_weight=0" for kind in FUND_KINDS]
    return small_world(
        f"geography.regions=[{listed}]",
        f"births.region_index={{{shares}}}",
        f"capital.region_index={{{shares}}}",
        f"births.total_pa={1000.0 * n}",
        f"capital.total_mcny_pa={100_000.0 * n}",
        *away,
    )


FUND_KINDS = ("angel_group", "independent_vc", "corporate_vc", "state_owned", "guided_subfund")


def test_adding_a_region_changes_no_other_region_when_money_stays_home():
    two = simulate(_two_or_three_regions(2), paths=3, seed=1)
    three = simulate(_two_or_three_regions(3), paths=3, seed=1)
    # Counts to the unit; money to rounding, for firms stand in another order in memory.
    counts = np.ones(state.N_COLUMNS, bool)
    counts[state.MONEY : state.EVENTS] = False
    counts[[c for c in range(state.EVENTS, state.N_COLUMNS) if c in MONEY_COLUMNS]] = False
    np.testing.assert_array_equal(two.panel[..., counts], three.panel[:, :, :2][..., counts])
    np.testing.assert_allclose(two.panel, three.panel[:, :, :2], rtol=1e-9, atol=1e-9)
    assert two.panel[..., state.DEAL_N].sum() > 0


def test_adding_firms_leaves_the_earlier_ones_as_they_were():
    def born(changes):
        world = small_world(*changes)
        firms, room = np.zeros(5000, FIRM_ROW), first_room(world)
        books, pool = new_books(world.arrays, room), new_pool(world.arrays, room)
        n = bear_firms(world.arrays, firms, 0, pool, books, Now(np.uint64(1), 0, 5, 0))
        return {
            (int(firm["key"]), int(firm["serial"])): (firm["theta"], firm["size"], firm["stage"])
            for firm in firms[:n]
        }

    few, many = born(()), born(("births.total_pa=9000",))
    assert len(many) > len(few) > 0
    assert few.items() <= many.items()


def test_plain_python_equals_the_compiled_kernel_bit_for_bit(tmp_path):
    script = (
        "import sys, numpy as np\n"
        f"sys.path.insert(0, {str(ROOT)!r})\n"
        "from tests.conftest import small_world\n"
        "from finmodel.market.run import simulate\n"
        "world = small_world('run.scale=0.01', 'run.years=3', 'run.warm_up_years=3')\n"
        "run = simulate(world, paths=2, seed=5, threads=1, check_every=1)\n"
        "np.savez(sys.argv[1], panel=run.panel, fine=run.fine, flow=run.flow,\n"
        "         fund_flow=run.fund_flow, ownership=run.ownership, exits=run.exits)\n"
    )
    found = {}
    for mode in ("0", "1"):
        file = tmp_path / f"{mode}.npz"
        environment = {**os.environ, "NUMBA_DISABLE_JIT": mode}
        subprocess.run([sys.executable, "-c", script, str(file)], check=True, env=environment)
        found[mode] = dict(np.load(file))
    for name, array in found["0"].items():
        np.testing.assert_array_equal(array, found["1"][name], err_msg=name)
    assert found["0"]["panel"][..., state.DEAL_N].sum() > 0


def test_a_stopped_run_keeps_whole_paths_and_says_so():
    world, cancel = small_world(), threading.Event()

    def stop_after_two(done, total):
        if done == 2:
            cancel.set()

    part = simulate(world, paths=50, seed=9, progress=stop_after_two, cancel=cancel)
    assert not part.is_complete
    assert part.n_paths == 2
    np.testing.assert_array_equal(part.panel, simulate(world, paths=2, seed=9).panel)


def test_a_run_stopped_at_once_keeps_nothing():
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Interrupted, match="nothing is kept"):
        simulate(small_world(), paths=5, seed=1, cancel=cancel)


def test_progress_counts_every_path():
    seen = []
    simulate(
        small_world(), paths=4, seed=1, progress=lambda done, total: seen.append((done, total))
    )
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]
