"""Tracker benchmarks: readers, one-pass evaluation as the official LaSOT toolkit does it, resumable runs, plots."""
