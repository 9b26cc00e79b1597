"""A front desk to be killed at: the one of tests/links."""

from tests.links.conftest import _opened, _running, desk, sandbox  # noqa: F401  # fixtures
