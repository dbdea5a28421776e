"""What the service costs, beside a bare aiohttp handler measured in the same run."""
