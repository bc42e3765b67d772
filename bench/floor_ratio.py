"""First measurement: the cost of the service as a multiple of server, framework and statements alone."""

from bench import statements, wrk
from bench.answers import check_over_http
from bench.cpu import Meter
from bench.results import Comparison, Latency, Measured, Steadiness
from bench.rounds import Question, Run, compare, next_t, under_load
from bench.scale import CONNECTIONS, PACED_CONNECTIONS, USUAL_EVENTS
from bench.servers import Server
from bench.site import Site
from bench.statements import Protocol
from bench.stored import Population
from bench.wrk import Load

BAR = 2.0
QUESTIONS = {
    Protocol.PREPARED: Question(title="Floor, prepared", base="floor, prepared", subject="service", bar=BAR),
    Protocol.SIMPLE: Question(title="Floor, plain SQL", base="floor, plain SQL", subject="service", bar=BAR),
}
STEADY = 5.0  # the bar for p99 as a multiple of p50


def measure(site: Site) -> tuple[list[Comparison], Steadiness, int]:
    """Compare with both floors, then look at latency at half the rate; also return how many answers were checked."""
    users = site.scale.usual_store // USUAL_EVENTS
    url = site.database("usual", Population(users=users, events_each=USUAL_EVENTS))
    load = Load(users=users, connections=CONNECTIONS)
    with site.service("usual", url) as service, site.floor(url) as floor:
        checked = check_over_http(service)
        subject = under_load(service, site.postgres, load)
        comparisons = [
            compare(
                question, _floor(site, floor, url, load, protocol), subject, scale=site.scale, progress=site.progress
            )
            for protocol, question in QUESTIONS.items()
        ]
        _, (_, usual) = comparisons[0].sides
        return comparisons, _steadiness(site, service, users, usual.latency), checked


def _floor(site: Site, floor: Server, url: str, load: Load, protocol: Protocol) -> Run:
    def run(seconds: int) -> Measured:
        constant = under_load(floor, site.postgres, load)(seconds)
        meter = Meter(site.postgres.process)
        drive = statements.Drive(url=url, settings=site.settings, users=load.users, protocol=protocol)
        events = drive.run(first_t=next_t(), seconds=seconds)
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
