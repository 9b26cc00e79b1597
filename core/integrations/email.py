"""E-mail by SMTP: one connection kept open, and at every step known whether the mail can have gone out."""

import re
import smtplib
import socket
import ssl
from collections.abc import Callable
from email.charset import QP, Charset
from email.header import Header
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import compat32
from email.utils import format_datetime, formataddr
from html import escape

from core import clock
from core.errors import (
    BadInput,
    NotNow,
    OutcomeUnknown,
    Refused,
    TransportError,
    Unreachable,
    WrongCredentials,
)
from core.integrations.http import is_loopback

CONNECT_SECONDS, REPLY_SECONDS = 10.0, 20.0
SECURITIES = ("starttls", "tls", "none")
_LONGEST_LINE = 500  # a folded List-Unsubscribe is not understood everywhere
# a third of the time of the newer policy
_WIRE = compat32.clone(linesep="\r\n", max_line_length=_LONGEST_LINE)
_QUOTED = Charset("utf-8")
_QUOTED.body_encoding = QP
_LINK = re.compile(r"https?://[^\s<>\"]+")
_DOT = re.compile(rb"(?m)^\.")


class Mail:
    """One mailbox to send from.

    honours_message_id "yes": the receiving side drops a second mail with the same Message-ID, so that a doubtful
    one may simply be repeated. per_second "0": no limit.
    """

    def __init__(
        self,
        *,
        host: str,
        sender: str,
        port: str = "587",
        security: str = "starttls",
        username: str = "",
        password: str = "",
        sender_name: str = "",
        honours_message_id: str = "no",
        per_second: str = "0",
        allowed_hosts: str,
    ) -> None:
        if not port.isdecimal() or not 0 < int(port) < 65536:
            raise BadInput(f"“{port}” is not a port. Mail servers mostly listen on 587, 465 or 25.")
        if security not in SECURITIES:
            raise BadInput(f"“{security}” is no kind of security. Use one of: {', '.join(SECURITIES)}.")
        if not is_loopback(host):
            if host.lower() not in {allowed.strip().lower() for allowed in allowed_hosts.split(",")}:
                raise BadInput(
                    f"{host} is not among the hosts Huddle may call. Add it to HUDDLE_OUTBOUND_HOSTS."
                )
            if security == "none":
                raise BadInput(
                    "Mail leaves this machine encrypted only: use security=starttls or security=tls."
                )
        self.per_second, self.repeats_safely = float(per_second), honours_message_id == "yes"
        self._host, self._port, self._security = host, int(port), security
        self._username, self._password = username, password
        self._sender, self._from = sender, formataddr((sender_name, sender))
        self._domain = sender.rpartition("@")[2]
        self._smtp: smtplib.SMTP | None = None

    def close(self) -> None:
        """End the connection politely."""
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            try:
                smtp.quit()
            except (OSError, smtplib.SMTPException):
                smtp.close()  # it was gone already

    def check(self) -> str:
        """Greet, sign in and do nothing. Raises Unreachable, WrongCredentials, BadInput."""
        smtp = self._connected()
        code, _ = smtp.noop()
        self.close()
        if code != 250:
            raise Unreachable(f"{self._host} answered, but will not take mail now (status {code}).")
        signed_in = f" as {self._username}" if self._username else ""
        return f"{self._host} takes mail from {self._sender}{signed_in}."

    def message_id(self, key: str) -> str:
        """The Message-ID of a row: its key, so that every attempt is the same mail."""
        return f"<{key}@{self._domain}>"

    def send(self, to: str, subject: str, text: str, *, key: str, unsubscribe_url: str = "") -> str:
        """Hand over one mail, once; its Message-ID.

        Raises OutcomeUnknown, Refused (code: SMTP's), NotNow, Unreachable, WrongCredentials.
        """
        content = _DOT.sub(b"..", self._written(to, subject, text, key, unsubscribe_url))
        smtp = self._begun()
        code, said = self._step(lambda: smtp.rcpt(to))
        self._require(code, said, to)
        code, said = self._step(lambda: smtp.docmd("DATA"))
        if code != 354:
            self._require(code, said, to)
        try:
            smtp.send(content + (b"" if content.endswith(b"\r\n") else b"\r\n") + b".\r\n")
            code, said = smtp.getreply()
        except (OSError, smtplib.SMTPException) as error:
            self._drop()
            raise OutcomeUnknown(
                f"{self._host} broke off after the mail was handed over; whether it took it is not known."
            ) from error
        self._require(code, said, to)
        return self.message_id(key)

    def _begun(self) -> smtplib.SMTP:
        """A connection that has taken our sender; one that died of waiting is opened again."""
        kept = self._smtp is not None
        try:
            return self._from_us()
        except Unreachable:
            if not kept:
                raise
            return self._from_us()

    def _from_us(self) -> smtplib.SMTP:
        smtp = self._connected()
        code, said = self._step(lambda: smtp.mail(self._sender))
        if code != 250:
            self._drop()
            words = _words(said)
            if 400 <= code < 500:
                raise Unreachable(f"{self._host} takes no mail now (status {code}){words}.")
            raise Refused(
                f"{self._host} refuses mail from {self._sender} (status {code}){words}.", code=str(code)
            )
        return smtp

    def _step(self, ask: Callable[[], tuple[int, bytes]]) -> tuple[int, bytes]:
        try:
            return ask()
        except (OSError, smtplib.SMTPException) as error:
            self._drop()
            raise Unreachable(f"{self._host} broke off before the mail was handed over.") from error

    def _require(self, code: int, said: bytes, to: str) -> None:
        if 200 <= code < 300:
            return
        self._drop() if code == 421 else self._forget_mail()
        words = _words(said).replace(to, "the address")
        if 400 <= code < 500:
            raise NotNow(f"{self._host} did not take the mail yet (status {code}){words}.")
        raise Refused(f"{self._host} refused the mail (status {code}){words}.", code=str(code))

    def _forget_mail(self) -> None:
        if self._smtp is not None:
            smtp = self._smtp
            self._step(smtp.rset)

    def _drop(self) -> None:
        if self._smtp is not None:
            self._smtp.close()
        self._smtp = None

    def _connected(self) -> smtplib.SMTP:
        if self._smtp is None:
            try:
                self._smtp = self._greeted()
            except smtplib.SMTPAuthenticationError as error:
                raise WrongCredentials(
                    f"{self._host} refused the user name or password. Check them and connect again."
                ) from error
            except ssl.SSLError as error:
                raise TransportError(
                    f"{self._host} could not be reached securely: {error.reason}."
                ) from error
            except (OSError, smtplib.SMTPException) as error:
                raise Unreachable(f"{self._host} cannot be reached on port {self._port}.") from error
        return self._smtp

    def _greeted(self) -> smtplib.SMTP:
        secure = ssl.create_default_context() if self._security != "none" else None
        own_name = "localhost" if is_loopback(self._host) else socket.getfqdn()
        if self._security == "tls":
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(
                self._host, self._port, own_name, timeout=CONNECT_SECONDS, context=secure
            )
        else:
            smtp = smtplib.SMTP(self._host, self._port, own_name, timeout=CONNECT_SECONDS)
        try:
            if self._security == "starttls":
                smtp.starttls(context=secure)
            smtp.ehlo_or_helo_if_needed()
            if self._username:
                smtp.login(self._username, self._password)
        except (OSError, smtplib.SMTPException):
            smtp.close()
            raise
        if smtp.sock is not None:
            smtp.sock.settimeout(REPLY_SECONDS)
        return smtp

    def _written(self, to: str, subject: str, text: str, key: str, unsubscribe_url: str) -> bytes:
        message = MIMEMultipart("alternative", None, [_part(text, "plain"), _part(as_html(text), "html")])
        words = " ".join(subject.split())
        message["From"], message["To"] = self._from, to
        message["Subject"] = words if words.isascii() else Header(words, "utf-8", _LONGEST_LINE).encode()
        message["Date"], message["Message-ID"] = format_datetime(clock.now()), self.message_id(key)
        if unsubscribe_url:
            message["List-Unsubscribe"] = f"<{unsubscribe_url}>"
            message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        return message.as_bytes(policy=_WIRE)


def _part(text: str, subtype: str) -> MIMEText:
    short = all(len(line) < _LONGEST_LINE for line in text.splitlines())
    return MIMEText(text, subtype, "us-ascii" if text.isascii() and short else _QUOTED)  # type: ignore[arg-type]


def as_html(text: str) -> str:
    """The same words as a plain page: paragraphs, and links one can press. Nothing is fetched from anywhere."""
    paragraphs = (_LINK.sub(_anchor, escape(part, quote=False)) for part in text.strip().split("\n\n"))
    inner = "".join("<p>{}</p>".format(part.replace("\n", "<br>")) for part in paragraphs)
    return f'<!doctype html><html><body style="font-family:sans-serif;max-width:36em">{inner}</body></html>'


def _anchor(match: re.Match[str]) -> str:
    address = match[0].rstrip(".,;:!?)")
    return f'<a href="{address.replace(chr(34), "%22")}">{address}</a>{match[0][len(address) :]}'


def _words(said: bytes) -> str:
    words = " ".join(said.decode("utf-8", "replace").split())[:200].rstrip(".")
    return f": {words}" if words else ""
