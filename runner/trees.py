# SPDX-License-Identifier: GPL-2.0
"""Kernel trees: by name out of Debian's packages, or by path."""

import glob
import hashlib
import os
import re
import shutil
from dataclasses import dataclass

from runner import cache, process
from runner.errors import Unjudged, unknown
from runner.progress import Phase

# Name -> the suites of Debian that have (or had) its linux-source package.
NAMED = {
    "5.10": ("bullseye", "bullseye-security"),
    "6.1": ("bookworm", "bookworm-security"),
    "6.12": ("trixie", "trixie-security", "bookworm-security", "bookworm-backports"),
    "newest": ("trixie-backports", "stable-backports"),
}
KEYRING = "/usr/share/keyrings/debian-archive-keyring"
UNPACKED_MIB = 2500


@dataclass
class Tree:
    name: str        # as the user said it
    path: str
    version: str     # out of the tree's Makefile
    key: str         # names its stage and its builds in the cache
    named: bool

    def read(self, name):
        """The content of the tree's file @name."""
        with open(os.path.join(self.path, name), "rb") as file:
            return file.read()


def version_of(path):
    """"6.1.192" of the kernel tree at @path; Unjudged if it is none, or too old."""
    wanted = ("Makefile", "Kconfig", "mm/Makefile", "mm/Kconfig")
    if not os.path.isdir(path):
        raise Unjudged(f"no such kernel tree: {path}")
    missing = [name for name in wanted if not os.path.isfile(os.path.join(path, name))]
    if missing:
        raise Unjudged(f"{path} is no kernel tree: it has no {missing[0]}")
    with open(os.path.join(path, "Makefile"), encoding="utf-8", errors="replace") as makefile:
        head = dict(re.findall(r"^(VERSION|PATCHLEVEL|SUBLEVEL|EXTRAVERSION) *= *(\S*)",
                               makefile.read(4000), re.M))
    if not (head.get("VERSION", "").isdigit() and head.get("PATCHLEVEL", "").isdigit()):
        raise Unjudged(f"{path} is no kernel tree: its Makefile gives no version")
    version = "{VERSION}.{PATCHLEVEL}.{SUBLEVEL}{EXTRAVERSION}".format(
        **{"SUBLEVEL": "0", "EXTRAVERSION": "", **head})
    if (int(head["VERSION"]), int(head["PATCHLEVEL"])) < (5, 10):
        raise Unjudged(f"{path} is Linux {version}: too old, mmkunit needs 5.10 or newer")
    return version


def find(name):
    """The Tree called @name, fetched if it must be."""
    if name not in NAMED and not os.path.exists(name):
        if os.sep in name:
            raise Unjudged(f"no such kernel tree: {name}")
        raise unknown("tree", name, sorted(NAMED))
    if name not in NAMED:
        path = os.path.realpath(name)
        if (os.path.realpath(cache.path()) + os.sep).startswith(path + os.sep):
            raise Unjudged(f"the cache {cache.path()} is inside the tree, which is never written "
                           "to: set XDG_CACHE_HOME")
        digest = hashlib.sha256(path.encode()).hexdigest()[:8]
        key = re.sub(r"[^\w.+-]", "_", os.path.basename(path)) + "-" + digest
        return Tree(name, path, version_of(path), key, False)
    path = present(name) or fetch(name)
    return Tree(name, path, version_of(path), os.path.basename(path), True)


def present(name):
    """The unpacked named tree in the cache, or None; the newest version if there are several."""
    found = glob.glob(glob.escape(cache.path("trees", name)) + "-[0-9]*")
    return max(found, key=_version_key, default=None)


def _version_key(path):
    return [int(n) for n in re.findall(r"\d+", os.path.basename(path))]


def fetch(name):
    """Download and unpack the newest package of the named tree; its path.

    Whatever a killed fetch left behind is cleaned here; a tree appears by one rename.
    """
    os.makedirs(cache.path("trees"), exist_ok=True)
    os.makedirs(cache.path("debs"), exist_ok=True)
    for left in glob.glob(cache.path("trees", ".unpack-*")):
        shutil.rmtree(left, ignore_errors=True)
    cache.need_space(UNPACKED_MIB, f"the source of Linux {name}")
    options = _apt_options(name)
    with Phase(f"package index for {name}"):
        process.run(["apt-get", *options, "update"])
    package, version, size = _candidate(name, options)
    deb = _download(name, options, package, version, size)
    return _unpack(name, deb, version)


def _mirrors():
    """(the archive, its security part) that this machine's apt is set up with.

    Asked of apt itself, which needs no lists and no root for the answer.
    """
    code, text = process.output(["apt-get", "--print-uris", "update"])
    if code == 127:
        raise Unjudged("apt-get is not here: named trees need Debian, give --tree a path")
    found = re.findall(r"^'(\S+?)/+dists/([^/]+)(?:/updates)?/main/binary-", text, re.M)
    security = [uri for uri, suite in found if suite.endswith("-security")]
    plain = [uri for uri, suite in found if uri.endswith("/debian") and f"{suite}-security"
             in [s for _, s in found]] or [uri for uri, _ in found if uri.endswith("/debian")]
    if not plain:
        raise Unjudged("this machine's apt has no Debian mirror: give --tree a path")
    return plain[0], (security or [plain[0] + "-security"])[0]


