"""Guessers wait longer and longer; nobody else does, and memory has an end."""

from zhuomai_appliance.flows.throttle import (
    FIRST_WAIT_SECONDS,
    FORGET_SECONDS,
    FREE_TRIES,
    FREE_TRIES_OF_DEVICE,
    FREE_TRIES_OF_NAME,
    LONGEST_WAIT_SECONDS,
    Device,
    Throttle,
)

PHONE, LAPTOP = Device("phone", is_one=True), Device("laptop", is_one=True)
CROWD = Device("nas:1:", is_one=False)


def test_free_tries_then_doubling_waits() -> None:
    """Five tries are free; then 10, 20, 40 .. seconds, five minutes at most."""
    throttle, now, waits = Throttle(), 0.0, []
    for _ in range(FREE_TRIES + 8):
        wait = throttle.failed("zhang", PHONE, now)
        waits.append(wait)
        assert throttle.wait_seconds("zhang", PHONE, now) == wait
        now += wait
    assert waits[: FREE_TRIES - 1] == [0] * (FREE_TRIES - 1)
    after = waits[FREE_TRIES - 1 :]
    assert [wait - 1 for wait in after[:4]] == [FIRST_WAIT_SECONDS * 2**i for i in range(4)]
    assert after[-1] - 1 == LONGEST_WAIT_SECONDS


def test_the_owners_device_is_not_stopped() -> None:
    """What one device guesses does not slow another device of the same name."""
    throttle = Throttle()
    for _ in range(50):
        throttle.failed("zhang", PHONE, 0.0)
    assert throttle.wait_seconds("zhang", PHONE, 0.0) > 0
    assert throttle.wait_seconds("zhang", LAPTOP, 0.0) == 0


def test_one_device_with_many_names() -> None:
    """Twenty wrong names of one device slow it for every name; a crowd behind one controller is not one device."""
    throttle = Throttle()
    for i in range(FREE_TRIES_OF_DEVICE):
        throttle.failed(f"name{i}", PHONE, 0.0)
        throttle.failed(f"name{i}", CROWD, 0.0)
    assert throttle.wait_seconds("zhang", PHONE, 0.0) > 0
    assert throttle.wait_seconds("zhang", CROWD, 0.0) == 0


def test_success_and_time_forget() -> None:
    """The right password forgets the pair's failures; a quarter of an hour forgets any."""
    throttle = Throttle()
    for _ in range(FREE_TRIES - 1):
        throttle.failed("zhang", PHONE, 0.0)
        throttle.failed("li", LAPTOP, 0.0)
    throttle.succeeded("zhang", PHONE)
    assert throttle.failed("zhang", PHONE, 0.0) == 0
    assert throttle.failed("li", LAPTOP, FORGET_SECONDS + 1.0) == 0
    assert throttle.failed("li", LAPTOP, FORGET_SECONDS + 2.0) == 0


def test_memory_is_bounded() -> None:
    """However many names are tried, only the newest are remembered."""
    throttle = Throttle(limit=10)
    for i in range(1000):
        for _ in range(FREE_TRIES):
            throttle.failed(f"name{i}", CROWD, 0.0)
    remembered = [i for i in range(1000) if throttle.wait_seconds(f"name{i}", CROWD, 0.0)]
    assert remembered == list(range(995, 1000))


def test_name_guessed_at_from_ever_new_devices() -> None:
    """Fifty wrong tries of one name from fifty devices slow the next stranger, not the owner's devices, not other names."""
    throttle = Throttle()
    throttle.succeeded("zhang", LAPTOP)
    for number in range(FREE_TRIES_OF_NAME):
        device = Device(f"forged{number}", is_one=True)
        assert (
            throttle.wait_seconds("zhang", device, 0.0)
            == throttle.stranger_wait_seconds("zhang", device, 0.0)
            == 0
        )
        throttle.failed("zhang", device, 0.0)
    assert throttle.stranger_wait_seconds("zhang", PHONE, 0.0) > 0
    assert throttle.stranger_wait_seconds("zhang", LAPTOP, 0.0) == 0
    assert throttle.stranger_wait_seconds("li", PHONE, 0.0) == 0
    assert throttle.stranger_wait_seconds("zhang", PHONE, LONGEST_WAIT_SECONDS + 1.0) == 0


def test_owners_remembered_are_bounded() -> None:
    """Whoever came lately is still known when many others came."""
    throttle = Throttle(limit=100)
    for number in range(1000):
        throttle.succeeded(f"name{number}", PHONE)
    assert len(throttle._own) + len(throttle._own_before) <= 200
    for _ in range(FREE_TRIES_OF_NAME):
        throttle.failed("name999", LAPTOP, 0.0)
    assert throttle.stranger_wait_seconds("name999", PHONE, 0.0) == 0
    assert throttle.stranger_wait_seconds("name999", LAPTOP, 0.0) > 0
