"""Signs of life, user lists, and the notices of a device."""

from __future__ import annotations

import pytest

from tests.portal.vectors import read_vectors
from zhuomai_appliance.portal.heartbeat import (
    Notice,
    NoticeDesk,
    NoticeTerms,
    listed_users,
    sign_of_life,
    user_lists,
)
from zhuomai_appliance.portal.packet import (
    AttributeKind,
    Kind,
    decode,
    encode_request,
    is_authentic_answer,
    is_authentic_request,
)

VECTORS = read_vectors()
KEY = b"zhuomai-portal"
TERMS = NoticeTerms(KEY, bas_ip="10.1.1.2")
FORCED_OFF = VECTORS["ntf-logout"].datagram


def notice(
    kind: Kind = Kind.NTF_LOGOUT,
    *,
    key: bytes = KEY,
    version: int = 2,
    user_ip: str = "10.9.0.7",
    error_code: int = 0,
    attributes: tuple[tuple[int, bytes], ...] = (),
) -> bytes:
    return encode_request(
        kind,
        version=version,
        key=key,
        serial=9,
        user_ip=user_ip,
        error_code=error_code,
        attributes=attributes,
    )


def test_signs_of_life_write_the_vectors() -> None:
    """Both vendors' heartbeats are the computed vectors, without attributes."""
    for name in ("status-notify", "ntf-heartbeat"):
        vector = VECTORS[name]
        assert sign_of_life(vector.kind, version=2, key=KEY, serial=vector.serial) == vector.datagram


def test_user_list_writes_the_vector() -> None:
    """Three users in one USER_SYN are the computed vector, and the answer names the one who is gone."""
    users = ("10.9.0.7", "10.9.0.8", "10.9.0.9")
    assert user_lists(users, version=2, key=KEY, serials=(0x303D,)) == (VECTORS["user-syn"].datagram,)
    assert listed_users(decode(VECTORS["ack-user-syn"].datagram)) == ("10.9.0.9",)


def test_many_users_are_spread_over_datagrams() -> None:
    """63 addresses fit one datagram; none is lost or named twice; too few SerialNos are the caller's mistake."""
    users = tuple(f"10.9.{number // 250}.{number % 250 + 1}" for number in range(130))
    datagrams = user_lists(users, version=2, key=KEY, serials=(1, 2, 3), bas_ip="10.1.1.2")
    packets = [decode(datagram) for datagram in datagrams]
    assert [len(listed_users(packet)) for packet in packets] == [63, 63, 4]
    assert sum((listed_users(packet) for packet in packets), ()) == users
    assert all(is_authentic_request(packet, KEY) for packet in packets)
    with pytest.raises(ValueError, match="zip"):
        user_lists(users, version=2, key=KEY, serials=(1, 2))


def test_a_broken_user_list_is_read_as_far_as_it_goes() -> None:
    """Octets that make no whole address are left out."""
    packet = decode(notice(Kind.USER_SYN, attributes=((AttributeKind.USER_LIST, b"\x0a\x09\x00\x07\x0a"),)))
    assert listed_users(packet) == ("10.9.0.7",)


def test_forced_logout_writes_the_vector_and_is_news_once() -> None:
    """NTF_LOGOUT is answered by the computed vector; its repeat draws the same octets and is no news."""
    desk = NoticeDesk()
    heard = desk.hear("ac1", FORCED_OFF, TERMS, 0)
    assert heard.answer == VECTORS["ack-ntf-logout"].datagram
    assert heard.notice == Notice(Kind.NTF_LOGOUT, "10.9.0.7", "02:00:00:00:00:a7", 0, "idle timeout", "")
    again = desk.hear("ac1", FORCED_OFF, TERMS, 5)
    assert (again.answer, again.notice) == (heard.answer, None)
    elsewhere = desk.hear("ac2", FORCED_OFF, TERMS, 5)
    assert elsewhere.notice == heard.notice


def test_answer_over_zeros_where_a_device_wants_it() -> None:
    """The per-device switch signs ACK_NTF_LOGOUT over zeros; both formulas name the same user and SerialNo."""
    terms = NoticeTerms(KEY, zero_formula=True)
    answer = decode(NoticeDesk().hear("ac1", FORCED_OFF, terms, 0).answer or b"")
    assert (answer.kind, answer.serial, answer.req_id) == (Kind.ACK_NTF_LOGOUT, 1, 0x1F42)
    assert is_authentic_request(answer, KEY)
    assert not is_authentic_answer(answer, KEY, FORCED_OFF[16:32])


@pytest.mark.parametrize("user_ip", ["0.0.0.0", "254.254.254.254"])
def test_probe_is_answered_and_is_no_news(user_ip: str) -> None:
    """A notice about no user only asks whether we live: unanswered, the device would declare us dead."""
    heard = NoticeDesk().hear("ac1", notice(user_ip=user_ip), TERMS, 0)
    assert heard.answer is not None
    assert heard.notice is None


@pytest.mark.parametrize(
    ("datagram", "refused"),
    [
        (b"noise", "malformed"),
        (notice(key=b"guess"), "authenticator"),
        (notice(version=1), "version"),
        (notice(Kind.REQ_AUTH), "unexpected kind"),
    ],
)
def test_refused_is_neither_answered_nor_news(datagram: bytes, refused: str) -> None:
    """A forged notice must not close a session; the reason is there to be counted."""
    heard = NoticeDesk().hear("ac1", datagram, TERMS, 0)
    assert (heard.answer, heard.notice, heard.refused) == (None, None, refused)


def test_version_1_is_taken_where_the_device_is_set_to_it() -> None:
    """A device of version 1 has no authenticator; its notice is answered in version 1."""
    heard = NoticeDesk().hear("ac1", notice(version=1), NoticeTerms(b"", version=1), 0)
    assert decode(heard.answer or b"").version == 1
    assert heard.notice is not None


def test_words_for_the_user_are_confirmed() -> None:
    """NTF_USER_NOTIFY (a balance reminder) is confirmed with 0x14 and its words are passed on."""
    words = ((AttributeKind.USER_NOTIFY, "余额只剩 3 元".encode()),)
    heard = NoticeDesk().hear("ac1", notice(Kind.NTF_USER_NOTIFY, attributes=words), TERMS, 0)
    assert decode(heard.answer or b"").kind is Kind.AFF_NTF_USER_NOTIFY
    assert heard.notice is not None
    assert heard.notice.text == "余额只剩 3 元"


def test_the_same_octets_are_news_again_after_a_while() -> None:
    """A device that restarted may use the same SerialNo for the same user: after 30 s that is another event."""
    desk = NoticeDesk()
    desk.hear("ac1", FORCED_OFF, TERMS, 0)
    assert desk.hear("ac1", FORCED_OFF, TERMS, 29.9).notice is None
    assert desk.hear("ac1", FORCED_OFF, TERMS, 30).notice is not None


def test_a_flood_forgets_the_oldest() -> None:
    """Memory is bounded: beyond the capacity the oldest notice is forgotten, and a repeat of it is news again."""
    desk = NoticeDesk(capacity=2)
    for device in ("ac1", "ac2", "ac3"):
        desk.hear(device, FORCED_OFF, TERMS, 0)
    assert desk.hear("ac3", FORCED_OFF, TERMS, 1).notice is None
    assert desk.hear("ac1", FORCED_OFF, TERMS, 1).notice is not None
