"""
Runs examples/python/sealed.py against the vectors: python3 vectors.py FOLDER-OF-SEALED.PY FOLDER-OF-VECTORS.
Prints one JSON object for each case: {"set", "name", "ok"}, and "problem" where something is not as it must be.
"""
import json
import sys
from pathlib import Path

sys.path.insert(0, sys.argv[1])
sys.dont_write_bytecode = True
import sealed  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import ec  # noqa: E402

folder = Path(sys.argv[2])


def load(name):
    return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))


keys = load("keys")
public = {name: sealed.public_jwk(jwk) for name, jwk in keys.items()}
thumbprints = {name: sealed.thumbprint(jwk) for name, jwk in keys.items()}


def check(set_name, case, work):
    """A good case must give what it says; a bad one must be refused."""
    problem = None
    try:
        work()
        if not case.get("valid", True):
            problem = "was not refused"
    except Exception as error:
        # A wrong text is never a refusal.
        if case.get("valid", True) or isinstance(error, AssertionError):
            problem = f"{type(error).__name__}: {error}"
    print(json.dumps({"set": set_name, "name": case["name"], "ok": problem is None} | ({"problem": problem} if problem else {})))


def equal(one, other):
    if one != other:
        raise AssertionError(f"{one!r} is not {other!r}")


def signed(key, text, case, signature):
    equal(text.hex(), case["text"])
    if not sealed.is_signed(sealed.public_key(key), text, signature):
        raise sealed.Refused("bad_signature", "not signed")


def signature_case(case):
    text = sealed.message_text(case["fields"], case["fields"]["FromUserId"], case["sign"]["Key"])
    signed(public[case["key"]], text, case, case["sign"]["Signature"])


def enrolment_case(case):
    nonce = [case["Nonce"]] if "Nonce" in case else []
    context = "parley enrolment v1" if nonce else "parley key approval v1"
    text = sealed.signed_text(context, case["UserId"], case["DeviceId"], case["Server"], case["Thumbprint"], *nonce)
    signed(public[case["key"]], text, case, case["signature"])


def key_log_case(case):
    log = sealed.KeyLog(case["UserId"])
    for entry in case["entries"]:
        log.add(entry)
    if not case["valid"]:
        return
    result, pinned = case["result"], case.get("pinned")
    equal(log.hash, result["head"])
    equal(sorted(log.keys), sorted(result["enrolled"]))
    if pinned is not None:
        begins = pinned["length"] == 0 or log.hashes[pinned["length"] - 1 : pinned["length"]] == [pinned["head"]]
        equal(begins, result["extendsPinned"])


def end_to_end_case(case):
    jwk = keys[case["deviceKey"]]
    senders = {thumbprints[name]: public[name] for name in case["senderKeys"]}
    inner = sealed.open_end_to_end(sealed.private_key(jwk), sealed.thumbprint(jwk), senders, case["envelope"], case["jws"])
    if case["valid"]:
        equal(inner, (case["message"]["MsgType"], case["message"]["Content"]))


def plain_key(name):
    return sealed.private_key(keys[name])


def handshake_of(case):
    """A handshake of the vectors, at the point where frame 2 has been sent."""
    resumption = case.get("resumption")
    secret = bytes.fromhex(resumption["resumptionSecret"]) if resumption else None
    handshake = sealed.Handshake(case["suite"], plain_key(case["client"]), case["offer"].encode(), secret)
    handshake.ephemeral = ec.derive_private_key(int(case["clientScalar"], 16), ec.SECP256R1())
    handshake.nonce = bytes.fromhex(case["clientNonce"])
    handshake.share = bytes.fromhex(case.get("clientShare", ""))
    handshake.terminal_body = case["terminal"].encode()
    return handshake


