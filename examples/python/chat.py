#!/usr/bin/env python3
"""
A terminal client for Parley in Python 3.9 or later, with nothing but the standard library.

    python3 chat.py alice                               asks for the password
    echo secret | python3 chat.py alice --password-stdin --charset gb18030 --port 7702

Then type:   bob hello      a text to bob
             /users         who is online
             /quit          the end (or the end of the input)

What arrives is printed, one line each. Written from docs/protocol.md alone.
"""
import argparse
import getpass
import itertools
import json
import os
import queue
import socket
import sys
import threading
import time


class ParleyError(Exception):
    """The server refused something; `code` is for programs."""

    def __init__(self, content):
        super().__init__(f"{content.get('Code')}: {content.get('Message')}")
        self.code = content.get("Code")


class Client:
    """One connection. Reading has a thread of its own; any thread may send."""

    def __init__(self, host, port, charset="utf-8", start=0x02, end=0x03):
        self._charset = charset
        self._start = bytes([start])
        self._end = bytes([end])
        self._socket = socket.create_connection((host, port), timeout=10)
        self._socket.settimeout(None)
        self._sending = threading.Lock()
        self._ids = itertools.count(1)
        self._waiting = {}
        # Everything that answers no request, as (sender, MsgType, content); None at the end.
        self.arrived = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def login(self, user, password):
        return self.request("AuthRequest", {"UserId": user, "Password": password, "Client": "chat.py/1"}, timeout=70)

    def send_text(self, to, text):
        """Sends a text; returns its status (`stored`, `sent`, …), or raises ParleyError (`user_unknown`, …)."""
        return self.request("TextMsgRequest", {"Message": text}, to=to)["Data"]["Status"]

    def users(self):
        """The names of all who are online, page by page."""
        data = {}
        while True:
            page = self.request("UserListRequest", {"Data": data})
            yield from (item["Value"] for item in page["Items"])
            if "After" not in page:
                return
            data = {"After": page["After"]}

    def request(self, msg_type, content, to=None, timeout=10):
        """Sends a request and waits for its one answer."""
        callback_id = str(next(self._ids))
        answer = queue.Queue()
        self._waiting[callback_id] = answer
        try:
            self.send(msg_type, content, to, callback_id)
            content = answer.get(timeout=timeout)
        except queue.Empty:
            raise TimeoutError(f"no answer to {msg_type} after {timeout} s") from None
        finally:
            self._waiting.pop(callback_id, None)
        if content is None:
            raise ConnectionError("the connection ended before the answer came")
        if content.get("Success") is False or "Retryable" in content:
            raise ParleyError(content)
        return content

    def send(self, msg_type, content, to=None, callback_id=None):
        """Sends one envelope. `Content` is JSON text inside the JSON."""
        envelope = {"MsgType": msg_type, "CreateTime": int(time.time()), "Content": dump(content)}
        if to is not None:
            envelope["ToUserId"] = to
        if callback_id is not None:
            envelope["CallbackID"] = callback_id
        frame = self._start + dump(envelope).encode(self._charset) + self._end
        with self._sending:  # a frame must not be torn by another thread's
            self._socket.sendall(frame)

    def close(self):
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # it has ended already

    def _read(self):
        rest = bytearray()
        try:
            while chunk := self._socket.recv(65536):
                rest += chunk
                if self._end not in chunk:
                    continue
                *frames, rest = rest.split(self._end)
                for frame in frames:
                    # What stands before START is no part of the frame.
                    body = bytes(frame).split(self._start)[-1]
                    # Decoded as a whole: a character may have come in two pieces.
                    self._take(json.loads(body.decode(self._charset)))
        except OSError:
            pass
        for answer in list(self._waiting.values()):
            answer.put(None)
        self.arrived.put(None)

    def _take(self, envelope):
        msg_type, content = envelope["MsgType"], json.loads(envelope["Content"])
        # Only what has no FromUserId comes from the server; users can't answer for it.
        sender = envelope.get("FromUserId") or None
        if sender is None:
            answer = self._waiting.pop(envelope.get("CallbackID"), None)
            if answer is not None:
                answer.put(content)
                return
            if msg_type == "HeartbeatRequest":
                self.send("HeartbeatResponse", {}, callback_id=envelope.get("CallbackID"))
                return
        self.arrived.put((sender, msg_type, content))


def dump(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def print_arrivals(client):
    while (arrival := client.arrived.get()) is not None:
        sender, msg_type, content = arrival
        if sender is not None:
            text = content.get("Message") if isinstance(content, dict) else None
            print(f"{sender}: {text if isinstance(text, str) else f'{msg_type} {dump(content)}'}", flush=True)
        elif msg_type == "PresenceEvent":
            print(f"* {content['UserId']} {'came' if content['Online'] else 'went'}", flush=True)
        elif msg_type == "ErrorResponse":
            print(f"* {content['Code']}: {content['Message']}", flush=True)
        else:
            print(f"* {msg_type} {dump(content)}", flush=True)
    print("* the connection has ended", flush=True)
    # The main thread waits for the keyboard, and nothing that is typed could be sent any more.
    os._exit(0)


def obey(client, line):
    """Does what a line says; False for the end."""
    if line == "/quit":
        return False
    if line == "/users":
        print("* online:", ", ".join(client.users()), flush=True)
    elif line:
        to, _, text = line.partition(" ")
        print(f"* {client.send_text(to, text)} to {to}", flush=True)
    return True


def main():
    parser = argparse.ArgumentParser(description="A terminal client for Parley.")
    parser.add_argument("user")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=7700)
    parser.add_argument("--charset", default="utf-8", choices=["utf-8", "gb18030"])
    parser.add_argument("--password-stdin", action="store_true", help="read the password from the first line of the input")
    options = parser.parse_args()
    password = sys.stdin.readline().rstrip("\n") if options.password_stdin else getpass.getpass()
    try:
        client = Client(options.host, options.port, options.charset)
        session = client.login(options.user, password)
        client.request("CommonRequest", {"Command": "presence", "Data": {"On": True}})
    except (OSError, ParleyError) as error:
        sys.exit(f"chat.py: {error}")
    print(f"* logged in as {session['UserId']} ({session['Role']})", flush=True)
    threading.Thread(target=print_arrivals, args=(client,), daemon=True).start()
    for line in sys.stdin:
        try:
            if not obey(client, line.strip()):
                break
        except (OSError, ParleyError) as error:
            print(f"* {error}", flush=True)
    client.close()


if __name__ == "__main__":
    main()
