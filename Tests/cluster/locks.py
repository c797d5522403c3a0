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


def lengthen(project, number, owner="ann1"):
    """More lives of a server like the last one, which has ended, until the log has so many entries."""
    entries = project.entries()
    life = [entry for entry in entries if entry["TOKEN"] == entries[-1]["TOKEN"]]
    assert life[-1]["KIND"] == "ended", life
    uid, at = pwd.getpwnam(owner).pw_uid, len(entries)
    previous = digest(project, at)
    while at < number:
        token = os.urandom(16).hex()
        for entry in life:
            at += 1
            mine = {**entry, "LOCK": at, "TOKEN": token, "PREVIOUS": previous}
            mine.pop("CHECKSUM")
            text = encoded(mine)
            path = folder(project) / f"{at:08}"
            path.write_text(text)
            os.chown(path, uid, -1)
            previous = hashlib.sha256(text.encode()).hexdigest()
