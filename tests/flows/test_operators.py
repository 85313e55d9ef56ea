"""Operators log in with what they know, nobody learns who exists, and every try is in the audit."""

import json
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from zhuomai_appliance.entropy import SeededEntropy
from zhuomai_appliance.flows.operators import Actor, LoggedIn, LoginRefused, OperatorRefused, Operators
from zhuomai_appliance.model.people import Permission
from zhuomai_appliance.store import journal, operators
from zhuomai_appliance.store.digests import Digester, check_digest, make_digest, run_at_once
from zhuomai_appliance.store.inline import InlineStore
from zhuomai_appliance.store.sql import Query

ACTOR = Actor("console", "127.0.0.1")
AUDIT = Query.of("t", "SELECT action, actor, result, after FROM audit ORDER BY id")


class QuickDigester(Digester):
    """Argon2id costs 60 ms a try; here the digest is the password reversed, and every check is counted."""

    def __init__(self) -> None:
        super().__init__(SeededEntropy(), run_at_once)
        self.checks = 0

    def make(self, password: str) -> Deferred[str]:
        return run_at_once(lambda: password[::-1])

    def check(self, digest: str | None, password: str) -> Deferred[bool]:
        self.checks += 1
        return run_at_once(lambda: digest == password[::-1])


class OperatorTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.store = InlineStore()
        self.store.write(operators.seed_roles)
        self.digester = QuickDigester()
        self.flow = Operators(self.store, SeededEntropy(), self.digester)
        self.run_flow(self.flow.create(ACTOR, "boss", "admin", "a good password", 100))

    def run_flow(self, coroutine: Any) -> Any:
        return self.successResultOf(Deferred.fromCoroutine(coroutine))

    def login(
        self, name: str = "boss", password: str = "a good password", at: int = 1000, address: str = "10.0.0.1"
    ) -> LoggedIn | LoginRefused:
        result: LoggedIn | LoginRefused = self.run_flow(self.flow.login(name, password, address, at))
        return result

    def audit(self) -> list[tuple[str, str, str]]:
        return [(action, actor, result) for action, actor, result, _ in self.store.reader.all(AUDIT)]

    def test_right_password_opens_a_session(self) -> None:
        """The token of a login finds its session and operator; the store holds only the token's digest."""
        got = self.login()
        assert isinstance(got, LoggedIn)
        session = self.flow.session(got.token, 1001)
        assert session is not None
        self.assertEqual((session.operator.name, session.csrf_token), ("boss", got.csrf_token))
        rows = self.store.reader.all(Query.of("t", "SELECT * FROM operator_session"))
        self.assertNotIn(got.token, str(rows))
        self.assertIsNone(self.flow.session(got.token + "x", 1001))

    def test_session_ends_when_idle_and_in_any_case(self) -> None:
        """30 minutes without use or 12 hours in all end a session; use within them keeps it."""
        got = self.login(at=0)
        assert isinstance(got, LoggedIn)
        for at in range(1700, 12 * 3600, 1700):
            self.assertIsNotNone(self.flow.session(got.token, at))
        self.assertIsNone(self.flow.session(got.token, 12 * 3600))
        idle = self.login(at=50_000)
        assert isinstance(idle, LoggedIn)
        self.assertIsNone(self.flow.session(idle.token, 51_800))

    def test_logout_and_new_password_end_sessions(self) -> None:
        """A session is dead after logout, and all of an operator's are after his password changed."""
        first, second = self.login(), self.login()
        assert isinstance(first, LoggedIn)
        assert isinstance(second, LoggedIn)
        self.run_flow(self.flow.logout(first.token, 1001))
        self.assertIsNone(self.flow.session(first.token, 1001))
        self.assertIsNotNone(self.flow.session(second.token, 1001))
        self.run_flow(self.flow.reset_password(ACTOR, "boss", "another password", 1002))
        self.assertIsNone(self.flow.session(second.token, 1002))
        self.assertIsInstance(self.login(password="another password"), LoggedIn)

    def test_unknown_name_gets_the_same_answer_and_the_same_work(self) -> None:
        """Wrong name, wrong password and disabled operator differ in nothing a visitor can see."""
        boss = operators.by_name(self.store.reader, "boss")
        assert boss is not None
        answers = [self.login(name="nobody"), self.login(password="wrong")]
        self.store.write(lambda tx: operators.set_role(tx, boss.id, "admin", [], disabled=True))
        answers.append(self.login())
        self.assertEqual(answers, [LoginRefused()] * 3)
        self.assertEqual(self.digester.checks, 3)

    def test_failures_are_delayed_without_work_and_without_locking_the_owner(self) -> None:
        """After three failures an address waits, longer each time; the operator elsewhere is let in."""
        for at in range(4):
            self.login(password="wrong", at=1000 + at)
        refused = self.login(at=1003)
        assert isinstance(refused, LoginRefused)
        self.assertGreater(refused.wait_seconds, 0)
        self.assertEqual(self.digester.checks, 4)
        self.assertIsInstance(self.login(at=1003, address="10.0.0.2"), LoggedIn)
        self.assertIsInstance(self.login(at=1003 + refused.wait_seconds), LoggedIn)

    def test_a_clock_set_back_locks_nobody_out(self) -> None:
        """A delay of seconds does not become one of a day."""
        for _ in range(4):
            self.login(password="x", at=100_000)
        self.assertIsInstance(self.login(at=100_000 - 86_400), LoggedIn)

    def test_delay_doubles_up_to_a_quarter_of_an_hour(self) -> None:
        """However long somebody goes on, he waits 900 seconds at most."""
        at, waits = 1000, []
        for _ in range(40):
            got = self.login(password="wrong", at=at)
            assert isinstance(got, LoginRefused)
            if got.wait_seconds:
                waits.append(got.wait_seconds)
                at += got.wait_seconds
        self.assertEqual(waits[:5], [2, 4, 8, 16, 32])
        self.assertEqual(max(waits), 900)
        self.assertEqual(waits[-1], 900)

    def test_one_good_password_does_not_clear_an_address(self) -> None:
        """From one address a known account cannot be used to guess others without delay."""
        refused = 0
        for count in range(60):
            got = self.login(name=f"other{count}", password="wrong", at=1000)
            refused += isinstance(got, LoginRefused) and got.wait_seconds > 0
            self.login(at=1000)
        self.assertGreater(refused, 30)

    def test_every_try_is_in_the_audit_once(self) -> None:
        """Success, failure and the first refusal of each delay are audited, in an unbroken chain."""
        self.login()
        for _ in range(4):
            self.login(password="wrong")
        for _ in range(5):
            self.login()
        self.assertEqual(
            self.audit()[1:],
            [("operator.login", "boss", "ok")]
            + [("operator.login", "boss", "failed")] * 4
            + [("operator.login", "boss", "refused: too many failures")],
        )
        self.assertEqual(list(journal.broken_audit_rows(self.store.reader)), [])

    def test_name_with_a_lone_surrogate_is_refused_and_audited(self) -> None:
        """What is no text in any encoding neither breaks the page nor the audit."""
        self.assertEqual(self.login(name="bo\ud800ss", password="\ud800"), LoginRefused())
        self.assertEqual(self.audit()[-1][2], "failed")

    def test_token_is_cut_down_to_its_scopes(self) -> None:
        """A bearer may do what its scopes say and never more; one without scopes all that its operator may."""
        narrow = self.run_flow(
            self.flow.mint_token(ACTOR, "boss", [Permission.SESSIONS_READ], 1000, "screen")
        )
        wide = self.run_flow(self.flow.mint_token(ACTOR, "boss", [], 1000))
        limited = self.flow.bearer(narrow, 1001)
        assert limited is not None
        self.assertEqual(limited.permissions, {Permission.SESSIONS_READ})
        everything = self.flow.bearer(wide, 1001)
        assert everything is not None
        self.assertTrue(everything.may(Permission.OPERATORS_WRITE))
        self.assertIsNone(self.flow.bearer(narrow[:-1] + "?", 1001))
        after = json.loads(self.store.reader.all(AUDIT)[-2][3])
        self.assertEqual(after["scopes"], ["sessions.read"])
        self.assertNotIn(narrow, str(self.store.reader.all(AUDIT)))

    def test_scope_of_a_newer_release_gives_nothing(self) -> None:
        """A token whose only scope is a word we do not know may do nothing, not everything."""
        token = self.run_flow(self.flow.mint_token(ACTOR, "boss", [Permission.SESSIONS_READ], 1000))
        self.store.write(lambda tx: tx.run(Query.of("t", "UPDATE api_token SET scopes = '[\"later.word\"]'")))
        limited = self.flow.bearer(token, 1001)
        assert limited is not None
        self.assertEqual(limited.permissions, frozenset())

    def test_nobody_passes_on_more_than_he_may(self) -> None:
        """A cashier's token cannot hold what a cashier may not do."""
        self.run_flow(self.flow.create(ACTOR, "till", "cashier", "a good password", 100))
        failure = self.failureResultOf(
            Deferred.fromCoroutine(self.flow.mint_token(ACTOR, "till", [Permission.OPERATORS_WRITE], 1000)),
            OperatorRefused,
        )
        self.assertIn("operators.write", failure.getErrorMessage())

    def test_unfit_operators_are_refused_with_a_sentence(self) -> None:
        """A taken name, an unknown role and a short password are told, and nothing is stored."""
        for name, role, password, says in [
            ("boss", "admin", "a good password", "already"),
            ("b", "king", "a good password", "cashier"),
            ("b", "admin", "short", "8 to 128"),
            (" b", "admin", "a good password", "blanks"),
        ]:
            failure = self.failureResultOf(
                Deferred.fromCoroutine(self.flow.create(ACTOR, name, role, password, 1)), OperatorRefused
            )
            self.assertIn(says, failure.getErrorMessage())
        self.assertEqual([one.name for one in operators.operators(self.store.reader)], ["boss"])


class DigestTests(SynchronousTestCase):
    def test_digest_is_argon2id_with_the_promised_cost(self) -> None:
        """46 MiB, one pass, one lane; the right password passes, any other does not, garbage never does."""
        digest = make_digest("密码 password", b"s" * 16)
        self.assertTrue(digest.startswith("$argon2id$v=19$m=47104,t=1,p=1$"))
        self.assertTrue(check_digest(digest, "密码 password"))
        self.assertFalse(check_digest(digest, "密码 passwore"))
        self.assertFalse(check_digest("not a digest", "x"))
        self.assertFalse(check_digest(digest, "x" * 100_000))

    def test_unknown_name_costs_a_digest_too(self) -> None:
        """Checking against nobody's digest is a real check that fails."""
        digester = Digester(SeededEntropy(), run_at_once)
        self.assertFalse(self.successResultOf(digester.check(None, "x")))
        digest = self.successResultOf(digester.make("x"))
        self.assertTrue(self.successResultOf(digester.check(digest, "x")))
