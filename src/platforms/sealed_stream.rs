//! A stream sealed piece by piece, in constant memory: the STREAM construction over AES-256-GCM. Each
//! piece is authenticated with its number and with whether it is the last, so that none can be
//! altered, moved, left out or cut off unseen. A key seals one stream only.

use std::io::{self, ErrorKind, Read, Write};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

/// Bytes of a key.
pub const KEY_BYTES: usize = 32;
/// Plain bytes of a piece.
const PIECE_BYTES: usize = 64 * 1024;
/// Bytes that sealing adds to a piece.
const TAG_BYTES: usize = 16;
/// The number of a piece stands in the last bytes of its nonce, before the mark of the last one.
const MARK_AT: usize = NONCE_LEN - 1;
const NUMBER_AT: usize = MARK_AT - 4;

/// Numbers the pieces of one stream under one key.
struct Pieces {
    key: LessSafeKey,
    number: u32,
}

impl Pieces {
    fn new(key: &[u8; KEY_BYTES]) -> io::Result<Self> {
        let key = UnboundKey::new(&AES_256_GCM, key).map_err(|_| io::Error::other("the cipher"))?;
        let key = LessSafeKey::new(key);
        Ok(Self { key, number: 0 })
    }

    /// The nonce of the next piece: no two of a stream are the same.
    fn next(&mut self, is_last: bool) -> io::Result<Nonce> {
        let mut nonce = [0; NONCE_LEN];
        nonce[NUMBER_AT..MARK_AT].copy_from_slice(&self.number.to_be_bytes());
        nonce[MARK_AT] = u8::from(is_last);
        let next = self.number.checked_add(1);
        self.number = next.ok_or_else(|| io::Error::other("the stream is too long"))?;
        Ok(Nonce::assume_unique_for_key(nonce))
    }
}

/// Seals what is written to it. Only [`Self::finish`] makes it whole.
pub struct Sealer<W> {
    out: W,
    pieces: Pieces,
    plain: Vec<u8>,
}

impl<W: Write> Sealer<W> {
    /// Seals into `out` under a key that seals nothing else.
    ///
    /// # Errors
    /// The cipher refuses.
    pub fn new(out: W, key: &[u8; KEY_BYTES]) -> io::Result<Self> {
        Ok(Self {
            out,
            pieces: Pieces::new(key)?,
            plain: Vec::with_capacity(PIECE_BYTES + TAG_BYTES),
        })
    }

    /// Writes the last piece and hands the output back.
    ///
    /// # Errors
    /// The output cannot.
    pub fn finish(mut self) -> io::Result<W> {
        self.seal(true)?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn seal(&mut self, is_last: bool) -> io::Result<()> {
        let nonce = self.pieces.next(is_last)?;
        let sealed = self
            .pieces
            .key
            .seal_in_place_append_tag(nonce, Aad::empty(), &mut self.plain);
        sealed.map_err(|_| io::Error::other("the cipher"))?;
        self.out.write_all(&self.plain)?;
        self.plain.clear();
        Ok(())
    }
}

impl<W: Write> Write for Sealer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A full piece is sealed once more is to come: the last one is marked.
        if self.plain.len() == PIECE_BYTES {
            self.seal(false)?;
        }
        let taken = bytes.len().min(PIECE_BYTES - self.plain.len());
        self.plain.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Reads what a [`Sealer`] wrote. Nothing is handed out that is not as it was written; a stream that
/// was cut off is an error at its end.
pub struct Opener<R> {
    sealed: R,
    pieces: Pieces,
    /// What was read ahead: the next piece, or all that is left.
    ahead: Vec<u8>,
    plain: Vec<u8>,
    given: usize,
    is_over: bool,
}

impl<R: Read> Opener<R> {
    /// Opens a stream by the key that it was sealed under.
    ///
    /// # Errors
    /// The stream cannot be read.
    pub fn new(sealed: R, key: &[u8; KEY_BYTES]) -> io::Result<Self> {
        let mut this = Self {
            sealed,
            pieces: Pieces::new(key)?,
            ahead: Vec::new(),
            plain: Vec::new(),
            given: 0,
            is_over: false,
        };
        this.ahead = this.piece()?;
        Ok(this)
    }