def handshake_case(case):
    offer = sealed.content_of(case["offer"].encode(), "PlatformKeyMessage")
    sealed.check_offer(offer, case["suite"], thumbprints["identity"], case["now"])
    handshake = handshake_of(case)
    if "resumption" in case:
        head = case["terminal"][: case["terminal"].rindex(',\\"Mac\\"')].encode()
        proof = sealed.ticket_mac(bytes.fromhex(case["resumption"]["resumptionSecret"]), handshake.offer_body, head)
        equal(proof.hex(), case["resumption"]["ticketMac"])
    session = handshake.finish(case["finish"].encode())
    equal(session.transcript.hex(), case["transcript"])
    equal(session.resumption_secret.hex(), case["keys"]["resumptionSecret"])
    equal(session.signing_key.hex(), case["keys"]["signingKey"])
    equal(session.server_finish.hex(), case["serverMac"])
    equal(session.client_finish.hex(), case["clientMac"])
    proof = bytes.fromhex(case["proof"])
    equal(session.sending.seal(sealed.FINISH, proof).hex(), case["firstRecord"])
    equal(session.receiving.open(bytes.fromhex(case["serverRecord"])), (sealed.HEARTBEAT, b""))
    # Signatures are different each time, but all of one length.
    own = handshake.proof(session)
    equal((own[:34], len(own) + len(case["authFrame"]) // 2), (proof[:34], len(proof)))


def bad_finish_case(case):
    handshake_of(handshakes[case["handshake"]]).finish(case["finish"].encode())


def offer_case(case):
    offer = sealed.content_of(case["offer"].encode(), "PlatformKeyMessage")
    shown, _ = sealed.check_offer(offer, 1, None, case["now"])
    for older in case.get("olderIdentities", []):
        equal(sealed.check_offer(offer, 1, older, case["now"])[0], shown)
    try:
        sealed.check_offer(offer, 1, thumbprints["strangerIdentity"], case["now"])
    except sealed.Refused:
        return
    raise AssertionError("another pin was not refused")


def stream_of(case):
    direction = {"client": 0, "server": 1}[case["sender"]]
    record_key, iv_key = bytes.fromhex(case["recordKey"]), bytes.fromhex(case["ivKey"])
    return sealed.RecordKeys(case["suite"], direction, record_key, iv_key, case["firstCounter"])


def stream_case(case):
    sender, receiver = stream_of(case), stream_of(case)
    for record in case["records"]:
        plaintext = bytes.fromhex(record["plaintext"])
        equal(sender.seal(record["type"], plaintext).hex(), record["record"])
        if case["sender"] == "server":
            equal(receiver.open(bytes.fromhex(record["record"])), (record["type"], plaintext))


def bad_stream_case(case):
    receiver = stream_of(case)
    *good, bad = case["records"]
    for record in good:
        receiver.open(bytes.fromhex(record))
    try:
        receiver.open(bytes.fromhex(bad))
    except sealed.InvalidTag:
        return
    raise AssertionError("was not refused")


vectors = load("handshake")
handshakes = {case["name"]: case for case in vectors["handshakes"]}
for case in vectors["handshakes"]:
    if case["suite"] != 3:
        check("handshake/handshakes", case, lambda: handshake_case(case))
for case in vectors["offers"]:
    check("handshake/offers", case, lambda: offer_case(case))
for case in vectors["badFinishes"]:
    if handshakes[case["handshake"]]["suite"] != 3:
        check("handshake/badFinishes", case | {"valid": False}, lambda: bad_finish_case(case))
records = load("records")
for case in records["streams"]:
    if case["suite"] != 3:
        check("records/streams", case, lambda: stream_case(case))
for case in records["bad"]:
    if case["suite"] != 3:
        check("records/bad", case, lambda: bad_stream_case(case))
signatures = load("signatures")
for case in signatures["keySignatures"]:
    if case["sign"]["Alg"] == "PS256":
        check("signatures/PS256", case, lambda: signature_case(case))
enrolment = load("enrolment")
for name in ("enrolments", "approvals"):
    for case in enrolment[name]:
        check(f"enrolment/{name}", case, lambda: enrolment_case(case))
for case in enrolment["keyLogs"]:
    check("enrolment/keyLogs", case, lambda: key_log_case(case))
for case in enrolment["safetyNumbers"]:
    (one, other) = [(user["userId"], user["thumbprints"]) for user in case["users"]]
    check(
        "enrolment/safetyNumbers",
        {"name": f"{one[0]} and {other[0]}"},
        lambda: equal(sealed.safety_number(*one, *other), case["number"]),
    )
for case in load("end-to-end")["cases"]:
    check("end-to-end/cases", case, lambda: end_to_end_case(case))
