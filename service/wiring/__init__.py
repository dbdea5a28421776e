"""Composition roots of the web process: each gives the handlers of one part their operations."""
