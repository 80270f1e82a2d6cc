"""`tradegraph user`: accounts, from the machine the server runs on."""

import argparse
import sys
from collections.abc import Awaitable, Callable

import msgspec

from engine.errors import InputError


def run_add(options: argparse.Namespace) -> int:
    """An account with a one-time password, which is printed."""
    from server.accounts.entrance import Entrance

    async def add(entrance: Entrance) -> tuple[str, str]:
        account, password = await entrance.add_user(options.name, "admin" if options.admin else "user")
        return account.name, password

    return _tell(options, _with_entrance(add))


def run_password(options: argparse.Namespace) -> int:
    """Another one-time password for an account, which is printed; its sessions end."""
    from server.accounts.entrance import Entrance
    from server.store.accounts import Account

    async def reset(entrance: Entrance) -> tuple[str, str]:
        found: tuple[Account, str] | None = await entrance.accounts.by_name(options.name)
        if found is None:
            raise InputError(f"there is no user {options.name!r}; `tradegraph user add` makes one")
        account, password = await entrance.reset_password(found[0].id, None)
        return account.name, password

    return _tell(options, _with_entrance(reset))


def _with_entrance(work: Callable[..., Awaitable[tuple[str, str]]]) -> tuple[str, str]:
    from server.accounts.entrance import Entrance
    from server.cli.stored import on_database
    from server.clock import now
    from server.errors import Refusal
    from server.settings import load, secret_key
    from server.store.database import Database
    from server.store.store import Store

    key = secret_key(load().folder)

    async def on(database: Database) -> tuple[str, str]:
        return await work(Entrance(Store(database, key), now))

    try:
        return on_database(on)
    except Refusal as error:  # a refusal of the store is wrong usage here
        raise InputError(str(error)) from None


def _tell(options: argparse.Namespace, made: tuple[str, str]) -> int:
    name, password = made
    if options.json:
        sys.stdout.write(msgspec.json.encode({"name": name, "one_time_password": password}).decode() + "\n")
    else:
        print(f"{name} signs in with the one-time password {password} (it is shown only now)")
    return 0
