"""How the lists of `pvc storage` are fetched and shown."""

from __future__ import annotations

from pvc_cli.session import session
from pvc_cli.show import Column, emit, show_table


def show_list(address: str, columns: list[Column], empty: str) -> None:
    own = session()
    found = own.client.get(address)
    emit(own.form, found, lambda: show_table(found, columns, empty))
