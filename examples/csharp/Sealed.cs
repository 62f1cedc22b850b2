// A client of sealed sessions: handshake, texts, signed messages. With nothing but the base library of
//   - mono 6:                       suite 3 (OAEP with SHA-1, RS256): its library has no more. The server must allow it
//   - .NET Framework 4.7 or later:  suite 2 (OAEP with SHA-256, P-256, PS256), from CNG
//   - .NET 5 or later:              suite 2
// chosen at run time. End to end needs AES-GCM, which the first two lack; see the other languages' examples.
// Written from docs/protocol.md alone, in C# 5, so that the compiler which comes with Windows takes it.
//
//     mcs -r:System.Core.dll -r:System.Numerics.dll Sealed.cs && mono Sealed.exe --user alice --key alice.json
//     csc /r:System.Numerics.dll Sealed.cs                    && Sealed.exe --user alice --key alice.json
//
// FILE of --key is made at the first start: the private key, the pins of servers, and what was seen of others' keys. Keep
// it like a password. Then type
//
//     send bob hello           a text to bob
//     send-signed bob hello    the same, signed by the key: needs `enrol` once
//     enrol                    enrols this key for the user
//     approve THUMBPRINT       lets a further key of the user in
//     keys bob                 bob's keys, and the number to compare with bob by telephone
//     quit
//
// What happens is printed as one JSON object a line.
using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Net.Sockets;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Threading;

using JsonObject = System.Collections.Generic.Dictionary<string, object>;

/// <summary>What must not be believed, or what the server refused; `Code` is for programs.</summary>
public class RefusedException : Exception
{
    public readonly string Code;

    public RefusedException(string code, string message) : base(message)
    {
        Code = code;
    }
}

// ---- Encodings ---------------------------------------------------------------------------------------------------------

public static class Bytes
{
    private static readonly RandomNumberGenerator Generator = RandomNumberGenerator.Create();

    public static byte[] Random(int length)
    {
        byte[] bytes = new byte[length];
        Generator.GetBytes(bytes);
        return bytes;
    }

    public static byte[] Utf8(string text)
    {
        return Encoding.UTF8.GetBytes(text);
    }

    public static byte[] Concat(params byte[][] parts)
    {
        return parts.SelectMany(part => part).ToArray();
    }

    public static byte[] Slice(byte[] bytes, int start, int end)
    {
        byte[] part = new byte[end - start];
        Buffer.BlockCopy(bytes, start, part, 0, part.Length);
        return part;
    }

    public static byte[] BigEndian(long number, int length)
    {
        byte[] bytes = new byte[length];
        for (int i = length - 1; i >= 0; i--, number >>= 8) bytes[i] = (byte)number;
        return bytes;
    }

    /// <summary>base64url without padding.</summary>
    public static string Encode(byte[] data)
    {
        return Convert.ToBase64String(data).TrimEnd('=').Replace('+', '-').Replace('/', '_');
    }

    /// <summary>The bytes of canonical base64url without padding; anything else throws.</summary>
    public static byte[] Decode(string text)
    {
        byte[] data = Convert.FromBase64String(text.Replace('-', '+').Replace('_', '/') + new string('=', (4 - text.Length % 4) % 4));
        if (Encode(data) != text) throw new FormatException("not canonical base64url");
        return data;
    }

    public static byte[] Decode(string text, int length)
    {
        byte[] data = Decode(text);
        if (data.Length != length) throw new FormatException("not " + length + " bytes");
        return data;
    }

    /// <summary>What is signed or hashed: each part with its length, so that no two lists of parts have the same bytes.</summary>
    public static byte[] SignedText(params object[] parts)
    {
        return Concat(
            parts.Select(delegate(object part)
            {
                byte[] data = part as byte[] ?? Utf8(Convert.ToString(part, CultureInfo.InvariantCulture));
                return Concat(BigEndian(data.Length, 4), data);
            }).ToArray());
    }

    /// <summary>Takes the same time wherever they differ.</summary>
    public static bool AreEqual(byte[] one, byte[] other)
    {
        int difference = one.Length ^ other.Length;
        for (int i = 0; i < one.Length && i < other.Length; i++) difference |= one[i] ^ other[i];
        return difference == 0;
    }

    public static byte[] Sha256(byte[] data)
    {
        using (SHA256 hash = SHA256.Create()) return hash.ComputeHash(data);
    }

    public static byte[] Hmac(byte[] key, byte[] data)
    {
        using (HMACSHA256 mac = new HMACSHA256(key)) return mac.ComputeHash(data);
    }

    public static byte[] Hkdf(byte[] secret, byte[] salt, string info, int length)
    {
        return HkdfExpand(Hmac(salt, secret), info, length);
    }

    public static byte[] HkdfExpand(byte[] key, string info, int length)
    {
        byte[] all = new byte[0], block = new byte[0];
        for (byte i = 1; all.Length < length; i++)
        {
            block = Hmac(key, Concat(block, Utf8(info), new[] { i }));
            all = Concat(all, block);
        }
        return Slice(all, 0, length);
    }
}

// ---- RSA keys ----------------------------------------------------------------------------------------------------------

public static class Keys
{
    /// <summary>Whether the base library has what suite 2 needs: OAEP with SHA-256, PSS, and P-256.</summary>
    public static readonly bool HasSuite2 = TrySuite2();

