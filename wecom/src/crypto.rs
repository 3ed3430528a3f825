//! Callback cryptography: key, signature, encryption and decryption (wecom-app §1.1–1.3).
//!
//! Pure functions over bytes. This module knows neither XML nor JSON nor clocks: randomness and
//! timestamps are handed in, so that every result can be reproduced.

use std::fmt;
use std::hint::black_box;

use aes::{Aes256Dec, Aes256Enc};
use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD, STANDARD};
use cbc::cipher::array::Array;
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, InnerIvInit, KeyInit};
use secrecy::zeroize::Zeroizing;
use sha1::{Digest, Sha1};

/// Characters of an `EncodingAESKey`.
const ENCODED_KEY_CHARS: usize = 43;
/// Longest callback token in bytes.
const MAX_TOKEN_BYTES: usize = 32;
/// AES block, which is also the length of the fixed IV.
const CIPHER_BLOCK_BYTES: usize = 16;
/// WeCom pads to 32 bytes although the cipher block has 16.
const PADDING_BLOCK_BYTES: usize = 32;
/// Random prefix of every plaintext.
const RANDOM_BYTES: usize = 16;
/// Random prefix and the big-endian length of the message.
const HEADER_BYTES: usize = RANDOM_BYTES + 4;
/// Hex characters of a signature.
const SIGNATURE_CHARS: usize = 40;

/// Keys have two unused bits in their last character, usually not zero: a strict decoder refuses
/// three keys of four. Ciphertexts are canonical and go through the strict engine.
const KEY_ENGINE: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    NO_PAD.with_decode_allow_trailing_bits(true),
);

/// The reason a token or an `EncodingAESKey` is of no use. Neither is ever part of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The token is empty, longer than 32 characters or not made of letters and digits.
    #[error("the callback token must be 1 to 32 letters and digits")]
    Token,
    /// The key is not 43 characters of base64.
    #[error("the EncodingAESKey must be 43 characters of base64")]
    AesKey,
}

/// The reason a callback could not be verified, decrypted or encrypted.
///
/// The texts carry no part of the input and never the expected signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CryptoError {
    /// The signature is not the one these keys give (Tencent code -40001).
    #[error("the signature does not match")]
    Signature,
    /// The ciphertext is not base64 (Tencent code -40010).
    #[error("the ciphertext is not base64")]
    Base64,
    /// The ciphertext is empty or not a multiple of the cipher block (Tencent code -40008).
    #[error("the ciphertext is not a whole number of blocks")]
    CiphertextLength,
    /// The padding is not 1 to 32 bytes of its own length (Tencent code -40008).
    #[error("the padding is illegal")]
    Padding,
    /// The plaintext is shorter than its header or than the length it states (-40008).
    #[error("the plaintext is shorter than it says")]
    PlaintextLength,
    /// The plaintext was meant for another receiver (Tencent code -40005).
    #[error("the plaintext names another receiver")]
    ReceiveId,
    /// The message to encrypt is longer than its length field can say (4 GiB).
    #[error("the message is too long to encrypt")]
    MessageLength,
}

impl CryptoError {
    /// The code that Tencent's sample libraries give for this error (wecom-app §1.3).
    pub fn tencent_code(self) -> i32 {
        match self {
            Self::Signature => -40001,
            Self::ReceiveId => -40005,
            Self::MessageLength => -40006,
            Self::CiphertextLength | Self::Padding | Self::PlaintextLength => -40008,
            Self::Base64 => -40010,
        }
    }
}

/// An AES-256 key in WeCom's mode: CBC, IV = the first 16 bytes of the key, PKCS#7 padding to 32.
///
/// The key schedule is expanded once; cloning copies it. `Debug` shows nothing of it, and what it
/// holds is wiped on drop; copies that a caller keeps of the encoded key are the caller's.
#[derive(Clone)]
pub struct AesKey {
    encryptor: Aes256Enc,
    decryptor: Aes256Dec,
    iv: Zeroizing<[u8; CIPHER_BLOCK_BYTES]>,
}

impl AesKey {
    /// Reads 43 characters of base64, with or without the closing `=`; surrounding whitespace is
    /// ignored. This is the form of an `EncodingAESKey` and of the `aeskey` of a robot's media.
    ///
    /// # Errors
    /// [`KeyError::AesKey`] for anything else.
    pub fn from_base64(encoded: &str) -> Result<Self, KeyError> {
        let encoded = encoded.trim();
        let encoded = encoded.strip_suffix('=').unwrap_or(encoded);
        if encoded.len() != ENCODED_KEY_CHARS {
            return Err(KeyError::AesKey);
        }
        let bytes = KEY_ENGINE.decode(encoded).map_err(|_| KeyError::AesKey)?;
        let bytes = Zeroizing::new(bytes);
        Self::from_bytes(&bytes)
    }

