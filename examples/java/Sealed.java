import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPrivateCrtKey;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECParameterSpec;
import java.security.spec.ECPoint;
import java.security.spec.ECPublicKeySpec;
import java.security.spec.MGF1ParameterSpec;
import java.security.spec.PSSParameterSpec;
import java.security.spec.RSAKeyGenParameterSpec;
import java.security.spec.RSAPrivateCrtKeySpec;
import java.security.spec.RSAPublicKeySpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import javax.crypto.Cipher;
import javax.crypto.KeyAgreement;
import javax.crypto.Mac;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.OAEPParameterSpec;
import javax.crypto.spec.PSource;
import javax.crypto.spec.SecretKeySpec;

/**
 * A client of sealed sessions: handshake, signed messages, end to end. Java 17 or later and nothing else. Written from
 * docs/protocol.md alone.
 *
 * <pre>
 *     java Sealed.java --user alice --key alice.json        asks for the password
 * </pre>
 *
 * FILE of --key is made at the first start: the private key, the pins of servers, tickets, and what was seen of others'
 * keys. Keep it like a password. Then type
 *
 * <pre>
 *     send bob hello           a text to bob
 *     send-signed bob hello    the same, signed by the key: needs `enrol` once
 *     send-e2e bob hello       only bob can read it: both need `enrol` once
 *     enrol                    enrols this key for the user
 *     approve THUMBPRINT       lets a further key of the user in
 *     keys bob                 bob's keys, and the number to compare with bob by telephone
 *     quit
 * </pre>
 *
 * What happens is printed as one JSON object a line.
 */
public final class Sealed {
  static final int FINISH = 0, HEARTBEAT = 1, KEY_UPDATE = 2, CLOSE = 3, DATA = 4;
  static final long RECORDS_PER_KEY = 1 << 20, BYTES_PER_KEY = 1 << 30;
  static final long HOUR = 3_600, DAY = 86_400;
  static final SecureRandom random = new SecureRandom();

  /** What must not be believed, or what the server refused; `code` is for programs. */
  static final class Refused extends RuntimeException {
    final String code;

    Refused(String code, String message) {
      super(message);
      this.code = code;
    }
  }

  /** The server ended the connection at a ticket: a full handshake helps. */
  static final class TicketRefused extends Exception {}

  // ---- Encodings ----------------------------------------------------------------------------------------------------

  static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  static byte[] randomBytes(int length) {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    return bytes;
  }

