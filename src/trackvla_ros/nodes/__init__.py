"""ROS nodes of the policies."""