    private static bool TrySuite2()
    {
        try
        {
            using (RSA key = NewRsa(2048))
            using (ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256))
            {
                byte[] wrapped = key.Encrypt(new byte[32], RSAEncryptionPadding.OaepSHA256);
                key.SignData(wrapped, HashAlgorithmName.SHA256, RSASignaturePadding.Pss);
                return true;
            }
        }
        catch (Exception problem)
        {
            if (problem is NotImplementedException || problem is CryptographicException || problem is PlatformNotSupportedException) return false;
            throw;
        }
    }

    /// <summary>.NET Framework has PSS in RSACng only; mono and .NET on Linux have no RSACng.</summary>
    private static RSA NewRsa(int bits)
    {
        try
        {
            return new RSACng(bits);
        }
        catch (Exception problem)
        {
            if (!(problem is NotImplementedException || problem is PlatformNotSupportedException)) throw;
        }
        RSA key = RSA.Create();
        key.KeySize = bits;
        // mono leaves the new size unused when the type has already made a key.
        return key.KeySize == bits ? key : new RSACryptoServiceProvider(bits);
    }

    public static string Thumbprint(JsonObject jwk)
    {
        return Bytes.Encode(Bytes.Sha256(Bytes.Utf8("{\"e\":\"" + jwk["e"] + "\",\"kty\":\"RSA\",\"n\":\"" + jwk["n"] + "\"}")));
    }

    public static JsonObject PublicJwk(JsonObject jwk)
    {
        return Json.Object("kty", "RSA", "n", jwk["n"], "e", jwk["e"]);
    }

    /// <summary>A stranger's key, checked before it is used.</summary>
    public static RSA ReadPublic(JsonObject jwk)
    {
        if (jwk.Count != 3 || !"RSA".Equals(jwk["kty"]) || !"AQAB".Equals(jwk["e"]))
        {
            throw new RefusedException("bad_key", "not an RSA key with the exponent 65537");
        }
        byte[] n = Bytes.Decode((string)jwk["n"]);
        if (n.Length < 256 || n.Length > 512 || n[0] == 0 || (n.Length == 256 && n[0] < 128) || n[n.Length - 1] % 2 == 0)
        {
            throw new RefusedException("bad_key", "not a modulus of 2048 to 4096 bits");
        }
        RSA key = NewRsa(2048);
        key.ImportParameters(new RSAParameters { Modulus = n, Exponent = new byte[] { 1, 0, 1 } });
        return key;
    }

    public static RSA ReadPrivate(JsonObject jwk)
    {
        Func<string, byte[]> member = name => Bytes.Decode((string)jwk[name]);
        RSA key = NewRsa(2048);
        byte[] n = member("n"), p = member("p");
        // .NET wants each number at its full length.
        Func<string, int, byte[]> full = delegate(string name, int length)
        {
            byte[] bytes = member(name);
            return Bytes.Concat(new byte[length - bytes.Length], bytes);
        };
        key.ImportParameters(
            new RSAParameters
            {
                Modulus = n,
                Exponent = member("e"),
                D = full("d", n.Length),
                P = p,
                Q = member("q"),
                DP = full("dp", n.Length / 2),
                DQ = full("dq", n.Length / 2),
                InverseQ = full("qi", n.Length / 2),
            });
        return key;
    }

    public static JsonObject NewPrivateJwk()
    {
        using (RSA key = NewRsa(2048))
        {
            RSAParameters made = key.ExportParameters(true);
            Func<byte[], string> text = bytes => Bytes.Encode(bytes.SkipWhile(each => each == 0).ToArray());
            return Json.Object(
                "kty", "RSA", "n", text(made.Modulus), "e", text(made.Exponent), "d", text(made.D), "p", text(made.P), "q", text(made.Q),
                "dp", text(made.DP), "dq", text(made.DQ), "qi", text(made.InverseQ));
        }
    }

    /// <summary>PS256 where the base library has it, else RS256, which counts only while the server allows suite 3.</summary>
    public static byte[] Sign(RSA key, byte[] text)
    {
        return key.SignData(text, HashAlgorithmName.SHA256, HasSuite2 ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1);
    }

    public static bool IsSigned(JsonObject jwk, string algorithm, byte[] text, object signature)
    {
        byte[] bytes;
        try
        {
            bytes = Bytes.Decode((string)signature);
        }
        catch (FormatException)
        {
            return false;
        }
        using (RSA key = ReadPublic(jwk))
        {
            if (algorithm == "RS256") return key.VerifyData(text, bytes, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
            return VerifyPss(key.ExportParameters(false), text, bytes);
        }
    }

    /// <summary>PS256 (RFC 8017, 8.1.2 and 9.1.2), so that mono can check what it can't make: only public numbers are in it.</summary>
    private static bool VerifyPss(RSAParameters key, byte[] text, byte[] signature)
    {
        const int hashLength = 32, saltLength = 32;
        BigInteger modulus = Number(key.Modulus), number = Number(signature);
        if (signature.Length != key.Modulus.Length || number >= modulus) return false;
        int topBits = 0;
        for (int top = key.Modulus[0]; top > 0; top >>= 1) topBits++;
        // The encoded message has one bit less than the modulus.
        int length = topBits == 1 ? key.Modulus.Length - 1 : key.Modulus.Length;
        byte unused = (byte)(topBits == 1 ? 0 : 0xff << (topBits - 1));
        byte[] little = BigInteger.ModPow(number, 65537, modulus).ToByteArray(), encoded = new byte[length];
        for (int i = 0; i < little.Length; i++)
        {
            if (i < length) encoded[length - 1 - i] = little[i];
            else if (little[i] != 0) return false;
        }
        int maskedLength = length - hashLength - 1;
        if (encoded[length - 1] != 0xbc || (encoded[0] & unused) != 0) return false;
        byte[] hash = Bytes.Slice(encoded, maskedLength, maskedLength + hashLength), block = new byte[maskedLength];
        for (int counter = 0, done = 0; done < maskedLength; counter++, done += hashLength)
        {
            byte[] mask = Bytes.Sha256(Bytes.Concat(hash, Bytes.BigEndian(counter, 4)));
            for (int i = 0; i < hashLength && done + i < maskedLength; i++) block[done + i] = (byte)(mask[i] ^ encoded[done + i]);
        }
        block[0] &= (byte)~unused;
        int saltAt = maskedLength - saltLength;
        if (block[saltAt - 1] != 1 || block.Take(saltAt - 1).Any(each => each != 0)) return false;
        byte[] salt = Bytes.Slice(block, saltAt, maskedLength);
        return Bytes.AreEqual(hash, Bytes.Sha256(Bytes.Concat(new byte[8], Bytes.Sha256(text), salt)));
    }

    private static BigInteger Number(byte[] bigEndian)
    {
        return new BigInteger(bigEndian.Reverse().Concat(new byte[] { 0 }).ToArray());
    }
}

// ---- Handshake ---------------------------------------------------------------------------------------------------------

/// <summary>The client's side from frame 2 on.</summary>
public class Handshake : IDisposable
{
    private const long Hour = 3600, Day = 86400;

    /// <summary>Checks PlatformKeyMessage; gives the server's thumbprint.</summary>
    public static string CheckOffer(JsonObject offer, int suite, string pin, long now)
    {
        string shown;
        List<string> known;
        try
        {
            JsonObject identity = (JsonObject)offer["IdentityKey"], handshake = (JsonObject)offer["HandshakeKey"];
            Keys.ReadPublic(handshake).Dispose();
            long begins = (long)offer["NotBefore"], ends = (long)offer["NotAfter"], serverTime = (long)offer["ServerTime"];
            byte[] text = Bytes.SignedText("parley handshake key v1", Keys.Thumbprint(handshake), begins, ends);
            if (!Keys.IsSigned(identity, "PS256", text, offer["Signature"]))
            {
                throw new RefusedException("bad_server_key", "the handshake key is not signed by the server's identity key");
            }
            bool isNowThere = begins - Hour <= serverTime && serverTime <= ends;
            // A day of slack: this machine's clock may be wrong.
            bool isNowHere = begins - Hour - Day <= now && now <= ends + Day;
            if (!isNowThere || !isNowHere || ends - begins > 31 * Day)
            {
                throw new RefusedException("bad_server_key", "the server's handshake key is not valid now");
            }
            Bytes.Decode((string)offer["Nonce"], 32);
            shown = Keys.Thumbprint(identity);
            known = OlderIdentities(offer);
            known.Add(shown);
            if ((long)offer["Version"] != 1 || !((List<object>)offer["Suites"]).Contains((long)suite))
            {
                throw new RefusedException("bad_server", "the server does not offer suite " + suite);
            }
        }
        catch (Exception problem)
        {
            if (problem is RefusedException) throw;
            throw new RefusedException("bad_server", "PlatformKeyMessage is malformed");
        }
        if (pin != null && !known.Contains(pin))
        {
            throw new RefusedException(
                "server_key_changed",
                "the server's key has changed: " + pin + " is pinned, it shows " + shown + ". Someone may be in between: ask who runs it");
        }
        return shown;
    }

