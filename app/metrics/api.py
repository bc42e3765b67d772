"""The route of metrics, for Prometheus. It needs no database: metrics are wanted most during an outage.

What is read from the database is left out if that takes too long (lib.metrics.measured).
"""

from apiflask import APIBlueprint
from flask import Response, request

from app.access.domain import Scope
from app.access.guard import require_scope
from app.access.problems import error_responses
from app.metrics.services import MetricsServices
from lib import services
from lib.metrics.exposition import OPENMETRICS, render_for

metrics = APIBlueprint("metrics", __name__, tag={"name": "Metrics", "description": "For Prometheus."})

PLAIN = """\
# HELP activity_events_stored_total Events stored, by type.
# TYPE activity_events_stored_total counter
activity_events_stored_total{type="deposit"} 27.0
activity_events_stored_total{type="withdraw"} 11.0
"""


@metrics.get("/metrics")
@metrics.doc(
    responses={
        200: {
            "description": f"the numbers of all workers together; as {OPENMETRICS} for clients that accept that",
            "content": {"text/plain": {"schema": {"type": "string"}, "examples": {"excerpt": {"value": PLAIN}}}},
        },
        **error_responses(takes_body=False),
    }
)
@require_scope(Scope.METRICS_READ)
def show_metrics() -> Response:
    """Return what the service has counted and measured since it started, in Prometheus's format."""
    for each in services.get(MetricsServices).measured:
        each.refresh()
    text, media_type = render_for(request.headers.get("Accept", ""))
    return Response(text, content_type=media_type)
