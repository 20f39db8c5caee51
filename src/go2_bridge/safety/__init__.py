"""What stands between any command and the robot: watchdogs, stop zone, limits."""
