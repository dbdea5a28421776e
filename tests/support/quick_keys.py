"""`python -m service` whose signing keys live for seconds: what takes minutes is the same code."""

from datetime import timedelta

from service.domain import key_ring

key_ring.JWKS_CACHED = timedelta(seconds=1)
key_ring.RELOADED_EVERY = timedelta(seconds=0.5)
key_ring.SKEW = timedelta(seconds=0.5)
key_ring.LEAD = 2 * key_ring.JWKS_CACHED + key_ring.RELOADED_EVERY + key_ring.SKEW
key_ring.MARGIN = 2 * key_ring.RELOADED_EVERY + key_ring.SKEW

if __name__ == "__main__":
    from service.cli import main  # reads the numbers above, so not before

    main()
