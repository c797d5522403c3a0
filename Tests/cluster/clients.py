"""Clients that wait at a service, without a process each, and what they cost it."""
import pathlib
import socket


def reachable(path):
    with socket.socket(socket.AF_UNIX) as s:
        return s.connect_ex(str(path)) == 0


def ask(path, number, seconds):
    """So many clients that ask for the server, and wait so long."""
    clients = []
    for _ in range(number):
        client = socket.socket(socket.AF_UNIX)
        client.connect(str(path))
        client.sendall(f"coord/1 connect {seconds} -\n".encode())
        client.settimeout(seconds)
        clients.append(client)
    return clients


def answered(clients):
    """How many of them are answered, once all were told something."""
    return sum("answer=\n" in client.makefile().read().splitlines(keepends=True) for client in clients)


def highest_memory(pid):
    """Resident memory at its highest, in kB."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])
