"""What the pages of the log need from the project around it."""
