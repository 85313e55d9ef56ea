"""`zhuomai probe portal`: one question to an access controller about one client (REQ_INFO), and what its answer means."""

from __future__ import annotations

import secrets
import socket
import time
from typing import Any, Final

from zhuomai_appliance.commands.probe import Report, address_of, secret_of
from zhuomai_appliance.config import parse_endpoint
from zhuomai_appliance.net.control import CommandFailed
from zhuomai_appliance.portal.info import InfoDialogue
from zhuomai_appliance.portal.terms import Actions, DialogueSettings, Done, Ending, Outcome, Send, Timings

PORT: Final = 2000


def ask(options: Any) -> Report:
    """Ask and explain.

    Raises:
        CommandFailed: the question cannot be asked as it is.
    """
    host, port = address_of(options["where"], PORT)
    settings = DialogueSettings(
        key=secret_of(options, "key") or b"",
        version=options["portal-version"],
        timings=Timings(info_tries=options["tries"], info_seconds=float(options["timeout"])),
    )
    try:
        dialogue = InfoDialogue(settings, user_ip=options["ip"], serial=1 + secrets.randbelow(65_535))
        listen = parse_endpoint(options["listen"])
    except ValueError as error:
        raise CommandFailed(f"this cannot be asked: {error}") from None
    try:
        began = time.monotonic()
        outcome = _talk(dialogue, (host, port), (listen.host, listen.port))
    except ConnectionRefusedError:
        return Report("failed", good=False, lines=[f"nothing listens on UDP port {port} of {host}"])
    except OSError as error:
        return Report("failed", good=False, lines=[f"{host} cannot be reached: {error.strerror or error}"])
    return _explain(outcome, options, f"{host} port {port}", round((time.monotonic() - began) * 1000))


def _talk(dialogue: InfoDialogue, device: tuple[str, int], listen: tuple[str, int]) -> Outcome:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.bind(listen)
        line.connect(device)
        outcome = _act(line, dialogue.start(time.monotonic()))
        while outcome is None:
            due = dialogue.next_at
            line.settimeout(max((due or 0.0) - time.monotonic(), 0.001))
            try:
                actions = dialogue.receive(line.recv(2048), time.monotonic())
            except TimeoutError:
                actions = dialogue.tick(time.monotonic())
            outcome = _act(line, actions)
        return outcome


def _act(line: socket.socket, actions: Actions) -> Outcome | None:
    found = None
    for action in actions:
        if isinstance(action, Send):
            line.send(action.datagram)
        elif isinstance(action, Done):
            found = action.outcome
    return found


def _explain(outcome: Outcome, options: Any, where: str, milliseconds: int) -> Report:
    client = options["ip"]
    if outcome.ending is Ending.TIMEOUT:
        lines = [f"no answer of {where}"]
        if outcome.forged_answers:
            lines = [f"{where} answers, and its answers do not verify: the shared keys differ"]
            return Report("unverified", good=False, lines=lines)
        lines += [
            "a device says nothing to servers it does not list: is this machine's address its portal server?",
            "it says nothing either when the shared keys or the versions of the protocol differ",
            "some devices answer to UDP port 50100 alone: stop the service and ask with --listen 0.0.0.0:50100",
            "otherwise a firewall is in between, or the device is not there",
        ]
        return Report("silence", good=False, lines=lines)
    if outcome.ending is Ending.TOLD and outcome.traffic is not None:
        traffic = outcome.traffic
        report = Report("told", good=True, milliseconds=milliseconds)
        report.lines.append(f"{where} answered in {milliseconds} ms: address, key and version are right")
        for name, octets in (("sent", traffic.up_octets), ("received", traffic.down_octets)):
            report.attributes.append(
                (f"octets {name} by {client}", "not told" if octets is None else str(octets))
            )
        if traffic.port:
            report.attributes.append(("port", traffic.port))
        return report
    words = f" ({outcome.text})" if outcome.text else ""
    lines = [
        f"{where} answered in {milliseconds} ms: address, key and version are right",
        f"it tells nothing of {client}: error {outcome.error_code}{words}",
        "of an address that is nobody's that is the right answer",
    ]
    return Report("refused", good=True, milliseconds=milliseconds, lines=lines)
