//! The file of a backup: a head that says which key opens it, and behind that, sealed, an archive of
//! what it is of, the database and the uploads. Everything here is read and written as a stream. It
//! blocks: callers run it where that may be.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, BufWriter, ErrorKind, Read, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use aws_lc_rs::rand;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};

use super::sealed_stream::{KEY_BYTES, Opener, Sealer};

/// What a file of ours begins with.
const MAGIC: &[u8; 12] = b"campkeeper1\n";
/// Bytes of what makes the key of one file.
pub const SALT_BYTES: usize = 32;
/// Bytes of the name of a master key.
const KEY_ID_BYTES: usize = 4;
/// The entries of the archive, in this order.
const ABOUT: &str = "about.json";
const DATABASE: &str = "database";
const UPLOADS: &str = "uploads/";
/// The longest description that is read.
const MAX_ABOUT_BYTES: u64 = 64 * 1024;
/// The mode of everything that is written: nobody else's on the machine.
const MODE: u32 = 0o600;

/// Says which key a file is sealed under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The master key.
    pub key_id: [u8; KEY_ID_BYTES],
    /// What makes of it the key of this file alone.
    pub salt: [u8; SALT_BYTES],
}

/// What a backup is of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct About {
    /// `sqlite` or `postgres`.
    pub engine: String,
    /// When it was begun, RFC 3339.
    pub at: String,
    /// The program that made it.
    pub version: String,
    /// The end of the audit, as it was before the database was copied; none of an empty one.
    pub audit_end: Option<String>,
}

/// Why a backup cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum BackupFileError {
    /// It does not begin like one.
    #[error("it is no backup of Campkeeper")]
    NotOurs,
    /// It was altered, or is not all there.
    #[error("the backup is damaged: {0}")]
    Damaged(String),
    /// The disk said no.
    #[error("the file of the backup failed: {0}")]
    Io(io::Error),
}

impl From<io::Error> for BackupFileError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::InvalidData | ErrorKind::InvalidInput | ErrorKind::UnexpectedEof => {
                Self::Damaged(error.to_string())
            }
            _ => Self::Io(error),
        }
    }
}

impl Head {
    /// A head that no other file has.
    ///
    /// # Errors
    /// The system has no random numbers.
    pub fn new(key_id: [u8; KEY_ID_BYTES]) -> io::Result<Self> {
        let mut salt = [0; SALT_BYTES];
        rand::fill(&mut salt).map_err(|_| io::Error::other("no random numbers"))?;
        Ok(Self { key_id, salt })
    }

    fn bytes(&self) -> Vec<u8> {
        [MAGIC.as_slice(), &self.key_id, &self.salt].concat()
    }

    /// Reads the head of a file.
    ///
    /// # Errors
    /// [`BackupFileError`].
    pub fn read(path: &Path) -> Result<Self, BackupFileError> {
        Self::read_from(&mut File::open(path).map_err(BackupFileError::Io)?)
    }

    fn read_from(file: &mut File) -> Result<Self, BackupFileError> {
        let mut magic = [0; MAGIC.len()];
        let mut head = Self {
            key_id: [0; KEY_ID_BYTES],
            salt: [0; SALT_BYTES],
        };
        let read = file
            .read_exact(&mut magic)
            .and_then(|()| file.read_exact(&mut head.key_id))
            .and_then(|()| file.read_exact(&mut head.salt));
        match read {
            Ok(()) if magic == *MAGIC => Ok(head),
            Ok(()) => Err(BackupFileError::NotOurs),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Err(BackupFileError::NotOurs),
            Err(error) => Err(BackupFileError::Io(error)),
        }
    }
}

/// A backup that is being written, beside its place. Only [`Self::finish`] puts it there.
pub struct BackupWriter {
    archive: tar::Builder<GzEncoder<Sealer<BufWriter<File>>>>,
    part: Part,
    place: PathBuf,
}

/// The unfinished file, which goes when it is dropped.
struct Part(PathBuf);

impl Drop for Part {
    fn drop(&mut self) {
        // It is renamed when it is whole; else it is of no use to anybody.
        let _ = std::fs::remove_file(&self.0);
    }
}

