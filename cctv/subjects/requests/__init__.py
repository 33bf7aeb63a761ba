"""A request from its receipt to its end: freezing, the story, messages, holds, and its own destruction."""