def _apt_options(name):
    """Options that give apt-get a private world: its own sources, lists and cache."""
    base = cache.path("apt", name)
    for folder in ("lists/partial", "cache/archives/partial"):
        os.makedirs(os.path.join(base, folder), exist_ok=True)
    plain, security = _mirrors()
    # The keyring of this Debian knows the keys of older ones; apt's own trust is the fallback.
    keyring = next((KEYRING + end for end in (".gpg", ".pgp") if os.path.exists(KEYRING + end)), "")
    signed = f"[signed-by={keyring}] " if keyring else ""
    lines = [f"deb {signed}{security if suite.endswith('-security') else plain} {suite} main\n"
             for suite in NAMED[name]]
    cache.write_if_changed(os.path.join(base, "sources.list"), "".join(lines).encode())
    cache.write_if_changed(os.path.join(base, "status"), b"")
    options = {"Dir::Etc::sourcelist": base + "/sources.list", "Dir::Etc::sourceparts": "-",
               "Dir::Etc::preferences": "/dev/null", "Dir::Etc::preferencesparts": "-",
               "Dir::State::lists": base + "/lists", "Dir::State::status": base + "/status",
               "Dir::Cache": base + "/cache", "Acquire::Languages": "none",
               # The archive no longer renews the index of a release that has ended.
               "Acquire::Check-Valid-Until": "false", "APT::Sandbox::User": _me()}
    return [word for key, value in options.items() for word in ("-o", f"{key}={value}")]


def _me():
    """Downloads go to our own cache, which the system's apt user need not be able to enter."""
    import pwd
    return pwd.getpwuid(os.getuid()).pw_name


def _candidate(name, options):
    """(package, version, bytes) of the newest source package for @name."""
    if name == "newest":
        _, text = process.output(["apt-cache", *options, "search", "--names-only",
                                  r"^linux-source-[0-9]+\.[0-9]+$"])
        packages = [line.split()[0] for line in text.splitlines() if line.strip()]
        package = max(packages, key=_version_key, default="")
    else:
        package = f"linux-source-{name}"
    _, text = process.output(["apt-cache", *options, "show", "--no-all-versions", package])
    fields = dict(re.findall(r"^(Version|Size): (\S+)", text, re.M))
    if not package or "Version" not in fields:
        raise Unjudged(f"no package {package or 'linux-source-*'} for tree {name} on this "
                       "machine's mirror (is the network there?)")
    return package, fields["Version"], int(fields.get("Size", 0))


def _download(name, options, package, version, size):
    """The verified .deb; apt checks its size and hash, and fetches a truncated one again."""
    folder = cache.path("debs")
    with Phase(f"download {package} {version}") as phase:
        def watch(_line):
            done = sum(e.stat().st_size for e in os.scandir(folder) if package in e.name)
            phase.detail = f"{done >> 20} of {size >> 20} MiB"
        said = []
        code, _ = process.run(["apt-get", *options, "download", f"{package}={version}"],
                              on_line=lambda line: (said.append(line), watch(line)), cwd=folder)
    debs = [d for d in glob.glob(os.path.join(folder, package + "_*.deb"))
            if not size or os.path.getsize(d) == size]
    if code or not debs:
        for left in glob.glob(os.path.join(folder, package + "_*")):
            os.unlink(left)
        why = next((line for line in said if line.startswith("E:")), "truncated")
        raise Unjudged(f"the download of {package} {version} failed ({why}); run again to retry")
    return max(debs, key=os.path.getmtime)


def _unpack(name, deb, version):
    partial = cache.path("trees", f".unpack-{name}")
    os.makedirs(partial)
    upstream = re.match(r"(?:\d+:)?([\d.]+)", version).group(1)
    script = ('set -e; set -o pipefail 2>/dev/null || true; dpkg-deb --fsys-tarfile "$1" | '
              'tar -xO --wildcards "./usr/src/linux-source-*.tar.xz" | '
              'tar -xJ --strip-components=1 -C "$2"')
    with Phase(f"unpack {upstream}"):
        code, _ = process.run(["bash", "-c", script, "unpack", deb, partial])
    try:
        if code:
            raise Unjudged("tar failed")
        version_of(partial)
    except Unjudged:
        shutil.rmtree(partial, ignore_errors=True)
        os.unlink(deb)
        raise Unjudged(f"{os.path.basename(deb)} is damaged; it is deleted, "
                       "run again to fetch it anew") from None
    final = cache.path("trees", f"{name}-{upstream}")
    os.rename(partial, final)
    os.unlink(deb)
    return final
