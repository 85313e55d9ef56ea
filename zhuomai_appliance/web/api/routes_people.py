"""The operations on people: groups, and what the desk keeps about an account."""

from __future__ import annotations

from typing import Final

from zhuomai_appliance.model.people import Permission
from zhuomai_appliance.web.api import (
    batches,
    closings,
    groups,
    imports,
    items_access,
    items_files,
    items_people,
    items_refunds,
    merges,
    moves,
    person_files,
    projects,
    requests,
)
from zhuomai_appliance.web.api.calls import FileAnswer, Route
from zhuomai_appliance.web.api.items import ItemList

WITHIN_GROUPS: Final = frozenset(
    (
        "list_accounts", "create_account", "get_account", "change_account", "list_devices", "fix_device", "remove_device",
        "list_sessions", "get_session", "disconnect_session", "get_disconnect", "list_attempts", "list_orders",
        "create_order", "get_order", "list_subscriptions", "list_plans", "list_rates", "list_groups", "get_group",
        "close_account", "get_closing", "announce_closing", "withdraw_closing",
        "list_unbindings", "unbind_device", "list_names", "drop_name", "get_person_file", "add_note", "remove_note",
        "put_tags", "reveal_person", "set_verified",
    )
)  # fmt: skip
"""The operations that keep an operator who is bound to groups within them; to all others he gets no answer."""

