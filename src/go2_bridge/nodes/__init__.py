"""ROS nodes of the robot side."""
