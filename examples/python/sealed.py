#!/usr/bin/env python3
"""
A client of sealed sessions: handshake, signed messages, end to end. Python 3.9 or later and the package `cryptography`
(38 or later; Debian: python3-cryptography). Written from docs/protocol.md alone.

    python3 sealed.py --user alice --key alice.json          asks for the password

FILE of --key is made at the first start: the private key, the pins of servers, tickets, and what was seen of others'
keys. Keep it like a password. Then type

    send bob hello           a text to bob
    send-signed bob hello    the same, signed by the key: needs `enrol` once
    send-e2e bob hello       only bob can read it: both need `enrol` once
    enrol                    enrols this key for the user
    approve THUMBPRINT       lets a further key of the user in
    keys bob                 bob's keys, and the number to compare with bob by telephone
    quit

What happens is printed as one JSON object a line.
"""
import argparse
import base64
import getpass
import hashlib
import hmac
import itertools
import json
import os
import queue
import secrets
import socket
import sys
import threading
import time

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes, padding as block_padding
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

FINISH, HEARTBEAT, KEY_UPDATE, CLOSE, DATA = range(5)
RECORD_TEXT_MAX = 65_536
RECORDS_PER_KEY, BYTES_PER_KEY = 2**20, 2**30
HOUR, DAY = 3_600, 86_400


class Refused(Exception):
    """What must not be believed, or what the server refused; `code` is for programs."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


class TicketRefused(Exception):
    """The server ended the connection at a ticket: a full handshake helps."""


# ---- Encodings ------------------------------------------------------------------------------------------------------


def dump(value):
    """JSON in ASCII, without white space."""
    return json.dumps(value, separators=(",", ":"))


def encode(data):
    """base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text, length=None):
    """The bytes of canonical base64url without padding; anything else raises."""
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if encode(data) != text or length not in (None, len(data)):
        raise ValueError("not base64url of the right length")
    return data


def strict_json(data):
    """JSON without a key that stands twice: readers differ on those."""

    def members(pairs):
        if len(dict(pairs)) != len(pairs):
            raise ValueError("a key stands twice")
        return dict(pairs)

    return json.loads(data, object_pairs_hook=members)


def signed_text(*parts):
    """What is signed or hashed: each part with its length, so that no two lists of parts have the same bytes."""
    parts = [part if isinstance(part, bytes) else str(part).encode() for part in parts]
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def sha256(data):
    return hashlib.sha256(data).digest()


def mac(key, data, algorithm="sha256"):
    return hmac.new(key, data, algorithm).digest()


def hkdf(secret, salt, info, length):
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)


# ---- RSA keys -------------------------------------------------------------------------------------------------------

OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
PSS = padding.PSS(padding.MGF1(hashes.SHA256()), 32)


def integer(text):
    return int.from_bytes(decode(text), "big")


