"""Speed and memory, measured in fresh processes so that one measure does not colour the next."""