    /// <summary>The thumbprints of the identities that signed their way to the present one.</summary>
    private static List<string> OlderIdentities(JsonObject offer)
    {
        List<string> older = new List<string>();
        string newer = Keys.Thumbprint((JsonObject)offer["IdentityKey"]);
        if (!offer.ContainsKey("Rotations")) return older;
        foreach (JsonObject rotation in (List<object>)offer["Rotations"])
        {
            JsonObject key = (JsonObject)rotation["Key"];
            byte[] text = Bytes.SignedText("parley identity rotation v1", Keys.Thumbprint(key), newer, rotation["Time"]);
            if (older.Count == 4 || !Keys.IsSigned(key, "PS256", text, rotation["Signature"]))
            {
                throw new RefusedException("bad_server_key", "a change of the server's identity is not signed by the one before");
            }
            newer = Keys.Thumbprint(key);
            older.Add(newer);
        }
        return older;
    }

    /// <summary>The PlatformFinish up to its last member; `mac` gets that member: the server's MAC.</summary>
    public static byte[] SplitFinish(byte[] body, out byte[] mac)
    {
        const string mark = ",\\\"Finish\\\":\\\"", end = "\\\"}\"}";
        string text = Encoding.ASCII.GetString(body);
        int at = text.Length - end.Length - 43 - mark.Length;
        if (at < 0 || string.CompareOrdinal(text, at, mark, 0, mark.Length) != 0 || !text.EndsWith(end, StringComparison.Ordinal))
        {
            throw new RefusedException("bad_server", "PlatformFinish does not end with Finish");
        }
        mac = Bytes.Decode(text.Substring(at + mark.Length, 43), 32);
        return Bytes.Slice(body, 0, at);
    }

    private readonly int suite;
    private readonly RSA key;
    private readonly byte[] offerBody;
    private readonly RSAEncryptionPadding oaep;
    private readonly ECDiffieHellman ephemeral;
    public byte[] Share = Bytes.Random(32);

    /// <summary>Frame 2.</summary>
    public byte[] TerminalBody;

    public Handshake(int suite, RSA key, byte[] offerBody)
    {
        this.suite = suite;
        this.key = key;
        this.offerBody = offerBody;
        oaep = suite == 3 ? RSAEncryptionPadding.OaepSHA1 : RSAEncryptionPadding.OaepSHA256;
        ephemeral = suite == 3 ? null : ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
    }

    /// <summary>Makes frame 2.</summary>
    public void Begin(JsonObject jwk, RSA handshakeKey)
    {
        JsonObject content = Json.Object("Suite", suite, "Key", jwk, "Nonce", Bytes.Encode(Bytes.Random(32)));
        if (ephemeral != null)
        {
            ECPoint point = ephemeral.ExportParameters(false).Q;
            content["Point"] = Bytes.Encode(Bytes.Concat(new byte[] { 4 }, point.X, point.Y));
        }
        content["Share"] = Bytes.Encode(handshakeKey.Encrypt(Share, oaep));
        TerminalBody = Bytes.Utf8(Json.Dump(Json.Object("MsgType", "TerminalKeyMessage", "Content", Json.Dump(content))));
    }

    /// <summary>Takes frame 3: the session's keys, or RefusedException.</summary>
    public SessionKeys Finish(byte[] finishBody)
    {
        JsonObject members = ContentOf(finishBody, "PlatformFinish");
        byte[] mac, head = SplitFinish(finishBody, out mac), secret;
        try
        {
            secret = Bytes.Concat(Share, key.Decrypt(Bytes.Decode((string)members["Share"]), oaep));
            if (secret.Length != 64) throw new FormatException("a share of the wrong length");
            Bytes.Decode((string)members["Nonce"], 32);
            if (ephemeral != null) secret = Bytes.Concat(secret, Agree(ephemeral, Bytes.Decode((string)members["Point"], 65)));
        }
        catch (Exception problem)
        {
            throw new RefusedException("bad_server", "PlatformFinish is malformed: " + problem.Message);
        }
        SessionKeys keys = new SessionKeys(suite, secret, TranscriptHash(offerBody, TerminalBody, head));
        if (!Bytes.AreEqual(keys.ServerFinish, mac))
        {
            throw new RefusedException("bad_server", "the server could not prove that it holds its key");
        }
        return keys;
    }

    /// <summary>What stands before the first frame of the session.</summary>
    public byte[] Proof(SessionKeys keys)
    {
        RSASignaturePadding padding = suite == 3 ? RSASignaturePadding.Pkcs1 : RSASignaturePadding.Pss;
        byte[] signature = key.SignData(Bytes.SignedText("parley transcript v1", keys.Transcript), HashAlgorithmName.SHA256, padding);
        return Bytes.Concat(keys.ClientFinish, Bytes.BigEndian(signature.Length, 2), signature);
    }

    public void Dispose()
    {
        if (ephemeral != null) ephemeral.Dispose();
    }

    public static byte[] TranscriptHash(byte[] offerBody, byte[] terminalBody, byte[] finishHead)
    {
        return Bytes.Sha256(Bytes.SignedText("parley sealed v1", offerBody, terminalBody, finishHead));
    }

    /// <summary>SHA-256 of the x coordinate that both sides come to.</summary>
    private static byte[] Agree(ECDiffieHellman ephemeral, byte[] point)
    {
        if (point[0] != 4) throw new FormatException("not an uncompressed point");
        ECParameters other = new ECParameters { Curve = ECCurve.NamedCurves.nistP256 };
        other.Q = new ECPoint { X = Bytes.Slice(point, 1, 33), Y = Bytes.Slice(point, 33, 65) };
        // The import refuses a point that is not on the curve.
        using (ECDiffieHellman imported = ECDiffieHellman.Create(other))
        {
            return ephemeral.DeriveKeyFromHash(imported.PublicKey, HashAlgorithmName.SHA256);
        }
    }

