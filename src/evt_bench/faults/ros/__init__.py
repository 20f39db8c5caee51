"""What of the fault table speaks ROS: the sensors that can be made to lie, and the robot's end of the line."""
