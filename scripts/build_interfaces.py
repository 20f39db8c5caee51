"""Placeholder until the definitions are there."""
