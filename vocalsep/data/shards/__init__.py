"""Tar shards (WebDataset): training data larger than a disk, or on another machine."""
