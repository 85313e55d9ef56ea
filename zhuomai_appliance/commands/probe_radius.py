"""`zhuomai probe radius`: one question to a RADIUS server, over UDP or TLS, and what its answer means."""

from __future__ import annotations

import os
import re
import socket
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

from zhuomai_appliance.commands.options_probe import REPORTS
from zhuomai_appliance.commands.probe import Report, address_of, secret_of
from zhuomai_appliance.net.control import CommandFailed
from zhuomai_appliance.radius import attributes as attr
from zhuomai_appliance.radius.dictionary import load
from zhuomai_appliance.radius.framing import PacketStream
from zhuomai_appliance.radius.packet import (
    Attribute,
    Code,
    Packet,
    Secret,
    WireError,
    encode_request,
    verify_reply,
)
from zhuomai_appliance.radius.passwords import chap_response, hide_pap
from zhuomai_appliance.radius.values import integer_value

PORTS: Final = {Code.ACCESS_REQUEST: 1812, Code.STATUS_SERVER: 1812, Code.ACCOUNTING_REQUEST: 1813}
RADSEC_PORT: Final = 2083
_KINDS: Final = dict(zip(REPORTS, (1, 3, 2, 7, 8), strict=True))
_CERTIFICATE: Final = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


class _Question(NamedTuple):
    """A request with what is needed to judge its answer."""

    code: Code
    datagram: bytes
    secret: Secret


class _Heard(NamedTuple):
    """What came: an answer that verifies, or why none did. ``local`` is the address that was asked from."""

    reply: Packet | None
    milliseconds: int | None
    refused: int
    local: str
    trouble: str = ""


def ask(options: Any) -> Report:
    """Ask and explain.

    Raises:
        CommandFailed: the question cannot be asked as it is.
    """
    secret = Secret(secret_of(options, "secret") or b"radsec")
    question = _question(options, secret)
    port = 1813 if options["acct-port"] else PORTS[question.code]
    host, number = address_of(options["where"], RADSEC_PORT if options["tls"] else port)
    heard = (_over_tls if options["tls"] else _over_udp)(options, host, number, question)
    return _explain(options, question, heard, f"{host} port {number}")


def _question(options: Any, secret: Secret) -> _Question:
    nonce = os.urandom(16)
    try:
        attributes = list(_attributes(options, secret, nonce))
        if options["acct"]:
            code = Code.ACCOUNTING_REQUEST
            return _Question(code, encode_request(code, 1, attributes, secret, sign=False), secret)
        code = Code.STATUS_SERVER if options["status"] else Code.ACCESS_REQUEST
        return _Question(code, encode_request(code, 1, attributes, secret, authenticator=nonce), secret)
    except ValueError as error:
        raise CommandFailed(f"this cannot be asked: {error}") from None


def _attributes(options: Any, secret: Secret, nonce: bytes) -> list[Attribute]:
    found: list[Attribute] = [(attr.NAS_IDENTIFIER, options["nas"].encode())]
    if options["acct"]:
        found += [
            (attr.ACCT_STATUS_TYPE, integer_value(_KINDS[options["acct"]])),
            (attr.ACCT_SESSION_ID, options["session"].encode()),
        ]
    if options["user"]:
        found.append((attr.USER_NAME, options["user"].encode()))
    if options["mac"]:
        found.append((attr.CALLING_STATION_ID, options["mac"].encode()))
    if not options["acct"] and not options["status"]:
        password = secret_of(options, "password") or b""
        if options["chap"]:
            found.append((attr.CHAP_PASSWORD, chap_response(1, password, nonce)))
        else:
            found.append((attr.USER_PASSWORD, hide_pap(password, secret, nonce)))
    dictionary = load()
    for name, value in options["attributes"]:
        try:
            found.append(dictionary.named(name).encode(value))
        except KeyError:
            raise ValueError(f"no dictionary knows the attribute {name}") from None
    return found


# Asking -----------------------------------------------------------------------------------------------------------------


def _over_udp(options: Any, host: str, port: int, question: _Question) -> _Heard:
    refused, local = 0, ""
    try:
        family, kind, proto, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, kind, proto) as line:
            line.connect(address)
            local = line.getsockname()[0]
            for _ in range(options["tries"]):
                began = time.monotonic()
                line.send(question.datagram)
                until = began + options["timeout"]
                while (left := until - time.monotonic()) > 0:
                    line.settimeout(left)
                    try:
                        reply = verify_reply(line.recv(4096), question.datagram, question.secret)
                    except WireError:
                        refused += 1
                        continue
                    except TimeoutError:
                        break
                    return _Heard(reply, _since(began), refused, local)
    except ConnectionRefusedError:
        return _Heard(None, None, refused, local, f"nothing listens on UDP port {port} of {host}")
    except OSError as error:
        return _Heard(None, None, refused, local, f"{host} cannot be reached: {error.strerror or error}")
    return _Heard(None, None, refused, local)


