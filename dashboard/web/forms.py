"""Reading the few plain forms of ours."""

from starlette.datastructures import FormData
from starlette.requests import Request

LARGEST_FORM = 8_192  # bytes


async def read_form(request: Request) -> FormData:
    """The form of a request of sensible size; a larger one is left unread and counts as empty."""
    size = request.headers.get("content-length", "")
    if not size.isdecimal() or int(size) > LARGEST_FORM:
        return FormData()
    return await request.form(max_files=0, max_fields=10)


def field(form: FormData, name: str) -> str:
    value = form.get(name, "")
    return value if isinstance(value, str) else ""