    fn piece(&mut self) -> io::Result<Vec<u8>> {
        let mut piece = Vec::with_capacity(PIECE_BYTES + TAG_BYTES);
        let most = (PIECE_BYTES + TAG_BYTES) as u64;
        (&mut self.sealed).take(most).read_to_end(&mut piece)?;
        Ok(piece)
    }

    fn open_next(&mut self) -> io::Result<()> {
        let next = self.piece()?;
        self.is_over = next.is_empty();
        let nonce = self.pieces.next(self.is_over)?;
        self.plain = std::mem::replace(&mut self.ahead, next);
        let opened = self
            .pieces
            .key
            .open_in_place(nonce, Aad::empty(), &mut self.plain);
        let damaged = |_| io::Error::new(ErrorKind::InvalidData, "it was altered or cut off");
        let length = opened.map_err(damaged)?.len();
        self.plain.truncate(length);
        self.given = 0;
        Ok(())
    }
}

impl<R: Read> Read for Opener<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.given == self.plain.len() {
            if self.is_over {
                return Ok(0);
            }
            self.open_next()?;
        }
        let given = into.len().min(self.plain.len() - self.given);
        into[..given].copy_from_slice(&self.plain[self.given..self.given + given]);
        self.given += given;
        Ok(given)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; KEY_BYTES] = [7; KEY_BYTES];
    const SEALED_PIECE: usize = PIECE_BYTES + TAG_BYTES;

    fn sealed(plain: &[u8]) -> Vec<u8> {
        let mut sealer = Sealer::new(Vec::new(), &KEY).unwrap();
        sealer.write_all(plain).unwrap();
        sealer.finish().unwrap()
    }

    fn opened(sealed: &[u8], key: &[u8; KEY_BYTES]) -> io::Result<Vec<u8>> {
        let mut plain = Vec::new();
        Opener::new(sealed, key)?.read_to_end(&mut plain)?;
        Ok(plain)
    }

    fn plain(length: usize) -> Vec<u8> {
        (0..length).map(|n| (n % 251) as u8).collect()
    }

    #[test]
    fn what_was_sealed_is_opened_whatever_its_length() {
        for length in [
            0,
            1,
            PIECE_BYTES - 1,
            PIECE_BYTES,
            PIECE_BYTES + 1,
            3 * PIECE_BYTES,
        ] {
            let plain = plain(length);
            let sealed = sealed(&plain);
            assert_eq!(opened(&sealed, &KEY).unwrap(), plain, "{length}");
            assert!(opened(&sealed, &[8; KEY_BYTES]).is_err(), "{length}");
        }
    }

    #[test]
    fn nothing_can_be_altered_moved_left_out_or_cut_off() {
        let whole = sealed(&plain(2 * PIECE_BYTES + 100));
        let mut damaged = vec![
            Vec::new(),
            whole[..SEALED_PIECE].to_vec(),
            whole[..2 * SEALED_PIECE].to_vec(),
            whole[SEALED_PIECE..].to_vec(),
            [
                &whole[SEALED_PIECE..2 * SEALED_PIECE],
                &whole[..SEALED_PIECE],
            ]
            .concat(),
            [whole.as_slice(), &whole[..SEALED_PIECE]].concat(),
            [whole.as_slice(), b"x"].concat(),
        ];
        for at in [0, PIECE_BYTES, SEALED_PIECE + 5, whole.len() - 1] {
            let mut altered = whole.clone();
            altered[at] ^= 1;
            damaged.push(altered);
            damaged.push(whole[..at].to_vec());
        }
        for (n, bytes) in damaged.iter().enumerate() {
            let refused = opened(bytes, &KEY);
            let kind = refused.map_err(|error| error.kind());
            assert_eq!(kind, Err(ErrorKind::InvalidData), "{n}");
        }
    }
}