    /// Takes the 32 raw bytes of the key.
    ///
    /// # Errors
    /// [`KeyError::AesKey`] if there are not exactly 32.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        let iv = bytes
            .first_chunk::<CIPHER_BLOCK_BYTES>()
            .ok_or(KeyError::AesKey)?;
        Ok(Self {
            encryptor: Aes256Enc::new_from_slice(bytes).map_err(|_| KeyError::AesKey)?,
            decryptor: Aes256Dec::new_from_slice(bytes).map_err(|_| KeyError::AesKey)?,
            iv: Zeroizing::new(*iv),
        })
    }

    /// Decrypts whole blocks in place and cuts the padding off.
    ///
    /// # Errors
    /// [`CryptoError::CiphertextLength`] or [`CryptoError::Padding`]; the buffer then holds
    /// nothing useful.
    pub fn decrypt_in_place(&self, buffer: &mut Vec<u8>) -> Result<(), CryptoError> {
        let (blocks, rest) = Array::slice_as_chunks_mut(buffer.as_mut_slice());
        if blocks.is_empty() || !rest.is_empty() {
            return Err(CryptoError::CiphertextLength);
        }
        cbc::Decryptor::inner_iv_init(&self.decryptor, (&*self.iv).into()).decrypt_blocks(blocks);
        let kept = unpadded_len(buffer)?;
        buffer.truncate(kept);
        Ok(())
    }

    /// Pads the buffer to a multiple of 32 bytes and encrypts it in place.
    pub fn encrypt_in_place(&self, buffer: &mut Vec<u8>) {
        let padding = PADDING_BLOCK_BYTES - buffer.len() % PADDING_BLOCK_BYTES;
        // 1..=32, so the cast cannot lose anything.
        buffer.resize(buffer.len() + padding, padding as u8);
        let (blocks, _) = Array::slice_as_chunks_mut(buffer.as_mut_slice());
        cbc::Encryptor::inner_iv_init(&self.encryptor, (&*self.iv).into()).encrypt_blocks(blocks);
    }
}

impl fmt::Debug for AesKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AesKey(..)")
    }
}

/// All that one callback address needs: token, key and the receiver its messages must name.
///
/// Every address (application, contact sync, robot) has its own keys; route by URL.
/// `Debug` shows the receiver only; token and key are wiped on drop.
#[derive(Clone)]
pub struct Keys {
    token: Zeroizing<String>,
    aes_key: AesKey,
    receive_id: String,
}

