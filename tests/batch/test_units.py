"""Units of studies: computed once, kept, found again, the same bits on any engine."""

import threading

import numpy as np
import pytest

from finmodel.errors import Interrupted
from finmodel.market.run import simulate
from finmodel.measure.gap import gap_table
from finmodel.measure.headlines import HEADLINES, column, headlines_by_path, ratio_parts
from finmodel.measure.monte_carlo import ratio_se
from finmodel.scenario import load_scenario
from finmodel.scenario.walk import with_values
from finmodel.store import StoredUnit, UnitStore
from finmodel.study.compare import compare, comparison_tables
from finmodel.study.engines import ThreadEngine
from finmodel.study.units import Unit, maker_digest, play_unit, run_units, unit_digests
from finmodel.world import build_world
from tests.conftest import ROOT, small


def units(n=4, paths=6):
    base = small("run.scale=0.01")
    meetings = base.market.meetings_pp.centre
    return [
        Unit(with_values(base, {"market.meetings_pp": meetings + 0.5 * i}), paths, 7)
        for i in range(n)
    ]


def bits(results):
    return [
        (r.digest, r.by_path.tobytes(), r.cells.tobytes(), r.cells_se.tobytes()) for r in results
    ]


def test_headlines_agree_with_the_tables_of_a_run():
    unit = units(1, 12)[0]
    run = simulate(build_world(unit.scenario), paths=12, seed=7)
    by_path = headlines_by_path(run)
    assert by_path.shape == (12, len(HEADLINES))
    total = gap_table(run, ()).iloc[0]
    for name in ("viable_ask_n", "viable_ask_mcny", "gap_n", "gap_mcny"):
        assert column(by_path, name).mean() == pytest.approx(total[name], rel=1e-12)
    for side in ("n", "mcny"):
        rate, error = ratio_se(*ratio_parts(by_path, f"gap_rate_{side}"))
        assert float(rate) == pytest.approx(total[f"gap_rate_{side}"], rel=1e-12)
        assert float(error) == pytest.approx(total[f"gap_rate_{side}_se"], rel=1e-9)


def test_public_money_agrees_with_a_comparison():
    base = load_scenario(ROOT / "scenarios/yrd_baseline.toml", ["run.scale=0.02"])
    policy = load_scenario(ROOT / "scenarios/policy_pro_rata.toml", ["run.scale=0.02"])
    found = compare(build_world(base), {"p": build_world(policy)}, paths=6, seed=3)
    public = comparison_tables(found)["public"].set_index("measure")["value"]
    by_path = headlines_by_path(simulate(build_world(policy), paths=6, seed=3))
    for ours, theirs in (
        ("public_outlay_mcny", "outlay_mcny"),
        ("public_returned_mcny", "returned_mcny"),
        ("public_nav_mcny", "nav_mcny"),
        ("public_npv_mcny", "net_present_value_mcny"),
    ):
        assert column(by_path, ours).mean() == pytest.approx(public[theirs], rel=1e-12)
    top, bottom = ratio_parts(by_path, "public_tvpi")
    assert top.mean() / bottom.mean() == pytest.approx(public["tvpi"], rel=1e-12)


def test_results_are_those_of_each_unit_in_the_order_asked(tmp_path):
    asked = units()
    found = run_units(asked, root=tmp_path, engine=ThreadEngine(3))
    for unit, result in zip(asked, found, strict=True):
        run = simulate(build_world(unit.scenario), paths=unit.paths, seed=unit.seed)
        assert result.by_path.tobytes() == headlines_by_path(run).tobytes()
        assert result.is_ok


def test_what_is_done_is_found_and_equal_units_are_computed_once(tmp_path, monkeypatch):
    from finmodel.study import units as module

    asked = [*units(), *units(2)]
    played = []
    one = module.play_unit
    monkeypatch.setattr(module, "play_unit", lambda *a: played.append(1) or one(*a))
    first = run_units(asked, root=tmp_path, engine=ThreadEngine(2))
    assert len(played) == 4
    again = run_units(asked, root=tmp_path)
    assert len(played) == 4
    assert bits(first) == bits(again)


