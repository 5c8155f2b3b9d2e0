"""Training data out of public repositories, as a list says."""
