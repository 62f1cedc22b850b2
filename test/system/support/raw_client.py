"""A client written from docs/protocol.md alone, with nothing but Python's standard library.

Usage: raw_client.py PORT CHARSET USER PASSWORD PEER TEXT

Logs in, lists the users, sends TEXT to PEER, waits for a text of PEER, answers it, and prints what it saw as one
line of JSON.
"""
import json
import socket
import sys
import time

START, END = b"\x02", b"\x03"


class Client:
    def __init__(self, port, charset):
        self.charset = charset
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.rest = b""
        self.frames = []
        self.kept = []
        self.count = 0

    def send(self, msg_type, content, **fields):
        fields["MsgType"] = msg_type
        fields["CreateTime"] = int(time.time())
        fields["Content"] = json.dumps(content, ensure_ascii=False)
        body = json.dumps(fields, ensure_ascii=False).encode(self.charset)
        self.socket.sendall(START + body + END)

    def receive(self):
        while not self.frames:
            chunk = self.socket.recv(65536)
            if not chunk:
                raise EOFError("the server closed the connection")
            *frames, self.rest = (self.rest + chunk).split(END)
            self.frames += frames
        frame = self.frames.pop(0)
        if frame[:1] != START:
            raise ValueError("bytes outside a frame: %r" % frame)
        envelope = json.loads(frame[1:].decode(self.charset))
        return envelope, json.loads(envelope["Content"])

    def wait(self, fits):
        """The first message that fits; others are kept for later: answers come in any order."""
        for message in self.kept:
            if fits(message[0]):
                self.kept.remove(message)
                return message
        while True:
            envelope, content = self.receive()
            if envelope["MsgType"] == "HeartbeatRequest" and not envelope.get("FromUserId"):
                self.send("HeartbeatResponse", {}, CallbackID=envelope.get("CallbackID"))
            elif fits(envelope):
                return envelope, content
            else:
                self.kept.append((envelope, content))

    def request(self, msg_type, content, **fields):
        self.count += 1
        callback_id = str(self.count)
        self.send(msg_type, content, CallbackID=callback_id, **fields)
        return self.wait(lambda e: not e.get("FromUserId") and e.get("CallbackID") == callback_id)


def main():
    port, charset, user, password, peer, text = sys.argv[1:]
    client = Client(int(port), charset)
    _, refused = client.request("AuthRequest", {"UserId": user, "Password": "not " + password})
    envelope, auth = client.request("AuthRequest", {"UserId": user, "Password": password})
    _, page = client.request("UserListRequest", {"Data": {"Limit": 10}})
    _, sent = client.request("TextMsgRequest", {"Message": text}, ToUserId=peer)
    _, unknown = client.request("TextMsgRequest", {"Message": text}, ToUserId="nobody")
    arrived, answer = client.wait(lambda e: e["MsgType"] == "TextMsgRequest" and e.get("FromUserId") == peer)
    client.send("TextMsgRequest", {"Message": answer["Message"]}, ToUserId=peer)
    seen = {
        "refused": refused,
        "authType": envelope["MsgType"],
        "auth": {"Success": auth["Success"], "UserId": auth["UserId"], "Role": auth["Role"]},
        "users": [item["Value"] for item in page["Items"]],
        "sent": sent,
        "unknown": unknown["Code"],
        "from": arrived["FromUserId"],
        "got": answer["Message"],
    }
    print(json.dumps(seen))


main()
