"""`zhuomai verify`: prove that every fen, octet and audit row is where it must be; names each row that is not."""

from __future__ import annotations

import json
import sqlite3

from zhuomai_appliance.commands.options import Verify
from zhuomai_appliance.config import Config
from zhuomai_appliance.flows.meter_proof import prove_meters
from zhuomai_appliance.flows.report_proof import prove_reports
from zhuomai_appliance.net.control import CommandFailed
from zhuomai_appliance.paths import StateFiles
from zhuomai_appliance.store.interface import StoreRefused
from zhuomai_appliance.store.sqlite import reading
from zhuomai_appliance.store.verify import Proof, prove


def run(config: Config, options: Verify) -> int:
    """Print each part; 1 if anything is wrong. Beside a running daemon it looks at one moment of the books."""
    proofs = all_proofs(StateFiles(config.state.dir))
    wrong = any(proof.faults for proof in proofs)
    if options["json"]:
        parts = {proof.what: {"looked_at": proof.looked_at, "faults": proof.faults} for proof in proofs}
        print(json.dumps({"ok": not wrong, "parts": parts}, ensure_ascii=False))
        return 1 if wrong else 0
    for proof in proofs:
        print(f"{'fail' if proof.faults else 'ok':4}  {proof.what}: {proof.looked_at}")
        for fault in proof.faults:
            print(f"      {fault}")
    return 1 if wrong else 0


def all_proofs(files: StateFiles) -> list[Proof]:
    """Every proof over the books of a state directory.

    Raises:
        CommandFailed: the database cannot be read.
    """
    try:
        with reading(files.database) as reader:
            return [*prove(reader), prove_meters(reader), prove_reports(reader)]
    except (StoreRefused, sqlite3.Error, OSError) as error:
        raise CommandFailed(str(error)) from None


def books_faults(files: StateFiles) -> list[str]:
    """Only what is wrong."""
    return [fault for proof in all_proofs(files) for fault in proof.faults]
