"""accounts - accounts and groups of this machine, for tests that root calls; gone with the test.

    with Accounts("own", "read", "web") as accounts:
        accounts.join("own", accounts.name("read"))
        subprocess.run([...], **accounts.process("web"))
"""
import grp
import os
import pwd
import shutil
import subprocess

NEEDED = ("useradd", "userdel", "usermod")


def lacks():
    """What keeps accounts from being made, as a sentence; None: nothing."""
    if os.geteuid() != 0:
        return "only root makes accounts"
    gone = [name for name in NEEDED if not shutil.which(name, path="/usr/sbin:/sbin")]
    return f"there is no {gone[0]}; apt-get install passwd" if gone else None


class Accounts:
    """Each account has a group of its name."""

    def __init__(self, *words):
        self.names = {word: f"fxt{os.getpid()}{word}" for word in words}

    def __enter__(self):
        for name in self.names.values():
            self._run("useradd", "--system", "--user-group", "--no-create-home",
                      "--shell", "/usr/sbin/nologin", name)
        return self

    def __exit__(self, *_):
        for name in self.names.values():
            subprocess.run(["userdel", name], capture_output=True, timeout=60)
            subprocess.run(["groupdel", name], capture_output=True, timeout=60)

    def _run(self, *command):
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, (command, done.stderr)

    def name(self, word):
        return self.names[word]

    def uid(self, word):
        return pwd.getpwnam(self.names[word]).pw_uid

    def gid(self, word):
        return grp.getgrnam(self.names[word]).gr_gid

    def join(self, word, group):
        """The account becomes a member of another's group."""
        self._run("usermod", "-aG", self.names[group], self.names[word])

    def process(self, word):
        """What makes a process one of the account (subprocess)."""
        name, gid = self.names[word], self.gid(word)
        return {"user": self.uid(word), "group": gid, "extra_groups": os.getgrouplist(name, gid)}
