"""finmodel: a venture-finance portfolio and funding-gap modeler."""

__version__ = "0.1.0"