    /// <summary>The content of a handshake frame. What the server says in plain instead is why it refuses.</summary>
    public static JsonObject ContentOf(byte[] body, string expected)
    {
        if (body == null) throw new RefusedException("connection_lost", "the server ended the handshake");
        JsonObject envelope, content;
        try
        {
            envelope = (JsonObject)Json.Parse(Encoding.UTF8.GetString(body));
            content = (JsonObject)Json.Parse((string)envelope["Content"]);
        }
        catch (Exception)
        {
            throw new RefusedException("bad_server", "the server sent something else than " + expected);
        }
        object type;
        if (!envelope.TryGetValue("MsgType", out type) || !expected.Equals(type) || Client.IsFromUser(envelope))
        {
            string code = content.ContainsKey("Code") ? (string)content["Code"] : "bad_server";
            string message = content.ContainsKey("Message") ? (string)content["Message"] : "the server sent something else than " + expected;
            throw new RefusedException(code, message);
        }
        // There is one way to write it, so that nobody can read different things in it.
        if (Json.Dump(content).Equals(envelope["Content"]) && Bytes.AreEqual(Bytes.Utf8(Json.Dump(envelope)), body)) return content;
        throw new RefusedException("bad_server", expected + " is not in its one form");
    }
}

/// <summary>Everything that the two sides derive, in the order of the derivation.</summary>
public class SessionKeys
{
    public readonly RecordKeys Sending, Receiving;
    public readonly byte[] Transcript, ClientFinish, ServerFinish, ResumptionSecret, SigningKey;

    public SessionKeys(int suite, byte[] secret, byte[] transcript)
    {
        byte[] okm = Bytes.Hkdf(secret, transcript, "parley sealed v1 keys", 320);
        Transcript = transcript;
        Sending = new RecordKeys(suite, 0, Bytes.Slice(okm, 0, 64), Bytes.Slice(okm, 64, 96));
        Receiving = new RecordKeys(suite, 1, Bytes.Slice(okm, 96, 160), Bytes.Slice(okm, 160, 192));
        ClientFinish = Bytes.Hmac(Bytes.Slice(okm, 192, 224), transcript);
        ServerFinish = Bytes.Hmac(Bytes.Slice(okm, 224, 256), transcript);
        ResumptionSecret = Bytes.Slice(okm, 256, 288);
        SigningKey = Bytes.Slice(okm, 288, 320);
    }
}

/// <summary>One direction: seals records (A256CBC-HS512), or opens them, in order. Directions: 0 to the server, 1 to the client.</summary>
public class RecordKeys
{
    public const byte Finish = 0, Heartbeat = 1, KeyUpdate = 2, Close = 3, Data = 4;
    public const long RecordsPerKey = 1 << 20, BytesPerKey = 1 << 30;
    private const int TagLength = 32;
    private readonly int suite, direction;
    private readonly byte[] ivKey;
    private byte[] key;
    private bool isClosed;

    /// <summary>Of the next record; never sent.</summary>
    public long Counter;

    /// <summary>Under the present key.</summary>
    public long Records, ByteCount;

    public RecordKeys(int suite, int direction, byte[] recordKey, byte[] ivKey)
    {
        this.suite = suite;
        this.direction = direction;
        this.key = recordKey;
        this.ivKey = ivKey;
    }

    public byte[] Seal(byte kind, byte[] text)
    {
        byte[] encrypted;
        using (Aes aes = NewAes())
        using (ICryptoTransform encryptor = aes.CreateEncryptor()) encrypted = encryptor.TransformFinalBlock(text, 0, text.Length);
        byte[] tag = Tag(kind, encrypted);
        Count(kind, text.Length);
        return Bytes.Concat(new[] { kind }, encrypted, tag);
    }

    /// <summary>The text of a record that a server may send. Throws when it is not the next one: the session must end then.</summary>
    public byte[] Open(byte[] record)
    {
        int end = record.Length - TagLength;
        bool isWorn = Records >= 2 * RecordsPerKey || ByteCount >= 2 * BytesPerKey;
        if (end < 17 || isWorn || isClosed) throw new CryptographicException("not a record");
        byte kind = record[0];
        byte[] encrypted = Bytes.Slice(record, 1, end), text;
        // The tag first: what is not authentic is never decrypted.
        if (!Bytes.AreEqual(Tag(kind, encrypted), Bytes.Slice(record, end, record.Length)))
        {
            throw new CryptographicException("a record that is not authentic");
        }
        using (Aes aes = NewAes())
        using (ICryptoTransform decryptor = aes.CreateDecryptor()) text = decryptor.TransformFinalBlock(encrypted, 0, encrypted.Length);
        // Data is never empty, and the others always are.
        if (kind < Heartbeat || kind > Data || (kind == Data) != text.Length > 0) throw new CryptographicException("not a record");
        isClosed = kind == Close;
        Count(kind, text.Length);
        return text;
    }

    private byte[] Iv()
    {
        return Bytes.Slice(Bytes.Hmac(ivKey, Bytes.BigEndian(Counter, 8)), 0, 16);
    }

    private Aes NewAes()
    {
        Aes aes = Aes.Create();
        aes.Mode = CipherMode.CBC;
        aes.Padding = PaddingMode.PKCS7;
        aes.Key = Bytes.Slice(key, 32, 64);
        aes.IV = Iv();
        return aes;
    }

    private byte[] Tag(byte kind, byte[] encrypted)
    {
        // The associated data: suite, direction, counter, type, length.
        byte[] bound = Bytes.Concat(
            new[] { (byte)suite, (byte)direction }, Bytes.BigEndian(Counter, 8), new[] { kind }, Bytes.BigEndian(encrypted.Length, 4));
        using (HMACSHA512 mac = new HMACSHA512(Bytes.Slice(key, 0, 32)))
        {
            return Bytes.Slice(mac.ComputeHash(Bytes.Concat(bound, Iv(), encrypted, Bytes.BigEndian(8 * bound.Length, 8))), 0, TagLength);
        }
    }

    private void Count(byte kind, int length)
    {
        Counter++;
        Records++;
        ByteCount += length;
        if (kind != KeyUpdate) return;
        key = Bytes.HkdfExpand(key, "rekey", 64);
        Records = ByteCount = 0;
    }
}

// ---- Key logs: whose key is whose --------------------------------------------------------------------------------------

/// <summary>The log of one user's keys, as far as it was seen and found right.</summary>
public class KeyLog
{
    public readonly string User;

    /// <summary>Of the last entry.</summary>
    public string Hash = Bytes.Encode(new byte[32]);
    public readonly List<string> Hashes = new List<string>();

    /// <summary>The keys that are enrolled now, by thumbprint.</summary>
    public readonly SortedDictionary<string, JsonObject> Enrolled = new SortedDictionary<string, JsonObject>(StringComparer.Ordinal);
    private readonly HashSet<string> revoked = new HashSet<string>();

    public KeyLog(string user)
    {
        User = user;
    }

