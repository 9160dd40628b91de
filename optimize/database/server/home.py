"""Where the embedded server lives and as whom it runs.

PostgreSQL refuses to run as root. For root, the server therefore gets a user id of its own and a
folder that this user can reach; folders above it are never opened further.
"""

import hashlib
import os
import pwd
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from optimize.database.server.programs import (
    OWN_SERVER_REMEDY,
    Account,
    packaged_bin_dir,
    reachable_programs,
)
from strategy.errors import DatabaseUnreachableError

_FIRST_UID, _LAST_UID = 60578, 61183  # unused by convention, systemd "Users, Groups, UIDs and GIDs"
_BASES = (Path("/var/lib"), Path("/var/tmp"), Path(tempfile.gettempdir()))  # noqa: S108
_OWNER_FILE = "checkout"


@dataclass(frozen=True, kw_only=True)
class ServerHome:
    """The folder, programs and account of one embedded server."""

    folder: Path
    bin_dir: Path
    account: Account | None
    """Whom the server runs as; None: as ourselves."""

    @property
    def data_dir(self) -> Path:
        """The database cluster."""
        return self.folder / "data"

    @property
    def log_file(self) -> Path:
        """What the server and its tools had to say."""
        return self.folder / "server.log"

    def run_options(self, account: Account | None = None) -> dict[str, Any]:
        """Return the `subprocess` keywords for the server's programs."""
        chosen = account or self.account
        options: dict[str, Any] = {"cwd": "/", "env": _clean_environment()}
        return options | (chosen.subprocess_options() if chosen else {})


def prepare_home(state_dir: Path, bin_dir: Path | None) -> ServerHome:
    """Return the server's home, made where it is absent; call it under the start lock.

    Args:
        state_dir: the state folder of the checkout; it keeps a pointer to a home elsewhere.
        bin_dir: PostgreSQL programs to use instead of the package's.
    """
    programs = bin_dir or packaged_bin_dir()
    if os.geteuid() != 0:
        folder = state_dir / "server"
        folder.mkdir(mode=0o700, exist_ok=True)
        return ServerHome(folder=folder, bin_dir=programs, account=None)
    folder = _folder_for_root(state_dir)
    account = _owner_of(folder / "data") or _own_account(state_dir)
    return ServerHome(
        folder=folder, bin_dir=reachable_programs(programs, folder, account), account=account
    )


def has_home(state_dir: Path) -> bool:
    """Tell whether a server was ever made for this state folder."""
    return (state_dir / "home").is_file() or (state_dir / "server").is_dir()


def home_of(folder: Path, bin_dir: Path) -> ServerHome:
    """Return the home of a server that was made before; its account owns the data folder."""
    account = _owner_of(folder / "data") if os.geteuid() == 0 else None
    return ServerHome(folder=folder, bin_dir=bin_dir, account=account)


def account_for_initdb(home: ServerHome) -> Account | None:
    """Return the account for initdb, which insists on a user with a name.

    Only the group of the server may enter its folder, so other processes of that user cannot.
    """
    if home.account is None:
        return None
    named = next(
        (entry for name in ("nobody", "daemon") if (entry := _named_user(name)) is not None),
        next((entry for entry in pwd.getpwall() if entry.pw_uid != 0), None),
    )
    if named is None:
        raise DatabaseUnreachableError(
            "this machine has no user but root, and PostgreSQL refuses to run as root",
            expected="a user such as nobody",
            remedy=f"run as an ordinary user, or {OWN_SERVER_REMEDY}",
        )
    return Account(uid=named.pw_uid, gid=home.account.gid)


def give_to_server(path: Path, home: ServerHome, account: Account | None = None) -> None:
    """Make the server's account the owner of a file or of a whole folder."""
    owner = account or home.account
    if owner is None:
        return
    os.chown(path, owner.uid, owner.gid, follow_symlinks=False)
    for folder, folders, files in os.walk(path):
        for name in folders + files:
            os.chown(Path(folder) / name, owner.uid, owner.gid, follow_symlinks=False)


def _named_user(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _clean_environment() -> dict[str, str]:
    """Return the environment without what changes the server's or its tools' behaviour."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return kept | {"LC_ALL": "C", "TZ": "UTC", "HOME": "/nonexistent"}


def _owner_of(data_dir: Path) -> Account | None:
    if not data_dir.is_dir():
        return None
    owner = data_dir.stat()
    return Account(uid=owner.st_uid, gid=owner.st_gid)


def _own_account(state_dir: Path) -> Account:
    """Return the user that belongs to this state folder: always the same, without a name."""
    digest = hashlib.sha256(str(state_dir).encode()).digest()
    n_uids = _LAST_UID - _FIRST_UID + 1
    start = int.from_bytes(digest[:4], "big") % n_uids
    taken = {entry.pw_uid for entry in pwd.getpwall()}
    candidates = (_FIRST_UID + (start + step) % n_uids for step in range(n_uids))
    uid = next(uid for uid in candidates if uid not in taken)
    return Account(uid=uid, gid=uid)


def _folder_for_root(state_dir: Path) -> Path:
    local, pointer = state_dir / "server", state_dir / "home"
    if (local / "data").is_dir():
        return local
    if pointer.is_file():
        folder = Path(pointer.read_text(encoding="utf-8").strip())
        if folder.is_dir() and not _belongs_to_another(folder, state_dir):
            write_atomically(folder / _OWNER_FILE, str(state_dir))
            return folder
    folder = _choose_root_folder(state_dir)
    folder.mkdir(exist_ok=True)
    write_atomically(folder / _OWNER_FILE, str(state_dir))
    os.chown(folder, 0, _own_account(state_dir).gid)
    folder.chmod(0o710)
    write_atomically(pointer, str(folder))
    return folder


def _belongs_to_another(folder: Path, state_dir: Path) -> bool:
    """Tell whether our pointer was copied from another checkout; a moved one keeps its server."""
    owner_file = folder / _OWNER_FILE
    if not owner_file.is_file():
        return False
    owner = Path(owner_file.read_text(encoding="utf-8"))
    return owner.is_dir() and not owner.samefile(state_dir)


def _choose_root_folder(state_dir: Path) -> Path:
    if _anyone_may_enter(state_dir):
        return state_dir / "server"
    name = f"rorq-{hashlib.sha256(str(state_dir).encode()).hexdigest()[:12]}"
    for base in _BASES:
        if base.is_dir() and _anyone_may_enter(base) and os.access(base, os.W_OK):
            folder = base / name
            if not folder.exists() or (folder.stat().st_uid == 0 and not folder.is_symlink()):
                return folder
    raise DatabaseUnreachableError(
        f"running as root, and no folder for PostgreSQL to live in: {state_dir} is closed to "
        f"other users, and so are {', '.join(map(str, _BASES))}",
        expected="one that a user other than root can reach",
        remedy=f"run as an ordinary user, or {OWN_SERVER_REMEDY}",
    )


def _anyone_may_enter(folder: Path) -> bool:
    return all(part.stat().st_mode & 0o001 for part in (folder, *folder.parents))


def write_atomically(path: Path, text: str) -> None:
    """Write a small private file so that a reader sees the old or the new text, never half."""
    beside = path.with_name(f"{path.name}.{os.getpid()}.new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        if os.geteuid() == 0:  # leave it readable for the folder's owner
            os.chown(descriptor, path.parent.stat().st_uid, path.parent.stat().st_gid)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.rename(path)
