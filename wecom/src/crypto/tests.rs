//! Vectors V1–V7 of wecom-app §1.8 and vectors A and B of wecom-bots-h5 §1.2 and §1.3.

use proptest::prelude::*;

use super::*;

const V1_KEY: &str = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C";
const V1_ENCRYPT: &str = "RypEvHKD8QQKFhvQ6QleEB4J58tiPdvo+rtK1I9qca6aM/wvqnLSV5zEPeusUiX5L5X/0lWfrf0QADHHhGd3QczcdCUpj911L3vg3W/sYYvuJTs3TUUkSUXxaccAS0qhxchrRYt66wiSpGLYL42aM6A8dTT+6k4aSknmPj48kzJs8qLjvd4Xgpue06DOdnLxAUHzM6+kDZ+HMZfJYuR+LtwGc2hgf5gsijff0ekUNXZiqATP7PF5mZxZ3Izoun1s4zG4LUMnvw2r+KqCKIw+3IQH03v+BCA9nMELNqbSf6tiWSrXJB3LAVGUcallcrw8V2t9EL4EhzJWrQUax5wLVMNS0+rUPA3k22Ncx4XXZS9o0MBH27Bo6BpNelZpS+/uh9KsNlY6bHCmJU9p8g7m3fVKn28H3KDYA5Pl/T8Z1ptDAVe0lXdQ2YoyyH2uyPIGHBZZIs2pDBS8R07+qN+E7Q==";
const V1_MESSAGE: &str = "<xml><ToUserName><![CDATA[wx5823bf96d3bd56c7]]></ToUserName>\n<FromUserName><![CDATA[mycreate]]></FromUserName>\n<CreateTime>1409659813</CreateTime>\n<MsgType><![CDATA[text]]></MsgType>\n<Content><![CDATA[hello]]></Content>\n<MsgId>4561255354251345929</MsgId>\n<AgentID>218</AgentID>\n</xml>";
const V3_ENCRYPT: &str = "9s4gMv99m88kKTh/H8IdkOiMg6bisoy3ypwy9H4hvSPe9nsGaqyw5hhSjdYbcrKk+j3nba4HMOTzHrluLBYqxgNcBqGsL8GqxlhZgURnAtObvesEl5nZ+uBE8bviY0LWke8Zy9V/QYKxNV2FqllNXcfmstttyIkMKCCmVbCFM2JTF5wY0nFhHZSjPUL2Q1qvSUCUld+/WIXrx0oyKQmpB6o8NRrrNrsDf03oxI1p9FxUgMnwKKZeOA/uu+2IEvEBtb7muXsVbwbgX05UPPJvFurDXafG0RQyPR+mf1nDnAtQmmNOuiR5MIkdQ39xn1vWwi1O5oazPoQJz0nTYjxxEE8kv3kFxtAGVRe3ypD3WeK2XeFYFMNMpatF9XiKzHo3";
const V3_MESSAGE: &str = "<xml>\n<MsgType><![CDATA[text]]></MsgType>\n<Content><![CDATA[test]]></Content>\n<FromUserName><![CDATA[wx49f0ab532d5d035a]]></FromUserName>\n<ToUserName><![CDATA[messense]]></ToUserName>\n<AgentID>1</AgentID>\n<CreateTime>1411525903</CreateTime>\n</xml>";
const V6_ENCRYPT: &str = "EUCt7xMcNiyASzZj0Hjc5yDjFQrCum6AfQ3ntHiUzjGQ51xieKmbvtrZ40/EcB2W/W8yH0n4Lqx48gJl/T9HD/R309I0P/r5pIZucK3lyEn48FYMr4YdE0QdL2jIJ3xkcXUr6uzefzCxG6lMvwpAJaOyVCzN7sRRw47njfxy5EIqU6R9ZBhlTzfdnhhOhK/nTwzrZX3SoGlXFA9OBeZ6ru1NWpXFk76x9DUMe0lcxPPiUqK8ctnQcYXSGUHVqC6DfG7E7mab0OmruNN8cBZY5d3dYOBA4OgaH55Q0AJmUpdT8vNiXpXx+6TxT3TIjySXpDrHVyrsb772aYywgg/Nu4kUmGkALwFZlzhjNegR7wDwb9lr4ERXsSSS8JZ8lbBmaQ3F2Tq584xoPj5rIhXAF734ynm4no1g+SdHiNqR328=";
const V6_MESSAGE: &str = "<xml><ToUserName><![CDATA[ww6a112864f8022910]]></ToUserName><FromUserName><![CDATA[foobar]]></FromUserName><CreateTime>1583995625</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[x123]]></Content><MsgId>2018405441</MsgId><AgentID>1000002</AgentID></xml>";
const V7_ENCRYPT: &str = "sKqRbbiSUnDhFHOvPjtUMdYVAd8Sp1m4UBunnwP1UNJd/QxMB/uwhLDGjbWQ93K1yVKVKmKnAnk+mkM05NPn8hmn+pVlzUZU7BnMAtpmtoY71Vn5N5w1QZQOuv5jogYw";
const A_MESSAGE: &str = r#"{"msgid":"m-0001","aibotid":"aibDemo01","chattype":"single","from":{"userid":"li.na"},"msgtype":"text","text":{"content":"ping"}}"#;
const A_ENCRYPT: &str = "McZeWWpLt6D6jLzO9vwbzI9pACeqEbOl1MEb7OlvIxINuPSSrx08rvn0lAWNKzxEtj18Bh8B/eAh8DIcvkgMGGFf3nSyXI0i1TPXTTveEgnUnA/jy0LL6BXWMvnNImOXbBskwkLF3bFxJN24wIYhQVDbXzlBeOSKH0r6hYBjJL+pqmYRiHt0OGw+6PuJZ5wBwJQXMkB4jqFWm4ZA2ChuqA==";

