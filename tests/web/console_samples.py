"""Invented data for the console."""

from __future__ import annotations

from tests.web.invented import DAY, GB, HOSTILE, MIDNIGHT, NOW, is_zh, person
from zhuomai_appliance.model.access import Reason
from zhuomai_appliance.model.people import BindingKind
from zhuomai_appliance.web.admin import labels, lists, sentences, views
from zhuomai_appliance.web.admin.payment_views import Bill, Change, OfferLine, PayView
from zhuomai_appliance.web.admin.views import Badge, Choice, Mark, Pager
from zhuomai_appliance.web.formats import Formatter
from zhuomai_appliance.web.reasons import REASONS, told


def points_view(day: int, until: int) -> tuple[views.Point, ...]:
    shape = (21, 15, 11, 9, 8, 8, 10, 14, 25, 41, 52, 58, 55, 50, 48, 49, 45, 36, 33, 47, 74, 93, 82, 51)
    found = []
    for step in range(24 * 4):
        at = day + step * 900
        if at <= until:
            hour, quarter = divmod(step, 4)
            here, there = shape[hour], shape[(hour + 1) % 24]
            found.append(
                views.Point(at, (here * (4 - quarter) + there * quarter) * (25 if day == MIDNIGHT else 22))
            )
    return tuple(found)


def dashboard_view(f: Formatter, hostile: bool, empty: bool = False) -> object:
    w = f.words.text
    if empty:
        figures = sentences.dashboard_figures(f, people=0, devices=0, income_fen=0, expiring=0, refused=0)
        return views.DashboardView(figures, (), (), (), (), (), "/admin/online", "/admin/attempts")
    figures = sentences.dashboard_figures(
        f, people=9182, devices=11406, income_fen=1246000, expiring=1284, refused=304
    )
    ranked = tuple(
        views.Ranked(told(reason, f.words, {"n": 3, "t": "11-21"})[0], count, "/admin/attempts")
        for reason, count in (
            (Reason.BAD_CREDENTIALS, 126),
            (Reason.EXPIRED, 88),
            (Reason.TOO_MANY_SESSIONS, 54),
            (Reason.DATA_USED_UP, 27),
            (Reason.ACCOUNT_LOCKED, 9),
        )
    )
    ac = HOSTILE[1] if hostile else "图书馆AC" if is_zh(f) else "Library AC"
    text = "已12分钟没有上报计费" if is_zh(f) else "no accounting for 12 minutes"
    more = (
        "影响318名在线用户。已有会话照常上网，不重复扣费。"
        if is_zh(f)
        else "318 users touched; nothing is charged twice."
    )
    troubles = (
        views.Trouble(
            f"{ac} {text}" if not is_zh(f) or hostile else ac + text,
            more,
            "/admin/online",
            w("Open the list"),
            sentences.nas_badge(f.words, silent=True, ever=True),
        ),
        views.Trouble(
            "备份已3天没有成功" if is_zh(f) else "No backup for 3 days",
            "磁盘写满时会先停备份。" if is_zh(f) else "A full disk stops backups first.",
        ),
    )
    nas = (
        views.NasLine(
            "东校区AC-1" if is_zh(f) else "East AC-1",
            5214,
            NOW - 40,
            sentences.nas_badge(f.words, silent=False, ever=True),
        ),
        views.NasLine(ac, 318, NOW - 720, sentences.nas_badge(f.words, silent=True, ever=True)),
    )
    return views.DashboardView(
        figures,
        points_view(MIDNIGHT, NOW),
        points_view(MIDNIGHT - DAY, NOW),
        ranked,
        troubles,
        nas,
        "/admin/online",
        "/admin/attempts",
    )


