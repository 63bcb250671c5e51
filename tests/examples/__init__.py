"""What is in examples/, run as people run it."""