struct Vector {
    name: &'static str,
    token: &'static str,
    key: &'static str,
    receive_id: &'static str,
    timestamp: &'static str,
    nonce: &'static str,
    random: Option<&'static [u8; 16]>,
    message: &'static str,
    encrypt: &'static str,
    signature: &'static str,
}

const VECTORS: &[Vector] = &[
    Vector {
        name: "V1",
        token: "QDG6eK",
        key: V1_KEY,
        receive_id: "wx5823bf96d3bd56c7",
        timestamp: "1409659813",
        nonce: "1372623149",
        random: Some(b"0960688932c47ef1"),
        message: V1_MESSAGE,
        encrypt: V1_ENCRYPT,
        signature: "477715d11cdb4164915debcba66cb864d751f3e6",
    },
    Vector {
        name: "V2",
        token: "QDG6eK",
        key: V1_KEY,
        receive_id: "wx5823bf96d3bd56c7",
        timestamp: "1409659589",
        nonce: "263014780",
        random: None,
        message: "1616140317555161061",
        encrypt: "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ==",
        signature: "5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3",
    },
    Vector {
        name: "V3",
        token: "123456",
        key: "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR",
        receive_id: "wx49f0ab532d5d035a",
        timestamp: "1411525903",
        nonce: "461056294",
        random: Some(b"1234567890123456"),
        message: V3_MESSAGE,
        encrypt: V3_ENCRYPT,
        signature: "407518b7649e86ef23978113f92d27afa9296533",
    },
    Vector {
        name: "V5",
        token: "kjr2TKI8umCBfVF3wAHk8JiPwma5VBme",
        key: "4Ma3YBrSBbX2aez8MJpXGBne5LSDwgGqHbhM9WPYIws",
        receive_id: "ww6a112864f8022910",
        timestamp: "1583940690",
        nonce: "VHh7ymSeb0jc4lSb",
        random: None,
        message: "94966531020182955848408",
        encrypt: "6KmUQuPVu7UhjyVqRdbo5SfcRqaHvbUlKSHFvBV2ZuR6TIlKsygcfeSd1GDplg1C5KSKr6UPHCaC/nIX3ZNt9w==",
        signature: "1ba3cb09c0d2c2b3ed6900d37f91a6efae6cb011",
    },
    Vector {
        name: "V6",
        token: "kz7Yx62CH8SaLN",
        key: "cD0d7jx4tYvVtzqrmh3Dm3QFCXe6f8SlHoMtMh3qQEP",
        receive_id: "ww6a112864f8022910",
        timestamp: "1583995625",
        nonce: "1584392382",
        random: None,
        message: V6_MESSAGE,
        encrypt: V6_ENCRYPT,
        signature: "f265ae551b1932727204c3d707628d01376a6940",
    },
    Vector {
        name: "V7",
        token: "QDG6eK",
        key: V1_KEY,
        receive_id: "wx5823bf96d3bd56c7",
        timestamp: "1700000000",
        nonce: "nonce42",
        random: Some(b"0123456789abcdef"),
        message: "full-32-byte-padding-block",
        encrypt: V7_ENCRYPT,
        signature: "111b938f67042b5d90757f290af2b7f114877c60",
    },
    Vector {
        name: "A echostr",
        token: "Tk7aibotDemo01",
        key: "Zk3vQ8mWc1LrT5yHb7NxUe2JdPs9AfGo4KiRtVw6XqB",
        receive_id: "",
        timestamp: "1760000000",
        nonce: "nonce42",
        random: Some(b"0123456789abcdef"),
        message: "5512345678901234567",
        encrypt: "McZeWWpLt6D6jLzO9vwbzO+9OCz2ZTtZwCgDRezR3n/phnf8bI42ffu6oUSA4ZNIbnN0E4UB/sxUV/huYQQlLw==",
        signature: "b6e0c4ba2722bcfe0e1d52d2bf410d43390ee0fe",
    },
    Vector {
        name: "A message",
        token: "Tk7aibotDemo01",
        key: "Zk3vQ8mWc1LrT5yHb7NxUe2JdPs9AfGo4KiRtVw6XqB",
        receive_id: "",
        timestamp: "1760000000",
        nonce: "nonce42",
        random: Some(b"0123456789abcdef"),
        message: A_MESSAGE,
        encrypt: A_ENCRYPT,
        signature: "efeb479f2b6730192c8ff9876e79b7776668eab7",
    },
];

