"""Servers of this system, as deployments use them, each on a port of its own.

They start as root and as an ordinary user, and end with the process that started them.
"""
