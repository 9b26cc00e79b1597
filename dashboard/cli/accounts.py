"""`huddle user …`: staff accounts."""

import sys
from typing import Annotated

import typer

from dashboard.cli.output import OUT, store_made, store_that_is_there


def add(
    name: str,
    role: Annotated[str, typer.Option(help="owner, office manager, front desk or provider")],
    display_name: str = "",
    password_stdin: Annotated[bool, typer.Option("--password-stdin")] = False,
) -> None:
    """Add a staff account; the password comes from a prompt or --password-stdin."""
    from core.staff.commands import add_staff
    from core.store.engine import transaction
    from dashboard.web.passwords import hash_password

    asked = sys.stdin.readline().rstrip("\n") if password_stdin else typer.prompt("Password", hide_input=True)
    hashed = hash_password(asked)
    with transaction(store_made()) as session:
        staff = add_staff(
            session, None, username=name, display_name=display_name or name, role=role, password_hash=hashed
        )
        answer = {"user": staff.username, "role": staff.role}
    if OUT.json:
        OUT.document(answer)
    OUT.line(f"Added {answer['user']} as {answer['role']}.")


def reset_second_step(name: str) -> None:
    """For somebody who has lost their phone and their recovery codes: the password alone lets them in again."""
    from core.staff.second_step import reset
    from core.store.engine import transaction

    with transaction(store_that_is_there()) as session:
        reset(session, name)
    if OUT.json:
        OUT.document({"user": name})
    OUT.line(f"{name} signs in with the password alone again.")


def list_accounts() -> None:
    """Staff accounts with their roles."""
    from core.staff.reports import staff_list
    from core.store.engine import reader

    with reader(store_that_is_there()) as session:
        people = [
            {
                "user": s.username,
                "name": s.display_name,
                "role": s.role,
                "disabled": not s.enabled,
            }
            for s in staff_list(session)
        ]
    if OUT.json:
        OUT.document({"users": people})
    for person in people:
        OUT.line(
            f"{person['user']:<20} {person['role']:<16} {person['name']}{'  (disabled)' if person['disabled'] else ''}"
        )
