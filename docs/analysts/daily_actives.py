"""Daily actives out of exported events, as the metric dau defines them. Needs pandas and pyarrow."""

import sys

import pandas as pd

columns = ["event_name", "occurred_on", "user_key", "is_foreground", "is_test", "is_bot"]
events = pd.read_parquet(
    sys.argv[1], columns=columns, filters=[("is_test", "==", False), ("is_bot", "==", False)]
)
refreshes = events.event_name.isin(["token.refreshed", "token.recovered"])
active = events.event_name.isin(["login.succeeded", "session.used"]) | (
    refreshes & events.is_foreground.ne(False)
)
print(events[active].groupby("occurred_on").user_key.nunique().to_string())
