"""A MuJoCo world that closes the loop, the EVT-Bench rules, recording and scoring."""
