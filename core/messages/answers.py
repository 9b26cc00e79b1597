"""What a patient is answered who wrote STOP, START or HELP; the same words are registered with the carriers."""


def stopped(practice: str) -> str:
    return f"{practice}: you get no more texts from us. Reply START to get them again."


def started(practice: str) -> str:
    return f"{practice}: you get our texts again. Reply STOP to end them."


def helped(practice: str, phone: str) -> str:
    """phone: as it is shown; "" when there is none."""
    call = f" Call us: {phone}." if phone else ""
    return f"{practice}: texts about your visits and payments.{call} Reply STOP to end them."
