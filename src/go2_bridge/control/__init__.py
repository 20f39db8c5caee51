"""trajectory -> wanted velocity: timing, elastic band, pure pursuit, the robot as a plant."""
