"""Reconcile: register, store and keyring held against each other; named, and mended only when told to."""