    /// <summary>Takes the next entry, or throws.</summary>
    public void Add(JsonObject entry)
    {
        string own = (string)entry["Thumbprint"], approver = (string)entry["ApprovedBy"];
        string[] names = { "Index", "Kind", "Time", "DeviceId", "Thumbprint", "ApprovedBy", "Previous" };
        object[] start = { "parley key log v1", User };
        string next = Bytes.Encode(Bytes.Sha256(Bytes.SignedText(start.Concat(names.Select(name => entry[name])).ToArray())));
        Require((long)entry["Index"] == Hashes.Count && Hash.Equals(entry["Previous"]) && next.Equals(entry["Hash"]));
        if (entry["Kind"].Equals("enrol"))
        {
            JsonObject key = (JsonObject)entry["Key"];
            Keys.ReadPublic(key).Dispose();
            Require(Keys.Thumbprint(key) == own && !Enrolled.ContainsKey(own) && !revoked.Contains(own));
            // A first key beside others would be one that nobody of them let in.
            Require(approver != "first" || Enrolled.Count == 0);
            if (approver != "first" && approver != "operator")
            {
                Require(Enrolled.ContainsKey(approver));
                byte[] text = Bytes.SignedText("parley key approval v1", User, entry["DeviceId"], entry["Server"], own);
                Require(Keys.IsSigned(Enrolled[approver], "PS256", text, entry["Signature"]));
            }
            Enrolled[own] = key;
        }
        else
        {
            Require(entry["Kind"].Equals("revoke") && Enrolled.Remove(own));
            revoked.Add(own);
        }
        Hash = next;
        Hashes.Add(next);
    }

    private void Require(bool condition)
    {
        if (!condition) throw new RefusedException("bad_key_log", "the log of " + User + "'s keys is wrong at entry " + Hashes.Count);
    }

    /// <summary>60 digits that are the same on both sides; compare them by another way than this server.</summary>
    public static string SafetyNumber(string user, IEnumerable<string> keys, string other, IEnumerable<string> otherKeys)
    {
        string[] halves = { HalfNumber(user, keys), HalfNumber(other, otherKeys) };
        Array.Sort(halves, StringComparer.Ordinal);
        return string.Join(" ", halves);
    }

    private static string HalfNumber(string user, IEnumerable<string> keys)
    {
        object[] start = { "parley safety number v1", user };
        byte[] digest = Bytes.Sha256(Bytes.SignedText(start.Concat(keys.OrderBy(key => key, StringComparer.Ordinal)).ToArray()));
        IEnumerable<string> groups = Enumerable.Range(0, 6).Select(delegate(int group)
        {
            long number = 0;
            for (int i = 0; i < 5; i++) number = number << 8 | digest[5 * group + i];
            return (number % 100000).ToString("D5", CultureInfo.InvariantCulture);
        });
        return string.Join(" ", groups);
    }
}

// ---- The client --------------------------------------------------------------------------------------------------------

/// <summary>Bodies over TCP: START body END.</summary>
public class Wire
{
    private readonly TcpClient socket;
    private readonly Stream stream;
    private readonly Stream buffered;

    public Wire(string host, int port)
    {
        socket = new TcpClient(host, port) { NoDelay = true, ReceiveTimeout = 10000 };
        stream = socket.GetStream();
        buffered = new BufferedStream(stream, 65536);
    }

    public void Send(byte[] body)
    {
        byte[] frame = Bytes.Concat(new byte[] { 2 }, body, new byte[] { 3 });
        stream.Write(frame, 0, frame.Length);
    }

    /// <summary>The next body; null at the end.</summary>
    public byte[] Receive()
    {
        int first = buffered.ReadByte();
        if (first < 0) return null;
        if (first != 2) throw new RefusedException("bad_server", "the server sent noise");
        MemoryStream body = new MemoryStream();
        for (int next = buffered.ReadByte(); next != 3; next = buffered.ReadByte())
        {
            if (next < 0) return null;
            body.WriteByte((byte)next);
        }
        return body.ToArray();
    }

    public void WaitForEver()
    {
        socket.ReceiveTimeout = 0;
    }

    public void Close()
    {
        socket.Close();
    }
}

/// <summary>The file of --key.</summary>
public class State
{
    public readonly JsonObject Data, Server;
    private readonly string path;

    public State(string path, string serverName)
    {
        this.path = path;
        Data = File.Exists(path)
            ? (JsonObject)Json.Parse(File.ReadAllText(path))
            : Json.Object("key", Keys.NewPrivateJwk(), "servers", new JsonObject());
        Server = Member((JsonObject)Data["servers"], serverName);
        Save();
    }

    public static JsonObject Member(JsonObject parent, string name)
    {
        if (!parent.ContainsKey(name)) parent[name] = new JsonObject();
        return (JsonObject)parent[name];
    }

    public void Save()
    {
        lock (this)
        {
            string next = path + ".new";
            File.WriteAllText(next, "");
            // Before there is a secret in it: elsewhere than on Windows others could read it.
            if (Environment.OSVersion.Platform == PlatformID.Unix) chmod(next, 384 /* 0600 */);
            File.WriteAllText(next, Json.Dump(Data));
            if (File.Exists(path)) File.Replace(next, path, null);
            else File.Move(next, path);
        }
    }

    [DllImport("libc")]
    private static extern int chmod(string path, int mode);
}

/// <summary>One sealed session. Reading has a thread of its own; any thread may send.</summary>
public class Client
{
    public readonly string Own;
    public readonly BlockingCollection<JsonObject> Arrived = new BlockingCollection<JsonObject>();
    public readonly ConcurrentDictionary<string, string> Pending = new ConcurrentDictionary<string, string>();
    private readonly string user, device;
    private readonly int suite;
    private readonly State state;
    private readonly JsonObject jwk;
    private readonly RSA key;
    private readonly object sending = new object();
    private readonly ConcurrentDictionary<string, BlockingCollection<JsonObject>> waiting =
        new ConcurrentDictionary<string, BlockingCollection<JsonObject>>();
    private readonly HashSet<string> seen = new HashSet<string>();
    private int ids;
    private volatile bool isClosing;
    private Wire wire;
    private SessionKeys keys;
    private string server, serverNonce;

    public Client(string user, string device, int suite, State state)
    {
        this.user = user;
        this.device = device;
        this.suite = suite;
        this.state = state;
        jwk = (JsonObject)state.Data["key"];
        key = Keys.ReadPrivate(jwk);
        Own = Keys.Thumbprint(jwk);
    }

    /// <summary>Handshake and login.</summary>
    public JsonObject Connect(string host, int port, string pin, string password)
    {
        wire = new Wire(host, port);
        // A server that takes only sealed sessions has sent its keys by now, and ignores this.
        wire.Send(Bytes.Utf8(Json.Dump(Json.Object("MsgType", "PlatformKeyRequest", "Content", "{}"))));
        byte[] offerBody = wire.Receive();
        JsonObject offer = Handshake.ContentOf(offerBody, "PlatformKeyMessage");
        server = Handshake.CheckOffer(offer, suite, pin ?? (state.Server.ContainsKey("pin") ? (string)state.Server["pin"] : null), Now());
        serverNonce = (string)offer["Nonce"];
        using (Handshake handshake = new Handshake(suite, key, offerBody))
        {
            using (RSA handshakeKey = Keys.ReadPublic((JsonObject)offer["HandshakeKey"])) handshake.Begin(Keys.PublicJwk(jwk), handshakeKey);
            wire.Send(handshake.TerminalBody);
            keys = handshake.Finish(wire.Receive());
            // Only now is it the server: pin it.
            state.Server["pin"] = server;
            state.Save();
            wire.WaitForEver();
            new Thread(Read) { IsBackground = true }.Start();
            JsonObject login = Json.Object("UserId", user, "Password", password, "DeviceId", device, "Client", "Sealed.cs/1");
            JsonObject answer = Checked(Ask(Envelope("AuthRequest", login, null), handshake.Proof(keys)));
            return Json.Object("event", "login", "user", answer["UserId"], "suite", suite, "resumed", false, "server", server, "key", Own);
        }
    }

