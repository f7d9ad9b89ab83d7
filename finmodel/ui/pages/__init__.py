"""One module a page; each draws what pure functions return and computes nothing."""
