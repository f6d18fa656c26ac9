# SPDX-License-Identifier: MIT
"""Where things are, on which core they run, and what versions they have."""
import os
import pathlib
import platform
import re
import resource
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "bench" / "clients"
WORK = ROOT / "build" / "bench"  # files that the benchmarks make and need
POSTFIX = ROOT / "build" / "servers" / "postfix" / "root"
NODE_MODULES = WORK / "node_modules"

# Client and server take turns on one core: a wake-up across cores costs more than SMTP does, and
# how much more differs from run to run.
CORE = str(max(os.sched_getaffinity(0)))
PINNED = ["taskset", "-c", CORE] if shutil.which("taskset") else []

_build = ROOT / "build" / "release"


def use_build(folder):
    """Says in which build folder the programs are."""
    global _build
    _build = pathlib.Path(folder).resolve()


def posthaste():
    return str(_build / "cli" / "posthaste")


def built(name):
    """The path of a client or tool that the build made, or None."""
    path = _build / "bench" / "clients" / name
    return str(path) if path.exists() else None


def packaged(program):
    """The path of a program, or None: the distribution's before any other that PATH finds first,
    since peers are measured as their packages have them."""
    return shutil.which(program, path="/usr/bin") or shutil.which(program)


def raise_descriptor_limit():
    """Ten thousand sessions need as many descriptors, here and in what is started from here."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def environment(**changes):
    """What programs run with. Postfix's are unpacked, not installed, and bring their libraries."""
    result = dict(os.environ, NODE_PATH=str(NODE_MODULES))
    result.update(changes)
    return result


def postfix_environment():
    folders = [POSTFIX / "usr/lib/postfix", *POSTFIX.glob("usr/lib/*-linux-gnu*"),
               *POSTFIX.glob("lib/*-linux-gnu*")]
    return environment(LD_LIBRARY_PATH=":".join(map(str, folders)))


# ---- Versions ------------------------------------------------------------------------------------

def _said(*command):
    if not command[0]:
        return ""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    except OSError:
        return ""
    return done.stdout + done.stderr


def _first(pattern, text):
    found = re.search(pattern, text)
    return found.group(1) if found else None


def _package(name):
    return _first(r"^(\S+)$", _said("dpkg-query", "-W", "-f", "${Version}", name).strip())


def _postfix_version():
    try:
        return _first(r"(?m)^postfix (\S+)", (POSTFIX.parent / "versions").read_text())
    except OSError:
        return None


def versions():
    """What was measured, by name; what is not here is left out."""
    ruby, node = packaged("ruby"), packaged("node")
    found = {
        "posthaste": _first(r"(\d\S*)", _said(posthaste(), "--version")),
        "commit": _said("git", "-C", str(ROOT), "rev-parse", "--short", "HEAD").strip(),
        "libcurl": _first(r"libcurl/(\S+)", _said("curl", "--version")),
        "libESMTP": _package("libesmtp6"),
        "OpenSSL": _first(r"OpenSSL (\S+)", _said("openssl", "version")),
        "Python smtplib": _first(r"Python (\S+)", _said(packaged("python3"), "--version")),
        "Ruby": _first(r"ruby (\S+)", _said(ruby, "--version")),
        "Ruby Net::SMTP": _said(ruby, "-rnet/smtp", "-e", "print Net::SMTP::VERSION").strip(),
        "Go net/smtp": _first(r"go(\d\S*)", _said("go", "version")),
        "Node.js": _said(node, "--version").strip().lstrip("v"),
        "Nodemailer": _said(node, "-p",
                            f"require('{NODE_MODULES}/nodemailer/package.json').version").strip()
        if (NODE_MODULES / "nodemailer").exists() else None,
        "msmtp": _first(r"msmtp version (\S+)", _said("msmtp", "--version")),
        "swaks": _first(r"swaks version (\S+)", _said("swaks", "--version")),
        "Postfix (smtp-source, smtp-sink)": _postfix_version(),
        "kernel": platform.release(),
        "processor": _first(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text()),
        "cores": str(os.cpu_count()),
    }
    return {name: value for name, value in found.items() if value}
