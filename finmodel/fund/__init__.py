r"""Fund economics: returns on dated flows, benchmarks, tail risk, pacing and plans.

The equations stand in the modules. In short, with contributions ``C``, distributions ``D``, NAV
``V`` and times ``t`` in years:

- :mod:`finmodel.fund.irr`: the rates with ``sum of (D - C) (1 + r)^-t + V (1 + r)^-T = 0``, all of
  them, and whether there is one;
- :mod:`finmodel.fund.metrics`: DPI, RVPI, TVPI, MOIC, loss ratios;
- :mod:`finmodel.fund.timing`: J-curve, breakeven, time to a DPI;
- :mod:`finmodel.fund.pme`: public market equivalents;
- :mod:`finmodel.fund.risk`: quantiles, chance of loss, value at risk, expected shortfall;
- :mod:`finmodel.fund.pacing`, :mod:`finmodel.fund.ladder`, :mod:`finmodel.fund.commitments`: cash
  flows of commitments, of vintages, and how much to commit;
- :mod:`finmodel.fund.life`, :mod:`finmodel.fund.deals`, :mod:`finmodel.fund.portfolio`: one fund's
  plan on every path, from first cheques to the last sale.

Contributions and distributions are both positive. Ratios to nothing are NaN.
"""
