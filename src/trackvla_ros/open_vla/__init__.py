"""``policy:=tvi``: the open family of MiniCPM-RobotTrack and OmTrackVLA, whose weights anyone can download today."""
