"""The split of a budget: search, its test on fresh luck, frontiers, robust choices.

Generic over a function that says what a split leads to on every path; nothing here runs a market.
"""
