"""How PostgreSQL carries a statement out, in a session like the application's own."""

from collections.abc import Iterator
from typing import Any

from tests.integration.conftest import run_sql


def explained(url: str, prepare: str, call: str) -> dict[str, Any]:
    """Return the plan that the application's own sessions use, as it was carried out."""
    generic = "SET plan_cache_mode = force_generic_plan; SET max_parallel_workers_per_gather = 0"
    [[[plan]]] = run_sql(url, f"{generic}; {prepare}; EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE {call}")
    return dict(plan["Plan"])


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)


def rows_read(plan: dict[str, Any]) -> float:
    """Return how many rows were taken from tables and indexes, those that a filter then removed included."""
    return sum(
        float(node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * float(node["Actual Loops"])
        for node in nodes(plan)
        if "Relation Name" in node
    )