  static byte[] concat(byte[]... parts) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (byte[] part : parts) all.writeBytes(part);
    return all.toByteArray();
  }

  /** base64url without padding. */
  static String encode(byte[] data) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(data);
  }

  /** The bytes of canonical base64url without padding; anything else throws. */
  static byte[] decode(String text) {
    byte[] data = Base64.getUrlDecoder().decode(text);
    if (!encode(data).equals(text)) throw new IllegalArgumentException("not canonical base64url");
    return data;
  }

  static byte[] decode(String text, int length) {
    byte[] data = decode(text);
    if (data.length != length) throw new IllegalArgumentException("not " + length + " bytes");
    return data;
  }

  /** What is signed or hashed: each part with its length, so that no two lists of parts have the same bytes. */
  static byte[] signedText(Object... parts) {
    try {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      DataOutputStream out = new DataOutputStream(bytes);
      for (Object part : parts) {
        byte[] data = part instanceof byte[] raw ? raw : utf8(String.valueOf(part));
        out.writeInt(data.length);
        out.write(data);
      }
      return bytes.toByteArray();
    } catch (IOException impossible) {
      throw new UncheckedIOException(impossible);
    }
  }

  static byte[] sha256(byte[] data) throws GeneralSecurityException {
    return MessageDigest.getInstance("SHA-256").digest(data);
  }

  static byte[] hmac(byte[] key, byte[] data) throws GeneralSecurityException {
    Mac mac = Mac.getInstance("HmacSHA256");
    // Java takes no empty key; for HMAC one zero byte is the same.
    mac.init(new SecretKeySpec(key.length == 0 ? new byte[1] : key, "HmacSHA256"));
    return mac.doFinal(data);
  }

  static byte[] hkdf(byte[] secret, byte[] salt, String info, int length) throws GeneralSecurityException {
    return hkdfExpand(hmac(salt, secret), info, length);
  }

  static byte[] hkdfExpand(byte[] key, String info, int length) throws GeneralSecurityException {
    byte[] all = new byte[0], block = new byte[0];
    for (int i = 1; all.length < length; i++) {
      block = hmac(key, concat(block, utf8(info), new byte[] {(byte) i}));
      all = concat(all, block);
    }
    return Arrays.copyOf(all, length);
  }

  // ---- RSA keys -----------------------------------------------------------------------------------------------------

  /** MGF1 is named too: Java would take SHA-1 for it, which fits nobody else. */
  static final OAEPParameterSpec OAEP =
      new OAEPParameterSpec("SHA-256", "MGF1", MGF1ParameterSpec.SHA256, PSource.PSpecified.DEFAULT);
  static final PSSParameterSpec PSS = new PSSParameterSpec("SHA-256", "MGF1", MGF1ParameterSpec.SHA256, 32, 1);

  static BigInteger integer(Object text) {
    return new BigInteger(1, decode((String) text));
  }

  static String textOf(BigInteger number) {
    byte[] bytes = number.toByteArray();
    return encode(bytes[0] == 0 ? Arrays.copyOfRange(bytes, 1, bytes.length) : bytes);
  }

  /** RFC 7638. */
  static String thumbprint(Map<String, Object> jwk) throws GeneralSecurityException {
    return encode(sha256(utf8("{\"e\":\"" + jwk.get("e") + "\",\"kty\":\"RSA\",\"n\":\"" + jwk.get("n") + "\"}")));
  }

  static Map<String, Object> publicJwk(Map<String, Object> jwk) {
    return object("kty", "RSA", "n", jwk.get("n"), "e", jwk.get("e"));
  }

  /** A stranger's key, checked before it is used. */
  static PublicKey publicKey(Map<String, Object> jwk) throws GeneralSecurityException {
    if (!jwk.keySet().equals(Set.of("kty", "n", "e")) || !"RSA".equals(jwk.get("kty")) || !"AQAB".equals(jwk.get("e"))) {
      throw new Refused("bad_key", "not an RSA key with the exponent 65537");
    }
    BigInteger n = integer(jwk.get("n"));
    if (n.bitLength() < 2048 || n.bitLength() > 4096 || !n.testBit(0) || !textOf(n).equals(jwk.get("n"))) {
      throw new Refused("bad_key", "not a modulus of 2048 to 4096 bits");
    }
    return KeyFactory.getInstance("RSA").generatePublic(new RSAPublicKeySpec(n, BigInteger.valueOf(65537)));
  }

  static PrivateKey privateKey(Map<String, Object> jwk) throws GeneralSecurityException {
    return KeyFactory.getInstance("RSA")
        .generatePrivate(
            new RSAPrivateCrtKeySpec(
                integer(jwk.get("n")),
                integer(jwk.get("e")),
                integer(jwk.get("d")),
                integer(jwk.get("p")),
                integer(jwk.get("q")),
                integer(jwk.get("dp")),
                integer(jwk.get("dq")),
                integer(jwk.get("qi"))));
  }

  static Map<String, Object> newPrivateJwk() throws GeneralSecurityException {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
    generator.initialize(new RSAKeyGenParameterSpec(2048, RSAKeyGenParameterSpec.F4));
    RSAPrivateCrtKey key = (RSAPrivateCrtKey) generator.generateKeyPair().getPrivate();
    return object(
        "kty", "RSA",
        "n", textOf(key.getModulus()),
        "e", textOf(key.getPublicExponent()),
        "d", textOf(key.getPrivateExponent()),
        "p", textOf(key.getPrimeP()),
        "q", textOf(key.getPrimeQ()),
        "dp", textOf(key.getPrimeExponentP()),
        "dq", textOf(key.getPrimeExponentQ()),
        "qi", textOf(key.getCrtCoefficient()));
  }

  static byte[] encryptOaep(PublicKey key, byte[] data) throws GeneralSecurityException {
    Cipher cipher = Cipher.getInstance("RSA/ECB/OAEPPadding");
    cipher.init(Cipher.ENCRYPT_MODE, key, OAEP);
    return cipher.doFinal(data);
  }

  static byte[] decryptOaep(PrivateKey key, byte[] data) throws GeneralSecurityException {
    Cipher cipher = Cipher.getInstance("RSA/ECB/OAEPPadding");
    cipher.init(Cipher.DECRYPT_MODE, key, OAEP);
    return cipher.doFinal(data);
  }

  /** PS256. */
  static byte[] sign(PrivateKey key, byte[] text) throws GeneralSecurityException {
    Signature signature = Signature.getInstance("RSASSA-PSS");
    signature.setParameter(PSS);
    signature.initSign(key);
    signature.update(text);
    return signature.sign();
  }

  static boolean isSigned(PublicKey key, byte[] text, Object signatureText) throws GeneralSecurityException {
    return isSigned(key, text, signatureText, "PS256");
  }

  static boolean isSigned(PublicKey key, byte[] text, Object signatureText, String algorithm) throws GeneralSecurityException {
    Signature signature = Signature.getInstance(algorithm.equals("RS256") ? "SHA256withRSA" : "RSASSA-PSS");
    if (algorithm.equals("PS256")) signature.setParameter(PSS);
    signature.initVerify(key);
    signature.update(text);
    try {
      return signature.verify(decode((String) signatureText));
    } catch (java.security.SignatureException | IllegalArgumentException wrongLength) {
      return false;
    }
  }

  // ---- P-256 --------------------------------------------------------------------------------------------------------

  static KeyPair newPoint() throws GeneralSecurityException {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
    generator.initialize(new ECGenParameterSpec("secp256r1"));
    return generator.generateKeyPair();
  }

  /** 65 bytes: 4, x, y. */
  static byte[] pointBytes(PublicKey key) {
    ECPoint point = ((ECPublicKey) key).getW();
    return concat(new byte[] {4}, fixed(point.getAffineX()), fixed(point.getAffineY()));
  }

  private static byte[] fixed(BigInteger number) {
    byte[] bytes = number.toByteArray(), out = new byte[32];
    int length = Math.min(bytes.length, 32);
    System.arraycopy(bytes, bytes.length - length, out, 32 - length, length);
    return out;
  }

  /** The x coordinate that both sides come to. Java refuses points that are not on the curve. */
  static byte[] agree(KeyPair own, byte[] point) throws GeneralSecurityException {
    if (point.length != 65 || point[0] != 4) throw new Refused("bad_server", "not an uncompressed point");
    ECParameterSpec curve = ((ECPublicKey) own.getPublic()).getParams();
    BigInteger x = new BigInteger(1, Arrays.copyOfRange(point, 1, 33)), y = new BigInteger(1, Arrays.copyOfRange(point, 33, 65));
    PublicKey other = KeyFactory.getInstance("EC").generatePublic(new ECPublicKeySpec(new ECPoint(x, y), curve));
    KeyAgreement agreement = KeyAgreement.getInstance("ECDH");
    agreement.init(own.getPrivate());
    agreement.doPhase(other, true);
    return agreement.generateSecret();
  }

  // ---- Handshake (suite 1) ------------------------------------------------------------------------------------------

  /** What PlatformKeyMessage says, checked. */
  record Offer(String server, PublicKey handshakeKey, String nonce) {}

  static Offer checkOffer(Map<String, Object> offer, String pin, long now) throws GeneralSecurityException {
    String shown;
    PublicKey handshakeKey;
    List<String> known;
    try {
      Map<String, Object> identity = objectOf(offer.get("IdentityKey")), handshake = objectOf(offer.get("HandshakeKey"));
      handshakeKey = publicKey(handshake);
      long begins = (Long) offer.get("NotBefore"), ends = (Long) offer.get("NotAfter"), serverTime = (Long) offer.get("ServerTime");
      byte[] text = signedText("parley handshake key v1", thumbprint(handshake), begins, ends);
      if (!isSigned(publicKey(identity), text, offer.get("Signature"))) {
        throw new Refused("bad_server_key", "the handshake key is not signed by the server's identity key");
      }
      boolean isNowThere = begins - HOUR <= serverTime && serverTime <= ends;
      // A day of slack: this machine's clock may be wrong.
      boolean isNowHere = begins - HOUR - DAY <= now && now <= ends + DAY;
      if (!isNowThere || !isNowHere || ends - begins > 31 * DAY) {
        throw new Refused("bad_server_key", "the server's handshake key is not valid now");
      }
      decode((String) offer.get("Nonce"), 32);
      shown = thumbprint(identity);
      known = olderIdentities(offer);
      known.add(shown);
      if (!offer.get("Version").equals(1L) || !((List<?>) offer.get("Suites")).contains(1L)) {
        throw new Refused("bad_server", "the server does not offer suite 1");
      }
    } catch (IllegalArgumentException | ClassCastException | NullPointerException problem) {
      throw new Refused("bad_server", "PlatformKeyMessage is malformed");
    }
    if (pin != null && !known.contains(pin)) {
      throw new Refused(
          "server_key_changed",
          "the server's key has changed: " + pin + " is pinned, it shows " + shown + ". Someone may be in between: ask who runs it");
    }
    return new Offer(shown, handshakeKey, (String) offer.get("Nonce"));
  }

  /** The thumbprints of the identities that signed their way to the present one. */
  private static List<String> olderIdentities(Map<String, Object> offer) throws GeneralSecurityException {
    List<String> older = new ArrayList<>();
    String newer = thumbprint(objectOf(offer.get("IdentityKey")));
    for (Object each : (List<?>) offer.getOrDefault("Rotations", List.of())) {
      Map<String, Object> rotation = objectOf(each), key = objectOf(rotation.get("Key"));
      byte[] text = signedText("parley identity rotation v1", thumbprint(key), newer, rotation.get("Time"));
      if (older.size() == 4 || !isSigned(publicKey(key), text, rotation.get("Signature"))) {
        throw new Refused("bad_server_key", "a change of the server's identity is not signed by the one before");
      }
      newer = thumbprint(key);
      older.add(newer);
    }
    return older;
  }

  /** The client's side from frame 2 on. `oldSecret` is the ticket's; it takes the place of RSA. */
  static final class Handshake {
    private final PrivateKey key;
    private final byte[] offerBody, oldSecret;
    KeyPair ephemeral = newPoint();
    byte[] nonce = randomBytes(32), share = randomBytes(32), terminalBody;

    Handshake(PrivateKey key, byte[] offerBody, byte[] oldSecret) throws GeneralSecurityException {
      this.key = key;
      this.offerBody = offerBody;
      this.oldSecret = oldSecret;
    }

    /** Makes frame 2 of a full handshake. */
    void begin(Map<String, Object> jwk, PublicKey handshakeKey) throws GeneralSecurityException {
      Map<String, Object> content = members("Key", jwk);
      content.put("Share", encode(encryptOaep(handshakeKey, share)));
      terminalBody = utf8(dump(object("MsgType", "TerminalKeyMessage", "Content", dump(content))));
    }

    /** Makes frame 2 of a resumption: its last member is a MAC over what stands before. */
    void beginWithTicket(String ticket) throws GeneralSecurityException {
      String whole = dump(object("MsgType", "TerminalKeyMessage", "Content", dump(members("Ticket", ticket))));
      String head = whole.substring(0, whole.length() - "}\"}".length());
      terminalBody = utf8(head + ",\\\"Mac\\\":\\\"" + encode(ticketMac(oldSecret, offerBody, utf8(head))) + "\\\"}\"}");
    }

    private Map<String, Object> members(String name, Object value) {
      String point = encode(pointBytes(ephemeral.getPublic()));
      return object("Suite", 1, name, value, "Nonce", encode(nonce), "Point", point);
    }

    /** Takes frame 3: the session's keys, or Refused. */
    SessionKeys finish(byte[] finishBody) throws GeneralSecurityException {
      Map<String, Object> members = contentOf(finishBody, "PlatformFinish");
      Finish finish = splitFinish(finishBody);
      byte[] secret;
      try {
        byte[] agreed = sha256(agree(ephemeral, decode((String) members.get("Point"), 65)));
        byte[] serverNonce = decode((String) members.get("Nonce"), 32);
        secret =
            oldSecret == null
                ? concat(share, decryptOaep(key, decode((String) members.get("Share"))), agreed)
                : concat(oldSecret, nonce, serverNonce, agreed);
      } catch (GeneralSecurityException | IllegalArgumentException | ClassCastException | NullPointerException problem) {
        throw new Refused("bad_server", "PlatformFinish is malformed: " + problem.getMessage());
      }
      byte[] transcript = sha256(signedText("parley sealed v1", offerBody, terminalBody, finish.head()));
      SessionKeys keys = new SessionKeys(secret, transcript);
      if (!MessageDigest.isEqual(keys.serverFinish, finish.mac())) {
        throw new Refused("bad_server", "the server could not prove that it holds its key");
      }
      return keys;
    }

    /** What stands before the first frame of the session. */
    byte[] proof(SessionKeys keys) throws GeneralSecurityException {
      byte[] signature = oldSecret == null ? sign(key, signedText("parley transcript v1", keys.transcript)) : new byte[0];
      return concat(keys.clientFinish, ByteBuffer.allocate(2).putShort((short) signature.length).array(), signature);
    }
  }

  /** The content of a handshake frame. What the server says in plain instead is why it refuses. */
  static Map<String, Object> contentOf(byte[] body, String expected) {
    if (body == null) throw new Refused("connection_lost", "the server ended the handshake");
    try {
      Map<String, Object> envelope = objectOf(parse(new String(body, StandardCharsets.UTF_8)));
      Map<String, Object> content = objectOf(parse((String) envelope.get("Content")));
      if (!expected.equals(envelope.get("MsgType")) || isFromUser(envelope)) {
        Object message = content.getOrDefault("Message", "the server sent something else than " + expected);
        throw new Refused((String) content.getOrDefault("Code", "bad_server"), (String) message);
      }
      // There is one way to write it, so that nobody can read different things in it.
      if (dump(content).equals(envelope.get("Content")) && Arrays.equals(utf8(dump(envelope)), body)) return content;
      throw new Refused("bad_server", expected + " is not in its one form");
    } catch (IllegalArgumentException | ClassCastException | NullPointerException problem) {
      throw new Refused("bad_server", "the server sent something else than " + expected);
    }
  }

  static byte[] ticketMac(byte[] resumptionSecret, byte[] offerBody, byte[] terminalHead) throws GeneralSecurityException {
    byte[] key = hkdf(resumptionSecret, new byte[0], "parley ticket mac v1", 32);
    return hmac(key, signedText("parley resumption v1", offerBody, terminalHead));
  }

  /** The PlatformFinish up to its last member, and that member: the server's MAC. */
  record Finish(byte[] head, byte[] mac) {}

  static Finish splitFinish(byte[] body) {
    String text = new String(body, StandardCharsets.ISO_8859_1), mark = ",\\\"Finish\\\":\\\"", end = "\\\"}\"}";
    int at = text.length() - end.length() - 43 - mark.length();
    if (at < 0 || !text.startsWith(mark, at) || !text.endsWith(end)) {
      throw new Refused("bad_server", "PlatformFinish does not end with Finish");
    }
    return new Finish(Arrays.copyOf(body, at), decode(text.substring(at + mark.length(), text.length() - end.length()), 32));
  }

  /** Everything that the two sides derive, in the order of the derivation. */
  static final class SessionKeys {
    final RecordKeys sending, receiving;
    final byte[] transcript, clientFinish, serverFinish, resumptionSecret, signingKey;

    SessionKeys(byte[] secret, byte[] transcript) throws GeneralSecurityException {
      byte[] okm = hkdf(secret, transcript, "parley sealed v1 keys", 320);
      this.transcript = transcript;
      sending = new RecordKeys(0, Arrays.copyOfRange(okm, 0, 64), Arrays.copyOfRange(okm, 64, 96));
      receiving = new RecordKeys(1, Arrays.copyOfRange(okm, 96, 160), Arrays.copyOfRange(okm, 160, 192));
      clientFinish = hmac(Arrays.copyOfRange(okm, 192, 224), transcript);
      serverFinish = hmac(Arrays.copyOfRange(okm, 224, 256), transcript);
      resumptionSecret = Arrays.copyOfRange(okm, 256, 288);
      signingKey = Arrays.copyOfRange(okm, 288, 320);
    }
  }

  /** What was in a record. */
  record Opened(int kind, byte[] text) {}

  /** One direction: seals records, or opens them, in order. Directions: 0 to the server, 1 to the client. */
  static final class RecordKeys {
    private final int direction;
    private final byte[] ivKey;
    private byte[] key;
    private boolean isClosed;
    /** Of the next record; never sent. */
    long counter;
    /** Under the present key. */
    long records, bytes;

    RecordKeys(int direction, byte[] recordKey, byte[] ivKey) {
      this.direction = direction;
      this.key = recordKey;
      this.ivKey = ivKey;
    }

    byte[] seal(int kind, byte[] text) throws GeneralSecurityException {
      byte[] sealed = cipher(Cipher.ENCRYPT_MODE, kind, text.length).doFinal(text);
      count(kind, text.length);
      return concat(new byte[] {(byte) kind}, sealed);
    }

    /** A record that a server may send. Throws when it is not the next one: the session must end then. */
    Opened open(byte[] record) throws GeneralSecurityException {
      boolean isWorn = records >= 2 * RECORDS_PER_KEY || bytes >= 2 * BYTES_PER_KEY;
      if (record.length < 17 || isWorn || isClosed) throw new GeneralSecurityException("not a record");
      int kind = record[0];
      byte[] text = cipher(Cipher.DECRYPT_MODE, kind, record.length - 17).doFinal(record, 1, record.length - 1);
      // Data is never empty, and the others always are.
      if (kind < HEARTBEAT || kind > DATA || (kind == DATA) != text.length > 0) throw new GeneralSecurityException("not a record");
      isClosed = kind == CLOSE;
      count(kind, text.length);
      return new Opened(kind, text);
    }

    private Cipher cipher(int mode, int kind, int length) throws GeneralSecurityException {
      byte[] nonce = Arrays.copyOf(ivKey, 12), number = ByteBuffer.allocate(12).putInt(0).putLong(counter).array();
      for (int i = 0; i < 12; i++) nonce[i] ^= number[i];
      Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
      cipher.init(mode, new SecretKeySpec(key, 0, 32, "AES"), new GCMParameterSpec(128, nonce));
      // The associated data: suite, direction, counter, type, length.
      ByteBuffer bound = ByteBuffer.allocate(15).put((byte) 1).put((byte) direction).putLong(counter).put((byte) kind);
      cipher.updateAAD(bound.putInt(length).array());
      return cipher;
    }

    private void count(int kind, int length) throws GeneralSecurityException {
      counter++;
      records++;
      bytes += length;
      if (kind == KEY_UPDATE) {
        key = hkdfExpand(key, "rekey", 64);
        records = bytes = 0;
      }
    }
  }

  // ---- Key logs: whose key is whose ---------------------------------------------------------------------------------

  /** The log of one user's keys, as far as it was seen and found right. */
  static final class KeyLog {
    final String user;
    /** Of the last entry. */
    String hash = encode(new byte[32]);
    final List<String> hashes = new ArrayList<>();
    /** The keys that are enrolled now, by thumbprint. */
    final Map<String, Map<String, Object>> keys = new TreeMap<>();
    private final Set<String> revoked = new HashSet<>();

    KeyLog(String user) {
      this.user = user;
    }

    /** Takes the next entry, or throws. */
    void add(Map<String, Object> entry) throws GeneralSecurityException {
      String own = (String) entry.get("Thumbprint"), approver = (String) entry.get("ApprovedBy");
      List<Object> parts = new ArrayList<>(List.of("parley key log v1", user));
      for (String name : List.of("Index", "Kind", "Time", "DeviceId", "Thumbprint", "ApprovedBy", "Previous")) parts.add(entry.get(name));
      String next = encode(sha256(signedText(parts.toArray())));
      require(entry.get("Index").equals((long) hashes.size()) && entry.get("Previous").equals(hash) && entry.get("Hash").equals(next));
      if (entry.get("Kind").equals("enrol")) {
        Map<String, Object> key = objectOf(entry.get("Key"));
        publicKey(key);
        require(thumbprint(key).equals(own) && !keys.containsKey(own) && !revoked.contains(own));
        // A first key beside others would be one that nobody of them let in.
        require(!approver.equals("first") || keys.isEmpty());
        if (!approver.equals("first") && !approver.equals("operator")) {
          require(keys.containsKey(approver));
          byte[] text = signedText("parley key approval v1", user, entry.get("DeviceId"), entry.get("Server"), own);
          require(isSigned(publicKey(keys.get(approver)), text, entry.get("Signature")));
        }
        keys.put(own, key);
      } else {
        require(entry.get("Kind").equals("revoke") && keys.remove(own) != null);
        revoked.add(own);
      }
      hash = next;
      hashes.add(next);
    }

    private void require(boolean condition) {
      if (!condition) throw new Refused("bad_key_log", "the log of " + user + "'s keys is wrong at entry " + hashes.size());
    }
  }

  /** 60 digits that are the same on both sides; compare them by another way than this server. */
  static String safetyNumber(String user, Set<String> keys, String other, Set<String> otherKeys) throws GeneralSecurityException {
    return String.join(" ", new TreeSet<>(List.of(halfNumber(user, keys), halfNumber(other, otherKeys))));
  }

  private static String halfNumber(String user, Set<String> keys) throws GeneralSecurityException {
    List<Object> parts = new ArrayList<>(List.of("parley safety number v1", user));
    parts.addAll(new TreeSet<>(keys));
    byte[] digest = sha256(signedText(parts.toArray()));
    List<String> groups = new ArrayList<>();
    for (int at = 0; at < 30; at += 5) {
      long number = new BigInteger(1, Arrays.copyOfRange(digest, at, at + 5)).longValue();
      groups.add(String.format("%05d", number % 100_000));
    }
    return String.join(" ", groups);
  }

  // ---- End to end ---------------------------------------------------------------------------------------------------

  private static String part(Object value) {
    return encode(utf8(dump(value)));
  }

  static Map<String, Object> endToEndBound(Object from, Object to, Object id, Object time) {
    return object("From", from, "To", to, "Id", id, "Time", time);
  }

  /** A JWS over a JWE; `recipients` are the receiver's keys by thumbprint. */
  static String sealEndToEnd(
      PrivateKey key, String own, Map<String, Object> envelopeBound, Map<String, Map<String, Object>> recipients, String msgType, String content)
      throws GeneralSecurityException {
    Map<String, Object> bound = new LinkedHashMap<>(envelopeBound);
    bound.put("SenderKey", own);
    bound.put("RecipientKeys", new ArrayList<>(new TreeSet<>(recipients.keySet())));
    String header = part(object("enc", "A256GCM", "typ", "parley-e2e", "parley", bound));
    byte[] contentKey = randomBytes(32), iv = randomBytes(12);
    List<Object> entries = new ArrayList<>();
    for (String kid : new TreeSet<>(recipients.keySet())) {
      byte[] wrapped = encryptOaep(publicKey(recipients.get(kid)), contentKey);
      entries.add(object("header", object("alg", "RSA-OAEP-256", "kid", kid), "encrypted_key", encode(wrapped)));
    }
    Cipher cipher = contentCipher(Cipher.ENCRYPT_MODE, contentKey, iv, header);
    byte[] sealed = cipher.doFinal(utf8(dump(object("MsgType", msgType, "Content", content))));
    int length = sealed.length - 16;
    Map<String, Object> jwe =
        object(
            "protected", header,
            "recipients", entries,
            "iv", encode(iv),
            "ciphertext", encode(Arrays.copyOf(sealed, length)),
            "tag", encode(Arrays.copyOfRange(sealed, length, sealed.length)));
    String signing = part(object("alg", "PS256", "kid", own, "typ", "parley-e2e+jws", "parley", bound)) + "." + part(jwe);
    return signing + "." + encode(sign(key, utf8(signing)));
  }

  /** The inner MsgType and Content, or Refused. `senderKeys` are those enrolled for the sender now. */
  static Map<String, Object> openEndToEnd(
      PrivateKey key, String own, Map<String, Map<String, Object>> senderKeys, Map<String, Object> envelope, String jws) {
    try {
      String[] parts = jws.split("\\.", -1);
      require(parts.length == 3, "the form of the JWS");
      Map<String, Object> header = objectOf(parse(new String(decode(parts[0]), StandardCharsets.UTF_8)));
      Map<String, Object> jwe = objectOf(parse(new String(decode(parts[1]), StandardCharsets.UTF_8)));
      Map<String, Object> bound = objectOf(header.get("parley"));
      Object sender = header.get("kid");
      require(header.equals(object("alg", "PS256", "kid", sender, "typ", "parley-e2e+jws", "parley", bound)), "the header of the signature");
      Map<String, Object> expected =
          endToEndBound(envelope.get("FromUserId"), envelope.get("ToUserId"), envelope.get("ClientMsgId"), envelope.get("CreateTime"));
      expected.put("SenderKey", sender);
      expected.put("RecipientKeys", bound.get("RecipientKeys"));
      require(bound.equals(expected), "it was made for another envelope");
      require(senderKeys.containsKey(sender), "the sender's key is not enrolled");
      require(isSigned(publicKey(senderKeys.get(sender)), utf8(parts[0] + "." + parts[1]), parts[2]), "the signature");
      require(jwe.keySet().equals(Set.of("protected", "recipients", "iv", "ciphertext", "tag")), "the members of the JWE");
      String inner = (String) jwe.get("protected");
      Object innerHeader = parse(new String(decode(inner), StandardCharsets.UTF_8));
      require(object("enc", "A256GCM", "typ", "parley-e2e", "parley", bound).equals(innerHeader), "the header of the JWE");
      List<Object> kids = new ArrayList<>();
      Map<String, Object> mine = null;
      for (Object each : (List<?>) jwe.get("recipients")) {
        Map<String, Object> recipient = objectOf(each);
        Object kid = objectOf(recipient.get("header")).get("kid");
        kids.add(kid);
        if (own.equals(kid)) mine = recipient;
      }
      require(kids.equals(bound.get("RecipientKeys")) && mine != null, "the receivers");
      Object wrapped = mine.get("encrypted_key");
      require(
          mine.equals(object("header", object("alg", "RSA-OAEP-256", "kid", own), "encrypted_key", wrapped)), "the receiver's entry");
      byte[] contentKey = decryptOaep(key, decode((String) wrapped));
      Cipher cipher = contentCipher(Cipher.DECRYPT_MODE, contentKey, decode((String) jwe.get("iv"), 12), inner);
      byte[] text = cipher.doFinal(concat(decode((String) jwe.get("ciphertext")), decode((String) jwe.get("tag"), 16)));
      Map<String, Object> message = objectOf(parse(new String(text, StandardCharsets.UTF_8)));
      require(message.keySet().equals(Set.of("MsgType", "Content")), "what is inside");
      return message;
    } catch (GeneralSecurityException | IllegalArgumentException | ClassCastException | NullPointerException problem) {
      throw new Refused("bad_end_to_end", "an end-to-end message is refused: " + problem.getMessage());
    }
  }

  private static Cipher contentCipher(int mode, byte[] key, byte[] iv, String header) throws GeneralSecurityException {
    Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
    cipher.init(mode, new SecretKeySpec(key, "AES"), new GCMParameterSpec(128, iv));
    cipher.updateAAD(utf8(header));
    return cipher;
  }

  private static void require(boolean condition, String what) {
    if (!condition) throw new IllegalArgumentException(what);
  }

  // ---- Signed messages ----------------------------------------------------------------------------------------------

  /** What PS256 and RS256 sign of an envelope. */
  static byte[] messageText(Map<String, Object> envelope, String sender, String keyThumbprint) throws GeneralSecurityException {
    return signedText(
        "parley message v1",
        sender,
        Objects.requireNonNullElse(envelope.get("ToUserId"), ""),
        envelope.get("ClientMsgId"),
        envelope.get("CreateTime"),
        envelope.get("MsgType"),
        sha256(utf8((String) envelope.get("Content"))),
        keyThumbprint);
  }

  // ---- The client ---------------------------------------------------------------------------------------------------

  /** Bodies over TCP: START body END. */
  static final class Wire {
    private final Socket socket = new Socket();
    private final InputStream in;

    Wire(String host, int port) throws IOException {
      socket.connect(new InetSocketAddress(host, port), 10_000);
      socket.setSoTimeout(10_000);
      socket.setTcpNoDelay(true);
      in = new java.io.BufferedInputStream(socket.getInputStream(), 65_536);
    }

    void send(byte[] body) throws IOException {
      socket.getOutputStream().write(concat(new byte[] {2}, body, new byte[] {3}));
    }

    /** The next body; null at the end. */
    byte[] receive() throws IOException {
      int first = in.read();
      if (first < 0) return null;
      if (first != 2) throw new Refused("bad_server", "the server sent noise");
      ByteArrayOutputStream body = new ByteArrayOutputStream();
      for (int next = in.read(); next != 3; next = in.read()) {
        if (next < 0) return null;
        body.write(next);
      }
      return body.toByteArray();
    }

    void waitForEver() throws IOException {
      socket.setSoTimeout(0);
    }

    void close() {
      try {
        socket.close();
      } catch (IOException ended) {
        // It has ended already.
      }
    }
  }

  /** What the command line says. */
  record Options(String user, String host, int port, String device, String pin) {}

  private final Options options;
  private final State state;
  private final Map<String, Object> jwk;
  private final PrivateKey key;
  private final String own;
  private final AtomicLong ids = new AtomicLong();
  private final Map<Object, CompletableFuture<Map<String, Object>>> waiting = new ConcurrentHashMap<>();
  private final Set<List<Object>> seen = new HashSet<>();
  /** Keys of this user that ask to be let in: thumbprint to device. */
  private final Map<String, String> pending = new ConcurrentHashMap<>();
  /** Envelopes that answer no request; one with just `end` at the end. */
  private final BlockingQueue<Map<String, Object>> arrived = new LinkedBlockingQueue<>();
  private final Object sendingLock = new Object();
  private volatile boolean isClosing;
  private Wire wire;
  private Offer offer;
  private SessionKeys keys;

  Sealed(Options options, State state) throws GeneralSecurityException {
    this.options = options;
    this.state = state;
    jwk = objectOf(state.data.get("key"));
    key = privateKey(jwk);
    own = thumbprint(jwk);
  }

  /** Handshake and login. Without a good ticket it costs the server a full handshake. */
  Map<String, Object> connect(String password) throws IOException, GeneralSecurityException {
    String ticket = Integer.valueOf(1).equals(toInt(state.server.get("suite"))) ? (String) state.server.get("ticket") : null;
    Map<String, Object> answer;
    try {
      answer = connect(ticket, password);
    } catch (TicketRefused refused) {
      state.server.remove("ticket");
      ticket = null;
      try {
        answer = connect(null, password);
      } catch (TicketRefused impossible) {
        throw new AssertionError(impossible);
      }
    }
    if (ticket != null && "auth_failed".equals(answer.get("Code"))) {
      // The ticket's session stands, but the account has changed: in it, a password will do.
      state.server.remove("ticket");
      answer = ask(envelope("AuthRequest", credentials(password), null), null);
    }
    if (!Boolean.TRUE.equals(answer.get("Success"))) throw new Refused((String) answer.get("Code"), (String) answer.get("Message"));
    if (answer.containsKey("Ticket")) {
      state.server.putAll(object("ticket", answer.get("Ticket"), "secret", encode(keys.resumptionSecret), "suite", 1L));
    }
    state.save();
    return object("event", "login", "user", answer.get("UserId"), "suite", 1, "resumed", ticket != null, "server", offer.server(), "key", own);
  }

  private Map<String, Object> connect(String ticket, String password) throws IOException, GeneralSecurityException, TicketRefused {
    wire = new Wire(options.host(), options.port());
    // A server that takes only sealed sessions has sent its keys by now, and ignores this.
    wire.send(utf8(dump(object("MsgType", "PlatformKeyRequest", "Content", "{}"))));
    byte[] offerBody = wire.receive();
    Map<String, Object> content = contentOf(offerBody, "PlatformKeyMessage");
    String pin = options.pin() != null ? options.pin() : (String) state.server.get("pin");
    offer = checkOffer(content, pin, now());
    byte[] oldSecret = ticket == null ? null : decode((String) state.server.get("secret"), 32);
    Handshake handshake = new Handshake(key, offerBody, oldSecret);
    if (ticket == null) handshake.begin(publicJwk(jwk), offer.handshakeKey());
    else handshake.beginWithTicket(ticket);
    wire.send(handshake.terminalBody);
    byte[] finishBody = wire.receive();
    if (finishBody == null && ticket != null) throw new TicketRefused();
    keys = handshake.finish(finishBody);
    // Only now is it the server: pin it.
    state.server.put("pin", offer.server());
    state.save();

    wire.waitForEver();
    Thread reader = new Thread(this::read);
    reader.setDaemon(true);
    reader.start();
    Map<String, Object> login =
        ticket == null ? credentials(password) : object("UserId", options.user(), "DeviceId", options.device());
    return ask(envelope("AuthRequest", login, null), handshake.proof(keys));
  }

  private Map<String, Object> credentials(String password) {
    return object("UserId", options.user(), "Password", password, "DeviceId", options.device(), "Client", "Sealed.java/1");
  }

  // Messages

  Object sendText(String to, String text) throws IOException, GeneralSecurityException {
    return sendMessage(envelope("TextMsgRequest", object("Message", text), to));
  }

  Object sendSigned(String to, String text) throws IOException, GeneralSecurityException {
    Map<String, Object> envelope = envelope("TextMsgRequest", object("Message", text), to);
    String signature = encode(sign(key, messageText(envelope, options.user(), own)));
    envelope.put("Sign", object("Alg", "PS256", "Key", own, "Signature", signature));
    return sendMessage(envelope);
  }

  Object sendEndToEnd(String to, String text) throws IOException, GeneralSecurityException {
    Map<String, Map<String, Object>> recipients = keysOf(to);
    if (recipients.isEmpty()) throw new Refused("no_keys", to + " has no key");
    Map<String, Object> envelope = envelope("EndToEndMsgRequest", object(), to);
    Map<String, Object> bound = endToEndBound(options.user(), to, envelope.get("ClientMsgId"), envelope.get("CreateTime"));
    String jws = sealEndToEnd(key, own, bound, recipients, "TextMsgRequest", dump(object("Message", text)));
    envelope.put("Content", dump(object("Jws", jws)));
    return sendMessage(envelope);
  }

  /** What arrived from a user, checked and in plain: an object to print. */
  Map<String, Object> read(Map<String, Object> envelope) throws IOException, GeneralSecurityException {
    String sender = (String) envelope.get("FromUserId"), msgType = (String) envelope.get("MsgType"), content = (String) envelope.get("Content");
    boolean signed = envelope.containsKey("Sign") && checkSignature(envelope), sealed = false;
    if (msgType.equals("EndToEndMsgRequest")) {
      String jws = (String) objectOf(parse(content)).get("Jws");
      Map<String, Object> inner = openEndToEnd(key, own, keysOf(sender), envelope, jws);
      msgType = (String) inner.get("MsgType");
      content = (String) inner.get("Content");
      signed = sealed = true;
    }
    // The server lets no signed message through twice, but it might: what is proven is proven once.
    boolean isNew = seen.add(Arrays.asList(sender, envelope.get("ClientMsgId")));
    if (signed && !isNew) throw new Refused("replayed", "a message of " + sender + " came twice");
    Object text = msgType.equals("TextMsgRequest") ? objectOf(parse(content)).get("Message") : content;
    return object("event", "text", "from", sender, "type", msgType, "text", text, "signed", signed, "endToEnd", sealed);
  }

  /** True if the receiver could check it; false for a kind that only the server can check. */
  private boolean checkSignature(Map<String, Object> envelope) throws IOException, GeneralSecurityException {
    Map<String, Object> signature = objectOf(envelope.get("Sign"));
    String sender = (String) envelope.get("FromUserId"), algorithm = (String) signature.get("Alg");
    if (!algorithm.equals("PS256") && !algorithm.equals("RS256")) return false;
    String signer = (String) signature.get("Key");
    Map<String, Object> signerKey = keysOf(sender).get(signer);
    byte[] text = messageText(envelope, sender, signer);
    if (signerKey == null || !isSigned(publicKey(signerKey), text, signature.get("Signature"), algorithm)) {
      throw new Refused("bad_signature", "a signature of " + sender + " is wrong");
    }
    return true;
  }

  // Keys

  void enrol() throws IOException, GeneralSecurityException {
    byte[] text = signedText("parley enrolment v1", options.user(), options.device(), offer.server(), own, offer.nonce());
    request("EnrolKeyRequest", object("Key", publicJwk(jwk), "DeviceId", options.device(), "Signature", encode(sign(key, text))));
  }

  void approve(String wanted) throws IOException, GeneralSecurityException {
    String device = pending.get(wanted);
    if (device == null) throw new Refused("no_keys", "no such key has asked to be let in while this program ran");
    byte[] text = signedText("parley key approval v1", options.user(), device, offer.server(), wanted);
    request("ApproveKeyRequest", object("Thumbprint", wanted, "Key", own, "Signature", encode(sign(key, text))));
  }

  /** The user's keys by thumbprint, from a log that extends what was seen before. */
  Map<String, Map<String, Object>> keysOf(String user) throws IOException, GeneralSecurityException {
    KeyLog log = new KeyLog(user);
    Map<String, Object> page;
    do {
      Map<String, Object> wanted = object("UserId", user);
      if (!log.hashes.isEmpty()) wanted.put("After", (long) log.hashes.size() - 1);
      page = request("KeyDirectoryRequest", wanted);
      for (Object entry : (List<?>) page.get("Entries")) log.add(objectOf(entry));
    } while (Boolean.TRUE.equals(page.get("More")));
    synchronized (state) {
      Map<String, Object> logs = objectOf(state.server.computeIfAbsent("logs", name -> object()));
      Map<String, Object> head = object("index", (long) log.hashes.size(), "hash", log.hash);
      if (logs.containsKey(user)) {
        Map<String, Object> before = objectOf(logs.get(user));
        int index = toInt(before.get("index"));
        if (index > 0 && (index > log.hashes.size() || !log.hashes.get(index - 1).equals(before.get("hash")))) {
          throw new Refused("bad_key_log", "the server shows another past of " + user + "'s keys than before: do not trust it");
        }
        if (index > 0 && !head.equals(before)) tell(object("event", "keys-changed", "user", user, "keys", new ArrayList<>(log.keys.keySet())));
      }
      if (!head.equals(logs.put(user, head))) state.save();
    }
    return log.keys;
  }

  // Requests and records

  private Map<String, Object> envelope(String msgType, Object content, String to) {
    Map<String, Object> envelope = object("MsgType", msgType, "CreateTime", now(), "Content", dump(content));
    if (to != null) {
      envelope.put("ToUserId", to);
      envelope.put("ClientMsgId", HexFormat.of().formatHex(randomBytes(16)));
    }
    return envelope;
  }

  /** Sends an envelope to a user; gives its status (`sent`). */
  private Object sendMessage(Map<String, Object> envelope) throws IOException, GeneralSecurityException {
    return objectOf(checked(ask(envelope, null)).get("Data")).get("Status");
  }

  private Map<String, Object> request(String msgType, Object content) throws IOException, GeneralSecurityException {
    return checked(ask(envelope(msgType, content, null), null));
  }

  private static Map<String, Object> checked(Map<String, Object> answer) {
    if (Boolean.FALSE.equals(answer.get("Success")) || answer.containsKey("Retryable")) {
      throw new Refused((String) answer.get("Code"), (String) answer.get("Message"));
    }
    return answer;
  }

  /** Sends a request and waits for its one answer. `before` opens the first record of a session. */
  private Map<String, Object> ask(Map<String, Object> envelope, byte[] before) throws IOException, GeneralSecurityException {
    String id = String.valueOf(ids.incrementAndGet());
    envelope.put("CallbackID", id);
    CompletableFuture<Map<String, Object>> answer = new CompletableFuture<>();
    waiting.put(id, answer);
    send(envelope, before);
    try {
      return answer.get(70, TimeUnit.SECONDS);
    } catch (TimeoutException late) {
      throw new Refused("no_answer", "no answer to " + envelope.get("MsgType"));
    } catch (InterruptedException | ExecutionException ended) {
      throw new Refused("connection_lost", "the connection ended before the answer came");
    }
  }

  private void send(Map<String, Object> envelope, byte[] before) throws IOException, GeneralSecurityException {
    byte[] frame = concat(new byte[] {2}, utf8(dump(envelope)), new byte[] {3});
    // Counters are never sent: records must leave in the order in which they are sealed.
    synchronized (sendingLock) {
      if (before == null) sendRecord(DATA, frame);
      else sendRecord(FINISH, concat(before, frame));
      if (keys.sending.records >= RECORDS_PER_KEY - 1 || keys.sending.bytes >= BYTES_PER_KEY) sendRecord(KEY_UPDATE, new byte[0]);
    }
  }

  private void sendRecord(int kind, byte[] text) throws IOException, GeneralSecurityException {
    wire.send(Base64.getEncoder().encode(keys.sending.seal(kind, text)));
  }

  void close() throws GeneralSecurityException {
    isClosing = true;
    synchronized (sendingLock) {
      try {
        sendRecord(CLOSE, new byte[0]);
      } catch (IOException ended) {
        // It has ended already.
      }
    }
    wire.close();
  }

  private void read() {
    String ended = "connection_lost";
    try {
      for (byte[] body = wire.receive(); body != null; body = wire.receive()) {
        Opened record = keys.receiving.open(Base64.getDecoder().decode(body));
        if (record.kind() == CLOSE) {
          ended = "closed";
          break;
        }
        if (record.kind() == DATA) take(record.text());
      }
    } catch (IOException | GeneralSecurityException | RuntimeException problem) {
      wire.close();
    }
    for (CompletableFuture<?> answer : waiting.values()) answer.completeExceptionally(new IOException(ended));
    if (!isClosing) arrived.add(object("end", ended));
  }

  /** The messages of a record, each as it would stand on a plain connection. */
  private void take(byte[] record) throws IOException, GeneralSecurityException {
    for (int at = 0; at < record.length; ) {
      int end = at;
      while (end < record.length && record[end] != 3) end++;
      if (record[at] != 2 || end == record.length) throw new IOException("a record that does not hold whole frames");
      take(objectOf(parse(new String(record, at + 1, end - at - 1, StandardCharsets.UTF_8))));
      at = end + 1;
    }
  }

  private void take(Map<String, Object> envelope) throws IOException, GeneralSecurityException {
    // Only what has no FromUserId comes from the server; users can't answer for it.
    if (!isFromUser(envelope)) {
      Object id = envelope.get("CallbackID");
      CompletableFuture<Map<String, Object>> answer = id == null ? null : waiting.remove(id);
      if (answer != null) {
        answer.complete(objectOf(parse((String) envelope.get("Content"))));
        return;
      }
      if (envelope.get("MsgType").equals("HeartbeatRequest")) {
        Map<String, Object> response = object("MsgType", "HeartbeatResponse", "Content", "{}");
        if (id != null) response.put("CallbackID", id);
        send(response, null);
        return;
      }
    }
    arrived.add(envelope);
  }

  private static boolean isFromUser(Map<String, Object> envelope) {
    Object from = envelope.get("FromUserId");
    return from != null && !from.equals("");
  }

  // ---- The program --------------------------------------------------------------------------------------------------

  /** The file of --key. */
  static final class State {
    final Map<String, Object> data, server;
    private final Path path;

    State(Path path, String serverName) throws IOException, GeneralSecurityException {
      this.path = path;
      data = Files.exists(path) ? objectOf(parse(Files.readString(path))) : object("key", newPrivateJwk(), "servers", object());
      server = objectOf(objectOf(data.get("servers")).computeIfAbsent(serverName, name -> object()));
      save();
    }

    synchronized void save() throws IOException {
      Path next = Path.of(path + ".new");
      Files.deleteIfExists(next);
      if (path.getFileSystem().supportedFileAttributeViews().contains("posix")) {
        Files.createFile(next, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      }
      Files.writeString(next, dump(data));
      Files.move(next, path, StandardCopyOption.REPLACE_EXISTING);
    }
  }

  static final PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);

  static synchronized void tell(Map<String, Object> event) {
    out.println(dump(event));
  }

  static void tellProblem(Exception problem) {
    String code = problem instanceof Refused refused ? refused.code : problem instanceof IOException ? "connection_lost" : "bad_message";
    tell(object("event", "error", "code", code, "message", String.valueOf(problem.getMessage())));
  }

  private void showArrivals() {
    while (true) {
      try {
        Map<String, Object> envelope = arrived.take();
        if (envelope.containsKey("end")) {
          tell(object("event", "end", "code", envelope.get("end")));
          // The main thread waits for the keyboard, and nothing that is typed could be sent any more.
          System.exit(0);
        }
        if (isFromUser(envelope)) {
          tell(read(envelope));
          continue;
        }
        Map<String, Object> content = objectOf(parse((String) envelope.get("Content")));
        if (envelope.get("MsgType").equals("KeyEvent") && content.get("Kind").equals("requested")) {
          pending.put((String) content.get("Thumbprint"), (String) content.get("DeviceId"));
        }
        tell(object("event", "server", "type", envelope.get("MsgType"), "content", content));
      } catch (IOException | GeneralSecurityException | RuntimeException problem) {
        tellProblem(problem);
      } catch (InterruptedException end) {
        return;
      }
    }
  }

  /** Does what a line says; false for the end. */
  private boolean obey(String line) throws IOException, GeneralSecurityException {
    String[] words = line.split(" ", 3);
    String first = words.length > 1 ? words[1] : "", text = words.length > 2 ? words[2] : "";
    switch (words[0]) {
      case "quit" -> {
        return false;
      }
      case "send" -> tell(object("event", "sent", "to", first, "status", sendText(first, text)));
      case "send-signed" -> tell(object("event", "sent", "to", first, "status", sendSigned(first, text)));
      case "send-e2e" -> tell(object("event", "sent", "to", first, "status", sendEndToEnd(first, text)));
      case "enrol" -> {
        enrol();
        tell(object("event", "enrolled", "key", own));
      }
      case "approve" -> {
        approve(first);
        tell(object("event", "approved", "key", first));
      }
      case "keys" -> {
        Set<String> mine = keysOf(options.user()).keySet(), theirs = keysOf(first).keySet();
        String number = safetyNumber(options.user(), mine, first, theirs);
        tell(object("event", "keys", "user", first, "keys", new ArrayList<>(theirs), "safetyNumber", number));
      }
      default -> tell(object("event", "error", "code", "usage", "message", "no such command: " + words[0]));
    }
    return true;
  }

  public static void main(String[] arguments) throws Exception {
    Map<String, String> given = new LinkedHashMap<>();
    for (int i = 0; i < arguments.length; i++) {
      String name = arguments[i];
      if (name.equals("--password-stdin")) given.put(name, "");
      else if (i + 1 < arguments.length) given.put(name, arguments[++i]);
    }
    if (!given.containsKey("--user") || !given.containsKey("--key")) {
      System.err.println("usage: java Sealed.java --user NAME --key FILE [--host HOST] [--port PORT] [--device NAME] [--pin THUMBPRINT] [--password-stdin]");
      System.exit(2);
    }
    String host = given.getOrDefault("--host", "127.0.0.1");
    int port = Integer.parseInt(given.getOrDefault("--port", "7700"));
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    boolean asks = !given.containsKey("--password-stdin") && System.console() != null;
    String password = asks ? new String(System.console().readPassword("Password: ")) : in.readLine();
    try {
      State state = new State(Path.of(given.get("--key")), host + ":" + port);
      // A device keeps its name.
      Object device = state.data.getOrDefault("device", "java-" + HexFormat.of().formatHex(randomBytes(4)));
      state.data.put("device", given.getOrDefault("--device", (String) device));
      Options options = new Options(given.get("--user"), host, port, (String) state.data.get("device"), given.get("--pin"));
      Sealed client = new Sealed(options, state);
      tell(client.connect(password));
      Thread arrivals = new Thread(client::showArrivals);
      arrivals.setDaemon(true);
      arrivals.start();
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        try {
          if (!line.isBlank() && !client.obey(line.strip())) break;
        } catch (IOException | GeneralSecurityException | RuntimeException problem) {
          tellProblem(problem);
        }
      }
      client.close();
      System.exit(0);
    } catch (IOException | GeneralSecurityException | RuntimeException problem) {
      tellProblem(problem);
      System.exit(1);
    }
  }

  static long now() {
    return System.currentTimeMillis() / 1000;
  }

  // ---- JSON, as far as it is needed here ----------------------------------------------------------------------------

  static Map<String, Object> object(Object... members) {
    Map<String, Object> made = new LinkedHashMap<>();
    for (int i = 0; i < members.length; i += 2) made.put((String) members[i], members[i + 1]);
    return made;
  }

  @SuppressWarnings("unchecked")
  static Map<String, Object> objectOf(Object value) {
    if (value instanceof Map<?, ?> map) return (Map<String, Object>) map;
    throw new IllegalArgumentException("not a JSON object");
  }

  static Integer toInt(Object number) {
    return number == null ? null : ((Number) number).intValue();
  }

  /** In ASCII, without white space. */
  static String dump(Object value) {
    StringBuilder text = new StringBuilder();
    write(text, value);
    return text.toString();
  }

  private static void write(StringBuilder out, Object value) {
    if (value instanceof Map<?, ?> map) {
      String before = "{";
      for (Map.Entry<?, ?> member : map.entrySet()) {
        out.append(before);
        write(out, member.getKey());
        out.append(':');
        write(out, member.getValue());
        before = ",";
      }
      out.append(map.isEmpty() ? "{}" : "}");
    } else if (value instanceof List<?> list) {
      String before = "[";
      for (Object item : list) {
        out.append(before);
        write(out, item);
        before = ",";
      }
      out.append(list.isEmpty() ? "[]" : "]");
    } else if (value instanceof String string) {
      out.append('"');
      for (char c : string.toCharArray()) {
        if (c == '"' || c == '\\') out.append('\\').append(c);
        else if (c < ' ' || c > '~') out.append(String.format("\\u%04x", (int) c));
        else out.append(c);
      }
      out.append('"');
    } else {
      out.append(value);
    }
  }

  /** Maps, Lists, Strings, Longs, Doubles, Booleans and null. A key that stands twice is refused: readers differ on those. */
  static Object parse(String text) {
    int[] at = {0};
    Object value = value(text, at, 0);
    if (next(text, at) != 0) throw new IllegalArgumentException("more than one JSON value");
    return value;
  }

  private static char next(String text, int[] at) {
    while (at[0] < text.length() && " \t\r\n".indexOf(text.charAt(at[0])) >= 0) at[0]++;
    return at[0] < text.length() ? text.charAt(at[0]) : 0;
  }

  private static Object value(String text, int[] at, int depth) {
    if (depth > 64) throw new IllegalArgumentException("JSON that is nested too deep");
    char first = next(text, at);
    if (first == '"') return string(text, at);
    if (first == '{') {
      Map<String, Object> map = new LinkedHashMap<>();
      at[0]++;
      for (char c = next(text, at); c != '}'; c = next(text, at)) {
        if (!map.isEmpty()) expect(text, at, ',');
        next(text, at);
        String name = string(text, at);
        expect(text, at, ':');
        if (map.containsKey(name)) throw new IllegalArgumentException("a key stands twice");
        map.put(name, value(text, at, depth + 1));
      }
      at[0]++;
      return map;
    }
    if (first == '[') {
      List<Object> list = new ArrayList<>();
      at[0]++;
      for (char c = next(text, at); c != ']'; c = next(text, at)) {
        if (!list.isEmpty()) expect(text, at, ',');
        list.add(value(text, at, depth + 1));
      }
      at[0]++;
      return list;
    }
    int start = at[0];
    while (at[0] < text.length() && ",]} \t\r\n".indexOf(text.charAt(at[0])) < 0) at[0]++;
    String word = text.substring(start, at[0]);
    return switch (word) {
      case "true" -> true;
      case "false" -> false;
      case "null" -> null;
      default -> word.matches("-?\\d{1,18}") ? (Object) Long.valueOf(word) : (Object) Double.valueOf(word);
    };
  }

  private static void expect(String text, int[] at, char wanted) {
    if (next(text, at) != wanted) throw new IllegalArgumentException("not JSON");
    at[0]++;
  }

  private static String string(String text, int[] at) {
    if (at[0] >= text.length() || text.charAt(at[0]) != '"') throw new IllegalArgumentException("not JSON");
    StringBuilder out = new StringBuilder();
    for (at[0]++; ; at[0]++) {
      if (at[0] >= text.length()) throw new IllegalArgumentException("JSON that is cut short");
      char c = text.charAt(at[0]);
      if (c == '"') {
        at[0]++;
        return out.toString();
      }
      if (c != '\\') {
        out.append(c);
        continue;
      }
      char escaped = at[0] + 1 < text.length() ? text.charAt(++at[0]) : 0;
      int simple = "bfnrt\"\\/".indexOf(escaped);
      if (simple >= 0) {
        out.append("\b\f\n\r\t\"\\/".charAt(simple));
      } else if (escaped == 'u' && at[0] + 4 < text.length()) {
        out.append((char) Integer.parseInt(text.substring(at[0] + 1, at[0] + 5), 16));
        at[0] += 4;
      } else {
        throw new IllegalArgumentException("not JSON");
      }
    }
  }
}
