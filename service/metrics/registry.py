"""Every metric, once. The API, "show SQL", `analytics.meta_metric` and docs/metrics.md read it."""

from service.metrics.people import PEOPLE_METRICS
from service.metrics.sessions import SESSION_METRICS
from service.metrics.sign_ins import SIGN_IN_METRICS

METRICS = (*PEOPLE_METRICS, *SESSION_METRICS, *SIGN_IN_METRICS)
BY_NAME = {metric.name: metric for metric in METRICS}
