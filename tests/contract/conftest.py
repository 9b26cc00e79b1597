"""The vendor's own Python SDK, pointed at a running sandbox: a client that knows nothing of ours."""

from collections.abc import Iterator

import pytest
from fortisapi.configuration import Configuration, Environment, Server
from fortisapi.fortisapi_client import FortisapiClient
from fortisapi.http.auth.developer_id import DeveloperIdCredentials
from fortisapi.http.auth.user_api_key import UserApiKeyCredentials
from fortisapi.http.auth.user_id import UserIdCredentials

from tests.sandbox.running import Sandbox, run_sandbox


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with run_sandbox(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture
def sandbox(server: Sandbox) -> Sandbox:
    server.reset()
    return server


def sdk_of(sandbox: Sandbox, **keys: str) -> FortisapiClient:
    """The SDK signed in at the sandbox; `keys` replace the right ones."""

    class AtTheSandbox(Configuration):
        environments = {Environment.SANDBOX: {Server.DEFAULT: sandbox.base_url}}

    login = sandbox.keys | keys
    return FortisapiClient(
        config=AtTheSandbox(
            timeout=10,
            user_id_credentials=UserIdCredentials(login["user_id"]),
            user_api_key_credentials=UserApiKeyCredentials(login["user_api_key"]),
            developer_id_credentials=DeveloperIdCredentials(login["developer_id"]),
        )
    )


@pytest.fixture
def sdk(sandbox: Sandbox) -> FortisapiClient:
    return sdk_of(sandbox)
