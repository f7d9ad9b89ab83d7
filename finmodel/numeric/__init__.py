"""Compiled building blocks below the model: the compiler, quantiles, the law of exits."""
