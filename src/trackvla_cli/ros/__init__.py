"""The parts of the command line that speak ROS."""