impl Keys {
    /// Builds the keys of one callback address.
    ///
    /// `receive_id` is the CorpID for a corp's own application and the empty string for a corp's
    /// own smart robot (wecom-app §1.2, wecom-bots-h5 §1.2).
    ///
    /// # Errors
    /// [`KeyError`] names the part that is malformed.
    pub fn new(token: &str, encoding_aes_key: &str, receive_id: &str) -> Result<Self, KeyError> {
        let token = token.trim();
        let has_length = (1..=MAX_TOKEN_BYTES).contains(&token.len());
        if !has_length || !token.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(KeyError::Token);
        }
        Ok(Self {
            token: Zeroizing::new(token.to_owned()),
            aes_key: AesKey::from_base64(encoding_aes_key)?,
            receive_id: receive_id.to_owned(),
        })
    }

    /// The receiver that every message must name: the CorpID, or empty for a smart robot.
    pub fn receive_id(&self) -> &str {
        &self.receive_id
    }

    /// The AES key alone. A smart robot in URL mode decrypts media with it.
    pub fn aes_key(&self) -> &AesKey {
        &self.aes_key
    }

    /// Signs a ciphertext: lower-case hex of SHA-1 over the four strings in byte order.
    pub fn sign(&self, timestamp: &str, nonce: &str, encrypt: &str) -> String {
        let hex = self.signature(timestamp, nonce, encrypt);
        // Hex digits are ASCII, so this borrows and then copies once.
        String::from_utf8_lossy(&hex).into_owned()
    }

    /// Compares a signature in constant time with the one these keys give.
    ///
    /// # Errors
    /// [`CryptoError::Signature`] if they differ.
    pub fn verify(
        &self,
        signature: &str,
        timestamp: &str,
        nonce: &str,
        encrypt: &str,
    ) -> Result<(), CryptoError> {
        let expected = self.signature(timestamp, nonce, encrypt);
        if is_equal_in_constant_time(&expected, signature.as_bytes()) {
            Ok(())
        } else {
            Err(CryptoError::Signature)
        }
    }

    /// Decrypts the text of `Encrypt` (or of `echostr`) into the message within.
    ///
    /// Call [`Keys::verify`] first: CBC without a verified signature proves nothing.
    ///
    /// # Errors
    /// Any [`CryptoError`] but `Signature` and `MessageLength`.
    pub fn decrypt(&self, encrypt: &str) -> Result<Vec<u8>, CryptoError> {
        let mut buffer = STANDARD.decode(encrypt).map_err(|_| CryptoError::Base64)?;
        self.aes_key.decrypt_in_place(&mut buffer)?;
        let (header, body) = buffer
            .split_at_checked(HEADER_BYTES)
            .ok_or(CryptoError::PlaintextLength)?;
        let length = header
            .last_chunk::<4>()
            .map_or(0, |bytes| u32::from_be_bytes(*bytes));
        let length = usize::try_from(length).map_err(|_| CryptoError::PlaintextLength)?;
        let (_, receive_id) = body
            .split_at_checked(length)
            .ok_or(CryptoError::PlaintextLength)?;
        if receive_id != self.receive_id.as_bytes() {
            return Err(CryptoError::ReceiveId);
        }
        buffer.truncate(HEADER_BYTES + length);
        buffer.drain(..HEADER_BYTES);
        Ok(buffer)
    }

    /// Encrypts a message as WeCom does. `random` must be fresh for every call.
    ///
    /// # Errors
    /// [`CryptoError::MessageLength`] for a message of 4 GiB or more.
    pub fn encrypt(&self, message: &[u8], random: [u8; 16]) -> Result<String, CryptoError> {
        let length = u32::try_from(message.len()).map_err(|_| CryptoError::MessageLength)?;
        let capacity = HEADER_BYTES + message.len() + self.receive_id.len() + PADDING_BLOCK_BYTES;
        let mut buffer = Vec::with_capacity(capacity);
        buffer.extend_from_slice(&random);
        buffer.extend_from_slice(&length.to_be_bytes());
        buffer.extend_from_slice(message);
        buffer.extend_from_slice(self.receive_id.as_bytes());
        self.aes_key.encrypt_in_place(&mut buffer);
        Ok(STANDARD.encode(&buffer))
    }

    fn signature(&self, timestamp: &str, nonce: &str, encrypt: &str) -> [u8; SIGNATURE_CHARS] {
        let mut parts = [self.token.as_str(), timestamp, nonce, encrypt];
        parts.sort_unstable();
        let mut sha1 = Sha1::new();
        for part in parts {
            sha1.update(part.as_bytes());
        }
        let mut hex = [0; SIGNATURE_CHARS];
        for (pair, byte) in hex.chunks_exact_mut(2).zip(sha1.finalize()) {
            pair.copy_from_slice(&[hex_digit(byte >> 4), hex_digit(byte & 0x0f)]);
        }
        hex
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys")
            .field("receive_id", &self.receive_id)
            .finish_non_exhaustive()
    }
}

/// Length of the plaintext without its padding: n bytes of value n, n in 1..=32.
fn unpadded_len(plaintext: &[u8]) -> Result<usize, CryptoError> {
    let padding = plaintext.last().map_or(0, |&byte| usize::from(byte));
    let kept = plaintext
        .len()
        .checked_sub(padding)
        .ok_or(CryptoError::Padding)?;
    let (_, tail) = plaintext
        .split_at_checked(kept)
        .ok_or(CryptoError::Padding)?;
    let is_legal = (1..=PADDING_BLOCK_BYTES).contains(&padding)
        && tail.iter().all(|&byte| usize::from(byte) == padding);
    if is_legal {
        Ok(kept)
    } else {
        Err(CryptoError::Padding)
    }
}

/// Looks at every byte whatever the first ones say; only the length, which is no secret, decides
/// early. `black_box` keeps the compiler from turning the fold into an early exit.
fn is_equal_in_constant_time(left: &[u8], right: &[u8]) -> bool {
    let differences = left
        .iter()
        .zip(right)
        .fold(0, |found, (a, b)| black_box(found | (a ^ b)));
    left.len() == right.len() && differences == 0
}

fn hex_digit(nibble: u8) -> u8 {
    // No branch: digits of a hash are not to be predicted.
    let is_letter = u8::from(nibble > 9);
    b'0' + nibble + is_letter * (b'a' - b'0' - 10)
}

#[cfg(test)]
mod tests;
