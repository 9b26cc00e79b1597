"""GET /metrics for Prometheus: from this machine, or with the token of HUDDLE_METRICS_TOKEN."""

import hmac

from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, generate_latest
from starlette.concurrency import run_in_threadpool
from starlette.endpoints import HTTPEndpoint
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from core.jobs.queues import queue_states, workers_alive
from core.settings import settings
from dashboard.web import sessions
from dashboard.web.health import store_state
from dashboard.web.lifespan import worker_state

SIGN_INS = Counter("huddle_sign_ins_total", "Attempts to sign in, by outcome", ["outcome"])
WEBHOOKS = Counter(
    "huddle_webhooks_total", "Webhook deliveries, by source and outcome", ["source", "outcome"]
)
STORE_UP = Gauge("huddle_store_up", "1 when the store answers")
WORKER_UP = Gauge("huddle_worker_up", "1 when the embedded worker runs")
STORE_UP.set_function(lambda: float(store_state() == "ok"))
WORKER_UP.set_function(lambda: float(worker_state() == "running"))
WORKERS = Gauge("huddle_workers_alive", "`huddle worker` processes with a heartbeat")
QUEUE = Gauge("huddle_queue_jobs", "Jobs of `huddle worker`, by queue and state", ["queue", "state"])
OLDEST = Gauge(
    "huddle_queue_oldest_seconds", "How long the oldest waiting job waits past its time", ["queue"]
)
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
PASSED_ON = ("forwarded", "x-forwarded-for", "x-real-ip", "via")


class Metrics(HTTPEndpoint):
    async def get(self, request: Request) -> Response:
        if not (_has_token(request) or _from_this_machine(request)):
            return PlainTextResponse("Only from this machine, or with the metrics token.\n", status_code=403)
        return Response(await run_in_threadpool(_latest), media_type=CONTENT_TYPE_LATEST)


def _latest() -> bytes:
    """Every figure, the queues' read from the store at this moment; a store that is away says so by huddle_store_up."""
    if store_state() == "ok":
        engine = sessions.engine()
        WORKERS.set(workers_alive(engine))
        QUEUE.clear()  # a queue without a job is not told of, and must not keep its former figures
        OLDEST.clear()
        for one in queue_states(engine):
            for state, count in (("waiting", one.waiting), ("doing", one.doing), ("failed", one.failed)):
                QUEUE.labels(one.queue, state).set(count)
            OLDEST.labels(one.queue).set(one.oldest_seconds)
    return generate_latest()


def _has_token(request: Request) -> bool:
    wanted, given = settings().metrics_token, request.headers.get("authorization", "")
    return bool(wanted) and hmac.compare_digest(f"Bearer {wanted}".encode(), given.encode())


def _from_this_machine(request: Request) -> bool:
    """A loopback visitor that no proxy passed on, asking for a loopback host name."""
    if request.client is None or request.client.host not in LOOPBACK:
        return False
    return request.url.hostname in LOOPBACK and not any(name in request.headers for name in PASSED_ON)
