"""Real servers for the tests, each in its own temporary folder and gone with the test process."""
