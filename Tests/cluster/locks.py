"""Writes lock entries as coord does: what a hand, a ghost or a newer version leaves in a lock directory."""
import hashlib
import os
import pwd


def folder(project):
    return project.path / "hpc_utils" / "locks"


def last(project):
    return max(int(p.name) for p in folder(project).iterdir() if p.name.isdigit())


def digest(project, number):
    return hashlib.sha256((folder(project) / f"{number:08}").read_bytes()).hexdigest()


def encoded(fields):
    text = "".join(f"{key}={value}\n" for key, value in fields.items())
    return text + f"CHECKSUM={hashlib.sha256(text.encode()).hexdigest()}\n"


def write(project, number, fields, owner="root"):
    """Puts an entry at a number, as this user's file. `fields` over those of the last entry that is there."""
    path = folder(project) / f"{number:08}"
    mine = {**dict(project.entries()[-1]), "LOCK": number, **fields}
    mine.pop("CHECKSUM")
    path.write_text(encoded({key: value for key, value in mine.items() if value is not None}))
    os.chown(path, pwd.getpwnam(owner).pw_uid, -1)
    path.chmod(0o644)