def text_of(number):
    return encode(number.to_bytes((number.bit_length() + 7) // 8, "big"))


def thumbprint(jwk):
    """RFC 7638."""
    return encode(sha256(dump({"e": jwk["e"], "kty": "RSA", "n": jwk["n"]}).encode()))


def public_jwk(jwk):
    return {"kty": "RSA", "n": jwk["n"], "e": jwk["e"]}


def public_key(jwk):
    """A stranger's key, checked before it is used."""
    if set(jwk) != {"kty", "n", "e"} or jwk["kty"] != "RSA" or jwk["e"] != "AQAB":
        raise Refused("bad_key", "not an RSA key with the exponent 65537")
    n = integer(jwk["n"])
    if not 2048 <= n.bit_length() <= 4096 or n % 2 == 0 or text_of(n) != jwk["n"]:
        raise Refused("bad_key", "not a modulus of 2048 to 4096 bits")
    return rsa.RSAPublicNumbers(65537, n).public_key()


def private_key(jwk):
    p, q, d, dp, dq, qi = (integer(jwk[name]) for name in ("p", "q", "d", "dp", "dq", "qi"))
    return rsa.RSAPrivateNumbers(p, q, d, dp, dq, qi, rsa.RSAPublicNumbers(integer(jwk["e"]), integer(jwk["n"]))).private_key()


def new_private_jwk():
    key = rsa.generate_private_key(65537, 2048).private_numbers()
    numbers = {"n": key.public_numbers.n, "e": key.public_numbers.e, "d": key.d, "p": key.p, "q": key.q}
    numbers |= {"dp": key.dmp1, "dq": key.dmq1, "qi": key.iqmp}
    return {"kty": "RSA"} | {name: text_of(number) for name, number in numbers.items()}


def sign(key, text):
    """PS256."""
    return encode(key.sign(text, PSS, hashes.SHA256()))


def is_signed(key, text, signature, algorithm="PS256"):
    try:
        scheme = {"PS256": PSS, "RS256": padding.PKCS1v15()}[algorithm]
        key.verify(decode(signature), text, scheme, hashes.SHA256())
        return True
    except (InvalidSignature, ValueError):
        return False


# ---- Handshake ------------------------------------------------------------------------------------------------------


def check_offer(offer, suite, pin, now):
    """Checks PlatformKeyMessage; gives the server's thumbprint and its handshake key."""
    try:
        identity, handshake = public_key(offer["IdentityKey"]), public_key(offer["HandshakeKey"])
        begins, ends = offer["NotBefore"], offer["NotAfter"]
        text = signed_text("parley handshake key v1", thumbprint(offer["HandshakeKey"]), begins, ends)
        if not is_signed(identity, text, offer["Signature"]):
            raise Refused("bad_server_key", "the handshake key is not signed by the server's identity key")
        # A day of slack: this machine's clock may be wrong.
        is_now = begins - HOUR <= offer["ServerTime"] <= ends and begins - HOUR - DAY <= now <= ends + DAY
        if not is_now or ends - begins > 31 * DAY:
            raise Refused("bad_server_key", "the server's handshake key is not valid now")
        decode(offer["Nonce"], 32)
        shown = thumbprint(offer["IdentityKey"])
        known = [shown, *older_identities(offer)]
        if offer["Version"] != 1 or suite not in offer["Suites"]:
            raise Refused("bad_server", f"the server does not offer suite {suite}")
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Refused("bad_server", "PlatformKeyMessage is malformed") from None
    if pin not in (None, *known):
        raise Refused(
            "server_key_changed",
            f"the server's key has changed: {pin} is pinned, it shows {shown}. Someone may be in between: ask who runs it",
        )
    return shown, handshake


def older_identities(offer):
    """The thumbprints of the identities that signed their way to the present one."""
    older = []
    newer = thumbprint(offer["IdentityKey"])
    for rotation in offer.get("Rotations", []):
        own = thumbprint(rotation["Key"])
        text = signed_text("parley identity rotation v1", own, newer, rotation["Time"])
        if len(older) == 4 or not is_signed(public_key(rotation["Key"]), text, rotation["Signature"]):
            raise Refused("bad_server_key", "a change of the server's identity is not signed by the one before")
        older.append(own)
        newer = own
    return older


class Handshake:
    """The client's side from frame 2 on. `secret` is the ticket's; it takes the place of RSA."""

    def __init__(self, suite, key, offer_body, secret=None):
        self.suite, self.offer_body = suite, offer_body
        self._key, self._old_secret = key, secret
        self.ephemeral = ec.generate_private_key(ec.SECP256R1())
        self.nonce, self.share = secrets.token_bytes(32), secrets.token_bytes(32)
        self.terminal_body = None

    def _members(self, first):
        point = self.ephemeral.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return {"Suite": self.suite} | first | {"Nonce": encode(self.nonce), "Point": encode(point)}

    def begin(self, jwk, handshake_key):
        """Makes frame 2 of a full handshake."""
        content = self._members({"Key": jwk}) | {"Share": encode(handshake_key.encrypt(self.share, OAEP))}
        self.terminal_body = dump({"MsgType": "TerminalKeyMessage", "Content": dump(content)}).encode()

    def begin_with_ticket(self, ticket):
        """Makes frame 2 of a resumption: its last member is a MAC over what stands before."""
        whole = dump({"MsgType": "TerminalKeyMessage", "Content": dump(self._members({"Ticket": ticket}))}).encode()
        head = whole[: -len(b'}"}')]
        proof = ticket_mac(self._old_secret, self.offer_body, head)
        self.terminal_body = head + b',\\"Mac\\":\\"' + encode(proof).encode() + b'\\"}"}'

    def finish(self, finish_body):
        """Takes frame 3: the session's keys, or Refused. The first record is (FINISH, proof + a frame)."""
        members = content_of(finish_body, "PlatformFinish")
        head, server_finish = split_finish(finish_body)
        try:
            server_point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decode(members["Point"], 65))
            server_nonce = decode(members["Nonce"], 32)
            agreed = sha256(self.ephemeral.exchange(ec.ECDH(), server_point))
            if self._old_secret is None:
                server_share = self._key.decrypt(decode(members["Share"]), OAEP)
                secret = self.share + server_share + agreed
            else:
                secret = self._old_secret + self.nonce + server_nonce + agreed
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Refused("bad_server", f"PlatformFinish is malformed: {error}") from None
        transcript = sha256(signed_text("parley sealed v1", self.offer_body, self.terminal_body, head))
        keys = SessionKeys(self.suite, secret, transcript)
        if not hmac.compare_digest(keys.server_finish, server_finish):
            raise Refused("bad_server", "the server could not prove that it holds its key")
        return keys

    def proof(self, keys):
        """What stands before the first frame of the session."""
        signature = b""
        if self._old_secret is None:
            signature = self._key.sign(signed_text("parley transcript v1", keys.transcript), PSS, hashes.SHA256())
        return keys.client_finish + len(signature).to_bytes(2, "big") + signature


def ticket_mac(resumption_secret, offer_body, terminal_head):
    key = hkdf(resumption_secret, b"", b"parley ticket mac v1", 32)
    return mac(key, signed_text("parley resumption v1", offer_body, terminal_head))


def split_finish(body):
    """The PlatformFinish up to its last member, and that member: the server's MAC."""
    mark, end = b',\\"Finish\\":\\"', b'\\"}"}'
    at = len(body) - len(end) - 43 - len(mark)
    if at < 0 or not body.endswith(end) or body[at : at + len(mark)] != mark:
        raise Refused("bad_server", "PlatformFinish does not end with Finish")
    return body[:at], decode(body[at + len(mark) : -len(end)].decode("ascii"), 32)


def content_of(body, expected):
    """The content of a handshake frame. What the server says in plain instead is why it refuses."""
    if body is None:
        raise Refused("connection_lost", "the server ended the handshake")
    try:
        envelope = strict_json(body)
        content = strict_json(envelope["Content"])
    except (ValueError, KeyError, TypeError):
        raise Refused("bad_server", f"the server sent something else than {expected}") from None
    if envelope.get("MsgType") != expected or envelope.get("FromUserId"):
        raise Refused(content.get("Code", "bad_server"), content.get("Message", f"the server sent something else than {expected}"))
    # There is one way to write it, so that nobody can read different things in it.
    if dump(content) != envelope["Content"] or dump(envelope).encode() != body:
        raise Refused("bad_server", f"{expected} is not in its one form")
    return content


class SessionKeys:
    """Everything that the two sides derive, in the order of the derivation."""

    def __init__(self, suite, secret, transcript):
        okm = hkdf(secret, transcript, b"parley sealed v1 keys", 320)
        self.sending = RecordKeys(suite, 0, okm[:64], okm[64:96])
        self.receiving = RecordKeys(suite, 1, okm[96:160], okm[160:192])
        self.client_finish = mac(okm[192:224], transcript)
        self.server_finish = mac(okm[224:256], transcript)
        self.transcript = transcript
        self.resumption_secret = okm[256:288]
        self.signing_key = okm[288:320]


class RecordKeys:
    """One direction: seals records, or opens them, in order. Directions: 0 to the server, 1 to the client."""

    def __init__(self, suite, direction, record_key, iv_key, counter=0):
        self._suite, self._direction = suite, direction
        self._key, self._iv_key = record_key, iv_key
        self._counter = counter
        self._is_closed = False
        self.records = self.bytes = 0  # under the present key

    def seal(self, kind, text=b""):
        length = len(text) if self._suite == 1 else len(text) // 16 * 16 + 16
        bound = self._bound(kind, length)
        if self._suite == 1:
            sealed = AESGCM(self._key[:32]).encrypt(self._nonce(), text, bound)
        else:
            sealed = self._encrypt_cbc(text)
            sealed += self._tag(bound, sealed)
        self._count(kind, len(text))
        return bytes([kind]) + sealed

    def open(self, record):
        """(kind, text) of a record that a server may send, or InvalidTag: the session must end then."""
        tag_length = 16 if self._suite == 1 else 32
        length = len(record) - 1 - tag_length
        worn = self.records >= 2 * RECORDS_PER_KEY or self.bytes >= 2 * BYTES_PER_KEY
        if length < 0 or worn or self._is_closed:
            raise InvalidTag
        kind, sealed = record[0], record[1:]
        bound = self._bound(kind, length)
        if self._suite == 1:
            text = AESGCM(self._key[:32]).decrypt(self._nonce(), sealed, bound)
        else:
            # The tag first: what is not authentic is never decrypted.
            if not hmac.compare_digest(self._tag(bound, sealed[:length]), sealed[length:]):
                raise InvalidTag
            text = self._decrypt_cbc(sealed[:length])
        # Data is never empty, and the others always are.
        if kind not in (HEARTBEAT, KEY_UPDATE, CLOSE, DATA) or (kind == DATA) != (len(text) > 0):
            raise InvalidTag
        self._is_closed = kind == CLOSE
        self._count(kind, len(text))
        return kind, text

    def _bound(self, kind, length):
        """The associated data."""
        return bytes([self._suite, self._direction]) + self._counter.to_bytes(8, "big") + bytes([kind]) + length.to_bytes(4, "big")

    def _count(self, kind, length):
        self._counter += 1
        self.records, self.bytes = self.records + 1, self.bytes + length
        if kind == KEY_UPDATE:
            self._key = HKDFExpand(hashes.SHA256(), 64, b"rekey").derive(self._key)
            self.records = self.bytes = 0

    def _nonce(self):
        counter = bytes(4) + self._counter.to_bytes(8, "big")
        return bytes(a ^ b for a, b in zip(self._iv_key, counter))

    def _iv(self):
        return mac(self._iv_key, self._counter.to_bytes(8, "big"))[:16]

    def _cipher(self):
        return Cipher(algorithms.AES(self._key[32:]), modes.CBC(self._iv()))

    def _encrypt_cbc(self, text):
        padder, cipher = block_padding.PKCS7(128).padder(), self._cipher().encryptor()
        return cipher.update(padder.update(text) + padder.finalize()) + cipher.finalize()

    def _decrypt_cbc(self, sealed):
        unpadder, cipher = block_padding.PKCS7(128).unpadder(), self._cipher().decryptor()
        try:
            return unpadder.update(cipher.update(sealed) + cipher.finalize()) + unpadder.finalize()
        except ValueError:
            raise InvalidTag from None

    def _tag(self, bound, sealed):
        text = bound + self._iv() + sealed + (8 * len(bound)).to_bytes(8, "big")
        return mac(self._key[:32], text, "sha512")[:32]


# ---- Key logs: whose key is whose -----------------------------------------------------------------------------------


class KeyLog:
    """The log of one user's keys, as far as it was seen and found right."""

    def __init__(self, user):
        self.user = user
        self.hash = encode(bytes(32))  # of the last entry
        self.hashes = []
        self.keys = {}  # thumbprint to JWK: the keys that are enrolled now
        self._revoked = set()

    def add(self, entry):
        """Takes the next entry, or raises."""
        own, kind, approver = entry["Thumbprint"], entry["Kind"], entry["ApprovedBy"]
        fields = [entry[name] for name in ("Index", "Kind", "Time", "DeviceId", "Thumbprint", "ApprovedBy", "Previous")]
        following = encode(sha256(signed_text("parley key log v1", self.user, *fields)))
        self._require(entry["Index"] == len(self.hashes) and entry["Previous"] == self.hash and entry["Hash"] == following)
        if kind == "enrol":
            public_key(entry["Key"])
            self._require(thumbprint(entry["Key"]) == own and own not in self.keys and own not in self._revoked)
            # A first key beside others would be one that nobody of them let in.
            self._require(approver != "first" or not self.keys)
            if approver not in ("first", "operator"):
                self._require(approver in self.keys)
                text = signed_text("parley key approval v1", self.user, entry["DeviceId"], entry["Server"], own)
                self._require(is_signed(public_key(self.keys[approver]), text, entry["Signature"]))
            self.keys[own] = entry["Key"]
        else:
            self._require(kind == "revoke" and own in self.keys)
            del self.keys[own]
            self._revoked.add(own)
        self.hash = following
        self.hashes.append(following)

    def _require(self, condition):
        if not condition:
            raise Refused("bad_key_log", f"the log of {self.user}'s keys is wrong at entry {len(self.hashes)}")


def safety_number(user, keys, other, other_keys):
    """60 digits that are the same on both sides; compare them by another way than this server."""
    return " ".join(sorted([half_number(user, keys), half_number(other, other_keys)]))


def half_number(user, keys):
    digest = sha256(signed_text("parley safety number v1", user, *sorted(keys)))
    groups = [int.from_bytes(digest[at : at + 5], "big") % 100_000 for at in range(0, 30, 5)]
    return " ".join(f"{group:05}" for group in groups)


# ---- End to end -----------------------------------------------------------------------------------------------------


def part(value):
    return encode(dump(value).encode())


def seal_end_to_end(key, own, bound, recipients, msg_type, content):
    """
    A JWS over a JWE. `bound` are From, To, Id and Time of the envelope; `recipients` the receiver's keys by thumbprint.
    """
    bound = bound | {"SenderKey": own, "RecipientKeys": sorted(recipients)}
    header = part({"enc": "A256GCM", "typ": "parley-e2e", "parley": bound})
    content_key, iv = secrets.token_bytes(32), secrets.token_bytes(12)
    text = json.dumps({"MsgType": msg_type, "Content": content}, separators=(",", ":"), ensure_ascii=False).encode()
    sealed = AESGCM(content_key).encrypt(iv, text, header.encode())
    jwe = {
        "protected": header,
        "recipients": [
            {"header": {"alg": "RSA-OAEP-256", "kid": kid}, "encrypted_key": encode(public_key(recipients[kid]).encrypt(content_key, OAEP))}
            for kid in sorted(recipients)
        ],
        "iv": encode(iv),
        "ciphertext": encode(sealed[:-16]),
        "tag": encode(sealed[-16:]),
    }
    signing = part({"alg": "PS256", "kid": own, "typ": "parley-e2e+jws", "parley": bound}) + "." + part(jwe)
    return signing + "." + sign(key, signing.encode())


def open_end_to_end(key, own, sender_keys, envelope, jws):
    """The inner (MsgType, Content), or Refused. `sender_keys` are those enrolled for the sender now."""
    try:
        header_text, payload, signature = jws.split(".")
        header, jwe = strict_json(decode(header_text)), strict_json(decode(payload))
        bound = header["parley"]
        if header != {"alg": "PS256", "kid": bound["SenderKey"], "typ": "parley-e2e+jws", "parley": bound}:
            raise ValueError("the header of the signature")
        expected = {"From": envelope["FromUserId"], "To": envelope["ToUserId"], "Id": envelope["ClientMsgId"], "Time": envelope["CreateTime"]}
        if bound != expected | {"SenderKey": header["kid"], "RecipientKeys": bound["RecipientKeys"]}:
            raise ValueError("it was made for another envelope")
        if header["kid"] not in sender_keys:
            raise ValueError("the sender's key is not enrolled")
        if not is_signed(public_key(sender_keys[header["kid"]]), f"{header_text}.{payload}".encode(), signature):
            raise ValueError("the signature")
        if set(jwe) != {"protected", "recipients", "iv", "ciphertext", "tag"}:
            raise ValueError("the members of the JWE")
        if strict_json(decode(jwe["protected"])) != {"enc": "A256GCM", "typ": "parley-e2e", "parley": bound}:
            raise ValueError("the header of the JWE")
        if [recipient["header"]["kid"] for recipient in jwe["recipients"]] != bound["RecipientKeys"]:
            raise ValueError("the receivers")
        mine = jwe["recipients"][bound["RecipientKeys"].index(own)]
        if mine != {"header": {"alg": "RSA-OAEP-256", "kid": own}, "encrypted_key": mine["encrypted_key"]}:
            raise ValueError("the receiver's entry")
        content_key = key.decrypt(decode(mine["encrypted_key"]), OAEP)
        sealed = decode(jwe["ciphertext"]) + decode(jwe["tag"], 16)
        inner = strict_json(AESGCM(content_key).decrypt(decode(jwe["iv"], 12), sealed, jwe["protected"].encode()))
        if set(inner) != {"MsgType", "Content"}:
            raise ValueError("what is inside")
        return inner["MsgType"], inner["Content"]
    except (ValueError, KeyError, TypeError, AttributeError, InvalidTag) as error:
        raise Refused("bad_end_to_end", f"an end-to-end message is refused: {error}") from None


# ---- Signed messages ------------------------------------------------------------------------------------------------


def message_text(envelope, sender, key_thumbprint):
    """What PS256 and RS256 sign of an envelope."""
    return signed_text(
        "parley message v1",
        sender,
        envelope.get("ToUserId") or "",
        envelope["ClientMsgId"],
        envelope["CreateTime"],
        envelope["MsgType"],
        sha256(envelope["Content"].encode()),
        key_thumbprint,
    )


# ---- The client -----------------------------------------------------------------------------------------------------


class Wire:
    """Bodies over TCP: START body END."""

    def __init__(self, host, port):
        self._socket = socket.create_connection((host, port), timeout=10)
        self._rest = b""

    def send(self, body):
        self._socket.sendall(b"\x02" + body + b"\x03")

    def receive(self):
        """The next body; None at the end."""
        while b"\x03" not in self._rest:
            chunk = self._socket.recv(65536)
            if not chunk:
                return None
            self._rest += chunk
        frame, self._rest = self._rest.split(b"\x03", 1)
        if frame[:1] != b"\x02":
            raise Refused("bad_server", "the server sent noise")
        return frame[1:]

    def wait_for_ever(self):
        self._socket.settimeout(None)

    def close(self):
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # it has ended already


class Client:
    """One sealed session. Reading has a thread of its own; any thread may send."""

    def __init__(self, options, state):
        self._options, self._state = options, state
        self._jwk = state.data["key"]
        self.key, self.own = private_key(self._jwk), thumbprint(self._jwk)
        self._sending = threading.Lock()
        self._ids = itertools.count(1)
        self._waiting = {}
        self._seen = set()
        self._is_closing = False
        self.pending = {}  # keys of this user that ask to be let in: thumbprint to device
        self.arrived = queue.Queue()  # envelopes that answer no request; None at the end

    def connect(self, password):
        """Handshake and login. Without a good ticket it costs the server a full handshake."""
        server = self._state.server
        ticket = server.get("ticket") if self._options.suite == server.get("suite") else None
        try:
            answer = self._connect(ticket, password)
        except TicketRefused:
            server.pop("ticket")
            ticket = None
            answer = self._connect(None, password)
        if ticket is not None and answer.get("Code") == "auth_failed":
            # The ticket's session stands, but the account has changed: in it, a password will do.
            server.pop("ticket")
            answer = self.request("AuthRequest", self._credentials(password), raising=False)
        if not answer["Success"]:
            raise Refused(answer["Code"], answer["Message"])
        if "Ticket" in answer:
            server.update(ticket=answer["Ticket"], secret=encode(self._resumption_secret), suite=self._options.suite)
        self._state.save()
        return {"user": answer["UserId"], "suite": self._options.suite, "resumed": ticket is not None, "server": self.server, "key": self.own}

    def _connect(self, ticket, password):
        suite = self._options.suite
        self._wire = Wire(self._options.host, self._options.port)
        # A server that takes only sealed sessions has sent its keys by now, and ignores this.
        self._wire.send(dump({"MsgType": "PlatformKeyRequest", "Content": "{}"}).encode())
        offer_body = self._wire.receive()
        offer = content_of(offer_body, "PlatformKeyMessage")
        pin = self._options.pin or self._state.server.get("pin")
        self.server, handshake_key = check_offer(offer, suite, pin, time.time())
        self._server_nonce = offer["Nonce"]
        old_secret = None if ticket is None else decode(self._state.server["secret"], 32)
        handshake = Handshake(suite, self.key, offer_body, old_secret)
        if ticket is None:
            handshake.begin(public_jwk(self._jwk), handshake_key)
        else:
            handshake.begin_with_ticket(ticket)
        self._wire.send(handshake.terminal_body)
        finish_body = self._wire.receive()
        if finish_body is None and ticket is not None:
            raise TicketRefused
        keys = handshake.finish(finish_body)
        self._records, self._opening = keys.sending, keys.receiving
        self._resumption_secret = keys.resumption_secret
        # Only now is it the server: pin it.
        self._state.server["pin"] = self.server
        self._state.save()

        credentials = {"UserId": self._options.user, "DeviceId": self._options.device} if ticket else self._credentials(password)
        self._wire.wait_for_ever()
        threading.Thread(target=self._read, daemon=True).start()
        return self.request("AuthRequest", credentials, before=handshake.proof(keys), raising=False)

    def _credentials(self, password):
        return {"UserId": self._options.user, "Password": password, "DeviceId": self._options.device, "Client": "sealed.py/1"}

    # Messages

    def send_text(self, to, text):
        return self.send_message(self.envelope("TextMsgRequest", {"Message": text}, to))

    def send_signed(self, to, text):
        envelope = self.envelope("TextMsgRequest", {"Message": text}, to)
        signature = sign(self.key, message_text(envelope, self._options.user, self.own))
        envelope["Sign"] = {"Alg": "PS256", "Key": self.own, "Signature": signature}
        return self.send_message(envelope)

    def send_end_to_end(self, to, text):
        keys = self.keys_of(to)
        if not keys:
            raise Refused("no_keys", f"{to} has no key")
        envelope = self.envelope("EndToEndMsgRequest", {}, to)
        bound = {"From": self._options.user, "To": to, "Id": envelope["ClientMsgId"], "Time": envelope["CreateTime"]}
        jws = seal_end_to_end(self.key, self.own, bound, keys, "TextMsgRequest", dump({"Message": text}))
        envelope["Content"] = dump({"Jws": jws})
        return self.send_message(envelope)

    def read(self, envelope):
        """What arrived from a user, checked and in plain: an object to print."""
        sender = envelope["FromUserId"]
        msg_type, content, sealed = envelope["MsgType"], envelope["Content"], False
        signed = self._check_signature(envelope) if "Sign" in envelope else False
        if msg_type == "EndToEndMsgRequest":
            jws = json.loads(content)["Jws"]
            msg_type, content = open_end_to_end(self.key, self.own, self.keys_of(sender), envelope, jws)
            signed = sealed = True
        # The server lets no signed message through twice, but it might: what is proven is proven once.
        name = (sender, envelope.get("ClientMsgId"))
        if signed and name in self._seen:
            raise Refused("replayed", f"a message of {sender} came twice")
        self._seen.add(name)
        content = json.loads(content)
        text = content["Message"] if msg_type == "TextMsgRequest" else dump(content)
        return {"event": "text", "from": sender, "type": msg_type, "text": text, "signed": signed, "endToEnd": sealed}

    def _check_signature(self, envelope):
        """True if the receiver could check it; False for a kind that only the server can check."""
        signature, sender = envelope["Sign"], envelope["FromUserId"]
        if signature["Alg"] not in ("PS256", "RS256"):
            return False
        key = self.keys_of(sender).get(signature["Key"])
        text = message_text(envelope, sender, signature["Key"])
        if key is None or not is_signed(public_key(key), text, signature["Signature"], signature["Alg"]):
            raise Refused("bad_signature", f"a signature of {sender} is wrong")
        return True

    # Keys

    def enrol(self):
        text = signed_text("parley enrolment v1", self._options.user, self._options.device, self.server, self.own, self._server_nonce)
        self.request("EnrolKeyRequest", {"Key": public_jwk(self._jwk), "DeviceId": self._options.device, "Signature": sign(self.key, text)})

    def approve(self, wanted):
        if wanted not in self.pending:
            raise Refused("no_keys", "no such key has asked to be let in while this program ran")
        text = signed_text("parley key approval v1", self._options.user, self.pending[wanted], self.server, wanted)
        self.request("ApproveKeyRequest", {"Thumbprint": wanted, "Key": self.own, "Signature": sign(self.key, text)})

    def keys_of(self, user):
        """The user's keys by thumbprint, from a log that extends what was seen before."""
        log, after = KeyLog(user), {}
        while True:
            page = self.request("KeyDirectoryRequest", {"UserId": user} | after)
            for entry in page["Entries"]:
                log.add(entry)
            if not page.get("More"):
                break
            after = {"After": page["Entries"][-1]["Index"]}
        seen = self._state.server.setdefault("logs", {}).get(user)
        head = {"index": len(log.hashes), "hash": log.hash}
        if seen is not None and seen["index"] > 0:
            if seen["index"] > len(log.hashes) or log.hashes[seen["index"] - 1] != seen["hash"]:
                raise Refused("bad_key_log", f"the server shows another past of {user}'s keys than before: do not trust it")
            if seen != head:
                tell(event="keys-changed", user=user, keys=sorted(log.keys))
        if seen != head:
            self._state.server["logs"][user] = head
            self._state.save()
        return log.keys

    # Requests and records

    def envelope(self, msg_type, content, to=None):
        envelope = {"MsgType": msg_type, "CreateTime": int(time.time()), "Content": dump(content)}
        if to is not None:
            envelope |= {"ToUserId": to, "ClientMsgId": secrets.token_hex(16)}
        return envelope

    def send_message(self, envelope):
        """Sends an envelope to a user; gives its status (`sent`)."""
        return self._ask(envelope)["Data"]["Status"]

    def request(self, msg_type, content, before=None, raising=True):
        return self._ask(self.envelope(msg_type, content), before, raising)

    def _ask(self, envelope, before=None, raising=True):
        """Sends a request and waits for its one answer. `before` opens the first record of a session."""
        envelope["CallbackID"] = str(next(self._ids))
        answer = queue.Queue()
        self._waiting[envelope["CallbackID"]] = answer
        self._send(envelope, before)
        try:
            content = answer.get(timeout=70)
        except queue.Empty:
            raise Refused("no_answer", f"no answer to {envelope['MsgType']}") from None
        if content is None:
            raise Refused("connection_lost", "the connection ended before the answer came")
        if raising and (content.get("Success") is False or "Retryable" in content):
            raise Refused(content["Code"], content["Message"])
        return content

    def _send(self, envelope, before=None):
        frame = b"\x02" + dump(envelope).encode() + b"\x03"
        # Counters are never sent: records must leave in the order in which they are sealed.
        with self._sending:
            if before is None:
                self._send_record(DATA, frame)
            else:
                self._send_record(FINISH, before + frame)
            if self._records.records >= RECORDS_PER_KEY - 1 or self._records.bytes >= BYTES_PER_KEY:
                self._send_record(KEY_UPDATE)

    def _send_record(self, kind, text=b""):
        self._wire.send(base64.b64encode(self._records.seal(kind, text)))

    def close(self):
        self._is_closing = True
        with self._sending:
            try:
                self._send_record(CLOSE)
            except OSError:
                pass  # it has ended already
        self._wire.close()

    def _read(self):
        ended = "connection_lost"
        try:
            while (body := self._wire.receive()) is not None:
                kind, text = self._opening.open(base64.b64decode(body, validate=True))
                if kind == CLOSE:
                    ended = "closed"
                    break
                if kind == DATA:
                    self._take(text)
        except (OSError, ValueError, KeyError, InvalidTag, Refused):
            self._wire.close()
        for answer in list(self._waiting.values()):
            answer.put(None)
        if not self._is_closing:
            self.arrived.put({"end": ended})

    def _take(self, text):
        """The messages of a record, each as it would stand on a plain connection."""
        *frames, rest = text.split(b"\x03")
        if rest or not all(frame.startswith(b"\x02") for frame in frames):
            raise ValueError("a record that does not hold whole frames")
        for frame in frames:
            envelope = json.loads(frame[1:])
            # Only what has no FromUserId comes from the server; users can't answer for it.
            if not envelope.get("FromUserId"):
                answer = self._waiting.pop(envelope.get("CallbackID"), None)
                if answer is not None:
                    answer.put(json.loads(envelope["Content"]))
                    continue
                if envelope["MsgType"] == "HeartbeatRequest":
                    self._send({"MsgType": "HeartbeatResponse", "Content": "{}", "CallbackID": envelope.get("CallbackID")})
                    continue
            self.arrived.put(envelope)


class State:
    """The file of --key."""

    def __init__(self, path, server_name):
        self._path = path
        try:
            with open(path, encoding="utf-8") as file:
                self.data = json.load(file)
        except FileNotFoundError:
            self.data = {"key": new_private_jwk(), "servers": {}}
        self.server = self.data["servers"].setdefault(server_name, {})
        self._saving = threading.Lock()
        self.save()

    def save(self):
        with self._saving:
            new = f"{self._path}.new"
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
                json.dump(self.data, file, indent=1)
            os.replace(new, self._path)


def tell(**fields):
    print(dump(fields), flush=True)


def show_arrivals(client):
    while True:
        envelope = client.arrived.get()
        if "end" in envelope:
            tell(event="end", code=envelope["end"])
            # The main thread waits for the keyboard, and nothing that is typed could be sent any more.
            os._exit(0)
        try:
            if envelope.get("FromUserId"):
                tell(**client.read(envelope))
                continue
            content = json.loads(envelope["Content"])
            if envelope["MsgType"] == "KeyEvent" and content["Kind"] == "requested":
                client.pending[content["Thumbprint"]] = content["DeviceId"]
            tell(event="server", type=envelope["MsgType"], content=content)
        except Refused as problem:
            tell(event="error", code=problem.code, message=str(problem))
        except (ValueError, KeyError, TypeError) as problem:
            tell(event="error", code="bad_message", message=str(problem))


def obey(client, line):
    """Does what a line says; False for the end."""
    command, _, rest = line.partition(" ")
    if command == "quit":
        return False
    if command in ("send", "send-signed", "send-e2e"):
        to, _, text = rest.partition(" ")
        how = {"send": client.send_text, "send-signed": client.send_signed, "send-e2e": client.send_end_to_end}[command]
        tell(event="sent", to=to, status=how(to, text))
    elif command == "enrol":
        client.enrol()
        tell(event="enrolled", key=client.own)
    elif command == "approve":
        client.approve(rest)
        tell(event="approved", key=rest)
    elif command == "keys":
        own, others = client.keys_of(client._options.user), client.keys_of(rest)
        number = safety_number(client._options.user, own, rest, others)
        tell(event="keys", user=rest, keys=sorted(others), safetyNumber=number)
    elif command:
        tell(event="error", code="usage", message=f"no such command: {command}")
    return True


def main():
    parser = argparse.ArgumentParser(description="A sealed client for Parley.")
    parser.add_argument("--user", required=True)
    parser.add_argument("--key", required=True, metavar="FILE", help="private key, pins and tickets; made if it is not there")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=7700)
    parser.add_argument("--suite", type=int, default=1, choices=[1, 2])
    parser.add_argument("--device", help="a name for this device")
    parser.add_argument("--pin", help="the server's thumbprint; without it, the first one seen is kept")
    parser.add_argument("--password-stdin", action="store_true", help="read the password from the first line of the input")
    options = parser.parse_args()
    password = sys.stdin.readline().rstrip("\n") if options.password_stdin else getpass.getpass()
    try:
        state = State(options.key, f"{options.host}:{options.port}")
        # A device keeps its name.
        options.device = options.device or state.data.get("device") or f"python-{secrets.token_hex(4)}"
        state.data["device"] = options.device
        client = Client(options, state)
        tell(event="login", **client.connect(password))
    except (OSError, Refused) as problem:
        tell(event="error", code=getattr(problem, "code", "connection_lost"), message=str(problem))
        sys.exit(1)
    threading.Thread(target=show_arrivals, args=(client,), daemon=True).start()
    for line in sys.stdin:
        try:
            if not obey(client, line.strip()):
                break
        except (OSError, Refused) as problem:
            tell(event="error", code=getattr(problem, "code", "connection_lost"), message=str(problem))
    client.close()


if __name__ == "__main__":
    main()
