"""Every address that is not a Streamlit page, and the middleware before all of them."""

from pathlib import Path

from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import Route

from dashboard.web.booking.choose import Book, BookType
from dashboard.web.booking.code import VisitCode
from dashboard.web.booking.paying import VisitPaid, VisitPay
from dashboard.web.booking.visit import Visit, VisitCancel, VisitDetails, VisitFile, VisitMove
from dashboard.web.card import Card, CardDone, CardEnter
from dashboard.web.confirm import Confirm
from dashboard.web.exporting import ExportList
from dashboard.web.exporting_audit import ExportAudit
from dashboard.web.exporting_blast import ExportBlast
from dashboard.web.exporting_bookings import ExportBookings
from dashboard.web.exporting_books import ExportBooks
from dashboard.web.exporting_overview import ExportOverview
from dashboard.web.gate import Gate
from dashboard.web.headers import SecurityHeaders
from dashboard.web.health import Health
from dashboard.web.help import Help
from dashboard.web.metrics import Metrics
from dashboard.web.passkeys import Passkeys
from dashboard.web.pay import Pay
from dashboard.web.printing import ExportDay, PrintDay, PrintDayPdf
from dashboard.web.printing_plans import PrintPlans
from dashboard.web.search import Search
from dashboard.web.setup import SetUp
from dashboard.web.signin import OwnSession, SignIn, SignOut
from dashboard.web.stop import Stop
from dashboard.web.store_away import AWAY, store_away
from dashboard.web.visits import Visits
from dashboard.web.webhooks import Webhook
from dashboard.web.welcome import Welcome

FAVICON = Path(__file__).parent / "favicon.png"


async def morning(request: Request) -> Response:
    """The morning is the default page, at the root; whoever types its name gets there too."""
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"/{query}", status_code=307)


async def favicon(request: Request) -> Response:
    """Our own, so that no page asks another host for one."""
    return FileResponse(FAVICON)


ROUTES = [
    Route("/setup/{token}", SetUp),
    Route("/signin", SignIn),
    Route("/signout", SignOut),
    Route("/welcome/{token}", Welcome),
    Route("/confirm", Confirm),
    Route("/passkeys", Passkeys),
    Route("/session", OwnSession),
    Route("/search", Search),
    Route("/help", Help),
    Route("/healthz", Health),
    Route("/metrics", Metrics),
    Route("/favicon.png", favicon),
    Route("/morning", morning),
    Route("/webhooks/{source}", Webhook),
    Route("/pay/{token}", Pay),
    Route("/stop/{token}", Stop),
    Route("/card/{token}", Card),
    Route("/card/{token}/enter", CardEnter),
    Route("/card/{token}/done", CardDone),
    Route("/book", Book),
    Route("/book/", Book),
    Route("/book/{slug}", BookType),
    Route("/book/visit/{token}", Visit),
    Route("/book/visit/{token}/details", VisitDetails),
    Route("/book/visit/{token}/pay", VisitPay),
    Route("/book/visit/{token}/paid", VisitPaid),
    Route("/book/visit/{token}/cancel", VisitCancel),
    Route("/book/visit/{token}/move", VisitMove),
    Route("/book/visit/{token}/code", VisitCode),
    Route("/book/visit/{token}/appointment.ics", VisitFile),
    Route("/print/day", PrintDay),
    Route("/print/day.pdf", PrintDayPdf),
    Route("/print/plans", PrintPlans),
    Route("/export/day.csv", ExportDay),
    Route("/export/overview.csv", ExportOverview),
    Route("/export/audit.csv", ExportAudit),
    Route("/export/blast.csv", ExportBlast),
    Route("/export/books.csv", ExportBooks),
    Route("/export/bookings.csv", ExportBookings),
    Route("/export/{name}.csv", ExportList),
]
ON_ERROR = dict.fromkeys(AWAY, store_away)
MIDDLEWARE = [Middleware(SecurityHeaders), Middleware(Visits), Middleware(Gate)]