    // Messages

    public object SendText(string to, string text)
    {
        return SendMessage(Envelope("TextMsgRequest", Json.Object("Message", text), to));
    }

    public object SendSigned(string to, string text)
    {
        JsonObject envelope = Envelope("TextMsgRequest", Json.Object("Message", text), to);
        string signature = Bytes.Encode(Keys.Sign(key, MessageText(envelope, user, Own)));
        envelope["Sign"] = Json.Object("Alg", Keys.HasSuite2 ? "PS256" : "RS256", "Key", Own, "Signature", signature);
        return SendMessage(envelope);
    }

    /// <summary>What PS256 and RS256 sign of an envelope.</summary>
    public static byte[] MessageText(JsonObject envelope, string sender, string keyThumbprint)
    {
        object to;
        return Bytes.SignedText(
            "parley message v1",
            sender,
            envelope.TryGetValue("ToUserId", out to) && to != null ? to : "",
            envelope["ClientMsgId"],
            envelope["CreateTime"],
            envelope["MsgType"],
            Bytes.Sha256(Bytes.Utf8((string)envelope["Content"])),
            keyThumbprint);
    }

    /// <summary>What arrived from a user, checked: an object to print.</summary>
    public JsonObject ReadMessage(JsonObject envelope)
    {
        string sender = (string)envelope["FromUserId"], msgType = (string)envelope["MsgType"];
        bool signed = envelope.ContainsKey("Sign") && CheckSignature(envelope);
        object id;
        envelope.TryGetValue("ClientMsgId", out id);
        // The server lets no signed message through twice, but it might: what is proven is proven once.
        if (!seen.Add(sender + "\n" + id) && signed) throw new RefusedException("replayed", "a message of " + sender + " came twice");
        object text = envelope["Content"];
        if (msgType == "TextMsgRequest") text = ((JsonObject)Json.Parse((string)text))["Message"];
        return Json.Object("event", "text", "from", sender, "type", msgType, "text", text, "signed", signed, "endToEnd", false);
    }

    /// <summary>True if the receiver could check it; false for a kind that only the server can check.</summary>
    private bool CheckSignature(JsonObject envelope)
    {
        JsonObject signature = (JsonObject)envelope["Sign"], signerKey;
        string sender = (string)envelope["FromUserId"], algorithm = (string)signature["Alg"];
        if (algorithm != "PS256" && algorithm != "RS256") return false;
        string signer = (string)signature["Key"];
        if (!KeysOf(sender).TryGetValue(signer, out signerKey)
            || !Keys.IsSigned(signerKey, algorithm, MessageText(envelope, sender, signer), signature["Signature"]))
        {
            throw new RefusedException("bad_signature", "a signature of " + sender + " is wrong");
        }
        return true;
    }

    // Keys

    public void Enrol()
    {
        byte[] text = Bytes.SignedText("parley enrolment v1", user, device, server, Own, serverNonce);
        string signature = Bytes.Encode(Keys.Sign(key, text));
        Request("EnrolKeyRequest", Json.Object("Key", Keys.PublicJwk(jwk), "DeviceId", device, "Signature", signature));
    }

    public void Approve(string wanted)
    {
        string itsDevice;
        if (!Pending.TryGetValue(wanted, out itsDevice))
        {
            throw new RefusedException("no_keys", "no such key has asked to be let in while this program ran");
        }
        if (!Keys.HasSuite2)
        {
            throw new RefusedException("not_supported", "to approve needs PS256, which this base library lacks: do it on another device");
        }
        string signature = Bytes.Encode(Keys.Sign(key, Bytes.SignedText("parley key approval v1", user, itsDevice, server, wanted)));
        Request("ApproveKeyRequest", Json.Object("Thumbprint", wanted, "Key", Own, "Signature", signature));
    }

    /// <summary>The user's keys by thumbprint, from a log that extends what was seen before.</summary>
    public IDictionary<string, JsonObject> KeysOf(string of)
    {
        KeyLog log = new KeyLog(of);
        JsonObject page;
        do
        {
            JsonObject wanted = Json.Object("UserId", of);
            if (log.Hashes.Count > 0) wanted["After"] = log.Hashes.Count - 1;
            page = Request("KeyDirectoryRequest", wanted);
            foreach (JsonObject entry in (List<object>)page["Entries"]) log.Add(entry);
        }
        while (true.Equals(page["More"]));
        lock (state)
        {
            JsonObject logs = State.Member(state.Server, "logs");
            if (logs.ContainsKey(of))
            {
                int index = Convert.ToInt32(((JsonObject)logs[of])["index"]);
                if (index > 0 && (index > log.Hashes.Count || !log.Hashes[index - 1].Equals(((JsonObject)logs[of])["hash"])))
                {
                    throw new RefusedException("bad_key_log", "the server shows another past of " + of + "'s keys than before: do not trust it");
                }
                if (index > 0 && index < log.Hashes.Count) Program.Tell(Json.Object("event", "keys-changed", "user", of, "keys", log.Enrolled.Keys.ToList<object>()));
            }
            logs[of] = Json.Object("index", log.Hashes.Count, "hash", log.Hash);
            state.Save();
        }
        return log.Enrolled;
    }

    // Requests and records

    private JsonObject Envelope(string msgType, object content, string to)
    {
        JsonObject envelope = Json.Object("MsgType", msgType, "CreateTime", Now(), "Content", Json.Dump(content));
        if (to != null)
        {
            envelope["ToUserId"] = to;
            envelope["ClientMsgId"] = Bytes.Encode(Bytes.Random(16));
        }
        return envelope;
    }

    private static long Now()
    {
        return (long)(DateTime.UtcNow - new DateTime(1970, 1, 1, 0, 0, 0, DateTimeKind.Utc)).TotalSeconds;
    }

    /// <summary>Sends an envelope to a user; gives its status (`sent`).</summary>
    private object SendMessage(JsonObject envelope)
    {
        return ((JsonObject)Checked(Ask(envelope, null))["Data"])["Status"];
    }

    private JsonObject Request(string msgType, object content)
    {
        return Checked(Ask(Envelope(msgType, content, null), null));
    }

    private static JsonObject Checked(JsonObject answer)
    {
        object success;
        if (answer.ContainsKey("Retryable") || (answer.TryGetValue("Success", out success) && false.Equals(success)))
        {
            throw new RefusedException((string)answer["Code"], (string)answer["Message"]);
        }
        return answer;
    }

