use std::io::{IsTerminal, Read, Write, stderr, stdin, stdout};

use anyhow::Context;
use fanlight_identity::{PASSWORD_LIMIT, hash_password};
use zeroize::Zeroizing;

/// Print the bcrypt hash of a password, for the emergency user's Secret.
///
/// The password is asked for without being shown, or read from standard input: every byte of it, also a line end. Give it
/// as `printf %s "$PASSWORD" | fanlight get bcrypt-hash`. At most 72 bytes, since bcrypt looks at no more.
#[derive(clap::Args)]
pub(crate) struct Arguments {}

/// bcrypt's cost, as the predecessor's: some 0.1 s for each guess.
const COST: u32 = 10;

pub(crate) fn run(_: &Arguments) -> anyhow::Result<()> {
    writeln!(stdout(), "{}", hash(&password()?)?).context("cannot write the hash")
}

/// The hash of a password.
pub(crate) fn hash(password: &[u8]) -> anyhow::Result<String> {
    Ok(hash_password(password, COST)?)
}

/// A password: asked for at a terminal, else read from standard input.
pub(crate) fn password() -> anyhow::Result<Zeroizing<Vec<u8>>> {
    if stdin().is_terminal() { ask() } else { read(stdin().lock()) }
}

fn ask() -> anyhow::Result<Zeroizing<Vec<u8>>> {
    let password = rpassword::prompt_password("Enter Password: ").context("cannot ask for the password")?;
    Ok(Zeroizing::new(password.into_bytes()))
}

/// Reads everything, or as much as shows that it is too much.
fn read(from: impl Read) -> anyhow::Result<Zeroizing<Vec<u8>>> {
    // Room for all of it at once: a buffer that grows leaves copies behind.
    let mut password = Zeroizing::new(Vec::with_capacity(4 * PASSWORD_LIMIT));
    from.take(PASSWORD_LIMIT as u64 + 1)
        .read_to_end(&mut password)
        .context("cannot read the password from standard input")?;
    if password.ends_with(b"\n") {
        let _ = writeln!(
            stderr(),
            "Warning: the password ends with a line end, which is part of it and cannot be typed into a browser. \
            Use printf %s or echo -n to leave it out."
        );
    }
    Ok(password)
}
