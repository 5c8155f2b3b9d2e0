"""Pictures to segment: how data sets of them lie on disk, and how they are varied."""
