"""How long Hypothesis looks for a counterexample.

The profile `ci` tries the same examples at every run, so that no run fails by chance. `thorough`
tries many more, and others each time: `make faults`.
"""

import os
from typing import Any

from hypothesis import HealthCheck, settings

CI, THOROUGH = "ci", "thorough"
PROFILE = THOROUGH if os.environ.get("HYPOTHESIS_PROFILE") == THOROUGH else CI


def load_profile() -> None:
    """Make the profile that the environment names the default of all tests."""
    common = settings(deadline=None, print_blob=True, suppress_health_check=list(HealthCheck))
    settings.register_profile(CI, common, derandomize=True, database=None, max_examples=60)
    settings.register_profile(THOROUGH, common, max_examples=1000)
    settings.load_profile(PROFILE)


def examples(few: int, many: int, **more: Any) -> settings:
    """Settings for a test whose examples take long: `few` of them, or `many` in the thorough profile."""
    return settings(max_examples=many if PROFILE == THOROUGH else few, **more)
