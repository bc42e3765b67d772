"""How Hypothesis searches for a failure and what it does with one."""

import os

from hypothesis import HealthCheck, Phase, settings

# Shrinking a failure takes hundreds of runs over HTTP, up to 5 minutes, so it is off by default.
SHRINK = os.environ.get("E2E_SHRINK", "") == "1"
PHASES = (Phase.generate, Phase.shrink) if SHRINK else (Phase.generate,)

BOUNDED = settings(
    deadline=None,
    print_blob=True,
    database=None,
    phases=PHASES,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
