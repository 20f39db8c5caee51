"""Looking inside the trackers: what a sentence makes them look at, and where one tracker is better than another."""
