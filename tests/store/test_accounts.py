"""Names that open an account, and what of a person is sealed."""

from twisted.trial.unittest import SynchronousTestCase

from tests.flows.school import School
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.store import accounts


class NameTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.school = School()
        self.account_id = self.school.person(person=accounts.PersonData(phone="13800000001"))

    def opens(self, name: str) -> AccountId | None:
        login = accounts.find_login(self.school.store.reader, self.school.project, name)
        return None if login is None else login.account.id

    def put(self, account_id: AccountId, **data: str) -> None:
        person = accounts.PersonData(**data)
        self.school.write(
            lambda tx: accounts.set_person_data(
                tx, self.school.vault, self.school.project, account_id, person
            )
        )

    def test_number_that_was_given_up_opens_nothing(self) -> None:
        """A new phone is a login name and the former one is none; whoever gets that number next may have it."""
        self.put(self.account_id, phone="13900000002")
        self.assertEqual(self.opens("13900000002"), self.account_id)
        self.assertIsNone(self.opens("13800000001"))
        other = self.school.person("20260002", person=accounts.PersonData(phone="13800000001"))
        self.assertEqual(self.opens("13800000001"), other)

    def test_no_number_leaves_the_other_names(self) -> None:
        """Taking the phone away takes its name away and no other."""
        self.put(self.account_id)
        self.assertIsNone(self.opens("13800000001"))
        self.assertEqual(self.opens("20260001"), self.account_id)

    def test_the_same_number_again(self) -> None:
        """Writing what is there already changes nothing."""
        self.put(self.account_id, phone="13800000001")
        self.assertEqual(self.opens("１３８00000001 "), self.account_id)

    def test_number_of_somebody_else(self) -> None:
        """Two accounts cannot log in by one number."""
        other = self.school.person("20260002")
        with self.assertRaises(accounts.NameTaken):
            self.put(other, phone="13800000001")
        self.assertEqual(self.opens("13800000001"), self.account_id)

    def test_sealed_value_opens_for_its_own_row_only(self) -> None:
        """A sealed phone copied to another account does not open there."""
        other = self.school.person("20260002")
        self.school.sql(
            "UPDATE account SET phone_sealed = (SELECT phone_sealed FROM account WHERE id = 1) WHERE id = 2"
        )
        with self.assertRaises(Exception) as caught:
            accounts.person_data(self.school.store.reader, self.school.vault, other)
        self.assertEqual(type(caught.exception).__name__, "SealBroken")
