"""Captions: what a chart shows, how much, how sure, so what; computed from its table."""
