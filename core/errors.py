"""One tree of errors. Each class writes its own sentence; what a caller may do is an attribute.

A sentence is fit for the screen: it says what happened and what to do next, holds no secret and
no patient data beyond what the reader asked for.
"""


class HuddleError(Exception):
    """Something went wrong that a person can act on.

    permanent: trying the same thing again cannot help. retry_after: seconds to wait, when known.
    """

    permanent: bool = True
    retry_after: float | None = None

    def __init__(self, sentence: str, *, retry_after: float | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        if retry_after is not None:
            self.retry_after = retry_after


class BadInput(HuddleError):
    """A value from a person, a file or a vendor cannot be used as it is."""


class BadMoney(BadInput):
    def __init__(self, text: str) -> None:
        super().__init__(f"“{text}” is not an amount in dollars and cents, such as 149.00.")


class MayNotSend(BadInput):
    """This person is not to get this message: no consent, opted out, no address."""


class NotAllowed(HuddleError):
    """The person's role does not hold the permission."""


class ProveAgain(NotAllowed):
    """The person may, but has to say once more who they are (core/staff/step_up.py)."""

    SENTENCE = "This asks for more certainty: confirm that it is you, then press again."

    def __init__(self) -> None:
        super().__init__(self.SENTENCE)


class TooManyAttempts(HuddleError):
    """Too many wrong passwords; waiting helps."""

    permanent = False

    def __init__(self, seconds: float) -> None:
        minutes = max(1, -int(-seconds // 60))
        wait = "a minute" if minutes == 1 else f"{minutes} minutes"
        super().__init__(f"Too many wrong tries. Wait {wait} and try again.", retry_after=max(seconds, 1.0))


class NotFound(HuddleError):
    """What was asked for is not in the store."""


class StoreError(HuddleError):
    """The store cannot be opened, is of a newer version, or its disk is full."""


class CannotWrite(StoreError):
    """The disk under the store is full, or does not take what is written: nothing was done, what is there can be read."""

    permanent = False

    def __init__(self) -> None:
        super().__init__(
            "The disk of the store is full or cannot be written, so nothing was saved. Free some space on it; "
            "Huddle then goes on by itself."
        )


class CrossedChange(StoreError):
    """Two changes waited for each other, and this one was given up: nothing of it was done."""

    permanent = False

    def __init__(self) -> None:
        super().__init__("Somebody changed the same at this very moment, so nothing was done. Try again.")


class WrongKey(HuddleError):
    """The encryption key does not open what is sealed in this store."""


class TransportError(HuddleError):
    """A call to another system did not succeed.

    permanent=False: the next sync tries again by itself.
    """

    def __init__(
        self,
        sentence: str,
        *,
        permanent: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(sentence, retry_after=retry_after)
        self.permanent = permanent


class Unreachable(TransportError):
    """No connection, a time-out, or an answer cut off in the middle."""


class WrongCredentials(TransportError):
    """The other system refused the keys. Trying again with the same keys cannot help. code: the other system's own."""

    def __init__(self, sentence: str, *, code: str = "") -> None:
        super().__init__(sentence, permanent=True)
        self.code = code


class UnreadableAnswer(TransportError):
    """The other system answered something that is not what its documentation promises."""


class Refused(TransportError):
    """The other system understood and said no; the same request would meet the same answer.

    status: HTTP's number. code: the other system's own.
    """

    def __init__(self, sentence: str, *, status: int = 0, code: str = "") -> None:
        super().__init__(sentence, permanent=True)
        self.status, self.code = status, code


class NotNow(TransportError):
    """The other system did not take this one thing, and may do so later; it works otherwise."""


class OutcomeUnknown(TransportError):
    """A change was asked for and no answer came: it may have been made or not. Look it up; never just ask again."""