impl BackupWriter {
    /// Begins a backup that is to be at `place`, with what it is of and the copy of the database.
    ///
    /// # Errors
    /// The disk cannot.
    pub fn begin(
        place: &Path,
        head: &Head,
        key: &[u8; KEY_BYTES],
        about: &About,
        database: &Path,
    ) -> io::Result<Self> {
        let mut name = place.as_os_str().to_owned();
        name.push(".part");
        let part = Part(PathBuf::from(name));
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(MODE);
        let mut file = options.open(&part.0)?;
        file.write_all(&head.bytes())?;
        let sealer = Sealer::new(BufWriter::new(file), key)?;
        let mut archive = tar::Builder::new(GzEncoder::new(sealer, Compression::fast()));
        let about = serde_json::to_vec(about)?;
        append(&mut archive, ABOUT, about.len() as u64, about.as_slice())?;
        let database = File::open(database)?;
        let length = database.metadata()?.len();
        append(&mut archive, DATABASE, length, database)?;
        Ok(Self {
            archive,
            part,
            place: place.to_owned(),
        })
    }

    /// Adds an uploaded file under its key.
    ///
    /// # Errors
    /// The disk cannot.
    pub fn add_upload(&mut self, key: &str, bytes: &[u8]) -> io::Result<()> {
        let name = format!("{UPLOADS}{key}");
        append(&mut self.archive, &name, bytes.len() as u64, bytes)
    }

    /// Puts the whole backup into its place, durably; its size.
    ///
    /// # Errors
    /// The disk cannot; nothing is in the place then that was not there before.
    pub fn finish(self) -> io::Result<u64> {
        let written = self.archive.into_inner()?.finish()?.finish()?;
        let file = written
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        let bytes = file.metadata()?.len();
        std::fs::rename(&self.part.0, &self.place)?;
        // The name, too, must survive a crash.
        if let Some(folder) = self.place.parent().filter(|it| !it.as_os_str().is_empty()) {
            File::open(folder)?.sync_all()?;
        }
        Ok(bytes)
    }
}

fn append<W: io::Write>(
    archive: &mut tar::Builder<W>,
    name: &str,
    length: u64,
    content: impl Read,
) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(length);
    header.set_mode(MODE);
    header.set_entry_type(tar::EntryType::Regular);
    // What is shorter than was said would move all that follows.
    archive.append_data(&mut header, name, Exactly::new(content, length))
}

/// Content of the length that was said: a file that grows or shrinks meanwhile is an error or cut.
struct Exactly<R> {
    content: io::Take<R>,
}

impl<R: Read> Exactly<R> {
    fn new(content: R, length: u64) -> Self {
        let content = content.take(length);
        Self { content }
    }
}

impl<R: Read> Read for Exactly<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.content.read(into)?;
        if read == 0 && self.content.limit() > 0 && !into.is_empty() {
            return Err(io::Error::other("a file became shorter while it was read"));
        }
        Ok(read)
    }
}

/// Reads a backup to its end: writes the database to `database` if it is wanted, and hands each upload
/// to `upload` with its key. Nothing of it may be used before this has returned: only the end shows that
/// it is whole.
///
/// # Errors
/// [`BackupFileError`], or what `upload` answers.
pub fn read<E: From<BackupFileError>>(
    path: &Path,
    key: &[u8; KEY_BYTES],
    database: Option<&Path>,
    mut upload: impl FnMut(&str, Vec<u8>) -> Result<(), E>,
    max_upload_bytes: usize,
) -> Result<About, E> {
    let failed = |error: io::Error| E::from(BackupFileError::from(error));
    let damaged = |what: &str| E::from(BackupFileError::Damaged(what.to_owned()));
    let mut file = File::open(path).map_err(failed)?;
    Head::read_from(&mut file)?;
    let sealed = Opener::new(BufReader::new(file), key).map_err(failed)?;
    let mut archive = tar::Archive::new(GzDecoder::new(sealed));
    let mut about = None;
    let mut has_database = false;
    for entry in archive.entries().map_err(failed)? {
        let mut entry = entry.map_err(failed)?;
        let name = entry.path_bytes().into_owned();
        let name = String::from_utf8(name).map_err(|_| damaged("a name in it"))?;
        let length = entry.size();
        match name.as_str() {
            ABOUT if about.is_none() && length <= MAX_ABOUT_BYTES => {
                let mut text = Vec::new();
                entry.read_to_end(&mut text).map_err(failed)?;
                let read = serde_json::from_slice(&text);
                about = Some(read.map_err(|_| damaged("what it is of"))?);
            }
            DATABASE if about.is_some() && !has_database => {
                if copied(&mut entry, database).map_err(failed)? != length {
                    return Err(damaged("the database in it"));
                }
                has_database = true;
            }
            _ => match name.strip_prefix(UPLOADS) {
                Some(key) if has_database && length <= max_upload_bytes as u64 => {
                    let mut bytes = Vec::new();
                    entry.read_to_end(&mut bytes).map_err(failed)?;
                    if bytes.len() as u64 != length {
                        return Err(damaged("a file in it"));
                    }
                    upload(key, bytes)?;
                }
                _ => return Err(damaged("something in it that is not ours")),
            },
        }
    }
    // The archive may end before the stream does; only its own end is authenticated.
    let mut rest = archive.into_inner();
    io::copy(&mut rest, &mut io::sink()).map_err(failed)?;
    io::copy(&mut rest.into_inner(), &mut io::sink()).map_err(failed)?;
    about
        .filter(|_| has_database)
        .ok_or_else(|| damaged("it is not all there"))
}

