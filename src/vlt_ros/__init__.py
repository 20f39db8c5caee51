"""image + sentence -> box: trackers and the node that runs them."""
