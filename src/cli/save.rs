//! How is a file written: whole or not at all, and without harm to what stands there?
//!
//! A regular file, or a new one, is written into a temporary file beside it and renamed. A link is followed, so that its
//! target is what changes; an existing file keeps its mode and owner, and one that nobody may write (mode 400) is refused.
//! What a rename would replace by something else is written in place: devices, FIFOs, files with several hard links, files
//! in folders that cannot be written. A signal that ends the program first removes the temporary file ([`super::signals`]).

use super::{Trouble, out, signals};
use anyhow::{Context as _, anyhow};
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Writes a file; `-` is standard output.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), Trouble> {
    if path == Path::new("-") {
        return out::print(text);
    }
    Ok(write_bytes(path, text.as_bytes()).with_context(|| format!("cannot write {}", path.display()))?)
}

/// Writes named files into a folder, which is made if it is missing.
pub(crate) fn write_all(folder: &Path, files: &[(String, String)]) -> Result<(), Trouble> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    files.iter().try_for_each(|(name, text)| write(&folder.join(name), text))
}

/// Writes one of very many files, whose folder is made if it is missing. Each is whole or not there, but the program does not wait
/// until the disk has it, which takes longer than all else.
pub(crate) fn write_many(path: &Path, text: &str) -> Result<(), Trouble> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    }
    let done = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            renamed(path, None, text.as_bytes(), false).map_err(anyhow::Error::from)
        }
        _ => write_bytes(path, text.as_bytes()),
    };
    Ok(done.with_context(|| format!("cannot write {}", path.display()))?)
}

fn write_bytes(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => Err(anyhow!("it is a folder; give the path of a file")),
        Ok(found) if !found.is_file() => Ok(in_place(path, bytes)?),
        Ok(found) => over(path, &found, bytes),
        // Nothing, or a link to nothing: the file that it names is made.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(renamed(&end_of_links(path)?, None, bytes, true)?),
        Err(error) => Err(error.into()),
    }
}

/// Over a regular file.
fn over(path: &Path, found: &Metadata, bytes: &[u8]) -> anyhow::Result<()> {
    if found.permissions().readonly() {
        return Err(anyhow!("it is read-only; make it writable (chmod u+w) or give another path"));
    }
    // An open file, such as /dev/stdout: who opened it knows it by its inode.
    if is_descriptor(path) {
        return Ok(append(path, bytes)?);
    }
    // May it be written at all?
    OpenOptions::new().write(true).open(path)?;
    let target = fs::canonicalize(path)?;
    if links(found) > 1 {
        return Ok(in_place(&target, bytes)?);
    }
    match renamed(&target, Some(found), bytes, true) {
        Err(error) if matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem) => {
            Ok(in_place(&target, bytes)?)
        }
        other => Ok(other?),
    }
}

/// Into a temporary file, which the disk has or not, then renamed.
fn renamed(target: &Path, replaced: Option<&Metadata>, bytes: &[u8], wait: bool) -> io::Result<()> {
    if target.file_name().is_none() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the path names no file"));
    }
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let partial = signals::guarded(|| {
        let mut builder = tempfile::Builder::new();
        builder.prefix(".leastwise-").suffix(".partial");
        // The mode that any new file gets: the process's mask is applied to it.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        builder.tempfile_in(folder)
    })?;
    let mut file = partial.as_file()?;
    if let Some(replaced) = replaced {
        keep_owner(file, replaced)?;
        file.set_permissions(replaced.permissions())?;
    }
    file.write_all(bytes)?;
    if wait {
        file.sync_all()?;
    }
    partial.done(|partial| partial.persist(target).map(|_| ()).map_err(|error| error.error))
}

/// Into the file as it is.
fn in_place(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).truncate(true).open(path)?;
    out::heard(file.write_all(bytes).and_then(|()| file.flush())).map(|_| ())
}

/// After what stands in a file that is open elsewhere.
fn append(path: &Path, bytes: &[u8]) -> io::Result<()> {
    OpenOptions::new().append(true).open(path)?.write_all(bytes)
}

/// The path at the end of a chain of links; the last one may lead to nothing.
fn end_of_links(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    // As many as Linux follows.
    for _ in 0..40 {
        match fs::read_link(&path) {
            // A relative link counts from its own folder; `join` leaves an absolute one as it is.
            Ok(to) => path = path.parent().unwrap_or(Path::new("")).join(to),
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, "too many symbolic links"))
}

/// Whether the path leads through this process's open files.
fn is_descriptor(path: &Path) -> bool {
    let mut path = path.to_owned();
    for _ in 0..40 {
        let text = path.to_string_lossy();
        if text.starts_with("/dev/fd/") || (text.starts_with("/proc/") && text.contains("/fd/")) {
            return true;
        }
        let Ok(to) = fs::read_link(&path) else { return false };
        path = path.parent().unwrap_or(Path::new("")).join(to);
    }
    false
}

#[cfg(unix)]
fn links(found: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::nlink(found)
}

#[cfg(not(unix))]
fn links(_: &Metadata) -> u64 {
    1
}

/// Gives a file the owner and group of another.
#[cfg(unix)]
fn keep_owner(file: &File, of: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, fchown};
    let own = file.metadata()?;
    if (own.uid(), own.gid()) == (of.uid(), of.gid()) {
        return Ok(());
    }
    fchown(file, Some(of.uid()), Some(of.gid()))
}

#[cfg(not(unix))]
fn keep_owner(_: &File, _: &Metadata) -> io::Result<()> {
    Ok(())
}
