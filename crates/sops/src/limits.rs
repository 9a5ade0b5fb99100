//! How much is read at most. A sealed file is written by whoever may write the repository.

/// Bytes of a file.
pub(crate) const LENGTH: usize = 1 << 20;
/// Levels of nesting.
pub(crate) const DEPTH: usize = 64;
/// Recipients of a file.
pub(crate) const RECIPIENTS: usize = 256;
/// Bytes of the data key as it is encrypted to one recipient.
pub(crate) const WRAPPED: usize = 16 << 10;
/// Bytes of a file of keys, or of what a command that prints keys prints.
pub(crate) const KEYS: u64 = 1 << 20;
/// The work factor of a passphrase that is still tried: about a minute.
pub(crate) const WORK: u8 = 22;
/// Bytes set aside for a document that is written: growing would leave copies of it in memory.
pub(crate) const ROOM: usize = 64 << 10;
