"""What a programme gives up of its gains goes to private investors, and so does its cover."""

import numpy as np

from finmodel.market import columns as col
from finmodel.market.state import PUBLIC_TO_PRIVATE
from tests.test_programmes import SIZE, P, play, policy_world, vehicles


def test_gains_given_up_go_to_private_investors_and_losses_covered():
    for clause, value in (("profit_give_up", 0.5), ("loss_cover", 0.5), ("buyback_rate_pa", 0.0)):
        world = policy_world(f"{P}.{clause}={value}", f"{P}.term_years=5", size=SIZE)
        plain = policy_world(f"{P}.term_years=5", size=SIZE)
        totals = np.zeros((2, col.N_FUND_COLUMNS))
        for (pool, books), (other, without) in zip(
            play(world, paths=8), play(plain, paths=8), strict=True
        ):
            given = pool.public[vehicles(world, pool), PUBLIC_TO_PRIVATE].sum()
            assert given > 0, clause
            assert other.public[:, PUBLIC_TO_PRIVATE].sum() == 0
            flows = [item.fund_flow.sum(axis=(0, 1, 2)) for item in (books, without)]
            if clause == "buyback_rate_pa":
                assert flows[0][col.PUBLIC_BACK_M] <= flows[0][col.PUBLIC_CALLED_M] * (1 + 1e-9)
            totals += np.array(flows)
        # A yuan called: what is given up also draws more private, and so public, money.
        with_clause, plainly = totals[:, col.PUBLIC_BACK_M] / totals[:, col.PUBLIC_CALLED_M]
        assert with_clause < plainly, clause
