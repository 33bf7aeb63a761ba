"""Whether this process was asked to end: long work looks here between two pieces, and then leaves off."""

from threading import Event

leaving = Event()
