"""What a raw disk still knows after a purge."""
