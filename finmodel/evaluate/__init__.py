"""Evaluate: the model against published figures."""
