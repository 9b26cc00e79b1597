"""What goes out how: one table of kind → sender. A noun's own module in core/jobs defines its senders."""

from collections.abc import Mapping
from typing import Any

from core.connections.commands import CLIENTS, kind_of
from core.errors import BadInput
from core.jobs.booking.send import BOOKING_SENDERS
from core.jobs.outbox.blast_conditions import ask_again
from core.jobs.outbox.link_messages import hear_of_messages
from core.jobs.outbox.send_links import LINK_SENDERS
from core.jobs.outbox.send_messages import EMAILS, TEXTS
from core.jobs.outbox.send_put_offs import PUT_OFF_SENDERS
from core.jobs.outbox.send_reruns import DECLINED_SENDERS
from core.jobs.outbox.send_tasks import TASK_SENDERS
from core.outbox.models import OutboxKind
from core.outbox.sending import Sender

SENDERS: dict[str, Sender] = {
    **BOOKING_SENDERS,
    **DECLINED_SENDERS,
    **LINK_SENDERS,
    **PUT_OFF_SENDERS,
    **TASK_SENDERS,
    OutboxKind.TEXT: TEXTS,
    OutboxKind.EMAIL: EMAILS,
}
hear_of_messages()  # links follow the messages that carry them
ask_again()  # blasts leave alone whom their condition does not concern any more


def open_client(kind: str, settings: Mapping[str, str], secrets: Mapping[str, str]) -> Any:
    """The client of a connection. Raises BadInput when nothing is ever sent by such a connection."""
    wanted = kind_of(kind)
    if wanted not in CLIENTS:
        raise BadInput(f"Nothing is sent by a {kind} connection.")
    return CLIENTS[wanted](settings, secrets)