fn keys(vector: &Vector) -> Keys {
    Keys::new(vector.token, vector.key, vector.receive_id).unwrap()
}

fn v1_keys() -> Keys {
    keys(&VECTORS[0])
}

#[test]
fn vectors_verify_and_decrypt() {
    for vector in VECTORS {
        let keys = keys(vector);
        keys.verify(
            vector.signature,
            vector.timestamp,
            vector.nonce,
            vector.encrypt,
        )
        .unwrap_or_else(|error| panic!("{}: {error}", vector.name));
        let message = keys.decrypt(vector.encrypt).unwrap();
        assert_eq!(
            String::from_utf8(message).unwrap(),
            vector.message,
            "{}",
            vector.name
        );
    }
}

#[test]
fn vectors_encrypt_and_sign() {
    for vector in VECTORS {
        let keys = keys(vector);
        let signature = keys.sign(vector.timestamp, vector.nonce, vector.encrypt);
        assert_eq!(signature, vector.signature, "{}", vector.name);
        if let Some(random) = vector.random {
            let encrypt = keys.encrypt(vector.message.as_bytes(), *random).unwrap();
            assert_eq!(encrypt, vector.encrypt, "{}", vector.name);
        }
    }
}

#[test]
fn v4_encrypts_several_bytes_per_character() {
    let key = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";
    let keys = Keys::new("any", key, "wxb11529c136998cb6").unwrap();
    let encrypt = keys
        .encrypt("我是中文abcd123".as_bytes(), *b"aaaabbbbccccdddd")
        .unwrap();
    assert_eq!(
        encrypt,
        "jn1L23DB+6ELqJ+6bruv21Y6MD7KeIfP82D6gU39rmkgczbWwt5+3bnyg5K55bgVtVzd832WzZGMhkP72vVOfg=="
    );
    assert_eq!(
        keys.decrypt(&encrypt).unwrap(),
        "我是中文abcd123".as_bytes()
    );
}

#[test]
fn vector_b_decrypts_media() {
    let key = AesKey::from_base64("SvaC36RXtvk923NmJQzXMpEcsSgxIRxM435JbNrWsNA").unwrap();
    let mut media = STANDARD
        .decode("i/0ebjSu3hwojDtzGOShZL4wNXs+kG3v3wk/Na2RbFE=")
        .unwrap();
    key.decrypt_in_place(&mut media).unwrap();
    assert_eq!(media, b"media");
}

#[test]
fn a_changed_part_breaks_the_signature() {
    let keys = v1_keys();
    let vector = &VECTORS[0];
    let good = (
        vector.signature,
        vector.timestamp,
        vector.nonce,
        vector.encrypt,
    );
    let upper = vector.signature.to_uppercase();
    let cut = &vector.encrypt[1..];
    for (signature, timestamp, nonce, encrypt) in [
        ("", good.1, good.2, good.3),
        (&good.0[1..], good.1, good.2, good.3),
        (upper.as_str(), good.1, good.2, good.3),
        (good.0, "1409659814", good.2, good.3),
        (good.0, good.1, "1372623140", good.3),
        (good.0, good.1, good.2, cut),
    ] {
        assert_eq!(
            keys.verify(signature, timestamp, nonce, encrypt),
            Err(CryptoError::Signature)
        );
    }
}

/// Encrypts raw plaintext bytes, so that a test can lie in every field.
fn encrypt_raw(keys: &Keys, plaintext: &[u8]) -> String {
    let mut buffer = plaintext.to_vec();
    let (blocks, rest) = Array::slice_as_chunks_mut(buffer.as_mut_slice());
    assert!(rest.is_empty(), "the test must give whole blocks");
    cbc::Encryptor::inner_iv_init(&keys.aes_key.encryptor, (&*keys.aes_key.iv).into())
        .encrypt_blocks(blocks);
    STANDARD.encode(&buffer)
}

