// Runs examples/csharp/Sealed.cs against the vectors: mono Vectors.exe FOLDER-OF-VECTORS. Prints one JSON object for each case:
// {"set", "name", "ok"}, and "problem" where something is not as it must be. Suite 1 and end to end are not in that example;
// of suite 2 there are the records, and on a base library that has OAEP with SHA-256 and PSS the handshake too.
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using System.Text;

using JsonObject = System.Collections.Generic.Dictionary<string, object>;

public static class Vectors
{
    /// <summary>What must fail otherwise than by an answer that differs.</summary>
    private class DifferenceException : Exception
    {
        public DifferenceException(string message) : base(message)
        {
        }
    }

    private static string folder;
    private static JsonObject keys;

    private static JsonObject Load(string name)
    {
        return (JsonObject)Json.Parse(File.ReadAllText(Path.Combine(folder, name + ".json"), Encoding.UTF8));
    }

    private static IEnumerable<JsonObject> List(JsonObject of, string name)
    {
        return ((List<object>)of[name]).Cast<JsonObject>();
    }

    /// <summary>A good case must give what it says; a bad one must be refused.</summary>
    private static void Check(string set, JsonObject of, bool isValid, Action work)
    {
        string problem = null;
        try
        {
            work();
            if (!isValid) problem = "was not refused";
        }
        catch (Exception error)
        {
            if (isValid || error is DifferenceException) problem = error.ToString();
        }
        JsonObject line = Json.Object("set", set, "name", of["name"], "ok", problem == null);
        if (problem != null) line["problem"] = problem;
        Console.Out.WriteLine(Json.Dump(line));
    }

    private static bool IsValid(JsonObject of)
    {
        return !(of.ContainsKey("valid") && false.Equals(of["valid"]));
    }

    private static void AreEqual(object one, object other)
    {
        if (!Equals(one, other)) throw new DifferenceException(one + " is not " + other);
    }

    private static string Hex(byte[] bytes)
    {
        return string.Concat(bytes.Select(each => each.ToString("x2")).ToArray());
    }

    private static byte[] FromHex(object hex)
    {
        string text = (string)hex;
        return Enumerable.Range(0, text.Length / 2).Select(i => Convert.ToByte(text.Substring(2 * i, 2), 16)).ToArray();
    }

    private static JsonObject Key(object name)
    {
        return (JsonObject)keys[(string)name];
    }

    private static void Signed(JsonObject of, string algorithm, byte[] text, object signature)
    {
        AreEqual(Hex(text), of["text"]);
        if (!Keys.IsSigned(Keys.PublicJwk(Key(of["key"])), algorithm, text, signature)) throw new RefusedException("bad_signature", "not signed");
    }

    private static void Signature(JsonObject of)
    {
        JsonObject fields = (JsonObject)of["fields"], sign = (JsonObject)of["sign"];
        byte[] text = Client.MessageText(fields, (string)fields["FromUserId"], (string)sign["Key"]);
        Signed(of, (string)sign["Alg"], text, sign["Signature"]);
    }

    private static void Enrolment(JsonObject of)
    {
        bool isApproval = !of.ContainsKey("Nonce");
        List<object> parts = new List<object> { isApproval ? "parley key approval v1" : "parley enrolment v1" };
        parts.AddRange(new[] { "UserId", "DeviceId", "Server", "Thumbprint" }.Select(name => of[name]));
        if (!isApproval) parts.Add(of["Nonce"]);
        Signed(of, "PS256", Bytes.SignedText(parts.ToArray()), of["signature"]);
    }

