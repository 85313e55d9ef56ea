"""`zhuomai certificate list|show|issue|revoke|renew|import`: certificates of 802.1X and RadSec."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from twisted.python import usage

from zhuomai_appliance.commands.backstage import perform
from zhuomai_appliance.commands.eap_files import write_private
from zhuomai_appliance.commands.options_certificate import CertificateCommand
from zhuomai_appliance.config import Config
from zhuomai_appliance.net.control import CommandFailed


def run(config: Config, options: CertificateCommand) -> int:
    """Have it done and print the answer; see `CertificateCommand`."""
    what, inner = str(options.subCommand), options.subOptions
    if what == "issue":
        return _issue(config, inner)
    params: dict[str, Any] = {"what": what}
    if what == "import":
        params |= {
            "certificate": _text(inner["cert"]),
            "key": _text(inner["key"]),
            "chain": _text(inner["chain"]) if inner["chain"] else "",
        }
    else:
        params |= {name: inner[name] for name in ("serial", "reason", "all") if name in inner}
    answer = perform(config, "certificate", params)
    if inner["json"]:
        print(json.dumps(answer, ensure_ascii=False))
    elif what == "list":
        _print_list(answer)
    elif what == "show":
        _print_one(answer)
    elif what == "revoke":
        print(
            f"{answer['serial']} of {answer['name']} is revoked and opens nothing any more; running sessions go on"
        )
    else:
        print(f"now shown: {_server_line(answer)}")
        if what == "import":
            print("Devices that trusted the authority from before have to be given this one's.")
    return 0


def _issue(config: Config, inner: usage.Options) -> int:
    name = str(inner["radsec"] or inner["user"])
    path = Path(inner["out"] or f"{_file_name(name)}.p12")
    if path.suffix not in {".p12", ".pfx", ".pem"}:
        raise CommandFailed(f"{path}: end the name in .p12, which phones and computers import, or in .pem")
    if path.exists():
        raise CommandFailed(f"{path} exists; name another file with --out")
    if not path.parent.is_dir():
        raise CommandFailed(f"{path.parent} is not there; make it first")
    params = {
        "what": "issue",
        "user": inner["user"],
        "radsec": inner["radsec"],
        "project": inner["project"],
        "days": inner["days"],
        "form": "pem" if path.suffix == ".pem" else "p12",
    }
    answer = perform(config, "certificate", params)
    content = answer.pop("pem", "").encode() or base64.b64decode(answer.pop("p12"))
    try:
        write_private(path, content)
    except OSError as error:
        raise CommandFailed(
            f"{path}: {error.strerror}; {answer['serial']} was issued and is lost: revoke it, then try elsewhere"
        ) from None
    answer["file"] = str(path)
    if inner["json"]:
        print(json.dumps(answer, ensure_ascii=False))
        return 0
    print(
        f"{path}: {answer['kind']} certificate of {answer['name']}, serial {answer['serial']}, until {answer['until']}"
    )
    if "password" in answer:
        print(f"password of the file, shown this once: {answer['password']}")
    else:
        print("the private key in it is not locked: keep the file where only its owner can read it")
    return 0


def _file_name(name: str) -> str:
    """A name as part of a file's: letters, digits and what does no harm."""
    return "".join(c if c.isalnum() or c in "-_.@" else "_" for c in name).lstrip(".") or "certificate"


def _text(name: str) -> str:
    try:
        return Path(name).read_text(encoding="utf-8")
    except OSError as error:
        raise CommandFailed(f"{name}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise CommandFailed(
            f"{name}: is not PEM; convert it with `openssl x509` or `openssl pkcs12`"
        ) from None


def _print_list(answer: dict[str, Any]) -> None:
    if answer["authority"] is not None:
        authority = answer["authority"]
        print(f"authority  {authority['subject']}, until {authority['until']}, sha256 {authority['sha256']}")
    print(f"server     {_server_line(answer['server'])}")
    for one in answer["issued"]:
        reason = f" ({one['reason']})" if one["reason"] else ""
        print(
            f"{one['kind']:9}  {one['serial']}  {one['name']}  {one['project']}  {one['state']}{reason}  until {one['until']}"
        )


def _print_one(answer: dict[str, Any]) -> None:
    for key, value in answer.items():
        if key != "pem" and value:
            print(f"{key}: {', '.join(value) if isinstance(value, list) else value}")
    print(answer["pem"], end="")


def _server_line(server: dict[str, Any]) -> str:
    return f"{', '.join(server['names'])}, until {server['until']}, issued by {server['issuer']}"
