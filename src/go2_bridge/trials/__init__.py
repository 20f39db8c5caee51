"""Scripted motions of a robot that is watched: characterisation and staged acceptance. No ROS: see nodes/trial_node."""