    /// <summary>Sends a request and waits for its one answer. `before` opens the first record of a session.</summary>
    private JsonObject Ask(JsonObject envelope, byte[] before)
    {
        string id = Interlocked.Increment(ref ids).ToString(CultureInfo.InvariantCulture);
        envelope["CallbackID"] = id;
        BlockingCollection<JsonObject> answers = new BlockingCollection<JsonObject>();
        waiting[id] = answers;
        Send(envelope, before);
        JsonObject answer;
        if (!answers.TryTake(out answer, 70000)) throw new RefusedException("no_answer", "no answer to " + envelope["MsgType"]);
        if (answer == null) throw new RefusedException("connection_lost", "the connection ended before the answer came");
        return answer;
    }

    private void Send(JsonObject envelope, byte[] before)
    {
        byte[] frame = Bytes.Concat(new byte[] { 2 }, Bytes.Utf8(Json.Dump(envelope)), new byte[] { 3 });
        // Counters are never sent: records must leave in the order in which they are sealed.
        lock (sending)
        {
            if (before == null) SendRecord(RecordKeys.Data, frame);
            else SendRecord(RecordKeys.Finish, Bytes.Concat(before, frame));
            if (keys.Sending.Records >= RecordKeys.RecordsPerKey - 1 || keys.Sending.ByteCount >= RecordKeys.BytesPerKey)
            {
                SendRecord(RecordKeys.KeyUpdate, new byte[0]);
            }
        }
    }

    private void SendRecord(byte kind, byte[] text)
    {
        wire.Send(Encoding.ASCII.GetBytes(Convert.ToBase64String(keys.Sending.Seal(kind, text))));
    }

    public void Close()
    {
        isClosing = true;
        try
        {
            lock (sending) SendRecord(RecordKeys.Close, new byte[0]);
        }
        catch (IOException)
        {
            // It has ended already.
        }
        wire.Close();
    }

    private void Read()
    {
        string ended = "connection_lost";
        try
        {
            for (byte[] body = wire.Receive(); body != null; body = wire.Receive())
            {
                byte[] record = Convert.FromBase64String(Encoding.ASCII.GetString(body)), text = keys.Receiving.Open(record);
                if (record[0] == RecordKeys.Close)
                {
                    ended = "closed";
                    break;
                }
                if (record[0] == RecordKeys.Data) Take(text);
            }
        }
        catch (Exception)
        {
            // Whatever it is: what follows can't be trusted.
            wire.Close();
        }
        foreach (BlockingCollection<JsonObject> answers in waiting.Values) answers.Add(null);
        if (!isClosing) Arrived.Add(Json.Object("end", ended));
    }

    /// <summary>The messages of a record, each as it would stand on a plain connection.</summary>
    private void Take(byte[] record)
    {
        for (int at = 0; at < record.Length;)
        {
            int end = Array.IndexOf(record, (byte)3, at);
            if (record[at] != 2 || end < 0) throw new FormatException("a record that does not hold whole frames");
            TakeEnvelope((JsonObject)Json.Parse(Encoding.UTF8.GetString(record, at + 1, end - at - 1)));
            at = end + 1;
        }
    }

    private void TakeEnvelope(JsonObject envelope)
    {
        // Only what has no FromUserId comes from the server; users can't answer for it.
        if (!IsFromUser(envelope))
        {
            object id;
            BlockingCollection<JsonObject> answers;
            if (envelope.TryGetValue("CallbackID", out id) && id != null && waiting.TryRemove((string)id, out answers))
            {
                answers.Add((JsonObject)Json.Parse((string)envelope["Content"]));
                return;
            }
            if (envelope["MsgType"].Equals("HeartbeatRequest"))
            {
                JsonObject response = Json.Object("MsgType", "HeartbeatResponse", "Content", "{}");
                if (id != null) response["CallbackID"] = id;
                Send(response, null);
                return;
            }
        }
        Arrived.Add(envelope);
    }

    public static bool IsFromUser(JsonObject envelope)
    {
        object from;
        return envelope.TryGetValue("FromUserId", out from) && from != null && !from.Equals("");
    }
}

// ---- The program -------------------------------------------------------------------------------------------------------

public static class Program
{
    private static readonly object Printing = new object();

    public static void Tell(JsonObject what)
    {
        lock (Printing)
        {
            Console.Out.WriteLine(Json.Dump(what));
            Console.Out.Flush();
        }
    }

    private static void TellProblem(Exception problem)
    {
        RefusedException refused = problem as RefusedException;
        string code = refused != null ? refused.Code : problem is IOException || problem is SocketException ? "connection_lost" : "bad_message";
        Tell(Json.Object("event", "error", "code", code, "message", problem.Message));
    }

    private static void ShowArrivals(Client client)
    {
        foreach (JsonObject envelope in client.Arrived.GetConsumingEnumerable())
        {
            if (envelope.ContainsKey("end"))
            {
                Tell(Json.Object("event", "end", "code", envelope["end"]));
                // The main thread waits for the keyboard, and nothing that is typed could be sent any more.
                Environment.Exit(0);
            }
            try
            {
                if (Client.IsFromUser(envelope))
                {
                    Tell(client.ReadMessage(envelope));
                    continue;
                }
                JsonObject content = (JsonObject)Json.Parse((string)envelope["Content"]);
                if (envelope["MsgType"].Equals("KeyEvent") && content["Kind"].Equals("requested"))
                {
                    client.Pending[(string)content["Thumbprint"]] = (string)content["DeviceId"];
                }
                Tell(Json.Object("event", "server", "type", envelope["MsgType"], "content", content));
            }
            catch (Exception problem)
            {
                TellProblem(problem);
            }
        }
    }

    /// <summary>Does what a line says; false for the end.</summary>
    private static bool Obey(Client client, string user, string line)
    {
        string[] words = line.Split(new[] { ' ' }, 3);
        string first = words.Length > 1 ? words[1] : "", text = words.Length > 2 ? words[2] : "";
        switch (words[0])
        {
            case "quit":
                return false;
            case "send":
                Tell(Json.Object("event", "sent", "to", first, "status", client.SendText(first, text)));
                break;
            case "send-signed":
                Tell(Json.Object("event", "sent", "to", first, "status", client.SendSigned(first, text)));
                break;
            case "enrol":
                client.Enrol();
                Tell(Json.Object("event", "enrolled", "key", client.Own));
                break;
            case "approve":
                client.Approve(first);
                Tell(Json.Object("event", "approved", "key", first));
                break;
            case "keys":
                ICollection<string> mine = client.KeysOf(user).Keys, theirs = client.KeysOf(first).Keys;
                string number = KeyLog.SafetyNumber(user, mine, first, theirs);
                Tell(Json.Object("event", "keys", "user", first, "keys", theirs.ToList<object>(), "safetyNumber", number));
                break;
            default:
                Tell(Json.Object("event", "error", "code", "usage", "message", "no such command: " + words[0]));
                break;
        }
        return true;
    }

