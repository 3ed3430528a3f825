//! Where uploaded files are kept. Knows bytes and keys; what a file is for, who may see it and
//! whether a picture is really a picture is the business of others.
//!
//! A key is the SHA-256 of the content plus the extension, so the same content has the same key,
//! a key never changes its content, and no key can leave the folder. Today there is the disk; a
//! bucket would be a second variant of [`Files`] with the same three verbs.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::process;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::digest::{SHA256, digest};
use thiserror::Error;
use tokio::fs;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// The largest file that is stored or read: what an import may have.
pub const MAX_FILE_BYTES: usize = 20 * 1024 * 1024;

/// Hexadecimal digits of a SHA-256.
const HASH_DIGITS: usize = 64;

const MAX_EXTENSION_CHARS: usize = 8;

/// Left-over temporary files of a killed process may stand in the way of so many names.
const MAX_TEMP_NAME_TRIES: usize = 100;

/// The store of uploads. Cheap to clone.
#[derive(Debug, Clone)]
pub enum Files {
    /// A folder of this machine.
    Disk(DiskFiles),
}

/// The name of a stored file: `<sha256>.<extension>`, all lower case.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileKey(String);

/// Why a file could not be stored or read.
#[derive(Debug, Error)]
pub enum FilesError {
    /// The address of the store is none that this build can use.
    #[error("files.url must be file://FOLDER")]
    Address,
    /// Not 1–8 lower-case letters and digits.
    #[error("a file extension has 1 to 8 lower-case letters and digits")]
    Extension,
    /// Not a key that this store has given out.
    #[error("that is no key of a stored file")]
    Key,
    /// Over [`MAX_FILE_BYTES`].
    #[error("a file has at most {MAX_FILE_BYTES} bytes")]
    TooLarge,
    /// The disk said no.
    #[error("the folder of uploads failed")]
    Io(#[from] io::Error),
}

impl Files {
    /// Opens the store at an address as the configuration gives it: `file://data/uploads`
    /// (relative to the working directory) or `file:///var/lib/campkeeper/uploads`. The folder is
    /// made if it is not there.
    ///
    /// # Errors
    /// [`FilesError::Address`] for any other scheme, [`FilesError::Io`] when the folder cannot be
    /// made.
    pub async fn open(address: &str) -> Result<Self, FilesError> {
        match address.strip_prefix("file://") {
            Some(folder) if !folder.is_empty() => {
                Ok(Self::Disk(DiskFiles::open(Path::new(folder)).await?))
            }
            _ => Err(FilesError::Address),
        }
    }

    /// Stores bytes durably: when this returns, they survive a crash. Storing the same bytes
    /// again gives the same key.
    ///
    /// # Errors
    /// [`FilesError::Extension`], [`FilesError::TooLarge`] or [`FilesError::Io`]; then no file has
    /// appeared under the key.
    pub async fn put(&self, bytes: &[u8], extension: &str) -> Result<FileKey, FilesError> {
        if bytes.len() > MAX_FILE_BYTES {
            return Err(FilesError::TooLarge);
        }
        let key = FileKey::of(bytes, extension)?;
        match self {
            Self::Disk(disk) => disk.write(&key, bytes).await?,
        }
        Ok(key)
    }

    /// The bytes of a file, or `None` if there is none under this key.
    ///
    /// # Errors
    /// [`FilesError::TooLarge`] or [`FilesError::Io`].
    pub async fn get(&self, key: &FileKey) -> Result<Option<Vec<u8>>, FilesError> {
        match self {
            Self::Disk(disk) => disk.read(key).await,
        }
    }