#[test]
fn illegal_plaintexts_are_named() {
    let keys = v1_keys();
    let mut lies_about_length = [0_u8; 48];
    lies_about_length[16..20].copy_from_slice(&u32::MAX.to_be_bytes());
    lies_about_length[47] = 1;
    let mut uneven_padding = [3_u8; 32];
    uneven_padding[30] = 2;
    let cases: [(&str, &[u8], CryptoError); 5] = [
        ("padding 0", &[0; 32], CryptoError::Padding),
        ("padding 33", &[33; 48], CryptoError::Padding),
        (
            "padding longer than the text",
            &[32; 16],
            CryptoError::Padding,
        ),
        ("uneven padding", &uneven_padding, CryptoError::Padding),
        (
            "length beyond the end",
            &lies_about_length,
            CryptoError::PlaintextLength,
        ),
    ];
    for (name, plaintext, expected) in cases {
        assert_eq!(
            keys.decrypt(&encrypt_raw(&keys, plaintext)),
            Err(expected),
            "{name}"
        );
    }
    let only_padding = encrypt_raw(&keys, &[32; 32]);
    assert_eq!(
        keys.decrypt(&only_padding),
        Err(CryptoError::PlaintextLength)
    );
}

#[test]
fn illegal_ciphertexts_are_named() {
    let keys = v1_keys();
    for (encrypt, expected) in [
        ("", CryptoError::CiphertextLength),
        ("AAAA", CryptoError::CiphertextLength),
        ("not base64!", CryptoError::Base64),
        (" AAAA", CryptoError::Base64),
    ] {
        assert_eq!(keys.decrypt(encrypt), Err(expected), "{encrypt:?}");
    }
}

#[test]
fn another_receiver_is_refused() {
    let ours = v1_keys();
    let theirs = Keys::new("QDG6eK", V1_KEY, "ww0000000000000000").unwrap();
    assert_eq!(theirs.decrypt(V1_ENCRYPT), Err(CryptoError::ReceiveId));
    let empty = Keys::new("QDG6eK", V1_KEY, "")
        .unwrap()
        .encrypt(b"hi", [7; 16])
        .unwrap();
    assert_eq!(ours.decrypt(&empty), Err(CryptoError::ReceiveId));
}

#[test]
fn malformed_keys_are_refused() {
    let long = "a".repeat(33);
    for token in ["", " ", "with space", "带字", long.as_str()] {
        assert_eq!(
            Keys::new(token, V1_KEY, "").unwrap_err(),
            KeyError::Token,
            "{token:?}"
        );
    }
    let long = format!("{V1_KEY}A");
    for key in [
        "",
        &V1_KEY[1..],
        long.as_str(),
        "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2?",
    ] {
        assert_eq!(
            Keys::new("QDG6eK", key, "").unwrap_err(),
            KeyError::AesKey,
            "{key:?}"
        );
    }
    assert!(AesKey::from_base64(&format!(" {V1_KEY}=\n")).is_ok());
}

#[test]
fn debug_shows_no_secret() {
    let keys = v1_keys();
    let shown = format!("{keys:?} {:?}", keys.aes_key());
    assert_eq!(
        shown,
        r#"Keys { receive_id: "wx5823bf96d3bd56c7", .. } AesKey(..)"#
    );
}

proptest! {
    #[test]
    fn any_message_round_trips(
        message in proptest::collection::vec(any::<u8>(), 0..200),
        random in any::<[u8; 16]>(),
    ) {
        let keys = v1_keys();
        let encrypt = keys.encrypt(&message, random).unwrap();
        prop_assert_eq!(STANDARD.decode(&encrypt).unwrap().len() % 32, 0);
        prop_assert_eq!(keys.decrypt(&encrypt).unwrap(), message);
    }

    #[test]
    fn arbitrary_ciphertext_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let keys = v1_keys();
        prop_assert!(keys.decrypt(&STANDARD.encode(&bytes)).is_err());
        prop_assert!(keys.decrypt(&String::from_utf8_lossy(&bytes)).is_err());
    }

    #[test]
    fn arbitrary_plaintext_never_panics(blocks in proptest::collection::vec(any::<[u8; 16]>(), 1..8)) {
        let keys = v1_keys();
        let _ = keys.decrypt(&encrypt_raw(&keys, blocks.as_flattened()));
    }
}

#[test]
fn every_part_of_the_keys_is_wiped_on_drop() {
    fn is_wiped<T: secrecy::zeroize::ZeroizeOnDrop>(_: &T) {}
    let keys = Keys::new("token", &"A".repeat(43), "ww1").unwrap();
    is_wiped(&keys.token);
    is_wiped(&keys.aes_key.encryptor);
    is_wiped(&keys.aes_key.decryptor);
    is_wiped(&keys.aes_key.iv);
}