ROUTES: Final = (
    Route(
        "get_group", "GET", "/groups/<int:group_id>", "Show one group with what it inherits",
        Permission.ACCOUNTS_READ, groups.get_group, groups.GroupDetail, query=requests.Nothing,
    ),
    Route(
        "create_group", "POST", "/groups", "Make a group", Permission.PLANS_WRITE,
        groups.create_group, groups.GroupDetail, body=groups.GroupBody, status=201, keyed=True,
    ),
    Route(
        "change_group", "PATCH", "/groups/<int:group_id>", "Change a group", Permission.PLANS_WRITE,
        groups.change_group, groups.GroupDetail, body=groups.GroupPatch,
    ),
    Route(
        "remove_group", "DELETE", "/groups/<int:group_id>", "Remove a group that nothing uses",
        Permission.PLANS_WRITE, groups.remove_group, items_access.Done,
    ),
    Route(
        "close_account", "POST", "/accounts/<int:account_id>/close", "Close an account with settlement",
        Permission.ACCOUNTS_WRITE, closings.close_account, items_people.CloseShown, body=items_people.CloseBody,
        keyed=True,
    ),
    Route(
        "get_closing", "GET", "/accounts/<int:account_id>/closing", "Show whether an account is closed or will be",
        Permission.ACCOUNTS_READ, closings.get_closing, items_people.ClosingItem, query=requests.Nothing,
    ),
    Route(
        "announce_closing", "PUT", "/accounts/<int:account_id>/closing", "Announce that an account will be closed",
        Permission.ACCOUNTS_WRITE, closings.announce_closing, items_people.ClosingItem,
        body=items_people.AnnounceBody,
    ),
    Route(
        "withdraw_closing", "DELETE", "/accounts/<int:account_id>/closing", "Take an announced closing back",
        Permission.ACCOUNTS_WRITE, closings.withdraw_closing, items_people.ClosingItem,
    ),
    Route(
        "get_hold", "GET", "/closing-settings", "Show how long names of closed accounts stay taken",
        Permission.ACCOUNTS_READ, closings.get_hold, items_people.HoldItem, query=items_refunds.SettingsQuery,
    ),
    Route(
        "put_hold", "PUT", "/closing-settings", "Say how long names of closed accounts stay taken",
        Permission.PLANS_WRITE, closings.put_hold, items_people.HoldItem, body=items_people.HoldBody,
    ),
    Route(
        "import_accounts", "POST", "/account-imports", "Take people from a CSV file or a spreadsheet",
        Permission.ACCOUNTS_WRITE, imports.import_accounts, items_people.ImportItem, query=items_people.ImportQuery,
        upload=imports.MOST_OCTETS,
    ),
    Route(
        "make_account_batch", "POST", "/account-batches", "Make accounts by a rule", Permission.ACCOUNTS_WRITE,
        batches.make_batch, items_people.BatchItem, body=items_people.BatchAsked, status=201,
    ),
    Route(
        "list_account_batches", "GET", "/account-batches", "List batches of accounts", Permission.ACCOUNTS_READ,
        batches.list_batches, ItemList[items_people.BatchItem], query=requests.NamedQuery,
    ),
    Route(
        "export_account_batch", "POST", "/account-batches/<int:batch_id>/export",
        "Hand out user names and passwords of a batch, once", Permission.ACCOUNTS_WRITE, batches.export_batch,
        FileAnswer, media="text/csv",
    ),
    Route(
        "list_unbindings", "GET", "/accounts/<int:account_id>/unbindings",
        "Show what of taking devices off is left this month", Permission.ACCOUNTS_READ, person_files.list_unbindings,
        items_files.UnbindingList, query=requests.Nothing,
    ),
    Route(
        "unbind_device", "POST", "/accounts/<int:account_id>/unbindings",
        "Take a device off within the monthly allowance, or beyond it with a reason", Permission.ACCOUNTS_WRITE,
        person_files.unbind_device, items_files.UnbindingList, body=items_files.UnbindBody,
    ),
    Route(
        "list_names", "GET", "/accounts/<int:account_id>/names", "List the names an account logs in with",
        Permission.ACCOUNTS_READ, person_files.list_names, items_files.NameList, query=requests.Nothing,
    ),
    Route(
        "add_name", "POST", "/accounts/<int:account_id>/names", "Give an account one more name to log in with",
        Permission.ACCOUNTS_WRITE, person_files.add_name, items_files.NameList, body=items_files.NameBody,
    ),
    Route(
        "drop_name", "DELETE",
        "/accounts/<int:account_id>/names/<string(maxlength=16):kind>/<string(maxlength=128):name>",
        "Take a name away that the desk gave", Permission.ACCOUNTS_WRITE, person_files.drop_name, items_access.Done,
    ),
    Route(
        "get_person_file", "GET", "/accounts/<int:account_id>/file", "Show notes and tags; reading notes is logged",
        Permission.ACCOUNTS_READ, person_files.get_file, items_files.FileItem, query=requests.Nothing,
    ),
    Route(
        "add_note", "POST", "/accounts/<int:account_id>/notes", "Write a note about a person",
        Permission.ACCOUNTS_WRITE, person_files.add_note, items_files.NoteItem, body=items_files.NoteBody, status=201,
    ),
    Route(
        "remove_note", "DELETE", "/accounts/<int:account_id>/notes/<int:note_id>", "Take a note out of sight",
        Permission.ACCOUNTS_WRITE, person_files.remove_note, items_access.Done,
    ),
    Route(
        "put_tags", "PUT", "/accounts/<int:account_id>/tags", "Give a person these tags and no other",
        Permission.ACCOUNTS_WRITE, person_files.put_tags, items_access.Done, body=items_files.TagsBody,
    ),
    Route(
        "reveal_person", "POST", "/accounts/<int:account_id>/person-data",
        "Show the data of a person whole; who saw it, and what for, is logged", Permission.PERSON_DATA_READ,
        person_files.reveal, items_files.PersonItem, body=items_files.PurposeBody,
    ),
    Route(
        "set_verified", "PUT", "/accounts/<int:account_id>/verification",
        "Note that the identity card was seen, or has to be seen again", Permission.ACCOUNTS_WRITE,
        person_files.set_verified, items_access.Done, body=items_files.SeenBody,
    ),
    Route(
        "list_projects", "GET", "/projects", "List projects", Permission.ACCOUNTS_READ,
        projects.list_projects, ItemList[projects.ProjectItem], query=requests.Nothing,
    ),
    Route(
        "create_project", "POST", "/projects", "Make a project", Permission.PROJECTS_WRITE,
        projects.create_project, projects.ProjectItem, body=projects.ProjectAsked, status=201, keyed=True,
    ),
    Route(
        "change_project", "PATCH", "/projects/<int:project_id>", "Rename a project, or give it another time zone",
        Permission.PROJECTS_WRITE, projects.change_project, projects.ProjectItem, body=projects.ProjectPatch,
    ),
    Route(
        "get_installation", "GET", "/accounts/<int:account_id>/installation", "Show where an account is installed",
        Permission.ACCOUNTS_READ, moves.get_installation, moves.InstallationItem, query=requests.Nothing,
    ),
    Route(
        "open_move", "POST", "/accounts/<int:account_id>/moves", "Open the work order of a move, and take its fee",
        Permission.ACCOUNTS_WRITE, moves.open_move, moves.WorkOrderItem, body=moves.MoveBody, status=201, keyed=True,
    ),
    Route(
        "list_work_orders", "GET", "/work-orders", "List moves", Permission.ACCOUNTS_READ,
        moves.list_work_orders, ItemList[moves.WorkOrderItem], query=moves.WorkOrderQuery,
    ),
    Route(
        "complete_move", "POST", "/work-orders/<int:work_order_id>/done", "Say that a move is done",
        Permission.ACCOUNTS_WRITE, moves.complete_move, moves.WorkOrderItem,
    ),
    Route(
        "cancel_move", "POST", "/work-orders/<int:work_order_id>/cancel", "Cancel a move",
        Permission.ACCOUNTS_WRITE, moves.cancel_move, moves.WorkOrderItem,
    ),
    Route(
        "merge_account", "POST", "/accounts/<int:account_id>/merges", "Merge another account of the same person into one",
        Permission.LEDGER_REVERSE, merges.merge_account, merges.MergeShown, body=merges.MergeBody, keyed=True,
    ),
    Route(
        "list_merged", "GET", "/accounts/<int:account_id>/merges", "List the accounts that were merged into one",
        Permission.ACCOUNTS_READ, merges.list_merged, merges.MergedList, query=requests.Nothing,
    ),
)  # fmt: skip
