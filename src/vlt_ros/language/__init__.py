"""Sentence -> vector for the ModaMixer, without torch: a word encoder, a vector from a file, or none."""