    private static void Log(JsonObject of)
    {
        KeyLog log = new KeyLog((string)of["UserId"]);
        foreach (JsonObject entry in List(of, "entries")) log.Add(entry);
        if (!IsValid(of)) return;
        JsonObject result = (JsonObject)of["result"];
        AreEqual(log.Hash, result["head"]);
        IEnumerable<string> enrolled = ((List<object>)result["enrolled"]).Cast<string>();
        AreEqual(string.Join(" ", log.Enrolled.Keys), string.Join(" ", enrolled.OrderBy(each => each, StringComparer.Ordinal)));
        if (!of.ContainsKey("pinned")) return;
        JsonObject pinned = (JsonObject)of["pinned"];
        int length = Convert.ToInt32(pinned["length"]);
        bool begins = length == 0 || (length <= log.Hashes.Count && log.Hashes[length - 1].Equals(pinned["head"]));
        AreEqual(begins, result["extendsPinned"]);
    }

    private static void SafetyNumber(JsonObject of)
    {
        JsonObject[] users = List(of, "users").ToArray();
        Func<JsonObject, IEnumerable<string>> prints = user => ((List<object>)user["thumbprints"]).Cast<string>();
        AreEqual(
            KeyLog.SafetyNumber((string)users[0]["userId"], prints(users[0]), (string)users[1]["userId"], prints(users[1])), of["number"]);
    }

    /// <summary>A handshake of the vectors, at the point where frame 2 has been sent.</summary>
    private static Handshake HandshakeOf(JsonObject of)
    {
        Handshake handshake = new Handshake(Convert.ToInt32(of["suite"]), Keys.ReadPrivate(Key(of["client"])), Bytes.Utf8((string)of["offer"]));
        handshake.Share = FromHex(of["clientShare"]);
        handshake.TerminalBody = Bytes.Utf8((string)of["terminal"]);
        return handshake;
    }

    private static void CheckSession(JsonObject of, SessionKeys session)
    {
        JsonObject expected = (JsonObject)of["keys"];
        AreEqual(Hex(session.Transcript), of["transcript"]);
        AreEqual(Hex(session.ResumptionSecret), expected["resumptionSecret"]);
        AreEqual(Hex(session.SigningKey), expected["signingKey"]);
        AreEqual(Hex(session.ServerFinish), of["serverMac"]);
        AreEqual(Hex(session.ClientFinish), of["clientMac"]);
        AreEqual(Hex(session.Sending.Seal(RecordKeys.Finish, FromHex(of["proof"]))), of["firstRecord"]);
        AreEqual(session.Receiving.Open(FromHex(of["serverRecord"])).Length, 0);
    }

    private static void WholeHandshake(JsonObject of)
    {
        JsonObject offer = Handshake.ContentOf(Bytes.Utf8((string)of["offer"]), "PlatformKeyMessage");
        Handshake.CheckOffer(offer, Convert.ToInt32(of["suite"]), Keys.Thumbprint(Key("identity")), (long)of["now"]);
        using (Handshake handshake = HandshakeOf(of))
        {
            SessionKeys session = handshake.Finish(Bytes.Utf8((string)of["finish"]));
            CheckSession(of, session);
            byte[] own = handshake.Proof(session), proof = FromHex(of["proof"]);
            // RS256 is the same each time.
            AreEqual(Hex(own), Hex(Bytes.Slice(proof, 0, own.Length)));
        }
    }

    /// <summary>From the input key on: what needs no ECDH with a fixed key, which .NET would not take.</summary>
    private static void KeysOfSuite2(JsonObject of)
    {
        byte[] mac, head = Handshake.SplitFinish(Bytes.Utf8((string)of["finish"]), out mac);
        byte[] transcript = Handshake.TranscriptHash(Bytes.Utf8((string)of["offer"]), Bytes.Utf8((string)of["terminal"]), head);
        SessionKeys session = new SessionKeys(2, FromHex(of["inputKey"]), transcript);
        CheckSession(of, session);
        AreEqual(Hex(mac), of["serverMac"]);
    }

