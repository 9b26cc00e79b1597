"""Genesis for a person: Workbench → Tasks (office view), a patient's Quick Stop, and the ledger. Tasks can be closed."""

from functools import partial
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from data.sandbox import pages
from data.sandbox.genesis import office
from data.sandbox.state import State

BY_HAND = "front desk (Genesis)"
_REASON = 200


def routes() -> list[Route]:
    return [
        Route("/workbench", partial(_shown, _workbench)),
        Route("/workbench/{number:int}/{what}", _press, methods=["POST"]),
        Route("/quick-stop/{patient}", partial(_shown, _quick_stop)),
        Route("/ledger", partial(_shown, _ledger)),
    ]


async def _shown(made: object, request: Request) -> Response:
    return await run_in_threadpool(made, request.app.state.sandbox, request)  # type: ignore[arg-type]


def _workbench(state: State, request: Request) -> Response:
    closed = request.query_params.get("show") == "closed"
    rows = office.tasks(state, "status = ?", ["closed" if closed else "open"])
    return pages.page(
        "workbench.html",
        live=pages.newest(state),
        title="Workbench: tasks",
        patient=None,
        closed=closed,
        tasks=[_task(state, each) for each in reversed(rows)][:500],
        balance="",
        next_appointment="",
        back=request.url.path,
    )


def _quick_stop(state: State, request: Request) -> Response:
    patient_id = request.path_params["patient"]
    person = office.patient(state, patient_id)
    if person is None:
        return PlainTextResponse("There is no such patient.", 404)
    rows = office.tasks(state, "patient_id = ? AND status = 'open'", [patient_id])
    return pages.page(
        "workbench.html",
        live=pages.newest(state),
        title=f"Quick Stop: {_name(person)}",
        patient=patient_id,
        closed=False,
        tasks=[_task(state, each) for each in reversed(rows)],
        balance=f"{office.balance(state, patient_id):.2f}",
        next_appointment=office.next_appointment(state, patient_id).replace("T", " "),
        back=request.url.path,
    )


def _ledger(state: State, request: Request) -> Response:
    rows = office.entries(state, "1", [])
    shown = [
        entry._asdict()
        | {"entry_id": entry.entry_id, "person": _name(office.patient(state, entry.patient_id) or {})}
        for entry in reversed(rows)
    ]
    return pages.page("ledger.html", live=pages.newest(state), entries=shown[:500], count=len(rows))


async def _press(request: Request) -> Response:
    """Close or reopen a task, then the page again."""
    state: State = request.app.state.sandbox
    form = await request.form()
    number, reason = request.path_params["number"], str(form.get("reason") or "").strip()[:_REASON]
    if request.path_params["what"] == "close":
        reason = reason or "Done"
        await run_in_threadpool(office.close_task, state, number, by=BY_HAND, reason=reason)
    else:
        await run_in_threadpool(office.reopen_task, state, number)
    patient = str(form.get("patient") or "")
    return RedirectResponse(f"/quick-stop/{quote(patient, safe='')}" if patient else "/workbench", 303)


def _task(state: State, task: office.Task) -> dict[str, object]:
    person = _name(office.patient(state, task.patient_id) or {}) if task.patient_id else ""
    return task._asdict() | {
        "person": person,
        "created": office.instant(task.created),
        "closed_at": office.instant(task.closed_at),
    }


def _name(person: dict[str, str]) -> str:
    return f"{person.get('first_name', '')} {person.get('last_name', '')}".strip() or person.get(
        "patient_id", ""
    )
