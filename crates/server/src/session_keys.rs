//! The keys that seal sessions, as files.

use std::{
    cmp::Ordering,
    fs,
    io::Read,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, bail};
use fanlight_identity::{KeyRing, KeyText};
use tokio::time::{Instant, sleep};
use zeroize::Zeroizing;

/// A file with keys, or a folder of such files, as a Secret is mounted.
pub(crate) struct SessionKeys(PathBuf);

/// What the files held when they were read; the file that seals first.
#[derive(PartialEq, Eq)]
struct Content(Vec<(String, Zeroizing<String>)>);

impl SessionKeys {
    /// How often the files are looked at.
    const LOOK: Duration = Duration::from_secs(5);
    /// The largest file that anybody has reason to mount, in bytes.
    const LARGEST: u64 = 64 << 10;

    /// Reads the files, and follows them for as long as the program runs: nobody is signed out when keys are rotated.
    pub(crate) fn serve(path: PathBuf) -> anyhow::Result<Arc<KeyRing>> {
        let keys = Self(path);
        let content = keys.read()?;
        let ring =
            KeyRing::from_texts(&content.texts(), Instant::now()).with_context(|| format!("{}", keys.0.display()))?;
        let ring = Arc::new(ring);
        tokio::spawn(keys.follow(content, Arc::clone(&ring)));
        Ok(ring)
    }

    async fn follow(self, mut known: Content, ring: Arc<KeyRing>) {
        let file = self.0.display();
        let mut trouble = String::new();
        loop {
            sleep(Self::LOOK).await;
            match self.renew(&mut known, &ring) {
                Ok(false) => trouble.clear(),
                Ok(true) => {
                    trouble.clear();
                    let seals_in = ring.seals_in(Instant::now()).as_secs();
                    tracing::info!(%file, seals_in, "the session keys were read again; the first one seals in so many seconds");
                }
                Err(error) => {
                    let why = format!("{error:#}");
                    if why != trouble {
                        tracing::warn!(%file, why, "the session keys cannot be read again, the former stay");
                        trouble = why;
                    }
                }
            }
            if ring.settle(Instant::now()) {
                tracing::info!(%file, "every replica has had time to read a newer session key: it seals from now on");
            }
        }
    }

    /// Takes in what is in the files; whether it is something else than is known.
    fn renew(&self, known: &mut Content, ring: &KeyRing) -> anyhow::Result<bool> {
        let content = self.read()?;
        if content == *known {
            return Ok(false);
        }
        ring.replace(&content.texts(), Instant::now())?;
        *known = content;
        Ok(true)
    }

    fn read(&self) -> anyhow::Result<Content> {
        let what = || format!("the session keys cannot be read from {}", self.0.display());
        let folder = fs::metadata(&self.0).with_context(what)?.is_dir();
        let mut files = vec![self.0.clone()];
        if folder {
            files = fs::read_dir(&self.0)
                .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect())
                .with_context(what)?;
            // What a kubelet keeps beside the mounted keys begins with a dot.
            files.retain(|path| path.file_name().is_some_and(|name| !name.as_encoded_bytes().starts_with(b".")));
            files.retain(|path| path.is_file());
            files.sort_by(|one, other| in_order(&name(other), &name(one)));
        }
        let texts = files.iter().map(|path| Ok((name(path), text(path)?)));
        Ok(Content(texts.collect::<anyhow::Result<_>>()?))
    }
}

impl Content {
    fn texts(&self) -> Vec<KeyText<'_>> {
        self.0.iter().map(|(name, text)| KeyText { name, text }).collect()
    }
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn text(path: &Path) -> anyhow::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::new());
    let file = fs::File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let read = file.take(SessionKeys::LARGEST + 1).read_to_string(&mut text);
    let length = read.with_context(|| format!("cannot read {}", path.display()))?;
    if length as u64 > SessionKeys::LARGEST {
        bail!("{} is longer than {} bytes", path.display(), SessionKeys::LARGEST);
    }
    Ok(text)
}

/// As people order names: by their letters, but numbers in them by value.
fn in_order(one: &str, other: &str) -> Ordering {
    let parts = |name: &str| {
        let mut parts = vec![(String::new(), 0_u64)];
        let mut in_number = false;
        for letter in name.chars() {
            if in_number && !letter.is_ascii_digit() {
                parts.push((String::new(), 0));
            }
            in_number = letter.is_ascii_digit();
            if let Some((letters, number)) = parts.last_mut() {
                match letter.to_digit(10) {
                    Some(digit) => *number = number.saturating_mul(10).saturating_add(digit.into()),
                    None => letters.push(letter),
                }
            }
        }
        parts
    };
    parts(one).cmp(&parts(other)).then_with(|| one.cmp(other))
}

#[cfg(test)]
mod tests;
