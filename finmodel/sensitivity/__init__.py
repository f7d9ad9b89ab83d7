"""Which unknown matters for which conclusion: designs, indices, discovery, value of information.

Pure functions over arrays of numbers and outcomes; nothing here runs a market.
"""