def users_view(f: Formatter, hostile: bool, empty: str = "") -> object:
    w = f.words.text
    normal, locked, stopped = (
        Badge(Mark.OK, w("Normal")),
        Badge(Mark.DANGER, w("Locked")),
        Badge(Mark.IDLE, w("Suspended")),
    )
    rows = tuple(
        lists.UserLine(
            url=f"/admin/users/{n}",
            username=HOSTILE[n % 4] if hostile else f"20231{10418 + 2212 * n}",
            full_name=person(f, n, hostile),
            group=("本科 / 2023级 / 计算机" if is_zh(f) else "Undergraduate / 2023 / CS") if n % 3 else "",
            plan="包月8M" if is_zh(f) else "Monthly 8M",
            badge=locked if n == 5 else stopped if n == 4 else normal,
            ends_at=MIDNIGHT + (n // 2 + 1) * DAY if n != 6 else None,
            octets_left=int(12.4 * GB * n),
            unlimited=n == 3,
            balance_fen=320 * n,
            online=n % 3,
            last_seen_at=NOW - 3600 * 7 * n if n else None,
        )
        for n in range(12)
    )
    chips = (
        Choice("", w("All"), 48216),
        Choice("soon", w("Expire in 7 days"), 1284),
        Choice("expired", w("Expired"), 3907),
        Choice("suspended", w("Suspended"), 612),
        Choice("locked", w("Locked"), 38),
        Choice("online", w("Online"), 9182),
    )
    question = HOSTILE[0] if hostile else "张雨桐" if empty == "none" else ""
    return lists.UsersView(
        rows=() if empty else rows,
        views=chips,
        view="soon" if not empty else "",
        q=question,
        groups=(Choice("3", "本科" if is_zh(f) else "Undergraduate"),),
        group="",
        plans=(Choice("2", "包月8M" if is_zh(f) else "Monthly 8M"),),
        plan="",
        sort="ends",
        pager=Pager(1, 50, 1284, next_url="/admin/users?page=2"),
        searching=empty == "search",
    )


def sessions_view(f: Formatter, hostile: bool, n: int) -> lists.SessionLine:
    places = (
        (("图书馆", "AP-L2-04"), ("6号楼4层", "AP-E6-4-02"))
        if is_zh(f)
        else (("Library", "AP-L2-04"), ("Bldg 6", "AP-E6"))
    )
    kinds = ("Portal", "PPPoE", "802.1X")
    return lists.SessionLine(
        id=n + 1,
        user_url=f"/admin/users/{n}" if n != 6 else "",
        username=HOSTILE[(n + 1) % 4] if hostile else f"20231{12630 + 171 * n}",
        full_name=person(f, n, hostile) if n != 6 else "",
        access=kinds[n % 3],
        place=places[n % 2][0] if not hostile else HOSTILE[n % 4],
        place_note=places[n % 2][1],
        mac=f"A4:83:E7:60:1B:{n:02X}",
        ip=f"10.20.80.{77 + n}",
        started_at=NOW - 2 * 3600 * n - 120,
        stopped_at=None if n % 2 == 0 else NOW - 3600 * n,
        seconds=2 * 3600 * n + 120,
        output_octets=int(38.42 * GB / (n + 1)),
        input_octets=int(2.1 * GB / (n + 1)),
        plan="包月8M" if is_zh(f) else "Monthly 8M",
        suspect=n == 5,
        cause="" if n % 2 == 0 else "User-Request",
        kick_url=f"/admin/online?confirm={n + 1}#s{n + 1}" if n != 5 else "",
        kick_action=f"/admin/online/{n + 1}/disconnect",
        confirming=n == 1,
        cancel_url="/admin/online",
        kicked=n == 7,
    )


def user_view(f: Formatter, hostile: bool) -> object:
    w = f.words.text
    axis_from, axis_to = MIDNIGHT - 52 * DAY, MIDNIGHT + 101 * DAY

    def at(moment: int) -> float:
        return 100 * (moment - axis_from) / (axis_to - axis_from)

    def line(
        plan: str, note: str, badge: Badge, a: int, b: int, left: str, fen: int, bar: str
    ) -> lists.SubscriptionLine:
        start, end = MIDNIGHT + a * DAY, MIDNIGHT + b * DAY
        return lists.SubscriptionLine(
            HOSTILE[2] if hostile else plan,
            note,
            badge,
            start,
            end,
            left,
            fen,
            bar,
            at(start),
            at(end) - at(start),
        )

    used, queued, done = (
        Badge(Mark.OK, w("In use")),
        Badge(Mark.BRAND, w("Queued")),
        Badge(Mark.IDLE, w("Finished")),
    )
    month, pack = ("包月8M", "加油包20 GB") if is_zh(f) else ("Monthly 8M", "20 GB pack")
    v4 = sentences.version_note(f.words, 4)
    return lists.UserView(
        username="2023114205",
        full_name=person(f, 0, hostile),
        facts=("本科 / 2023级 / 计算机", "138****2071")
        if is_zh(f)
        else ("Undergraduate / 2023", "138****2071"),
        badges=(Badge(Mark.OK, w("Normal")), Badge(Mark.BRAND, w("%(n)s online", n=2))),
        can_go_online=True,
        verdict=sentences.verdict(f.words, can_go_online=True, why=""),
        verdict_detail="套餐有效，设备2/3，余额充足。"
        if is_zh(f)
        else "Plan valid, devices 2 of 3, balance fine.",
        subscriptions=(
            line(month, v4, done, -45, -14, "", 3000, "done"),
            line(
                month,
                v4,
                used,
                -14,
                16,
                "还剩15天，42.6 / 100 GB" if is_zh(f) else "15 days, 42.6 of 100 GB left",
                3000,
                "active",
            ),
            line(pack, v4, used, -7, 23, "余12.4 GB" if is_zh(f) else "12.4 GB left", 800, "pack"),
            line(month, v4, queued, 16, 47, "", 3000, "queued"),
        ),
        axis=lists.Axis(tuple((at(when), name) for when, name in f.months(axis_from + DAY, 5)), at(NOW)),
        sessions=(sessions_view(f, hostile, 0), sessions_view(f, hostile, 1)),
        balance_fen=4260,
        bonus_fen=1000,
        wallet_facts=sentences.wallet_facts(f, 17600),
        devices=(
            lists.BoundDevice("3A:5F:0C:91:7E:22", labels.binding_word(BindingKind.RANDOM, f.words), NOW),
            lists.BoundDevice("8C:16:45:D2:0A:9B", "", NOW - DAY),
        ),
        max_devices=3,
        events=(
            sentences.logged_in(f.words, NOW - 120, HOSTILE[0] if hostile else "Portal, AC-1"),
            sentences.paid(f.words, NOW - 40000, "¥138.00", month),
            sentences.refused(f.words, NOW - DAY, told(Reason.BAD_CREDENTIALS, f.words, {})[0], "A01"),
            sentences.session_ended(f.words, NOW - DAY - 3600, "2.6 GB"),
            sentences.changed(f.words, NOW - 2 * DAY, "zhou", "accounts.update"),
        ),
        show="",
        sessions_url="/admin/sessions?q=2023114205",
        attempts_url="/admin/attempts?q=2023114205",
        pay_url="/admin/users/1/pay",
        pay_label=w("Renew"),
        recharge_url="/admin/users/1/pay?what=recharge",
    )


def pay_view(f: Formatter, hostile: bool, problem: bool = False, recharging: bool = False) -> object:
    w = f.words.text
    here = "/admin/users/1/pay"
    plans = (("包月8M", 3000), ("包学期20M", 13800), ("加油包20 GB", 800), ("教职工", 0))
    if not is_zh(f):
        plans = (("Monthly 8M", 3000), ("Semester 20M", 13800), ("Data pack 20 GB", 800), ("Staff", 0))
    offers = tuple(
        OfferLine(
            f"{here}?version={n}",
            HOSTILE[n] if hostile else name,
            f.words.plural("%(n)s month", "%(n)s months", 1),
            fen,
            n == 1 and not recharging,
        )
        for n, (name, fen) in enumerate(plans)
    )
    into = OfferLine(f"{here}?what=recharge", w("Top up the wallet"), w("any amount"), None, recharging)
    sale = Bill(
        action=here,
        title=HOSTILE[1] if hostile else plans[1][0],
        due_fen=13800,
        moved=False,
        changes=(
            Change(w("This purchase"), f.span(MIDNIGHT + 15 * DAY, MIDNIGHT + 135 * DAY)),
            Change(
                w("Ends"),
                f.end_of_service(MIDNIGHT + 15 * DAY),
                f.end_of_service(MIDNIGHT + 135 * DAY),
                moved=problem,
            ),
            Change(w("Wallet"), f.yuan(14260)),
        ),
        hidden=(("key", "1-7K2M9"),),
        cash_label=w("Receive %(amount)s", amount=f.yuan(13800)),
        wallet_label=w("Pay %(amount)s from the wallet", amount=f.yuan(13800)),
        memo=HOSTILE[2] if hostile else "",
    )
    return PayView(
        username="2023114205",
        full_name=person(f, 3, hostile),
        person_url="/admin/users/1",
        badge=Badge(Mark.OK, w("Normal")),
        balance_fen=14260,
        offers=(*offers, into),
        recharging=recharging,
        amount="1.234" if recharging else "",
        amount_problem=w("Write the amount like 30 or 30.50, above zero.") if recharging else "",
        bill=None if recharging else sale,
        problem=w("The account has changed or the page is old. Please check the figures again.")
        if problem
        else "",
    )


def online_list_view(f: Formatter, hostile: bool, empty: bool = False) -> object:
    rows = () if empty else tuple(sessions_view(f, hostile, n) for n in range(8))
    return lists.OnlineView(
        figures=sentences.online_figures(
            f,
            people=9182 if rows else 0,
            devices=11406 if rows else 0,
            output_octets=6420 * GB if rows else 0,
            input_octets=1180 * GB if rows else 0,
            suspects=7 if rows else 0,
        ),
        rows=rows,
        q="",
        nases=(Choice("1", "AC-1"), Choice("2", "AC-2")),
        nas="",
        kinds=(Choice("portal", "Portal"), Choice("pppoe", "PPPoE")),
        kind="",
        suspect_only=False,
        suspects=7 if rows else 0,
        pager=Pager(1, 50, 11406, next_url="/admin/online?page=2"),
        at=NOW,
    )


def session_log_view(f: Formatter, hostile: bool, empty: bool = False) -> object:
    rows = () if empty else tuple(sessions_view(f, hostile, n) for n in range(10))
    return lists.SessionsView(
        rows,
        "",
        (Choice("1", "AC-1"),),
        "",
        "",
        "",
        "",
        Pager(1, 50, 128400, next_url="?after=9", about=True),
    )


def attempts_view(f: Formatter, hostile: bool, empty: bool = False) -> object:
    reasons = (Reason.BAD_CREDENTIALS, Reason.EXPIRED, Reason.TOO_MANY_SESSIONS, Reason.UNKNOWN_USER)
    rows = tuple(
        lists.AttemptLine(
            at=NOW - 37 * n,
            username=HOSTILE[n % 4] if hostile else f"20231{12630 + 171 * n}",
            user_url="/admin/users/1" if n % 4 != 3 else "",
            full_name=person(f, n, hostile) if n % 4 != 3 else "",
            accepted=n % 3 == 0,
            code="" if n % 3 == 0 else REASONS[reasons[n % 4]].code,
            reason=""
            if n % 3 == 0
            else told(reasons[n % 4], f.words, {"n": 3, "t": f.long_day(NOW - DAY)})[0],
            detail=HOSTILE[1] if hostile else "",
            access="Portal",
            nas="AC-1",
            mac="A4:83:E7:60:1B:0C",
            ip="10.20.80.77",
            lookup="" if n % 3 == 0 else "7K2M9",
        )
        for n in range(10)
    )
    codes = tuple(
        Choice(text.code, f"{text.code} {f.words.text(text.title)}")
        for text in REASONS.values()
        if "%" not in text.title
    )
    return lists.AttemptsView(
        () if empty else rows, "", "", codes, "", Pager(1, 10, None, next_url="?after=9")
    )


def audit_view(f: Formatter, hostile: bool, empty: bool = False) -> object:
    rows = tuple(
        lists.AuditLine(
            at=NOW - 600 * n,
            who=HOSTILE[n % 4] if hostile else "zhou",
            action=("sessions.disconnect", "operator.login", "apply")[n % 3],
            subject="20231126" + str(30 + n),
            detail=HOSTILE[1] if hostile else "A4:83:E7:60:1B:0C",
            source="10.1.0.7",
            number=4120 - n,
        )
        for n in range(8)
    )
    chain = sentences.chain_badge(f.words, holds=True)
    return lists.AuditView(() if empty else rows, "", (Choice("zhou", "zhou"),), "", chain, Pager(1, 8, 4120))


def error_view(f: Formatter, hostile: bool, status: int = 404) -> object:
    return sentences.error_view(status, f.words, "E-7K2M9" if status == 500 else "")
