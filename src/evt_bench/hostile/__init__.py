"""`trackvla bench hostile`: mutated messages against the policy server and the robot's client (docs/remote.md)."""
