"""Nodes of the benchmark: simulator and recorder."""
