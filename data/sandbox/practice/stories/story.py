"""A story: one patient who is booked today and has exactly one thing (and what follows from it) to say."""

from collections.abc import Callable
from dataclasses import dataclass

from data.sandbox.practice.book import Book, Person
from data.sandbox.practice.contacts import Link

Tell = Callable[[Book, Person], None]


@dataclass(frozen=True, slots=True)
class Story:
    """shows: the state words of DOMAIN.md it makes appear. loud: the morning has something to say about it."""

    name: str
    shows: tuple[str, ...]
    tell: Tell
    loud: bool
    link: Link | None


CAST: list[Story] = []


def story(*shows: str, loud: bool = True, link: Link | None = Link.API_ID) -> Callable[[Tell], Tell]:
    """Adds the function to the cast. link: how the processor knows the patient; None = it does not."""

    def cast(tell: Tell) -> Tell:
        CAST.append(Story(tell.__name__, shows, tell, loud, link))
        return tell

    return cast
