r"""Which unknown matters for which conclusion: functions over arrays, without a market.

A study plays units, each at a point of the unit cube (one uniform level an unknown), on the same
paths. An outcome of unit u is the mean over paths of ``x_up``, so it is known up to luck; the
same path has the same luck in every unit. Quadratic forms of such means, as all variances are,
are off by what luck adds, and that can be taken off exactly:

    E[a b] - cov_p(a, b) / P   is unbiased for the product of the expectations of means a and b,

since products of different paths alone are left. Screening (`screening`), shares of variance
(`indices`), one-at-a-time swings (`tornado`), scenario discovery (`peeling`, `tree`) and the
value of information (`information`) all state what of a figure is luck.

Unknowns that are correlated or drawn as one are one factor: variance is split between
independent groups only.
"""
