"""The control socket answers every line with one line, whatever stands in it."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase

from zhuomai_appliance.net.control import MAX_PATH, CommandFailed, ControlFactory, Handler, Params, short_name


async def add(params: Params) -> Any:
    return {"sum": params["a"] + params["b"]}


async def refuse(params: Params) -> Any:
    raise CommandFailed("first line", "second line")


async def stumble(params: Params) -> Any:
    raise RuntimeError("two\nlines")


class ControlTests(SynchronousTestCase):
    def talk(self, handlers: dict[str, Handler] | None = None) -> tuple[Any, StringTransport]:
        protocol = ControlFactory(
            handlers or {"add": add, "refuse": refuse, "stumble": stumble}
        ).buildProtocol(None)
        transport = StringTransport()
        protocol.makeConnection(transport)
        return protocol, transport

    def ask(self, line: bytes) -> Any:
        protocol, transport = self.talk()
        protocol.dataReceived(line + b"\n")
        value = transport.value()
        self.assertEqual(value.count(b"\n"), 1)
        return json.loads(value)

    def test_command_is_answered_with_its_result(self) -> None:
        """A known command runs with its parameters."""
        line = b'{"command": "add", "params": {"a": 2, "b": 3}}'
        self.assertEqual(self.ask(line), {"ok": True, "result": {"sum": 5}})

    def test_refusal_carries_every_line(self) -> None:
        """What the command says to the person arrives line by line."""
        self.assertEqual(
            self.ask(b'{"command": "refuse"}'), {"ok": False, "errors": ["first line", "second line"]}
        )

    def test_bug_is_one_line_and_in_the_log(self) -> None:
        """An unexpected failure ends neither the daemon nor the connection."""
        answer = self.ask(b'{"command": "stumble"}')
        self.assertEqual(answer["errors"], ["stumble failed: two; the daemon's log says more"])
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)

    def test_garbage_is_answered(self) -> None:
        """No line is without an answer."""
        for line in (
            b"",
            b"{",
            b"[]",
            b"null",
            b'"x"',
            b'{"command": 3}',
            b'{"command": "no"}',
            b'{"command": "add", "params": 7}',
            b"\xff\xfe",
        ):
            self.assertFalse(self.ask(line)["ok"], line)

    def test_commands_are_answered_in_order(self) -> None:
        """A second command on a connection waits until the first is answered."""
        waiting: list[Deferred[str]] = []

        async def wait(params: Params) -> Any:
            answer: Deferred[str] = Deferred()
            waiting.append(answer)
            return await answer

        protocol, transport = self.talk({"wait": wait})
        protocol.dataReceived(b'{"command": "wait"}\n{"command": "wait"}\n')
        self.assertEqual(len(waiting), 1)
        waiting[0].callback("one")
        waiting[1].callback("two")
        results = [json.loads(line)["result"] for line in transport.value().splitlines()]
        self.assertEqual(results, ["one", "two"])

    def test_endless_line_is_cut_off(self) -> None:
        """A line beyond the bound is refused and the connection closed."""
        protocol, transport = self.talk()
        protocol.MAX_LENGTH = 100
        protocol.dataReceived(b"x" * 200)
        self.assertFalse(json.loads(transport.value())["ok"])
        self.assertTrue(transport.disconnecting)

    def test_whoever_left_gets_no_answer(self) -> None:
        """The command is finished when its asker hangs up, and nothing is written to nobody."""
        answer: Deferred[str] = Deferred()

        async def wait(params: Params) -> Any:
            return await answer

        protocol, transport = self.talk({"wait": wait})
        protocol.dataReceived(b'{"command": "wait"}\n')
        protocol.connectionLost()
        answer.callback("late")
        self.assertEqual(transport.value(), b"")

    def test_deep_folder_has_a_short_name(self) -> None:
        """A socket in a folder of a long name can be opened by a name that the kernel takes."""
        with TemporaryDirectory() as folder:
            deep = Path(folder) / ("d" * 100)
            deep.mkdir()
            (deep / "control.sock").write_text("here")
            name = short_name(deep / "control.sock")
            self.assertLessEqual(len(name), MAX_PATH)
            self.assertEqual(Path(name).read_text(), "here")
