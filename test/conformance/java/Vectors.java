import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.interfaces.ECPublicKey;
import java.security.spec.ECParameterSpec;
import java.security.spec.ECPrivateKeySpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;

/**
 * Runs examples/java/Sealed.java against the vectors: java Vectors FOLDER-OF-VECTORS. Prints one JSON object for each case:
 * {"set", "name", "ok"}, and "problem" where something is not as it must be.
 */
public final class Vectors {
  /** What must fail otherwise than by an answer that differs. */
  private static final class Difference extends RuntimeException {
    Difference(String message) {
      super(message);
    }
  }

  private interface Work {
    void run() throws Exception;
  }

  private static Path folder;
  private static Map<String, Object> keys;

  private static Map<String, Object> load(String name) throws Exception {
    return Sealed.objectOf(Sealed.parse(Files.readString(folder.resolve(name + ".json"))));
  }

  private static List<Map<String, Object>> list(Map<String, Object> of, String name) {
    List<Map<String, Object>> found = new ArrayList<>();
    for (Object each : (List<?>) of.get(name)) found.add(Sealed.objectOf(each));
    return found;
  }

  /** A good case must give what it says; a bad one must be refused. */
  private static void check(String set, Map<String, Object> of, boolean isValid, Work work) {
    String problem = null;
    try {
      work.run();
      if (!isValid) problem = "was not refused";
    } catch (Exception error) {
      if (isValid || error instanceof Difference) problem = error.toString();
    }
    Map<String, Object> line = Sealed.object("set", set, "name", of.get("name"), "ok", problem == null);
    if (problem != null) line.put("problem", problem);
    System.out.println(Sealed.dump(line));
  }

  private static boolean isValid(Map<String, Object> of) {
    return !Boolean.FALSE.equals(of.get("valid"));
  }

  private static void equal(Object one, Object other) {
    if (!Objects.equals(one, other)) throw new Difference(one + " is not " + other);
  }

  private static String text(Map<String, Object> of, String name) {
    return (String) of.get(name);
  }

