//! Where uploaded files are kept. Knows bytes and keys; what a file is for, who may see it and
//! whether a picture is really a picture is the business of others.
//!
//! A key is the SHA-256 of the content plus the extension, so the same content has the same key,
//! a key never changes its content, and no key can leave the folder. Today there is the disk; a
//! bucket would be a second variant of [`Files`] with the same three verbs.

use std::fmt;
use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use thiserror::Error;
use tokio::fs;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::shared_reads::SharedReads;

/// The largest file that is stored or read: what an import may have.
pub const MAX_FILE_BYTES: usize = 20 * 1024 * 1024;

/// Our files are nobody else's on the machine.
const FILE_MODE: u32 = 0o600;
const FOLDER_MODE: u32 = 0o700;

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
            Self::Disk(disk) => disk.write(&disk.path(&key), bytes).await?,
        }
        Ok(key)
    }

    /// The bytes of a file, which its readers share, or `None` if there is none under this key.
    ///
    /// # Errors
    /// [`FilesError::TooLarge`] or [`FilesError::Io`].
    pub async fn get(&self, key: &FileKey) -> Result<Option<Bytes>, FilesError> {
        match self {
            Self::Disk(disk) => disk.reads.get(key, || disk.read(key)).await,
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

/// What a note may have.
const MAX_NOTE_BYTES: u64 = 4096;

impl Files {
    /// Keeps a short text of our own under a name, in the place of the one before it. No key of an
    /// uploaded file begins with the dot that such a name has.
    ///
    /// # Errors
    /// [`FilesError::Io`]; then the one before it is still there.
    pub async fn keep_note(&self, name: &'static str, text: &str) -> Result<(), FilesError> {
        match self {
            Self::Disk(disk) => {
                let path = disk.note(name);
                disk.write(&path, text.as_bytes()).await
            }
        }
    }

    /// The text that was kept under a name.
    ///
    /// # Errors
    /// [`FilesError::Io`], also for one that is no text.
    pub async fn note(&self, name: &'static str) -> Result<Option<String>, FilesError> {
        match self {
            Self::Disk(disk) => disk.read_note(name).await,
        }
    }
}

impl FileKey {
    /// The key as it is stored and put into addresses.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether these bytes are what it names.
    pub fn names(&self, bytes: &[u8]) -> bool {
        let extension = self
            .0
            .split_once('.')
            .map_or("", |(_, extension)| extension);
        Self::of(bytes, extension).is_ok_and(|of| of == *self)
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
    reads: Arc<SharedReads<FileKey>>,
}

impl DiskFiles {
    async fn open(root: &Path) -> Result<Self, FilesError> {
        let mut folder = fs::DirBuilder::new();
        folder
            .recursive(true)
            .mode(FOLDER_MODE)
            .create(root)
            .await?;
        // One that was made before is closed to others as well: it is for nothing but these files. One
        // that was mounted for us may be somebody else's, who says who reads it.
        if let Err(error) = fs::set_permissions(root, Permissions::from_mode(FOLDER_MODE)).await {
            tracing::warn!(%error, "others on the machine may read the folder of uploads");
        }
        Ok(Self {
            root: Arc::from(root),
            temp_names: Arc::new(AtomicU64::new(0)),
            reads: Arc::default(),
        })
    }

    async fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), FilesError> {
        let (temp_path, mut temp) = self.new_temp().await?;
        let written = async {
            temp.write_all(bytes).await?;
            // Without the flush, an error of a late write would be lost in `sync_all`.
            temp.flush().await?;
            temp.sync_all().await?;
            fs::rename(&temp_path, path).await?;
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
                .mode(FILE_MODE)
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

    async fn read_note(&self, name: &str) -> Result<Option<String>, FilesError> {
        let file = match fs::File::open(self.note(name)).await {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let mut text = String::new();
        file.take(MAX_NOTE_BYTES).read_to_string(&mut text).await?;
        Ok(Some(text))
    }

    fn path(&self, key: &FileKey) -> PathBuf {
        self.root.join(&key.0)
    }

    fn note(&self, name: &str) -> PathBuf {
        self.root.join(format!(".{name}"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tempfile::TempDir;

    use super::*;

    const ABC_KEY: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad.png";

    async fn store() -> (TempDir, Files) {
        let folder = TempDir::new().unwrap();
        let address = format!("file://{}/up/loads", folder.path().display());
        let files = Files::open(&address).await.unwrap();
        (folder, files)
    }

    fn names(folder: &TempDir) -> Vec<String> {
        let entries = std::fs::read_dir(folder.path().join("up/loads")).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    #[tokio::test]
    async fn a_file_comes_goes_and_is_named_by_its_content() {
        let (folder, files) = store().await;
        let key = files.put(b"abc", "png").await.unwrap();
        assert_eq!(key.as_str(), ABC_KEY);
        assert_eq!(key, ABC_KEY.parse().unwrap());
        assert_eq!(files.put(b"abc", "png").await.unwrap(), key);
        assert_ne!(files.put(b"abd", "png").await.unwrap(), key);
        assert_eq!(names(&folder).len(), 2, "nothing temporary is left");
        assert_eq!(
            files.get(&key).await.unwrap().as_deref(),
            Some(b"abc".as_slice())
        );

        assert!(files.delete(&key).await.unwrap());
        assert!(!files.delete(&key).await.unwrap());
        assert_eq!(files.get(&key).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_note_is_replaced_and_nobody_else_reads_what_is_here() {
        let (folder, files) = store().await;
        assert_eq!(files.note("audit").await.unwrap(), None);
        files.keep_note("audit", "1").await.unwrap();
        files.keep_note("audit", "2").await.unwrap();
        assert_eq!(files.note("audit").await.unwrap().as_deref(), Some("2"));
        let root = folder.path().join("up/loads");
        std::fs::set_permissions(&root, Permissions::from_mode(0o755)).unwrap();
        let address = format!("file://{}", root.display());
        let key = Files::open(&address)
            .await
            .unwrap()
            .put(b"abc", "png")
            .await
            .unwrap();
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&root), 0o700);
        assert_eq!(mode(&root.join(key.as_str())), 0o600);
        assert_eq!(mode(&root.join(".audit")), 0o600);
    }

    #[tokio::test]
    async fn a_store_opened_again_has_its_files_and_steps_over_left_overs() {
        let (folder, files) = store().await;
        let key = files.put(b"abc", "png").await.unwrap();
        let left_over = format!("up/loads/.{}-0.tmp", process::id());
        std::fs::write(folder.path().join(&left_over), "half").unwrap();
        let again = Files::open(&format!("file://{}/up/loads", folder.path().display()))
            .await
            .unwrap();
        assert_eq!(
            again.get(&key).await.unwrap().as_deref(),
            Some(b"abc".as_slice())
        );
        again.put(b"new", "jpg").await.unwrap();
        assert_eq!(
            std::fs::read(folder.path().join(&left_over)).unwrap(),
            b"half"
        );
    }

    #[tokio::test]
    async fn many_at_once_leave_one_whole_file() {
        let (folder, files) = store().await;
        let content = vec![7_u8; 300_000];
        let puts = (0..16).map(|_| {
            let (files, content) = (files.clone(), content.clone());
            tokio::spawn(async move { files.put(&content, "png").await.unwrap() })
        });
        let mut keys = Vec::new();
        for put in puts.collect::<Vec<_>>() {
            keys.push(put.await.unwrap());
        }
        assert!(keys.windows(2).all(|pair| pair[0] == pair[1]));
        assert_eq!(names(&folder), [keys[0].as_str()]);
        assert_eq!(files.get(&keys[0]).await.unwrap(), Some(content.into()));
    }

    #[tokio::test]
    async fn a_failed_write_leaves_nothing() {
        let (folder, files) = store().await;
        // A folder in the place of the file: the move cannot succeed.
        std::fs::create_dir(folder.path().join("up/loads").join(ABC_KEY)).unwrap();
        let error = files.put(b"abc", "png").await.unwrap_err();
        assert!(matches!(error, FilesError::Io(_)), "{error:?}");
        assert_eq!(names(&folder), [ABC_KEY]);
    }

    #[tokio::test]
    async fn sizes_have_a_limit_both_ways() {
        let (folder, files) = store().await;
        let full = vec![0; MAX_FILE_BYTES];
        let key = files.put(&full, "bin").await.unwrap();
        assert_eq!(
            files.get(&key).await.unwrap().map(|bytes| bytes.len()),
            Some(MAX_FILE_BYTES)
        );
        let over = vec![0; MAX_FILE_BYTES + 1];
        assert!(matches!(
            files.put(&over, "bin").await,
            Err(FilesError::TooLarge)
        ));
        std::fs::write(folder.path().join("up/loads").join(key.as_str()), &over).unwrap();
        assert!(matches!(files.get(&key).await, Err(FilesError::TooLarge)));
    }

    #[tokio::test]
    async fn addresses_and_extensions_are_checked() {
        for address in [
            "",
            "file://",
            "data/uploads",
            "s3://bucket/prefix",
            "http://x",
        ] {
            assert!(
                matches!(Files::open(address).await, Err(FilesError::Address)),
                "{address}"
            );
        }
        let (_folder, files) = store().await;
        for extension in ["", "PNG", "p.g", "../x", "/", "a b", "ninechars", "图"] {
            let put = files.put(b"abc", extension).await;
            assert!(matches!(put, Err(FilesError::Extension)), "{extension}");
        }
    }

    #[test]
    fn only_keys_of_ours_are_keys() {
        let hash = &ABC_KEY[..HASH_DIGITS];
        let bad = [
            String::new(),
            "..".into(),
            "../../etc/passwd".into(),
            hash.into(),
            format!("{hash}."),
            format!("{hash}.png.png"),
            format!("{hash}./../x"),
            format!("../{hash}.png"),
            format!("{}.png", hash.to_uppercase()),
            format!("{}.png", &hash[1..]),
            format!("{hash}.png\0"),
        ];
        for text in bad {
            assert!(text.parse::<FileKey>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_key_is_one_plain_file_name(text in ".{0,80}|[a-f0-9]{64}\\.[a-z0-9./]{1,9}") {
            if let Ok(key) = text.parse::<FileKey>() {
                let mut parts = Path::new(key.as_str()).components();
                let is_plain = matches!(parts.next(), Some(std::path::Component::Normal(_)));
                prop_assert!(is_plain && parts.next().is_none());
                prop_assert!(key.as_str().is_ascii());
            }
        }
    }
}