def test_a_torn_or_foreign_file_is_passed_over_and_done_again(tmp_path):
    asked = units(2)
    first = run_units(asked, root=tmp_path)
    paths = sorted(path for path in (tmp_path / ".units").rglob("*") if path.is_file())
    assert len(paths) == 2
    paths[0].write_bytes(paths[0].read_bytes()[:-100])
    paths[1].write_bytes(paths[0].read_bytes())
    store, names = UnitStore(tmp_path), unit_digests(asked)
    assert [store.find(name) for name in names] == [None, None]
    assert bits(run_units(asked, root=tmp_path)) == bits(first)
    assert all(store.find(name) is not None for name in names)


def test_a_broken_unit_is_flagged_and_kept(tmp_path, monkeypatch):
    from finmodel.study import units as module

    bad = Unit(
        with_values(small("run.scale=0.01"), {"funds.independent_vc.ticket_share": 0.9}), 6, 7
    )
    asked = [units(1)[0], bad]
    good, failed = run_units(asked, root=tmp_path)
    assert good.is_ok
    assert failed.status == "failed"
    assert "concentration_share" in failed.error
    assert failed.by_path.shape == (0, len(HEADLINES))
    played = []
    one = module.play_unit
    monkeypatch.setattr(module, "play_unit", lambda *a: played.append(1) or one(*a))
    assert run_units(asked, root=tmp_path)[1].error == failed.error
    assert not played


def test_what_no_scenario_explains_is_flagged_and_not_kept(tmp_path, monkeypatch):
    from finmodel.study import units as module

    monkeypatch.setattr(module, "play_unit", lambda *_: 1 / 0)
    (failed,) = run_units(units(1), root=tmp_path)
    assert failed.error == "ZeroDivisionError: division by zero"
    monkeypatch.undo()
    (done,) = run_units(units(1), root=tmp_path)
    assert done.is_ok


def test_interrupted_it_keeps_what_is_done(tmp_path):
    asked, cancel = units(6), threading.Event()

    def stop(done, _total):
        if done == 2:
            cancel.set()

    with pytest.raises(Interrupted):
        run_units(asked, root=tmp_path, engine=ThreadEngine(1), progress=stop, cancel=cancel)
    store = UnitStore(tmp_path)
    n_kept = sum(store.find(name) is not None for name in unit_digests(asked))
    assert 2 <= n_kept < 6
    assert bits(run_units(asked, root=tmp_path)) == bits(run_units(asked, root=tmp_path / "other"))


class Told:
    def __init__(self):
        self.reasons = []

    def resumed(self, done): ...

    def kept(self, done): ...

    def not_kept(self, reason):
        self.reasons.append(reason)


def test_a_folder_that_takes_nothing_costs_no_result(tmp_path):
    (tmp_path / ".units").write_text("in the way")
    told = Told()
    found = run_units(units(3), root=tmp_path, watch=told)
    assert all(result.is_ok for result in found)
    assert len(told.reasons) == 1


def test_a_worker_with_other_sources_is_refused_and_its_unit_is_tried_again(tmp_path, monkeypatch):
    from finmodel.study import units as module

    done = play_unit((units(1)[0], "another digest"))
    assert done.status == "failed"
    assert "other sources" in done.error
    assert not done.is_final
    right = module.maker_digest()
    monkeypatch.setattr(module, "maker_digest", lambda: "another")
    monkeypatch.setattr(module, "play_unit", lambda *_: play_unit((units(1)[0], right)))
    assert run_units(units(1), root=tmp_path)[0].status == "failed"
    monkeypatch.undo()
    assert run_units(units(1), root=tmp_path)[0].is_ok


def test_what_makes_numbers_is_sources_data_and_libraries(monkeypatch):
    from finmodel.study import units as module

    found = {maker_digest.__wrapped__()}
    for place, name, value in (
        (module, "model_digest", "x"),
        (module.datasets, "checksums", {"a.csv": "x"}),
        (module.store, "made_by", ["another numba"]),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(place, name, lambda value=value: value)
            found.add(maker_digest.__wrapped__())
    assert len(found) == 4


def test_stored_bits_come_back(tmp_path):
    store = UnitStore(tmp_path)
    arrays = {"a": np.array([np.nan, -0.0, 1e-300]), "b": np.zeros((0, 3))}
    store.keep("ab" * 32, StoredUnit("ok", "", arrays))
    found = store.find("ab" * 32)
    assert [found.arrays[k].tobytes() for k in arrays] == [v.tobytes() for v in arrays.values()]
    assert found.arrays["b"].shape == (0, 3)
    store.forget("ab" * 32)
    assert store.find("ab" * 32) is None