    private static void Offer(JsonObject of)
    {
        JsonObject offer = Handshake.ContentOf(Bytes.Utf8((string)of["offer"]), "PlatformKeyMessage");
        int suite = Convert.ToInt32(((List<object>)offer["Suites"])[0]);
        string shown = Handshake.CheckOffer(offer, suite, null, (long)of["now"]);
        if (of.ContainsKey("olderIdentities"))
        {
            foreach (string older in (List<object>)of["olderIdentities"]) AreEqual(Handshake.CheckOffer(offer, suite, older, (long)of["now"]), shown);
        }
        try
        {
            Handshake.CheckOffer(offer, suite, Keys.Thumbprint(Key("strangerIdentity")), (long)of["now"]);
        }
        catch (RefusedException)
        {
            return;
        }
        throw new DifferenceException("another pin was not refused");
    }

    private static RecordKeys StreamOf(JsonObject of)
    {
        int direction = of["sender"].Equals("client") ? 0 : 1;
        RecordKeys made = new RecordKeys(Convert.ToInt32(of["suite"]), direction, FromHex(of["recordKey"]), FromHex(of["ivKey"]));
        made.Counter = (long)of["firstCounter"];
        return made;
    }

    private static void Stream(JsonObject of)
    {
        RecordKeys sender = StreamOf(of), receiver = StreamOf(of);
        foreach (JsonObject record in List(of, "records"))
        {
            AreEqual(Hex(sender.Seal(Convert.ToByte(record["type"]), FromHex(record["plaintext"]))), record["record"]);
            if (of["sender"].Equals("server")) AreEqual(Hex(receiver.Open(FromHex(record["record"]))), record["plaintext"]);
        }
    }

    private static void BadStream(JsonObject of)
    {
        RecordKeys receiver = StreamOf(of);
        List<object> records = (List<object>)of["records"];
        foreach (object record in records.Take(records.Count - 1)) receiver.Open(FromHex(record));
        try
        {
            receiver.Open(FromHex(records.Last()));
        }
        catch (CryptographicException)
        {
            return;
        }
        throw new DifferenceException("was not refused");
    }

    public static int Main(string[] arguments)
    {
        folder = arguments[0];
        keys = Load("keys");
        JsonObject handshakes = Load("handshake"), records = Load("records"), enrolment = Load("enrolment");
        Dictionary<string, JsonObject> byName = List(handshakes, "handshakes").ToDictionary(of => (string)of["name"]);
        foreach (JsonObject of in byName.Values)
        {
            if ((long)of["suite"] == 3) Check("handshake/handshakes", of, true, () => WholeHandshake(of));
            if ((long)of["suite"] == 2) Check("handshake/keys", of, true, () => KeysOfSuite2(of));
        }
        foreach (JsonObject of in List(handshakes, "offers")) Check("handshake/offers", of, IsValid(of), () => Offer(of));
        foreach (JsonObject of in List(handshakes, "badFinishes"))
        {
            JsonObject good = byName[(string)of["handshake"]];
            if ((long)good["suite"] != 3) continue;
            Check("handshake/badFinishes", of, false, () => HandshakeOf(good).Finish(Bytes.Utf8((string)of["finish"])));
        }
        foreach (JsonObject of in List(records, "streams").Where(of => (long)of["suite"] != 1)) Check("records/streams", of, true, () => Stream(of));
        foreach (JsonObject of in List(records, "bad").Where(of => (long)of["suite"] != 1)) Check("records/bad", of, true, () => BadStream(of));
        foreach (JsonObject of in List(Load("signatures"), "keySignatures"))
        {
            Check("signatures/" + ((JsonObject)of["sign"])["Alg"], of, IsValid(of), () => Signature(of));
        }
        foreach (string name in new[] { "enrolments", "approvals" })
        {
            foreach (JsonObject of in List(enrolment, name)) Check("enrolment/" + name, of, IsValid(of), () => Enrolment(of));
        }
        foreach (JsonObject of in List(enrolment, "keyLogs")) Check("enrolment/keyLogs", of, IsValid(of), () => Log(of));
        foreach (JsonObject of in List(enrolment, "safetyNumbers"))
        {
            of["name"] = of["number"];
            Check("enrolment/safetyNumbers", of, true, () => SafetyNumber(of));
        }
        return 0;
    }
}