    public static int Main(string[] arguments)
    {
        Dictionary<string, string> given = new Dictionary<string, string>();
        for (int i = 0; i < arguments.Length; i++)
        {
            if (arguments[i] == "--password-stdin") given[arguments[i]] = "";
            else if (i + 1 < arguments.Length) given[arguments[i]] = arguments[++i];
        }
        Func<string, string, string> option = (name, otherwise) => given.ContainsKey(name) ? given[name] : otherwise;
        if (!given.ContainsKey("--user") || !given.ContainsKey("--key"))
        {
            Console.Error.WriteLine(
                "usage: Sealed --user NAME --key FILE [--host HOST] [--port PORT] [--suite 2|3] [--device NAME] [--pin THUMBPRINT] [--password-stdin]");
            return 2;
        }
        Console.OutputEncoding = new UTF8Encoding(false);
        TextReader input = new StreamReader(Console.OpenStandardInput(), new UTF8Encoding(false));
        if (!given.ContainsKey("--password-stdin")) Console.Error.Write("Password (it will be seen): ");
        string user = given["--user"], host = option("--host", "127.0.0.1"), password = input.ReadLine();
        int port = int.Parse(option("--port", "7700"), CultureInfo.InvariantCulture);
        int suite = int.Parse(option("--suite", Keys.HasSuite2 ? "2" : "3"), CultureInfo.InvariantCulture);
        try
        {
            State state = new State(given["--key"], host + ":" + port);
            // A device keeps its name.
            string device = state.Data.ContainsKey("device") ? (string)state.Data["device"] : "csharp-" + Bytes.Encode(Bytes.Random(6));
            state.Data["device"] = device = option("--device", device);
            Client client = new Client(user, device, suite, state);
            Tell(client.Connect(host, port, option("--pin", null), password));
            new Thread(() => ShowArrivals(client)) { IsBackground = true }.Start();
            for (string line = input.ReadLine(); line != null; line = input.ReadLine())
            {
                try
                {
                    if (line.Trim() != "" && !Obey(client, user, line.Trim())) break;
                }
                catch (Exception problem)
                {
                    TellProblem(problem);
                }
            }
            client.Close();
            return 0;
        }
        catch (Exception problem)
        {
            TellProblem(problem);
            return 1;
        }
    }
}

// ---- JSON, as far as it is needed here ---------------------------------------------------------------------------------

public static class Json
{
    public static JsonObject Object(params object[] members)
    {
        JsonObject made = new JsonObject();
        for (int i = 0; i < members.Length; i += 2) made[(string)members[i]] = members[i + 1];
        return made;
    }

    /// <summary>In ASCII, without white space; members in the order in which they were added.</summary>
    public static string Dump(object value)
    {
        StringBuilder text = new StringBuilder();
        Write(text, value);
        return text.ToString();
    }

    private static void Write(StringBuilder to, object value)
    {
        JsonObject members = value as JsonObject;
        List<object> items = value as List<object>;
        if (members != null)
        {
            to.Append('{');
            foreach (KeyValuePair<string, object> member in members)
            {
                if (to[to.Length - 1] != '{') to.Append(',');
                Write(to, member.Key);
                to.Append(':');
                Write(to, member.Value);
            }
            to.Append('}');
        }
        else if (items != null)
        {
            to.Append('[');
            foreach (object item in items)
            {
                if (to[to.Length - 1] != '[') to.Append(',');
                Write(to, item);
            }
            to.Append(']');
        }
        else if (value is string)
        {
            to.Append('"');
            foreach (char each in (string)value)
            {
                if (each == '"' || each == '\\') to.Append('\\').Append(each);
                else if (each < ' ' || each > '~') to.Append("\\u").Append(((int)each).ToString("x4"));
                else to.Append(each);
            }
            to.Append('"');
        }
        else if (value is bool)
        {
            to.Append((bool)value ? "true" : "false");
        }
        else
        {
            to.Append(value == null ? "null" : Convert.ToString(value, CultureInfo.InvariantCulture));
        }
    }

    /// <summary>Objects, lists, strings, longs, doubles, booleans and null. A key that stands twice is refused: readers differ on those.</summary>
    public static object Parse(string text)
    {
        int at = 0;
        object value = Value(text, ref at, 0);
        if (Next(text, ref at) != '\0') throw new FormatException("more than one JSON value");
        return value;
    }

    private static char Next(string text, ref int at)
    {
        while (at < text.Length && " \t\r\n".IndexOf(text[at]) >= 0) at++;
        return at < text.Length ? text[at] : '\0';
    }

    private static void Expect(string text, ref int at, char wanted)
    {
        if (Next(text, ref at) != wanted) throw new FormatException("not JSON");
        at++;
    }

    private static object Value(string text, ref int at, int depth)
    {
        if (depth > 64) throw new FormatException("JSON that is nested too deep");
        char first = Next(text, ref at);
        if (first == '"') return String(text, ref at);
        if (first == '{')
        {
            JsonObject members = new JsonObject();
            at++;
            while (Next(text, ref at) != '}')
            {
                if (members.Count > 0) Expect(text, ref at, ',');
                Next(text, ref at);
                string name = String(text, ref at);
                Expect(text, ref at, ':');
                if (members.ContainsKey(name)) throw new FormatException("a key stands twice");
                members[name] = Value(text, ref at, depth + 1);
            }
            at++;
            return members;
        }
        if (first == '[')
        {
            List<object> items = new List<object>();
            at++;
            while (Next(text, ref at) != ']')
            {
                if (items.Count > 0) Expect(text, ref at, ',');
                items.Add(Value(text, ref at, depth + 1));
            }
            at++;
            return items;
        }
        int start = at;
        while (at < text.Length && ",]} \t\r\n".IndexOf(text[at]) < 0) at++;
        string word = text.Substring(start, at - start);
        if (word == "true" || word == "false") return word == "true";
        if (word == "null") return null;
        long whole;
        if (long.TryParse(word, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out whole)) return whole;
        return double.Parse(word, NumberStyles.Float, CultureInfo.InvariantCulture);
    }

    private static string String(string text, ref int at)
    {
        if (at >= text.Length || text[at] != '"') throw new FormatException("not JSON");
        StringBuilder read = new StringBuilder();
        for (at++; at < text.Length; at++)
        {
            if (text[at] == '"')
            {
                at++;
                return read.ToString();
            }
            if (text[at] != '\\')
            {
                read.Append(text[at]);
                continue;
            }
            char escaped = at + 1 < text.Length ? text[++at] : '\0';
            int simple = "bfnrt\"\\/".IndexOf(escaped);
            if (simple >= 0)
            {
                read.Append("\b\f\n\r\t\"\\/"[simple]);
            }
            else if (escaped == 'u' && at + 4 < text.Length)
            {
                read.Append((char)int.Parse(text.Substring(at + 1, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
                at += 4;
            }
            else
            {
                throw new FormatException("not JSON");
            }
        }
        throw new FormatException("JSON that is cut short");
    }
}
