"""A PostgreSQL server of one's own: in a folder, on a free port, started as a user without rights."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
from pathlib import Path


def programs() -> Path | None:
    """Folder of the newest installed PostgreSQL that has PostGIS."""
    found = [
        folder
        for folder in Path("/usr/lib/postgresql").glob("*/bin")
        if (folder / "initdb").exists()
        and Path(f"/usr/share/postgresql/{folder.parent.name}/extension/postgis.control").exists()
    ]
    return max(found, key=lambda folder: int(folder.parent.name), default=None)


class Server:
    """Runs inside a `with` block; `user` is its superuser, `reader` may only read, with the password `geheim-1`."""

    password = "geheim-1"  # noqa: S105  # of a server that lives for one test run

    def __init__(self, folder: Path, bin_folder: Path) -> None:
        self._folder, self._bin = folder, bin_folder
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name

    def _run(self, program: str, *arguments: str, **options: object) -> str:
        command = [str(self._bin / program), *arguments]
        if os.geteuid() == 0:
            command = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *command]
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "PGHOST": "127.0.0.1", "PGPORT": str(self.port)}
        done = subprocess.run(
            command, cwd="/", env=environment, capture_output=True, text=True, check=False, timeout=120, **options
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def __enter__(self) -> Server:
        if os.geteuid() == 0:
            shutil.chown(self._folder, "postgres", "postgres")
        data = str(self._folder / "data")
        self._run("initdb", "-D", data, "-U", self.user, "--auth=trust", "--no-sync", "-E", "UTF8")
        (self._folder / "data" / "pg_hba.conf").write_text(
            f"host all {self.user} 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
        )
        settings = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off"
        # its own log file: it would keep a pipe open for as long as it runs
        self._run("pg_ctl", "-D", data, "-o", settings, "-l", str(self._folder / "log"), "-w", "start")
        self.sql("CREATE DATABASE politie", database="postgres")
        self.sql("CREATE EXTENSION postgis; CREATE SCHEMA open")
        self.sql(f"CREATE ROLE reader LOGIN PASSWORD '{self.password}'; GRANT USAGE ON SCHEMA open TO reader")
        return self

    def __exit__(self, *_: object) -> None:
        self._run("pg_ctl", "-D", str(self._folder / "data"), "-m", "immediate", "-w", "stop")

    def sql(self, statements: str, database: str = "politie") -> str:
        """Run statements as the superuser, through the client of PostgreSQL itself."""
        return self._run(
            "psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-U", self.user, "-d", database, "-c", statements
        ).strip()

    def address(self, user: str = "reader", password: str | None = password) -> str:
        secret = "" if password is None else f":{password}"
        return f"postgresql://{user}{secret}@127.0.0.1:{self.port}/politie"
