"""Training of the shipped small model: a frozen tower's features, then language model and head on them."""
