"""Pictures and label maps in files; numpy and Pillow only."""
