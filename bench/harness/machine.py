"""What the figures were measured on, without a name or a path of it."""

import os
import re
import resource
import subprocess


def output(*command):
    """What a command prints, or "" if it fails or there is no such command."""
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def compiler(command):
    name = "gcc" if "Free Software Foundation" in output(command, "--version") else command
    return f"{name} {output(command, '-dumpfullversion') or output(command, '-dumpversion') or 'unknown'}"


def libc():
    return os.confstr("CS_GNU_LIBC_VERSION") or "unknown"


def describe():
    cpu = _cpuinfo()
    uname = os.uname()
    return {
        "cpu": cpu.get("model name", uname.machine),
        "architecture": uname.machine,
        "virtual": "hypervisor" in cpu.get("flags", ""),
        "cores": len(os.sched_getaffinity(0)),
        "kernel": f"{uname.sysname} {re.match(r'[0-9.]*[0-9]', uname.release).group()}",
        "libc": libc(),
        "c_compiler": f"{compiler('cc')} -O2",
        "cpp_compiler": f"{compiler('c++')} -O2 -std=c++20",
        "rust_compiler": " ".join(output("rustc", "--version").split()[:2]),
    }


def _cpuinfo():
    fields = {}
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        for line in lines:
            key, _, value = line.partition(":")
            fields.setdefault(key.strip(), value.strip())
    return fields


class Disturbance:
    """How much of the machine others had since this was made: other processes, and other virtual machines (steal)."""

    def __init__(self):
        self.begin = self._now()

    def shares(self):
        total, busy, stolen, own = (now - then for now, then in zip(self._now(), self.begin))
        return {"others": round(max(0.0, busy - own) / total, 3), "stolen": round(stolen / total, 3)} if total else {}

    @staticmethod
    def _now():
        with open("/proc/stat", encoding="ascii") as lines:
            user, nice, system, idle, iowait, irq, softirq, stolen = map(int, lines.readline().split()[1:9])
        tick = 1 / os.sysconf("SC_CLK_TCK")
        busy = user + nice + system + irq + softirq
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        own = sum(usage.ru_utime + usage.ru_stime for usage in used)
        return (busy + idle + iowait + stolen) * tick, busy * tick, stolen * tick, own
