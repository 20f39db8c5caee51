"""The robot side alone: the controller follows trajectories made from the truth, over a link of known delay."""
