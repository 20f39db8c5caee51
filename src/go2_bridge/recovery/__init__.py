"""What the robot does once the policy has given its target up; core without ROS."""
