"""Springs the traps in a network namespace, whose kernel counts every attempt to reach a network.

`unshare -rn python tests/sources/hostile_campaign.py REPORT.json [all]` reads the files that call out, or all of them.
Further namespaces are forbidden first, so that the process that parses cannot hide in one of its own: what is counted
is what the drivers try.
"""

from __future__ import annotations

import fcntl
import json
import os
import platform
import socket
import struct
import sys
import tempfile
import warnings
from collections import Counter
from pathlib import Path

from hostile_files import TRAPS, Scene, Trap
from hostile_watch import Listener, spring, write_secret


def raise_loopback() -> None:
    up, interface = 0x8914, struct.pack("16sh14x", b"lo", 0x1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
        fcntl.ioctl(end, up, interface)


def attempts() -> int:
    """Connections that processes of this namespace began, and datagrams that they sent."""
    counters = {}
    lines = Path("/proc/net/snmp").read_text().splitlines()
    for titles, values in zip(lines[::2], lines[1::2], strict=True):
        name = titles.split(":")[0]
        counters |= {
            f"{name}.{title}": int(value) for title, value in zip(titles.split()[1:], values.split()[1:], strict=True)
        }
    return counters["Tcp.ActiveOpens"] + counters["Udp.OutDatagrams"]


def naive(trap: Trap, folder: Path, secret: Path, port: int) -> str:
    """Read a trap as one would without thinking."""
    import pyogrio

    home = folder / "home"
    home.mkdir()
    try:
        return f"{len(pyogrio.read_dataframe(trap.write(Scene(home, secret, port))))} rows"
    except Exception as failure:
        return type(failure).__name__


def main(report: Path, everything: bool) -> None:
    raise_loopback()
    Path("/proc/sys/user/max_user_namespaces").write_text("0")
    warnings.simplefilter("ignore")
    listener = Listener()
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        os.environ[name] = f"http://127.0.0.1:{listener.port}"
    found: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        secret = write_secret(root / "secret")
        control = next(trap for trap in TRAPS if trap.name == "vrt_vsicurl_geojson")
        (root / "control").mkdir()
        naive(control, root / "control", secret, listener.port)
        found["naive_reader"] = {"file": control.name, "connections": listener.connections, "attempts": attempts()}
        before, calls = attempts(), listener.connections
        tried = [trap for trap in TRAPS if everything or trap.calls_out]
        outcomes, slowest, wrong = Counter[str](), 0.0, []
        for number, trap in enumerate(tried):
            folder = root / str(number)
            folder.mkdir()
            seen = spring(trap, folder, secret, listener)
            outcomes[seen.outcome] += 1
            slowest = max(slowest, seen.seconds)
            if seen.outcome != trap.outcome or seen.opened or seen.changed or seen.leaked:
                wrong.append(trap.name)
        found |= {
            "tried": len(tried),
            **outcomes,
            "connections": listener.connections - calls,
            "attempts": attempts() - before,
            "slowest_seconds": round(slowest, 2),
            "wrong": wrong,
        }
    found["machine"] = f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    report.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:] == ["all"])
