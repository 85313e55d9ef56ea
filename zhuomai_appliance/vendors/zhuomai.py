"""ZhuoMai BAS: the standard attributes and, for rates, the dialect that its entry chooses.

No document of the device's attributes is public (vendor notes §8), so the `dialect` quirk names one that it is set to:
`wispr` (the default), `huawei-bras` or `mikrotik`. Its technicians know which.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from zhuomai_appliance.vendors.huawei_bras import HUAWEI_BRAS
from zhuomai_appliance.vendors.mikrotik import MIKROTIK
from zhuomai_appliance.vendors.profile import Limit
from zhuomai_appliance.vendors.standard import STANDARD

_LIMITS: Final = frozenset({Limit.NUMBERS_UNSETTLED, Limit.IDENTITY_UNSETTLED})

ZHUOMAI: Final = replace(STANDARD, name="ZhuoMai BAS", limits=_LIMITS)

ZHUOMAI_DIALECTS: Final = {
    "wispr": ZHUOMAI,
    "huawei-bras": replace(
        HUAWEI_BRAS, name="ZhuoMai BAS, as Huawei BRAS", limits=HUAWEI_BRAS.limits | _LIMITS
    ),
    "mikrotik": replace(MIKROTIK, name="ZhuoMai BAS, as RouterOS", limits=MIKROTIK.limits | _LIMITS),
}
"""What the `dialect` quirk may name."""
