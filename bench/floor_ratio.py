"""First measurement: what the service costs, as a multiple of what server, framework and statements cost alone."""

from bench import statements, wrk
from bench.answers import check_over_http
from bench.cpu import Meter
from bench.results import Comparison, Latency, Measured, Steadiness
from bench.rounds import Question, Run, compare, next_t, under_load
from bench.scale import CONNECTIONS, PACED_CONNECTIONS, USUAL_EVENTS
from bench.servers import Server
from bench.site import Site
from bench.stored import Population
from bench.wrk import Load

QUESTION = Question(title="Floor", base="floor", subject="service", bar=2.0)
STEADY = 5.0  # the bar for p99 as a multiple of p50


def measure(site: Site) -> tuple[Comparison, Steadiness, int]:
    """Compare with the floor, then look at latency at half the rate; also return how many answers were checked."""
    users = site.scale.usual_store // USUAL_EVENTS
    url = site.database("usual", Population(users=users, events_each=USUAL_EVENTS))
    load = Load(users=users, connections=CONNECTIONS)
    with site.service("usual", url) as service, site.floor(url) as floor:
        checked = check_over_http(service)
        base, subject = _floor(site, floor, url, load), under_load(service, site.postgres, load)
        comparison = compare(QUESTION, base, subject, scale=site.scale, progress=site.progress)
        _, (_, usual) = comparison.sides
        return comparison, _steadiness(site, service, users, usual.latency), checked


def _floor(site: Site, floor: Server, url: str, load: Load) -> Run:
    def run(seconds: int) -> Measured:
        constant = under_load(floor, site.postgres, load)(seconds)
        meter = Meter(site.postgres.process)
        events = statements.drive(url, site.settings, users=load.users, first_t=next_t(), seconds=seconds)
        [spent] = meter.read()
        return Measured(app=constant.app, postgres=1e6 * spent / events, latency=constant.latency)

    return run


def _steadiness(site: Site, service: Server, users: int, saturated: Latency) -> Steadiness:
    target = saturated.rate / 2

    def run(pause: float, seconds: int) -> Latency:
        load = Load(users=users, connections=PACED_CONNECTIONS, mean_pause=pause)
        return wrk.send(load, service.url, first_t=next_t(), seconds=seconds).latency

    pause = 1000 * PACED_CONNECTIONS / target
    # A connection's time goes into pauses and answers; what the answers take is seen while warming up.
    answering = 1000 * PACED_CONNECTIONS / run(pause, site.scale.warm_up).rate - pause
    rounds = site.progress.track(range(site.scale.rounds), description="Steadiness")
    runs = [run(pause - answering, site.scale.seconds) for _ in rounds]
    return Steadiness(target=target, bar=STEADY, runs=runs)
