"""Second measurement: the cost of an event with much data stored, as a multiple of the cost with little."""

from bench.answers import check_stored
from bench.results import Comparison
from bench.rounds import Question, compare, under_load
from bench.scale import CONNECTIONS, USUAL_EVENTS
from bench.site import Site
from bench.stored import Population
from bench.wrk import Load

BAR = 1.15
_LIGHT_USERS = 5000  # so many that a run adds few events to each: they stay light


def of_store(site: Site) -> tuple[Comparison, int]:
    """Compare many stored events with few; every stored player is active. Also return how many answers were checked."""
    sizes = (site.scale.small_store, site.scale.large_store)
    populations = [Population(users=size // USUAL_EVENTS, events_each=USUAL_EVENTS) for size in sizes]
    few, many = (site.database(f"store-{each.events}", each) for each in populations)
    loads = [Load(users=each.users, connections=CONNECTIONS) for each in populations]
    question = Question(
        title="Stored events", base=f"{sizes[0]:,} events stored", subject=f"{sizes[1]:,} events stored", bar=BAR
    )
    with site.service("few", few) as first, site.service("many", many) as second:
        runs = [under_load(server, site.postgres, load) for server, load in zip((first, second), loads, strict=True)]
        comparison = compare(question, *runs, scale=site.scale, progress=site.progress)
    return comparison, check_stored(few) + check_stored(many)


def of_user(site: Site) -> Comparison:
    """Compare a player of many events, withdrawals but for three old deposits, with players of ten such events.

    One connection, one request after the other, since the events of one player come one after the other anyway.
    """
    light = Population(users=_LIGHT_USERS, events_each=USUAL_EVENTS, mostly_withdrawals=True)
    heavy = Population(users=1, events_each=site.scale.heavy_user, first_user=_LIGHT_USERS + 1, mostly_withdrawals=True)
    url = site.database("users", light, heavy)
    question = Question(
        title="Events of one player",
        base=f"players with {light.events_each} events",
        subject=f"player with {heavy.events_each:,} events",
        bar=BAR,
    )
    with site.service("users", url) as service:
        runs = [
            under_load(
                service,
                site.postgres,
                Load(users=each.users, first_user=each.first_user, connections=1, withdrawals_only=True),
            )
            for each in (light, heavy)
        ]
        return compare(question, *runs, scale=site.scale, progress=site.progress)
