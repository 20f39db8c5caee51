"""Bags: written from raw serialized messages, read without ROS, scored, drawn and filmed from the file alone."""
