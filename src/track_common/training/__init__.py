"""What the trainings of trackers and of TrackVLA share."""
