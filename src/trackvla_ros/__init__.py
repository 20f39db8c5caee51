"""images + sentence -> trajectory: policies and the node that runs them."""
