"""The fault table: parts of the running graph die, freeze or lie, and the time until the robot is told to stop."""
