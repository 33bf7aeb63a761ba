"""The people in the picture: their requests, the portal, the desk, decisions and deliveries."""
