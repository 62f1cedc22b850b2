"""A whole Parley client. Run "python3 client.py alice", then type "bob hello"."""
import getpass, itertools, json, socket, sys, threading, time

connection = socket.create_connection(("127.0.0.1", 7700))
count, lock = itertools.count(1), threading.Lock()

def send(msg_type, content, **fields):
    fields |= {"MsgType": msg_type, "CreateTime": int(time.time()), "Content": json.dumps(content)}
    with lock:
        connection.sendall(b"\x02" + json.dumps(fields).encode("utf-8") + b"\x03")

def receive():
    rest = b""
    while chunk := connection.recv(65536):
        *frames, rest = (rest + chunk).split(b"\x03")
        for frame in frames:
            envelope = json.loads(frame[1:])
            yield envelope["MsgType"], envelope.get("FromUserId"), json.loads(envelope["Content"]), envelope

def read_keyboard():
    for line in sys.stdin:
        to, _, text = line.strip().partition(" ")
        send("TextMsgRequest", {"Message": text}, ToUserId=to, CallbackID=str(next(count)))

send("AuthRequest", {"UserId": sys.argv[1], "Password": getpass.getpass()}, CallbackID="login")
for msg_type, sender, content, envelope in receive():
    if msg_type == "HeartbeatRequest" and not sender:
        send("HeartbeatResponse", {}, CallbackID=envelope.get("CallbackID"))
        continue
    print(f"{sender or 'server'}: {msg_type} {content}", flush=True)
    if msg_type == "AuthResponse" and not sender and content["Success"]:
        threading.Thread(target=read_keyboard, daemon=True).start()
