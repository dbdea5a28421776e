class EmbeddedError(RuntimeError):
    """A server could not be started or stopped; the message says what to do, and never a password."""
