"""Models that segment, and label maps of any tool, scored on pictures with true labels."""
