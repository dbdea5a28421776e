class BenchError(Exception):
    """Why there are no figures."""