/// Writes an entry durably to a new file, or nowhere; how long it is.
fn copied(entry: &mut impl Read, place: Option<&Path>) -> io::Result<u64> {
    let Some(place) = place else {
        return io::copy(entry, &mut io::sink());
    };
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(MODE);
    let mut copy = options.open(place)?;
    let length = io::copy(entry, &mut copy)?;
    copy.sync_all()?;
    Ok(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; KEY_BYTES] = [3; KEY_BYTES];

    fn about() -> About {
        About {
            engine: "sqlite".to_owned(),
            at: "2026-12-01T03:30:00+08:00".to_owned(),
            version: "0.1.0".to_owned(),
            audit_end: None,
        }
    }

    fn written(folder: &Path) -> PathBuf {
        let (database, place) = (folder.join("database"), folder.join("backup"));
        std::fs::write(&database, vec![5; 300_000]).unwrap();
        let head = Head::new(*b"key1").unwrap();
        let mut writer = BackupWriter::begin(&place, &head, &KEY, &about(), &database).unwrap();
        writer.add_upload("abc.png", b"picture").unwrap();
        writer.finish().unwrap();
        place
    }

    type ReadBack = (About, Vec<(String, Vec<u8>)>);

    fn read_back(place: &Path, into: &Path) -> Result<ReadBack, String> {
        let mut uploads = Vec::new();
        let keep = |key: &str, bytes: Vec<u8>| -> Result<(), BackupFileError> {
            uploads.push((key.to_owned(), bytes));
            Ok(())
        };
        let read = read(place, &KEY, Some(into), keep, 100).map_err(|error| error.to_string())?;
        Ok((read, uploads))
    }

    #[test]
    fn what_was_put_in_comes_out_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let place = written(folder.path());
        let (read, uploads) = read_back(&place, &folder.path().join("copy")).unwrap();
        assert_eq!(read, about());
        assert_eq!(uploads, [("abc.png".to_owned(), b"picture".to_vec())]);
        let copy = std::fs::read(folder.path().join("copy")).unwrap();
        assert_eq!(copy, vec![5; 300_000]);
        assert!(!folder.path().join("backup.part").exists());
        let sealed = std::fs::read(&place).unwrap();
        let is_clear = sealed.windows(7).any(|bytes| bytes == b"picture");
        assert!(!is_clear && sealed.len() < 300_000);
    }

    #[test]
    fn the_uploads_are_read_without_the_database() {
        let folder = tempfile::tempdir().unwrap();
        let place = written(folder.path());
        let mut keys = Vec::new();
        let keep = |key: &str, _: Vec<u8>| -> Result<(), BackupFileError> {
            keys.push(key.to_owned());
            Ok(())
        };
        assert_eq!(read(&place, &KEY, None, keep, 100).unwrap(), about());
        assert_eq!(keys, ["abc.png"]);
    }

    #[test]
    fn a_damaged_one_is_refused_wherever_it_is_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let whole = std::fs::read(written(folder.path())).unwrap();
        let place = folder.path().join("damaged");
        for at in (0..whole.len()).step_by(97) {
            let mut altered = whole.clone();
            altered[at] ^= 0x40;
            for (n, bytes) in [altered, whole[..at].to_vec()].iter().enumerate() {
                std::fs::write(&place, bytes).unwrap();
                let copy = folder.path().join("copy");
                let _ = std::fs::remove_file(&copy);
                // The salt makes the key, and is not looked at here.
                let is_salt = n == 0 && (MAGIC.len()..MAGIC.len() + 36).contains(&at);
                assert!(is_salt || read_back(&place, &copy).is_err(), "{at} {n}");
            }
        }
    }

    #[test]
    fn a_failed_one_leaves_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let place = written(folder.path());
        let before = std::fs::read(&place).unwrap();
        let head = Head::new(*b"key1").unwrap();
        let database = folder.path().join("database");
        let writer = BackupWriter::begin(&place, &head, &KEY, &about(), &database).unwrap();
        drop(writer);
        assert_eq!(std::fs::read(&place).unwrap(), before);
        assert!(!folder.path().join("backup.part").exists());
        let nothing = folder.path().join("none");
        assert!(BackupWriter::begin(&place, &head, &KEY, &about(), &nothing).is_err());
    }
}
