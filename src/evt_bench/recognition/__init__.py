"""Person recognition: two people left and right of the image, a sentence, and the side the trajectory goes to."""
