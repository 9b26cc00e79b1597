"""The configuration files of deploy/, run as they are but for addresses, paths and the certificate."""

import contextlib
import datetime
import ipaddress
import os
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from core.settings import ROOT
from tests.find_proxies import found
from tests.web.running import PASSWORD, free_port

DEPLOY = ROOT / "deploy"
KINDS = ("haproxy", "nginx", "caddy")
AT_MOST = 60


@dataclass(frozen=True)
class Front:
    """A proxy that runs. base_url: https. plain_url: the same without TLS. trust: who signed its certificate."""

    kind: str
    base_url: str
    plain_url: str
    trust: ssl.SSLContext

    def visitor(self) -> httpx.Client:
        """A browser nobody is signed in with; it keeps its cookies and follows no redirect."""
        return httpx.Client(base_url=self.base_url, timeout=60, verify=self.trust, trust_env=False)

    def sign_in(self, username: str) -> httpx.Client:
        """A browser somebody is signed in with."""
        with self.visitor() as door:
            answer = door.post("/signin", data={"username": username, "password": PASSWORD, "next": "/"})
            assert answer.status_code == 303, (answer.status_code, answer.text[:300])
        client = self.visitor()
        client.cookies.update(door.cookies)
        return client


@contextlib.contextmanager
def run_front(kind: str, ports: tuple[int, int], folder: Path) -> Iterator[Front]:
    """The proxy of deploy/'s file in front of two dashboards, until the block ends."""
    folder.mkdir(parents=True)
    plain, secure = free_port(), free_port()
    certificate = certificate_in(folder)
    changes = {"127.0.0.1:8501": f"127.0.0.1:{ports[0]}", "127.0.0.1:8502": f"127.0.0.1:{ports[1]}"}
    command = _WRITERS[kind](folder, changes, plain, secure)
    log = (folder / "log.txt").open("wb")
    process = subprocess.Popen(
        command, cwd=folder, env={**os.environ, "HOME": str(folder)}, stdout=log, stderr=subprocess.STDOUT
    )
    try:
        trust = ssl.create_default_context(cafile=str(certificate))
        front = Front(kind, f"https://127.0.0.1:{secure}", f"http://127.0.0.1:{plain}", trust)
        _wait(front, process, folder / "log.txt")
        yield front
    finally:
        process.terminate()
        process.wait(30)
        log.close()


def changed(name: str, changes: dict[str, str]) -> str:
    """A file of deploy/ with these words in place of those; each of them must be there."""
    text = (DEPLOY / name).read_text(encoding="utf-8")
    for before, after in changes.items():
        assert before in text, f"deploy/{name} does not say {before}"
        text = text.replace(before, after)
    return text


def _haproxy(folder: Path, changes: dict[str, str], plain: int, secure: int) -> list[str]:
    own = {
        "log /dev/log local0": "log stdout format raw local0",
        "/run/haproxy/admin.sock": str(folder / "admin.sock"),
        "bind :80": f"bind 127.0.0.1:{plain}",
        "bind :443 ssl crt /etc/haproxy/huddle.pem": f"bind 127.0.0.1:{secure} ssl crt {folder / 'both.pem'}",
    }
    (folder / "haproxy.cfg").write_text(changed("haproxy.cfg", changes | own))
    return [_program("haproxy"), "-db", "-f", str(folder / "haproxy.cfg")]


def _nginx(folder: Path, changes: dict[str, str], plain: int, secure: int) -> list[str]:
    dotted = {where.replace(".", r"\."): there.replace(".", r"\.") for where, there in changes.items()}
    own = {
        "listen 80;": f"listen 127.0.0.1:{plain};",
        "listen 443 ssl": f"listen 127.0.0.1:{secure} ssl",
        "/etc/nginx/huddle.crt": str(folder / "huddle.crt"),
        "/etc/nginx/huddle.key": str(folder / "huddle.key"),
        "/var/log/nginx/huddle.log": str(folder / "access.log"),
    }
    (folder / "huddle.conf").write_text(changed("nginx.conf", changes | dotted | own))
    kept = "".join(
        f"{name}_temp_path {folder}/{name};\n"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off; pid {folder}/nginx.pid; error_log stderr;\nevents {{}}\n"
        f"http {{ {kept} include {folder}/huddle.conf; }}\n"
    )
    return [_program("nginx"), "-p", str(folder), "-e", "stderr", "-c", str(folder / "nginx.conf")]


def _caddy(folder: Path, changes: dict[str, str], plain: int, secure: int) -> list[str]:
    own = {
        "huddle.example.com {": f"{{\n\tadmin off\n\thttp_port {plain}\n\thttps_port {secure}\n\tskip_install_trust\n}}\n\n"
        f"https://127.0.0.1:{secure} {{\n\ttls {folder / 'huddle.crt'} {folder / 'huddle.key'}",
    }
    (folder / "Caddyfile").write_text(changed("Caddyfile", changes | own))
    return [_program("caddy"), "run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]


_WRITERS: dict[str, Callable[[Path, dict[str, str], int, int], list[str]]] = {
    "haproxy": _haproxy,
    "nginx": _nginx,
    "caddy": _caddy,
}


def _program(name: str) -> str:
    path = found(name)
    assert path, f"No {name}: `python -m tests.find_proxies` installs it."
    return path


def _wait(front: Front, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + AT_MOST
    with front.visitor() as visitor:
        while time.monotonic() < deadline and process.poll() is None:
            with contextlib.suppress(httpx.HTTPError):
                if visitor.get("/healthz").status_code == 200:
                    return
            time.sleep(0.1)
    raise AssertionError(f"{front.kind} did not start:\n{log.read_text(errors='replace')}")


def certificate_in(folder: Path) -> Path:
    """huddle.crt, huddle.key and both.pem for 127.0.0.1, signed by itself. Returns the first."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, private = folder / "huddle.crt", folder / "huddle.key"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    )
    (folder / "both.pem").write_bytes(certificate.read_bytes() + private.read_bytes())
    for path in (private, folder / "both.pem"):
        path.chmod(0o600)
    return certificate
