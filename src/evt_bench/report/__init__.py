"""A report of a benchmark run: table, plots, and a film of failed episodes with the reason in words."""
