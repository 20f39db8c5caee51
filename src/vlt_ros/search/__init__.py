"""Architecture search (ASS, supplement Algorithm 1): which path through a trained supernet tracks best."""
