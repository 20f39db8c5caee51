"""The TrackVLA model: vision tower, projector, causal language model and action head (torch; no ROS)."""