def _over_tls(options: Any, host: str, port: int, question: _Question) -> _Heard:
    context = _context(options["cert"])
    local = ""
    try:
        with socket.create_connection((host, port), timeout=options["timeout"]) as line:
            local = line.getsockname()[0]
            with context.wrap_socket(line, server_hostname=options["server-name"] or host) as stream:
                began = time.monotonic()
                stream.sendall(question.datagram)
                until = began + options["timeout"] * options["tries"]
                return _read_stream(stream.recv, stream.settimeout, began, until, question, local)
    except ssl.SSLCertVerificationError as error:
        return _Heard(
            None, None, 0, local, f"the server's certificate is not believed: {error.verify_message}"
        )
    except ssl.SSLError as error:
        why = f"{error.reason or error}".replace("_", " ").lower()
        return _Heard(None, None, 0, local, f"TLS failed: {why}")
    except OSError as error:
        return _Heard(None, None, 0, local, f"no connection to {host}: {error.strerror or error}")


def _read_stream(
    receive: Callable[[int], bytes],
    wait: Callable[[float], object],
    began: float,
    until: float,
    question: _Question,
    local: str,
) -> _Heard:
    packets, refused = PacketStream(), 0
    while (left := until - time.monotonic()) > 0:
        wait(left)
        try:
            octets = receive(16_384)
            if not octets:
                return _Heard(None, None, refused, local, "the server hung up")
            for datagram in packets.feed(octets):
                return _Heard(
                    verify_reply(datagram, question.datagram, question.secret), _since(began), refused, local
                )
        except WireError:
            refused += 1
        except TimeoutError:
            break
    return _Heard(None, None, refused, local)


def _context(path: str) -> ssl.SSLContext:
    """A client that shows the first certificate of a file and believes the others (RFC 6614 §2.3)."""
    try:
        text = Path(path).read_text(encoding="ascii")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(path)
        context.load_verify_locations(cadata="\n".join(_CERTIFICATE.findall(text)[1:]))
    except (OSError, ValueError) as error:
        why = getattr(error, "reason", None) or getattr(error, "strerror", None) or str(error)
        raise CommandFailed(
            f"{path}: must hold our certificate, its private key and the server's authority: {why}"
        ) from None
    return context


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)


# Explaining -------------------------------------------------------------------------------------------------------------


def _explain(options: Any, question: _Question, heard: _Heard, where: str) -> Report:
    if heard.reply is None:
        return _explain_nothing(options, question, heard, where)
    reply, took = heard.reply, f"in {heard.milliseconds} ms"
    report = Report("", good=True, milliseconds=heard.milliseconds)
    if question.code is Code.STATUS_SERVER:
        report.verdict = "alive"
        report.lines.append(f"{where} lives: it answered {took}")
    elif reply.code == Code.ACCOUNTING_RESPONSE:
        report.verdict = "recorded"
        report.lines.append(f"the report was taken {took}; what was made of it, the server's books say")
    elif reply.code == Code.ACCESS_ACCEPT:
        report.verdict = "accept"
        report.lines.append(f"accepted {took}; the user gets:")
    elif reply.code == Code.ACCESS_CHALLENGE:
        report.verdict, report.good = "challenge", False
        report.lines.append(f"the server asks something back {took}: it wants more than a password")
    else:
        report.verdict, report.good = "reject", False
        report.lines.append(f"refused {took}; address and secret are right, the login is not")
    if (
        question.code is Code.ACCESS_REQUEST
        and not reply.has(attr.MESSAGE_AUTHENTICATOR)
        and not options["tls"]
    ):
        report.lines.append(
            "the answer carries no Message-Authenticator: whoever is in between could forge it (CVE-2024-3596)"
        )
    if heard.refused:
        report.lines.append(f"{heard.refused} answers before it did not verify")
    report.attributes = [
        line for line in load().describe(reply) if line[0] not in {"Message-Authenticator", "Proxy-State"}
    ]
    return report


def _explain_nothing(options: Any, question: _Question, heard: _Heard, where: str) -> Report:
    if heard.refused:
        lines = [
            f"{where} answered, and its answers do not verify: the shared secrets differ",
            "compare the secret here with the one that the server has for this machine"
            + (f" ({heard.local})" if heard.local else ""),
        ]
        return Report("unverified", good=False, lines=lines)
    if heard.trouble:
        return Report("failed", good=False, lines=[heard.trouble])
    asked = options["tries"] * options["timeout"]
    lines = [
        f"no answer of {where} within {asked} s",
        f"a server says nothing to addresses it does not know: is {heard.local} in its list of devices?",
    ]
    if question.code is Code.STATUS_SERVER:
        lines.append("it may not know Status-Server (RFC 5997); try a login")
    if question.code is not Code.ACCESS_REQUEST:
        lines.append("it says nothing either when the secrets differ")
    else:
        lines.append("it may say nothing either when the secrets differ, since the request is signed")
    lines.append("otherwise a firewall is in between, or the server is not there")
    return Report("silence", good=False, lines=lines)
