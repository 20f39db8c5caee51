"""Training data from the simulator: sentences, single frames with dense labels, episodes with an expert's answers."""