    /// Removes a file; true if it was there. Equal uploads share one file: whoever deletes must
    /// know that nobody else refers to the key.
    ///
    /// # Errors
    /// [`FilesError::Io`].
    pub async fn delete(&self, key: &FileKey) -> Result<bool, FilesError> {
        match self {
            Self::Disk(disk) => disk.remove(key).await,
        }
    }
}

impl FileKey {
    /// The key as it is stored and put into addresses.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn of(bytes: &[u8], extension: &str) -> Result<Self, FilesError> {
        use std::fmt::Write as _;
        if !is_extension(extension) {
            return Err(FilesError::Extension);
        }
        let mut key = String::with_capacity(HASH_DIGITS + 1 + extension.len());
        for byte in digest(&SHA256, bytes).as_ref() {
            // Writing into a String cannot fail.
            let _ = write!(key, "{byte:02x}");
        }
        Ok(Self(key + "." + extension))
    }
}

impl FromStr for FileKey {
    type Err = FilesError;

    fn from_str(text: &str) -> Result<Self, FilesError> {
        let (hash, extension) = text.split_once('.').ok_or(FilesError::Key)?;
        let is_hash = hash.len() == HASH_DIGITS
            && hash
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if is_hash && is_extension(extension) {
            Ok(Self(text.to_owned()))
        } else {
            Err(FilesError::Key)
        }
    }
}

impl fmt::Display for FileKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_extension(text: &str) -> bool {
    (1..=MAX_EXTENSION_CHARS).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_digit() || b.is_ascii_lowercase())
}

/// Files in one flat folder. A file is written beside its place and moved there when whole, so
/// nobody ever reads half of one.
#[derive(Debug, Clone)]
pub struct DiskFiles {
    root: Arc<Path>,
    temp_names: Arc<AtomicU64>,
}

impl DiskFiles {
    async fn open(root: &Path) -> Result<Self, FilesError> {
        fs::create_dir_all(root).await?;
        Ok(Self {
            root: Arc::from(root),
            temp_names: Arc::new(AtomicU64::new(0)),
        })
    }

    async fn write(&self, key: &FileKey, bytes: &[u8]) -> Result<(), FilesError> {
        let (temp_path, mut temp) = self.new_temp().await?;
        let written = async {
            temp.write_all(bytes).await?;
            // Without the flush, an error of a late write would be lost in `sync_all`.
            temp.flush().await?;
            temp.sync_all().await?;
            fs::rename(&temp_path, self.path(key)).await?;
            // The name, too, must survive a crash.
            fs::File::open(&self.root).await?.sync_all().await
        };
        let outcome = written.await;
        if outcome.is_err() {
            // Best effort: a left-over is never read and has no key.
            let _ = fs::remove_file(&temp_path).await;
        }
        Ok(outcome?)
    }

    async fn read(&self, key: &FileKey) -> Result<Option<Vec<u8>>, FilesError> {
        let file = match fs::File::open(self.path(key)).await {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let mut bytes = Vec::new();
        file.take(MAX_FILE_BYTES as u64 + 1)
            .read_to_end(&mut bytes)
            .await?;
        if bytes.len() > MAX_FILE_BYTES {
            return Err(FilesError::TooLarge);
        }
        Ok(Some(bytes))
    }

    async fn remove(&self, key: &FileKey) -> Result<bool, FilesError> {
        match fs::remove_file(self.path(key)).await {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// A file that nobody else writes: the process and a counter name it, and it must be new.
    async fn new_temp(&self) -> Result<(PathBuf, fs::File), FilesError> {
        let mut last = io::Error::from(io::ErrorKind::AlreadyExists);
        for _ in 0..MAX_TEMP_NAME_TRIES {
            let number = self.temp_names.fetch_add(1, Ordering::Relaxed);
            let path = self.root.join(format!(".{}-{number}.tmp", process::id()));
            match fs::OpenOptions::new()
                .write(true)
                .create_new(true)
                .open(&path)
                .await
            {
                Ok(file) => return Ok((path, file)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => last = error,
                Err(error) => return Err(error.into()),
            }
        }
        Err(last.into())
    }

    fn path(&self, key: &FileKey) -> PathBuf {
        self.root.join(&key.0)
    }
}