  private static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }

  private static byte[] bytes(Object hex) {
    return HexFormat.of().parseHex((String) hex);
  }

  private static byte[] body(Map<String, Object> of, String name) {
    return text(of, name).getBytes(StandardCharsets.UTF_8);
  }

  private static Map<String, Object> key(String name) {
    return Sealed.objectOf(keys.get(name));
  }

  private static String print(String name) throws Exception {
    return Sealed.thumbprint(key(name));
  }

  private static void signed(Map<String, Object> of, byte[] signedText, Object signature) throws Exception {
    equal(hex(signedText), of.get("text"));
    Map<String, Object> jwk = Sealed.publicJwk(key(text(of, "key")));
    if (!Sealed.isSigned(Sealed.publicKey(jwk), signedText, signature)) throw new Sealed.Refused("bad_signature", "not signed");
  }

  private static void signature(Map<String, Object> of) throws Exception {
    Map<String, Object> fields = Sealed.objectOf(of.get("fields")), sign = Sealed.objectOf(of.get("sign"));
    signed(of, Sealed.messageText(fields, text(fields, "FromUserId"), text(sign, "Key")), sign.get("Signature"));
  }

  private static void enrolment(Map<String, Object> of) throws Exception {
    boolean isApproval = !of.containsKey("Nonce");
    List<Object> parts = new ArrayList<>(List.of(isApproval ? "parley key approval v1" : "parley enrolment v1"));
    for (String name : List.of("UserId", "DeviceId", "Server", "Thumbprint")) parts.add(of.get(name));
    if (!isApproval) parts.add(of.get("Nonce"));
    signed(of, Sealed.signedText(parts.toArray()), of.get("signature"));
  }

  private static void keyLog(Map<String, Object> of) throws Exception {
    Sealed.KeyLog log = new Sealed.KeyLog(text(of, "UserId"));
    for (Map<String, Object> entry : list(of, "entries")) log.add(entry);
    if (!isValid(of)) return;
    Map<String, Object> result = Sealed.objectOf(of.get("result"));
    equal(log.hash, result.get("head"));
    equal(new ArrayList<>(log.keys.keySet()), new ArrayList<>(new TreeSet<>((List<?>) result.get("enrolled"))));
    if (!of.containsKey("pinned")) return;
    Map<String, Object> pinned = Sealed.objectOf(of.get("pinned"));
    int length = Sealed.toInt(pinned.get("length"));
    boolean begins = length == 0 || (length <= log.hashes.size() && log.hashes.get(length - 1).equals(pinned.get("head")));
    equal(begins, result.get("extendsPinned"));
  }

  private static void safetyNumber(Map<String, Object> of) throws Exception {
    List<Map<String, Object>> users = list(of, "users");
    List<HashSet<String>> prints = new ArrayList<>();
    for (Map<String, Object> user : users) {
      HashSet<String> set = new HashSet<>();
      for (Object each : (List<?>) user.get("thumbprints")) set.add((String) each);
      prints.add(set);
    }
    equal(
        Sealed.safetyNumber(text(users.get(0), "userId"), prints.get(0), text(users.get(1), "userId"), prints.get(1)),
        of.get("number"));
  }

  private static void endToEnd(Map<String, Object> of) throws Exception {
    Map<String, Map<String, Object>> senders = new HashMap<>();
    for (Object name : (List<?>) of.get("senderKeys")) senders.put(print((String) name), Sealed.publicJwk(key((String) name)));
    String device = text(of, "deviceKey");
    Map<String, Object> inner =
        Sealed.openEndToEnd(
            Sealed.privateKey(key(device)), print(device), senders, Sealed.objectOf(of.get("envelope")), text(of, "jws"));
    if (isValid(of)) equal(inner, of.get("message"));
  }

  /** A handshake of the vectors, at the point where frame 2 has been sent. */
  private static Sealed.Handshake handshakeOf(Map<String, Object> of) throws Exception {
    Object resumption = of.get("resumption");
    byte[] secret = resumption == null ? null : bytes(Sealed.objectOf(resumption).get("resumptionSecret"));
    Sealed.Handshake handshake = new Sealed.Handshake(Sealed.privateKey(key(text(of, "client"))), body(of, "offer"), secret);
    ECParameterSpec curve = ((ECPublicKey) handshake.ephemeral.getPublic()).getParams();
    ECPrivateKeySpec scalar = new ECPrivateKeySpec(new BigInteger(text(of, "clientScalar"), 16), curve);
    handshake.ephemeral = new KeyPair(handshake.ephemeral.getPublic(), KeyFactory.getInstance("EC").generatePrivate(scalar));
    handshake.nonce = bytes(of.get("clientNonce"));
    handshake.share = bytes(of.getOrDefault("clientShare", ""));
    handshake.terminalBody = body(of, "terminal");
    return handshake;
  }

  private static void handshake(Map<String, Object> of) throws Exception {
    Map<String, Object> offer = Sealed.contentOf(body(of, "offer"), "PlatformKeyMessage");
    Sealed.checkOffer(offer, print("identity"), (Long) of.get("now"));
    if (of.containsKey("resumption")) {
      Map<String, Object> resumption = Sealed.objectOf(of.get("resumption"));
      String terminal = text(of, "terminal");
      byte[] head = Sealed.utf8(terminal.substring(0, terminal.lastIndexOf(",\\\"Mac\\\"")));
      equal(hex(Sealed.ticketMac(bytes(resumption.get("resumptionSecret")), body(of, "offer"), head)), resumption.get("ticketMac"));
    }
    Sealed.Handshake handshake = handshakeOf(of);
    Sealed.SessionKeys session = handshake.finish(body(of, "finish"));
    Map<String, Object> expected = Sealed.objectOf(of.get("keys"));
    equal(hex(session.transcript), of.get("transcript"));
    equal(hex(session.resumptionSecret), expected.get("resumptionSecret"));
    equal(hex(session.signingKey), expected.get("signingKey"));
    equal(hex(session.serverFinish), of.get("serverMac"));
    equal(hex(session.clientFinish), of.get("clientMac"));
    byte[] proof = bytes(of.get("proof"));
    equal(hex(session.sending.seal(Sealed.FINISH, proof)), of.get("firstRecord"));
    equal(session.receiving.open(bytes(of.get("serverRecord"))).kind(), Sealed.HEARTBEAT);
    // Signatures are different each time, but all of one length.
    byte[] own = handshake.proof(session);
    equal(hex(Arrays.copyOf(own, 34)), hex(Arrays.copyOf(proof, 34)));
    equal(own.length + text(of, "authFrame").length() / 2, proof.length);
  }

  private static void offer(Map<String, Object> of) throws Exception {
    Map<String, Object> offer = Sealed.contentOf(body(of, "offer"), "PlatformKeyMessage");
    long now = (Long) of.get("now");
    String shown = Sealed.checkOffer(offer, null, now).server();
    for (Object older : (List<?>) of.getOrDefault("olderIdentities", List.of())) {
      equal(Sealed.checkOffer(offer, (String) older, now).server(), shown);
    }
    try {
      Sealed.checkOffer(offer, print("strangerIdentity"), now);
    } catch (Sealed.Refused refused) {
      return;
    }
    throw new Difference("another pin was not refused");
  }

  private static Sealed.RecordKeys streamOf(Map<String, Object> of) {
    int direction = of.get("sender").equals("client") ? 0 : 1;
    Sealed.RecordKeys made = new Sealed.RecordKeys(direction, bytes(of.get("recordKey")), bytes(of.get("ivKey")));
    made.counter = (Long) of.get("firstCounter");
    return made;
  }

  private static void stream(Map<String, Object> of) throws Exception {
    Sealed.RecordKeys sender = streamOf(of), receiver = streamOf(of);
    for (Map<String, Object> record : list(of, "records")) {
      int kind = Sealed.toInt(record.get("type"));
      equal(hex(sender.seal(kind, bytes(record.get("plaintext")))), record.get("record"));
      if (of.get("sender").equals("client")) continue;
      Sealed.Opened opened = receiver.open(bytes(record.get("record")));
      equal(opened.kind(), kind);
      equal(hex(opened.text()), record.get("plaintext"));
    }
  }

  private static void badStream(Map<String, Object> of) throws Exception {
    Sealed.RecordKeys receiver = streamOf(of);
    List<?> records = (List<?>) of.get("records");
    for (Object record : records.subList(0, records.size() - 1)) receiver.open(bytes(record));
    try {
      receiver.open(bytes(records.get(records.size() - 1)));
    } catch (java.security.GeneralSecurityException refused) {
      return;
    }
    throw new Difference("was not refused");
  }

  public static void main(String[] arguments) throws Exception {
    folder = Path.of(arguments[0]);
    keys = load("keys");
    Map<String, Object> handshakes = load("handshake"), records = load("records"), enrolment = load("enrolment");
    Map<Object, Map<String, Object>> byName = new HashMap<>();
    for (Map<String, Object> of : list(handshakes, "handshakes")) {
      byName.put(of.get("name"), of);
      if (of.get("suite").equals(1L)) check("handshake/handshakes", of, true, () -> handshake(of));
    }
    for (Map<String, Object> of : list(handshakes, "offers")) check("handshake/offers", of, isValid(of), () -> offer(of));
    for (Map<String, Object> of : list(handshakes, "badFinishes")) {
      Map<String, Object> good = byName.get(of.get("handshake"));
      if (!good.get("suite").equals(1L)) continue;
      check("handshake/badFinishes", of, false, () -> handshakeOf(good).finish(body(of, "finish")));
    }
    for (Map<String, Object> of : list(records, "streams")) {
      if (of.get("suite").equals(1L)) check("records/streams", of, true, () -> stream(of));
    }
    for (Map<String, Object> of : list(records, "bad")) {
      if (of.get("suite").equals(1L)) check("records/bad", of, true, () -> badStream(of));
    }
    for (Map<String, Object> of : list(load("signatures"), "keySignatures")) {
      if (Sealed.objectOf(of.get("sign")).get("Alg").equals("PS256")) check("signatures/PS256", of, isValid(of), () -> signature(of));
    }
    for (String name : List.of("enrolments", "approvals")) {
      for (Map<String, Object> of : list(enrolment, name)) check("enrolment/" + name, of, isValid(of), () -> enrolment(of));
    }
    for (Map<String, Object> of : list(enrolment, "keyLogs")) check("enrolment/keyLogs", of, isValid(of), () -> keyLog(of));
    for (Map<String, Object> of : list(enrolment, "safetyNumbers")) {
      of.put("name", of.get("number"));
      check("enrolment/safetyNumbers", of, true, () -> safetyNumber(of));
    }
    for (Map<String, Object> of : list(load("end-to-end"), "cases")) check("end-to-end/cases", of, isValid(of), () -> endToEnd(of));
  }
}
